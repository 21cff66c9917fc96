/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Leaves semaphore sets behind, as a web server that is killed does. As many as
 * it is told, or as there may be; prints how many.
 *
 *   make_sets COUNT UID
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/ipc.h>
#include <sys/sem.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	struct sembuf up = { .sem_num = 0, .sem_op = 1 };
	int made = 0;

	if (argc < 3 || setuid((uid_t)atol(argv[2])) < 0)
		return 1;
	while (made < atoi(argv[1])) {
		int id = semget(IPC_PRIVATE, 1, IPC_CREAT | 0600);

		if (id < 0)
			break;
		if (semop(id, &up, 1) < 0)
			return 1;
		made++;
	}
	printf("%d\n", made);
	return made > 0 ? 0 : 1;
}
