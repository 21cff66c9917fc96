/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * P11. make bench-snapshot: a writer, and 1, 2, 4 and 8 readers: by svshm_snapshot(), and
 * by the lock. How many copies a second all readers get, and how many times the
 * writer its lock, with pauses of about a microsecond between. The two ways take
 * turns within each round; the figures are medians, with the least and the most.
 *
 *   bench_snapshot [ROUNDS [MILLISECONDS]]
 */
#include <config.h>

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/atomic.h"
#include "figures.h"
#include "svshm.h"

#define READERS_MAX 8
#define SIZE_MAX_BENCHED 65536
#define PAUSE_TURNS 1000

enum way { NOBODY, SNAPSHOT, LOCK, WAYS };

static const char *const names[WAYS] = { "no readers", "svshm_snapshot",
					 "svshm_lock" };

/* Shared by all; each counter on a line of its own, the writer's the last. */
static struct track {
	uint32_t ready, go, stop;
	char padding[64 - 12];
	struct {
		uint64_t count;
		char padding[56];
	} process[READERS_MAX + 1];
} *track;

static int rounds = 5;
static int milliseconds = 200;
static size_t size;
static enum way way;
static const char key[] = "svshm-bench-snapshot";
static char buffer[SIZE_MAX_BENCHED];

static void require(struct svshm *handle, int code)
{
	if (code == SVSHM_OK)
		return;
	fprintf(stderr, "bench: %s\n", svshm_error_string(handle));
	exit(1);
}

static void write_once(struct svshm *handle)
{
	volatile int turn = 0;

	require(handle, svshm_lock(handle));
	memset(svshm_data(handle), (int)track->process[READERS_MAX].count,
	       size);
	track->process[READERS_MAX].count++;
	require(handle, svshm_unlock(handle));
	while (turn < PAUSE_TURNS)
		turn++;
}

static void read_once(struct svshm *handle, int number)
{
	int code = SVSHM_OK;

	if (way == SNAPSHOT) {
		code = svshm_snapshot(handle, 0, buffer, size, 10);
		if (code == SVSHM_TIMED_OUT)
			return;
	} else {
		require(handle, svshm_lock(handle));
		memcpy(buffer, svshm_const_data(handle), size);
		code = svshm_unlock(handle);
	}
	require(handle, code);
	track->process[number].count++;
}

/* NUMBER READERS_MAX: the writer. */
static pid_t start(int number)
{
	struct svshm *handle;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid < 0)
		bench_die("fork");
	if (pid > 0)
		return pid;
	handle = svshm_new(key);
	require(handle, svshm_attach(handle, SVSHM_READ_WRITE));
	svshm__add(&track->ready, 1);
	while (!svshm__load(&track->go))
		usleep(100);
	while (!svshm__load(&track->stop)) {
		if (number == READERS_MAX)
			write_once(handle);
		else
			read_once(handle, number);
	}
	svshm_free(handle);
	_exit(0);
}

static void reap(const pid_t *pids, int count)
{
	int status;

	for (int i = 0; i < count; i++)
		if (waitpid(pids[i], &status, 0) < 0 || status != 0) {
			fprintf(stderr, "bench: a process has failed\n");
			exit(1);
		}
}

static void race(int readers, struct figures *copies, struct figures *writes)
{
	struct timespec pause = { milliseconds / 1000,
				  milliseconds % 1000 * 1000000L };
	struct svshm *handle = svshm_new(key);
	pid_t pids[READERS_MAX + 1];
	double time, sum = 0;

	memset(track, 0, sizeof(*track));
	require(handle, svshm_create(handle, size, SVSHM_READ_WRITE));
	pids[0] = start(READERS_MAX);
	for (int i = 0; i < readers; i++)
		pids[i + 1] = start(i);
	while (svshm__load(&track->ready) < (uint32_t)readers + 1)
		usleep(100);
	time = bench_now();
	svshm__store(&track->go, 1);
	nanosleep(&pause, NULL);
	svshm__store(&track->stop, 1);
	time = bench_now() - time;
	reap(pids, readers + 1);
	for (int i = 0; i < readers; i++)
		sum += (double)track->process[i].count;
	figures_add(copies, sum / time * 1e6);
	figures_add(writes, (double)track->process[READERS_MAX].count / time *
			    1e6);
	svshm_free(handle);
}

static void bench(int readers)
{
	struct figures copies[WAYS], writes[WAYS];

	memset(copies, 0, sizeof(copies));
	memset(writes, 0, sizeof(writes));
	for (int round = 0; round < rounds; round++)
		for (way = NOBODY; way < WAYS; way++)
			race(way == NOBODY ? 0 : readers, &copies[way],
			     &writes[way]);
	printf("\n%lu bytes, %d readers: thousand copies a second; the writer's "
	       "locks\n", (unsigned long)size, readers);
	for (int i = 0; i < WAYS; i++) {
		printf("  %-15s", names[i]);
		figures_print(&copies[i], 1);
		figures_print(&writes[i], 1);
		printf("\n");
	}
	fflush(stdout);
}

int main(int count, char **arguments)
{
	static const size_t sizes[] = { 64, 4096, SIZE_MAX_BENCHED };

	if (count > 1)
		rounds = bench_argument(arguments[1], 1, ROUNDS_MAX);
	if (count > 2)
		milliseconds = bench_argument(arguments[2], 10, 10000);
	track = mmap(NULL, sizeof(*track), PROT_READ | PROT_WRITE,
		     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (track == MAP_FAILED)
		bench_die("mmap");
	printf("%ld processors; %d rounds of %d ms; medians (least .. most)\n",
	       sysconf(_SC_NPROCESSORS_ONLN), rounds, milliseconds);
	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		size = sizes[i];
		for (int readers = 1; readers <= READERS_MAX; readers *= 2)
			bench(readers);
	}
	return 0;
}
