/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * P5: what "not used for long" means for other programs' segments and sets, with
 * times of our own. check_idle.c has real ones.
 */
#include <config.h>

#include <string.h>
#include <time.h>
#include <unistd.h>

#include "recovery/idle.h"
#include "support.h"

#define HOUR 3600

static int64_t ago(int64_t seconds)
{
	return seconds < 0 ? 0 : (int64_t)time(NULL) - seconds;
}

START_TEST(segments_are_judged)
{
	/* -1: never. */
	const struct {
		uint64_t mappings;
		int64_t key, changed, attached, detached;
		bool idle;
	} rows[] = {
		{ 0, 0, 9000, 8000, 7000, true },
		{ 0, 0x1234, 9000, 8000, 7000, true },
		{ 0, 0, 9000, -1, -1, true },
		{ 0, 0, 5, -1, -1, false },
		{ 0, 0, 9000, 8000, 5, false },
		{ 0, 0, 9000, 5, 5, false },
		{ 0, 0, 9000, 5, -1, false },
		/* Given to somebody just now. */
		{ 0, 0, 5, 8000, 7000, false },
		{ 1, 0, 9000, 8000, 7000, false },
		/* A key that may be ours: a scan has mapped it. */
		{ 0, 0x76001234, 9000, 8000, 7000, false },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct svshm__segment_status segment = {
			.key = rows[i].key,
			.size = 4096,
			.mappings = rows[i].mappings,
			.creator_pid = getpid(),
			.last_pid = getpid(),
			.change_time = ago(rows[i].changed),
			.attach_time = ago(rows[i].attached),
			.detach_time = ago(rows[i].detached),
		};
		char reason[512] = "";

		ck_assert_msg(svshm__idle_segment(&segment, HOUR, reason,
						  sizeof(reason)) ==
			      rows[i].idle, "row %zu: %s", i, reason);
		ck_assert_str_ne(reason, "");
	}
}
END_TEST

START_TEST(times_to_come_are_not_long_ago)
{
	struct svshm__segment_status segment = {
		.size = 4096,
		.change_time = ago(0) + 2 * HOUR,
	};
	struct svshm__set_status set = {
		.count = 1,
		.change_time = ago(0) + 2 * HOUR,
	};
	struct svshm__pids pids = { .listed = false };
	struct svshm__set_use use = { .waiters = 0 };
	char reason[512];

	ck_assert(!svshm__idle_segment(&segment, 0, reason, sizeof(reason)));
	ck_assert(!svshm__idle_set(&pids, &set, &use, 0, reason,
				   sizeof(reason)));
	/* As large as it gets. */
	segment.change_time = set.change_time = 1;
	ck_assert(!svshm__idle_segment(&segment, INT64_MAX, reason,
				       sizeof(reason)));
	ck_assert(!svshm__idle_set(&pids, &set, &use, INT64_MAX, reason,
				   sizeof(reason)));
	svshm__pids_free(&pids);
}
END_TEST

static int end_at_once(void *context)
{
	(void)context;
	return 0;
}

START_TEST(sets_are_judged)
{
	struct svshm__pids pids = { .listed = false };
	pid_t dead = test_fork(end_at_once, NULL), living = getpid();

	ck_assert_int_eq(test_wait(dead), 0);

	const struct {
		unsigned waiters;
		pid_t pid; /* 0: nobody, or of another pid namespace */
		int64_t changed, operated, seconds;
		bool idle;
	} rows[] = {
		{ 0, 0, 9000, -1, HOUR, true },
		{ 0, 0, 9000, 8000, HOUR, true },
		{ 0, dead, 9000, 8000, HOUR, true },
		{ 0, 0, 5, -1, HOUR, false },
		{ 0, 0, 9000, 5, HOUR, false },
		{ 0, 0, 5, 8000, HOUR, false },
		{ 1, 0, 9000, 8000, HOUR, false },
		{ 7, dead, 9000, 8000, HOUR, false },
		{ 0, living, 9000, 1, 0, false },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		pid_t pid = rows[i].pid;
		struct svshm__set_use use = {
			.waiters = rows[i].waiters,
			.pids = &pid,
			.pid_count = pid ? 1 : 0,
		};
		struct svshm__set_status set = {
			.count = 1,
			.change_time = ago(rows[i].changed),
			.operation_time = ago(rows[i].operated),
		};
		char reason[512] = "";

		ck_assert_msg(svshm__idle_set(&pids, &set, &use,
					      rows[i].seconds, reason,
					      sizeof(reason)) == rows[i].idle,
			      "row %zu: %s", i, reason);
		ck_assert_str_ne(reason, "");
	}
	svshm__pids_free(&pids);
}
END_TEST

static Suite *make_suite(void)
{
	Suite *suite = suite_create("the rule for what is idle");
	TCase *tests = tcase_create("idle rule");

	suite_add_tcase(suite, tests);
	tcase_add_test(tests, segments_are_judged);
	tcase_add_test(tests, times_to_come_are_not_long_ago);
	tcase_add_test(tests, sets_are_judged);
	return suite;
}

int main(void)
{
	return test_main(make_suite);
}
