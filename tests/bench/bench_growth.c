/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Does what it costs to make an object, and to attach to one, grow with how many
 * use it, with what else is on the machine, or with its size?
 *
 *   bench_growth [--json] [ROUNDS [MILLISECONDS]]
 *
 * In an IPC namespace of its own, or what is there already counts, too.
 */
#include <config.h>

#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/wait.h>
#include <unistd.h>

#include "crowd.h"
#include "figures.h"
#include "memory/layout.h"
#include "svshm.h"

#define SIZE 65536

static int rounds = 5;
static int milliseconds = 20;
static bool json;
static int printed; /* rows */

static size_t size = SIZE; /* of the objects that are measured */

static void need(struct svshm *handle, int code)
{
	if (code >= 0)
		return;
	fprintf(stderr, "bench_growth: %s\n", svshm_error_string(handle));
	exit(1);
}

/* ---- What is measured ---------------------------------------------------- */

/* False: the machine has no room for it. */
static bool create_and_go(void)
{
	struct svshm *handle = svshm_new("bench-made");
	int code = svshm_create(handle, size, SVSHM_READ_WRITE);
	bool room = code != SVSHM_OUT_OF_RESOURCES &&
		    code != SVSHM_INVALID_SIZE;

	if (room) {
		need(handle, code);
		need(handle, svshm_detach(handle));
	}
	svshm_free(handle);
	return room;
}

static bool attach_and_detach(void)
{
	struct svshm *handle = svshm_new("bench-held");

	need(handle, svshm_attach(handle, SVSHM_READ_WRITE));
	need(handle, svshm_detach(handle));
	svshm_free(handle);
	return true;
}

static int bare_segment;
static char bare_file[128];

/*
 * The bare calls, in the same directory, with one page touched: what the kernel
 * takes, which has its own lists and page tables.
 */
static bool bare_create_and_go(void)
{
	int file = open(bare_file, O_CREAT | O_EXCL | O_RDWR, 0600);
	key_t key = ftok(bare_file, 1);
	int set = semget(key, SVSHM__SEM_SLOTS + 1, IPC_CREAT | IPC_EXCL | 0600);
	int segment = shmget(key, size, IPC_CREAT | IPC_EXCL | 0600);
	volatile char *memory = shmat(segment, NULL, 0);

	if (file < 0 || set < 0 || segment < 0 || memory == (void *)-1)
		bench_die("the bare calls");
	memory[0] = 1;
	shmdt((void *)memory);
	shmctl(segment, IPC_RMID, NULL);
	unlink(bare_file);
	close(file);
	semctl(set, 0, IPC_RMID);
	return true;
}

static bool map_and_unmap(void)
{
	volatile char *memory = shmat(bare_segment, NULL, 0);

	if (memory == (void *)-1)
		bench_die("shmat");
	memory[0] = 1;
	shmdt((void *)memory);
	return true;
}

/* Microseconds each; 0: no room. */
static double run(bool (*once)(void))
{
	double begin, end;
	long count = 0;

	if (!once())
		return 0;
	begin = bench_now();
	do {
		once();
		count++;
		end = bench_now();
	} while (end - begin < milliseconds * 1e6);
	return (end - begin) / 1e3 / (double)count;
}

/* ---- Other users --------------------------------------------------------- */

static void stop_users(int count)
{
	struct svshm *handle = svshm_new("bench-held");

	crowd_stop_users(count);
	need(handle, svshm_attach(handle, SVSHM_READ_WRITE));
	need(handle, svshm_detach(handle));
	svshm_free(handle);
}

/* ---- Rows ---------------------------------------------------------------- */

enum { COLUMNS = 4 };

static const char *const names[COLUMNS] = {
	"create", "bare_create", "attach", "bare_map"
};

static bool (*const jobs[COLUMNS])(void) = {
	create_and_go, bare_create_and_go, attach_and_detach, map_and_unmap
};

static void print_row(const char *what, unsigned long long count,
		      struct figures columns[COLUMNS])
{
	double values[COLUMNS];

	for (int i = 0; i < COLUMNS; i++)
		values[i] = figures_median(&columns[i]);

	if (json) {
		printf("%s\n  {\"what\": \"%s\", \"count\": %llu",
		       printed ? "," : "", what, count);
		for (int i = 0; i < COLUMNS; i++)
			printf(", \"%s_us\": %.2f", names[i], values[i]);
		printf("}");
	} else {
		printf("%-20s %14llu", what, count);
		for (int i = 0; i < COLUMNS && values[0] > 0; i++)
			printf(" %11.2f", values[i]);
		printf("%s\n", values[0] > 0 ? "" : "   no room for it");
	}
	printed++;
	fflush(stdout);
}

/* With COUNT of WHAT, which is there already, and so many USERS. */
static void measure(const char *what, unsigned long long count, int user_count)
{
	struct figures columns[COLUMNS];

	memset(columns, 0, sizeof(columns));
	if (run(create_and_go) <= 0) {
		for (int i = 0; i < COLUMNS; i++)
			figures_add(&columns[i], 0);
		print_row(what, count, columns);
		return;
	}
	bare_segment = shmget(IPC_PRIVATE, size, IPC_CREAT | 0600);
	crowd_start_users("bench-held", size, user_count);
	for (int i = 0; i < rounds; i++)
		for (int j = 0; j < COLUMNS; j++)
			figures_add(&columns[j], run(jobs[j]));
	shmctl(bare_segment, IPC_RMID, NULL);
	stop_users(user_count);
	print_row(what, count, columns);
}

static void grow_users(void)
{
	static const int counts[] = { 1, 8, 64, CROWD_USERS_MAX };

	for (size_t i = 0; i < sizeof(counts) / sizeof(*counts); i++)
		measure("processes", (unsigned)counts[i], counts[i]);
}

static void grow_segments(void)
{
	static const int counts[] = { 0, 100, 4000 };

	for (size_t i = 0; i < sizeof(counts) / sizeof(*counts); i++) {
		crowd_make_segments(counts[i]);
		measure("other segments", (unsigned)counts[i], 1);
		crowd_remove_segments(counts[i]);
	}
}

static void grow_sizes(void)
{
	for (unsigned long long bytes = 4096; bytes <= 16ULL << 30;
	     bytes *= 16) {
		if (bytes > SIZE_MAX / 2)
			break;
		size = (size_t)bytes;
		measure("bytes", bytes, 1);
	}
	size = (size_t)(16ULL << 30);
	if (size)
		measure("bytes", 16ULL << 30, 1);
	size = SIZE;
}

static int recover(const struct svshm_object *object, void *context)
{
	(void)context;
	return svshm_recover(object, NULL);
}

static void grow_objects(void)
{
	static const int counts[] = { 100, 4000 };

	for (size_t i = 0; i < sizeof(counts) / sizeof(*counts); i++) {
		crowd_make_orphans(counts[i]);
		measure("other objects", (unsigned)counts[i], 1);
		if (svshm_scan(0, recover, NULL) < 0)
			bench_die("svshm_recover");
	}
}

int main(int count, char **arguments)
{
	const char *directory;

	json = count > 1 && strcmp(arguments[1], "--json") == 0;
	if (count > 1 + json)
		rounds = bench_argument(arguments[1 + json], 1, ROUNDS_MAX);
	if (count > 2 + json)
		milliseconds = bench_argument(arguments[2 + json], 1, 10000);
	directory = crowd_directory();
	snprintf(bare_file, sizeof(bare_file), "%s/bare", directory);
	if (json)
		printf("[");
	else
		printf("%d rounds of %d ms; medians, in us\n%-35s %11s %11s "
		       "%11s %11s\n", rounds, milliseconds, "", names[0],
		       names[1], names[2], names[3]);
	grow_users();
	grow_segments();
	grow_sizes();
	grow_objects();
	if (json)
		printf("\n]\n");
	else
		printf("create: with the last detach; attach: with the "
		       "detach; bare: the system calls alone\n");
	return rmdir(directory) == 0 ? 0 : 1;
}
