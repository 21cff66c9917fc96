/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * P9: where a set or a segment has the key already, FreeBSD, NetBSD, OpenBSD and
 * macOS compare its size with what is asked for before they look at IPC_EXCL, and
 * answer EINVAL, as for what is beyond their limits. Here the parts of the library
 * that ask are built in, with such a kernel below them; and somebody else can
 * come between two of their calls.
 */
#include <config.h>

#include <errno.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <unistd.h>

#include "actor.h"
#include "kernel/limits.h"
#include "key/key.h"
#include "outside.h"
#include "kernel/process.h"
#include "memory/slots.h"
#include "kernel/segment.h"
#include "kernel/semset.h"
#include "kernel/semun.h"

/* What somebody else does right before something is made, or right after that
   was refused; once. */
static void (*before)(key_t key), (*after)(key_t key);
static int made; /* how often something was to be made */

static void come_between(void (**what)(key_t key), key_t key)
{
	void (*act)(key_t key) = *what;

	*what = NULL;
	if (act)
		act(key);
}

static int set_size(key_t key)
{
	struct semid_ds status;
	union semun argument;
	int id = key == IPC_PRIVATE ? -1 : semget(key, 0, 0);

	argument.buf = &status;
	return id < 0 || semctl(id, 0, IPC_STAT, argument) < 0 ? -1 :
		(int)status.sem_nsems;
}

static int bsd_semget(key_t key, int count, int flags)
{
	int size, id = -1;

	if (!(flags & IPC_CREAT))
		return semget(key, count, flags);
	made++;
	come_between(&before, key);
	size = set_size(key);
	errno = EINVAL;
	if (size < 0 || size >= count)
		id = semget(key, count, flags);

	int errnum = errno;

	if (id < 0)
		come_between(&after, key);
	errno = errnum;
	return id;
}

static int bsd_shmget(key_t key, size_t size, int flags)
{
	struct shmid_ds status;
	int id = -1, other;

	if (!(flags & IPC_CREAT))
		return shmget(key, size, flags);
	made++;
	come_between(&before, key);
	other = key == IPC_PRIVATE ? -1 : shmget(key, 0, 0);
	if (other < 0 || shmctl(other, IPC_STAT, &status) < 0 ||
	    status.shm_segsz >= size)
		id = shmget(key, size, flags);
	else
		errno = EINVAL;

	int errnum = errno;

	if (id < 0)
		come_between(&after, key);
	errno = errnum;
	return id;
}

#define semget bsd_semget
#include "kernel/semset.c"
#undef semget
#define shmget bsd_shmget
#include "kernel/segment.c"
#undef shmget

/* ---- Others -------------------------------------------------------------- */

#define FEW 5
#define MANY 8
#define SMALL 4096
#define LARGE 40960

/* As svshm_recover() does it, where there is none. */
static void make_few(key_t key)
{
	ck_assert_int_ge(semget(key, FEW, IPC_CREAT | IPC_EXCL | 0600 |
					  SVSHM__SET_MARK), 0);
}

static void make_small(key_t key)
{
	ck_assert_int_ge(shmget(key, SMALL, IPC_CREAT | IPC_EXCL | 0600), 0);
}

static void remove_set(key_t key)
{
	ck_assert_int_eq(semctl(semget(key, 0, 0), 0, IPC_RMID), 0);
}

static void remove_segment(key_t key)
{
	ck_assert_int_eq(shmctl(shmget(key, 0, 0), IPC_RMID, NULL), 0);
}

/* One that nothing has. */
static key_t unused_key(void)
{
	key_t key = (key_t)(0x53560000 + (getpid() & 0xffff));

	while (semget(key, 0, 0) >= 0 || shmget(key, 0, 0) >= 0)
		key++;
	return key;
}

/* ---- Sets ---------------------------------------------------------------- */

START_TEST(smaller_set_exists_and_is_told)
{
	struct svshm__error error = { 0 };
	key_t key = unused_key();
	int id;

	make_few(key);
	ck_assert_int_eq(svshm__semset_make(key, MANY, 0600, &id, &error),
			 SVSHM_ALREADY_EXISTS);
	expect_says(error.message, "semget(key=0x");
	ck_assert_int_eq(svshm__semset_make(key, FEW, 0600, &id, &error),
			 SVSHM_ALREADY_EXISTS);
	ck_assert_int_eq(svshm__semset_make(key, 1, 0600, &id, &error),
			 SVSHM_ALREADY_EXISTS);
	remove_set(key);
}
END_TEST

/* As the first look says EINVAL; at the second it has gone. */
START_TEST(smaller_set_has_gone_meanwhile)
{
	struct svshm__error error = { 0 };
	key_t key = unused_key();
	int id;

	make_few(key);
	after = remove_set;
	ck_assert_int_eq(svshm__semset_make(key, MANY, 0600, &id, &error),
			 SVSHM_OK);
	ck_assert_int_eq(set_size(key), MANY);
	remove_set(key);
}
END_TEST

START_TEST(too_many_semaphores_are_too_many)
{
	struct svshm__error error = { 0 };
	key_t key = unused_key();
	int id;

	made = 0;
	ck_assert_int_eq(svshm__semset_make(key, 1000000000, 0600, &id, &error),
			 SVSHM_OUT_OF_RESOURCES);
	expect_says(error.message, "more semaphores than the system allows");
	ck_assert_int_le(made, 3);
}
END_TEST

/* ---- Segments ------------------------------------------------------------ */

START_TEST(smaller_segment_exists_and_is_told)
{
	struct svshm__error error = { 0 };
	key_t key = unused_key();
	int id;

	make_small(key);
	ck_assert_int_eq(svshm__segment_make(key, LARGE, 0600, &id, &error),
			 SVSHM_ALREADY_EXISTS);
	ck_assert_int_eq(svshm__segment_make(key, 1, 0600, &id, &error),
			 SVSHM_ALREADY_EXISTS);
	remove_segment(key);
}
END_TEST

START_TEST(smaller_segment_has_gone_meanwhile)
{
	struct svshm__error error = { 0 };
	key_t key = unused_key();
	struct shmid_ds status;
	int id;

	make_small(key);
	after = remove_segment;
	ck_assert_int_eq(svshm__segment_make(key, LARGE, 0600, &id, &error),
			 SVSHM_OK);
	ck_assert_int_eq(shmctl(id, IPC_STAT, &status), 0);
	ck_assert_uint_eq(status.shm_segsz, LARGE);
	remove_segment(key);
}
END_TEST

START_TEST(size_zero_is_no_size)
{
	struct svshm__error error = { 0 };
	key_t key = unused_key();
	int id;

	made = 0;
	ck_assert_int_eq(svshm__segment_make(key, 0, 0600, &id, &error),
			 SVSHM_INVALID_SIZE);
	ck_assert_int_le(made, 3);
}
END_TEST

/* ---- Objects ------------------------------------------------------------- */

static int act_lock_and_leave(struct svshm *handle)
{
	int code = svshm_lock(handle);

	return code ? code : svshm_detach(handle);
}

/*
 * recover makes a set, to have a gate, after create has seen that there is none:
 * the set has no room for as many as create wants. Recover ends, or is killed.
 */
START_TEST(create_may_meet_recover)
{
	const char *key = test_key("recover");
	struct svshm *handle = test_new(key);
	struct actor actor;

	before = make_few;
	after = _i ? remove_set : NULL;
	expect_code(handle, svshm_set_max_processes(handle, 56), SVSHM_OK);
	expect_code(handle, svshm_create(handle, 100, SVSHM_READ_WRITE),
		    SVSHM_OK);
	ck_assert(!before && !after);
	actor_attach(&actor, key);
	expect_act(&actor, act_lock_and_leave, SVSHM_OK);
	actor_exit(&actor);
	svshm_free(handle);
	ck_assert(test_nothing_left(key));
}
END_TEST

static Suite *make_suite(void)
{
	Suite *suite = suite_create("something smaller exists");
	TCase *tests = tcase_create("smaller exists");

	suite_add_tcase(suite, tests);
	tcase_set_timeout(tests, 60);
	tcase_add_test(tests, smaller_set_exists_and_is_told);
	tcase_add_test(tests, smaller_set_has_gone_meanwhile);
	tcase_add_test(tests, too_many_semaphores_are_too_many);
	tcase_add_test(tests, smaller_segment_exists_and_is_told);
	tcase_add_test(tests, smaller_segment_has_gone_meanwhile);
	tcase_add_test(tests, size_zero_is_no_size);
	tcase_add_loop_test(tests, create_may_meet_recover, 0, 2);
	return suite;
}

int main(void)
{
	return test_main(make_suite);
}
