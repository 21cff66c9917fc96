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

#include "lock/lock.h"

#include "base/atomic.h"
#include "base/crashpoint.h"
#include "kernel/process.h"
#include "kernel/semset.h"

/*
 * P1, in slices: somebody may reset the semaphores, so that the kernel no longer
 * gives the lock back if its owner dies, and wakes nobody.
 */
static int wait_for_it(const struct svshm__locker *locker, int timeout_ms,
		       struct svshm__error *error)
{
	int set_id = locker->attachment->set_id;
	short wait = timeout_ms == 0 ? IPC_NOWAIT : 0;
	struct sembuf operations[] = {
		{ SVSHM__SEM_LOCK, 0, wait },
		{ SVSHM__SEM_LOCK, 1, (short)(wait | SEM_UNDO) },
	};
	int64_t deadline, end;
	int code;

	if (timeout_ms == 0)
		return svshm__semset_operate(set_id, operations, 2,
					     SVSHM__FOREVER, error);
	deadline = svshm__process_deadline(timeout_ms);
	do {
		uint32_t word;
		bool alive;

		end = svshm__lock_slice(deadline);
		code = svshm__semset_operate_by(set_id, operations, 2, end,
						error);
		word = svshm__load(&locker->header->lock_word);
		if (code != SVSHM_TIMED_OUT || end == deadline || !word)
			continue;
		if (svshm__lock_ask_owner(locker->attachment, locker->header,
					  word, true, &alive, error) ==
		    SVSHM_REMOVED)
			return SVSHM_REMOVED;
	} while (code == SVSHM_TIMED_OUT && end < deadline);
	return code;
}

/* What a dead owner leaves of itself is undone one by one on some systems. */
#define UNDO_MS 100

/*
 * The semaphore is ours, but the word is another's. He died before he could
 * clear it, or somebody has reset the semaphore, and he is inside.
 */
static int replace_owner(const struct svshm__locker *locker, uint32_t word,
			 struct svshm__error *error)
{
	int64_t deadline = svshm__process_deadline(UNDO_MS);
	bool alive = true;
	int code = SVSHM_OK;

	while (!code && alive && svshm__process_now() < deadline) {
		code = svshm__lock_ask_owner(locker->attachment,
					     locker->header, word, false,
					     &alive, error);
		if (!code && alive)
			svshm__process_pause(1);
	}
	if (!code && alive)
		code = svshm__lock_reset(locker->header,
					 locker->attachment->set_id, error);
	return code ? code : SVSHM_OWNER_DIED;
}

static int give_semaphore(const struct svshm__locker *locker,
			  struct svshm__error *error)
{
	struct sembuf release = { SVSHM__SEM_LOCK, -1, IPC_NOWAIT | SEM_UNDO };
	int code = svshm__semset_give_back(locker->attachment->set_id, &release,
					   1, error);

	/* The lock was free: somebody else has written to the semaphore. */
	return code == SVSHM_BUSY ? SVSHM_LOCK_ERROR : code;
}

static int take(const struct svshm__locker *locker, int timeout_ms,
		struct svshm__error *error)
{
	uint32_t *lock_word = &locker->header->lock_word;
	uint32_t mine = locker->attachment->lock_mark;
	int code = wait_for_it(locker, timeout_ms, error);

	CRASHPOINT("lock:taken");
	if (code)
		return code == SVSHM_BUSY ? SVSHM_TIMED_OUT : code;

	/* A set word now is the last owner's. Nobody else writes it while the
	   lock is ours, unless somebody has reset the semaphore: then one of two
	   finds the other's word. */
	uint32_t word = svshm__load(lock_word);

	if (word)
		code = replace_owner(locker, word, error);
	if (code >= 0 && !svshm__exchange_if(lock_word, word, mine))
		code = svshm__lock_reset(locker->header,
					 locker->attachment->set_id, error);
	if (code < 0)
		give_semaphore(locker, NULL);
	return code;
}

static int give(const struct svshm__locker *locker, struct svshm__error *error)
{
	if (svshm__load(&locker->header->lock_word) ==
	    locker->attachment->lock_mark)
		svshm__lock_count(locker->header);
	/* Before the release: a death in between leaves nothing torn. */
	svshm__exchange_if(&locker->header->lock_word,
			   locker->attachment->lock_mark, 0);
	CRASHPOINT("unlock:clean");
	return give_semaphore(locker, error);
}

const struct svshm__lock_engine_functions svshm__lock_portable = {
	take, give, false
};
