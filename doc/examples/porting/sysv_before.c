/* SPDX-License-Identifier: BSD-2-Clause */
#include <err.h>
#include <stdio.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/wait.h>
#include <unistd.h>

static void change(int set, short by, short flags)
{
	struct sembuf step = { 0, by, flags };
	if (semop(set, &step, 1) != 0)
		err(1, "semop");
}

int main(int argc, char **argv)
{
	key_t key = ftok(argv[argc - 1], 'c'); /* not for it alone */
	int id = shmget(key, sizeof(long), IPC_CREAT | IPC_EXCL | 0600);
	int set = semget(key, 1, IPC_CREAT | IPC_EXCL | 0600);
	long *number = shmat(id, NULL, 0);
	if (key == -1 || id == -1 || set == -1 || number == (long *)-1)
		err(1, "counter"); /* left over? look with ipcs, ipcrm */
	change(set, 1, 0);
	for (int i = 0; i < 4; i++)
		if (fork() == 0) {
			for (int j = 0; j < 1000; j++) {
				change(set, -1, SEM_UNDO);
				++*number;
				change(set, 1, SEM_UNDO);
			}
			return 0;
		}
	while (wait(NULL) > 0)
		;
	printf("%ld\n", *number);
	shmctl(id, IPC_RMID, NULL); /* whoever else may have it */
	semctl(set, 0, IPC_RMID);
}
