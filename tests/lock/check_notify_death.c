/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * P4: no change is lost, whoever is killed where: at each crash point, and at random
 * in storms.
 */
#include <config.h>

#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/atomic.h"
#include "changes.h"
#include "lock/lock.h"
#include "memory/layout.h"
#include "outside.h"

/* ---- At each point ------------------------------------------------------ */

static const struct {
	const char *point;
	bool changed;  /* the notifier that has died there has made a change */
	bool with_bit; /* it goes there only if somebody seems to sleep */
} deaths[] = {
	{ "notify:counted", true, false },
	{ "notify:sleepers seen", false, true },
	{ "notify:rung", true, true },
	{ "notify:bit cleared", true, true },
};

#define DEATHS ((int)(sizeof(deaths) / sizeof(*deaths)))

START_TEST(change_is_made_and_told_or_neither)
{
	if (!choose_world(WITH_FUTEX))
		return;

	const char *key = test_key("death");
	struct svshm *handle = make_object(key, 100);
	bool sleeper = strcmp(deaths[_i].point, "notify:sleepers seen") == 0 ||
		       strcmp(deaths[_i].point, "notify:rung") == 0;
	struct puppet notifier;
	struct actor waiter;

	actor_attach(&waiter, key);
	puppet_start(&notifier, key);
	puppet_expect(&notifier, act_attach, SVSHM_OK);
	if (sleeper) {
		actor_begin(&waiter, act_wait_beyond_0);
		await_sleepers(handle);
	} else if (deaths[_i].with_bit) {
		svshm__store(changes_of(handle), SVSHM__CHANGE_SLEEPERS);
	}
	puppet_arm(&notifier, deaths[_i].point, SIGKILL);
	puppet_expect(&notifier, svshm_notify, PUPPET_DIED);
	ck_assert_uint_eq(svshm_changes(handle), deaths[_i].changed);
	if (!deaths[_i].changed)
		expect_code(handle, svshm_notify(handle), SVSHM_OK);
	if (sleeper)
		expect_end(&waiter, 0);
	else
		expect_act(&waiter, act_wait_beyond_0, 0);
	actor_kill(&waiter);
	svshm_free(handle);
}
END_TEST

static const char *const waiter_points[] = { "wait:announced", "wait:woken" };

START_TEST(waiter_who_dies_keeps_nobody)
{
	if (!choose_world(WITH_FUTEX))
		return;

	const char *key = test_key("waiter");
	struct svshm *handle = make_object(key, 100);
	struct puppet victim;
	struct actor other;

	actor_attach(&other, key);
	puppet_start(&victim, key);
	puppet_expect(&victim, act_attach, SVSHM_OK);
	puppet_arm(&victim, waiter_points[_i], SIGKILL);
	puppet_begin(&victim, act_wait);
	await_sleepers(handle);
	actor_begin(&other, act_wait_beyond_0);
	/* Who has died before he slept is not woken by it. */
	expect_code(handle, svshm_notify(handle), SVSHM_OK);
	ck_assert_int_eq(puppet_end(&victim), PUPPET_DIED);
	expect_end(&other, 0);
	expect_code(handle, svshm_notify(handle), SVSHM_OK);
	expect_code(handle, svshm_notify(handle), SVSHM_OK);
	ck_assert_uint_eq(word_of(handle), 3 * SVSHM__CHANGE);
	actor_kill(&other);
	svshm_free(handle);
}
END_TEST

/* ---- The storm ------------------------------------------------------------- */

#define NOTIFIERS 4
#define WAITERS 6
#define KILLS 60

struct storm {
	const char *key;
	uint32_t last; /* change; 0: not yet known */
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
	while (seen == 0 || seen != svshm__load(&storm->last)) {
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

	/* The third: with the other lock, and so the long way. */
	if (!choose_world(_i % WORLDS))
		return;
	if (_i == WORLDS)
		svshm__lock_engine_of_new = SVSHM__LOCK_PORTABLE;
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
	svshm__store(&storm->last, svshm_changes(handle) + 1);
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

static Suite *make_suite(void)
{
	Suite *suite = suite_create("Waiting for a change, and death");
	TCase *tests = tcase_create("notify death");

	suite_add_tcase(suite, tests);
	tcase_set_timeout(tests, 180);
	tcase_add_loop_test(tests, change_is_made_and_told_or_neither, 0,
			    DEATHS);
	tcase_add_loop_test(tests, waiter_who_dies_keeps_nobody, 0, 2);
	tcase_add_loop_test(tests, storm_loses_no_change, 0, WORLDS + 1);
	return suite;
}

int main(void)
{
	return test_main(make_suite);
}
