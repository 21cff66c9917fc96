/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * P8: limits of the process. The message has the call and the remedy; nothing
 * stays behind; the handle can be used again. See also check_system_limits.c.
 */
#include <config.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "actor.h"
#include "outside.h"

#define BIG (64u << 20)

/* What the process has mapped now, in bytes. */
static rlim_t address_space(void)
{
	unsigned long long pages = 0;
	FILE *file = fopen("/proc/self/statm", "r");

	if (!file)
		return 0;
	if (fscanf(file, "%llu", &pages) != 1)
		pages = 0;
	fclose(file);
	return (rlim_t)pages * (rlim_t)sysconf(_SC_PAGESIZE);
}

static int set_address_space(rlim_t bytes)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_AS, &limit) < 0)
		return -1;
	limit.rlim_cur = bytes ? bytes : limit.rlim_max;
	return setrlimit(RLIMIT_AS, &limit);
}

static int with_little_room(struct svshm *handle, actor_act *act)
{
	rlim_t used = address_space();

	child_assert(used > 0);
	child_assert(set_address_space(used + BIG / 2) == 0);

	int code = act(handle);

	child_assert(set_address_space(0) == 0);
	return code;
}

static int create_big(struct svshm *handle)
{
	return svshm_create(handle, BIG, SVSHM_READ_WRITE);
}

static int inspect(struct svshm *handle)
{
	return svshm_inspect(handle, visit_nothing, NULL);
}

static int create_without_room(struct svshm *handle)
{
	return with_little_room(handle, create_big);
}

static int attach_without_room(struct svshm *handle)
{
	return with_little_room(handle, act_attach);
}

static int inspect_without_room(struct svshm *handle)
{
	return with_little_room(handle, inspect);
}

START_TEST(no_room_in_the_address_space_is_told)
{
	const char *key = test_key("memory");
	struct svshm *handle;
	struct actor actor;

	if (address_space() == 0) {
		test_skip("the address space is not known here");
		return;
	}
	actor_enter(&actor, key);
	expect_act(&actor, create_without_room, SVSHM_OUT_OF_RESOURCES);
	expect_says(actor.message, "shmat(");
	expect_says(actor.message, "ulimit -v");
	ck_assert(test_nothing_left(key));

	handle = make_object(key, BIG);
	expect_act(&actor, attach_without_room, SVSHM_OUT_OF_RESOURCES);
	expect_says(actor.message, "shmat(");
	expect_says(actor.message, "ulimit -v");
	expect_act(&actor, inspect_without_room, SVSHM_OUT_OF_RESOURCES);
	expect_says(actor.message, "shmat(");
	expect_says(actor.message, "ulimit -v");
	/* Nobody has noticed, and it works with room. */
	expect_code(handle, svshm_lock(handle), SVSHM_OK);
	expect_code(handle, svshm_unlock(handle), SVSHM_OK);
	expect_act(&actor, act_attach, SVSHM_OK);
	expect_act(&actor, svshm_lock, SVSHM_OK);
	expect_act(&actor, svshm_detach, SVSHM_OK);
	actor_exit(&actor);
	svshm_free(handle);
	ck_assert(test_nothing_left(key));
}
END_TEST

static int create_without_files(struct svshm *handle)
{
	struct rlimit limit, none;

	child_assert(getrlimit(RLIMIT_NOFILE, &limit) == 0);
	none = limit;
	none.rlim_cur = 0;
	child_assert(setrlimit(RLIMIT_NOFILE, &none) == 0);

	int code = act_create(handle);

	child_assert(setrlimit(RLIMIT_NOFILE, &limit) == 0);
	return code;
}

START_TEST(too_many_open_files_are_told)
{
	const char *key = test_key("files"), *loaded = getenv("LD_PRELOAD");
	struct actor actor;

	if (loaded && strstr(loaded, "vgpreload")) {
		test_skip("valgrind makes the file before it says EMFILE");
		return;
	}
	actor_enter(&actor, key);
	expect_act(&actor, create_without_files, SVSHM_OUT_OF_RESOURCES);
	expect_says(actor.message, "open(");
	expect_says(actor.message, "ulimit -n");
	ck_assert(test_nothing_left(key));
	expect_act(&actor, act_create, SVSHM_OK);
	expect_act(&actor, svshm_detach, SVSHM_OK);
	actor_exit(&actor);
}
END_TEST

/* Not taken for a set that is gone, as the kernel's EINVAL would have it. */
START_TEST(too_few_undo_entries_are_told)
{
	struct svshm *handles[30];
	int entries = system_undo_entries(25), count = 0, code = SVSHM_OK;

	if (entries == 25 && test_skip("a process has many undo entries here"))
		return;
	while (!code && count < entries + 1) {
		handles[count] = svshm_new(test_key("entries"));
		svshm_set_max_processes(handles[count], 14);
		code = act_create(handles[count++]);
	}
	expect_failure(handles[count - 1], code, SVSHM_OUT_OF_RESOURCES,
		       "semume");
	while (count-- > 0)
		svshm_free(handles[count]);
}
END_TEST

static Suite *make_suite(void)
{
	Suite *suite = suite_create("limits of the process");
	TCase *process = tcase_create("process");

	tcase_add_test(process, no_room_in_the_address_space_is_told);
	tcase_add_test(process, too_many_open_files_are_told);
	tcase_add_test(process, too_few_undo_entries_are_told);
	tcase_set_timeout(process, 60);
	suite_add_tcase(suite, process);
	return suite;
}

int main(void)
{
	return test_main(make_suite);
}
