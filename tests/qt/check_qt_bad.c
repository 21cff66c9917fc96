/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * P6 and P7: the Qt layout follows no link and trusts no file, set or segment
 * that is not as it should be; key files that are lost or collide are told.
 */
#include <config.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/stat.h>
#include <unistd.h>

#include "foreign.h"
#include "outside.h"
#include "qtwire.h"

/* ---- Key files --------------------------------------------------------- */

static void expect_both(const char *key, int expected, const char *why)
{
	struct svshm *handle = qt_handle(key);

	expect_failure(handle, svshm_create(handle, 10, SVSHM_READ_WRITE),
		       expected, why);
	expect_failure(handle, svshm_attach(handle, SVSHM_READ_WRITE),
		       expected, why);
	svshm_free(handle);
}

START_TEST(qt_links_are_not_followed)
{
	const char *key = test_key("link"), *other = test_key("other");
	struct svshm *maker = qt_make(other, 100);
	char *path = qt_segment_path(key), *target = qt_segment_path(other);

	ck_assert_int_eq(symlink(target, path), 0);
	expect_both(key, SVSHM_PERMISSION_DENIED, "symbolic link");
	ck_assert_int_eq(unlink(path), 0);
	ck_assert(qt_nothing_left(key));
	svshm_free(maker);
	ck_assert(qt_nothing_left(other));
	free(path);
	free(target);
}
END_TEST

START_TEST(qt_a_linked_lock_is_not_followed)
{
	const char *key = test_key("linked");
	char *path = qt_lock_path(key);
	struct svshm *handle = qt_handle(key);

	ck_assert_int_eq(symlink("/etc/passwd", path), 0);
	expect_failure(handle, svshm_create(handle, 10, SVSHM_READ_WRITE),
		       SVSHM_PERMISSION_DENIED, "symbolic link");
	ck_assert_int_eq(unlink(path), 0);
	ck_assert_int_eq(mkdir(path, 0700), 0);
	expect_failure(handle, svshm_create(handle, 10, SVSHM_READ_WRITE),
		       SVSHM_KEY_ERROR, "regular");
	ck_assert_int_eq(rmdir(path), 0);
	svshm_free(handle);
	free(path);
	ck_assert(qt_nothing_left(key));
}
END_TEST

static int make_alices(void *context)
{
	become(ALICE);
	return svshm_create(qt_handle(context), 10, SVSHM_READ_WRITE);
}

static int bob_is_refused(void *context)
{
	struct svshm *handle;

	become(BOB);
	handle = qt_handle(context);
	child_assert(svshm_attach(handle, SVSHM_READ_WRITE) ==
		     SVSHM_PERMISSION_DENIED);
	child_assert(strstr(svshm_error_string(handle), "belongs to uid"));
	child_assert(svshm_create(handle, 5, SVSHM_READ_WRITE) ==
		     SVSHM_PERMISSION_DENIED);
	return 0;
}

START_TEST(qt_other_users_files_are_refused)
{
	const char *key = test_key("users");
	struct svshm *root = qt_handle(key);

	if (test_skip_without_root())
		return;
	open_scratch();
	ck_assert_int_eq(chmod(test_scratch("qt"), 01777), 0);
	ck_assert_int_eq(test_wait(test_fork(make_alices, (void *)key)), 0);
	ck_assert_int_eq(test_wait(test_fork(bob_is_refused, (void *)key)), 0);
	/* Root may look, but makes nothing that Alice could not use. */
	expect_failure(root, svshm_create(root, 10, SVSHM_READ_WRITE),
		       SVSHM_PERMISSION_DENIED, "as that user");
	expect_code(root, svshm_attach(root, SVSHM_READ_WRITE),
		    SVSHM_ORPHANED);
	expect_code(root, svshm_detach(root), 0);
	svshm_free(root);
	ck_assert(qt_nothing_left(key));
}
END_TEST

static int alice_leaves(void *context)
{
	const char *key = context;
	struct svshm *handle;

	become(ALICE);
	handle = qt_handle(key);
	child_assert(svshm_create(handle, 10, SVSHM_READ_WRITE) == SVSHM_OK);
	child_assert(svshm_detach(handle) == SVSHM_OK);
	/* She is still there, and yet it is free. */
	child_assert(wire_value(key) == 1);
	child_assert(svshm_create(handle, 10, SVSHM_READ_WRITE) == SVSHM_OK);
	child_assert(svshm_detach(handle) == SVSHM_OK);
	return 0;
}

/* Who may not remove the set leaves it, with its file, for the next one. */
START_TEST(qt_a_set_of_roots_stays_in_use)
{
	const char *key = test_key("roots");
	char *path = qt_lock_path(key);

	if (test_skip_without_root())
		return;
	open_scratch();
	ck_assert_int_eq(chmod(test_scratch("qt"), 01777), 0);
	close(open(path, O_CREAT | O_EXCL, 0600));
	ck_assert_int_eq(chown(path, ALICE, (gid_t)-1), 0);

	struct foreign set = foreign_set(ftok(path, 'Q'), 1, 1, 0666);

	ck_assert_int_eq(test_wait(test_fork(alice_leaves, (void *)key)), 0);
	ck_assert_int_eq(access(path, F_OK), 0);
	ck_assert_int_eq(wire_value(key), 1);
	foreign_remove(&set);
	unlink(path);
	free(path);
	ck_assert(qt_nothing_left(key));
}
END_TEST

START_TEST(qt_files_with_something_in_them_are_kept)
{
	char *path = make_file("own.conf", "mine\n", geteuid(), 0600);
	struct svshm *handle = qt_native_handle(path);

	expect_code(handle, svshm_create(handle, 10, SVSHM_READ_WRITE), 0);
	expect_code(handle, svshm_lock(handle), 0);
	expect_code(handle, svshm_detach(handle), 0);
	ck_assert(file_has(path, "mine\n"));
	svshm_free(handle);
	ck_assert_int_lt(semget(ftok(path, 'Q'), 0, 0), 0);
	unlink(path);
	free(path);
}
END_TEST

START_TEST(qt_hard_links_hide_the_lock)
{
	const char *key = test_key("hard");
	char *path = qt_segment_path(key), *second = strdup(
		test_scratch("second"));
	struct svshm *maker = qt_make(key, 10);
	struct svshm *handle = qt_native_handle(second);

	ck_assert_int_eq(link(path, second), 0);
	expect_failure(handle, svshm_attach(handle, SVSHM_READ_WRITE),
		       SVSHM_KEY_ERROR, "other names");
	unlink(second);
	svshm_free(handle);
	/* By its own name it leads to its own lock. */
	handle = qt_native_handle(path);
	expect_code(handle, svshm_attach(handle, SVSHM_READ_WRITE), 0);
	expect_code(maker, svshm_lock(maker), 0);
	expect_code(handle, svshm_trylock(handle), SVSHM_DEADLOCK);
	svshm_free(handle);
	svshm_free(maker);
	ck_assert(qt_nothing_left(key));
	free(path);
	free(second);
}
END_TEST

/* A cleaner of /tmp has been there. */
START_TEST(qt_lost_key_files_are_told)
{
	const char *key = test_key("lost");
	char *segment = qt_segment_path(key), *lock = qt_lock_path(key);
	struct svshm *handle = qt_make(key, 10), *second = qt_handle(key);

	ck_assert_int_eq(rename(lock, test_scratch("away")), 0);
	expect_failure(handle, svshm_lock(handle), SVSHM_LOCK_ERROR,
		       "removed or replaced");
	ck_assert_int_eq(rename(test_scratch("away"), lock), 0);
	expect_usable_lock(handle);

	ck_assert_int_eq(rename(segment, test_scratch("away")), 0);
	expect_code(second, svshm_create(second, 20, SVSHM_READ_WRITE), 0);
	expect_failure(handle, svshm_detach(handle), SVSHM_REMOVED,
		       "replaced");
	/* Not the newcomer's. */
	ck_assert_int_eq(access(segment, F_OK), 0);
	ck_assert_int_eq(wire_value(key), 1);
	ck_assert(has_bytes(second, 20, 0));
	expect_code(second, svshm_detach(second), 0);
	ck_assert(qt_nothing_left(key));
	unlink(test_scratch("away"));
	svshm_free(handle);
	svshm_free(second);
	free(segment);
	free(lock);
}
END_TEST

START_TEST(qt_collisions_are_told)
{
	const char *key = test_key("one"), *other = test_key("two");
	char *path = qt_segment_path(key), *other_path = qt_segment_path(other);
	struct svshm *handle = qt_handle(key), *colliding = qt_handle(other);

	if (!make_colliding_files(path, other_path))
		return;
	expect_code(handle, svshm_create(handle, 10, SVSHM_READ_WRITE), 0);
	expect_failure(colliding, svshm_attach(colliding, SVSHM_READ_WRITE),
		       SVSHM_KEY_ERROR, "same IPC key");
	expect_failure(colliding, svshm_create(colliding, 10,
					       SVSHM_READ_WRITE),
		       SVSHM_KEY_ERROR, "same IPC key");
	ck_assert(has_bytes(handle, 10, 0));
	svshm_free(handle);
	svshm_free(colliding);
	unlink(other_path);
	ck_assert(qt_nothing_left(key));
	free(path);
	free(other_path);
}
END_TEST

/* ---- Segments and sets ------------------------------------------------- */

START_TEST(qt_a_set_of_two_is_no_lock)
{
	const char *key = test_key("two");
	struct svshm *handle = qt_handle(key);
	char *path = qt_lock_path(key);

	qt_make_lock_file(key);

	struct foreign set = foreign_set(ftok(path, 'Q'), 2, 1, 0600);

	expect_failure(handle, svshm_create(handle, 10, SVSHM_READ_WRITE),
		       SVSHM_CORRUPT, "2 semaphores");
	expect_untouched(&set);
	foreign_remove(&set);
	svshm_free(handle);
	free(path);
	qt_clean(key);
}
END_TEST

START_TEST(qt_removed_under_its_users)
{
	const char *key = test_key("ipcrm");
	struct svshm *handle = qt_make(key, 10), *second = qt_handle(key);
	char *segment = qt_segment_path(key), *lock = qt_lock_path(key);

	expect_code(handle, svshm_lock(handle), 0);
	shmctl(qt_segment_of(key), IPC_RMID, NULL);
	semctl(qt_set_of(key), 0, IPC_RMID);
	unlink(segment);
	unlink(lock);
	expect_code(handle, svshm_unlock(handle), SVSHM_LOCK_ERROR);
	ck_assert(has_bytes(handle, 10, 0));
	expect_usable_lock(handle);
	expect_code(second, svshm_create(second, 20, SVSHM_READ_WRITE), 0);
	expect_code(handle, svshm_detach(handle), SVSHM_REMOVED);
	ck_assert(has_bytes(second, 20, 0));
	svshm_free(handle);
	svshm_free(second);
	ck_assert(qt_nothing_left(key));
	free(segment);
	free(lock);
}
END_TEST

static Suite *make_suite(void)
{
	Suite *suite = suite_create("The Qt layout: what is wrong");
	TCase *tcase = tcase_create("wrong");

	tcase_set_timeout(tcase, 90);
	foreign_fixture(tcase);
	tcase_add_test(tcase, qt_links_are_not_followed);
	tcase_add_test(tcase, qt_a_linked_lock_is_not_followed);
	tcase_add_test(tcase, qt_other_users_files_are_refused);
	tcase_add_test(tcase, qt_a_set_of_roots_stays_in_use);
	tcase_add_test(tcase, qt_files_with_something_in_them_are_kept);
	tcase_add_test(tcase, qt_hard_links_hide_the_lock);
	tcase_add_test(tcase, qt_lost_key_files_are_told);
	tcase_add_test(tcase, qt_collisions_are_told);
	tcase_add_test(tcase, qt_a_set_of_two_is_no_lock);
	tcase_add_test(tcase, qt_removed_under_its_users);
	suite_add_tcase(suite, tcase);
	return suite;
}

int main(void)
{
	return qt_main(make_suite);
}
