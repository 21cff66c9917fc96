/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * make bench-times: how long svshm_timedlock() waits for a lock that another
 * process has, beside nanosleep() of the same length: what the system itself adds.
 *
 *   bench_times [ROUNDS]
 */
#include <config.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "figures.h"
#include "memory/layout.h"
#include "lock/lock.h"
#include "svshm.h"

static char directory[64] = "/tmp/svshm-bench.XXXXXX";
static int rounds = 51;

static void need(struct svshm *handle, int code)
{
	if (code >= 0)
		return;
	fprintf(stderr, "bench_times: %s\n", svshm_error_string(handle));
	exit(1);
}

static struct svshm *new_handle(enum svshm_layout layout)
{
	struct svshm *handle = svshm_new("svshm-bench");

	if (!handle)
		bench_die("svshm_new");
	need(handle, svshm_set_layout(handle, layout));
	return handle;
}

/* A process that owns the lock until it is killed. */
static pid_t start_owner(enum svshm_layout layout)
{
	int ends[2];
	char byte = 0;
	pid_t pid;

	if (pipe(ends) < 0)
		bench_die("pipe");
	pid = fork();
	if (pid < 0)
		bench_die("fork");
	if (pid == 0) {
		struct svshm *handle = new_handle(layout);

		need(handle, svshm_attach(handle, SVSHM_READ_WRITE));
		need(handle, svshm_lock(handle));
		if (write(ends[1], &byte, 1) != 1)
			_exit(1);
		for (;;)
			pause();
	}
	close(ends[1]);
	if (read(ends[0], &byte, 1) != 1)
		bench_die("the owner");
	close(ends[0]);
	return pid;
}

static double waited(struct svshm *handle, int milliseconds)
{
	struct timespec pause = { milliseconds / 1000,
				  milliseconds % 1000 * 1000000L };
	double start = bench_now();
	int code = SVSHM_TIMED_OUT;

	if (handle)
		code = svshm_timedlock(handle, milliseconds);
	else
		nanosleep(&pause, NULL);
	if (code != SVSHM_TIMED_OUT) {
		fprintf(stderr, "bench_times: svshm_timedlock: %d\n", code);
		exit(1);
	}
	return (bench_now() - start) / 1e6;
}

/* HANDLE: NULL for the floor. */
static void measure(const char *name, struct svshm *handle)
{
	static const int lengths[] = { 1, 10 };

	printf("%-10s", name);
	for (int i = 0; i < 2; i++) {
		struct figures figures = { .count = 0 };

		for (int round = 0; round < rounds; round++)
			figures_add(&figures, waited(handle, lengths[i]));
		printf("  %2d ms:", lengths[i]);
		figures_print(&figures, 3);
	}
	printf("\n");
}

static void measure_lock(const char *name, enum svshm_layout layout,
			 unsigned engine)
{
	struct svshm *handle = new_handle(layout);
	pid_t owner;

	if (layout == SVSHM_LAYOUT_NATIVE && !svshm__lock_engine(engine)) {
		svshm_free(handle);
		return;
	}
	svshm__lock_engine_of_new = engine;
	need(handle, svshm_create(handle, 100, SVSHM_READ_WRITE));
	owner = start_owner(layout);
	measure(name, handle);
	kill(owner, SIGKILL);
	waitpid(owner, NULL, 0);
	svshm_free(handle);
}

int main(int argc, char **argv)
{
	if (argc > 1)
		rounds = bench_argument(argv[1], 1, ROUNDS_MAX);
	if (!mkdtemp(directory) || setenv("SVSHM_KEYDIR", directory, 1) < 0 ||
	    setenv("TMPDIR", directory, 1) < 0)
		bench_die(directory);
	printf("waited, in ms: median (least .. most) of %d\n", rounds);
	measure("nanosleep", NULL);
	measure_lock("fast", SVSHM_LAYOUT_NATIVE, SVSHM__LOCK_FAST);
	measure_lock("portable", SVSHM_LAYOUT_NATIVE, SVSHM__LOCK_PORTABLE);
	measure_lock("qt", SVSHM_LAYOUT_QT, SVSHM__LOCK_PORTABLE);
	if (rmdir(directory) < 0)
		bench_die(directory);
	return 0;
}
