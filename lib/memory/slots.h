/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The gate, which serialises what happens to an object, and the slots, by which
 * the kernel knows who is registered. Both are semaphores taken with SEM_UNDO:
 * a process that dies, however it dies, leaves the gate and its slot.
 */
#ifndef SVSHM_MEMORY_SLOTS_H
#define SVSHM_MEMORY_SLOTS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "memory/layout.h"
#include "kernel/semset.h"

/* Answers within the library; none of them leaves it. */
enum {
	SVSHM__AGAIN = 100, /* something changed meanwhile: start again */
	SVSHM__NEXT = 101   /* this IPC key is somebody else's: try the next */
};

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
 * Look at set->id. SVSHM__NEXT: not one of ours with this NAME_HASH (0: any), or
 * somebody has reset its tag; all has been read, if it can be ours.
 * SVSHM__AGAIN: gone. SVSHM_PERMISSION_DENIED: the caller may not look.
 */
int svshm__set_look(struct svshm__set *set, unsigned name_hash,
		    struct svshm__error *error);

/* Whether a set that was looked at has the tag of an object, whatever its name. */
bool svshm__set_has_tag(const struct svshm__set *set);

/* Whether it may be one of ours, and nobody holds anything of it. */
bool svshm__set_is_idle(const struct svshm__set *set);

/* Whether the kernel lets this process remove it. */
bool svshm__set_is_removable(const struct svshm__set *set);

/* What svshm__set_look() would find on a set that was made just now. */
void svshm__set_made(struct svshm__set *set, int count, mode_t mode);

/*
 * Root gives a set that it has made to USER. It is removed if that can't be done.
 */
int svshm__set_give(struct svshm__set *set, uid_t user,
		    struct svshm__error *error);

/*
 * Read the values again, inside the gate: the set's count of semaphores has
 * been looked at and can't change. SVSHM__AGAIN: gone. On failure the gate is
 * left.
 */
int svshm__gate_refresh(struct svshm__set *set, struct svshm__error *error);

/*
 * The same, and when it was changed: it may have been reset. Of a set that was
 * fresh when we came only the latter. SVSHM__AGAIN: gone. The gate is not left.
 */
int svshm__set_renew(struct svshm__set *set, struct svshm__error *error);

/*
 * Enter the gate of a set that svshm__set_look() has looked at, waiting until
 * DEADLINE, by svshm__process_now(). A fresh set gets its tag, of NAME_HASH, in
 * the same operation. SVSHM__AGAIN: gone, or not fresh any more.
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
int svshm__gate_stamp(const struct svshm__set *set, struct svshm__error *error);

/* How many slots a set of COUNT semaphores has; how many semaphores for SLOTS. */
unsigned svshm__slot_capacity(int count);
int svshm__slot_semaphores(unsigned slots);

bool svshm__slot_held(const struct svshm__set *set, unsigned slot);
unsigned svshm__slots_held(const struct svshm__set *set);

/* The first free slot below LIMIT, or OUT_OF_RESOURCES. */
int svshm__slot_find(const struct svshm__set *set, unsigned limit, int *slot,
		     struct svshm__error *error);

/*
 * Claim SLOT, inside the gate, if its semaphore is as SET says; else SET is read
 * again: SVSHM_BUSY. So nobody gets the slot of another, even if somebody has
 * reset the gate. DEATH_TOKEN: if this process dies, a token is added to the
 * lock semaphore, in the same moment as the slot becomes free.
 */
int svshm__slot_claim(struct svshm__set *set, int slot, bool death_token,
		      struct svshm__error *error);

/* Give the slot back, and take the death token back. */
void svshm__slot_release(int set_id, int slot, bool death_token);

/*
 * A forked child that has its parent's mapping, and no slot: counted as long as
 * it lives, or until it is discounted. Never waits. 0: done.
 */
int svshm__child_count(int set_id);
void svshm__child_discount(int set_id);

static inline unsigned svshm__children(const struct svshm__set *set)
{
	return set->values[SVSHM__SEM_CHILDREN];
}

/* Whether SLOT is held just now; needs no gate. */
int svshm__slot_ask(int set_id, unsigned slot, bool *held,
		    struct svshm__error *error);

/*
 * Whether the process in ENTRY, whose slot is not held, is seen to be alive with
 * the segment mapped: then somebody has reset the set. Waits for a tenth of a
 * second, as one who is just dying may be seen so.
 */
bool svshm__slot_user_seen(const struct svshm__slot *entry, int segment_id);

/* The slot table's entry: who we are, for people, and which registration. */
void svshm__slot_note(struct svshm__slot *entry, enum svshm_access access,
		      uint32_t registration);

#endif
