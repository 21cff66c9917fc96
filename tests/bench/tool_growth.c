/* SPDX-License-Identifier: BSD-2-Clause */
#include <config.h>

#include "tool_growth.h"

#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/stat.h>
#include <unistd.h>

#include "command.h"
#include "crowd.h"
#include "figures.h"
#include "kernel/segment.h"
#include "memory/layout.h"

#define ROUNDS 5
#define SIZE 4096

static const char *tool;
static const char *directory; /* of the key files */
static char saved[80];
static bool json;
static int printed; /* rows */

/* What stands in a row; nothing was measured: no value. */
enum column {
	LIST, LIST_ALL, RECOVER, FLOOR, SAVE, SAVE_FLOOR, COLUMNS
};

static const char *const titles[COLUMNS] = {
	"list", "list --all", "recover", "floor", "--save", "its floor"
};
static const char *const members[COLUMNS] = {
	"list_ms", "list_all_ms", "recover_ms", "floor_ms", "save_ms",
	"save_floor_ms"
};

struct row {
	struct figures of[COLUMNS];
};

/* ---- Output -------------------------------------------------------------- */

static void print_titles(void)
{
	if (json) {
		printf("[");
		return;
	}
	printf("growth: medians of %d, in ms\n%-32s", ROUNDS, "");
	for (int i = 0; i < COLUMNS; i++)
		printf(" %10s", titles[i]);
	printf("\n");
}

static void print_value(int column, struct figures *figures)
{
	if (json && figures->count)
		printf(", \"%s\": %.2f", members[column],
		       figures_median(figures));
	else if (json)
		printf(", \"%s\": null", members[column]);
	else if (figures->count)
		printf(" %10.1f", figures_median(figures));
	else
		printf(" %10s", "-");
}

static void print_row(const char *what, unsigned long long count,
		      struct row *row)
{
	if (json)
		printf("%s\n  {\"what\": \"%s\", \"count\": %llu",
		       printed ? "," : "", what, count);
	else
		printf("%-20s %11llu", what, count);
	for (int i = 0; i < COLUMNS; i++)
		print_value(i, &row->of[i]);
	printf(json ? "}" : "\n");
	printed++;
	fflush(stdout);
}

static void print_end(void)
{
	if (json)
		printf("\n]\n");
	else
		printf("floor: shmat, GETALL, shmdt, both removed, unlink; "
		       "its floor: the files, too, durable\n");
}

/* ---- The floor ----------------------------------------------------------- */

/* What is saved of one, so that no loss of power takes it. */
static void save_one(int id, const void *data, size_t size)
{
	char path[128];
	int fd;

	snprintf(path, sizeof(path), "%s/floor-%d", saved, id);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0600);
	if (fd < 0 || write(fd, data, size) != (ssize_t)size || fsync(fd) < 0)
		bench_die(path);
	close(fd);
}

static void sync_saved(void)
{
	int fd = open(saved, O_RDONLY);

	if (fd < 0 || fsync(fd) < 0)
		bench_die(saved);
	close(fd);
}

static void remove_one(int id, key_t key, bool save)
{
	const struct svshm__header *header = shmat(id, NULL, SHM_RDONLY);
	unsigned short values[SVSHM__SEMAPHORES_MAX];
	char path[256];
	int set = semget(key, 0, 0);

	if (header == (void *)-1 || semctl(set, 0, GETALL, values) < 0)
		bench_die("shmat, GETALL");
	snprintf(path, sizeof(path), "%s",
		 (const char *)header + header->path_offset);
	if (save)
		save_one(id, (const char *)header + header->data_offset,
			 (size_t)header->data_size);
	shmdt(header);
	if (shmctl(id, IPC_RMID, NULL) < 0 || unlink(path) < 0 ||
	    semctl(set, 0, IPC_RMID) < 0)
		bench_die("removing an orphan");
}

/* The bare calls that remove all orphans, in this process. */
static double floor_of(bool save)
{
	struct shmid_ds status;
	struct svshm__segment_status segment;
	double start = bench_now();
	int last = shmctl(0, SHM_INFO, &status);

	for (int i = 0; i <= last; i++) {
		int id = shmctl(i, SHM_STAT, &status);

		if (id < 0)
			continue;
		svshm__segment_convert(&status, &segment);
		remove_one(id, (key_t)segment.key, save);
	}
	if (save)
		sync_saved();
	return (bench_now() - start) / 1e6;
}

/* ---- What is measured ---------------------------------------------------- */

static void measure(struct row *row, enum column column,
		    const char *const *words)
{
	double time = command_run(words);

	if (time < 0) {
		fprintf(stderr, "bench: %s does not run\n", tool);
		exit(1);
	}
	figures_add(&row->of[column], time);
}

static void list(struct row *row)
{
	const char *const few[COMMAND_WORDS] = { tool, "list" };
	const char *const all[COMMAND_WORDS] = { tool, "list", "--all" };

	measure(row, LIST, few);
	measure(row, LIST_ALL, all);
}

static void recover(struct row *row)
{
	const char *const words[COMMAND_WORDS] = { tool, "recover", "--quiet" };

	measure(row, RECOVER, words);
}

static void make_saved(void)
{
	if (mkdir(saved, 0700) < 0)
		bench_die(saved);
}

static void remove_saved(void)
{
	char clean[120];

	snprintf(clean, sizeof(clean), "rm -rf '%s'", saved);
	if (system(clean) != 0)
		bench_die("rm");
}

static void recover_and_save(struct row *row)
{
	const char *const words[COMMAND_WORDS] = { tool, "recover", "--quiet",
						   "--save", saved };

	make_saved();
	measure(row, SAVE, words);
	remove_saved();
}

static void grow_segments(int count)
{
	struct row row = { .of = { { .count = 0 } } };

	crowd_make_segments(count);
	for (int i = 0; i < ROUNDS; i++) {
		list(&row);
		recover(&row);
	}
	crowd_remove_segments(count);
	print_row("other segments", (unsigned)count, &row);
}

static void make_orphans(int count)
{
	if (count)
		crowd_make_orphans(count);
}

static void grow_orphans(int count)
{
	struct row row = { .of = { { .count = 0 } } };

	for (int i = 0; i < ROUNDS; i++) {
		make_orphans(count);
		list(&row);
		recover(&row);
		make_orphans(count);
		figures_add(&row.of[FLOOR], floor_of(false));
		make_orphans(count);
		recover_and_save(&row);
		make_orphans(count);
		make_saved();
		figures_add(&row.of[SAVE_FLOOR], floor_of(true));
		remove_saved();
	}
	print_row("own orphans", (unsigned)count, &row);
}

static void grow_users(int count)
{
	struct row row = { .of = { { .count = 0 } } };

	crowd_start_users("bench-held", SIZE, count);
	for (int i = 0; i < ROUNDS; i++) {
		list(&row);
		recover(&row);
	}
	crowd_stop_users(count);
	print_row("processes", (unsigned)count, &row);
	recover(&row);
}

/* Memory is taken only where something was written. */
static void grow_size(unsigned long long bytes)
{
	struct row row = { .of = { { .count = 0 } } };

	if (bytes > SIZE_MAX / 2)
		return;
	for (int i = 0; i < ROUNDS; i++) {
		if (!crowd_make_orphan("bench-large", (size_t)bytes))
			break;
		list(&row);
		recover(&row);
	}
	print_row("bytes", bytes, &row);
}

void tool_growth(const char *which, const char *key_directory, int count,
		 bool as_json)
{
	const int counts[] = { 0, count < 100 ? count : 100, count };
	static const int users[] = { 1, 8, 64, CROWD_USERS_MAX };

	tool = which;
	directory = key_directory;
	json = as_json;
	snprintf(saved, sizeof(saved), "%s/saved", directory);
	print_titles();
	for (int i = 0; i < 3; i++)
		grow_segments(counts[i]);
	for (int i = 0; i < 3; i++)
		grow_orphans(counts[i]);
	for (int i = 0; i < 4; i++)
		grow_users(users[i]);
	for (unsigned long long size = 4096; size <= 4ULL << 30; size *= 16)
		grow_size(size);
	grow_size(16ULL << 30);
	print_end();
}
