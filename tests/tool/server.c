/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Another program: a server with a segment, which its children inherit, as
 * databases have it. Prints its own pid, the segment's id, and the children's
 * pids, a line each, and waits to be killed; the children wait likewise. The
 * first child can only read.
 *
 *   server plain|sessions KEY SIZE CHILDREN   (sessions: each begins its own)
 *   server spoil ID                           overwrites a header of svshm's
 */
#include <config.h>

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/shm.h>
#include <unistd.h>

static int failed(const char *what)
{
	perror(what);
	return 1;
}

static void wait_for_death(void)
{
	for (;;)
		pause();
}

/* Returns in the child only after a failure. */
static int be_child(int ready, int id, void *memory, bool reader, bool session)
{
	if (session && setsid() < 0)
		return failed("setsid");
	if (reader && (shmdt(memory) < 0 ||
		       shmat(id, NULL, SHM_RDONLY) == (void *)-1))
		return failed("shmat");
	if (write(ready, "", 1) != 1)
		return failed("write");
	wait_for_death();
	return 1;
}

static int serve(bool sessions, key_t key, size_t size, int children)
{
	int ready[2], id = shmget(key, size, IPC_CREAT | IPC_EXCL | 0600);
	void *memory = id < 0 ? (void *)-1 : shmat(id, NULL, 0);
	char byte;

	if (memory == (void *)-1 || pipe(ready) < 0)
		return failed("shmget");
	printf("%ld\n%d\n", (long)getpid(), id);
	fflush(stdout);
	for (int i = 0; i < children; i++) {
		pid_t child = fork();

		if (child == 0)
			_exit(be_child(ready[1], id, memory, i == 0, sessions));
		if (child < 0 || read(ready[0], &byte, 1) != 1)
			return failed("fork");
		printf("%ld\n", (long)child);
		fflush(stdout);
	}
	printf("ready\n");
	fflush(stdout);
	wait_for_death();
	return 1;
}

/* The third word is the format's number: no version has that one. */
static int spoil(int id)
{
	char *memory = shmat(id, NULL, 0);

	if (memory == (void *)-1)
		return failed("shmat");
	memset(memory + 8, 0xff, 4);
	return 0;
}

int main(int argc, char **argv)
{
	if (argc == 3 && strcmp(argv[1], "spoil") == 0)
		return spoil(atoi(argv[2]));
	if (argc != 5)
		return 2;
	return serve(strcmp(argv[1], "sessions") == 0,
		     (key_t)strtoll(argv[2], NULL, 0), (size_t)atol(argv[3]),
		     atoi(argv[4]));
}
