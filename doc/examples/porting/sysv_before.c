/* SPDX-License-Identifier: BSD-2-Clause */
#include <err.h>
#include <stdio.h>
#include <sys/ipc.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/wait.h>
#include <unistd.h>

static void change(int set, short by)
{
	struct sembuf step = { 0, by, SEM_UNDO };
	if (semop(set, &step, 1) != 0)
		err(1, "semop");
}

int main(int argc, char **argv)
{
	key_t key = ftok(argc > 1 ? argv[1] : argv[0], 'c');
	int id = shmget(key, sizeof(long), IPC_CREAT | IPC_EXCL | 0600);
	int set = semget(key, 1, IPC_CREAT | IPC_EXCL | 0600);
	struct sembuf open = { 0, 1, 0 };
	if (key == -1 || id == -1 || set == -1 || semop(set, &open, 1) != 0)
		err(1, "counter"); /* left over from a crash? ipcrm */
	long *number = shmat(id, NULL, 0);
	if (number == (void *)-1)
		err(1, "shmat");
	for (int i = 0; i < 4; i++)
		if (fork() == 0) {
			for (int j = 0; j < 1000; j++) {
				change(set, -1);
				++*number;
				change(set, 1);
			}
			return 0;
		}
	while (wait(NULL) > 0)
		;
	printf("%ld\n", *number);
	shmctl(id, IPC_RMID, NULL); /* whoever else may have it */
	semctl(set, 0, IPC_RMID);
	return 0;
}
