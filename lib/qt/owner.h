/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The locks of Qt objects that this process owns, by whichever handle. They are
 * known by their sets: those of two keys may be one, where their key files
 * collide in ftok, and then a thread that owns the one would wait for itself at
 * the other.
 */
#ifndef SVSHM_QT_OWNER_H
#define SVSHM_QT_OWNER_H

#include <stdbool.h>
#include <stdint.h>

#include "qt/file.h"

/* A handle's place in the list. [mapping mutex] */
struct svshm__qt_owner {
	struct svshm__qt_owner *next;
	int set_id;
	struct svshm__qt_file file; /* whose key the set has */
	uint32_t generation; /* of forks, in which it took the lock; 0: not */
	uintptr_t thread; /* that took it */
};

/* How this process, or a thread, owns a lock. */
enum svshm__qt_inside {
	SVSHM__QT_OUTSIDE,
	SVSHM__QT_INSIDE,      /* by a handle of the same key file */
	SVSHM__QT_INSIDE_OTHER /* by that of another one */
};

/* The calling thread owns the set from now on; or nobody does by OWNER. */
void svshm__qt_owner_enter(struct svshm__qt_owner *owner, int set_id,
			   const struct svshm__qt_file *file);
void svshm__qt_owner_leave(struct svshm__qt_owner *owner);

/* It does so by OWNER, and no fork came between. */
bool svshm__qt_owner_is(const struct svshm__qt_owner *owner);

/* Whether the calling thread does by any handle (or, with ANY_THREAD, this
   process), for one who has come to the set by FILE. */
enum svshm__qt_inside svshm__qt_owner_look(int set_id,
					   const struct svshm__qt_file *file,
					   bool any_thread);

#endif
