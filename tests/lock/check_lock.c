/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * P4: the lock excludes, wakes, refuses, and counts time. See
 * check_owner_death.c for what it survives.
 */
#include <config.h>

#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <sys/time.h>
#include <unistd.h>

#include "actor.h"

/* ---- It excludes -------------------------------------------------------- */

#define COUNTERS 8
#define COUNTS 2000

static int count(void *context)
{
	struct svshm *handle = svshm_new(context);

	child_assert(svshm_attach(handle, SVSHM_READ_WRITE) == SVSHM_OK);
	count_under_lock(handle, COUNTS, NULL);
	child_assert(svshm_detach(handle) == SVSHM_OK);
	svshm_free(handle);
	return 0;
}

START_TEST(lock_loses_no_update_of_eight_processes)
{
	const char *key = test_key("count");
	struct svshm *handle = make_object(key, sizeof(long));
	pid_t children[COUNTERS];

	for (int i = 0; i < COUNTERS; i++)
		children[i] = test_fork(count, (void *)(uintptr_t)key);
	for (int i = 0; i < COUNTERS; i++)
		ck_assert_int_eq(test_wait(children[i]), 0);
	ck_assert_int_eq(*(long *)svshm_data(handle),
			  COUNTERS * COUNTS);
	svshm_free(handle);
	ck_assert(test_nothing_left(key));
}
END_TEST

struct thread {
	pthread_t thread;
	struct svshm *handle;
	int tried, errors;
};

static void *count_in_thread(void *context)
{
	struct thread *thread = context;
	struct svshm *handle = thread->handle;

	for (long i = 0; i < COUNTS; i++) {
		thread->errors += svshm_lock(handle) != SVSHM_OK;
		count_slowly(svshm_data(handle), i);
		thread->errors += svshm_unlock(handle) != SVSHM_OK;
	}
	return NULL;
}

START_TEST(lock_excludes_threads_with_a_handle_each)
{
	const char *key = test_key("threads");
	struct svshm *mine = make_object(key, sizeof(long));
	struct thread threads[2];

	expect_code(mine, svshm_lock(mine), SVSHM_OK);
	for (int i = 0; i < 2; i++) {
		threads[i].errors = 0;
		threads[i].handle = svshm_new(key);
		expect_code(mine, act_attach(threads[i].handle), SVSHM_OK);
		ck_assert_int_eq(pthread_create(&threads[i].thread, NULL,
						count_in_thread, &threads[i]),
				 0);
	}
	for (long i = 0; i < COUNTS; i++) {
		count_slowly(svshm_data(mine), i);
		expect_code(mine, svshm_unlock(mine), SVSHM_OK);
		expect_code(mine, svshm_lock(mine), SVSHM_OK);
	}
	expect_code(mine, svshm_unlock(mine), SVSHM_OK);
	for (int i = 0; i < 2; i++) {
		pthread_join(threads[i].thread, NULL);
		ck_assert_int_eq(threads[i].errors, 0);
	}
	ck_assert_int_eq(*(long *)svshm_data(mine), 3 * COUNTS);
	for (int i = 0; i < 2; i++)
		svshm_free(threads[i].handle);
	svshm_free(mine);
}
END_TEST

static void *try_in_thread(void *context)
{
	struct thread *thread = context;

	thread->tried = svshm_trylock(thread->handle);
	thread->errors = svshm_unlock(thread->handle) != SVSHM_NOT_OWNER;
	return NULL;
}

START_TEST(lock_is_busy_for_another_thread)
{
	const char *key = test_key("busy-thread");
	struct svshm *mine = make_object(key, 1);
	struct thread thread = { .handle = svshm_new(key) };

	expect_code(mine, act_attach(thread.handle), SVSHM_OK);
	expect_code(mine, svshm_lock(mine), SVSHM_OK);
	pthread_create(&thread.thread, NULL, try_in_thread, &thread);
	pthread_join(thread.thread, NULL);
	ck_assert_int_eq(thread.tried, SVSHM_BUSY);
	ck_assert_int_eq(thread.errors, 0);
	expect_code(mine, svshm_unlock(mine), SVSHM_OK);
	svshm_free(thread.handle);
	svshm_free(mine);
}
END_TEST

/* ---- It refuses what is wrong ------------------------------------------- */

START_TEST(lock_is_busy_or_times_out)
{
	const char *key = test_key("busy");
	struct svshm *mine = make_object(key, 1);
	struct actor owner;

	expect_code(mine, svshm_timedlock(mine, 0), SVSHM_OK);
	expect_code(mine, svshm_unlock(mine), SVSHM_OK);
	expect_code(mine, svshm_trylock(mine), SVSHM_OK);
	expect_code(mine, svshm_unlock(mine), SVSHM_OK);
	actor_own(&owner, key);
	expect_code(mine, svshm_trylock(mine), SVSHM_BUSY);
	expect_code(mine, svshm_timedlock(mine, 0), SVSHM_TIMED_OUT);
	expect_code(mine, svshm_timedlock(mine, 20), SVSHM_TIMED_OUT);
	expect_code(mine, svshm_timedlock(mine, -1), SVSHM_INVALID_ARGUMENT);
	expect_handover(&owner, mine);
	actor_kill(&owner);
	svshm_free(mine);
}
END_TEST

START_TEST(lock_is_no_deadlock_with_oneself)
{
	const char *key = test_key("deadlock");
	struct svshm *first = make_object(key, 1), *second = svshm_new(key);
	struct svshm *both[] = { first, second };

	expect_code(second, svshm_attach(second, SVSHM_READ_ONLY), SVSHM_OK);
	expect_code(first, svshm_lock(first), SVSHM_OK);
	for (int i = 0; i < 2; i++) {
		expect_code(both[i], svshm_lock(both[i]), SVSHM_DEADLOCK);
		expect_code(both[i], svshm_trylock(both[i]), SVSHM_DEADLOCK);
		expect_code(both[i], svshm_timedlock(both[i], 1000000),
			    SVSHM_DEADLOCK);
	}
	expect_code(second, svshm_unlock(second), SVSHM_NOT_OWNER);
	expect_code(first, svshm_unlock(first), SVSHM_OK);
	expect_code(second, svshm_lock(second), SVSHM_OK);
	svshm_free(first);
	svshm_free(second);
	ck_assert(test_nothing_left(key));
}
END_TEST

START_TEST(lock_is_unlocked_by_its_owner_only)
{
	const char *key = test_key("not-owner");
	struct svshm *mine = make_object(key, 1);
	struct actor owner;

	expect_code(mine, svshm_unlock(mine), SVSHM_NOT_OWNER);
	expect_code(mine, svshm_make_consistent(mine), SVSHM_NOT_OWNER);
	actor_own(&owner, key);
	expect_code(mine, svshm_unlock(mine), SVSHM_NOT_OWNER);
	expect_code(mine, svshm_make_consistent(mine), SVSHM_NOT_OWNER);
	expect_handover(&owner, mine);
	expect_act(&owner, svshm_unlock, SVSHM_NOT_OWNER);
	actor_kill(&owner);
	svshm_free(mine);
}
END_TEST

START_TEST(lock_of_a_removed_object_is_told)
{
	const char *key = test_key("removed");
	struct svshm *mine = make_object(key, 1);
	struct actor owner, waiters[2];

	actor_own(&owner, key);
	for (int i = 0; i < 2; i++) {
		actor_attach(&waiters[i], key);
		actor_block(&waiters[i],
			    i ? svshm_lock : act_timedlock_long);
	}
	ck_assert_int_eq(recover_object(key, SVSHM_RECOVER_FORCE, NULL),
			 SVSHM_OK);
	for (int i = 0; i < 2; i++)
		expect_end(&waiters[i], SVSHM_REMOVED);
	expect_act(&owner, svshm_unlock, SVSHM_REMOVED);
	expect_code(mine, svshm_lock(mine), SVSHM_REMOVED);
	expect_code(mine, svshm_trylock(mine), SVSHM_REMOVED);
	expect_code(mine, svshm_timedlock(mine, 20), SVSHM_REMOVED);
	ck_assert(svshm_is_attached(mine));
	expect_code(mine, svshm_detach(mine), SVSHM_REMOVED);
	svshm_free(mine);
	ck_assert(test_nothing_left(key));
}
END_TEST

static int act_create_locked(struct svshm *handle)
{
	return svshm_create_locked(handle, 100, SVSHM_READ_WRITE);
}

START_TEST(lock_is_owned_by_who_creates_locked)
{
	const char *key = test_key("created-locked");
	struct svshm *mine = svshm_new(key);
	struct actor waiter;

	/* Also over an orphan whose owner died: that is over. */
	for (int orphaned = 0; orphaned < 2; orphaned++) {
		expect_code(mine, act_create_locked(mine),
			    orphaned ? SVSHM_ORPHANED : SVSHM_OK);
		expect_code(mine, svshm_trylock(mine), SVSHM_DEADLOCK);
		actor_attach(&waiter, key);
		expect_act(&waiter, svshm_trylock, SVSHM_BUSY);
		actor_block(&waiter, svshm_lock);
		expect_code(mine, svshm_unlock(mine), SVSHM_OK);
		expect_end(&waiter, SVSHM_OK);
		expect_code(mine, svshm_detach(mine), SVSHM_OK);
		actor_kill(&waiter);
	}
	svshm_free(mine);
}
END_TEST

static int act_stop_in_create(struct svshm *handle)
{
	test_crash_at("register:claimed", SIGSTOP, 1);
	return act_create_locked(handle);
}

static int act_attach_and_try(struct svshm *handle)
{
	int code = act_attach(handle);

	return code ? code : svshm_trylock(handle);
}

/* Who waits to attach comes too late for the lock. */
START_TEST(lock_is_owned_from_the_start)
{
	const char *key = test_key("from-the-start");
	struct actor maker, other;

	actor_enter(&maker, key);
	actor_enter(&other, key);
	actor_begin(&maker, act_stop_in_create);
	test_await_stopped(maker.pid);
	actor_block(&other, act_attach_and_try);
	kill(maker.pid, SIGCONT);
	expect_end(&maker, SVSHM_OK);
	expect_end(&other, SVSHM_BUSY);
	actor_kill(&maker);
	expect_act(&other, svshm_lock, SVSHM_OWNER_DIED);
	actor_kill(&other);
}
END_TEST

/* ---- It counts time well ------------------------------------------------ */

static volatile sig_atomic_t storm_signals;

static void on_signal(int number)
{
	(void)number;
	storm_signals++;
}

/* A signal each MICROSECONDS; 0: no more. */
static void storm(int microseconds)
{
	struct sigaction action = { .sa_handler = on_signal };
	struct itimerval timer = { .it_interval.tv_usec = microseconds,
				   .it_value.tv_usec = microseconds };

	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &timer, NULL);
}

START_TEST(lock_time_out_is_not_changed_by_signals)
{
	const char *key = test_key("storm");
	struct svshm *mine = make_object(key, 1);
	struct actor owner;

	actor_own(&owner, key);
	storm(300);
	for (int i = 0; i < 20; i++) {
		int64_t start = test_now();

		expect_code(mine, svshm_timedlock(mine, 40), SVSHM_TIMED_OUT);

		int64_t elapsed = test_now() - start;

		ck_assert_int_ge(elapsed, 40 * TEST_MILLISECOND);
		ck_assert_int_lt(elapsed, 20 * TEST_SECOND);
	}
	storm(0);
	ck_assert_int_gt(storm_signals, 20);
	expect_handover(&owner, mine);
	actor_kill(&owner);
	svshm_free(mine);
}
END_TEST

START_TEST(lock_stays_with_a_stopped_owner)
{
	const char *key = test_key("stopped");
	struct svshm *mine = make_object(key, 1);
	struct actor owner;

	actor_own(&owner, key);
	kill(owner.pid, SIGSTOP);
	test_await_stopped(owner.pid);
	expect_code(mine, svshm_timedlock(mine, 50), SVSHM_TIMED_OUT);
	expect_code(mine, svshm_trylock(mine), SVSHM_BUSY);
	kill(owner.pid, SIGCONT);
	expect_handover(&owner, mine);
	actor_kill(&owner);
	svshm_free(mine);
}
END_TEST

static Suite *make_suite(void)
{
	Suite *suite = suite_create("The lock");
	TCase *tests = tcase_create("lock");

	suite_add_tcase(suite, tests);
	tcase_set_timeout(tests, 120);
	tcase_add_test(tests, lock_loses_no_update_of_eight_processes);
	tcase_add_test(tests, lock_excludes_threads_with_a_handle_each);
	tcase_add_test(tests, lock_is_busy_for_another_thread);
	tcase_add_test(tests, lock_is_busy_or_times_out);
	tcase_add_test(tests, lock_is_no_deadlock_with_oneself);
	tcase_add_test(tests, lock_is_unlocked_by_its_owner_only);
	tcase_add_test(tests, lock_of_a_removed_object_is_told);
	tcase_add_test(tests, lock_is_owned_by_who_creates_locked);
	tcase_add_test(tests, lock_is_owned_from_the_start);
	tcase_add_test(tests, lock_time_out_is_not_changed_by_signals);
	tcase_add_test(tests, lock_stays_with_a_stopped_owner);
	return suite;
}

int main(void)
{
	return test_main(make_suite);
}
