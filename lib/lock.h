/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The lock. An object's header says which engine works it; all engines keep
 * one contract:
 *   - one owner at a time; if it dies, one waiter gets the lock;
 *   - header->lock_word is not 0 while the owner may be changing data. Whoever
 *     takes the lock and finds it set knows that the last owner died inside,
 *     and raises header->inconsistent, which svshm_make_consistent() lowers.
 */
#ifndef SVSHM_LOCK_H
#define SVSHM_LOCK_H

#include "error.h"
#include "mapping.h"

/* One handle's use of the lock. The attachment must be registered. */
struct svshm__locker {
	struct svshm__attachment *attachment;
	struct svshm__header *header; /* the handle's mapping */
	uint32_t *held; /* the handle's: the fork generation in which it took
			   the lock; 0: it does not own it */
};

struct svshm__lock_engine_functions {
	/*
	 * Take the lock, waiting TIMEOUT_MS at most (0: not at all; or
	 * SVSHM__FOREVER). SVSHM_OWNER_DIED: taken from a dead owner.
	 * SVSHM_TIMED_OUT, SVSHM_REMOVED...
	 */
	int (*take)(const struct svshm__locker *locker, int timeout_ms,
		    struct svshm__error *error);
	int (*give)(const struct svshm__locker *locker,
		    struct svshm__error *error);
};

extern const struct svshm__lock_engine_functions svshm__lock_portable;

/* The engine of that number, or NULL. */
const struct svshm__lock_engine_functions *svshm__lock_engine(unsigned number);

/* SVSHM_OWNER_DIED is success. */
int svshm__lock_take(const struct svshm__locker *locker, int timeout_ms,
		     struct svshm__error *error);
int svshm__lock_give(const struct svshm__locker *locker,
		     struct svshm__error *error);
int svshm__lock_make_consistent(const struct svshm__locker *locker,
				struct svshm__error *error);

/* The handle owns the lock, and no fork came between. */
bool svshm__lock_held(const struct svshm__locker *locker);

#endif
