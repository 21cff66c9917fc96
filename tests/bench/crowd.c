/* SPDX-License-Identifier: BSD-2-Clause */
#include <config.h>

#include "crowd.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "figures.h"
#include "kernel/semun.h"
#include "key/key.h"
#include "memory/layout.h"
#include "svshm.h"

/* Where svshm has its key files. */
static char directory[] = SVSHM_KEYDIR_BASE "/svshm-bench.XXXXXX";

const char *crowd_directory(void)
{
	if (!mkdtemp(directory))
		bench_die("mkdtemp");
	setenv("SVSHM_KEYDIR", directory, 1);
	return directory;
}

/* ---- Segments of another program ----------------------------------------- */

static int *foreign_ids;

void crowd_make_segments(int count)
{
	foreign_ids = calloc((size_t)count, sizeof(int));
	for (int i = 0; foreign_ids && i < count; i++) {
		foreign_ids[i] = shmget(IPC_PRIVATE, 4096, IPC_CREAT | 0600);
		if (foreign_ids[i] < 0)
			bench_die("shmget");
	}
}

void crowd_remove_segments(int count)
{
	for (int i = 0; i < count; i++)
		shmctl(foreign_ids[i], IPC_RMID, NULL);
	free(foreign_ids);
}

/* ---- Orphans ------------------------------------------------------------- */

/* _exit() is no detach: it leaves an orphan. */
bool crowd_make_orphan(const char *key, size_t size)
{
	pid_t child = fork();
	int status = -1;

	if (child == 0) {
		struct svshm *handle = svshm_new(key);

		_exit(svshm_create(handle, size, SVSHM_READ_WRITE) < 0);
	}
	if (child < 0 || waitpid(child, &status, 0) < 0)
		bench_die("making an orphan");
	return status == 0;
}

static key_t first_key(const char *path)
{
	key_t key;

	if (svshm__key_first(path, &key, NULL))
		bench_die("ftok");
	return key;
}

/* The key file of number I, and the key it leads to. */
static key_t key_of(int i, char *path, size_t size)
{
	struct stat status;
	int fd;

	snprintf(path, size, "%s/bench-%05d", directory, i);
	fd = open(path, O_WRONLY | O_CREAT, 0600);
	if (fd < 0 || write(fd, "svshm 1\n", 8) != 8 || fstat(fd, &status) < 0)
		bench_die(path);
	close(fd);
	return first_key(path);
}

static int clone_set(key_t key, int count, unsigned name_hash)
{
	struct sembuf begin[] = {
		{ .sem_num = SVSHM__SEM_TAG,
		  .sem_op = (short)svshm__tag(name_hash) },
	};
	int id = semget(key, count, IPC_CREAT | IPC_EXCL | 0600);

	if (id < 0 || semop(id, begin, 1) < 0)
		bench_die("semget");
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

	/* Keys collide now and then: then there is one fewer. */
	if (id < 0 && errno == EEXIST) {
		unlink(path);
		return;
	}

	char *memory = id < 0 ? (void *)-1 : shmat(id, NULL, 0);

	if (memory == (void *)-1 || stat(path, &status) < 0)
		bench_die("shmget, shmat");
	memcpy(memory, template, (size_t)template->data_offset);

	struct svshm__header *header = (void *)memory;

	header->inode = (uint64_t)status.st_ino;
	strcpy(memory + header->path_offset, path);
	strcpy(memory + header->key_offset, strrchr(path, '/') + 1);
	header->set_id = clone_set(key, sets, svshm__key_name_hash(path));
	shmdt(memory);
}

/*
 * The first one is real. To make thousands so would take thousands of processes
 * that die.
 */
void crowd_make_orphans(int count)
{
	char path[128];
	struct semid_ds status;
	union semun argument = { .buf = &status };

	if (!crowd_make_orphan("bench-00000", 4096))
		bench_die("making an orphan");
	snprintf(path, sizeof(path), "%s/bench-00000", directory);

	key_t key = first_key(path);
	int set = semget(key, 0, 0);
	const struct svshm__header *template =
		shmat(shmget(key, 0, 0), NULL, SHM_RDONLY);

	if (template == (void *)-1 || semctl(set, 0, IPC_STAT, argument) < 0)
		bench_die("looking at the first orphan");
	for (int i = 1; i < count; i++)
		clone_orphan(template, (int)status.sem_nsems, i);
	shmdt(template);
}

/* ---- Users --------------------------------------------------------------- */

static pid_t users[CROWD_USERS_MAX];

static void use(const char *key, size_t size, bool make, int ready)
{
	struct svshm *handle = svshm_new(key);
	int code = make ? svshm_create(handle, size, SVSHM_READ_WRITE) :
			  svshm_attach(handle, SVSHM_READ_WRITE);

	if (code < 0) {
		fprintf(stderr, "bench: %s\n", svshm_error_string(handle));
		exit(1);
	}
	if (write(ready, "", 1) != 1)
		bench_die("write");
	for (;;)
		pause();
}

void crowd_start_users(const char *key, size_t size, int count)
{
	for (int i = 0; i < count; i++) {
		int ready[2];
		char byte;

		if (pipe(ready) < 0)
			bench_die("pipe");
		users[i] = fork();
		if (users[i] < 0)
			bench_die("fork");
		if (users[i] == 0)
			use(key, size, i == 0, ready[1]);
		close(ready[1]);
		if (read(ready[0], &byte, 1) != 1)
			exit(1); /* it has said why */
		close(ready[0]);
	}
}

void crowd_stop_users(int count)
{
	for (int i = 0; i < count; i++) {
		kill(users[i], SIGKILL);
		waitpid(users[i], NULL, 0);
	}
}

/* ---- Semaphore sets of another program ----------------------------------- */

bool crowd_make_sets(int count)
{
	struct sembuf up = { .sem_num = 0, .sem_op = 1 };
	pid_t child = geteuid() == 0 ? fork() : -1;
	int status = -1;

	if (child == 0) {
		if (setuid(CROWD_USER) < 0)
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

int crowd_count_sets(void)
{
	struct seminfo info;
	union semun argument = { .__buf = &info };

	return semctl(0, 0, SEM_INFO, argument) < 0 ? -1 : info.semusz;
}
