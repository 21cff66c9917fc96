/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * make bench-notify: what svshm_notify() costs if nobody waits, and how long it is
 * until 1, 10 and 100 processes that wait have been woken, beside a pipe for each of
 * them, and an eventfd, which Linux has.
 *
 *   bench_notify [ROUNDS]
 *
 * Woken: from the moment before the notify until the last of them has looked at
 * its clock.
 */
#include <config.h>

#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/eventfd.h>
#endif

#include "base/atomic.h"
#include "figures.h"
#include "svshm.h"

#define CROWD_MAX 100
#define LOOPS 1000000

static char directory[64] = "/tmp/svshm-bench.XXXXXX";
static int rounds = 51;

static void need(struct svshm *handle, int code)
{
	if (code >= 0)
		return;
	fprintf(stderr, "bench_notify: %s\n", svshm_error_string(handle));
	exit(1);
}

static struct svshm *make(mode_t mode)
{
	struct svshm *handle = svshm_new("svshm-bench");

	if (!handle)
		bench_die("svshm_new");
	need(handle, svshm_set_mode(handle, mode));
	need(handle, svshm_create(handle, 100, SVSHM_READ_WRITE));
	return handle;
}

/* ---- Nobody waits ------------------------------------------------------------ */

static void measure_alone(const char *name, mode_t mode)
{
	struct svshm *handle = make(mode);
	struct figures figures = { .count = 0 };

	for (int round = 0; round < rounds; round++) {
		double start = bench_now();

		for (int i = 0; i < LOOPS / 10; i++)
			svshm_notify(handle);
		figures_add(&figures, (bench_now() - start) / (LOOPS / 10));
	}
	printf("%-34s", name);
	figures_print(&figures, 1);
	printf(" ns\n");
	svshm_free(handle);
}

/* ---- A crowd waits ------------------------------------------------------------- */

enum kind { NOTIFY, PIPES, EVENTFDS };

/* Shared with the children. */
struct crowd {
	uint32_t ready, done; /* how many wait, or will at once; have woken */
	double woken[CROWD_MAX];
};

static struct crowd *crowd;
static int ends[CROWD_MAX][2];

static void wait_once(enum kind kind, int me, struct svshm *handle,
		      uint32_t *seen)
{
	uint64_t number;

	if (kind == NOTIFY)
		need(handle, svshm_wait(handle, seen, SVSHM_FOREVER));
	else if (read(ends[me][0], &number, kind == PIPES ? 1 : 8) < 1)
		_exit(1);
}

static void be_woken(enum kind kind, int me)
{
	struct svshm *handle = NULL;
	uint32_t seen = 0;

	if (kind == NOTIFY) {
		handle = svshm_new("svshm-bench");
		need(handle, svshm_attach(handle, SVSHM_READ_WRITE));
		seen = svshm_changes(handle);
	}
	for (;;) {
		svshm__add(&crowd->ready, 1);
		wait_once(kind, me, handle, &seen);
		crowd->woken[me] = bench_now();
		svshm__add(&crowd->done, 1);
	}
}

static void await(const uint32_t *count, int wanted)
{
	while (svshm__load(count) < (uint32_t)wanted)
		sched_yield();
}

static void wake(enum kind kind, int count, struct svshm *handle)
{
	static const uint64_t one = 1;

	if (kind == NOTIFY) {
		need(handle, svshm_notify(handle));
		return;
	}
	for (int i = 0; i < count; i++)
		if (write(ends[i][1], &one, kind == PIPES ? 1 : 8) < 1)
			bench_die("write");
}

/* Long enough that all sleep: that they are ready they have said before. */
static double wake_once(enum kind kind, int count, struct svshm *handle,
			int round)
{
	double start, last = 0;

	await(&crowd->ready, count * (round + 1));
	poll(NULL, 0, 2);
	start = bench_now();
	wake(kind, count, handle);
	await(&crowd->done, count * (round + 1));
	for (int i = 0; i < count; i++)
		if (crowd->woken[i] > last)
			last = crowd->woken[i];
	return (last - start) / 1e3;
}

static void open_ends(enum kind kind, int count)
{
	for (int i = 0; i < count; i++) {
		if (kind == PIPES && pipe(ends[i]) < 0)
			bench_die("pipe");
#ifdef __linux__
		if (kind == EVENTFDS) {
			ends[i][0] = eventfd(0, 0);
			ends[i][1] = dup(ends[i][0]);
			if (ends[i][1] < 0)
				bench_die("eventfd");
		}
#endif
	}
}

static void measure_crowd(const char *name, enum kind kind, int count)
{
	struct svshm *handle = make(0600);
	struct figures figures = { .count = 0 };
	pid_t pids[CROWD_MAX];

	memset(crowd, 0, sizeof(*crowd));
	open_ends(kind, count);
	for (int i = 0; i < count; i++) {
		pids[i] = fork();
		if (pids[i] < 0)
			bench_die("fork");
		if (pids[i] == 0)
			be_woken(kind, i);
	}
	for (int round = 0; round < rounds; round++)
		figures_add(&figures, wake_once(kind, count, handle, round));
	for (int i = 0; i < count; i++) {
		kill(pids[i], SIGKILL);
		waitpid(pids[i], NULL, 0);
		if (kind != NOTIFY) {
			close(ends[i][0]);
			close(ends[i][1]);
		}
	}
	printf("%-12s %3d waiting, last one woken:", name, count);
	figures_print(&figures, 1);
	printf(" us\n");
	fflush(stdout);
	svshm_free(handle);
}

int main(int argc, char **argv)
{
	static const int counts[] = { 1, 10, 100 };

	if (argc > 1)
		rounds = bench_argument(argv[1], 1, ROUNDS_MAX);
	if (!mkdtemp(directory))
		bench_die(directory);
	setenv("SVSHM_KEYDIR", directory, 1);
	crowd = mmap(NULL, sizeof(*crowd), PROT_READ | PROT_WRITE,
		     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (crowd == MAP_FAILED)
		bench_die("mmap");
	measure_alone("notify, nobody waits", 0600);
	measure_alone("notify, mode 0644, nobody waits", 0644);
	for (int i = 0; i < 3; i++) {
		measure_crowd("svshm_notify", NOTIFY, counts[i]);
		measure_crowd("pipe", PIPES, counts[i]);
#ifdef __linux__
		measure_crowd("eventfd", EVENTFDS, counts[i]);
#endif
	}
	rmdir(directory);
	return 0;
}
