/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * An object's semaphore set, and its gate, which serialises what happens to the
 * object: a semaphore that is taken with SEM_UNDO, so that a process that dies,
 * however it dies, leaves it.
 */
#ifndef SVSHM_MEMORY_SET_H
#define SVSHM_MEMORY_SET_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "kernel/semset.h"
#include "memory/layout.h"

/* A semaphore set that may be an object's. */
struct svshm__set {
	int id;
	bool fresh;  /* nobody has been inside its gate yet */
	bool tagged; /* as one of ours, and of the name asked for */
	bool marked; /* in its mode, as ours are, and some others */
	struct svshm__set_status status;
	unsigned short values[SVSHM__SEMAPHORES_MAX];
};

/*
 * Look at set->id. SVSHM__TRY_NEXT_KEY: not one of ours with this NAME_HASH (0:
 * any), or somebody has reset its tag; all has been read, if it can be ours.
 * SVSHM__RETRY: gone. SVSHM_PERMISSION_DENIED: the caller may not look.
 */
int svshm__set_look(struct svshm__set *set, unsigned name_hash,
		    struct svshm__error *error);

/*
 * Only at its status; its values are not known, nor whether it is fresh. As far
 * as that tells, it is tagged. SVSHM__RETRY: gone.
 */
int svshm__set_look_status(struct svshm__set *set, struct svshm__error *error);

/* Whether a set that was looked at has the tag of an object, whatever its name. */
bool svshm__set_has_tag(const struct svshm__set *set);

/* Whether the kernel lets this process remove it. */
bool svshm__set_is_removable(const struct svshm__set *set);

/* What svshm__set_look() would find on a set that US has made just now; but its
   group. */
void svshm__set_made(struct svshm__set *set, int count, mode_t mode, uid_t us);

/*
 * Root gives a set that it has made to USER. It is removed if that can't be done.
 */
int svshm__set_give(struct svshm__set *set, uid_t user,
		    struct svshm__error *error);

/*
 * Read the values again, inside the gate: the set's count of semaphores has
 * been looked at and can't change. SVSHM__RETRY: gone.
 */
int svshm__gate_refresh(struct svshm__set *set, struct svshm__error *error);

/*
 * The same, and when it was changed: it may have been reset. Of a set that was
 * fresh when we came only the latter. SVSHM__RETRY: gone. The gate is not left.
 */
int svshm__set_renew(struct svshm__set *set, struct svshm__error *error);

/*
 * Enter the gate of a set that svshm__set_look() has looked at, waiting until
 * DEADLINE, by svshm__process_now(). A fresh set gets its tag, of NAME_HASH, in
 * the same operation. SVSHM__RETRY: gone, or not fresh any more.
 */
int svshm__gate_enter(const struct svshm__set *set, unsigned name_hash,
		      int64_t deadline, struct svshm__error *error);
void svshm__gate_leave(int set_id);

/*
 * For those who only look: a segment that is mapped outside its gate looks like
 * one in use to whoever detaches or creates just then. 0: entered, and the
 * values read again. SVSHM_BUSY: somebody else has been inside for 0.3 s,
 * ten thousand times longer than usual: don't map. Another code: there is
 * no way in (a fresh set, no permission); looking may disturb then.
 */
int svshm__gate_try(struct svshm__set *set);

/* Whether none of the IPC keys that a key file leads to has a set of ours but
   SET_ID. */
bool svshm__keys_unused(const char *path, int set_id);

/* Leave a mark of this process on the tag: it is about to make the segment. */
int svshm__gate_mark_creator(const struct svshm__set *set,
			     struct svshm__error *error);

#endif
