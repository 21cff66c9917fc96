/* SPDX-License-Identifier: BSD-2-Clause */
#include <config.h>

#include "memory/slots.h"

#include "base/atomic.h"
#include "kernel/process.h"

unsigned svshm__slot_capacity(int count)
{
	return (unsigned)(count - SVSHM__SEM_SLOTS) *
	       SVSHM__SLOTS_PER_SEMAPHORE;
}

int svshm__slot_semaphores(unsigned slots)
{
	return (int)((slots + SVSHM__SLOTS_PER_SEMAPHORE - 1) /
		     SVSHM__SLOTS_PER_SEMAPHORE) + SVSHM__SEM_SLOTS;
}

static int slot_semaphore(unsigned slot)
{
	return SVSHM__SEM_SLOTS + (int)(slot / SVSHM__SLOTS_PER_SEMAPHORE);
}

static int slot_bit(unsigned slot)
{
	return 1 << (slot % SVSHM__SLOTS_PER_SEMAPHORE);
}

bool svshm__slot_held(const struct svshm__set *set, unsigned slot)
{
	return slot < svshm__slot_capacity(set->status.count) &&
	       (set->values[slot_semaphore(slot)] & slot_bit(slot)) != 0;
}

unsigned svshm__slots_held(const struct svshm__set *set)
{
	unsigned held = 0;

	for (int i = SVSHM__SEM_SLOTS; i < set->status.count; i++)
		for (unsigned value = set->values[i]; value; value &= value - 1)
			held++;
	return held;
}

bool svshm__set_is_idle(const struct svshm__set *set)
{
	return set->status.count > SVSHM__SEM_SLOTS &&
	       set->status.count <= SVSHM__SEMAPHORES_MAX &&
	       (set->marked || svshm__set_has_tag(set)) &&
	       svshm__slots_held(set) == 0 && svshm__children(set) == 0;
}

int svshm__slot_find(const struct svshm__set *set, unsigned limit, int *slot,
		     struct svshm__error *error)
{
	unsigned capacity = svshm__slot_capacity(set->status.count);

	if (limit < capacity)
		capacity = limit;
	for (unsigned i = 0; i < capacity; i++) {
		if (!svshm__slot_held(set, i)) {
			*slot = (int)i;
			return SVSHM_OK;
		}
	}
	return svshm__error_set(error, SVSHM_OUT_OF_RESOURCES,
				"%u processes are attached, and the object was "
				"made for no more; the one that creates it can "
				"ask for room by svshm_set_max_processes()",
				capacity);
}

/* Tokens that nobody consumed; one is left, so that nobody misses a wake-up. */
#define TOKENS_PLENTY 1000

static void drain_tokens(int set_id, unsigned tokens)
{
	struct sembuf drain =
		svshm__sembuf(SVSHM__SEM_LOCK, 1 - (int)tokens, IPC_NOWAIT);

	if (tokens > TOKENS_PLENTY)
		svshm__semset_operate(set_id, &drain, 1, SVSHM__FOREVER, NULL);
}

/*
 * Slot and death token are claimed in one operation: a process that died
 * between two would be a dead owner that wakes nobody. The kernel applies what
 * is undone of one set in one step, too (Linux: exit_sem() holds the set).
 *
 * Compare-and-swap: take off what is thought to be there, wait for 0, add it and
 * the slot's bit. Of the two that are undone, the bit remains. A death beside us
 * changes the semaphore as well.
 */
int svshm__slot_claim(struct svshm__set *set, int slot, bool death_token,
		      struct svshm__error *error)
{
	int semaphore = slot_semaphore((unsigned)slot);
	int bit = slot_bit((unsigned)slot);
	int value = set->values[semaphore];
	struct sembuf operations[5];
	size_t count = 0;
	int code;

	if (value)
		operations[count++] =
			svshm__sembuf(semaphore, -value, IPC_NOWAIT | SEM_UNDO);
	operations[count++] = svshm__sembuf(semaphore, 0, IPC_NOWAIT);
	operations[count++] =
		svshm__sembuf(semaphore, value + bit, IPC_NOWAIT | SEM_UNDO);
	if (death_token) {
		drain_tokens(set->id, set->values[SVSHM__SEM_LOCK]);
		operations[count++] =
			svshm__sembuf(SVSHM__SEM_LOCK, 1, IPC_NOWAIT);
		operations[count++] = svshm__sembuf(SVSHM__SEM_LOCK, -1,
						    IPC_NOWAIT | SEM_UNDO);
	}
	code = svshm__semset_operate(set->id, operations, count,
				     SVSHM__FOREVER, error);
	if (code == SVSHM_BUSY && svshm__gate_refresh(set, error))
		return SVSHM__RETRY;
	return code;
}

void svshm__slot_release(int set_id, int slot, bool death_token)
{
	struct sembuf operations[] = {
		svshm__sembuf(slot_semaphore((unsigned)slot),
			      -slot_bit((unsigned)slot), IPC_NOWAIT | SEM_UNDO),
		svshm__sembuf(SVSHM__SEM_LOCK, 1, IPC_NOWAIT | SEM_UNDO),
		svshm__sembuf(SVSHM__SEM_LOCK, -1, IPC_NOWAIT),
	};
	size_t count = death_token ? 3 : 1;
	unsigned tokens;
	int code = svshm__semset_give_back(set_id, operations, count, NULL);

	/* No room for one more: ERANGE. */
	if (code == SVSHM_LOCK_ERROR && death_token &&
	    !svshm__semset_value(set_id, SVSHM__SEM_LOCK, &tokens, NULL)) {
		drain_tokens(set_id, tokens);
		svshm__semset_give_back(set_id, operations, count, NULL);
	}
}

int svshm__slot_ask(int set_id, unsigned slot, bool *held,
		    struct svshm__error *error)
{
	unsigned value;
	int code = svshm__semset_value(set_id, slot_semaphore(slot), &value,
				       error);

	*held = !code && (value & (unsigned)slot_bit(slot)) != 0;
	return code;
}

#define SEEN_MS 100

bool svshm__slot_user_seen(const struct svshm__slot *entry, int segment_id)
{
	int64_t deadline = svshm__process_deadline(SEEN_MS);

	while (svshm__process_fate(entry->pid, entry->start_ticks,
				   entry->pid_space, segment_id) ==
	       SVSHM__FATE_ALIVE) {
		if (svshm__process_now() >= deadline)
			return true;
		svshm__process_pause(1);
	}
	return false;
}

bool svshm__slot_others_stay(const struct svshm__set *set,
			     const struct svshm__slot *slots, unsigned count,
			     unsigned slot)
{
	unsigned first = slot - slot % SVSHM__SLOTS_PER_SEMAPHORE;
	unsigned end = first + SVSHM__SLOTS_PER_SEMAPHORE;

	for (unsigned i = first; i < end && i < count; i++)
		if (i != slot &&
		    svshm__load(&slots[i].used) == SVSHM__SLOT_USED &&
		    (!set || svshm__slot_held(set, i)))
			return true;
	return false;
}

void svshm__slot_note(struct svshm__slot *entry, enum svshm_access access,
		      uint32_t registration)
{
	struct svshm__process_self self;

	svshm__process_self(&self);
	entry->access = (uint32_t)access;
	entry->pid = (int64_t)self.pid;
	entry->start_time = self.start_time;
	entry->start_ticks = self.start_ticks;
	entry->pid_space = self.pid_space;
	entry->attach_time = svshm__process_time();
	svshm__process_name(entry->name, sizeof(entry->name));
	svshm__store(&entry->registration, registration);
	svshm__announce(&entry->used, SVSHM__SLOT_USED);
}

/* ---- Children ------------------------------------------------------------- */

int svshm__child_count(int set_id)
{
	struct sembuf count =
		svshm__sembuf(SVSHM__SEM_CHILDREN, 1, IPC_NOWAIT | SEM_UNDO);

	return svshm__semset_operate(set_id, &count, 1, SVSHM__FOREVER, NULL);
}

void svshm__child_discount(int set_id)
{
	struct sembuf discount =
		svshm__sembuf(SVSHM__SEM_CHILDREN, -1, IPC_NOWAIT | SEM_UNDO);

	svshm__semset_give_back(set_id, &discount, 1, NULL);
}
