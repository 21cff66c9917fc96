/* SPDX-License-Identifier: BSD-2-Clause */
/* P1: one name, one object: of processes that race for it, one wins. */
#include <config.h>

#include <pthread.h>

#include "handle.h"
#include "puppet.h"

#define PROCESSES 8
#define ROUNDS 40

struct race {
	bool orphan;    /* there is one */
	bool small;     /* it has room for fewer than the racers ask for */
	bool attachers; /* every other racer attaches */
};

static const struct race races[] = {
	{ false, false, false }, { false, false, true }, { true, false, false },
	{ true, false, true },   { true, true, false },  { true, true, true },
};

static struct ring {
	pthread_barrier_t barrier;
	struct race race;
	const char *keys[ROUNDS];
	int codes[PROCESSES];
	int segments[PROCESSES];
} *ring; /* shared by all racers */

static bool attaches(int racer)
{
	return ring->race.attachers && racer % 2 == 1;
}

static int leave_orphan(void *context)
{
	struct svshm *handle = svshm_new(context);

	if (ring->race.small)
		svshm_set_max_processes(handle, 14);
	return svshm_create(handle, 10, SVSHM_READ_WRITE);
}

/* All have had their turn, and nobody has detached. */
static void check_race(const char *key)
{
	int created = 0, orphaned = 0, segment = -1;

	for (int i = 0; i < PROCESSES; i++) {
		int code = ring->codes[i];

		created += !attaches(i) && code >= 0;
		orphaned += code == SVSHM_ORPHANED;
		child_assert(code == SVSHM_OK || code == SVSHM_ORPHANED ||
			     code == (attaches(i) ? SVSHM_NOT_FOUND :
						    SVSHM_ALREADY_EXISTS));
		child_assert(code != SVSHM_NOT_FOUND || !ring->race.orphan);
		if (code < 0)
			continue;
		child_assert(segment < 0 || ring->segments[i] == segment);
		segment = ring->segments[i];
	}
	child_assert(orphaned == (ring->race.orphan ? 1 : 0));
	child_assert(created == 1 ||
		     (created == 0 && ring->race.orphan &&
		      ring->race.attachers));
	child_assert(test_count_segments(key) == 1);
}

static void run_race(int racer, const char *key)
{
	struct svshm *handle = svshm_new(key);

	if (racer == 0 && ring->race.orphan)
		child_assert(test_wait(test_fork(leave_orphan,
						 (void *)(uintptr_t)key)) == 0);
	pthread_barrier_wait(&ring->barrier);
	ring->codes[racer] = attaches(racer) ?
		svshm_attach(handle, SVSHM_READ_WRITE) :
		svshm_create(handle, 10, SVSHM_READ_WRITE);
	if (svshm_is_attached(handle))
		ring->segments[racer] = handle->attachment->segment_id;
	pthread_barrier_wait(&ring->barrier);
	if (racer == 0)
		check_race(key);
	pthread_barrier_wait(&ring->barrier);
	svshm_free(handle);
	pthread_barrier_wait(&ring->barrier);
	if (racer == 0) {
		child_assert(test_nothing_left(key));
		child_assert(count_sets(key) == 0);
	}
}

static int run_races(void *context)
{
	const int *racer = context;

	for (int i = 0; i < ROUNDS; i++)
		run_race(*racer, ring->keys[i]);
	return 0;
}

START_TEST(one_racer_wins)
{
	pthread_barrierattr_t shared;
	pid_t children[PROCESSES];

	ring = test_shared(sizeof(*ring));
	ring->race = races[_i];
	for (int i = 0; i < ROUNDS; i++)
		ring->keys[i] = test_key("race");
	pthread_barrierattr_init(&shared);
	pthread_barrierattr_setpshared(&shared, PTHREAD_PROCESS_SHARED);
	pthread_barrier_init(&ring->barrier, &shared, PROCESSES);
	for (int i = 0; i < PROCESSES; i++)
		children[i] = test_fork(run_races, &i);
	for (int i = 0; i < PROCESSES; i++)
		ck_assert_int_eq(test_wait(children[i]), 0);
}
END_TEST

static Suite *make_suite(void)
{
	Suite *suite = suite_create("one name, one object: races");
	TCase *tcase = tcase_create("races");

	tcase_set_timeout(tcase, 180);
	tcase_add_loop_test(tcase, one_racer_wins, 0,
			    (int)(sizeof(races) / sizeof(*races)));
	suite_add_tcase(suite, tcase);
	return suite;
}

int main(void)
{
	return test_main(make_suite);
}
