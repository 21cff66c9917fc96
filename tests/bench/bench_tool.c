/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How long the tool takes, beside ipcs(1) and lsipc(1): whole processes, from
 * fork to wait, in turn, the same number of times each. Run it in an IPC
 * namespace of its own ("make bench-tool" does).
 *
 *   bench_tool [--json] TOOL [COUNT]
 *
 * lists COUNT (4000) segments of another program and COUNT orphans of svshm's,
 * a quarter of them too, so that one sees whether time grows as their number
 * does; and recovers a quarter of them. Then sets of another program, whose
 * makers are dead: as many as there may be (30000), and a quarter of them, are
 * listed, judged and removed. "floor" is what the job can't do without: the
 * bare system calls, in this process.
 *
 * Last a table of how it grows: list and recover with none, 100 and COUNT
 * other segments, or orphans; with 1 to 200 users of one object; with sizes
 * from 4 KiB to 16 GiB. --json prints that only.
 */
#include <config.h>

#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/stat.h>
#include <unistd.h>

#include "command.h"
#include "crowd.h"
#include "figures.h"
#include "kernel/segment.h"
#include "kernel/semun.h"
#include "tool_growth.h"

#define ROUNDS 11

static const char *tool;
static const char *directory; /* of the key files */

static double now_ms(void)
{
	return bench_now() / 1e6;
}

/* ---- Whole processes ----------------------------------------------------- */

struct command {
	const char *name;
	const char *argv[COMMAND_WORDS];
	struct figures times;
};

static double run(const struct command *command)
{
	return command_run(command->argv);
}

static void compare(const char *title, struct command *commands)
{
	printf("%s\n", title);
	for (int round = 0; round < ROUNDS; round++)
		for (struct command *one = commands; one->name; one++)
			figures_add(&one->times, run(one));
	for (struct command *one = commands; one->name; one++) {
		double middle = figures_median(&one->times);
		const double *sorted = one->times.value;

		if (sorted[0] < 0)
			printf("  %-28s not here\n", one->name);
		else
			printf("  %-28s %8.1f ms  (%.1f to %.1f)\n", one->name,
			       middle, sorted[0], sorted[ROUNDS - 1]);
	}
}

/* ---- The floor ----------------------------------------------------------- */

/* To see what an orphan is: its mapping and its semaphores. */
static double orphan_floor(void)
{
	unsigned short values[256];
	struct shmid_ds status;
	double start = now_ms();
	int last = shmctl(0, SHM_INFO, &status);
	struct svshm__segment_status segment;
	volatile unsigned sum = 0;
	int sets = 0;

	for (int i = 0; i <= last; i++) {
		int id = shmctl(i, SHM_STAT, &status);

		if (id < 0)
			continue;
		const unsigned *memory = shmat(id, NULL, SHM_RDONLY);

		if (memory == (void *)-1)
			bench_die("shmat");
		sum = sum + *memory;
		shmdt(memory);
		svshm__segment_convert(&status, &segment);

		int set = semget((key_t)segment.key, 0, 0);

		sets += set >= 0 && semctl(set, 0, GETALL, values) == 0;
	}
	if (sets == 0)
		bench_die("no sets");
	return now_ms() - start;
}

static double foreign_floor(void)
{
	struct shmid_ds status;
	double start = now_ms();
	int last = shmctl(0, SHM_INFO, &status);

	for (int i = 0; i <= last; i++)
		shmctl(i, SHM_STAT, &status);
	return now_ms() - start;
}

static void print_floor(const char *what, double (*measure)(void))
{
	struct figures times = { .count = 0 };

	for (int i = 0; i < ROUNDS; i++)
		figures_add(&times, measure());
	printf("  %-28s %8.1f ms\n", what, figures_median(&times));
}

/* ---- The runs ------------------------------------------------------------ */

static void bench_list(const char *what, int count, bool foreign)
{
	struct command commands[] = {
		{ .name = "svshm list", .argv = { tool, "list" } },
		{ .name = "svshm list --all",
		  .argv = { tool, "list", "--all" } },
		{ .name = "svshm list --all --json",
		  .argv = { tool, "list", "--all", "--json" } },
		{ .name = "ipcs -m", .argv = { "ipcs", "-m" } },
		{ .name = "lsipc -m", .argv = { "lsipc", "-m" } },
		{ .name = NULL },
	};
	char title[80];

	snprintf(title, sizeof(title), "%d %s listed", count, what);
	compare(title, commands);
	if (foreign)
		print_floor("floor: SHM_STAT each", foreign_floor);
	else
		print_floor("floor: shmat, shmdt, GETALL", orphan_floor);
}

static void bench_recover(int count, const char *const *argv, const char *what)
{
	struct command command = { .name = what };

	memcpy(command.argv, argv, sizeof(command.argv));
	for (int i = 0; i < ROUNDS; i++) {
		crowd_make_orphans(count);
		figures_add(&command.times, run(&command));
	}
	printf("  %-28s %8.1f ms  (%d orphans)\n", what,
	       figures_median(&command.times), count);
}

static void bench_recovers(int count)
{
	char saved[80];
	const char *const plain[COMMAND_WORDS] = { tool, "recover", "--quiet" };
	const char *const saving[COMMAND_WORDS] = { tool, "recover", "--quiet",
						    "--save", saved };
	char clean[120];

	snprintf(saved, sizeof(saved), "%s/saved", directory);
	printf("recovered\n");
	bench_recover(count, plain, "svshm recover");
	mkdir(saved, 0700);
	bench_recover(count, saving, "svshm recover --save");
	snprintf(clean, sizeof(clean), "rm -rf '%s'", saved);
	if (system(clean) != 0)
		bench_die("rm");
}

/* ---- Semaphore sets of another program ----------------------------------- */

#define SETS_MAX 30000

/* Each of these sets is looked at, and removed. */
static double set_floor(void)
{
	struct semid_ds status;
	struct seminfo info;
	union semun argument = { .__buf = &info };
	double start = now_ms();
	int last = semctl(0, 0, SEM_INFO, argument);

	argument.buf = &status;
	for (int i = 0; i <= last; i++) {
		int id = semctl(i, 0, SEM_STAT, argument);

		if (id < 0 || status.sem_perm.cuid != CROWD_USER)
			continue;
		(void)semctl(id, 0, GETPID);
		(void)semctl(id, 0, GETNCNT);
		(void)semctl(id, 0, GETZCNT);
		semctl(id, 0, IPC_RMID);
	}
	return now_ms() - start;
}

/*
 * Those that were made a moment ago are judged more slowly: whoever has been
 * started since could have made them, so processes are listed for each.
 */
static void bench_sets(int count)
{
	const struct command list = { "svshm list --all",
		{ tool, "list", "--all" }, { .count = 0 } };
	const struct command clean = { "svshm recover --foreign",
		{ tool, "recover", "--foreign", "--yes", "--quiet" },
		{ .count = 0 } };
	double listed, removed;

	/* Not where others have any: --foreign --yes would take theirs, too. */
	if (crowd_count_sets() != 0 || !crowd_make_sets(count)) {
		printf("%d sets of another program: not here\n", count);
		set_floor();
		return;
	}
	printf("%d sets of another program, of dead processes\n", count);
	sleep(6);
	listed = run(&list);
	removed = run(&clean);
	printf("  %-28s %8.1f ms\n  %-28s %8.1f ms\n", list.name, listed,
	       "svshm recover --foreign --yes", removed);
	if (crowd_count_sets() != 0)
		bench_die("sets are left");
	if (crowd_make_sets(count))
		printf("  %-28s %8.1f ms\n", "floor: looked at, removed",
		       set_floor());
}

static void compare_all(int count)
{
	for (int part = 4; part >= 1; part -= 3) {
		crowd_make_segments(count / part);
		bench_list("segments of another program", count / part, true);
		crowd_remove_segments(count / part);
	}
	for (int part = 4; part >= 1; part -= 3) {
		const struct command clean = { "svshm recover",
			{ tool, "recover", "--quiet" }, { .count = 0 } };

		crowd_make_orphans(count / part);
		bench_list("orphans", count / part, false);
		run(&clean);
	}
	bench_recovers(count / 4);
	for (int part = 4; part >= 1; part -= 3)
		bench_sets((count < 4000 ? count * 10 : SETS_MAX) / part);
}

int main(int argc, char **argv)
{
	bool json = argc > 1 && strcmp(argv[1], "--json") == 0;
	char **operands = argv + json;
	int operand_count = argc - json;

	if (operand_count < 2) {
		fprintf(stderr, "usage: bench_tool [--json] TOOL [COUNT]\n");
		return 2;
	}

	int count = operand_count > 2 ?
			    bench_argument(operands[2], 4, INT_MAX) : 4000;

	tool = operands[1];
	setvbuf(stdout, NULL, _IOLBF, 0);
	directory = crowd_directory();
	if (!json)
		compare_all(count);
	tool_growth(tool, directory, count, json);
	return rmdir(directory) == 0 ? 0 : 1;
}
