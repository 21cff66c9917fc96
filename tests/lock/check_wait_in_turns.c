/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * P4 and P9: waits with a deadline where there is no semtimedop(), see
 * lib/kernel/semset_wait.c. With semtimedop() the first two tests hold as well;
 * the others look at the turns themselves.
 */
#include <config.h>

#include <signal.h>
#include <sys/sem.h>
#include <time.h>

#include "actor.h"
#include "lock/lock.h"
#include "outside.h"
#include "puppet.h"

#define SIZE 100
#define LONG_MS 30000

/* Shared with all children. */
static struct board {
	volatile bool stop;
	volatile unsigned long turns[4]; /* each child's */
} *board;

/* Values of the lock, as semset_wait.c has them. */
enum { FREE = 0, OWNED = 1, ASKED = 2 };

static int lock_value(const char *key)
{
	struct test_object object;

	ck_assert(test_inspect(key, &object));
	return semctl(object.semaphore_id, SVSHM__SEM_LOCK, GETVAL);
}

static void await_value(const char *key, int value)
{
	struct timespec pause = { 0, 1000000 };

	for (int i = 0; i < LONG_MS && lock_value(key) != value; i++)
		nanosleep(&pause, NULL);
	ck_assert_int_eq(lock_value(key), value);
}

static bool skip_with_semtimedop(void)
{
#if defined(HAVE_SEMTIMEDOP) && HAVE_DECL_SEMTIMEDOP
	return test_skip("semtimedop() waits in the kernel's queue");
#else
	return false;
#endif
}

static int act_lock_long(struct svshm *handle)
{
	return svshm_timedlock(handle, LONG_MS);
}

static int act_lock_soon(struct svshm *handle)
{
	return svshm_timedlock(handle, 100);
}

/* ---- Shares ------------------------------------------------------------- */

struct worker {
	const char *key;
	int number, timeout_ms; /* -1: svshm_lock() */
	long hold_us;
};

static int work(void *context)
{
	const struct worker *worker = context;
	struct svshm *handle = svshm_new(worker->key);
	struct timespec hold = { 0, worker->hold_us * 1000 };

	child_assert(act_attach(handle) == SVSHM_OK);
	while (!board->stop) {
		int code = worker->timeout_ms < 0 ? svshm_lock(handle) :
			svshm_timedlock(handle, worker->timeout_ms);

		child_assert(code == SVSHM_OK);
		board->turns[worker->number]++;
		if (worker->hold_us)
			nanosleep(&hold, NULL);
		child_assert(svshm_unlock(handle) == SVSHM_OK);
	}
	svshm_free(handle);
	return 0;
}

/* Until each has had the lock TURNS times; a worker that starves would fail
   with SVSHM_TIMED_OUT, or never come so far. */
static void share(struct worker *workers, int count, unsigned long turns)
{
	struct svshm *handle = make_object(workers[0].key, SIZE);
	struct timespec pause = { 0, 5000000 };
	pid_t children[4];
	int done = 0;

	board = test_shared(sizeof(*board));
	for (int i = 0; i < count; i++)
		children[i] = test_fork(work, &workers[i]);
	for (int i = 0; i < 2 * LONG_MS / 5 && done < count; i++) {
		nanosleep(&pause, NULL);
		for (done = 0; done < count && board->turns[done] >= turns;)
			done++;
	}
	board->stop = true;
	for (int i = 0; i < count; i++)
		ck_assert_int_eq(test_wait(children[i]), 0);
	ck_assert_msg(done == count, "turns: %lu %lu %lu", board->turns[0],
		      board->turns[1], board->turns[2]);
	svshm_free(handle);
}

START_TEST(lock_lets_no_timed_waiter_starve)
{
	const char *key = test_key("hogs");
	/* Between two of them the lock is hardly ever free. */
	struct worker workers[] = {
		{ key, 0, -1, 2000 }, { key, 1, -1, 2000 },
		{ key, 2, LONG_MS, 0 },
	};

	share(workers, 3, 20);
}
END_TEST

START_TEST(lock_lets_no_sleeper_starve)
{
	const char *key = test_key("sleeper");
	struct worker workers[] = {
		{ key, 0, LONG_MS, 20000 }, { key, 1, LONG_MS, 20000 },
		{ key, 2, -1, 0 },
	};

	share(workers, 3, 5);
}
END_TEST

/* ---- The turn ----------------------------------------------------------- */

START_TEST(lock_turn_is_given_up_at_the_deadline)
{
	const char *key = test_key("deadline");
	struct svshm *handle = make_object(key, SIZE);
	struct actor actor;

	if (skip_with_semtimedop())
		return;
	actor_attach(&actor, key);
	expect_code(handle, svshm_lock(handle), SVSHM_OK);
	actor_begin(&actor, act_lock_soon);
	await_value(key, OWNED + ASKED);
	expect_end(&actor, SVSHM_TIMED_OUT);
	ck_assert_int_eq(lock_value(key), OWNED);
	expect_code(handle, svshm_unlock(handle), SVSHM_OK);
	ck_assert_int_eq(lock_value(key), FREE);
	actor_exit(&actor);
	svshm_free(handle);
}
END_TEST

START_TEST(lock_turn_keeps_others_out)
{
	const char *key = test_key("turn");
	struct svshm *handle = make_object(key, SIZE);
	struct actor actor;

	if (skip_with_semtimedop())
		return;
	actor_attach(&actor, key);
	expect_code(handle, svshm_lock(handle), SVSHM_OK);
	actor_begin(&actor, act_lock_long);
	await_value(key, OWNED + ASKED);
	/* While it stands still, its turn stands. */
	ck_assert_int_eq(kill(actor.pid, SIGSTOP), 0);
	expect_code(handle, svshm_unlock(handle), SVSHM_OK);
	ck_assert_int_eq(lock_value(key), ASKED);
	expect_code(handle, svshm_trylock(handle), SVSHM_BUSY);
	ck_assert_int_eq(kill(actor.pid, SIGCONT), 0);
	expect_end(&actor, SVSHM_OK);
	ck_assert_int_eq(lock_value(key), OWNED);
	expect_act(&actor, svshm_unlock, SVSHM_OK);
	ck_assert_int_eq(lock_value(key), FREE);
	actor_exit(&actor);
	svshm_free(handle);
}
END_TEST

START_TEST(lock_turn_ends_with_who_asked)
{
	const char *key = test_key("asker");
	struct svshm *handle = make_object(key, SIZE);
	struct actor actor;

	if (skip_with_semtimedop())
		return;
	actor_attach(&actor, key);
	expect_code(handle, svshm_lock(handle), SVSHM_OK);
	actor_begin(&actor, act_lock_long);
	await_value(key, OWNED + ASKED);
	actor_kill(&actor);
	ck_assert_int_eq(lock_value(key), OWNED);
	expect_code(handle, svshm_unlock(handle), SVSHM_OK);
	expect_code(handle, svshm_trylock(handle), SVSHM_OK);
	svshm_free(handle);
}
END_TEST

START_TEST(lock_turn_after_a_dead_owner_is_told)
{
	const char *key = test_key("owner");
	struct svshm *handle = make_object(key, SIZE);
	struct actor owner, waiter;

	if (skip_with_semtimedop())
		return;
	actor_attach(&owner, key);
	actor_attach(&waiter, key);
	expect_act(&owner, svshm_lock, SVSHM_OK);
	actor_begin(&waiter, act_lock_long);
	await_value(key, OWNED + ASKED);
	actor_kill(&owner);
	expect_end(&waiter, SVSHM_OWNER_DIED);
	ck_assert_int_eq(lock_value(key), OWNED);
	actor_exit(&waiter);
	svshm_free(handle);
}
END_TEST

static Suite *make_suite(void)
{
	Suite *suite = suite_create("The lock in turns");
	TCase *tcase = tcase_create("turns");

	tcase_add_test(tcase, lock_lets_no_timed_waiter_starve);
	tcase_add_test(tcase, lock_lets_no_sleeper_starve);
	tcase_add_test(tcase, lock_turn_is_given_up_at_the_deadline);
	tcase_add_test(tcase, lock_turn_keeps_others_out);
	tcase_add_test(tcase, lock_turn_ends_with_who_asked);
	tcase_add_test(tcase, lock_turn_after_a_dead_owner_is_told);
	tcase_set_timeout(tcase, 120);
	suite_add_tcase(suite, tcase);
	return suite;
}

int main(void)
{
	svshm__lock_engine_of_new = SVSHM__LOCK_PORTABLE;
	return test_main(make_suite);
}
