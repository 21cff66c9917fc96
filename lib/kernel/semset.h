/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * System V semaphore sets: with semset_wait.c the only caller of semget, semop
 * and semctl but for the enumeration in list_linux.c. No policy. Every function
 * returns a code and, on failure, records a message if ERROR is not NULL.
 */
#ifndef SVSHM_KERNEL_SEMSET_H
#define SVSHM_KERNEL_SEMSET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/sem.h>
#include <sys/types.h>

#include "base/error.h"

struct svshm__set_status {
	int64_t key; /* 0 where the system does not tell it */
	int count;   /* of semaphores */
	uid_t uid, creator_uid;
	gid_t gid;
	mode_t mode;
	int64_t operation_time; /* of the last semop, 0: never */
	int64_t change_time;
};

static inline struct sembuf svshm__sembuf(int semaphore, int change, int flags)
{
	struct sembuf result;

	memset(&result, 0, sizeof(result));
	result.sem_num = (unsigned short)semaphore;
	result.sem_op = (short)change;
	result.sem_flg = (short)flags;
	return result;
}

/* SVSHM_NOT_FOUND, without a message: no set has this key. Needs no permission. */
int svshm__semset_find(key_t key, int *id, struct svshm__error *error);

/* SVSHM_ALREADY_EXISTS: some set has this key, whoever's it is. */
int svshm__semset_make(key_t key, int count, mode_t mode, int *id,
		       struct svshm__error *error);

/* SVSHM_REMOVED: no set has this id (any more). */
int svshm__semset_stat(int id, struct svshm__set_status *status,
		       struct svshm__error *error);
void svshm__semset_convert(const struct semid_ds *from,
			   struct svshm__set_status *to);

/* One value, or SVSHM_REMOVED and so on. */
int svshm__semset_value(int id, int index, unsigned *value,
			struct svshm__error *error);

/* All values of a set that has COUNT of them. */
int svshm__semset_values(int id, unsigned short *values,
			 struct svshm__error *error);

/* Who last changed one semaphore; 0 if not known in this pid namespace. */
pid_t svshm__semset_last_pid(int id, int index);

/* How many processes wait for one semaphore to become zero, or larger. */
int svshm__semset_waiters(int id, int index, unsigned *waiters);

#define SVSHM__FOREVER (-1)

/* The semaphore on which who waits long for zero may ask for the next turn, where
   there is no semtimedop (semset_wait.c): SVSHM__SEM_LOCK. */
#define SVSHM__SEM_WITH_TURNS 3

/*
 * semop() with a deadline: TIMEOUT_MS from now, or SVSHM__FOREVER. Signals do
 * not end the wait and do not stretch it. SVSHM_TIMED_OUT, SVSHM_REMOVED, or
 * SVSHM_BUSY: with SVSHM__FOREVER and IPC_NOWAIT, it would have had to wait.
 */
int svshm__semset_operate(int id, struct sembuf *operations, size_t count,
			  int timeout_ms, struct svshm__error *error);

/*
 * The same until DEADLINE, by svshm__process_now(), or SVSHM__NO_DEADLINE. After
 * the deadline it tries once.
 */
int svshm__semset_operate_by(int id, struct sembuf *operations, size_t count,
			     int64_t deadline, struct svshm__error *error);

/*
 * The same without waiting, for what is ours to give back. That fails only if
 * the set is gone; or if the kernel is short of something for a moment, and then
 * all others would wait for the end of this process: it is tried again.
 */
int svshm__semset_give_back(int id, struct sembuf *operations, size_t count,
			    struct svshm__error *error);

/*
 * One semop() until DEADLINE (semset_wait.c): 0, or -1 and errno, which is
 * EAGAIN then, or EINTR.
 */
int svshm__semset_operate_until(int id, struct sembuf *operations,
				size_t count, int64_t deadline);

/* UID (uid_t)-1: stays. */
int svshm__semset_change(int id, mode_t mode, uid_t uid, gid_t group,
			 struct svshm__error *error);

/* Gone already is success. */
int svshm__semset_remove(int id, struct svshm__error *error);

#endif
