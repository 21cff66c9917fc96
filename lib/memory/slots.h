/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The slots, by which the kernel knows who is registered: taken with SEM_UNDO, so
 * that a process that dies gives its slot back.
 */
#ifndef SVSHM_MEMORY_SLOTS_H
#define SVSHM_MEMORY_SLOTS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/atomic.h"
#include "memory/set.h"

/* How many slots a set of COUNT semaphores has; how many semaphores for SLOTS. */
unsigned svshm__slot_capacity(int count);
int svshm__slot_semaphores(unsigned slots);

bool svshm__slot_held(const struct svshm__set *set, unsigned slot);
unsigned svshm__slots_held(const struct svshm__set *set);

/* Whether it may be one of ours, and nobody holds anything of it. */
bool svshm__set_is_idle(const struct svshm__set *set);

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

/* Of a slot that is held: has its process left, but for its end, or the rest of a
   detach? */
static inline bool svshm__slot_is_leaving(const struct svshm__slot *entry)
{
	uint32_t used = svshm__load(&entry->used);

	return used == SVSHM__SLOT_LEAVING || used == SVSHM__SLOT_FREE;
}

/*
 * Whether there is somebody else who is registered, and has not called exit(3), in
 * the semaphore of SLOT, so that who changes that one by compare-and-exchange
 * knows that he is still there. By the table SLOTS, and by SET, if it is not NULL.
 */
bool svshm__slot_others_stay(const struct svshm__set *set,
			     const struct svshm__slot *slots, unsigned count,
			     unsigned slot);

/* The slot table's entry: who we are, for people, and which registration. */
void svshm__slot_note(struct svshm__slot *entry, enum svshm_access access,
		      uint32_t registration);

#endif
