/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The lock of a Qt object: one semaphore, 1 is free. It is what QSharedMemory
 * takes for lock(), and around create, attach and detach: there is no other
 * gate. What can go wrong with it, and why, stands at the head of qt.c.
 */
#ifndef SVSHM_QT_LOCK_H
#define SVSHM_QT_LOCK_H

#include <stdbool.h>
#include <stdint.h>

#include "error.h"
#include "qt_file.h"
#include "qt_key.h"
#include "semset.h"

struct svshm__qt_lock {
	int set_id; /* -1: not looked for yet, or it has vanished */
	struct svshm__qt_file file; /* whose key the set has */
	bool make;      /* what is missing of file and set */
	bool made;      /* a set, since this was last set to false */
	bool replaced;  /* by the last take: a dead maker's set, by one of ours */
	bool fresh;     /* it has just been made, and not been used yet */
	int64_t taken;  /* when we took it last, in seconds since the Epoch */
};

/*
 * Find the set, unless it is known, or make it. CORRUPT (not a lock of Qt's),
 * PERMISSION_DENIED, KEY_ERROR, LOCK_ERROR (not there, and not to be made)...
 */
int svshm__qt_lock_open(struct svshm__qt_lock *lock,
			const struct svshm__qt_names *names,
			struct svshm__error *error);

/*
 * Take it, waiting TIMEOUT_MS at most (SVSHM__FOREVER; 0: not at all). A set
 * that has vanished is made anew, as Qt does. TIMED_OUT, and as above.
 */
int svshm__qt_lock_take(struct svshm__qt_lock *lock,
			const struct svshm__qt_names *names, int timeout_ms,
			struct svshm__error *error);

/*
 * Give it back. LOCK_ERROR: it is given back, but it had been reset or removed
 * while we held it, so somebody else may have been inside.
 */
int svshm__qt_lock_give(struct svshm__qt_lock *lock,
			struct svshm__error *error);

/* Held: remove key file and set. Who waits makes new ones. If the set may not be
   removed, it is given back, and keeps its file. */
void svshm__qt_lock_remove(struct svshm__qt_lock *lock,
			   const struct svshm__qt_names *names);

#endif
