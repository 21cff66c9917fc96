/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * P4 and P10: two keys of Qt's with one lock, in one process. A thread that has
 * it by the one key does not wait for itself by the other; another thread
 * waits; and it is held until its owner gives it back, or has ended. See
 * one_lock.h.
 */
#include <config.h>

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ipc.h>
#include <sys/sem.h>

#include "kernel/process.h"
#include "one_lock.h"
#include "outside.h"

/* ---- Threads ----------------------------------------------------------- */

START_TEST(qt_shared_lock_is_no_deadlock)
{
	make_keys();

	struct svshm *one = qt_make(keys[ONE], 8), *two = qt_make(keys[TWO], 8);
	int set = qt_set_of(keys[ONE]);

	expect_code(one, svshm_lock(one), 0);
	expect_failure(two, svshm_trylock(two), SVSHM_DEADLOCK, "another key");
	expect_failure(two, svshm_timedlock(two, 5000), SVSHM_DEADLOCK,
		       "same semaphore");
	expect_code(two, svshm_lock(two), SVSHM_DEADLOCK);
	expect_code(two, svshm_unlock(two), SVSHM_NOT_OWNER);
	/* Inside it is already. */
	expect_code(two, svshm_detach(two), 0);
	ck_assert_int_eq(qt_set_of(keys[ONE]), set);
	ck_assert_int_eq(wire_value(keys[ONE]), 0);
	expect_code(two, svshm_create_locked(two, 8, SVSHM_READ_WRITE),
		    SVSHM_DEADLOCK);
	ck_assert(!svshm_is_attached(two));
	expect_code(two, svshm_attach(two, SVSHM_READ_WRITE), SVSHM_NOT_FOUND);
	expect_code(two, svshm_create(two, 9, SVSHM_READ_WRITE), 0);
	ck_assert_int_eq(wire_value(keys[ONE]), 0);
	expect_code(one, svshm_unlock(one), 0);
	ck_assert_int_eq(wire_value(keys[ONE]), 1);
	expect_code(two, svshm_lock(two), 0);
	expect_code(one, svshm_lock(one), SVSHM_DEADLOCK);
	expect_code(two, svshm_unlock(two), 0);
	svshm_free(one);
	svshm_free(two);
	expect_nothing();
}
END_TEST

/* Who leaves with the other key's lock leaves that, and a file. */
START_TEST(qt_shared_lock_stays_with_its_owner)
{
	make_keys();

	struct svshm *one = qt_make(keys[ONE], 8), *two = qt_handle(keys[TWO]);
	struct actor waiter;

	actor_attach(&waiter, keys[ONE]);
	expect_code(two, svshm_create(two, 8, SVSHM_READ_WRITE), 0);
	expect_code(one, svshm_lock(one), 0);
	actor_block(&waiter, svshm_lock);
	svshm_free(two);
	ck_assert(test_is_blocked(waiter.pid) ||
		  !svshm__process_sees_all());
	expect_code(one, svshm_unlock(one), 0);
	expect_end(&waiter, SVSHM_OK);
	expect_act(&waiter, svshm_unlock, SVSHM_OK);
	svshm_free(one);
	actor_exit(&waiter);
	ck_assert(qt_nothing_left(keys[ONE]));
	expect_file_only(TWO);
}
END_TEST

struct other_thread {
	struct svshm *handle;
	int code;
	struct test_event done;
};

static void *lock_in_thread(void *context)
{
	struct other_thread *other = context;

	other->code = svshm_lock(other->handle);
	test_event_post(&other->done);
	if (!other->code)
		other->code = svshm_unlock(other->handle);
	return NULL;
}

static void await_waiter(int set_id)
{
	for (int i = 0; i < 30000 && semctl(set_id, 0, GETNCNT) < 1; i++)
		svshm__process_pause(1);
	ck_assert_int_eq(semctl(set_id, 0, GETNCNT), 1);
}

START_TEST(qt_shared_lock_lets_another_thread_wait)
{
	make_keys();

	struct svshm *one = qt_make(keys[ONE], 8);
	struct other_thread other = { .handle = qt_make(keys[TWO], 8) };
	pthread_t thread;

	test_event_open(&other.done);
	expect_code(one, svshm_lock(one), 0);
	ck_assert_int_eq(pthread_create(&thread, NULL, lock_in_thread, &other),
			 0);
	await_waiter(qt_set_of(keys[ONE]));
	expect_code(one, svshm_unlock(one), 0);
	test_event_await(&other.done);
	ck_assert_int_eq(pthread_join(thread, NULL), 0);
	ck_assert_int_eq(other.code, 0);
	expect_usable_lock(one);
	test_event_close(&other.done);
	svshm_free(other.handle);
	svshm_free(one);
	expect_nothing();
}
END_TEST

/* Another handle's set may have been made anew since this one has looked. */
START_TEST(qt_a_set_made_anew_is_no_deadlock)
{
	const char *key = test_key("anew");
	struct svshm *first = qt_make(key, 8), *second = qt_handle(key);
	char *path = qt_lock_path(key);

	expect_code(second, svshm_attach(second, SVSHM_READ_WRITE), 0);
	ck_assert_int_eq(semctl(semget(ftok(path, 'Q'), 0, 0), 0, IPC_RMID), 0);
	expect_code(first, svshm_lock(first), 0);
	expect_code(second, svshm_timedlock(second, 2000), SVSHM_DEADLOCK);
	expect_code(first, svshm_unlock(first), 0);
	expect_code(second, svshm_timedlock(second, 2000), 0);
	expect_code(second, svshm_unlock(second), 0);
	svshm_free(second);
	svshm_free(first);
	ck_assert(qt_nothing_left(key));
	free(path);
}
END_TEST

/* exit(3) with a lock: the other object's end does not open it. */
static int exit_with_a_lock(void *context)
{
	struct test_event *event = context;
	struct svshm *one = qt_handle(keys[ONE]), *two = qt_handle(keys[TWO]);

	child_assert(svshm_attach(one, SVSHM_READ_WRITE) == 0);
	child_assert(svshm_create(two, 8, SVSHM_READ_WRITE) == 0);
	child_assert(svshm_lock(one) == 0);
	test_event_post(event);
	/* In the exit handler, when the other segment has gone. */
	test_crash_at("qt:file gone", SIGSTOP, 1);
	exit(0);
}

START_TEST(qt_shared_lock_is_held_to_the_end)
{
	make_keys();

	struct svshm *handle = qt_make(keys[ONE], 8);
	struct test_event event;
	struct actor waiter;
	int set;
	pid_t child;

	actor_attach(&waiter, keys[ONE]);
	test_event_open(&event);
	child = test_fork(exit_with_a_lock, &event);
	test_event_await(&event);
	set = qt_set_of(keys[ONE]);
	actor_block(&waiter, svshm_lock);
	test_await_stopped(child);
	ck_assert_int_eq(qt_set_of(keys[ONE]), set);
	ck_assert_int_eq(wire_value(keys[ONE]), 0);
	kill(child, SIGCONT);
	ck_assert_int_eq(test_wait(child), 0);
	expect_end(&waiter, SVSHM_OK);
	expect_act(&waiter, svshm_unlock, SVSHM_OK);
	actor_exit(&waiter);
	svshm_free(handle);
	test_event_close(&event);
	ck_assert(qt_nothing_left(keys[ONE]));
	expect_file_only(TWO);
}
END_TEST

static Suite *make_suite(void)
{
	Suite *suite = suite_create("One lock of two keys, in one process");
	TCase *tcase = tcase_create("shared_threads");

	tcase_set_timeout(tcase, 120);
	tcase_add_test(tcase, qt_shared_lock_is_no_deadlock);
	tcase_add_test(tcase, qt_shared_lock_stays_with_its_owner);
	tcase_add_test(tcase, qt_shared_lock_lets_another_thread_wait);
	tcase_add_test(tcase, qt_a_set_made_anew_is_no_deadlock);
	tcase_add_test(tcase, qt_shared_lock_is_held_to_the_end);
	suite_add_tcase(suite, tcase);
	return suite;
}

int main(void)
{
	return one_lock_main(make_suite);
}
