/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What this process has attached: one entry an object, one registration, and
 * one mapping per access mode, shared by all handles of the process; one mapping
 * for both where a process may attach a segment once only (HP-UX).
 *
 * Locking: an entry is made, shared and dropped only by a thread that is inside
 * the object's gate, so no two threads work on one entry at a time. The mutex
 * here guards the list, and is never held across a call that may wait. Order:
 * gate, then mutex.
 */
#ifndef SVSHM_MAPPING_H
#define SVSHM_MAPPING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "atomic.h"
#include "error.h"
#include "layout.h"

struct svshm__lock_engine_functions;

struct svshm__attachment {
	struct svshm__attachment *next;

	/* Fixed when the entry is made. */
	int segment_id;
	int set_id;
	size_t data_offset, data_size;
	size_t slots_offset; /* this and the count: checked, then kept here */
	unsigned slot_count;
	const struct svshm__lock_engine_functions *engine;
	bool reader;         /* may only read: unregistered, no lock */
	bool native_key;     /* the key file is the user's: never unlinked */
	char *path;          /* of the key file */
	uint64_t device, inode;
	uid_t key_file_owner;

	/* By whoever is inside the gate. */
	void *base[2]; /* the mapping, by enum svshm_access */
	unsigned references[2];
	bool left; /* detached by the exit handler, but still mapped */
	int slot; /* valid while registered */
	uint32_t lock_mark; /* what the lock word is while we own the lock */
	uint32_t generation; /* of the process when it registered; 0: not yet.
				Stored after slot, read without the gate */

	/* The thread of this process that owns the lock, 0 if none does.
	   Stored by the owner alone: set after taking, cleared before giving,
	   so a thread that finds itself here does own it. */
	uintptr_t lock_thread;
};

void svshm__mapping_mutex_lock(void);
void svshm__mapping_mutex_unlock(void);

/*
 * A mere reader cannot take the gate: its attach and detach hold this mutex
 * instead. They wait for nobody.
 */
void svshm__mapping_readers_lock(void);
void svshm__mapping_readers_unlock(void);

/* Changes in the child at every fork: who registered before is not us. */
#ifdef HAVE_PTHREAD_ATFORK
extern uint32_t svshm__forks;

static inline uint32_t svshm__fork_generation(void)
{
	return svshm__forks;
}
#else
uint32_t svshm__fork_generation(void);
#endif

/* The entry of a segment, or NULL. */
struct svshm__attachment *svshm__mapping_find(int segment_id);

/* Enter a new entry (allocated by the caller) into the list; take it out. */
void svshm__mapping_insert(struct svshm__attachment *attachment);
void svshm__mapping_drop(struct svshm__attachment *attachment);

/* Take the mappings away. */
void svshm__mapping_unmap(struct svshm__attachment *attachment);

/* Free what svshm__mapping_drop() has taken out, and its mappings. */
void svshm__mapping_free(struct svshm__attachment *attachment);

/*
 * For the exit handler: mark an entry as left, and tell its segment and set;
 * false: there is none more. The entry itself may go away until its gate is
 * taken.
 */
bool svshm__mapping_leave_next(int *segment_id, int *set_id);

/* Let HANDLER run at normal exit; registered once. */
int svshm__mapping_at_exit(void (*handler)(void), struct svshm__error *error);

/*
 * Map the segment for ACCESS if it isn't mapped so, and count a handle more.
 * *ADOPT, if not NULL, is a mapping that the caller has made (read-write, or
 * read-only for a mere reader): it is used instead of a new one, and becomes
 * NULL.
 */
int svshm__mapping_share(struct svshm__attachment *attachment,
			 enum svshm_access access, void **adopt,
			 struct svshm__error *error);

/*
 * Count a handle less; false: that was the last. A mapping stays until then,
 * also if no handle uses it any more.
 */
bool svshm__mapping_unshare(struct svshm__attachment *attachment,
			    enum svshm_access access);

/* How many mappings of the segment are this process's. */
unsigned svshm__mapping_count(const struct svshm__attachment *attachment);

/*
 * The header, writable unless the process is a mere reader, as mapped for a
 * handle of ACCESS: other handles come and go without touching this mapping.
 */
struct svshm__header *svshm__mapping_header(
	const struct svshm__attachment *attachment, enum svshm_access access);

/* Registered, and not by our parent before a fork. */
static inline bool svshm__mapping_registered(
	const struct svshm__attachment *attachment)
{
	return svshm__load(&attachment->generation) ==
	       svshm__fork_generation();
}

/* From here on this process holds SLOT, by that registration. */
void svshm__mapping_set_slot(struct svshm__attachment *attachment, int slot,
			     uint32_t registration);

#endif
