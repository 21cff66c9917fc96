/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * make bench-lock: what a lock costs, beside what one would use instead. All
 * contenders take turns within each round, so that what else the machine does
 * meets them alike; the figures are medians, with the least and the most.
 *
 *   bench_lock [ROUNDS [MILLISECONDS]]
 */
#include <config.h>

#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/atomic.h"
#include "contenders.h"
#include "figures.h"

#define CONTENDERS_MAX 8
#define PROCESSES_MAX 8

static int rounds = 7;
static int milliseconds = 200;
static long work; /* turns of the idle loop that take 500 ns */

/* Shared by all processes of one race; each counter on a line of its own. */
static struct track {
	uint32_t go, stop, ready, turn;
	char padding[64 - 16];
	struct {
		uint64_t count;
		char padding[56];
	} process[PROCESSES_MAX];
	double time; /* when the owner was killed, or the waiter went on */
} *track;

static void idle(long turns)
{
	volatile long turn = 0;

	while (turn < turns)
		turn++;
}

static void calibrate(void)
{
	double best = 1e9;

	for (int i = 0; i < 20; i++) {
		double start = bench_now();

		idle(100000);
		if (bench_now() - start < best)
			best = bench_now() - start;
	}
	work = (long)(100000 * 500 / best);
}

/* ---- Processes ----------------------------------------------------------- */

static pid_t start(const struct contender *contender, int number,
		   void (*race)(const struct contender *, int))
{
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid < 0)
		bench_die("fork");
	if (pid > 0)
		return pid;
	contender->enter();
	__atomic_add_fetch(&track->ready, 1, __ATOMIC_ACQ_REL);
	while (!svshm__load(&track->go))
		usleep(100);
	race(contender, number);
	contender->leave();
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

static void run(const struct contender *contender, int processes,
		void (*race)(const struct contender *, int))
{
	pid_t pids[PROCESSES_MAX];
	struct timespec pause = { milliseconds / 1000,
				  milliseconds % 1000 * 1000000L };

	memset(track, 0, sizeof(*track));
	contender->make();
	for (int i = 0; i < processes; i++)
		pids[i] = start(contender, i, race);
	while (svshm__load(&track->ready) < (uint32_t)processes)
		usleep(100);
	track->time = bench_now();
	svshm__store(&track->go, 1);
	nanosleep(&pause, NULL);
	svshm__store(&track->stop, 1);
	track->time = bench_now() - track->time;
	reap(pids, processes);
	contender->unmake();
}

/* ---- Nobody else --------------------------------------------------------- */

static double alone(const struct contender *contender)
{
	double start, end;
	long pairs = 0;

	contender->make();
	start = bench_now();
	do {
		for (int i = 0; i < 1000; i++) {
			contender->lock();
			contender->unlock();
		}
		pairs += 1000;
		end = bench_now();
	} while (end - start < milliseconds * 1e6 / 4);
	contender->unmake();
	return (end - start) / (double)pairs;
}

static void bench_alone(void)
{
	static struct figures figures[CONTENDERS_MAX];

	for (int round = 0; round < rounds; round++)
		for (int i = 0; i < contender_count; i++)
			figures_add(&figures[i], alone(&contenders[i]));
	printf("\nNobody else: ns for lock and unlock\n");
	for (int i = 0; i < contender_count; i++) {
		printf("  %-15s", contenders[i].name);
		figures_print(&figures[i], 1);
		printf("   %.2f times the first\n",
		       figures_median(&figures[i]) / figures_median(&figures[0]));
	}
}

/* ---- Several at once ----------------------------------------------------- */

static void race_tight(const struct contender *contender, int number)
{
	while (!svshm__load(&track->stop)) {
		contender->lock();
		track->process[number].count++;
		contender->unlock();
	}
}

static void race_working(const struct contender *contender, int number)
{
	while (!svshm__load(&track->stop)) {
		contender->lock();
		track->process[number].count++;
		contender->unlock();
		idle(work);
	}
}

static void count(int processes, struct figures *rate, struct figures *share)
{
	double least = 1e18, most = 0, sum = 0;

	for (int i = 0; i < processes; i++) {
		double count = (double)track->process[i].count;

		sum += count;
		least = count < least ? count : least;
		most = count > most ? count : most;
	}
	figures_add(rate, sum / track->time * 1e6);
	figures_add(share, most > 0 ? least / most : 0);
}

static void bench_contended(int processes, bool working)
{
	struct figures rate[CONTENDERS_MAX], share[CONTENDERS_MAX];

	memset(rate, 0, sizeof(rate));
	memset(share, 0, sizeof(share));
	for (int round = 0; round < rounds; round++)
		for (int i = 0; i < contender_count; i++) {
			if (!contenders[i].sleeps && processes > 2)
				continue;
			run(&contenders[i], processes,
			    working ? race_working : race_tight);
			count(processes, &rate[i], &share[i]);
		}
	printf("\n%d processes, %s: thousand pairs a second; the slowest "
	       "one's share of the fastest one's\n", processes,
	       working ? "500 ns of work between" : "tight loop");
	for (int i = 0; i < contender_count; i++) {
		if (!rate[i].count)
			continue;
		printf("  %-15s", contenders[i].name);
		figures_print(&rate[i], 0);
		figures_print(&share[i], 2);
		printf("   the first has %.2f times as many\n",
		       figures_median(&rate[0]) / figures_median(&rate[i]));
	}
}

/* ---- Taking turns -------------------------------------------------------- */

static void race_turns(const struct contender *contender, int number)
{
	while (!svshm__load(&track->stop)) {
		contender->lock();
		if (track->turn == (uint32_t)number) {
			track->turn = 1 - track->turn;
			track->process[number].count++;
		}
		contender->unlock();
	}
}

static void bench_turns(void)
{
	static struct figures figures[CONTENDERS_MAX];

	for (int round = 0; round < rounds; round++)
		for (int i = 0; i < contender_count; i++) {
			run(&contenders[i], 2, race_turns);
			figures_add(&figures[i],
			    track->time / (double)(track->process[0].count +
						   track->process[1].count));
		}
	printf("\nTwo processes take turns: ns for each hand-over\n");
	for (int i = 0; i < contender_count; i++) {
		printf("  %-15s", contenders[i].name);
		figures_print(&figures[i], 0);
		printf("   %.2f times the first\n",
		       figures_median(&figures[i]) / figures_median(&figures[0]));
	}
}

/* ---- The owner's death --------------------------------------------------- */

static void hold(const struct contender *contender, int number)
{
	(void)number;
	contender->lock();
	svshm__store(&track->stop, 1);
	for (;;)
		pause();
}

static void wait_for_lock(const struct contender *contender, int number)
{
	(void)number;
	contender->lock();
	track->time = bench_now() - track->time;
	contender->unlock();
}

static bool asleep(pid_t pid)
{
	char path[64], state[512] = "";
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%ld/stat", (long)pid);
	file = fopen(path, "r");
	if (!file)
		return true; /* not Linux: the pause before must do */
	if (!fgets(state, sizeof(state), file))
		state[0] = '\0';
	fclose(file);
	return strstr(state, ") S ") != NULL;
}

static double death(const struct contender *contender)
{
	pid_t owner, waiter;

	memset(track, 0, sizeof(*track));
	contender->make();
	svshm__store(&track->go, 1);
	owner = start(contender, 0, hold);
	while (!svshm__load(&track->stop))
		usleep(100);
	waiter = start(contender, 1, wait_for_lock);
	while (svshm__load(&track->ready) < 2)
		usleep(100);
	do {
		usleep(2000);
	} while (!asleep(waiter));
	track->time = bench_now();
	kill(owner, SIGKILL);
	reap(&waiter, 1);
	waitpid(owner, NULL, 0);
	contender->unmake();
	return track->time / 1000;
}

static void bench_death(void)
{
	static struct figures figures[CONTENDERS_MAX];

	for (int round = 0; round < rounds * 3 && round < ROUNDS_MAX; round++)
		for (int i = 0; i < contender_count; i++)
			if (contenders[i].survives)
				figures_add(&figures[i], death(&contenders[i]));
	printf("\nThe owner is killed: us until the waiter has the lock\n");
	for (int i = 0; i < contender_count; i++) {
		if (!figures[i].count)
			continue;
		printf("  %-15s", contenders[i].name);
		figures_print(&figures[i], 0);
		printf("\n");
	}
}

int main(int count, char **arguments)
{
	if (count > 1)
		rounds = bench_argument(arguments[1], 1, ROUNDS_MAX);
	if (count > 2)
		milliseconds = bench_argument(arguments[2], 10, 10000);
	track = mmap(NULL, sizeof(*track), PROT_READ | PROT_WRITE,
		     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (track == MAP_FAILED)
		bench_die("mmap");
	calibrate();
	printf("%ld processors; %d rounds of %d ms; medians (least .. most)\n",
	       sysconf(_SC_NPROCESSORS_ONLN), rounds, milliseconds);
	bench_alone();
	for (int processes = 2; processes <= PROCESSES_MAX; processes *= 2) {
		bench_contended(processes, false);
		bench_contended(processes, true);
	}
	bench_turns();
	bench_death();
	return 0;
}
