/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * make bench-object: what it costs to make an object and to be its last user,
 * to attach and to detach, and to copy under the lock; beside the floor, which
 * is what the job can't do without: the bare system calls, in the same
 * directory, or memcpy(). All take turns within each round.
 *
 *   bench_object [ROUNDS [MILLISECONDS]]
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

#include "figures.h"
#include "memory/layout.h"
#include "svshm.h"

#define SIZE 65536
#define JOBS_MAX 3
#define COPY_MAX (1024 * 1024)

static int rounds = 11;
static int milliseconds = 50;

static char directory[64] = "/tmp/svshm-bench.XXXXXX";
static char floor_file[128];
static enum svshm_layout layout;
static pid_t holder;
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

static struct svshm *new_handle(void)
{
	struct svshm *handle = svshm_new("svshm-bench");

	if (!handle)
		bench_die("svshm_new");
	need(handle, svshm_set_layout(handle, layout));
	return handle;
}

/* ---- The object: made, and gone ------------------------------------------ */

static void create_and_go(void)
{
	struct svshm *handle = new_handle();

	need(handle, svshm_create(handle, SIZE, SVSHM_READ_WRITE));
	need(handle, svshm_detach(handle));
	svshm_free(handle);
}

/* The calls that make what an object is made of. */
static void floor_make(int *set, int *segment)
{
	int file = open(floor_file, O_CREAT | O_EXCL | O_RDWR, 0600);
	key_t key;

	if (file < 0 || close(file) < 0)
		bench_die(floor_file);
	key = ftok(floor_file, 1);
	*set = semget(key, SVSHM__SEM_SLOTS + 1, IPC_CREAT | IPC_EXCL | 0600);
	*segment = shmget(key, SIZE, IPC_CREAT | IPC_EXCL | 0600);
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

/* ---- An object that another process has ---------------------------------- */

static void hold_object(void)
{
	int ready[2];
	char byte;

	if (pipe(ready) < 0)
		bench_die("pipe");
	holder = fork();
	if (holder < 0)
		bench_die("fork");
	if (holder == 0) {
		struct svshm *handle = new_handle();

		need(handle, svshm_create(handle, SIZE, SVSHM_READ_WRITE));
		if (write(ready[1], "", 1) != 1)
			bench_die("write");
		for (;;)
			pause();
	}
	close(ready[1]);
	if (read(ready[0], &byte, 1) != 1)
		bench_die("the process that has the object");
	close(ready[0]);
}

static void let_object_go(void)
{
	struct svshm *handle = new_handle();

	kill(holder, SIGKILL);
	waitpid(holder, NULL, 0);
	need(handle, svshm_attach(handle, SVSHM_READ_WRITE));
	need(handle, svshm_detach(handle));
	svshm_free(handle);
}

static void attach_and_detach(void)
{
	struct svshm *handle = new_handle();

	need(handle, svshm_attach(handle, SVSHM_READ_WRITE));
	need(handle, svshm_detach(handle));
	svshm_free(handle);
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
	object = new_handle();
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

/* ---- All of it ----------------------------------------------------------- */

static void nothing(void)
{
}

static const struct job {
	const char *name;
	enum svshm_layout layout;
	void (*before)(void), (*once)(void), (*after)(void);
} lives[] = {
	{ "floor", 0, nothing, floor_create_and_go, nothing },
	{ "svshm", SVSHM_LAYOUT_NATIVE, nothing, create_and_go, nothing },
	{ "Qt layout", SVSHM_LAYOUT_QT, nothing, create_and_go, nothing },
}, visits[] = {
	{ "floor", 0, floor_hold, floor_attach_and_detach, floor_let_go },
	{ "svshm", SVSHM_LAYOUT_NATIVE, hold_object, attach_and_detach,
	  let_object_go },
	{ "Qt layout", SVSHM_LAYOUT_QT, hold_object, attach_and_detach,
	  let_object_go },
}, copies[] = {
	{ "memcpy", SVSHM_LAYOUT_NATIVE, make_object, copy, free_object },
	{ "lock, too", SVSHM_LAYOUT_NATIVE, make_object, copy_locked,
	  free_object },
};

/* Microseconds each. */
static double run(const struct job *job)
{
	double begin, end;
	long count = 0;

	layout = job->layout;
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

static void compare(const char *title, const struct job *jobs, int count)
{
	struct figures figures[JOBS_MAX];

	memset(figures, 0, sizeof(figures));
	for (int round = 0; round < rounds; round++)
		for (int i = 0; i < count; i++)
			figures_add(&figures[i], run(&jobs[i]));
	printf("\n%s: us\n", title);
	for (int i = 0; i < count; i++) {
		printf("  %-10s", jobs[i].name);
		figures_print(&figures[i], 2);
		printf("   %.2f times the first\n",
		       figures_median(&figures[i]) / figures_median(&figures[0]));
	}
}

int main(int count, char **arguments)
{
	char title[80];

	if (count > 1)
		rounds = bench_argument(arguments[1], 1, ROUNDS_MAX);
	if (count > 2)
		milliseconds = bench_argument(arguments[2], 1, 10000);
	if (!mkdtemp(directory) || setenv("SVSHM_KEYDIR", directory, 1) < 0 ||
	    setenv("TMPDIR", directory, 1) < 0)
		bench_die(directory);
	snprintf(floor_file, sizeof(floor_file), "%s/floor", directory);
	printf("%d rounds of %d ms; medians (least .. most)\n", rounds,
	       milliseconds);
	compare("Create, and detach as the last: 64 KiB", lives, 3);
	compare("Attach and detach", visits, 3);
	for (copy_size = 4096; copy_size <= COPY_MAX; copy_size *= 16) {
		snprintf(title, sizeof(title), "Copy %zu KiB",
			 copy_size / 1024);
		compare(title, copies, 2);
	}
	if (rmdir(directory) < 0)
		bench_die(directory);
	return 0;
}
