/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * P10: threads when something goes wrong beside them: the set is removed under
 * two that detach, one is cancelled, one is in the middle of a visit while
 * another forks.
 */
#include <config.h>

#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <unistd.h>

#include "actor.h"
#include "ids.h"
#include "outside.h"

/* ---- Detach without a gate ----------------------------------------------- */

#define ROUNDS 3000

static pthread_barrier_t barrier;

static void *detach_together(void *context)
{
	struct svshm *handle = context;

	pthread_barrier_wait(&barrier);
	svshm_detach(handle);
	return NULL;
}

/*
 * Nobody is inside the set's gate, as it is no more: only who takes the last
 * handle away may unmap and free.
 */
START_TEST(two_may_detach_as_the_set_goes)
{
	const char *key = test_key("detach");
	struct svshm *handles[2] = { svshm_new(key), svshm_new(key) };
	pthread_t threads[2];
	int segment_id;

	pthread_barrier_init(&barrier, NULL, 2);
	for (int round = 0; round < ROUNDS; round++) {
		expect_code(handles[0], act_create(handles[0]), SVSHM_OK);
		expect_code(handles[1], act_attach(handles[1]), SVSHM_OK);
		segment_id = segment_of(key);
		remove_set_of(key);
		for (int i = 0; i < 2; i++)
			ck_assert_int_eq(pthread_create(&threads[i], NULL,
							detach_together,
							handles[i]), 0);
		for (int i = 0; i < 2; i++)
			pthread_join(threads[i], NULL);
		ck_assert(!segment_is_there(segment_id));
	}
	svshm_free(handles[0]);
	svshm_free(handles[1]);
	ck_assert(test_nothing_left(key));
}
END_TEST

/* ---- Cancellation -------------------------------------------------------- */

static void *come_and_go(void *context)
{
	struct svshm *handle = context;

	for (;;) {
		if (svshm_attach(handle, SVSHM_READ_WRITE) < 0)
			return context;
		svshm_lock(handle);
		svshm_unlock(handle);
		svshm_detach(handle);
		/* Here one may be cancelled, and nowhere before. */
		pthread_testcancel();
	}
}

START_TEST(cancelled_inside_no_gate)
{
	const char *key = test_key("cancel");
	struct svshm *mine = make_object(key, 100);
	struct svshm *handle = svshm_new(key);
	struct actor other;
	pthread_t thread;
	void *result;

	actor_enter(&other, key);
	for (int round = 0; round < 300; round++) {
		ck_assert_int_eq(pthread_create(&thread, NULL, come_and_go,
						handle), 0);
		ck_assert_int_eq(pthread_cancel(thread), 0);
		pthread_join(thread, &result);
		ck_assert_ptr_eq(result, PTHREAD_CANCELED);
		ck_assert(!svshm_is_attached(handle));
		/* Who comes next finds the gate open, and the lock free. */
		expect_act(&other, act_attach, SVSHM_OK);
		expect_act(&other, svshm_trylock, SVSHM_OK);
		expect_act(&other, svshm_unlock, SVSHM_OK);
		expect_act(&other, svshm_detach, SVSHM_OK);
	}
	actor_exit(&other);
	svshm_free(handle);
	svshm_free(mine);
	ck_assert(test_nothing_left(key));
}
END_TEST

static void *wait_for_lock(void *context)
{
	return svshm_timedlock(context, 300) == SVSHM_TIMED_OUT ? NULL :
								   context;
}

/* A wait for the lock goes on: the cancellation comes into effect after it. */
START_TEST(a_wait_is_no_place_to_be_cancelled)
{
	const char *key = test_key("wait");
	struct svshm *handle = make_object(key, 100);
	struct actor owner;
	pthread_t thread;
	void *result;

	actor_own(&owner, key);
	ck_assert_int_eq(pthread_create(&thread, NULL, wait_for_lock, handle),
			 0);
	pthread_cancel(thread);
	pthread_join(thread, &result);
	ck_assert(result == NULL || result == PTHREAD_CANCELED);
	actor_exit(&owner);
	expect_code(handle, svshm_lock(handle), SVSHM_OWNER_DIED);
	svshm_free(handle);
	ck_assert(test_nothing_left(key));
}
END_TEST

/* ---- A visit, and a fork beside it --------------------------------------- */

struct visit {
	const char *key;
	struct test_event inside, go;
};

static int stay(const struct svshm_object *object, void *context)
{
	struct visit *visit = context;

	(void)object;
	test_event_post(&visit->inside);
	test_event_await(&visit->go);
	return 1;
}

static void *look_and_stay(void *context)
{
	struct visit *visit = context;
	struct svshm *handle = svshm_new(visit->key);

	svshm_inspect(handle, stay, visit);
	svshm_free(handle);
	return NULL;
}

/* The stack of the thread that visits is not this process's. */
static int look_in_child(void *context)
{
	struct visit *visit = context;
	char waste[65536];

	memset(waste, 0xff, sizeof(waste));
	child_assert(waste[1000] == (char)0xff);
	child_assert(recover_object(visit->key, SVSHM_RECOVER_DRY_RUN, NULL) ==
		     SVSHM_OK);
	return 0;
}

/* The visit itself forks: both go on from the middle of it. */
static int fork_inside(const struct svshm_object *object, void *context)
{
	pid_t *child = context;
	struct svshm_recovery recovery = { .flags = SVSHM_RECOVER_DRY_RUN };

	*child = fork();
	return svshm_recover(object, &recovery) == SVSHM_OK ? 5 : 6;
}

START_TEST(child_has_no_visitors)
{
	struct visit visit = { .key = test_key("visit") };
	struct svshm *handle = svshm_new(visit.key);
	pthread_t thread;
	pid_t child;

	make_orphan(visit.key, 100, 'o');
	test_event_open(&visit.inside);
	test_event_open(&visit.go);
	ck_assert_int_eq(pthread_create(&thread, NULL, look_and_stay, &visit),
			 0);
	test_event_await(&visit.inside);
	ck_assert_int_eq(test_wait(test_fork(look_in_child, &visit)), 0);
	test_event_post(&visit.go);
	pthread_join(thread, NULL);

	int code = svshm_inspect(handle, fork_inside, &child);

	if (child == 0)
		_exit(code == 5 ? 0 : 1);
	ck_assert_int_eq(code, 5);
	ck_assert_int_eq(test_wait(child), 0);
	svshm_free(handle);
	expect_orphan(visit.key, 100, 'o');
}
END_TEST

/* ---- The longest time ---------------------------------------------------- */

static int act_wait_for_longest(struct svshm *handle)
{
	return svshm_timedlock(handle, INT_MAX);
}

START_TEST(longest_time_out_is_one)
{
	const char *key = test_key("longest");
	struct svshm *handle = make_object(key, 100);
	struct actor waiter;

	actor_attach(&waiter, key);
	expect_code(handle, svshm_timedlock(handle, INT_MAX), SVSHM_OK);
	actor_block(&waiter, act_wait_for_longest);
	expect_code(handle, svshm_unlock(handle), SVSHM_OK);
	expect_end(&waiter, SVSHM_OK);
	actor_exit(&waiter);
	svshm_free(handle);
	ck_assert(test_nothing_left(key));
}
END_TEST

static Suite *make_suite(void)
{
	Suite *suite = suite_create("threads when something goes wrong");
	TCase *tests = tcase_create("cancel");

	suite_add_tcase(suite, tests);
	tcase_set_timeout(tests, 120);
	tcase_add_test(tests, two_may_detach_as_the_set_goes);
	tcase_add_test(tests, cancelled_inside_no_gate);
	tcase_add_test(tests, a_wait_is_no_place_to_be_cancelled);
	tcase_add_test(tests, child_has_no_visitors);
	tcase_add_test(tests, longest_time_out_is_one);
	return suite;
}

int main(void)
{
	return test_main(make_suite);
}
