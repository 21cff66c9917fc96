/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What this process has attached: one entry an object, one registration, and
 * one mapping per access mode, shared by all handles of the process; one mapping
 * for both where a process may attach a segment once only (HP-UX).
 *
 * Locking: the mutex here guards the list and the counts of handles, and is
 * never held across a call that may wait. An entry's other members change only
 * inside the object's gate. Who takes the last handle away takes the entry out
 * of the list in the same moment, and has it for himself then; that also holds
 * for those who cannot enter the gate, as the set was removed under them. Order:
 * gate, then mutex.
 */
#ifndef SVSHM_MEMORY_ATTACHMENT_H
#define SVSHM_MEMORY_ATTACHMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/atomic.h"
#include "base/error.h"
#include "key/key.h"
#include "memory/layout.h"

struct svshm__lock_engine_functions;

struct svshm__attachment {
	struct svshm__attachment *next;

	/* Fixed when the entry is made. */
	int segment_id;
	int set_id;
	key_t key;
	size_t data_offset, data_size;
	size_t data_room; /* to the end of the segment: of huge pages, more */
	size_t slots_offset; /* this and the count: checked, then kept here */
	unsigned slot_count;
	const struct svshm__lock_engine_functions *engine;
	bool reader;     /* may only read: unregistered, no lock */
	bool observed;   /* others may attach so: SVSHM__FLAG_OBSERVERS */
	bool native_key; /* the key file is the user's: never unlinked */
	bool own_names;  /* nobody else can change its directory */
	char *path;      /* of the key file */
	struct svshm__key_identity key_file;
	uid_t key_file_owner;

	unsigned references[2]; /* [mutex] handles, by enum svshm_access */
	uint32_t left; /* [mutex to write] detached by the exit handler, but
			  still mapped */

	/* By whoever is inside the gate. */
	void *base[2]; /* [mutex, to write] the mapping, by enum svshm_access */
	bool is_split; /* a part of the read-only mapping is protected */
	int slot;      /* valid while registered */
	uint32_t lock_mark;  /* what the lock word is while we own the lock */
	uint32_t generation; /* of the process when it registered; 0: not yet.
				Stored after slot, read without the gate */
	uint32_t counted;    /* of the forked child that is counted; likewise */

	/* The thread of this process that owns the lock, 0 if none does.
	   Stored by the owner alone: set after taking, cleared before giving,
	   so a thread that finds itself here does own it. */
	uintptr_t lock_thread;
};

void svshm__attachment_mutex_lock(void);
void svshm__attachment_mutex_unlock(void);

/*
 * A mere reader cannot take the gate: its attach and detach hold this mutex
 * instead. They wait for nobody.
 */
void svshm__attachment_readers_lock(void);
void svshm__attachment_readers_unlock(void);

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

/*
 * Changes after each registration, and in the child at every fork: what a
 * handle has noted of its registration counts only while this is as it was.
 */
extern uint32_t svshm__registration_epoch;

/* Whether this process has the segment attached, and with which set. */
bool svshm__attachment_find(int segment_id, int *set_id);

/* The entry of a segment, or NULL; one more handle of ACCESS has it. */
struct svshm__attachment *svshm__attachment_acquire(int segment_id,
						    enum svshm_access access);

/* The same for a while, for who only looks, inside the gate. */
struct svshm__attachment *svshm__attachment_borrow(int segment_id,
						   void **mapping);

/* Enter a new entry (allocated by the caller), with a handle of ACCESS. */
void svshm__attachment_insert(struct svshm__attachment *attachment,
			      enum svshm_access access);

/* [mutex] Take an entry out of the list. */
void svshm__attachment_drop(const struct svshm__attachment *attachment);

/*
 * For the exit handler: mark an entry as left, which keeps it from going away;
 * NULL: there is none more.
 */
struct svshm__attachment *svshm__attachment_leave_next(void);

/* Let HANDLER run at normal exit; registered once. */
int svshm__attachment_at_exit(void (*handler)(void),
			      struct svshm__error *error);

/* Registered, and not by our parent before a fork. */
static inline bool
svshm__attachment_registered(const struct svshm__attachment *attachment)
{
	return svshm__load(&attachment->generation) == svshm__fork_generation();
}

static inline bool
svshm__attachment_left(const struct svshm__attachment *attachment)
{
	return svshm__load(&attachment->left) != 0;
}

/* A forked child that is counted among the object's children. */
static inline bool
svshm__attachment_counted(const struct svshm__attachment *attachment)
{
	return svshm__load(&attachment->counted) == svshm__fork_generation();
}

/* The counted child has registered, or leaves. */
void svshm__attachment_discount(struct svshm__attachment *attachment);

/* From here on this process holds SLOT, by that registration. */
void svshm__attachment_set_slot(struct svshm__attachment *attachment, int slot,
				uint32_t registration);

#endif
