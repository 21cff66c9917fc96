/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * P4, P2: observers are woken by a change as all others are, and whoever waits is
 * told that the object has been removed.
 */
#include <config.h>

#include <sys/sem.h>
#include <sys/shm.h>

#include "changes.h"
#include "ids.h"
#include "kernel/futex.h"
#include "kernel/semun.h"
#include "outside.h"

/* ---- Observers ------------------------------------------------------------- */

static int act_changes(struct svshm *handle)
{
	return (int)svshm_changes(handle);
}

START_TEST(observer_of_another_user_is_woken)
{
	if (test_skip_without_root())
		return;
	if (!choose_world(_i))
		return;
	use_key_directory("shared", 0, 01777);

	const char *key = test_key("observer");
	struct actor alice, bob, carol;

	actor_enter_as(&alice, ALICE, key);
	actor_enter_as(&bob, BOB, key);
	actor_enter_as(&carol, ALICE, key);
	expect_act(&alice, act_create_0644, SVSHM_OK);
	expect_act(&bob, act_attach_read_only, SVSHM_OK);
	expect_act(&carol, act_attach, SVSHM_OK);
	expect_act(&bob, svshm_notify, SVSHM_PERMISSION_DENIED);
	expect_says(bob.message, "read only");
	actor_begin(&bob, act_wait_beyond_0);
	actor_begin(&carol, act_wait_beyond_0);
	expect_act(&alice, act_write_and_notify, SVSHM_OK);
	expect_end(&bob, PUPPET_MARK);
	expect_end(&carol, PUPPET_MARK);
	expect_act(&bob, act_changes, 1);
	actor_kill(&carol);
	actor_kill(&bob);
	actor_exit(&alice);
}
END_TEST

/* Whom nobody expected: he looks by himself. */
START_TEST(observer_whom_an_administrator_let_in_sees_changes)
{
	if (test_skip_without_root())
		return;
	if (!choose_world(WITH_FUTEX))
		return;
	use_key_directory("shared", 0, 01777);

	const char *key = test_key("let-in");
	struct shmid_ds status;
	struct semid_ds set;
	union semun argument = { .buf = &set };
	struct actor alice, bob;
	int segment, set_id;

	actor_enter_as(&alice, ALICE, key);
	actor_enter_as(&bob, BOB, key);
	expect_act(&alice, act_create, SVSHM_OK);
	segment = segment_of(key);
	set_id = set_of(key);
	ck_assert_int_eq(shmctl(segment, IPC_STAT, &status), 0);
	status.shm_perm.mode |= 0044;
	ck_assert_int_eq(semctl(set_id, 0, IPC_STAT, argument), 0);
	set.sem_perm.mode |= 0044;
	ck_assert_int_eq(shmctl(segment, IPC_SET, &status), 0);
	ck_assert_int_eq(semctl(set_id, 0, IPC_SET, argument), 0);
	expect_act(&bob, act_attach_read_only, SVSHM_OK);
	actor_begin(&bob, act_wait_beyond_0);
	expect_act(&alice, act_write_and_notify, SVSHM_OK);
	expect_end(&bob, PUPPET_MARK);
	actor_kill(&bob);
	actor_exit(&alice);
}
END_TEST

/* ---- Removal --------------------------------------------------------------- */

START_TEST(removal_is_told_to_who_waits)
{
	svshm__futex_usable = svshm__futex_usable && _i % 2 == 0;

	const char *key = test_key("removed");
	struct svshm *handle = make_object(key, 100);
	struct actor waiter;
	uint32_t seen = 0;

	actor_attach(&waiter, key);
	actor_begin(&waiter, act_wait);
	if (_i < 2)
		remove_segment_of(key);
	else
		remove_set_of(key);
	expect_end(&waiter, SVSHM_REMOVED);
	expect_act(&waiter, act_wait, SVSHM_REMOVED);
	expect_code(handle, svshm_wait(handle, &seen, SVSHM_FOREVER),
		    SVSHM_REMOVED);
	actor_exit(&waiter);
	svshm_detach(handle);
	svshm_free(handle);
	recover_leftovers(key);
}
END_TEST

static int act_notify_until_told(struct svshm *handle)
{
	int64_t end = test_now() + 30 * TEST_SECOND;
	int code = SVSHM_OK;

	while (code == SVSHM_OK && test_now() < end)
		code = svshm_notify(handle);
	return code;
}

START_TEST(removal_is_told_to_who_notifies)
{
	const char *key = test_key("notified");
	struct svshm *handle = make_object(key, 100);

	remove_segment_of(key);
	expect_code(handle, act_notify_until_told(handle), SVSHM_REMOVED);
	svshm_detach(handle);
	svshm_free(handle);
	recover_leftovers(key);
}
END_TEST

START_TEST(observer_learns_that_the_owners_have_left)
{
	if (test_skip_without_root() || test_skip_without_counted_children())
		return;
	use_key_directory("shared", 0, 01777);

	const char *key = test_key("left");
	struct actor alice, bob;

	actor_enter_as(&alice, ALICE, key);
	actor_enter_as(&bob, BOB, key);
	expect_act(&alice, act_create_0644, SVSHM_OK);
	expect_act(&bob, act_attach_read_only, SVSHM_OK);
	actor_begin(&bob, act_wait);
	expect_act(&alice, svshm_detach, SVSHM_OK);
	expect_end(&bob, SVSHM_REMOVED);
	actor_kill(&bob);
	actor_exit(&alice);
}
END_TEST

static Suite *make_suite(void)
{
	Suite *suite = suite_create("Waiting for a change: observers, removal");
	TCase *tests = tcase_create("notify observers");

	suite_add_tcase(suite, tests);
	tcase_set_timeout(tests, 120);
	tcase_add_loop_test(tests, observer_of_another_user_is_woken, 0,
			    WORLDS);
	tcase_add_test(tests,
		       observer_whom_an_administrator_let_in_sees_changes);
	tcase_add_loop_test(tests, removal_is_told_to_who_waits, 0, 4);
	tcase_add_test(tests, removal_is_told_to_who_notifies);
	tcase_add_test(tests, observer_learns_that_the_owners_have_left);
	return suite;
}

int main(void)
{
	return test_main(make_suite);
}
