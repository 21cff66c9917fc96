/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * P4: waiting for a change among others: no change is lost in storms whose
 * notifiers and waiters are killed; observers are woken; a removal is told; signals
 * neither end nor stretch a wait, which costs no processor time.
 */
#include <config.h>

#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/time.h>

#include "ids.h"
#include "kernel/futex.h"
#include "kernel/semun.h"
#include "lock/notify.h"
#include "memory/layout.h"
#include "outside.h"
#include "puppet.h"

#define HOUR (3600 * TEST_SECOND)

/* ---- The storm ------------------------------------------------------------------ */

#define NOTIFIERS 4
#define WAITERS 6
#define KILLS 60

struct storm {
	const char *key;
	uint32_t over; /* the last change has been made */
	/* How far each waiter has come. */
	uint32_t seen[WAITERS];
};

static struct storm *storm;

static int notify_for_ever(void *context)
{
	struct svshm *handle = svshm_new(storm->key);

	(void)context;
	child_assert(svshm_attach(handle, SVSHM_READ_WRITE) >= 0);
	for (;;) {
		child_assert(svshm_notify(handle) == SVSHM_OK);
		/* So that others do sleep now and then. */
		sched_yield();
	}
	return 0;
}

static int wait_to_the_end(void *context)
{
	uint32_t *progress = context;
	struct svshm *handle = svshm_new(storm->key);
	uint32_t seen = 0;

	child_assert(svshm_attach(handle, SVSHM_READ_WRITE) >= 0);
	while (!svshm__load(&storm->over)) {
		child_assert(svshm_wait(handle, &seen, SVSHM_FOREVER) ==
			     SVSHM_OK);
		svshm__store(progress, seen);
	}
	child_assert(svshm_detach(handle) == SVSHM_OK);
	svshm_free(handle);
	return 0;
}

/* Until the count has moved on by itself, or there is nobody to move it. */
static void await_progress(struct svshm *handle)
{
	uint32_t seen = svshm_changes(handle);

	expect_code(handle, svshm_wait(handle, &seen, 30000), SVSHM_OK);
}

START_TEST(storm_loses_no_change)
{
	struct svshm *handle;
	pid_t notifiers[NOTIFIERS], waiters[WAITERS];

	if (_i == 1)
		svshm__futex_usable = 0;
	else
		svshm__wait_look_interval = HOUR;
	svshm__lock_engine_of_new = _i == 2 ? SVSHM__LOCK_PORTABLE :
					      svshm__lock_engine_of_new;
	storm = test_shared(sizeof(*storm));
	storm->key = test_key("storm");
	handle = make_object(storm->key, 100);
	srand(1);
	for (int i = 0; i < NOTIFIERS; i++)
		notifiers[i] = test_fork(notify_for_ever, NULL);
	for (int i = 0; i < WAITERS; i++)
		waiters[i] = test_fork(wait_to_the_end, &storm->seen[i]);
	for (int i = 0; i < KILLS; i++) {
		int victim = rand() % (NOTIFIERS + WAITERS);

		await_progress(handle);
		if (victim < NOTIFIERS) {
			test_kill(notifiers[victim]);
			notifiers[victim] = test_fork(notify_for_ever, NULL);
			continue;
		}
		victim -= NOTIFIERS;
		test_kill(waiters[victim]);
		waiters[victim] = test_fork(wait_to_the_end,
					    &storm->seen[victim]);
	}
	for (int i = 0; i < NOTIFIERS; i++)
		test_kill(notifiers[i]);
	/* All have seen all; now one more, and nobody may sleep through it. */
	svshm__store(&storm->over, 1);
	expect_code(handle, svshm_notify(handle), SVSHM_OK);
	for (int i = 0; i < WAITERS; i++)
		ck_assert_int_eq(test_wait(waiters[i]), 0);
	for (int i = 0; i < WAITERS; i++)
		ck_assert_uint_eq(svshm__load(&storm->seen[i]),
				  svshm_changes(handle));
	svshm_free(handle);
	ck_assert(test_nothing_left(storm->key));
}
END_TEST

/* ---- Observers -------------------------------------------------------------------- */

static int create_with(struct svshm *handle, mode_t mode)
{
	svshm_set_mode(handle, mode);
	return act_create(handle);
}

static int act_create_0644(struct svshm *handle)
{
	return create_with(handle, 0644);
}

static int act_wait_beyond_0(struct svshm *handle)
{
	uint32_t seen = 0;
	int code = svshm_wait(handle, &seen, SVSHM_FOREVER);

	return code ? code : *(const int *)svshm_const_data(handle);
}

static int act_changes(struct svshm *handle)
{
	return (int)svshm_changes(handle);
}

static int act_write_and_notify(struct svshm *handle)
{
	*(volatile int *)svshm_data(handle) = PUPPET_MARK;
	return svshm_notify(handle);
}

START_TEST(observer_of_another_user_is_woken)
{
	if (test_skip_without_root())
		return;
	if (_i == 1)
		svshm__futex_usable = 0;
	else
		svshm__wait_look_interval = HOUR;
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
	svshm__wait_look_interval = HOUR;
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

/* ---- Removal ---------------------------------------------------------------------- */

static int act_wait(struct svshm *handle)
{
	uint32_t seen = svshm_changes(handle);

	return svshm_wait(handle, &seen, SVSHM_FOREVER);
}

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
	if (test_skip_without_root())
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

/* ---- Time ------------------------------------------------------------------------- */

static volatile sig_atomic_t signals;

static void count_signal(int signal)
{
	(void)signal;
	signals++;
}

static void signal_every(int milliseconds)
{
	struct sigaction action = { .sa_handler = count_signal };
	struct itimerval timer = { { 0, milliseconds * 1000 },
				   { 0, milliseconds * 1000 } };

	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &timer, NULL);
}

START_TEST(signals_neither_end_nor_shorten_a_wait)
{
	svshm__futex_usable = svshm__futex_usable && _i == 0;

	const char *key = test_key("signals");
	struct svshm *handle = make_object(key, 100);

	signal_every(2);
	for (int length = 0; length <= 60; length += 20) {
		uint32_t seen = 0;
		int64_t start = test_now();

		expect_code(handle, svshm_wait(handle, &seen, length),
			    SVSHM_TIMED_OUT);

		int64_t elapsed = test_now() - start;

		ck_assert_int_ge(elapsed, length * TEST_MILLISECOND);
		ck_assert_int_lt(elapsed, 20 * TEST_SECOND);
	}
	signal_every(0);
	ck_assert_int_gt(signals, 5);
	svshm_free(handle);
}
END_TEST

#define LONG_WAIT_MS 400

static int wait_and_count_costs(void *context)
{
	struct svshm *handle = svshm_new(context);
	struct rusage before, after;
	uint32_t seen = 0;
	long sleeps, spent;

	child_assert(svshm_attach(handle, SVSHM_READ_WRITE) == SVSHM_OK);
	getrusage(RUSAGE_SELF, &before);
	child_assert(svshm_wait(handle, &seen, LONG_WAIT_MS) ==
		     SVSHM_TIMED_OUT);
	getrusage(RUSAGE_SELF, &after);
	sleeps = after.ru_nvcsw - before.ru_nvcsw;
	spent = (after.ru_utime.tv_sec - before.ru_utime.tv_sec +
		 after.ru_stime.tv_sec - before.ru_stime.tv_sec) * 1000000 +
		after.ru_utime.tv_usec - before.ru_utime.tv_usec +
		after.ru_stime.tv_usec - before.ru_stime.tv_usec;
	/* One sleep; or pauses of 1 ms to 20. A spinner needs all of the time. */
	child_assert(sleeps <= (svshm__futex_usable ? 5 : 120));
	child_assert(spent < LONG_WAIT_MS * 1000 / 8);
	svshm_free(handle);
	return 0;
}

START_TEST(wait_costs_no_processor_time)
{
	svshm__futex_usable = svshm__futex_usable && _i == 0;

	const char *key = test_key("idle");
	struct svshm *handle = make_object(key, 100);

	ck_assert_int_eq(test_wait(test_fork(wait_and_count_costs,
					     (void *)(uintptr_t)key)), 0);
	svshm_free(handle);
}
END_TEST

static Suite *make_suite(void)
{
	Suite *suite = suite_create("Waiting for a change, among others");
	TCase *tests = tcase_create("notify storm");

	suite_add_tcase(suite, tests);
	tcase_set_timeout(tests, 180);
	tcase_add_loop_test(tests, storm_loses_no_change, 0, 3);
	tcase_add_loop_test(tests, observer_of_another_user_is_woken, 0, 2);
	tcase_add_test(tests,
		       observer_whom_an_administrator_let_in_sees_changes);
	tcase_add_loop_test(tests, removal_is_told_to_who_waits, 0, 4);
	tcase_add_test(tests, removal_is_told_to_who_notifies);
	tcase_add_test(tests, observer_learns_that_the_owners_have_left);
	tcase_add_loop_test(tests, signals_neither_end_nor_shorten_a_wait, 0,
			    2);
	tcase_add_loop_test(tests, wait_costs_no_processor_time, 0, 2);
	return suite;
}

int main(void)
{
	return test_main(make_suite);
}
