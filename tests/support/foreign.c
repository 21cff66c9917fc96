/* SPDX-License-Identifier: BSD-2-Clause */
#include <config.h>

#include "foreign.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/stat.h>
#include <unistd.h>

#include "key/key.h"
#include "outside.h"
#include "kernel/semun.h"

/* ---- Objects of other programs ------------------------------------------ */

/* Shared with the tests' processes, so that the parent can clean up. NULL
   without the fixture: in an IPC namespace that goes with the test. */
struct ids {
	int segments[256], sets[256];
	size_t segment_count, set_count;
};

static struct ids *ids;

static void share_ids(void)
{
	void *memory = mmap(NULL, sizeof(*ids), PROT_READ | PROT_WRITE,
			    MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (memory != MAP_FAILED)
		ids = memory;
}

static void remove_ids(void)
{
	for (size_t i = 0; ids && i < ids->segment_count; i++)
		if (ids->segments[i] >= 0)
			shmctl(ids->segments[i], IPC_RMID, NULL);
	for (size_t i = 0; ids && i < ids->set_count; i++)
		if (ids->sets[i] >= 0)
			semctl(ids->sets[i], 0, IPC_RMID);
	munmap(ids, sizeof(*ids));
	ids = NULL;
}

void foreign_fixture(TCase *tcase)
{
	tcase_add_unchecked_fixture(tcase, share_ids, remove_ids);
}

static void note(int id, bool segment)
{
	if (!ids)
		return;

	size_t *count = segment ? &ids->segment_count : &ids->set_count;

	ck_assert_uint_lt(*count, 256);
	(segment ? ids->segments : ids->sets)[(*count)++] = id;
}

static void forget(int id, bool segment)
{
	for (size_t i = 0; ids && i < 256; i++)
		if ((segment ? ids->segments : ids->sets)[i] == id)
			(segment ? ids->segments : ids->sets)[i] = -1;
}

struct foreign foreign_segment(key_t key, size_t size, mode_t mode)
{
	struct foreign foreign = { .set_id = -1, .key = key, .size = size };

	foreign.segment_id = shmget(key, size,
				    IPC_CREAT | IPC_EXCL | (int)mode);
	ck_assert_msg(foreign.segment_id >= 0, "shmget: %s", strerror(errno));
	note(foreign.segment_id, true);
	foreign.bytes = shmat(foreign.segment_id, NULL, 0);
	ck_assert(foreign.bytes != (void *)-1);
	memset(foreign.bytes, FOREIGN_FILL, size);
	/* A mapping of ours would keep svshm from looking there: the other
	   program is one that has left its segment. */
	if (system_attaches_once()) {
		shmdt(foreign.bytes);
		foreign.bytes = NULL;
	}
	return foreign;
}

struct foreign foreign_set(key_t key, int count, unsigned short value,
			   mode_t mode)
{
	struct foreign foreign = { .segment_id = -1, .key = key,
				   .count = count, .value = value };
	union semun argument = { .val = value };

	foreign.set_id = semget(key, count, IPC_CREAT | IPC_EXCL | (int)mode);
	ck_assert_msg(foreign.set_id >= 0, "semget: %s", strerror(errno));
	note(foreign.set_id, false);
	for (int i = 0; value && i < count; i++)
		ck_assert_int_eq(semctl(foreign.set_id, i, SETVAL, argument),
				 0);
	return foreign;
}

static void expect_segment_untouched(const struct foreign *foreign)
{
	struct shmid_ds status;
	int tries = 100000;

	ck_assert_int_eq(shmget(foreign->key, 0, 0), foreign->segment_id);
	/* Somebody else may be scanning the system at this moment. */
	do {
		ck_assert_int_eq(shmctl(foreign->segment_id, IPC_STAT,
					&status), 0);
	} while (status.shm_nattch > (foreign->bytes ? 1 : 0) &&
		 tries-- > 0 && sched_yield() == 0);
	ck_assert_uint_eq(status.shm_nattch, foreign->bytes ? 1 : 0);
	ck_assert_uint_eq(status.shm_segsz, foreign->size);

	const unsigned char *bytes = foreign->bytes ? foreign->bytes :
		shmat(foreign->segment_id, NULL, SHM_RDONLY);

	ck_assert(bytes != (void *)-1);
	for (size_t i = 0; i < foreign->size; i++)
		ck_assert_uint_eq(bytes[i], FOREIGN_FILL);
	if (!foreign->bytes)
		shmdt(bytes);
}

void expect_untouched(const struct foreign *foreign)
{
	if (foreign->segment_id >= 0)
		expect_segment_untouched(foreign);
	if (foreign->set_id < 0)
		return;

	unsigned short values[300];
	struct semid_ds status;
	union semun argument = { .array = values };

	ck_assert_int_eq(semget(foreign->key, 0, 0), foreign->set_id);
	ck_assert_int_eq(semctl(foreign->set_id, 0, GETALL, argument), 0);
	for (int i = 0; i < foreign->count; i++)
		ck_assert_uint_eq(values[i], foreign->value);
	argument.buf = &status;
	ck_assert_int_eq(semctl(foreign->set_id, 0, IPC_STAT, argument), 0);
	ck_assert_int_eq(status.sem_otime, 0);
}

void foreign_remove(struct foreign *foreign)
{
	if (foreign->bytes)
		shmdt(foreign->bytes);
	if (foreign->segment_id >= 0) {
		shmctl(foreign->segment_id, IPC_RMID, NULL);
		forget(foreign->segment_id, true);
	}
	if (foreign->set_id >= 0) {
		semctl(foreign->set_id, 0, IPC_RMID);
		forget(foreign->set_id, false);
	}
}

/* ---- Keys that collide -------------------------------------------------- */

key_t nth_key(const char *path, int n)
{
	key_t first;

	ck_assert_int_eq(svshm__key_first(path, &first, NULL), 0);
	return svshm__key_nth(first, n);
}

#define NAMES 8192

struct named {
	key_t key;
	int number;
};

static int compare_keys(const void *a, const void *b)
{
	const struct named *x = a, *y = b;

	return (x->key > y->key) - (x->key < y->key);
}

/* By so many names of each, four are expected to meet in 24 bits. */
static struct named *make_names(const char *prefix)
{
	struct named *names = malloc(NAMES * sizeof(*names));
	char path[600];

	ck_assert_ptr_nonnull(names);
	for (int i = 0; i < NAMES; i++) {
		snprintf(path, sizeof(path), "%s%d", prefix, i);
		names[i].key = nth_key(path, 0);
		names[i].number = i;
	}
	qsort(names, NAMES, sizeof(*names), compare_keys);
	return names;
}

void find_colliding_names(const char *a, const char *b, int numbers[2])
{
	struct named *of_a = make_names(a), *of_b = make_names(b);
	size_t i = 0, j = 0;

	while (i < NAMES && j < NAMES && of_a[i].key != of_b[j].key)
		if (of_a[i].key < of_b[j].key)
			i++;
		else
			j++;
	/* One pair of prefixes in fifty has none: others have. */
	numbers[0] = i < NAMES && j < NAMES ? of_a[i].number : -1;
	numbers[1] = i < NAMES && j < NAMES ? of_b[j].number : -1;
	free(of_a);
	free(of_b);
}

static ino_t make_empty(const char *path)
{
	struct stat status;
	int descriptor = open(path, O_CREAT | O_EXCL | O_RDWR, 0600);

	if (descriptor < 0 || fstat(descriptor, &status) < 0)
		return 0;
	close(descriptor);
	return status.st_ino;
}

#define CANDIDATES 300000
#define CANDIDATES_KEPT 80000

/*
 * Candidates are made until one collides. Where numbers only go up (tmpfs, 64
 * bits), each is unlinked at once; where a number is used again at once (ext4),
 * all are kept until the end. Returns how many are kept.
 */
static int find_colliding(const char *a, const char *b, const char *directory,
			  bool *found)
{
	ino_t wanted = make_empty(a), last = 0, inode;
	bool keep = false;
	char name[600];
	int kept = 0;

	for (int i = 0; i < CANDIDATES && kept < CANDIDATES_KEPT; i++) {
		snprintf(name, sizeof(name), "%s/%d", directory, kept);
		inode = make_empty(name);
		if (!inode)
			break;
		*found = (inode & 0xffff) == (wanted & 0xffff);
		if (*found) {
			ck_assert_int_eq(rename(name, b), 0);
			break;
		}
		keep = keep || inode <= last;
		last = inode;
		if (keep)
			kept++;
		else
			unlink(name);
	}
	return kept;
}

bool make_colliding_files(const char *a, const char *b)
{
	char directory[520], name[600];
	bool found = false;

	snprintf(directory, sizeof(directory), "%.500s.candidates", a);
	ck_assert_int_eq(mkdir(directory, 0700), 0);

	int kept = find_colliding(a, b, directory, &found);

	for (int i = 0; i <= kept; i++) {
		snprintf(name, sizeof(name), "%s/%d", directory, i);
		unlink(name);
	}
	rmdir(directory);
	if (!found)
		return !test_skip("no two files collide on this file system");
	ck_assert_int_eq(ftok(a, 1), ftok(b, 1));
	return true;
}
