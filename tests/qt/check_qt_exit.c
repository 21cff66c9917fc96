/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * P2 and P10: in the Qt layout exit counts as detach, a forked child is a user
 * that owns nothing, and of many that leave at the same time one is the last.
 */
#include <config.h>

#include <stdlib.h>
#include <unistd.h>

#include "outside.h"
#include "qtwire.h"

static int exit_normally(void *context)
{
	child_assert(svshm_is_attached(context));
	exit(0);
}

static int create_and_exit(void *context)
{
	exit_normally(qt_make(context, 100));
	return 1;
}

START_TEST(qt_exit_counts_as_detach)
{
	const char *key = test_key("exit");
	struct svshm *handle;

	ck_assert_int_eq(test_wait(test_fork(create_and_exit, (void *)key)), 0);
	ck_assert(qt_nothing_left(key));

	/* A forked child has a mapping, but is not the last. */
	handle = qt_make(key, 100);
	ck_assert_int_eq(test_wait(test_fork(exit_normally, handle)), 0);
	expect_code(handle, svshm_lock(handle), 0);
	ck_assert_int_eq(test_wait(test_fork(exit_normally, handle)), 0);
	expect_code(handle, svshm_unlock(handle), 0);
	svshm_free(handle);
	ck_assert(qt_nothing_left(key));
}
END_TEST

static int lock_and_exit(void *context)
{
	child_assert(svshm_lock(context) == 0);
	exit(0);
}

START_TEST(qt_a_forked_child_is_a_user_and_owns_nothing)
{
	const char *key = test_key("fork");
	struct svshm *handle = qt_make(key, 100);
	struct actor child;

	expect_code(handle, svshm_lock(handle), 0);
	actor_start(&child, handle);
	expect_act(&child, svshm_unlock, SVSHM_NOT_OWNER);
	expect_act(&child, svshm_trylock, SVSHM_BUSY);
	expect_code(handle, svshm_unlock(handle), 0);
	expect_act(&child, svshm_lock, SVSHM_OK);
	expect_code(handle, svshm_trylock(handle), SVSHM_BUSY);
	/* The child stays, and is the last. */
	svshm_free(handle);
	ck_assert(!qt_nothing_left(key));
	expect_act(&child, svshm_unlock, SVSHM_OK);
	actor_exit(&child);
	ck_assert(qt_nothing_left(key));

	/* Owning the lock at exit: others get it. */
	handle = qt_make(key, 100);
	ck_assert_int_eq(test_wait(test_fork(lock_and_exit, handle)), 0);
	expect_code(handle, svshm_trylock(handle), 0);
	svshm_free(handle);
	ck_assert(qt_nothing_left(key));
}
END_TEST

#define LEAVERS 8

/* Of many that leave at the same time one is the last. */
START_TEST(qt_all_leave_at_once)
{
	const char *key = test_key("all");
	struct actor leavers[LEAVERS];

	for (int round = 0; round < 20; round++) {
		for (int i = 0; i < LEAVERS; i++) {
			actor_enter(&leavers[i], key);
			expect_act(&leavers[i], i ? act_attach : act_create,
				   SVSHM_OK);
		}
		for (int i = 0; i < LEAVERS; i++)
			actor_begin(&leavers[i], i % 2 ? act_exit :
							 svshm_detach);
		for (int i = 0; i < LEAVERS; i++) {
			if (i % 2 == 0) {
				expect_end(&leavers[i], SVSHM_OK);
				actor_vanish(&leavers[i]);
				continue;
			}
			ck_assert_int_eq(test_wait(leavers[i].pid), 0);
			close(leavers[i].orders);
			close(leavers[i].results);
		}
		ck_assert(qt_nothing_left(key));
	}
}
END_TEST

static Suite *make_suite(void)
{
	Suite *suite = suite_create("The Qt layout: fork and exit");
	TCase *tcase = tcase_create("exit");

	tcase_set_timeout(tcase, 60);
	tcase_add_test(tcase, qt_exit_counts_as_detach);
	tcase_add_test(tcase, qt_a_forked_child_is_a_user_and_owns_nothing);
	tcase_add_test(tcase, qt_all_leave_at_once);
	suite_add_tcase(suite, tcase);
	return suite;
}

int main(void)
{
	return qt_main(make_suite);
}
