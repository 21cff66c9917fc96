/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The portable engine: the lock semaphore itself. 0 is free; taking waits for 0
 * and adds 1 in one operation; SEM_UNDO takes the 1 away if the owner dies.
 *
 *   P1  semop {wait for 0, +1 SEM_UNDO}   Dies after: the kernel frees the
 *                                         lock, the word is still 0: nothing
 *                                         was changed, nothing is reported.
 *   P2  lock_word = mine                  Dies after: the kernel frees the
 *                                         lock, the next owner finds the word.
 *   P3  lock_word = 0                     Dies after: as after P1.
 *   P4  semop {-1 SEM_UNDO}
 *
 * No wake-up can be lost: the kernel keeps the queue, and wakes it also when it
 * applies the undo of a dead owner.
 */
#include <config.h>

#include "lock.h"

#include "atomic.h"
#include "crashpoint.h"
#include "semset.h"

static int take(const struct svshm__locker *locker, int timeout_ms,
		struct svshm__error *error)
{
	struct svshm__header *header = locker->header;
	short wait = timeout_ms == 0 ? IPC_NOWAIT : 0;
	struct sembuf operations[] = {
		{ SVSHM__SEM_LOCK, 0, wait },
		{ SVSHM__SEM_LOCK, 1, (short)(wait | SEM_UNDO) },
	};
	int code = svshm__semset_operate(
		locker->attachment->set_id, operations, 2,
		timeout_ms == 0 ? SVSHM__FOREVER : timeout_ms, error);

	CRASHPOINT("lock:taken");
	if (code)
		return code == SVSHM_BUSY ? SVSHM_TIMED_OUT : code;

	/* A set word now is the last owner's: it died before it could clear
	   it. Nobody else writes it while the lock is ours. */
	bool died = svshm__load(&header->lock_word) != 0;

	svshm__store(&header->lock_word, locker->attachment->lock_mark);
	return died ? SVSHM_OWNER_DIED : SVSHM_OK;
}

static int give(const struct svshm__locker *locker, struct svshm__error *error)
{
	struct sembuf release = { SVSHM__SEM_LOCK, -1, IPC_NOWAIT | SEM_UNDO };

	/* Before the release: a death in between leaves nothing torn. */
	svshm__store(&locker->header->lock_word, 0);
	CRASHPOINT("unlock:clean");
	int code = svshm__semset_give_back(locker->attachment->set_id, &release,
					   1, error);

	/* The lock was free: somebody else has written to the semaphore. */
	return code == SVSHM_BUSY ? SVSHM_LOCK_ERROR : code;
}

const struct svshm__lock_engine_functions svshm__lock_portable = {
	take, give, false
};
