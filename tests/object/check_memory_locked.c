/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * P2, P5 and P8 with SVSHM_MEMORY_LOCKED: memory that is never swapped, in both
 * layouts; who may not lock it is told why, and all is taken back.
 */
#include <config.h>

#include <string.h>
#include <sys/resource.h>
#include <sys/shm.h>
#include <unistd.h>

#include "large.h"
#include "outside.h"

static int want_locked(struct svshm *handle)
{
	return svshm_set_memory(handle, SVSHM_MEMORY_LOCKED);
}

static int limit_memlock(rlim_t bytes)
{
	struct rlimit limit = { .rlim_cur = bytes, .rlim_max = bytes };

	return setrlimit(RLIMIT_MEMLOCK, &limit);
}

static int be_alice_without_limit(struct svshm *handle)
{
	(void)handle;
	child_assert(limit_memlock(0) == 0);
	become(ALICE);
	return 0;
}

static int be_alice_with_a_page(struct svshm *handle)
{
	(void)handle;
	child_assert(limit_memlock(large_page) == 0);
	become(ALICE);
	return 0;
}

/* ---- Locked -------------------------------------------------------------- */

static int note_locked(const struct svshm_object *object, void *locked)
{
	*(bool *)locked = object->memory_locked;
	return 0;
}

static bool is_locked(struct svshm *handle)
{
	bool locked = false;

	expect_code(handle, svshm_inspect(handle, note_locked, &locked), 0);
	return locked;
}

/* By the segment, as the kernel does it here; else mlock() shows nowhere. */
static bool system_locks_segments(void)
{
	bool locks = false;
#ifdef SHM_LOCKED
	struct shmid_ds status;
	int id = shmget(IPC_PRIVATE, 100, IPC_CREAT | 0600);

	locks = shmctl(id, SHM_LOCK, NULL) == 0 &&
		shmctl(id, IPC_STAT, &status) == 0 &&
		(status.shm_perm.mode & SHM_LOCKED);
	shmctl(id, IPC_RMID, NULL);
#endif
	return locks;
}

START_TEST(segment_is_locked)
{
	const char *key = test_key("locked");
	struct svshm *handle, *other;

	large_choose(_i);
	handle = large_new(key, SVSHM_MEMORY_LOCKED | SVSHM_MEMORY_TOUCHED);
	other = test_new(key);
	expect_code(handle, act_create_big(handle), SVSHM_OK);
	ck_assert(!system_locks_segments() || is_locked(handle));
	ck_assert(has_bytes(handle, large_size, 0));
	svshm_free(handle);
	ck_assert(test_nothing_left(key));
	/* By one who attaches, and once more. */
	handle = make_object(key, large_size);
	ck_assert(!is_locked(handle));
	expect_code(other, want_locked(other), SVSHM_OK);
	expect_code(other, act_attach(other), SVSHM_OK);
	ck_assert(!system_locks_segments() || is_locked(handle));
	expect_code(other, svshm_detach(other), SVSHM_OK);
	expect_code(other, act_attach_read_only(other), SVSHM_OK);
	svshm_free(other);
	svshm_free(handle);
	ck_assert(test_nothing_left(key));
}
END_TEST

/* A key directory of ALICE's, whose objects they all are. */
static void be_denied(int layout, actor_act *become_alice, int code)
{
	const char *key = test_key("denied");
	struct actor actor;

	large_choose(layout);
	if (test_skip_without_root())
		return;
	if (test_pids_are_foreign()) {
		test_skip("only root forks into other pid namespaces");
		return;
	}
	use_key_directory("alice", ALICE, 0700);
	actor_enter(&actor, key);
	expect_act(&actor, want_locked, SVSHM_OK);
	expect_act(&actor, become_alice, SVSHM_OK);
	pass_for(ALICE);
	expect_taken_back(key, &actor, code, "RLIMIT_MEMLOCK");
	expect_act(&actor, act_create_big, code);
	expect_says(actor.message, code == SVSHM_PERMISSION_DENIED ?
				    "is 0 bytes" : "is 4096 bytes");
	actor_exit(&actor);
	pass_for(0);
}

START_TEST(no_right_to_lock_is_told)
{
	be_denied(_i, be_alice_without_limit, SVSHM_PERMISSION_DENIED);
}
END_TEST

START_TEST(limit_of_locked_memory_is_told)
{
	be_denied(_i, be_alice_with_a_page, SVSHM_OUT_OF_RESOURCES);
}
END_TEST

static int create_says_how(void *key)
{
	struct svshm *handle = large_new(key, SVSHM_MEMORY_LOCKED);

	be_alice_without_limit(handle);
	child_assert(act_create_big(handle) == SVSHM_PERMISSION_DENIED);
	for (const char *const *word = (const char *const[]){ "ulimit -l",
	     "LimitMEMLOCK=", "/etc/security/limits.conf", NULL }; *word; word++)
		child_assert(strstr(svshm_error_string(handle), *word) != NULL);
	svshm_free(handle);
	return 0;
}

START_TEST(message_says_how_to_raise_the_limit)
{
	const char *key = test_key("raise");

	large_choose(0);
	if (test_skip_without_root())
		return;
	use_key_directory("alice", ALICE, 0700);
	ck_assert_int_eq(test_wait(test_fork(create_says_how,
					     (void *)(uintptr_t)key)), 0);
}
END_TEST

static Suite *make_suite(void)
{
	Suite *suite = suite_create("memory that is locked");
	TCase *tests = tcase_create("locked");

	suite_add_tcase(suite, tests);
	tcase_set_timeout(tests, 120);
	tcase_add_loop_test(tests, segment_is_locked, 0, 2);
	tcase_add_loop_test(tests, no_right_to_lock_is_told, 0, 2);
	tcase_add_loop_test(tests, limit_of_locked_memory_is_told, 0, 2);
	tcase_add_test(tests, message_says_how_to_raise_the_limit);
	return suite;
}

int main(void)
{
	return test_main(make_suite);
}
