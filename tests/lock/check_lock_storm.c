/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * P4: the lock in a storm: processes count under it, come and go, wait with and
 * without a time-out, and are killed at random, owners, waiters and newcomers.
 * No count is lost, every death of an owner is told, and nobody starves.
 * SVSHM_TEST_LONG: so many seconds in all, instead of a few.
 */
#include <config.h>

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "actor.h"
#include "lock/lock.h"
#include "puppet.h"

#define WORKERS_MAX 8

/* In the object: under the lock. */
struct counters {
	/* The same, unless an owner died between the two. */
	uint64_t first, second;
	uint64_t owner; /* who is inside, or 0 */
};

/* Beside it: each worker's own. */
static struct share {
	volatile bool stop;
	struct {
		volatile uint64_t counted; /* both counters raised by it */
		volatile uint64_t told;    /* that an owner had died */
		volatile uint32_t errors;
		volatile int code;
		char padding[104];
	} worker[WORKERS_MAX];
} *share;

static const char *key;
static int number; /* the worker's */

static void report(int code)
{
	share->worker[number].errors++;
	share->worker[number].code = code;
}

/* Holding the lock. The counters may be torn only if that is told. */
static void count(struct svshm *handle, int code)
{
	volatile struct counters *counters = svshm_data(handle);

	if (code == SVSHM_OWNER_DIED) {
		share->worker[number].told++;
		counters->second = counters->first;
		counters->owner = 0;
		if (svshm_make_consistent(handle) != SVSHM_OK)
			report(-100);
	}
	if (counters->first != counters->second || counters->owner != 0)
		report(-101);
	counters->owner = (uint64_t)getpid();
	counters->first++;
	if (counters->owner != (uint64_t)getpid())
		report(-102);
	counters->second++;
	counters->owner = 0;
	/* Killed before this: one count more there than here. */
	share->worker[number].counted++;
}

static int take(struct svshm *handle, unsigned turn)
{
	switch (turn % 8) {
	case 0:
		return svshm_trylock(handle);
	case 1:
		return svshm_timedlock(handle, 1);
	case 2:
		return svshm_timedlock(handle, 1000);
	default:
		return svshm_lock(handle);
	}
}

static void round_of(struct svshm *handle, unsigned turn)
{
	int code = take(handle, turn);

	if (code == SVSHM_BUSY || code == SVSHM_TIMED_OUT)
		return;
	if (code < 0) {
		report(code);
		return;
	}
	count(handle, code);
	code = svshm_unlock(handle);
	if (code)
		report(code);
}

static int work(void *context)
{
	struct svshm *handle = svshm_new(key);
	unsigned turn = (unsigned)getpid();

	number = *(const int *)context;
	while (!share->stop) {
		int code = svshm_attach(handle, SVSHM_READ_WRITE);

		if (code < 0) {
			report(code);
			continue;
		}
		/* A newcomer now and then. */
		for (int i = 0; i < 2000 && !share->stop; i++)
			round_of(handle, turn++);
		code = svshm_detach(handle);
		if (code)
			report(code);
	}
	svshm_free(handle);
	return 0;
}

static pid_t start(int which)
{
	static int numbers[WORKERS_MAX];

	numbers[which] = which;
	return test_fork(work, &numbers[which]);
}

static uint64_t sum_of(int workers, bool told)
{
	uint64_t sum = 0;

	for (int i = 0; i < workers; i++)
		sum += told ? share->worker[i].told : share->worker[i].counted;
	return sum;
}

/* Everybody has counted since BEFORE: within a bound, or somebody starves. */
static void await_progress(int workers, const uint64_t *before)
{
	int64_t end = test_now() + 30 * TEST_SECOND;

	for (int i = 0; i < workers; i++)
		while (share->worker[i].counted == before[i]) {
			ck_assert_msg(test_now() < end,
				      "worker %d of %d has not got the lock in "
				      "30 s", i, workers);
			usleep(1000);
		}
}

static unsigned storm(int workers, double duration)
{
	int64_t end = test_now() + (int64_t)(duration * TEST_SECOND);
	pid_t pids[WORKERS_MAX];
	unsigned kills = 0;

	for (int i = 0; i < workers; i++)
		pids[i] = start(i);
	while (test_now() < end) {
		uint64_t before[WORKERS_MAX];
		int victim = rand() % workers;

		for (int i = 0; i < workers; i++)
			before[i] = share->worker[i].counted;
		usleep((useconds_t)(rand() % 3000));
		test_kill(pids[victim]);
		kills++;
		pids[victim] = start(victim);
		if (kills % 16 == 0)
			await_progress(workers, before);
	}
	share->stop = true;
	for (int i = 0; i < workers; i++)
		ck_assert_int_eq(test_wait(pids[i]), 0);
	return kills;
}

static const int sizes[] = { 2, 4, 8 };

START_TEST(lock_loses_no_count_in_a_storm)
{
	const char *wanted = getenv("SVSHM_TEST_LONG");
	double duration = wanted && atof(wanted) > 1 ? atof(wanted) / 6 : 1.5;
	unsigned engine = SVSHM__LOCK_PORTABLE + (unsigned)_i / 3, kills;
	int workers = sizes[_i % 3];
	unsigned seed = (unsigned)time(NULL);
	struct svshm *mine;
	struct counters *counters;
	uint64_t counted;

	if (!svshm__lock_engine(engine))
		return; /* not in this build */
	svshm__lock_engine_of_new = engine;
	srand(seed);
	key = test_key("storm");
	share = test_shared(sizeof(*share));
	mine = make_object(key, sizeof(*counters));
	counters = svshm_data(mine);
	kills = storm(workers, duration);

	int code = svshm_timedlock(mine, 20000);

	if (code == SVSHM_OWNER_DIED)
		counters->second = counters->first;
	ck_assert_msg(code >= 0, "seed %u: %s", seed, svshm_error_string(mine));
	for (int i = 0; i < workers; i++)
		ck_assert_msg(share->worker[i].errors == 0,
			      "seed %u: worker %d: %u errors, the last is %d",
			      seed, i, share->worker[i].errors,
			      share->worker[i].code);
	/* Each kill can have cost one count between the two. */
	counted = sum_of(workers, false);
	ck_assert_uint_ge(counters->first, counted);
	ck_assert_uint_le(counters->first, counted + kills);
	printf("%s lock, %d processes: %u kills, %llu owners died, "
	       "%llu counts\n",
	       engine == SVSHM__LOCK_PORTABLE ? "portable" : "fast", workers,
	       kills, (unsigned long long)sum_of(workers, true),
	       (unsigned long long)counters->first);
	fflush(stdout);
	expect_code(mine, svshm_unlock(mine), SVSHM_OK);
	svshm_free(mine);
	ck_assert(test_nothing_left(key));
}
END_TEST

static Suite *make_suite(void)
{
	Suite *suite = suite_create("The lock in a storm");
	TCase *tcase = tcase_create("storm");

	tcase_add_loop_test(tcase, lock_loses_no_count_in_a_storm, 0, 6);
	tcase_set_timeout(tcase, 600);
	suite_add_tcase(suite, tcase);
	return suite;
}

int main(void)
{
	return test_main(make_suite);
}
