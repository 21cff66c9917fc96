/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * P8: limits of the system, made small in an IPC namespace of the test's own,
 * and the object's own limit. The message has the call, the numbers and the
 * remedy; nothing stays behind; the handle can be used again. See also
 * check_process_limits.c.
 */
#include <config.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <unistd.h>

#include "actor.h"
#include "kernel/limits.h"
#include "outside.h"
#include "kernel/semun.h"

#define SIZE 100

/* ---- Limits of the system ------------------------------------------------ */

static const struct limit {
	const char *name, *value; /* below /proc/sys/kernel */
	const char *roomy;        /* the same, with room */
	int segments, sets;       /* in use before: 4 pages, 5 semaphores each */
	size_t size;
	int code;
	const char *says[6];
} limits[] = {
	{ "shmmni", "2", "4", 2, 0, SIZE, SVSHM_OUT_OF_RESOURCES,
	  { "shmget(key=0x", "size=", "No space left on device",
	    "not disk space", "segments: 2 of 2 used",
	    "sysctl -w kernel.shmmni=" } },
	{ "shmall", "9", "100", 2, 0, SIZE, SVSHM_OUT_OF_RESOURCES,
	  { "shmget(key=0x", "size=", "not disk space",
	    "pages of shared memory: 8 of 9 used", "svshm recover",
	    "sysctl -w kernel.shmall=" } },
	{ "shmmax", "20000", "200000", 0, 0, 100000, SVSHM_INVALID_SIZE,
	  { "shmget(key=0x", "size=", "one segment may have 20000",
	    "sysctl -w kernel.shmmax=", "" , "" } },
	{ "sem", "250 32000 32 3", "250 32000 32 9", 0, 3, SIZE,
	  SVSHM_OUT_OF_RESOURCES,
	  { "semget(key=0x", "count=5", "No space left on device",
	    "not disk space", "semaphore sets: 3 of 3 used",
	    "sysctl -w kernel.sem='250 32000 32 6'" } },
	{ "sem", "250 18 32 100", "250 32000 32 100", 0, 3, SIZE,
	  SVSHM_OUT_OF_RESOURCES,
	  { "semget(key=0x", "count=5", "not disk space",
	    "semaphores: 15 of 18 used", "svshm recover",
	    "sysctl -w kernel.sem='250 46 32 100'" } },
	{ "sem", "4 32000 32 100", "250 32000 32 100", 0, 0, SIZE,
	  SVSHM_OUT_OF_RESOURCES,
	  { "semget(key=0x", "count=5", "5 semaphores wanted",
	    "one set may have 4", "kernel.sem", "svshm_set_max_processes" } },
};

/* The namespace goes with the test, and everything in it. */
static void fill_up(const struct limit *limit)
{
	for (int i = 0; i < limit->segments; i++)
		ck_assert_int_ge(shmget(IPC_PRIVATE,
					4 * (size_t)sysconf(_SC_PAGESIZE),
					0600), 0);
	for (int i = 0; i < limit->sets; i++)
		ck_assert_int_ge(semget(IPC_PRIVATE, 5, 0600), 0);
}

START_TEST(limit_is_named_with_its_numbers)
{
	const struct limit *limit = &limits[_i];
	struct svshm *handle = svshm_new(test_key("limit"));
	unsigned segments = (unsigned)limit->segments;
	unsigned sets = (unsigned)limit->sets;

	if (!own_ipc_namespace() || test_skip_without_known_limits())
		return;
	fill_up(limit);
	set_limit(limit->name, limit->value);
	svshm_set_max_processes(handle, 14);
	for (int i = 0; i < 6; i++)
		expect_failure(handle,
			       svshm_create(handle, limit->size,
					    SVSHM_READ_WRITE),
			       limit->code, limit->says[i]);
	ck_assert(!svshm_is_attached(handle));
	ck_assert_int_lt(access(svshm_native_key(handle), F_OK), 0);
	ck_assert_uint_eq(segments_in_use(), segments);
	ck_assert_uint_eq(sets_in_use(), sets);

	set_limit(limit->name, limit->roomy);
	expect_code(handle, svshm_create(handle, limit->size,
					 SVSHM_READ_WRITE), SVSHM_OK);
	ck_assert_str_eq(svshm_error_string(handle), "");
	svshm_free(handle);
	ck_assert_uint_eq(segments_in_use(), segments);
	ck_assert_uint_eq(sets_in_use(), sets);
}
END_TEST

/* What is shut off: the command allows some, and there are no leftovers. */
static const struct zero {
	const char *name, *value;
	int code;
	const char *says;
} zeros[] = {
	{ "shmmni", "0", SVSHM_OUT_OF_RESOURCES,
	  "no segments are allowed here: the limit is 0, as an administrator "
	  "or a container sets it to shut them off; root allows some with "
	  "\"sysctl -w kernel.shmmni=4096\"" },
	{ "shmall", "0", SVSHM_OUT_OF_RESOURCES,
	  "no pages of shared memory are allowed here: the limit is 0" },
	{ "shmmax", "0", SVSHM_INVALID_SIZE,
	  "one segment may have 0; raise the limit with \"sysctl -w "
	  "kernel.shmmax=" },
	{ "sem", "250 32000 32 0", SVSHM_OUT_OF_RESOURCES,
	  "no semaphore sets are allowed here: the limit is 0, as an "
	  "administrator or a container sets it to shut them off; root allows "
	  "some with \"sysctl -w kernel.sem='250 32000 32 32000'\"" },
	{ "sem", "250 0 32 9", SVSHM_OUT_OF_RESOURCES,
	  "no semaphores are allowed here: the limit is 0, as an administrator "
	  "or a container sets it to shut them off; root allows some with "
	  "\"sysctl -w kernel.sem='250 10 32 9'\"" },
	/* Each of them is too small: one command for all. */
	{ "sem", "0 0 32 0", SVSHM_OUT_OF_RESOURCES,
	  "one set may have 0; raise the limit with \"sysctl -w "
	  "kernel.sem='5 5 32 32000'\"" },
};

/* Runs the command that MESSAGE names with shell and sysctl's meaning. */
static void obey(const char *message)
{
	const char *command = strstr(message, "sysctl -w kernel.");
	char name[40], value[80];

	ck_assert_ptr_nonnull(command);
	ck_assert_int_eq(sscanf(command, "sysctl -w kernel.%39[a-z]='%79[^']'",
				name, value) == 2 ||
			 sscanf(command, "sysctl -w kernel.%39[a-z]=%79[0-9]",
				name, value) == 2, 1);
	set_limit(name, value);
}

START_TEST(limit_of_zero_is_named)
{
	const struct zero *zero = &zeros[_i];
	struct svshm *handle = svshm_new(test_key("zero"));

	if (!own_ipc_namespace() || test_skip_without_known_limits())
		return;
	set_limit(zero->name, zero->value);
	svshm_set_max_processes(handle, 14);
	expect_failure(handle, svshm_create(handle, SIZE, SVSHM_READ_WRITE),
		       zero->code, zero->says);
	ck_assert_ptr_null(strstr(svshm_error_string(handle), "recover"));
	/* And that helps. */
	obey(svshm_error_string(handle));
	expect_code(handle, svshm_create(handle, SIZE, SVSHM_READ_WRITE),
		    SVSHM_OK);
	svshm_free(handle);
}
END_TEST

/* P5 as well: what is there is not given up for what can't be had. */
START_TEST(limit_costs_no_orphan)
{
	const char *key = test_key("orphan");
	struct svshm *handle = svshm_new(key);

	if (!own_ipc_namespace())
		return;
	make_orphan(key, SIZE, 'o');
	set_limit("shmmax", "100000");
	expect_failure(handle, svshm_create(handle, 200000, SVSHM_READ_WRITE),
		       SVSHM_INVALID_SIZE,
		       svshm__limits_are_known(1) ? "kernel.shmmax" :
						   "none as large as that");
	expect_code(handle, act_attach(handle), SVSHM_ORPHANED);
	ck_assert(has_bytes(handle, SIZE, 'o'));
	svshm_free(handle);
	ck_assert_uint_eq(segments_in_use(), 0);
	ck_assert_uint_eq(sets_in_use(), 0);
}
END_TEST

/* ---- The object's own limit ---------------------------------------------- */

static int attach_two(struct svshm *handle)
{
	struct svshm *second = svshm_new(svshm_key(handle));
	int code = act_attach(handle);

	if (!code)
		code = act_attach(second);
	svshm_free(second);
	return code;
}

START_TEST(more_processes_than_asked_for_are_told)
{
	const char *key = test_key("many");
	struct svshm *handle = svshm_new(key);
	struct actor actors[14];

	/* Thirteen and this one have room; the last has not. */
	for (int i = 0; i < 14; i++)
		actor_enter(&actors[i], key);
	svshm_set_max_processes(handle, 14);
	expect_code(handle, act_create(handle), SVSHM_OK);
	for (int i = 0; i < 13; i++)
		expect_act(&actors[i], act_attach, SVSHM_OK);
	expect_act(&actors[13], act_attach, SVSHM_OUT_OF_RESOURCES);
	expect_says(actors[13].message, "14 processes");
	expect_says(actors[13].message, "svshm_set_max_processes()");
	/* Who is in can have more handles; who goes, or dies, makes room. */
	expect_act(&actors[0], svshm_detach, SVSHM_OK);
	expect_act(&actors[0], attach_two, SVSHM_OK);
	expect_act(&actors[13], act_attach, SVSHM_OUT_OF_RESOURCES);
	actor_kill(&actors[5]);
	expect_act(&actors[13], act_attach, SVSHM_OK);
	expect_act(&actors[13], svshm_lock, SVSHM_OK);
	for (int i = 0; i < 14; i++)
		if (i != 5)
			actor_exit(&actors[i]);
	svshm_free(handle);
	ck_assert(test_nothing_left(key));
}
END_TEST

START_TEST(room_for_processes_is_rounded_up)
{
	static const struct {
		unsigned asked;
		size_t semaphores;
	} rooms[] = { { 1, 5 }, { 14, 5 }, { 15, 6 }, { 3500, 254 } };
	const char *key = test_key("room");
	struct svshm *handle = svshm_new(key);
	struct test_object object;
	struct semid_ds status;
	union semun argument = { .buf = &status };

	if (!system_makes_set((int)rooms[_i].semaphores) &&
	    test_skip("no set may have so many semaphores"))
		return;
	svshm_set_max_processes(handle, rooms[_i].asked);
	expect_code(handle, act_create(handle), SVSHM_OK);
	ck_assert(test_inspect(key, &object));
	ck_assert_int_eq(semctl(object.semaphore_id, 0, IPC_STAT, argument),
			 0);
	ck_assert_uint_eq(status.sem_nsems, rooms[_i].semaphores);
	svshm_free(handle);
}
END_TEST

static Suite *make_suite(void)
{
	Suite *suite = suite_create("limits of the system");
	TCase *machine = tcase_create("system");
	TCase *object = tcase_create("object");

	tcase_add_loop_test(machine, limit_is_named_with_its_numbers, 0,
			    (int)(sizeof(limits) / sizeof(*limits)));
	tcase_add_loop_test(machine, limit_of_zero_is_named, 0,
			    (int)(sizeof(zeros) / sizeof(*zeros)));
	tcase_add_test(machine, limit_costs_no_orphan);
	tcase_set_timeout(machine, 60);
	suite_add_tcase(suite, machine);
	tcase_add_test(object, more_processes_than_asked_for_are_told);
	tcase_add_loop_test(object, room_for_processes_is_rounded_up, 0, 4);
	tcase_set_timeout(object, 60);
	suite_add_tcase(suite, object);
	return suite;
}

int main(void)
{
	return test_main(make_suite);
}
