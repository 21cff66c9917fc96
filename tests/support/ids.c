/* SPDX-License-Identifier: BSD-2-Clause */
#include <config.h>

#include "ids.h"

#include <sys/ipc.h>
#include <sys/sem.h>
#include <sys/shm.h>

#include "kernel/semun.h"

bool segment_is_there(int id)
{
	struct shmid_ds status;

	return shmctl(id, IPC_STAT, &status) == 0;
}

bool set_is_there(int id)
{
	struct semid_ds status;
	union semun argument = { .buf = &status };

	return semctl(id, 0, IPC_STAT, argument) == 0;
}

int segment_of(const char *key)
{
	struct test_object object;

	ck_assert(test_inspect(key, &object));
	return object.segment_id;
}

int set_of(const char *key)
{
	struct test_object object;

	ck_assert(test_inspect(key, &object));
	return object.semaphore_id;
}

void remove_segment_of(const char *key)
{
	ck_assert_int_eq(shmctl(segment_of(key), IPC_RMID, NULL), 0);
}

void remove_set_of(const char *key)
{
	ck_assert_int_eq(semctl(set_of(key), 0, IPC_RMID), 0);
}
