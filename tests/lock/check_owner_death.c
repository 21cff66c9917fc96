/* SPDX-License-Identifier: BSD-2-Clause */
/* P4: the lock survives the death of owners and waiters, and tells of it. */
#include <config.h>

#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "actor.h"
#include "outside.h"
#include "puppet.h"

/* ---- One death ---------------------------------------------------------- */

START_TEST(lock_tells_a_waiter_of_the_death)
{
	const char *key = test_key("owner-dies");
	struct svshm *mine = make_object(key, 1);
	struct actor owner, waiters[2];

	actor_own(&owner, key);
	for (int i = 0; i < 2; i++) {
		actor_attach(&waiters[i], key);
	}
	actor_block(&waiters[0], svshm_lock);
	actor_kill(&owner);
	expect_end(&waiters[0], SVSHM_OWNER_DIED);
	actor_block(&waiters[1], act_timedlock_long);
	actor_kill(&waiters[0]);
	expect_end(&waiters[1], SVSHM_OWNER_DIED);
	expect_act(&waiters[1], svshm_make_consistent, SVSHM_OK);
	expect_handover(&waiters[1], mine);
	actor_kill(&waiters[1]);
	svshm_free(mine);
	ck_assert(test_nothing_left(key));
}
END_TEST

START_TEST(lock_tells_of_a_death_until_made_consistent)
{
	const char *key = test_key("told");
	struct svshm *mine = make_object(key, 1);
	struct actor owner, other;
	struct test_object object;

	actor_own(&owner, key);
	actor_attach(&other, key);
	ck_assert(test_inspect(key, &object) && object.locked);
	ck_assert(!object.owner_died);
	actor_kill(&owner);
	ck_assert(test_inspect(key, &object) && !object.locked);
	ck_assert(object.owner_died);
	for (int i = 0; i < 2; i++) {
		expect_code(mine, svshm_lock(mine), SVSHM_OWNER_DIED);
		expect_code(mine, svshm_unlock(mine), SVSHM_OK);
		expect_act(&other, svshm_trylock, SVSHM_OWNER_DIED);
		expect_act(&other, svshm_unlock, SVSHM_OK);
	}
	expect_code(mine, svshm_timedlock(mine, 0), SVSHM_OWNER_DIED);
	expect_code(mine, svshm_make_consistent(mine), SVSHM_OK);
	expect_code(mine, svshm_unlock(mine), SVSHM_OK);
	expect_act(&other, svshm_lock, SVSHM_OK);
	ck_assert(test_inspect(key, &object) && !object.owner_died);
	actor_kill(&other);
	svshm_free(mine);
}
END_TEST

START_TEST(lock_goes_on_when_a_waiter_dies)
{
	const char *key = test_key("waiter-dies");
	struct svshm *mine = make_object(key, 1);
	struct actor waiters[3];

	expect_code(mine, svshm_lock(mine), SVSHM_OK);
	for (int i = 0; i < 3; i++) {
		actor_attach(&waiters[i], key);
		actor_block(&waiters[i], svshm_lock);
	}
	actor_kill(&waiters[1]);
	expect_code(mine, svshm_unlock(mine), SVSHM_OK);
	/* Killed right at its turn, perhaps. */
	actor_kill(&waiters[0]);
	int code = actor_end(&waiters[2]);

	ck_assert(code == SVSHM_OK || code == SVSHM_OWNER_DIED);
	expect_act(&waiters[2], svshm_make_consistent, SVSHM_OK);
	expect_handover(&waiters[2], mine);
	actor_kill(&waiters[2]);
	svshm_free(mine);
}
END_TEST

static int act_free(struct svshm *handle)
{
	/* The actor's own stays, to tell the result. */
	struct svshm *other = svshm_new(svshm_key(handle));

	child_assert(act_attach(other) == SVSHM_OK);
	child_assert(svshm_lock(other) == SVSHM_OK);
	svshm_free(other);
	return SVSHM_OK;
}

START_TEST(lock_is_released_by_detach_and_free)
{
	const char *key = test_key("detach");
	struct svshm *mine = make_object(key, 1);
	struct actor owner, waiter;

	actor_attach(&owner, key);
	actor_attach(&waiter, key);
	expect_act(&owner, act_free, SVSHM_OK);
	expect_code(mine, svshm_trylock(mine), SVSHM_OK);
	expect_code(mine, svshm_unlock(mine), SVSHM_OK);
	expect_act(&owner, svshm_lock, SVSHM_OK);
	actor_block(&waiter, svshm_lock);
	expect_act(&owner, svshm_detach, SVSHM_OK);
	expect_end(&waiter, SVSHM_OK);
	actor_kill(&owner);
	actor_kill(&waiter);
	svshm_free(mine);
	ck_assert(test_nothing_left(key));
}
END_TEST

START_TEST(lock_tells_of_an_exit_while_holding)
{
	const char *key = test_key("exit");
	struct svshm *mine = make_object(key, 1);
	struct actor owner, waiter;

	actor_own(&owner, key);
	actor_attach(&waiter, key);
	actor_block(&waiter, svshm_lock);
	actor_exit(&owner);
	expect_end(&waiter, SVSHM_OWNER_DIED);
	actor_kill(&waiter);
	svshm_free(mine);
	ck_assert(test_nothing_left(key));
}
END_TEST

static int act_write(struct svshm *handle)
{
	signal(SIGSEGV, SIG_DFL);
	*(volatile char *)svshm_data(handle) = 'x';
	return 0;
}

START_TEST(lock_works_for_read_only_handles)
{
	const char *key = test_key("read-only");
	struct svshm *mine = make_object(key, 10000);
	struct actor reader;

	actor_enter(&reader, key);
	expect_act(&reader, act_attach_read_only, SVSHM_OK);
	expect_act(&reader, svshm_lock, SVSHM_OK);
	expect_handover(&reader, mine);
	expect_act(&reader, svshm_lock, SVSHM_OK);
	if (test_skip_without_protection()) {
		expect_act(&reader, svshm_unlock, SVSHM_OK);
		actor_exit(&reader);
		svshm_free(mine);
		return;
	}
	actor_begin(&reader, act_write);
	ck_assert_int_eq(test_wait(reader.pid), 256 + SIGSEGV);
	ck_assert(has_bytes(mine, 10000, 0));
	expect_code(mine, svshm_lock(mine), SVSHM_OWNER_DIED);
	svshm_free(mine);
}
END_TEST

/* ---- Deaths at any moment ----------------------------------------------- */

#define WORKERS 8
#define KILLS 300

/* In the object: whole if opening == closing, nobody is inside, and both are
   the sum of what is done. */
struct ledger {
	volatile unsigned long opening, closing;
	volatile int inside;
};

/* Beside the object. done[] is written by each worker inside the lock. */
static struct board {
	volatile unsigned long done[WORKERS];
	volatile unsigned long reports, repairs;
	volatile bool stop;
} *board;

struct worker {
	const char *key;
	int number;
};

static unsigned long sum_done(void)
{
	unsigned long sum = 0;

	for (int i = 0; i < WORKERS; i++)
		sum += board->done[i];
	return sum;
}

static bool is_whole(const struct ledger *ledger)
{
	return !ledger->inside && ledger->opening == ledger->closing &&
	       ledger->opening == sum_done();
}

static void book(struct ledger *ledger, int worker)
{
	ledger->inside = 1;
	ledger->opening++;
	sched_yield();
	board->done[worker]++;
	ledger->closing++;
	ledger->inside = 0;
}

/* Every second owner that is told repairs; the next is told again, or not. */
static void repair(struct svshm *handle, struct ledger *ledger)
{
	if (board->reports++ % 2)
		return;
	ledger->opening = ledger->closing = sum_done();
	ledger->inside = 0;
	board->repairs++;
	child_assert(svshm_make_consistent(handle) == SVSHM_OK);
}

/* All three ways to take the lock, in turn. */
static int take(struct svshm *handle, unsigned turn)
{
	if (turn % 4 == 1)
		return svshm_trylock(handle);
	if (turn % 4 == 2)
		return svshm_timedlock(handle, 1);
	return svshm_lock(handle);
}

static int work(void *context)
{
	const struct worker *worker = context;
	struct svshm *handle = svshm_new(worker->key);

	child_assert(svshm_attach(handle, SVSHM_READ_WRITE) == SVSHM_OK);

	struct ledger *ledger = svshm_data(handle);

	for (unsigned turn = 0; !board->stop; turn++) {
		int code = take(handle, turn);

		if (code == SVSHM_BUSY || code == SVSHM_TIMED_OUT)
			continue;
		child_assert(code == SVSHM_OK || code == SVSHM_OWNER_DIED);
		if (code == SVSHM_OWNER_DIED) {
			repair(handle, ledger);
		} else {
			child_assert(is_whole(ledger));
			book(ledger, worker->number);
		}
		child_assert(svshm_unlock(handle) == SVSHM_OK);
	}
	svshm_free(handle);
	return 0;
}

/* Work goes on, whoever died: the moment of the next kill is in the middle of
   some turn. */
static void await_work(unsigned long more)
{
	unsigned long goal = sum_done() + more;

	for (int i = 0; sum_done() < goal; i++) {
		struct timespec pause = { 0, 100000 };

		ck_assert_msg(i < 300000, "the work does not go on");
		nanosleep(&pause, NULL);
	}
}

START_TEST(lock_survives_kills_at_random)
{
	const char *key = test_key("kills");
	struct svshm *mine = make_object(key, sizeof(struct ledger));
	struct worker worker = { key, 0 };
	pid_t pids[WORKERS];

	board = test_shared(sizeof(*board));
	for (; worker.number < WORKERS; worker.number++)
		pids[worker.number] = test_fork(work, &worker);
	for (int i = 0; i < KILLS; i++) {
		await_work((unsigned long)rand() % 20);
		worker.number = rand() % WORKERS;
		kill(pids[worker.number], SIGKILL);
		ck_assert_int_eq(test_wait(pids[worker.number]),
				 256 + SIGKILL);
		pids[worker.number] = test_fork(work, &worker);
	}
	await_work(100);
	board->stop = true;
	for (int i = 0; i < WORKERS; i++)
		ck_assert_int_eq(test_wait(pids[i]), 0);
	ck_assert(svshm_lock(mine) == SVSHM_OWNER_DIED ||
		  is_whole(svshm_data(mine)));
	ck_assert_uint_gt(board->reports, 0);
	ck_assert_uint_gt(board->reports, board->repairs);
	svshm_free(mine);
	ck_assert(test_nothing_left(key));
}
END_TEST

static Suite *make_suite(void)
{
	Suite *suite = suite_create("The lock survives");
	TCase *tests = tcase_create("owner_death");

	suite_add_tcase(suite, tests);
	tcase_set_timeout(tests, 120);
	tcase_add_test(tests, lock_tells_a_waiter_of_the_death);
	tcase_add_test(tests, lock_tells_of_a_death_until_made_consistent);
	tcase_add_test(tests, lock_goes_on_when_a_waiter_dies);
	tcase_add_test(tests, lock_is_released_by_detach_and_free);
	tcase_add_test(tests, lock_tells_of_an_exit_while_holding);
	tcase_add_test(tests, lock_works_for_read_only_handles);
	tcase_add_test(tests, lock_survives_kills_at_random);
	return suite;
}

int main(void)
{
	return test_main(make_suite);
}
