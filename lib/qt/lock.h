/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The lock of a Qt object: one semaphore, 1 is free. It is what QSharedMemory
 * takes for lock(), and around create, attach and detach: there is no other
 * gate. What can go wrong with it, and why, stands at the head of qt.c.
 */
#ifndef SVSHM_QT_LOCK_H
#define SVSHM_QT_LOCK_H

#include <stdbool.h>

#include "base/error.h"
#include "qt/key.h"
#include "qt/set.h"

/*
 * Take it, waiting TIMEOUT_MS at most (SVSHM__FOREVER; 0: not at all). A set
 * that has vanished is made anew, as Qt does. TIMED_OUT, what
 * svshm__qt_set_open() says, and DEADLOCK: this thread owns the set already, by
 * this key or by another one that shares it.
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

/*
 * Held: remove key file and set. Who waits makes new ones, the users of a key
 * that shares the set among them: this is what Qt does, and nobody is inside. If
 * the set may not be removed, it is given back, and keeps its file. PLACE: the key
 * files' directory, for who has opened it, or NULL.
 */
struct svshm__qt_place;
void svshm__qt_lock_remove(struct svshm__qt_lock *lock,
			   const struct svshm__qt_names *names,
			   const struct svshm__qt_place *place);

/*
 * Nothing came of it: let go of what the last take has made, and give back what
 * it has taken. BORROWED: nothing, as this thread owned the set before.
 */
void svshm__qt_lock_withdraw(struct svshm__qt_lock *lock,
			     const struct svshm__qt_names *names,
			     bool borrowed);

#endif
