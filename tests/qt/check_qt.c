/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * P2: the life of an object of the Qt layout, told by what the kernel has: it
 * is what Qt makes, and the last one removes all. For exit and fork see
 * check_qt_exit.c.
 */
#include <config.h>

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kernel/semun.h"
#include "outside.h"
#include "qtwire.h"

/* ---- The wire ---------------------------------------------------------- */

static void expect_empty_file(const char *path, mode_t mode)
{
	struct stat status;

	ck_assert_int_eq(lstat(path, &status), 0);
	ck_assert(S_ISREG(status.st_mode));
	ck_assert_int_eq(status.st_size, 0);
	ck_assert_uint_eq(status.st_mode & 07777, mode);
}

/* Which of the two calls refuses it depends on how many bits process and kernel
   have. */
static void expect_too_much(struct svshm *handle)
{
	int code = svshm_create(handle, SIZE_MAX / 16 * 15, SVSHM_READ_WRITE);

	ck_assert_msg(code == SVSHM_OUT_OF_RESOURCES ||
		      code == SVSHM_INVALID_SIZE, "%d: %s", code,
		      svshm_error_string(handle));
	ck_assert(!svshm_is_attached(handle));
}

START_TEST(qt_create_makes_what_qt_makes)
{
	const char *key = test_key("wire");
	char *segment = qt_segment_path(key), *lock = qt_lock_path(key);
	struct shmid_ds memory;
	struct semid_ds set;
	union semun argument = { .buf = &set };
	struct svshm *handle;

	umask(0027);
	handle = qt_make(key, 5000);
	expect_empty_file(segment, 0640);
	expect_empty_file(lock, 0640);

	int id = qt_segment_of(key);

	ck_assert_int_ge(id, 0);
	ck_assert_int_eq(shmctl(id, IPC_STAT, &memory), 0);
	ck_assert_uint_eq(memory.shm_segsz, 5000);
	ck_assert_uint_eq(memory.shm_perm.mode & 0777, 0600);
	ck_assert_uint_eq(memory.shm_nattch, 1);
	id = qt_set_of(key);
	ck_assert_int_ge(id, 0);
	ck_assert_int_eq(semctl(id, 0, IPC_STAT, argument), 0);
	ck_assert_uint_eq(set.sem_nsems, 1);
	ck_assert_uint_eq(set.sem_perm.mode & 0777, 0600);
	ck_assert_int_eq(semctl(id, 0, GETVAL), 1);
	ck_assert_uint_eq(svshm_size(handle), 5000);
	ck_assert(has_bytes(handle, 5000, 0));
	expect_code(handle, svshm_lock(handle), 0);
	ck_assert_int_eq(semctl(id, 0, GETVAL), 0);
	expect_code(handle, svshm_unlock(handle), 0);
	ck_assert_int_eq(semctl(id, 0, GETVAL), 1);
	expect_code(handle, svshm_detach(handle), 0);
	ck_assert(qt_nothing_left(key));
	svshm_free(handle);
	free(segment);
	free(lock);
}
END_TEST

START_TEST(qt_files_heed_the_umask)
{
	const char *key = test_key("umask");
	char *segment = qt_segment_path(key), *lock = qt_lock_path(key);

	umask(0077);

	struct svshm *handle = qt_make(key, 1);

	expect_empty_file(segment, 0600);
	expect_empty_file(lock, 0600);
	svshm_free(handle);
	free(segment);
	free(lock);
}
END_TEST

START_TEST(qt_peers_meet_in_both_directions)
{
	if (wire_skip())
		return;

	const char *key = test_key("peers");
	struct svshm *handle = qt_handle(key);
	struct wire wire;

	wire_begin(&wire, key);
	ck_assert(wire_create(&wire, 77));
	memset(wire.data, 'w', 77);
	expect_code(handle, svshm_create(handle, 10, SVSHM_READ_WRITE),
		    SVSHM_ALREADY_EXISTS);
	expect_code(handle, svshm_attach(handle, SVSHM_READ_WRITE), 0);
	ck_assert_uint_eq(svshm_size(handle), 77);
	ck_assert(has_bytes(handle, 77, 'w'));
	memset(svshm_data(handle), 's', 77);
	ck_assert_int_eq(*(char *)wire.data, 's');
	wire_detach(&wire);
	ck_assert_int_eq(wire_value(key), 1);
	/* We are the last: all goes. The set, whose owner is there, too. */
	expect_code(handle, svshm_detach(handle), 0);
	ck_assert(qt_nothing_left(key));

	expect_code(handle, svshm_create(handle, 10, SVSHM_READ_WRITE), 0);
	ck_assert(!wire_create(&wire, 5));
	ck_assert(wire_attach(&wire));
	expect_code(handle, svshm_detach(handle), 0);
	/* The set of a live object stays where it is when its maker goes. */
	ck_assert_int_eq(wire_value(key), 1);
	wire_end(&wire);
	ck_assert(qt_nothing_left(key));
	svshm_free(handle);
}
END_TEST

START_TEST(qt_what_a_qt_guest_leaves_is_used_again)
{
	if (wire_skip())
		return;

	const char *key = test_key("guest");
	struct svshm *handle = qt_make(key, 10);
	struct wire wire;

	wire_begin(&wire, key);
	ck_assert(wire_attach(&wire));
	svshm_free(handle);
	wire_end(&wire);
	/* It did not make the set, so it does not remove it: see svshm(7). */
	ck_assert_int_eq(wire_value(key), 1);
	handle = qt_make(key, 10);
	svshm_free(handle);
	ck_assert(qt_nothing_left(key));
}
END_TEST

/* ---- Handles ----------------------------------------------------------- */

START_TEST(qt_each_handle_has_a_mapping)
{
	const char *key = test_key("two");
	struct svshm *first = qt_make(key, 100), *second = qt_handle(key);
	struct test_object object;

	expect_code(second, svshm_attach(second, SVSHM_READ_WRITE), 0);
	/* HP-UX: one mapping for all. */
	ck_assert_int_eq(svshm_data(first) == svshm_data(second),
			 system_attaches_once());
	*(char *)svshm_data(first) = 'x';
	ck_assert_int_eq(*(const char *)svshm_const_data(second), 'x');
	ck_assert(test_inspect(key, &object));
	ck_assert_uint_eq(object.mappings, system_attaches_once() ? 1 : 2);
	ck_assert_int_eq(object.verdict, SVSHM_VERDICT_IN_USE);
	expect_code(second, svshm_attach(second, SVSHM_READ_WRITE),
		    SVSHM_ALREADY_ATTACHED);
	expect_code(second, svshm_create(second, 1, SVSHM_READ_WRITE),
		    SVSHM_ALREADY_ATTACHED);
	svshm_free(first);
	ck_assert_int_eq(*(const char *)svshm_const_data(second), 'x');
	expect_code(second, svshm_detach(second), 0);
	expect_code(second, svshm_detach(second), SVSHM_NOT_ATTACHED);
	ck_assert_ptr_null(svshm_data(second));
	ck_assert_uint_eq(svshm_size(second), 0);
	svshm_free(second);
	ck_assert(qt_nothing_left(key));
}
END_TEST

static int write_to(void *context)
{
	signal(SIGSEGV, SIG_DFL);
	*(volatile char *)svshm_data(context) = 1;
	return 0;
}

START_TEST(qt_read_only_can_lock_and_not_write)
{
	const char *key = test_key("reader");
	struct svshm *maker = qt_make(key, 100), *reader = qt_handle(key);

	*(char *)svshm_data(maker) = 'x';
	expect_code(reader, svshm_attach(reader, SVSHM_READ_ONLY), 0);
	ck_assert_int_eq(*(const char *)svshm_const_data(reader), 'x');
	expect_usable_lock(reader);
	ck_assert_int_eq(test_wait(test_fork(write_to, maker)), 0);
	ck_assert_int_eq(test_wait(test_fork(write_to, reader)) == 0,
			 system_attaches_once());
	svshm_free(maker);
	svshm_free(reader);
	maker = qt_handle(key);
	expect_code(maker, svshm_create(maker, 1, SVSHM_READ_ONLY), 0);
	ck_assert_int_ne(test_wait(test_fork(write_to, maker)), 0);
	svshm_free(maker);
	ck_assert(qt_nothing_left(key));
}
END_TEST

START_TEST(qt_nothing_there_leaves_nothing)
{
	const char *key = test_key("nothing");
	struct svshm *handle = qt_handle(key);

	expect_code(handle, svshm_attach(handle, SVSHM_READ_WRITE),
		    SVSHM_NOT_FOUND);
	ck_assert(qt_nothing_left(key));
	expect_code(handle, svshm_create(handle, 0, SVSHM_READ_WRITE),
		    SVSHM_INVALID_SIZE);
	expect_too_much(handle);
	ck_assert(qt_nothing_left(key));
	expect_code(handle, svshm_lock(handle), SVSHM_NOT_ATTACHED);
	expect_code(handle, svshm_unlock(handle), SVSHM_NOT_ATTACHED);
	/* Other modes and groups are none of Qt's. */
	expect_code(handle, svshm_set_mode(handle, 0660), 0);
	expect_code(handle, svshm_create(handle, 1, SVSHM_READ_WRITE),
		    SVSHM_NOT_SUPPORTED);
	expect_code(handle, svshm_set_mode(handle, 0600), 0);
	expect_code(handle, svshm_create(handle, 1, SVSHM_READ_WRITE), 0);
	svshm_free(handle);
	ck_assert(qt_nothing_left(key));
}
END_TEST

/* ---- Orphans ----------------------------------------------------------- */

START_TEST(qt_orphans_are_joined_or_replaced_and_told)
{
	const char *key = test_key("orphan");
	struct svshm *handle = qt_handle(key);
	struct test_object object;

	make_orphan(key, 300, 'o');
	ck_assert(test_inspect(key, &object));
	ck_assert_int_eq(object.verdict, SVSHM_VERDICT_ORPHAN);
	expect_code(handle, svshm_attach(handle, SVSHM_READ_WRITE),
		    SVSHM_ORPHANED);
	ck_assert(has_bytes(handle, 300, 'o'));
	expect_code(handle, svshm_detach(handle), 0);
	ck_assert(qt_nothing_left(key));

	make_orphan(key, 300, 'o');
	expect_code(handle, svshm_create(handle, 4000, SVSHM_READ_WRITE),
		    SVSHM_ORPHANED);
	ck_assert(has_bytes(handle, 4000, 0));
	expect_code(handle, svshm_detach(handle), 0);
	ck_assert(qt_nothing_left(key));

	/* What can't be replaced is not removed. */
	make_orphan(key, 300, 'o');
	expect_too_much(handle);
	expect_code(handle, svshm_attach(handle, SVSHM_READ_ONLY),
		    SVSHM_ORPHANED);
	ck_assert(has_bytes(handle, 300, 'o'));
	svshm_free(handle);
	ck_assert(qt_nothing_left(key));
}
END_TEST

/*
 * A Qt program between shmget and shmat, that has lost the lock to another's
 * create(): nobody has mapped the segment yet, and it is no orphan.
 */
START_TEST(qt_a_newborn_is_no_orphan)
{
	const char *key = test_key("newborn");
	struct actor actor;
	struct wire wire;

	wire_begin(&wire, key);
	wire_open_lock(&wire, false);
	close(open(wire.segment_path, O_CREAT | O_EXCL, 0640));

	int id = shmget(ftok(wire.segment_path, 'Q'), 10,
			IPC_CREAT | IPC_EXCL | 0600);

	ck_assert_int_ge(id, 0);
	actor_enter(&actor, key);
	actor_begin(&actor, act_create);
	wire.data = shmat(id, NULL, 0);
	ck_assert_ptr_ne(wire.data, (void *)-1);
	wire.segment_id = id;
	expect_end(&actor, SVSHM_ALREADY_EXISTS);
	expect_act(&actor, act_attach, SVSHM_OK);
	expect_act(&actor, svshm_detach, SVSHM_OK);
	actor_vanish(&actor);
	wire_end(&wire);
	ck_assert(qt_nothing_left(key));
}
END_TEST

static Suite *make_suite(void)
{
	Suite *suite = suite_create("The Qt layout");
	TCase *tcase = tcase_create("life");

	tcase_set_timeout(tcase, 60);
	tcase_add_test(tcase, qt_create_makes_what_qt_makes);
	tcase_add_test(tcase, qt_files_heed_the_umask);
	tcase_add_test(tcase, qt_peers_meet_in_both_directions);
	tcase_add_test(tcase, qt_what_a_qt_guest_leaves_is_used_again);
	tcase_add_test(tcase, qt_each_handle_has_a_mapping);
	tcase_add_test(tcase, qt_read_only_can_lock_and_not_write);
	tcase_add_test(tcase, qt_nothing_there_leaves_nothing);
	tcase_add_test(tcase, qt_orphans_are_joined_or_replaced_and_told);
	tcase_add_test(tcase, qt_a_newborn_is_no_orphan);
	suite_add_tcase(suite, tcase);
	return suite;
}

int main(void)
{
	return qt_main(make_suite);
}
