/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How long the tool takes, beside ipcs(1) and lsipc(1): whole processes, from
 * fork to wait, in turn, the same number of times each. Run it in an IPC
 * namespace of its own ("make bench-tool" does).
 *
 *   bench_tool TOOL [COUNT]
 *
 * lists COUNT (4000) segments of another program and COUNT orphans of svshm's,
 * a quarter of them too, so that one sees whether time grows as their number
 * does; and recovers a quarter of them. Then sets of another program, whose
 * makers are dead: as many as there may be (30000), and a quarter of them, are
 * listed, judged and removed. "floor" is what the job can't do
 * without: the bare system calls, in this process.
 */
#include <config.h>

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "key/key.h"
#include "memory/layout.h"
#include "kernel/segment.h"
#include "kernel/semun.h"
#include "svshm.h"

#define ROUNDS 11

static const char *tool;
static char directory[64] = "/tmp/svshm-bench.XXXXXX";

static void die(const char *what)
{
	fprintf(stderr, "bench_tool: %s: %s\n", what, strerror(errno));
	exit(1);
}

static double now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

/* ---- What there is to see ------------------------------------------------ */

static int *foreign_ids;

static void make_foreign(int count)
{
	foreign_ids = calloc((size_t)count, sizeof(int));
	for (int i = 0; foreign_ids && i < count; i++) {
		foreign_ids[i] = shmget(IPC_PRIVATE, 4096, IPC_CREAT | 0600);
		if (foreign_ids[i] < 0)
			die("shmget");
	}
}

static void remove_foreign(int count)
{
	for (int i = 0; i < count; i++)
		shmctl(foreign_ids[i], IPC_RMID, NULL);
	free(foreign_ids);
}

/* _exit() is no detach: it leaves an orphan. */
static void make_orphan(const char *key)
{
	pid_t child = fork();
	int status;

	if (child == 0) {
		struct svshm *handle = svshm_new(key);

		_exit(svshm_create(handle, 4096, SVSHM_READ_WRITE) < 0);
	}
	if (child < 0 || waitpid(child, &status, 0) < 0 || status != 0)
		die("making an orphan");
}

/* The key file of number I, and the key it leads to. */
static key_t key_of(int i, char *path, size_t size)
{
	struct stat status;
	int fd;

	snprintf(path, size, "%s/bench-%05d", directory, i);
	fd = open(path, O_WRONLY | O_CREAT, 0600);
	if (fd < 0 || write(fd, "svshm 1\n", 8) != 8 || fstat(fd, &status) < 0)
		die(path);
	close(fd);
	return ftok(path, SVSHM__PROJECT_FIRST);
}

static int clone_set(key_t key, int count, unsigned name_hash)
{
	struct sembuf begin[] = {
		{ .sem_num = SVSHM__SEM_TAG,
		  .sem_op = (short)svshm__tag(name_hash) },
	};
	int id = semget(key, count, IPC_CREAT | IPC_EXCL | 0600);

	if (id < 0 || semop(id, begin, 1) < 0)
		die("semget");
	return id;
}

/* A copy of the orphan TEMPLATE with another name. */
static void clone_orphan(const struct svshm__header *template, int sets, int i)
{
	char path[128];
	key_t key = key_of(i, path, sizeof(path));
	struct stat status;
	int id = shmget(key, (size_t)template->segment_size,
			IPC_CREAT | IPC_EXCL | 0600);

	/* Keys of ftok collide now and then: then there is one fewer. */
	if (id < 0 && errno == EEXIST) {
		unlink(path);
		return;
	}

	char *memory = id < 0 ? (void *)-1 : shmat(id, NULL, 0);

	if (memory == (void *)-1 || stat(path, &status) < 0)
		die("shmget, shmat");
	memcpy(memory, template, (size_t)template->data_offset);

	struct svshm__header *header = (void *)memory;

	header->inode = (uint64_t)status.st_ino;
	strcpy(memory + header->path_offset, path);
	strcpy(memory + header->key_offset, strrchr(path, '/') + 1);
	header->set_id = clone_set(key, sets, svshm__key_name_hash(path));
	shmdt(memory);
}

/*
 * The first one is real. To make thousands so would take minutes: each looks at
 * all others, to see whether one of them has its name.
 */
static void make_orphans(int count)
{
	char path[128];
	struct semid_ds status;
	union semun argument = { .buf = &status };

	make_orphan("bench-00000");
	snprintf(path, sizeof(path), "%s/bench-00000", directory);

	key_t key = ftok(path, SVSHM__PROJECT_FIRST);
	int set = semget(key, 0, 0);
	const struct svshm__header *template =
		shmat(shmget(key, 0, 0), NULL, SHM_RDONLY);

	if (template == (void *)-1 || semctl(set, 0, IPC_STAT, argument) < 0)
		die("looking at the first orphan");
	for (int i = 1; i < count; i++)
		clone_orphan(template, (int)status.sem_nsems, i);
	shmdt(template);
}

/* ---- Whole processes ----------------------------------------------------- */

struct command {
	const char *name;
	const char *argv[6];
	double times[ROUNDS];
	bool missing;
};

static double run(const struct command *command)
{
	double start = now_ms();
	pid_t child = fork();
	int status = -1;

	if (child == 0) {
		int null = open("/dev/null", O_WRONLY);

		dup2(null, STDOUT_FILENO);
		execvp(command->argv[0], (char *const *)command->argv);
		_exit(127);
	}
	if (child < 0 || waitpid(child, &status, 0) < 0)
		die(command->name);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 127)
		return -1;
	if (status != 0)
		die(command->name);
	return now_ms() - start;
}

static int by_value(const void *a, const void *b)
{
	const double *left = a, *right = b;

	return (*left > *right) - (*left < *right);
}

static double median(double *times, int count)
{
	qsort(times, (size_t)count, sizeof(*times), by_value);
	return times[count / 2];
}

static void compare(const char *title, struct command *commands)
{
	printf("%s\n", title);
	for (int round = 0; round < ROUNDS; round++)
		for (struct command *one = commands; one->name; one++)
			one->times[round] = run(one);
	for (struct command *one = commands; one->name; one++) {
		double middle = median(one->times, ROUNDS);

		if (one->times[0] < 0)
			printf("  %-28s not here\n", one->name);
		else
			printf("  %-28s %8.1f ms  (%.1f to %.1f)\n", one->name,
			       middle, one->times[0], one->times[ROUNDS - 1]);
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
			die("shmat");
		sum = sum + *memory;
		shmdt(memory);
		svshm__segment_convert(&status, &segment);

		int set = semget((key_t)segment.key, 0, 0);

		sets += set >= 0 && semctl(set, 0, GETALL, values) == 0;
	}
	if (sets == 0)
		die("no sets");
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
	double times[ROUNDS];

	for (int i = 0; i < ROUNDS; i++)
		times[i] = measure();
	printf("  %-28s %8.1f ms\n", what, median(times, ROUNDS));
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
	double times[ROUNDS];

	memcpy(command.argv, argv, sizeof(command.argv));
	for (int i = 0; i < ROUNDS; i++) {
		make_orphans(count);
		times[i] = run(&command);
	}
	printf("  %-28s %8.1f ms  (%d orphans)\n", what,
	       median(times, ROUNDS), count);
}

static void bench_recovers(int count)
{
	char saved[80];
	const char *const plain[6] = { tool, "recover", "--quiet" };
	const char *const saving[6] = { tool, "recover", "--quiet", "--save",
					saved };
	char clean[120];

	snprintf(saved, sizeof(saved), "%s/saved", directory);
	printf("recovered\n");
	bench_recover(count, plain, "svshm recover");
	mkdir(saved, 0700);
	bench_recover(count, saving, "svshm recover --save");
	snprintf(clean, sizeof(clean), "rm -rf '%s'", saved);
	if (system(clean) != 0)
		die("rm");
}

/* ---- Semaphore sets of another program --------------------------------------- */

#define SETS_MAX 30000
#define NOBODY_ELSE 54321 /* a user that nothing runs as */

/* As a web server leaves them that is killed; false: not permitted here. */
static bool make_sets(int count)
{
	struct sembuf up = { .sem_num = 0, .sem_op = 1 };
	pid_t child = geteuid() == 0 ? fork() : -1;
	int status = -1;

	if (child == 0) {
		if (setuid(NOBODY_ELSE) < 0)
			_exit(1);
		for (int i = 0; i < count; i++) {
			int id = semget(IPC_PRIVATE, 1, IPC_CREAT | 0600);

			if (id < 0 || semop(id, &up, 1) < 0)
				_exit(1);
		}
		_exit(0);
	}
	if (child > 0)
		waitpid(child, &status, 0);
	return status == 0;
}

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

		if (id < 0 || status.sem_perm.cuid != NOBODY_ELSE)
			continue;
		(void)semctl(id, 0, GETPID);
		(void)semctl(id, 0, GETNCNT);
		(void)semctl(id, 0, GETZCNT);
		semctl(id, 0, IPC_RMID);
	}
	return now_ms() - start;
}

/* How many there are, of anybody's. */
static int count_sets(void)
{
	struct seminfo info;
	union semun argument = { .__buf = &info };

	return semctl(0, 0, SEM_INFO, argument) < 0 ? -1 : info.semusz;
}

/*
 * Those that were made a moment ago are judged more slowly: whoever has been
 * started since could have made them, so processes are listed for each.
 */
static void bench_sets(int count)
{
	const struct command list = { "svshm list --all",
		{ tool, "list", "--all" }, { 0 }, false };
	const struct command clean = { "svshm recover --foreign",
		{ tool, "recover", "--foreign", "--yes", "--quiet" }, { 0 },
		false };
	double listed, removed;

	/* Not where others have any: --foreign --yes would take theirs, too. */
	if (count_sets() != 0 || !make_sets(count)) {
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
	if (count_sets() != 0)
		die("sets are left");
	if (make_sets(count))
		printf("  %-28s %8.1f ms\n", "floor: looked at, removed",
		       set_floor());
}

int main(int argc, char **argv)
{
	int count = argc > 2 ? atoi(argv[2]) : 4000;

	if (argc < 2 || count < 4) {
		fprintf(stderr, "usage: bench_tool TOOL [COUNT]\n");
		return 2;
	}
	tool = argv[1];
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (!mkdtemp(directory))
		die("mkdtemp");
	setenv("SVSHM_KEYDIR", directory, 1);
	for (int part = 4; part >= 1; part -= 3) {
		make_foreign(count / part);
		bench_list("segments of another program", count / part, true);
		remove_foreign(count / part);
	}
	for (int part = 4; part >= 1; part -= 3) {
		const struct command clean = { "svshm recover",
			{ tool, "recover", "--quiet" }, { 0 }, false };

		make_orphans(count / part);
		bench_list("orphans", count / part, false);
		run(&clean);
	}
	bench_recovers(count / 4);
	for (int part = 4; part >= 1; part -= 3)
		bench_sets((count < 4000 ? count * 10 : SETS_MAX) / part);
	return rmdir(directory) == 0 ? 0 : 1;
}
