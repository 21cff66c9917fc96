/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The lock. An object's header says which engine works it; all engines keep
 * one contract:
 *   - one owner at a time; if it dies, one waiter gets the lock;
 *   - header->lock_word is not 0 while the owner may be changing data. Whoever
 *     takes the lock from a dead owner raises header->inconsistent, which
 *     svshm_make_consistent() lowers.
 */
#ifndef SVSHM_LOCK_LOCK_H
#define SVSHM_LOCK_LOCK_H

#include <pthread.h>

#include "base/atomic.h"
#include "base/error.h"
#include "memory/attachment.h"
#include "memory/slots.h"

/* One handle's use of the lock. */
struct svshm__locker {
	struct svshm__attachment *attachment; /* registered; NULL: no lock */
	struct svshm__header *header; /* the handle's mapping */
	uint32_t held; /* the fork generation in which this handle took the
			  lock; 0: it does not own it */
	/* For the short way: see below. */
	uint32_t mark;  /* as the attachment has it; 0: not the fast lock */
	uint32_t epoch; /* the registration epoch in which MARK was noted */
	/* When to look whether the object is still there: see lock.c. */
	uint32_t unlooked, stride;
	int64_t looked;
	/* For svshm_notify()'s short way: see notify.h. */
	bool notifies;
	uint32_t notify_epoch;
	int64_t waited; /* the tick of svshm_wait()'s last look, readers' too */
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
	/* Whoever registers leaves a token to be posted at its death. */
	bool death_token;
};

extern const struct svshm__lock_engine_functions svshm__lock_portable;
#ifdef FAST_LOCK
extern const struct svshm__lock_engine_functions svshm__lock_fast;
#endif

/* The engine of that number, or NULL. */
const struct svshm__lock_engine_functions *svshm__lock_engine(unsigned number);

/* The number of the engine that objects get which this process creates. */
extern unsigned svshm__lock_engine_of_new;

void svshm__locker_set(struct svshm__locker *locker,
		       struct svshm__attachment *attachment,
		       struct svshm__header *header);

/* SVSHM_OWNER_DIED is success. */
int svshm__lock_take(struct svshm__locker *locker, int timeout_ms,
		     struct svshm__error *error);
int svshm__lock_give(struct svshm__locker *locker, struct svshm__error *error);
int svshm__lock_make_consistent(const struct svshm__locker *locker,
				struct svshm__error *error);

/*
 * For those who read without the lock (snapshot.c): by its owner, or on behalf of a
 * dead one, before the word is cleared. No step of its own, as nobody else adds. It
 * may count one too many.
 */
static inline void svshm__lock_count(struct svshm__header *header)
{
	svshm__store(&header->rounds, svshm__load(&header->rounds) + 1);
}

/* When svshm_snapshot() has to ask the kernel whether the object is there. */
struct svshm__looks {
	int64_t tick; /* of the last time */
	uint32_t left, stride; /* so many snapshots go by without a look at it */
};

/* What svshm_snapshot() copies, and from where (snapshot.c). */
struct svshm__snapshot {
	const struct svshm__attachment *attachment;
	const struct svshm__header *header; /* the handle's mapping */
	const char *from;
	char *to;
	size_t length;
	struct svshm__looks *looks;
	/* Of snapshot.c itself. */
	uint32_t dead; /* the word of an owner who has died; 0: not known of one */
	size_t in_vain; /* copied since the time was looked at last */
	bool died;     /* an owner has, and the data were not made consistent */
};

/* 0, SVSHM_OWNER_DIED (copied), SVSHM_TIMED_OUT, SVSHM_REMOVED... */
int svshm__snapshot_take(struct svshm__snapshot *snapshot, int timeout_ms,
			 struct svshm__error *error);

/* Another number for each thread of a process; never 0. */
static inline uintptr_t svshm__lock_self(void)
{
#ifdef HAVE_THREAD_POINTER
	return (uintptr_t)__builtin_thread_pointer();
#else
	return (uintptr_t)pthread_self();
#endif
}

/* The handle owns the lock, and no fork came between. */
static inline bool svshm__lock_held(const struct svshm__locker *locker)
{
	return locker->held == svshm__fork_generation();
}

/* For those who look: whether somebody who lives owns the lock. */
bool svshm__lock_is_owned(unsigned engine, uint32_t word,
			  const struct svshm__set *set,
			  const struct svshm__slot *slots,
			  uint32_t slot_count);

/*
 * For the engines: does the owner live whom WORD names? Dead is said with proof
 * only. LONG_WAIT: it has had the lock for a second. SVSHM_REMOVED: somebody has
 * reset the set, so that it can't be told; header->removed tells all others.
 */
int svshm__lock_ask_owner(const struct svshm__attachment *attachment,
			  struct svshm__header *header, uint32_t word,
			  bool long_wait, bool *alive,
			  struct svshm__error *error);

/* The same without a mark in the header, which may be mapped to be read only. */
int svshm__lock_see_owner(const struct svshm__attachment *attachment,
			  const struct svshm__header *header, uint32_t word,
			  bool long_wait, bool *alive, bool *reset,
			  struct svshm__error *error);

/* Say so, and mark the header, if there is one. SVSHM_REMOVED. */
int svshm__lock_reset(struct svshm__header *header, int set_id,
		      struct svshm__error *error);

/* Is the object still there, and this process in it? 0, or SVSHM_REMOVED. */
int svshm__lock_look(const struct svshm__attachment *attachment,
		     const struct svshm__header *header,
		     struct svshm__error *error);

/*
 * Until when to wait in the kernel: DEADLINE, or an end before it, as a wait is
 * looked up once a second. Nobody wakes those who sleep when an owner dies whose
 * undo entries somebody has wiped. Where there is no semtimedop(), a wait without
 * end stays one: it would be a row of tries.
 */
int64_t svshm__lock_slice(int64_t deadline);

/*
 * Has the kernel's tick changed since this handle looked last? Notes it, and how
 * many times the handle need not ask.
 */
bool svshm__lock_tick_has_passed(struct svshm__locker *locker);

/* ---- The short way ---------------------------------------------------------- */

/*
 * What nearly every lock and unlock is: the word is free, or nobody waits. In
 * line, as a call costs about as much. False: nothing was done, the long way
 * tells why. After a success svshm__lock_confirm() must follow if it is due.
 *
 * An exchange waits until all that is before it has been done, and keeps what
 * is behind it from beginning: a load that waits for another load costs its full
 * time. So what goes into the exchange, and what is asked before it, is in the
 * handle itself. The long way notes it there: that this process is registered,
 * with which mark, and when that was so. The epoch tells whether it is so still.
 * The word itself is asked with the exchange, not before it.
 */
#if defined(FAST_LOCK) && defined(HAVE_PTHREAD_ATFORK)

static inline bool svshm__lock_take_at_once(struct svshm__locker *locker)
{
	if (locker->mark == 0 ||
	    locker->epoch != svshm__load(&svshm__registration_epoch) ||
	    !svshm__exchange_if(&locker->header->lock_word, 0, locker->mark))
		return false;
	svshm__order_stores();
	locker->held = svshm__fork_generation();
	svshm__store_relaxed(&locker->attachment->lock_thread,
			     svshm__lock_self());
	return true;
}

/* After a success svshm__lock_confirm_given() must follow if it is due. */
static inline bool svshm__lock_give_at_once(struct svshm__locker *locker)
{
	struct svshm__header *header = locker->header;
	uint32_t mark = locker->mark;

	if (mark == 0 || !svshm__lock_held(locker))
		return false;
	svshm__lock_count(header);
	/* Before the word: else the next owner's would be wiped. */
	svshm__store_relaxed(&locker->attachment->lock_thread, 0);
	if (!svshm__exchange_if(&header->lock_word, mark, 0))
		return false;
	locker->held = 0;
	return true;
}

#else

static inline bool svshm__lock_take_at_once(struct svshm__locker *locker)
{
	(void)locker;
	return false;
}

static inline bool svshm__lock_give_at_once(struct svshm__locker *locker)
{
	(void)locker;
	return false;
}

#endif

/* The lock was just taken: is there more to be said than 0? */
static inline bool svshm__lock_confirm_due(struct svshm__locker *locker)
{
	return locker->unlooked-- == 0 ||
	       (svshm__load(&locker->header->inconsistent) |
		svshm__load(&locker->header->removed));
}

/*
 * 0; or SVSHM_OWNER_DIED, with the lock held; or SVSHM_REMOVED, and it has been
 * given back.
 */
int svshm__lock_confirm(struct svshm__locker *locker,
			struct svshm__error *error);

/* The lock was just given: the same. */
static inline bool
svshm__lock_confirm_given_due(const struct svshm__locker *locker)
{
	return svshm__load(&locker->header->removed) != 0;
}

/* SVSHM_REMOVED, or 0. */
int svshm__lock_confirm_given(const struct svshm__locker *locker,
			      struct svshm__error *error);

#endif
