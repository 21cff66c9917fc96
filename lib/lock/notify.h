/* SPDX-License-Identifier: BSD-2-Clause */
/* Changes: who makes one says so, who waits for one is woken; see notify.c. */
#ifndef SVSHM_LOCK_NOTIFY_H
#define SVSHM_LOCK_NOTIFY_H

#include <stdbool.h>
#include <stdint.h>

#include "lock/lock.h"

/* One more change, by a registered process. 0, or SVSHM_REMOVED. */
int svshm__notify(struct svshm__locker *locker, struct svshm__error *error);

/*
 * Wait until the count of changes is not *SEEN, and store it there; by whoever has
 * HEADER mapped, TIMEOUT_MS at most, or SVSHM__FOREVER. *LOOKED: the tick in which
 * this handle last saw that the object is there. 0, SVSHM_TIMED_OUT (no message),
 * SVSHM_REMOVED.
 */
int svshm__wait_for_change(const struct svshm__attachment *attachment,
			   struct svshm__header *header, int64_t *looked,
			   uint32_t *seen, int timeout_ms,
			   struct svshm__error *error);

/* So often a waiter asks whether the object is there. Tests make it for ever: then
   nothing but a notify wakes a sleeper. */
extern int64_t svshm__wait_look_interval;

/*
 * N1, in line, where nothing is to be asked before: this process is registered, as
 * the long way has noted, nobody sleeps, and the object was looked for not long
 * ago. False: nothing was done.
 */
#if defined(HAVE_ATOMIC_BUILTINS) && defined(HAVE_PTHREAD_ATFORK)

static inline bool svshm__notify_at_once(struct svshm__locker *locker)
{
	uint32_t word;

	if (!locker->notifies ||
	    locker->notify_epoch != svshm__load(&svshm__registration_epoch) ||
	    locker->unlooked-- == 0 || svshm__load(&locker->header->removed))
		return false;
	word = svshm__load(&locker->header->changes);
	return !(word & SVSHM__CHANGE_SLEEPERS) &&
	       svshm__exchange_if(&locker->header->changes, word,
				  word + SVSHM__CHANGE);
}

#else

static inline bool svshm__notify_at_once(struct svshm__locker *locker)
{
	(void)locker;
	return false;
}

#endif

#endif
