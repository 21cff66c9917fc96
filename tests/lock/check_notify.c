/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * P4, P10: who waits for a change is woken by it, and not before; each test with
 * the futex, and without.
 */
#include <config.h>

#include <pthread.h>
#include <stdint.h>

#include "base/atomic.h"
#include "changes.h"
#include "memory/layout.h"
#include "outside.h"

/* ---- It counts ------------------------------------------------------------- */

START_TEST(notify_counts_and_wait_returns_at_once)
{
	const char *key = test_key("counts");
	struct svshm *handle = make_object(key, 100);
	uint32_t seen = 0;

	ck_assert_uint_eq(svshm_changes(handle), 0);
	expect_code(handle, svshm_wait(handle, &seen, 0), SVSHM_TIMED_OUT);
	for (uint32_t i = 1; i <= 1000; i++) {
		expect_code(handle, svshm_notify(handle), SVSHM_OK);
		ck_assert_uint_eq(svshm_changes(handle), i);
	}
	expect_code(handle, svshm_wait(handle, &seen, SVSHM_FOREVER), SVSHM_OK);
	ck_assert_uint_eq(seen, 1000);
	expect_code(handle, svshm_wait(handle, &seen, 0), SVSHM_TIMED_OUT);
	/* What there never was is no count to wait for. */
	seen = UINT32_MAX;
	expect_code(handle, svshm_wait(handle, &seen, SVSHM_FOREVER), SVSHM_OK);
	ck_assert_uint_eq(seen, 1000);
	svshm_free(handle);
}
END_TEST

START_TEST(count_begins_again_after_its_end)
{
	const char *key = test_key("wraps");
	struct svshm *handle = make_object(key, 100);
	uint32_t seen = INT32_MAX;

	svshm__store(changes_of(handle), UINT32_MAX - 1);
	ck_assert_uint_eq(svshm_changes(handle), INT32_MAX);
	expect_code(handle, svshm_wait(handle, &seen, 0), SVSHM_TIMED_OUT);
	expect_code(handle, svshm_notify(handle), SVSHM_OK);
	expect_code(handle, svshm_wait(handle, &seen, SVSHM_FOREVER), SVSHM_OK);
	ck_assert_uint_eq(seen, 0);
	/* With a sleeper's bit, and nobody asleep, it goes the other way. */
	svshm__store(changes_of(handle), UINT32_MAX);
	expect_code(handle, svshm_notify(handle), SVSHM_OK);
	ck_assert_uint_eq(svshm_changes(handle), 0);
	svshm_free(handle);
}
END_TEST

START_TEST(count_goes_on_in_an_orphan_and_begins_with_a_new_object)
{
	const char *key = test_key("orphan");
	struct svshm *handle = svshm_new(key);
	struct actor actor;

	actor_enter(&actor, key);
	expect_act(&actor, act_create, SVSHM_OK);
	expect_act(&actor, svshm_notify, SVSHM_OK);
	actor_kill(&actor);
	expect_code(handle, svshm_attach(handle, SVSHM_READ_WRITE),
		    SVSHM_ORPHANED);
	ck_assert_uint_eq(svshm_changes(handle), 1);
	actor_attach(&actor, key);
	expect_code(handle, svshm_detach(handle), SVSHM_OK);
	actor_kill(&actor);
	expect_code(handle, svshm_create(handle, 10, SVSHM_READ_WRITE),
		    SVSHM_ORPHANED);
	ck_assert_uint_eq(svshm_changes(handle), 0);
	svshm_free(handle);
}
END_TEST

START_TEST(notify_and_wait_refuse)
{
	const char *key = test_key("refuse");
	struct svshm *handle = svshm_new(key);
	uint32_t seen = 7;

	ck_assert_int_eq(svshm_notify(NULL), SVSHM_INVALID_ARGUMENT);
	ck_assert_int_eq(svshm_wait(NULL, &seen, 0), SVSHM_INVALID_ARGUMENT);
	ck_assert_uint_eq(svshm_changes(NULL), 0);
	expect_failure(handle, svshm_notify(handle), SVSHM_NOT_ATTACHED,
		       "attach or create first");
	expect_failure(handle, svshm_wait(handle, &seen, 0), SVSHM_NOT_ATTACHED,
		       "attach or create first");
	ck_assert_uint_eq(svshm_changes(handle), 0);
	ck_assert_uint_eq(seen, 7);
	expect_code(handle, act_create(handle), SVSHM_OK);
	expect_failure(handle, svshm_wait(handle, NULL, 0),
		       SVSHM_INVALID_ARGUMENT, "no count");
	expect_failure(handle, svshm_wait(handle, &seen, -2),
		       SVSHM_INVALID_ARGUMENT, "negative");
	expect_code(handle, svshm_detach(handle), SVSHM_OK);
	expect_code(handle, svshm_set_layout(handle, SVSHM_LAYOUT_QT),
		    SVSHM_OK);
	expect_code(handle, act_create(handle), SVSHM_OK);
	expect_failure(handle, svshm_notify(handle), SVSHM_NOT_SUPPORTED,
		       "Qt layout");
	expect_failure(handle, svshm_wait(handle, &seen, 0),
		       SVSHM_NOT_SUPPORTED, "Qt layout");
	ck_assert_uint_eq(svshm_changes(handle), 0);
	svshm_free(handle);
}
END_TEST

/* ---- It wakes -------------------------------------------------------------- */

START_TEST(wait_sees_what_was_written_before)
{
	if (!choose_world(_i))
		return;

	const char *key = test_key("wakes");
	struct svshm *handle = make_object(key, 100);
	struct actor waiter;

	actor_attach(&waiter, key);
	actor_begin(&waiter, act_wait_beyond_0);
	await_sleepers(handle);
	expect_code(handle, act_write_and_notify(handle), SVSHM_OK);
	expect_end(&waiter, PUPPET_MARK);
	/* Nobody sleeps any more: the next one finds that out. */
	expect_code(handle, svshm_notify(handle), SVSHM_OK);
	ck_assert(!(word_of(handle) & SVSHM__CHANGE_SLEEPERS));
	/* By who owns the lock, and to who owns it. */
	expect_act(&waiter, svshm_lock, SVSHM_OK);
	expect_code(handle, svshm_notify(handle), SVSHM_OK);
	expect_act(&waiter, act_wait_beyond_0, PUPPET_MARK);
	expect_act(&waiter, svshm_unlock, SVSHM_OK);
	actor_kill(&waiter);
	svshm_free(handle);
}
END_TEST

#define CROWD 200

static int wait_in_crowd(void *context)
{
	struct svshm *handle = svshm_new(context);
	uint32_t seen = 0;

	child_assert(svshm_attach(handle, SVSHM_READ_WRITE) == SVSHM_OK);
	child_assert(svshm_wait(handle, &seen, SVSHM_FOREVER) == SVSHM_OK);
	child_assert(svshm_detach(handle) == SVSHM_OK);
	svshm_free(handle);
	return seen == 1 ? 0 : 1;
}

START_TEST(one_notify_wakes_two_hundred)
{
	if (!choose_world(_i))
		return;

	const char *key = test_key("crowd");
	struct svshm *handle = svshm_new(key);
	pid_t crowd[CROWD];
	int count = CROWD;

	svshm_set_max_processes(handle, CROWD + 1);
	if (svshm_create(handle, 100, SVSHM_READ_WRITE)) {
		svshm_set_max_processes(handle, 0);
		expect_code(handle, act_create(handle), SVSHM_OK);
		count = 20;
	}
	for (int i = 0; i < count; i++)
		crowd[i] = test_fork(wait_in_crowd, (void *)(uintptr_t)key);
	await_sleepers(handle);
	expect_code(handle, svshm_notify(handle), SVSHM_OK);
	for (int i = 0; i < count; i++)
		ck_assert_int_eq(test_wait(crowd[i]), 0);
	svshm_free(handle);
	ck_assert(test_nothing_left(key));
}
END_TEST

static void *wait_in_thread(void *context)
{
	return (void *)(intptr_t)act_wait_beyond_0(context);
}

START_TEST(thread_waits_while_another_notifies)
{
	if (!choose_world(_i))
		return;

	const char *key = test_key("thread");
	struct svshm *mine = make_object(key, 100), *its = svshm_new(key);
	pthread_t thread;
	void *result;

	expect_code(its, svshm_attach(its, SVSHM_READ_ONLY), SVSHM_OK);
	ck_assert_int_eq(pthread_create(&thread, NULL, wait_in_thread, its), 0);
	await_sleepers(mine);
	expect_code(mine, act_write_and_notify(mine), SVSHM_OK);
	ck_assert_int_eq(pthread_join(thread, &result), 0);
	ck_assert_int_eq((int)(intptr_t)result, PUPPET_MARK);
	svshm_free(its);
	svshm_free(mine);
}
END_TEST

START_TEST(forked_child_waits_and_notifies)
{
	if (!choose_world(_i))
		return;

	const char *key = test_key("child");
	struct svshm *handle = make_object(key, 100);
	struct actor child, notifier;

	/* Its first call is not what it was in the parent, the short way. */
	expect_code(handle, svshm_notify(handle), SVSHM_OK);
	actor_start(&notifier, handle);
	actor_start(&child, handle);
	actor_begin(&child, act_wait_beyond_1);
	await_sleepers(handle);
	expect_act(&notifier, act_write_and_notify, SVSHM_OK);
	expect_end(&child, PUPPET_MARK);
	ck_assert_uint_eq(svshm_changes(handle), 2);
	actor_kill(&child);
	actor_kill(&notifier);
	svshm_free(handle);
}
END_TEST

/* The wait goes on, and the handle is whole afterwards. */
START_TEST(wait_is_no_place_to_be_cancelled)
{
	if (!choose_world(_i))
		return;

	const char *key = test_key("cancel");
	struct svshm *mine = make_object(key, 100), *its = svshm_new(key);
	pthread_t thread;
	void *result;

	expect_code(its, svshm_attach(its, SVSHM_READ_WRITE), SVSHM_OK);
	ck_assert_int_eq(pthread_create(&thread, NULL, wait_in_thread, its), 0);
	await_sleepers(mine);
	ck_assert_int_eq(pthread_cancel(thread), 0);
	expect_code(mine, act_write_and_notify(mine), SVSHM_OK);
	ck_assert_int_eq(pthread_join(thread, &result), 0);
	ck_assert(result == PTHREAD_CANCELED ||
		  (int)(intptr_t)result == PUPPET_MARK);
	expect_usable_lock(its);
	expect_code(its, act_wait_beyond_0(its), PUPPET_MARK);
	svshm_free(its);
	svshm_free(mine);
	ck_assert(test_nothing_left(key));
}
END_TEST

static Suite *make_suite(void)
{
	Suite *suite = suite_create("Waiting for a change");
	TCase *tests = tcase_create("notify");

	suite_add_tcase(suite, tests);
	tcase_set_timeout(tests, 120);
	tcase_add_test(tests, notify_counts_and_wait_returns_at_once);
	tcase_add_test(tests, count_begins_again_after_its_end);
	tcase_add_test(tests,
		       count_goes_on_in_an_orphan_and_begins_with_a_new_object);
	tcase_add_test(tests, notify_and_wait_refuse);
	tcase_add_loop_test(tests, wait_sees_what_was_written_before, 0,
			    WORLDS);
	tcase_add_loop_test(tests, one_notify_wakes_two_hundred, 0, WORLDS);
	tcase_add_loop_test(tests, thread_waits_while_another_notifies, 0,
			    WORLDS);
	tcase_add_loop_test(tests, forked_child_waits_and_notifies, 0, WORLDS);
	tcase_add_loop_test(tests, wait_is_no_place_to_be_cancelled, 0, WORLDS);
	return suite;
}

int main(void)
{
	return test_main(make_suite);
}
