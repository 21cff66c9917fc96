/* SPDX-License-Identifier: BSD-2-Clause */
/* POSIX leaves the fourth argument of semctl() to the program to declare. */
#ifndef SVSHM_KERNEL_SEMUN_H
#define SVSHM_KERNEL_SEMUN_H

#include <sys/ipc.h>
#include <sys/sem.h>

#ifndef HAVE_UNION_SEMUN
union semun {
	int val;
	struct semid_ds *buf;
	unsigned short *array;
#ifdef __linux__
	struct seminfo *__buf;
#endif
};
#endif

#endif
