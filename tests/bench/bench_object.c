/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * make bench-object: what it costs to make an object and to be its last user,
 * to attach and to detach, and to copy under the lock; beside the floor, which
 * is what the job can't do without: the bare system calls, in the same
 * directory, or memcpy(); and beside the real QSharedMemory, where there is one.
 * Then the same by several processes at a time. All take turns within each round.
 *
 *   bench_object [--json] [ROUNDS [MILLISECONDS]]
 *
 * SVSHM_BENCH_QT has the programs of Qt's: see worker.h.
 */
#include <config.h>

#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <unistd.h>

#include "figures.h"
#include "memory/layout.h"
#include "svshm.h"
#include "worker.h"

#define JOBS_MAX (1 + CONTENDERS_MAX)
#define TOGETHER_MAX 8
#define COPY_MAX (1024 * 1024)

static int rounds = 11;
static int milliseconds = 50;
static bool json;
static int printed; /* rows of JSON */

static char directory[128];
static char floor_file[160];
static struct contender contenders[CONTENDERS_MAX];
static int contender_count;
static struct svshm *object;
static char source[COPY_MAX];
static size_t copy_size;

static void need(struct svshm *handle, int code)
{
	if (code >= 0)
		return;
	fprintf(stderr, "bench_object: %s\n", svshm_error_string(handle));
	exit(1);
}

/* ---- What is printed ------------------------------------------------------ */

static void print_title(const char *what, const char *unit)
{
	if (!json)
		printf("\n%s: %s\n", what, unit);
}

static void print_row(const char *what, const char *who, const char *unit,
		      int processes, struct figures *figures, double first)
{
	double middle = figures_median(figures);

	if (!json) {
		printf("  %-10s", who);
		figures_print(figures, 2);
		printf("   %.2f times the first\n", middle / first);
	} else {
		printf("%s\n  {\"what\": \"%s\", \"who\": \"%s\", "
		       "\"processes\": %d, \"%s\": %.3f}",
		       printed++ ? "," : "", what, who, processes, unit, middle);
	}
	fflush(stdout);
}

/* ---- The floor ------------------------------------------------------------ */

/* The calls that make what an object is made of. */
static void floor_make(int *set, int *segment)
{
	int file = open(floor_file, O_CREAT | O_EXCL | O_RDWR, 0600);
	key_t key;

	if (file < 0 || close(file) < 0)
		bench_die(floor_file);
	key = ftok(floor_file, 1);
	*set = semget(key, SVSHM__SEM_SLOTS + 1, IPC_CREAT | IPC_EXCL | 0600);
	*segment = shmget(key, BENCH_SIZE, IPC_CREAT | IPC_EXCL | 0600);
	if (*set < 0 || *segment < 0)
		bench_die("semget and shmget");
}

static void floor_remove(int set, int segment)
{
	if (shmctl(segment, IPC_RMID, NULL) < 0 || unlink(floor_file) < 0 ||
	    semctl(set, 0, IPC_RMID) < 0)
		bench_die("IPC_RMID");
}

static void floor_map_and_unmap(int segment)
{
	void *memory = shmat(segment, NULL, 0);

	if (memory == (void *)-1 || shmdt(memory) < 0)
		bench_die("shmat and shmdt");
}

static void floor_create_and_go(void)
{
	int set, segment;

	floor_make(&set, &segment);
	floor_map_and_unmap(segment);
	floor_remove(set, segment);
}

static int floor_set, floor_segment;

static void floor_hold(void)
{
	floor_make(&floor_set, &floor_segment);
}

static void floor_let_go(void)
{
	floor_remove(floor_set, floor_segment);
}

static void floor_attach_and_detach(void)
{
	key_t key = ftok(floor_file, 1);

	if (semget(key, 0, 0) < 0)
		bench_die("semget");
	floor_map_and_unmap(shmget(key, 0, 0));
}

/* ---- Copies -------------------------------------------------------------- */

static void make_object(void)
{
	object = svshm_new("svshm-bench");
	if (!object)
		bench_die("svshm_new");
	need(object, svshm_create(object, copy_size, SVSHM_READ_WRITE));
	memset(svshm_data(object), 1, copy_size);
}

static void free_object(void)
{
	need(object, svshm_detach(object));
	svshm_free(object);
}

static void copy(void)
{
	memcpy(svshm_data(object), source, copy_size);
}

static void copy_locked(void)
{
	need(object, svshm_lock(object));
	copy();
	need(object, svshm_unlock(object));
}

/* ---- One after the other --------------------------------------------------- */

static void nothing(void)
{
}

struct job {
	const char *name;
	void (*before)(void), (*once)(void), (*after)(void);
};

static const struct job floor_life = {
	"floor", nothing, floor_create_and_go, nothing
}, floor_visit = {
	"floor", floor_hold, floor_attach_and_detach, floor_let_go
}, copies[] = {
	{ "memcpy", make_object, copy, free_object },
	{ "lock, too", make_object, copy_locked, free_object },
};

/* Microseconds each. */
static double run(const struct job *job)
{
	double begin, end;
	long count = 0;

	job->before();
	job->once();
	begin = bench_now();
	do {
		job->once();
		count++;
		end = bench_now();
	} while (end - begin < milliseconds * 1e6);
	job->after();
	return (end - begin) / 1e3 / (double)count;
}

static void compare_copies(void)
{
	struct figures figures[2];
	char what[40];

	memset(figures, 0, sizeof(figures));
	for (int round = 0; round < rounds; round++)
		for (int i = 0; i < 2; i++)
			figures_add(&figures[i], run(&copies[i]));
	snprintf(what, sizeof(what), "copy %zu KiB", copy_size / 1024);
	print_title(what, "us");
	for (int i = 0; i < 2; i++)
		print_row(what, copies[i].name, "us", 1, &figures[i],
			  figures_median(&figures[0]));
}

/* ---- Contenders ------------------------------------------------------------ */

/* No two contenders, and no two workers that create, have a key in common. */
static void name_key(char key[80], int contender, int worker)
{
	snprintf(key, 80, "svshm-bench-%ld-%c-%d", (long)getpid(),
		 'a' + contender, worker);
}

/* COUNT of CONTENDER's create, or attach to what another one holds, at a time:
   how often in a microsecond. */
static double visit(int contender, const char *verb, int count)
{
	struct worker workers[TOGETHER_MAX], holder;
	bool attach = strcmp(verb, "attach") == 0;
	double rate = 0, duration;
	char key[80];

	worker_start(&holder, &contenders[contender]);
	name_key(key, contender, 0);
	if (attach) {
		worker_tell(&holder, "hold", key, 0);
		worker_await(&holder, NULL);
	}
	for (int i = 0; i < count; i++)
		worker_start(&workers[i], &contenders[contender]);
	for (int i = 0; i < count; i++) {
		name_key(key, contender, attach ? 0 : i);
		worker_tell(&workers[i], verb, key, milliseconds);
	}
	for (int i = 0; i < count; i++) {
		rate += (double)worker_await(&workers[i], &duration) / duration;
		worker_stop(&workers[i]);
	}
	if (attach) {
		worker_tell(&holder, "go", key, 0);
		worker_await(&holder, NULL);
	}
	worker_stop(&holder);
	return rate;
}

static void compare_alone(const char *what, const char *verb,
			  const struct job *floor)
{
	struct figures figures[JOBS_MAX];

	memset(figures, 0, sizeof(figures));
	for (int round = 0; round < rounds; round++) {
		figures_add(&figures[0], run(floor));
		for (int i = 0; i < contender_count; i++)
			figures_add(&figures[1 + i], 1 / visit(i, verb, 1));
	}
	print_title(what, "us");
	for (int i = 0; i < 1 + contender_count; i++)
		print_row(what, i ? contenders[i - 1].name : floor->name, "us",
			  1, &figures[i], figures_median(&figures[0]));
}

static void compare_together(const char *what, const char *verb, int count)
{
	struct figures figures[CONTENDERS_MAX];
	char title[80];

	memset(figures, 0, sizeof(figures));
	for (int round = 0; round < rounds; round++)
		for (int i = 0; i < contender_count; i++)
			figures_add(&figures[i], 1e3 * visit(i, verb, count));
	snprintf(title, sizeof(title), "%s, %d processes at a time", what,
		 count);
	print_title(title, "thousands a second, of all");
	for (int i = 0; i < contender_count; i++)
		print_row(what, contenders[i].name, "thousands_a_second", count,
			  &figures[i], figures_median(&figures[0]));
}

/* ---- All of it ------------------------------------------------------------- */

/* Where svshm has its key files: the floor, its Qt layout and Qt have theirs
   there, too, since a file costs more elsewhere. */
static void choose_directory(void)
{
	snprintf(directory, sizeof(directory), "%s/svshm-bench.XXXXXX",
		 SVSHM_KEYDIR_BASE);
	if (!mkdtemp(directory) || setenv("SVSHM_KEYDIR", directory, 1) < 0 ||
	    setenv("TMPDIR", directory, 1) < 0)
		bench_die(directory);
	snprintf(floor_file, sizeof(floor_file), "%s/floor", directory);
}

static void compare_all(void)
{
	const char *create = "create and last detach";
	const char *attach = "attach and detach";

	compare_alone(create, "create", &floor_life);
	compare_alone(attach, "attach", &floor_visit);
	for (int count = 2; count <= TOGETHER_MAX; count *= 2)
		compare_together(create, "create", count);
	for (int count = 2; count <= TOGETHER_MAX; count *= 2)
		compare_together(attach, "attach", count);
	for (copy_size = 4096; copy_size <= COPY_MAX; copy_size *= 16)
		compare_copies();
}

int main(int count, char **arguments)
{
	json = count > 1 && strcmp(arguments[1], "--json") == 0;
	if (count > 1 + json)
		rounds = bench_argument(arguments[1 + json], 1, ROUNDS_MAX);
	if (count > 2 + json)
		milliseconds = bench_argument(arguments[2 + json], 1, 10000);
	choose_directory();
	contender_count = contenders_find(contenders);
	if (json)
		printf("[");
	else
		printf("%d rounds of %d ms in %s; medians (least .. most)\n",
		       rounds, milliseconds, SVSHM_KEYDIR_BASE);
	if (contender_count == 2)
		fprintf(json ? stderr : stdout,
			"no Qt here: QSharedMemory itself is not measured\n");
	compare_all();
	if (json)
		printf("\n]\n");
	if (rmdir(directory) < 0)
		bench_die(directory);
	return 0;
}
