/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Large memory: what create and the first pass over the data cost, with and without
 * svshm_set_memory(), and how fast svshm put and get copy a file, beside cp.
 *
 *   bench_memory TOOL DIRECTORY [MEGABYTES [ROUNDS]]
 *
 * DIRECTORY: on a tmpfs, for three files of that size. If less memory than five
 * times the size is free, the files are smaller.
 */
#include <config.h>

#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "figures.h"
#include "svshm.h"

#define KEY "bench-memory"
#define CHUNK ((size_t)1 << 20)

static int rounds = 5;
static size_t size;
static bool is_huge; /* there are huge pages for that size */
static const char *tool;
static char from[400], to[400];

static void need(struct svshm *handle, int code)
{
	if (code >= 0)
		return;
	fprintf(stderr, "bench_memory: %s\n", svshm_error_string(handle));
	exit(1);
}

/* ---- The first pass -------------------------------------------------------- */

struct way {
	const char *name;
	unsigned flags;
};

static const struct way ways[] = {
	{ "as it comes", 0 },
	{ "touched", SVSHM_MEMORY_TOUCHED },
	{ "huge", SVSHM_MEMORY_HUGE },
	{ "huge, touched", SVSHM_MEMORY_HUGE | SVSHM_MEMORY_TOUCHED },
};

#define WAYS (sizeof(ways) / sizeof(*ways))

static void pass(struct svshm *handle)
{
	volatile char *data = svshm_data(handle);
	size_t page = (size_t)sysconf(_SC_PAGESIZE);

	for (size_t i = 0; i < size; i += page)
		data[i] = 1;
}

static void measure(const struct way *way, struct figures *create,
		    struct figures *first, char *note, size_t room)
{
	struct svshm *handle = svshm_new(KEY);
	double begin, made, end;

	need(handle, svshm_set_memory(handle, way->flags));
	begin = bench_now();
	need(handle, svshm_create(handle, size, SVSHM_READ_WRITE));
	made = bench_now();
	snprintf(note, room, "%s", svshm_error_string(handle));
	is_huge = (way->flags & SVSHM_MEMORY_HUGE) && !*note;
	pass(handle);
	end = bench_now();
	figures_add(create, (made - begin) / 1e6);
	figures_add(first, (end - made) / 1e6);
	svshm_free(handle);
}

static void first_passes(void)
{
	static struct figures create[WAYS], first[WAYS];
	static char notes[WAYS][600];

	for (int i = 0; i < rounds; i++)
		for (size_t way = 0; way < WAYS; way++)
			measure(&ways[way], &create[way], &first[way],
				notes[way], sizeof(notes[way]));
	printf("%zu MiB, in milliseconds: median (least .. most) of %d\n",
	       size >> 20, rounds);
	printf("%-16s %28s %28s\n", "", "create", "first write of each page");
	for (size_t way = 0; way < WAYS; way++) {
		printf("%-16s", ways[way].name);
		figures_print(&create[way], 1);
		figures_print(&first[way], 1);
		printf("\n");
		if (*notes[way])
			printf("%-16s (%s)\n", "", notes[way]);
	}
}

/* ---- Copies ---------------------------------------------------------------- */

static pid_t run(const char *const *words)
{
	pid_t child = fork();

	if (child < 0)
		bench_die("fork");
	if (child == 0) {
		execvp(words[0], (char *const *)(void *)(words));
		bench_die(words[0]);
	}
	return child;
}

static void await_success(pid_t child)
{
	int status;

	if (waitpid(child, &status, 0) != child || !WIFEXITED(status) ||
	    WEXITSTATUS(status) != 0) {
		fprintf(stderr, "bench_memory: a command has failed\n");
		exit(1);
	}
}

static void make_file(void)
{
	char *chunk = malloc(CHUNK);
	int fd = open(from, O_CREAT | O_TRUNC | O_WRONLY, 0600);

	if (!chunk || fd < 0)
		bench_die(from);
	for (size_t done = 0; done < size; done += CHUNK) {
		memset(chunk, (int)(1 + done / CHUNK % 255), CHUNK);
		if (write(fd, chunk, CHUNK) != (ssize_t)CHUNK)
			bench_die("write");
	}
	close(fd);
	free(chunk);
}

static void copy_by_cp(struct figures *figures)
{
	const char *const words[] = { "cp", from, to, NULL };
	double begin;

	unlink(to);
	begin = bench_now();
	await_success(run(words));
	figures_add(figures, (double)size / (bench_now() - begin) * 1e3);
	unlink(to);
}

/* Put is measured until the lock is free: then all is there. What it says of pages
   that it does not get, the first part has said. */
static void copy_by_svshm(struct figures *put, struct figures *get,
			  const char *option)
{
	const char *const put_words[] = { tool, "put", KEY, from, option, NULL };
	const char *const get_words[] = { tool, "get", KEY, to, NULL };
	struct svshm *handle = svshm_new(KEY);
	double begin = bench_now();
	pid_t putter = run(put_words);
	int code;

	while ((code = svshm_attach(handle, SVSHM_READ_ONLY)) ==
	       SVSHM_NOT_FOUND)
		usleep(500);
	need(handle, code);
	need(handle, svshm_lock(handle));
	figures_add(put, (double)size / (bench_now() - begin) * 1e3);
	need(handle, svshm_unlock(handle));
	begin = bench_now();
	await_success(run(get_words));
	figures_add(get, (double)size / (bench_now() - begin) * 1e3);
	svshm_free(handle);
	await_success(putter);
	unlink(to);
}

static void print_beside(const char *name, struct figures *figures,
			 double beside)
{
	printf("%-16s", name);
	figures_print(figures, 0);
	printf("   %.2f of cp\n", figures_median(figures) / beside);
}

static void copies(void)
{
	static struct figures cp, put, get, put_huge, get_huge;
	double beside;

	make_file();
	for (int i = 0; i < rounds; i++) {
		copy_by_cp(&cp);
		copy_by_svshm(&put, &get, NULL);
		if (is_huge)
			copy_by_svshm(&put_huge, &get_huge, "--huge");
	}
	unlink(from);
	beside = figures_median(&cp);
	printf("\na file of %zu MiB, tmpfs to tmpfs, in MB/s\n%-16s",
	       size >> 20, "cp");
	figures_print(&cp, 0);
	printf("\n");
	print_beside("svshm put", &put, beside);
	print_beside("svshm get", &get, beside);
	if (!is_huge)
		return;
	print_beside("put --huge", &put_huge, beside);
	print_beside("get of it", &get_huge, beside);
}

/* The file, its copy and the segment, and some air. */
static size_t size_for(int megabytes)
{
	size_t wanted = (size_t)megabytes << 20;
	double unused = 0;
	char line[200];
	FILE *file = fopen("/proc/meminfo", "r");

	while (file && fgets(line, sizeof(line), file))
		if (sscanf(line, "MemAvailable: %lf", &unused) == 1)
			break;
	if (file)
		fclose(file);
	while (unused > 0 && (double)wanted * 5 > unused * 1024 &&
	       wanted > (size_t)64 << 20)
		wanted = wanted / 2 / CHUNK * CHUNK;
	return wanted;
}

int main(int argc, char **argv)
{
	if (argc < 3 || argc > 5) {
		fprintf(stderr, "usage: bench_memory TOOL DIRECTORY "
			"[MEGABYTES [ROUNDS]]\n");
		return 2;
	}
	tool = argv[1];
	snprintf(from, sizeof(from), "%s/bench-memory-from", argv[2]);
	snprintf(to, sizeof(to), "%s/bench-memory-to", argv[2]);
	rounds = argc > 4 ? bench_argument(argv[4], 1, ROUNDS_MAX) : rounds;
	size = size_for(argc > 3 ? bench_argument(argv[3], 16, 1 << 20) : 1024);
	first_passes();
	size = size_for(argc > 3 ? bench_argument(argv[3], 16, 1 << 20) : 4096);
	copies();
	return 0;
}
