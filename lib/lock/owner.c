/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * For the engines: is the object still there, and does the owner of its lock
 * live?
 */
#include <config.h>

#include "lock/lock.h"

#include "kernel/process.h"
#include "kernel/segment.h"
#include "memory/slots.h"

int svshm__lock_reset(struct svshm__header *header, int set_id,
		      struct svshm__error *error)
{
	if (header)
		svshm__announce(&header->removed, 1);
	return svshm__error_set(error, SVSHM_REMOVED,
				"somebody has removed or reset semaphore set "
				"%d while the object was in use; detach, and "
				"start again",
				set_id);
}

/* SVSHM_REMOVED, or 0; ERROR is left alone then. */
int svshm__lock_look(const struct svshm__attachment *attachment,
		     const struct svshm__header *header,
		     struct svshm__error *error)
{
	struct svshm__segment_status status;
	bool held = true;
	int code = svshm__segment_stat(attachment->segment_id, &status, NULL);

	if (code == SVSHM_REMOVED || (!code && status.removed))
		return svshm__error_set(error, SVSHM_REMOVED,
					"somebody has removed segment %d; "
					"detach, and start again",
					attachment->segment_id);
	/* Nor has a forked child that only looks a slot of its own. */
	if (attachment->reader || !svshm__attachment_registered(attachment))
		code = SVSHM_OK;
	else
		code = svshm__slot_ask(attachment->set_id,
				       (unsigned)attachment->slot, &held, NULL);
	if (code == SVSHM_REMOVED || (!code && !held) ||
	    svshm__load(&header->removed))
		return svshm__lock_reset(NULL, attachment->set_id, error);
	return SVSHM_OK;
}

/* The set is the one in which the owner has claimed its slot, and nobody has
   changed it but by semop. */
static bool is_intact(const struct svshm__attachment *attachment,
		      const struct svshm__header *header)
{
	struct svshm__set_status status;

	return svshm__semset_stat(attachment->set_id, &status, NULL) ==
		       SVSHM_OK &&
	       header->set_id == attachment->set_id &&
	       header->set_change_time == status.change_time;
}

static bool is_dead(const struct svshm__slot *entry, int segment_id)
{
	return svshm__process_fate(entry->pid, entry->start_ticks,
				   entry->pid_space,
				   segment_id) == SVSHM__FATE_DEAD;
}

static const struct svshm__slot *
slot_entry(const struct svshm__attachment *attachment,
	   const struct svshm__header *header, uint32_t slot)
{
	const struct svshm__slot *slots =
		(const void *)((const char *)header + attachment->slots_offset);

	return &slots[slot];
}

/* Still that owner's? A slot that is claimed anew has the new registration in
   the table before. */
static bool is_of(const struct svshm__slot *entry, uint32_t slot, uint32_t word)
{
	return svshm__lock_mark(slot, svshm__load(&entry->registration)) ==
	       svshm__lock_owner(word);
}

static int say_reset(const struct svshm__attachment *attachment, bool *reset,
		     struct svshm__error *error)
{
	*reset = true;
	return svshm__lock_reset(NULL, attachment->set_id, error);
}

/*
 * The slot is not held. That proves the death, unless somebody has reset the
 * set: then the process may be seen alive, or the set's time of change says so.
 */
static int doubt_death(const struct svshm__attachment *attachment,
		       const struct svshm__header *header, uint32_t slot,
		       uint32_t word, bool *reset, struct svshm__error *error)
{
	const struct svshm__slot *entry = slot_entry(attachment, header, slot);

	if (svshm__slot_user_seen(entry, attachment->segment_id))
		return is_of(entry, slot, word) ?
			       say_reset(attachment, reset, error) : SVSHM_OK;
	if (is_dead(entry, attachment->segment_id) ||
	    !is_of(entry, slot, word) || is_intact(attachment, header))
		return SVSHM_OK;
	return say_reset(attachment, reset, error);
}

int svshm__lock_see_owner(const struct svshm__attachment *attachment,
			  const struct svshm__header *header, uint32_t word,
			  bool long_wait, bool *alive, bool *reset,
			  struct svshm__error *error)
{
	uint32_t slot = (word & SVSHM__LOCK_SLOT_MASK) - 1;
	const struct svshm__slot *entry;

	*reset = false;
	if ((word & SVSHM__LOCK_SLOT_MASK) == 0 ||
	    slot >= attachment->slot_count)
		return svshm__error_set(error, SVSHM_CORRUPT,
					"the lock word 0x%lx names no owner "
					"that there can be; \"svshm remove "
					"--force\" removes the object",
					(unsigned long)word);

	int code = svshm__slot_ask(attachment->set_id, slot, alive, error);

	if (code)
		return code;
	entry = slot_entry(attachment, header, slot);
	if (!is_of(entry, slot, word)) {
		*alive = false;
		return SVSHM_OK;
	}
	if (!*alive)
		return doubt_death(attachment, header, slot, word, reset,
				   error);
	/* Its slot is held for ever, if its undo entries were wiped. */
	if (long_wait && is_dead(entry, -1))
		return say_reset(attachment, reset, error);
	return SVSHM_OK;
}

int svshm__lock_ask_owner(const struct svshm__attachment *attachment,
			  struct svshm__header *header, uint32_t word,
			  bool long_wait, bool *alive,
			  struct svshm__error *error)
{
	bool reset;
	int code = svshm__lock_see_owner(attachment, header, word, long_wait,
					 alive, &reset, error);

	if (reset)
		svshm__announce(&header->removed, 1);
	return code;
}

#define SLICE_MS 1000

int64_t svshm__lock_slice(int64_t deadline)
{
#if !defined(HAVE_SEMTIMEDOP) || !HAVE_DECL_SEMTIMEDOP
	if (deadline == SVSHM__NO_DEADLINE)
		return deadline;
#endif

	int64_t end = svshm__process_deadline(SLICE_MS);

	return end < deadline ? end : deadline;
}
