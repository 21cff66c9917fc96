/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * P4, P5: snapshots beside writers that come as they like and are killed at random,
 * by readers of all kinds: whatever is copied with 0 is whole, and never older
 * than what was copied before.
 * SVSHM_TEST_LONG: so many seconds in all, instead of a few.
 */
#include <config.h>

#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/atomic.h"
#include "lock/lock.h"
#include "outside.h"
#include "puppet.h"

#define WRITERS 2
#define READERS 3
#define WORDS 256

/* In the object: all the same, unless an owner died, or is inside. */
struct page {
	uint64_t words[WORDS];
};

/* Beside it. */
static struct share {
	uint32_t ready, stop;
	struct {
		uint32_t whole, told, late; /* snapshots; time-outs */
		char padding[52];
	} reader[READERS];
	uint32_t rounds; /* of all writers, about */
} *share;

static const char *key;

static void pause_a_little(unsigned turn)
{
	if (turn % 1024 == 0)
		usleep(200);
	else if (turn % 2 == 0)
		sched_yield();
}

/* ---- Writers -------------------------------------------------------------------- */

/* Others may come to run in the middle, now and then. */
static void write_all(struct page *page, uint64_t value)
{
	volatile uint64_t *words = page->words;

	for (int i = 0; i < WORDS; i++) {
		words[i] = value;
		if (i == WORDS / 2 && value % 4 == 0)
			sched_yield();
	}
}

/* Every second one who is told puts it right. */
static void write_once(struct svshm *handle, unsigned turn)
{
	struct page *page = svshm_data(handle);
	int code = svshm_lock(handle);

	child_assert(code >= 0);
	/* The first word is written first: it is the newest. */
	write_all(page, page->words[0] + 1);
	if (code == SVSHM_OWNER_DIED && turn % 2)
		child_assert(svshm_make_consistent(handle) == SVSHM_OK);
	child_assert(svshm_unlock(handle) == SVSHM_OK);
	svshm__add(&share->rounds, 1);
}

static int write_on(void *context)
{
	struct svshm *handle = svshm_new(key);

	(void)context;
	child_assert(svshm_attach(handle, SVSHM_READ_WRITE) >= 0);
	for (unsigned turn = 0; !svshm__load(&share->stop); turn++) {
		write_once(handle, turn);
		pause_a_little(turn);
	}
	svshm_free(handle);
	return 0;
}

/* ---- Readers -------------------------------------------------------------------- */

/* What is at the words' places in a copy from OFFSET on. 0: not all the same. */
static uint64_t value_of(const unsigned char *copy, size_t offset, size_t length)
{
	size_t start = (8 - offset % 8) % 8;
	uint64_t first, other;

	memcpy(&first, copy + start, sizeof(first));
	for (; start + sizeof(other) <= length; start += sizeof(other)) {
		memcpy(&other, copy + start, sizeof(other));
		if (other != first)
			return 0;
	}
	return first;
}

/* The three of them: they may write, have asked to read only, may only read. */
static struct svshm *enter_as_reader(int number)
{
	struct svshm *handle = svshm_new(key);

	if (number == 2 && geteuid() == 0)
		become(BOB);
	while (!svshm__load(&share->ready))
		usleep(1000);

	int code = svshm_attach(handle, number == 0 ? SVSHM_READ_WRITE :
						      SVSHM_READ_ONLY);

	child_assert_that(code >= 0, svshm_error_string(handle), __FILE__,
			  __LINE__);
	return handle;
}

static int read_on(void *context)
{
	int number = *(const int *)context;
	struct svshm *handle = enter_as_reader(number);
	unsigned char copy[sizeof(struct page)];
	uint64_t last = 0, value;

	for (unsigned turn = 0; !svshm__load(&share->stop); turn++) {
		size_t offset = turn % 4 == 3 ? turn % 61 : 0;
		size_t length = sizeof(copy) - offset - turn % 3;
		int code = svshm_snapshot(handle, offset, copy, length,
					  turn % 5 ? 100 : 0);

		if (code == SVSHM_TIMED_OUT) {
			share->reader[number].late++;
			continue;
		}
		if (code == SVSHM_OWNER_DIED) {
			svshm__add(&share->reader[number].told, 1);
			continue;
		}
		child_assert(code == SVSHM_OK);
		value = value_of(copy, offset, length);
		child_assert(value != 0);
		child_assert(value >= last);
		last = value;
		svshm__add(&share->reader[number].whole, 1);
	}
	svshm_free(handle);
	return 0;
}

/* ---- The storm ------------------------------------------------------------------- */

static uint32_t least_whole(void)
{
	uint32_t least = UINT32_MAX, whole;

	for (int i = 0; i < READERS; i++) {
		whole = svshm__load(&share->reader[i].whole);
		if (whole < least)
			least = whole;
	}
	return least;
}

/* Everybody goes on, within a bound. */
static void await_progress(uint32_t snapshots, uint32_t rounds)
{
	int64_t end = test_now() + 60 * TEST_SECOND;
	uint32_t whole = least_whole() + snapshots;

	rounds += svshm__load(&share->rounds);
	while (least_whole() < whole ||
	       (int32_t)(svshm__load(&share->rounds) - rounds) < 0) {
		ck_assert_msg(test_now() < end, "no progress for a minute");
		usleep(1000);
	}
}

static unsigned kill_writers(pid_t *writers, double duration)
{
	int64_t end = test_now() + (int64_t)(duration * TEST_SECOND);
	unsigned kills = 0;

	for (; test_now() < end; kills++) {
		int victim = rand() % WRITERS;

		usleep((useconds_t)(rand() % 3000));
		test_kill(writers[victim]);
		writers[victim] = test_fork(write_on, NULL);
		if (kills % 64 == 63)
			await_progress(1, 1);
	}
	return kills;
}

static void prepare(unsigned engine)
{
	svshm__lock_engine_of_new = engine;
	share = test_shared(sizeof(*share));
	use_key_directory("shared", geteuid(), 01777);
	key = test_key("storm");
}

static struct svshm *make_page(void)
{
	struct svshm *handle;

	handle = svshm_new(key);
	expect_code(handle, svshm_set_mode(handle, 0644), SVSHM_OK);
	expect_code(handle, svshm_create(handle, sizeof(struct page),
					 SVSHM_READ_WRITE), SVSHM_OK);
	write_all(svshm_data(handle), 1);
	svshm__store(&share->ready, 1);
	return handle;
}

static void print_result(unsigned engine, unsigned kills)
{
	printf("%s lock: %u rounds, %u kills; whole, told, late:",
	       engine == SVSHM__LOCK_PORTABLE ? "portable" : "fast",
	       share->rounds, kills);
	for (int i = 0; i < READERS; i++)
		printf(" %u, %u, %u;", share->reader[i].whole,
		       share->reader[i].told, share->reader[i].late);
	printf("\n");
	fflush(stdout);
}

START_TEST(snapshots_are_whole_in_a_storm)
{
	const char *wanted = getenv("SVSHM_TEST_LONG");
	double duration = wanted && atof(wanted) > 1 ? atof(wanted) / 4 : 1;
	unsigned engine = SVSHM__LOCK_PORTABLE + (unsigned)_i / 2, kills = 0;
	pid_t writers[WRITERS], readers[READERS];
	int numbers[READERS] = { 0, 1, 2 };
	struct svshm *mine;

	if (!svshm__lock_engine(engine))
		return;
	prepare(engine);
	srand((unsigned)time(NULL));
	/* They inherit nothing: what root has mapped is not to be read by BOB. */
	for (int i = 0; i < READERS; i++)
		readers[i] = test_fork(read_on, &numbers[i]);
	mine = make_page();
	for (int i = 0; i < WRITERS; i++)
		writers[i] = test_fork(write_on, NULL);
	if (_i % 2)
		kills = kill_writers(writers, duration);
	else
		await_progress(wanted ? 1000000 : 3000, wanted ? 1000000 : 30000);
	svshm__store(&share->stop, 1);
	for (int i = 0; i < WRITERS; i++)
		ck_assert_int_eq(test_wait(writers[i]), 0);
	for (int i = 0; i < READERS; i++)
		ck_assert_int_eq(test_wait(readers[i]), 0);
	print_result(engine, kills);
	svshm_free(mine);
	ck_assert(test_nothing_left(key));
}
END_TEST

/* ---- Threads ---------------------------------------------------------------------- */

static void *write_as_thread(void *context)
{
	struct svshm *handle = context;

	for (unsigned turn = 0; !svshm__load(&share->stop); turn++) {
		if (svshm_lock(handle) < 0)
			return handle;
		write_all(svshm_data(handle), turn + 2);
		if (svshm_unlock(handle) < 0)
			return handle;
		pause_a_little(turn);
	}
	return NULL;
}

static bool read_in_thread(struct svshm *handle)
{
	unsigned char copy[sizeof(struct page)];

	for (int i = 0; i < 2000;) {
		int code = svshm_snapshot(handle, 0, copy, sizeof(copy), 1000);

		if (code == SVSHM_TIMED_OUT)
			continue;
		if (code || !value_of(copy, 0, sizeof(copy)))
			return false;
		i++;
	}
	return true;
}

START_TEST(snapshots_are_whole_beside_a_thread)
{
	unsigned engine = SVSHM__LOCK_PORTABLE + (unsigned)_i;
	struct svshm *mine, *other;
	pthread_t writer;
	void *failed;
	bool whole;

	if (!svshm__lock_engine(engine))
		return;
	prepare(engine);
	mine = make_page();
	other = svshm_new(key);
	expect_code(other, svshm_attach(other, SVSHM_READ_ONLY), SVSHM_OK);
	ck_assert_int_eq(pthread_create(&writer, NULL, write_as_thread, mine),
			 0);
	whole = read_in_thread(other);
	svshm__store(&share->stop, 1);
	ck_assert_int_eq(pthread_join(writer, &failed), 0);
	ck_assert_msg(!failed, "%s", svshm_error_string(mine));
	ck_assert_msg(whole, "%s", svshm_error_string(other));
	svshm_free(other);
	svshm_free(mine);
}
END_TEST

static Suite *make_suite(void)
{
	Suite *suite = suite_create("Snapshots in a storm");
	TCase *tests = tcase_create("storm");

	suite_add_tcase(suite, tests);
	tcase_set_timeout(tests, 600);
	tcase_add_loop_test(tests, snapshots_are_whole_in_a_storm, 0, 4);
	tcase_add_loop_test(tests, snapshots_are_whole_beside_a_thread, 0, 2);
	return suite;
}

int main(void)
{
	return test_main(make_suite);
}
