/* SPDX-License-Identifier: BSD-2-Clause */
/* No promise: who lives, and what that says of another program's segment. */
#include <config.h>

#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "recovery/estimate.h"
#include "kernel/process.h"
#include "support.h"

static int64_t now(void)
{
	return (int64_t)time(NULL);
}

static int stand_still(void *context)
{
	(void)context;
	for (;;)
		pause();
	return 0;
}

static int end_at_once(void *context)
{
	(void)context;
	return 0;
}

/* ---- Lives --------------------------------------------------------------- */

static enum svshm__life life(pid_t pid, int64_t when)
{
	struct svshm__pids pids = { .listed = false };
	enum svshm__life result = svshm__pids_of(&pids, pid, when);

	/* Remembered is the same. */
	ck_assert_int_eq(svshm__pids_of(&pids, pid, when), result);
	svshm__pids_free(&pids);
	return result;
}

START_TEST(lives_of_the_living_and_the_dead)
{
	pid_t child = test_fork(stand_still, NULL);

	ck_assert_int_eq(life(child, now()), SVSHM__LIFE_ALIVE);
	ck_assert_int_eq(life(child, 0), SVSHM__LIFE_ALIVE);
	test_kill(child);
	ck_assert_int_eq(life(child, now()), SVSHM__LIFE_DEAD);
	ck_assert_int_eq(life(0, now()), SVSHM__LIFE_UNKNOWN);
	ck_assert_int_eq(life(-5, now()), SVSHM__LIFE_UNKNOWN);
}
END_TEST

#ifdef __linux__

/* Started long after the time in question: the pid was somebody else's. */
START_TEST(lives_of_a_pid_that_is_used_again)
{
	pid_t child = test_fork(stand_still, NULL);

	ck_assert_int_eq(life(child, now() - 20), SVSHM__LIFE_DEAD);
	/* Before the boot? Then the clock has been set: no proof. */
	ck_assert_int_eq(life(child, 1000), SVSHM__LIFE_ALIVE);
	test_kill(child);
}
END_TEST

START_TEST(lives_of_a_zombie)
{
	pid_t child = test_fork(end_at_once, NULL);
	siginfo_t info;

	ck_assert_int_eq(waitid(P_PID, (id_t)child, &info, WEXITED | WNOWAIT),
			 0);
	ck_assert_int_eq(life(child, now()), SVSHM__LIFE_DEAD);
	ck_assert_int_eq(test_wait(child), 0);
}
END_TEST

#endif

/* ---- What is kept for the next question --------------------------------- */

START_TEST(lives_are_looked_at_again)
{
	struct svshm__pids pids = { .listed = false };
	pid_t child = test_fork(stand_still, NULL);

	ck_assert_int_eq(svshm__pids_of(&pids, child, 0), SVSHM__LIFE_ALIVE);
	test_kill(child);
	ck_assert_int_eq(svshm__pids_of(&pids, child, 0), SVSHM__LIFE_ALIVE);
	svshm__pids_renew(&pids, 0);
	ck_assert_int_eq(svshm__pids_of(&pids, child, 0), SVSHM__LIFE_DEAD);
	svshm__pids_free(&pids);
}
END_TEST

/* One list for thousands of old sets; a new one for what is new. */
START_TEST(the_list_of_all_is_kept_while_it_proves)
{
	struct svshm__pids pids = { .listed = false };
	pid_t pid;

	svshm__pids_renew(&pids, now());
	svshm__pids_older(&pids, 54321, 54321, now() - 60, &pid);
	ck_assert(pids.listed);
	/* As if it were just done, however busy the machine is. */
	pids.listed_at = svshm__process_now();
	svshm__pids_renew(&pids, now() - 60);
	ck_assert(pids.listed);
	svshm__pids_renew(&pids, now());
	ck_assert(!pids.listed && !pids.all && !pids.count);

	svshm__pids_older(&pids, 54321, 54321, now() - 60, &pid);
	pids.listed_at = svshm__process_now() - 2000 * SVSHM__MILLISECOND;
	svshm__pids_renew(&pids, now() - 60);
	ck_assert(!pids.listed);
	svshm__pids_free(&pids);
}
END_TEST

/* ---- Segments ------------------------------------------------------------ */

static pid_t dead_pid(void)
{
	pid_t child = test_fork(end_at_once, NULL);

	ck_assert_int_eq(test_wait(child), 0);
	return child;
}

START_TEST(segments_are_judged)
{
	struct svshm__pids pids = { .listed = false };
	pid_t dead = dead_pid();
	const struct {
		uint64_t mappings;
		pid_t maker, last;
		int64_t key, age;
		enum svshm_certainty certainty;
	} rows[] = {
		{ 0, dead, dead, 0, 5, SVSHM_CERTAINTY_ALMOST },
		{ 0, dead, dead, 0x1234, 5, SVSHM_CERTAINTY_POSSIBLE },
		{ 0, dead, dead, 0x1234, 90000, SVSHM_CERTAINTY_LIKELY },
		{ 1, dead, dead, 0, 90000, SVSHM_CERTAINTY_NONE },
		{ 0, getpid(), dead, 0, 0, SVSHM_CERTAINTY_NONE },
		{ 0, dead, getpid(), 0, 0, SVSHM_CERTAINTY_NONE },
		{ 0, 0, dead, 0, 5, SVSHM_CERTAINTY_NONE },
		{ 0, dead, 0, 0, 5, SVSHM_CERTAINTY_NONE },
		/* A key that may be ours: a scan has mapped it. */
		{ 0, dead, dead + 1, 0x76001234, 90000, SVSHM_CERTAINTY_NONE },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct svshm__segment_status segment = {
			.key = rows[i].key,
			.size = 4096,
			.mappings = rows[i].mappings,
			.creator_pid = rows[i].maker,
			.last_pid = rows[i].last,
			.attach_time = now() - rows[i].age,
			.change_time = now() - rows[i].age,
		};
		char reason[512] = "";

		ck_assert_msg(svshm__estimate_segment(&pids, &segment, reason,
						     sizeof(reason)) ==
			      rows[i].certainty, "row %zu: %s", i, reason);
		ck_assert_str_ne(reason, "");
	}
	svshm__pids_free(&pids);
}
END_TEST

static Suite *make_suite(void)
{
	Suite *suite = suite_create("Whether other processes live");
	TCase *tests = tcase_create("pids");

	suite_add_tcase(suite, tests);
	tcase_set_timeout(tests, 60);
	tcase_add_test(tests, lives_of_the_living_and_the_dead);
#ifdef __linux__
	tcase_add_test(tests, lives_of_a_pid_that_is_used_again);
	tcase_add_test(tests, lives_of_a_zombie);
#endif
	tcase_add_test(tests, lives_are_looked_at_again);
	tcase_add_test(tests, the_list_of_all_is_kept_while_it_proves);
	tcase_add_test(tests, segments_are_judged);
	return suite;
}

int main(void)
{
	return test_main(make_suite);
}
