/* SPDX-License-Identifier: BSD-2-Clause */
#include <config.h>

#include "deeds.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kernel/semun.h"
#include "key/key.h"
#include "memory/layout.h"
#include "qt/key.h"
#include "qtwire.h"
#include "scene.h"

/* The object as he finds it. */
static struct {
	char *path, *lock_path; /* lock_path: Qt's */
	key_t key, lock_key;
	int set_id, segment_id; /* -1: there is none now */
} there;

/* What he, or another program, has made in their place; -1: nothing. */
static struct made {
	int set, segment;
} *made;

static void remove_set(int unused)
{
	(void)unused;
	semctl(there.set_id, 0, IPC_RMID);
}

static void replace_set(int unused)
{
	remove_set(unused);
	if (there.set_id >= 0)
		made->set = semget(there.lock_key, 7,
					IPC_CREAT | IPC_EXCL | 0666);
}

static void touch_set(int unused)
{
	struct semid_ds status;
	union semun argument = { .buf = &status };

	(void)unused;
	if (semctl(there.set_id, 0, IPC_STAT, argument) == 0)
		semctl(there.set_id, 0, IPC_SET, argument);
}

/* As Qt's create() does, whoever owns the lock. */
static void free_lock(int value)
{
	union semun argument = { .val = value };

	semctl(there.set_id, 0, SETVAL, argument);
}

static void reset_one(int semaphore)
{
	union semun argument = { .val = 0 };

	semctl(there.set_id, semaphore, SETVAL, argument);
}

static void reset_all(int zeros)
{
	static unsigned short values[SVSHM__SEMAPHORES_MAX];
	union semun argument = { .array = values };

	memset(values, 0, sizeof(values));
	if (!zeros)
		semctl(there.set_id, 0, GETALL, argument);
	semctl(there.set_id, 0, SETALL, argument);
}

static void remove_segment(int unused)
{
	(void)unused;
	shmctl(there.segment_id, IPC_RMID, NULL);
}

static void replace_segment(int unused)
{
	remove_segment(unused);
	if (there.segment_id >= 0)
		made->segment = shmget(there.key, 5000,
				       IPC_CREAT | IPC_EXCL | 0600);
}

static void touch_segment(int unused)
{
	struct shmid_ds status;

	(void)unused;
	if (shmctl(there.segment_id, IPC_STAT, &status) == 0)
		shmctl(there.segment_id, IPC_SET, &status);
}

static void remove_file(int unused)
{
	(void)unused;
	unlink(there.path);
}

static void replace_file(int unused)
{
	FILE *file;

	remove_file(unused);
	file = fopen(there.path, "w");
	if (file)
		fclose(file);
}

static void remove_lock_file(int unused)
{
	(void)unused;
	unlink(there.lock_path);
}

static void replace_lock_file(int unused)
{
	FILE *file;

	remove_lock_file(unused);
	file = fopen(there.lock_path, "w");
	if (file)
		fclose(file);
}

/* Moved away, so that the test can put it back. */
static const char *moved_directory(void)
{
	static char moved[4096];

	snprintf(moved, sizeof(moved), "%s.moved", test_directory());
	return moved;
}

static void replace_directory(int unused)
{
	const char *directory = test_directory();
	const char *moved = moved_directory();

	(void)unused;
	child_assert(rename(directory, moved) == 0);
	child_assert(mkdir(directory, 0700) == 0);
}

static const struct deed deeds[] = {
	{ "set removed", remove_set, 0 },
	{ "set replaced", replace_set, 0 },
	{ "set touched", touch_set, 0 },
	{ "tag to 0", reset_one, SVSHM__SEM_TAG },
	{ "children to 0", reset_one, SVSHM__SEM_CHILDREN },
	{ "gate to 0", reset_one, SVSHM__SEM_GATE },
	{ "lock to 0", reset_one, SVSHM__SEM_LOCK },
	{ "slots to 0", reset_one, SVSHM__SEM_SLOTS },
	{ "all to 0", reset_all, 1 },
	{ "all to the same", reset_all, 0 },
	{ "segment removed", remove_segment, 0 },
	{ "segment replaced", replace_segment, 0 },
	{ "segment touched", touch_segment, 0 },
	{ "key file removed", remove_file, 0 },
	{ "key file replaced", replace_file, 0 },
	{ "key directory replaced", replace_directory, 0 },
};

const int deed_count = (int)(sizeof(deeds) / sizeof(*deeds));

/* A value of 0 is not among them: it means that somebody owns the lock. */
static const struct deed qt_deeds[] = {
	{ "set removed", remove_set, 0 },
	{ "set replaced", replace_set, 0 },
	{ "set touched", touch_set, 0 },
	{ "lock freed", free_lock, 1 },
	{ "segment removed", remove_segment, 0 },
	{ "segment replaced", replace_segment, 0 },
	{ "segment touched", touch_segment, 0 },
	{ "key file removed", remove_file, 0 },
	{ "key file replaced", replace_file, 0 },
	{ "lock's key file removed", remove_lock_file, 0 },
	{ "lock's key file replaced", replace_lock_file, 0 },
};

#define QT_DEEDS (int)(sizeof(qt_deeds) / sizeof(*qt_deeds))

const struct deed *deed_of_number(int n)
{
	if (!in_qt_world())
		return &deeds[n];
	return n < QT_DEEDS ? &qt_deeds[n] : NULL;
}

/* ---- Before and after ---------------------------------------------------- */

static key_t key_of(const char *path, bool qt)
{
	key_t key;

	if (qt)
		return ftok(path, SVSHM__QT_PROJECT);
	return svshm__key_first(path, &key, NULL) ? (key_t)-1 : key;
}

void deed_prepare(const char *key)
{
	struct svshm *handle = svshm_new(key);
	bool qt = in_qt_world();

	if (!made)
		made = test_shared(sizeof(*made));
	free(there.path);
	free(there.lock_path);
	there.path = qt ? qt_segment_path(key) :
			  strdup(svshm_native_key(handle));
	there.lock_path = qt ? qt_lock_path(key) : strdup(there.path);
	svshm_free(handle);
	there.key = key_of(there.path, qt);
	there.lock_key = key_of(there.lock_path, qt);
	made->set = made->segment = -1;
	there.set_id = there.lock_key == (key_t)-1 ? -1 :
		semget(there.lock_key, 0, 0);
	there.segment_id = there.key == (key_t)-1 ? -1 :
		shmget(there.key, 0, 0);
}

static int do_it(void *deed)
{
	const struct deed *wanted = deed;

	wanted->act(wanted->argument);
	return 0;
}

void deed_do(const struct deed *deed)
{
	struct deed copy = *deed;

	ck_assert_int_eq(test_wait(test_fork(do_it, &copy)), 0);
}

void deed_put_back(void)
{
	if (made->set >= 0)
		semctl(made->set, 0, IPC_RMID);
	if (made->segment >= 0)
		shmctl(made->segment, IPC_RMID, NULL);
}

/* In the Qt layout nothing but the key files leads to the rest. */
static void remove_unreachable(const struct deed *deed)
{
	void (*act)(int) = deed->act;

	if (act == remove_file || act == replace_file)
		remove_segment(0);
	if (act == remove_lock_file || act == replace_lock_file)
		remove_set(0);
}

static void put_back_directory(const char *key)
{
	rmdir(test_directory());
	rename(moved_directory(), test_directory());
	recover_leftovers(key);
	unlink(there.path);
}

void deed_clean_up(const struct deed *deed, const char *key)
{
	bool reset = deed->act == reset_one || deed->act == reset_all;

	recover_leftovers(key);
	if (in_qt_world()) {
		remove_unreachable(deed);
		return;
	}
	if (reset && there.set_id >= 0)
		semctl(there.set_id, 0, IPC_RMID);
	if (deed->act == replace_directory)
		put_back_directory(key);
}
