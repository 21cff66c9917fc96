/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * P1 and P7: who has just made a key file makes what belongs to it without looking
 * first. What is there all the same, as the file collides with another one in
 * ftok, is noticed; and what was made too late, for a file that is gone, goes.
 * All key files of segments have one IPC key here, when COLLIDING is set.
 */
#include <config.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sem.h>
#include <sys/stat.h>
#include <unistd.h>

#include "key/key.h"
#include "outside.h"
#include "qtwire.h"

static bool colliding;
static unsigned low_bits; /* of the inode that all have then */

/* The library finds this one before its own. */
int svshm__key_of_status(const char *path, const struct stat *status,
			 int project, key_t *key, struct svshm__error *error)
{
	bool same = colliding && strstr(path, "/qipc_sharedmemory_");
	unsigned inode = same ? low_bits : (unsigned)status->st_ino;

	(void)error;
	*key = (key_t)(((unsigned)project & 0xff) << 24 |
		       ((unsigned)status->st_dev & 0xff) << 16 |
		       (inode & 0xffff));
	return SVSHM_OK;
}

static void collide(void)
{
	colliding = true;
}

START_TEST(qt_a_new_key_takes_no_others_segment)
{
	const char *key = test_key("there"), *other = test_key("new");
	struct svshm *handle, *newcomer = qt_handle(other);

	collide();
	handle = qt_make(key, 10);
	for (int i = 0; i < 2; i++) {
		expect_failure(newcomer, svshm_create(newcomer, 20,
						      SVSHM_READ_WRITE),
			       SVSHM_KEY_ERROR, "same IPC key");
		ck_assert(has_bytes(handle, 10, 0));
	}
	svshm_free(handle);
	/* What is in the way has gone; so has all that the attempts have made, or
	   it is used now. */
	expect_code(newcomer, svshm_create(newcomer, 20, SVSHM_READ_WRITE), 0);
	svshm_free(newcomer);
}
END_TEST

/* A colliding file that came later is no reason to doubt; but who comes by that one
   is told. */
START_TEST(qt_whose_a_segment_is_does_not_change)
{
	const char *key = test_key("known"), *other = test_key("later");
	char *path = qt_segment_path(other);
	struct svshm *handle, *again = qt_handle(key), *late = qt_handle(other);
	struct actor stranger;

	collide();
	handle = qt_make(key, 10);
	actor_enter(&stranger, key);
	expect_act(&stranger, act_attach, SVSHM_OK);
	expect_act(&stranger, svshm_detach, SVSHM_OK);
	fclose(fopen(path, "w"));
	expect_code(again, svshm_attach(again, SVSHM_READ_WRITE), 0);
	expect_code(again, svshm_detach(again), 0);
	expect_act(&stranger, act_attach, SVSHM_OK);
	expect_act(&stranger, svshm_detach, SVSHM_OK);
	expect_failure(late, svshm_attach(late, SVSHM_READ_WRITE),
		       SVSHM_KEY_ERROR, "same IPC key");
	actor_exit(&stranger);
	unlink(path);
	svshm_free(again);
	svshm_free(late);
	svshm_free(handle);
	free(path);
}
END_TEST

/* What is known is known of one segment, not of all that the file leads to. */
START_TEST(qt_the_next_segment_is_not_known)
{
	const char *key = test_key("first"), *other = test_key("second");
	const char *away = test_scratch("away");
	char *path = qt_segment_path(key);
	struct svshm *handle, *next = qt_handle(other);

	collide();
	handle = qt_make(key, 10);
	ck_assert_int_eq(rename(path, away), 0);
	expect_failure(handle, svshm_detach(handle), SVSHM_REMOVED,
		       "replaced");
	expect_code(next, svshm_create(next, 20, SVSHM_READ_WRITE), 0);
	ck_assert_int_eq(rename(away, path), 0);
	expect_failure(handle, svshm_attach(handle, SVSHM_READ_WRITE),
		       SVSHM_KEY_ERROR, "same IPC key");
	svshm_free(next);
	svshm_free(handle);
	unlink(path);
	qt_clean(key);
	free(path);
}
END_TEST

static int stop_when_made(struct svshm *handle)
{
	test_crash_at("qt:set made", SIGSTOP, 1);
	return act_create(handle);
}

/* A QSharedMemory that leaves unlinks whatever file has the name. */
START_TEST(qt_a_lock_that_was_made_too_late_goes)
{
	const char *key = test_key("late"), *away = test_scratch("away");
	char *path = qt_lock_path(key);
	struct svshm *handle = qt_handle(key);
	struct actor maker;
	int id;

	actor_enter(&maker, key);
	actor_begin(&maker, stop_when_made);
	test_await_stopped(maker.pid);
	id = qt_set_of(key);
	ck_assert_int_ge(id, 0);
	/* Kept, or the next file could have the same inode. */
	ck_assert_int_eq(rename(path, away), 0);
	expect_code(handle, act_create(handle), 0);
	ck_assert_int_ne(qt_set_of(key), id);
	kill(maker.pid, SIGCONT);
	expect_end(&maker, SVSHM_ALREADY_EXISTS);
	ck_assert_int_lt(semctl(id, 0, GETVAL), 0);
	ck_assert_int_eq(wire_value(key), 1);
	actor_exit(&maker);
	svshm_free(handle);
	ck_assert(qt_nothing_left(key));
	unlink(away);
	free(path);
}
END_TEST

static Suite *make_suite(void)
{
	Suite *suite = suite_create("The Qt layout: made before looked for");
	TCase *tcase = tcase_create("new key");

	tcase_set_timeout(tcase, 90);
	tcase_add_test(tcase, qt_a_new_key_takes_no_others_segment);
	tcase_add_test(tcase, qt_whose_a_segment_is_does_not_change);
	tcase_add_test(tcase, qt_the_next_segment_is_not_known);
	tcase_add_test(tcase, qt_a_lock_that_was_made_too_late_goes);
	suite_add_tcase(suite, tcase);
	return suite;
}

int main(void)
{
	low_bits = (unsigned)getpid();
	return qt_main(make_suite);
}
