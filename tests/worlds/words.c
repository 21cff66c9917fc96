/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Two processes of different kinds (32 and 64 bits, say) share an object and
 * count in it, as fast as they can, each under the lock:
 *
 *   words make KEY N &
 *   words join KEY N
 *
 * It is built for processors that have no Check library, so it asserts by
 * itself: exit status 1 and a line says what was wrong. SVSHM_TEST_LOCK=portable
 * in the maker's environment: that engine.
 */
#include <config.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "lock/lock.h"
#include "svshm.h"

/* Widths and places that no compiler pads differently. */
struct shared {
	uint64_t opening, closing; /* alike outside the lock */
	uint64_t counts[2];        /* of the maker, of who joined */
	uint64_t started[2];
};

static struct svshm *handle;

static void require(int holds, const char *what)
{
	if (holds)
		return;
	fprintf(stderr, "words: %s: %s\n", what, svshm_error_string(handle));
	exit(1);
}

static void pause_ms(long milliseconds)
{
	struct timespec pause = { 0, milliseconds * 1000000L };

	nanosleep(&pause, NULL);
}

/* Under the lock: has the other one come so far? Half a minute at most. */
static void await(volatile uint64_t *number, uint64_t value)
{
	uint64_t seen = 0;

	for (int i = 0; i < 30000 && seen < value; i++) {
		require(svshm_lock(handle) == SVSHM_OK, "lock");
		seen = *number;
		require(svshm_unlock(handle) == SVSHM_OK, "unlock");
		if (seen < value)
			pause_ms(1);
	}
	require(seen >= value, "the other one does not come");
}

/* What is of one moment is alike, whoever wrote it. */
static void look_once(void)
{
	struct shared copy;
	int code = svshm_snapshot(handle, 0, &copy, sizeof(copy), 30000);

	require(code == SVSHM_OK, "snapshot");
	require(copy.opening == copy.closing, "a snapshot is torn");
	require(copy.counts[0] + copy.counts[1] == copy.opening,
		"a snapshot is of two moments");
}

static void count_once(volatile struct shared *shared, int self, int timed)
{
	int code = timed ? svshm_timedlock(handle, 30000) : svshm_lock(handle);

	require(code == SVSHM_OK, "lock");
	require(shared->opening == shared->closing, "two are inside");
	shared->opening++;
	shared->counts[self]++;
	shared->closing++;
	require(svshm_unlock(handle) == SVSHM_OK, "unlock");
}

static void enter(int self)
{
	int code = SVSHM_NOT_FOUND;

	if (self == 0) {
		code = svshm_create(handle, sizeof(struct shared),
				    SVSHM_READ_WRITE);
	} else {
		for (int i = 0; i < 30000 && code == SVSHM_NOT_FOUND; i++) {
			code = svshm_attach(handle, SVSHM_READ_WRITE);
			pause_ms(1);
		}
	}
	require(code == SVSHM_OK, self == 0 ? "create" : "attach");
	require(svshm_size(handle) == sizeof(struct shared), "size");
}

int main(int argc, char **argv)
{
	const char *engine = getenv("SVSHM_TEST_LOCK");
	volatile struct shared *shared;
	uint64_t turns;
	int self;

	if (argc != 4 || (strcmp(argv[1], "make") != 0 &&
			  strcmp(argv[1], "join") != 0)) {
		fprintf(stderr, "usage: words make|join KEY N\n");
		return 2;
	}
	if (engine && strcmp(engine, "portable") == 0)
		svshm__lock_engine_of_new = SVSHM__LOCK_PORTABLE;
	self = strcmp(argv[1], "join") == 0;
	turns = strtoull(argv[3], NULL, 10);
	handle = svshm_new(argv[2]);
	require(handle != NULL, "no memory");
	enter(self);
	shared = svshm_data(handle);

	require(svshm_lock(handle) == SVSHM_OK, "lock");
	shared->started[self] = 1;
	require(svshm_unlock(handle) == SVSHM_OK, "unlock");
	await(&shared->started[!self], 1);
	for (uint64_t i = 0; i < turns; i++) {
		count_once(shared, self, i % 10 == 0);
		look_once();
	}
	await(&shared->counts[!self], turns);
	require(shared->opening == 2 * turns && shared->closing == 2 * turns,
		"the count is wrong");
	printf("%u bits: %" PRIu64 " turns each, engine %u\n",
	       (unsigned)(8 * sizeof(long)), turns,
	       self ? 0 : svshm__lock_engine_of_new);
	svshm_free(handle);
	return 0;
}
