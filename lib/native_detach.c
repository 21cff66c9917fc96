/* SPDX-License-Identifier: BSD-2-Clause */
/* detach, and what exit(3) does: see the protocol at the head of native.c. */
#include <config.h>

#include "native.h"

#include <stdlib.h>

#include "crashpoint.h"
#include "process.h"

/* Nobody honest claims more in the slot table. */
#define PLAUSIBLE_MAPPINGS 1000

static struct svshm__slot *slot_of(const struct svshm__attachment *attachment,
				   struct svshm__header *header)
{
	return (struct svshm__slot *)(void *)((char *)header +
					      attachment->slots_offset) +
	       attachment->slot;
}

/* The others, as the slots tell. */
struct others {
	unsigned staying;          /* hold a slot, and are not in exit(3) */
	uint64_t leaving_mappings; /* that those in exit(3) keep till they end */
};

static struct others count_others(const struct svshm__attachment *attachment,
				  const struct svshm__header *header,
				  const struct svshm__set *set)
{
	const struct svshm__slot *slots = (const void *)(
		(const char *)header + attachment->slots_offset);
	bool registered = svshm__mapping_registered(attachment);
	struct others others = { 0, 0 };

	for (unsigned i = 0; i < attachment->slot_count; i++) {
		if (!svshm__slot_held(set, i) ||
		    (registered && (int)i == attachment->slot))
			continue;
		if (slots[i].used == SVSHM__SLOT_LEAVING &&
		    slots[i].mappings <= PLAUSIBLE_MAPPINGS)
			others.leaving_mappings += slots[i].mappings;
		else
			others.staying++;
	}
	return others;
}

/*
 * Is anybody attached but us and those who are leaving? OURS: how many mappings
 * are this process's.
 *
 * One that leaves loses its mappings a moment before its slot: then there are
 * fewer than it has noted, and a mapping more may be a user's. A staying slot
 * says so. (Only a mere reader has none: it may be overlooked in that moment,
 * and keeps its memory, as a removed segment lives until it is unmapped.)
 */
static bool others_left(int segment_id, uint64_t ours,
			const struct others *others)
{
	struct svshm__segment_status status;

	/*
	 * A mapping that nobody accounts for may be of somebody who only looks
	 * (see svshm__judge_patiently()): it must last to be believed.
	 */
	for (int i = 0; i < 20; i++) {
		int code = svshm__segment_stat(segment_id, &status, NULL);

		/* Removed by hand, and mapped by nobody: the rest is the last
		   one's. */
		if (code)
			return code != SVSHM_REMOVED || others->staying;
		if (status.mappings <= ours)
			return false;
		if (others->staying)
			return true;
		if (status.mappings - ours <= others->leaving_mappings)
			return false;
		svshm__process_pause(1);
	}
	return true;
}

/* Step 6. */
static int remove_object(const struct svshm__attachment *attachment,
			 struct svshm__error *error)
{
	int code = svshm__segment_remove(attachment->segment_id, error);

	CRASHPOINT("remove:segment gone");
	if (!code && !attachment->native_key)
		svshm__key_file_unlink(attachment->path, attachment->device,
				       attachment->inode,
				       attachment->key_file_owner);
	CRASHPOINT("remove:file gone");
	if (!code)
		code = svshm__semset_remove(attachment->set_id, error);
	if (code) {
		svshm__gate_leave(attachment->set_id);
		svshm__error_append(error, "; the last user has gone, but the "
				    "object stays until its owner uses it again "
				    "or runs \"svshm recover\"");
	}
	CRASHPOINT("remove:done");
	svshm__debug("%s: last to go, object %s", attachment->path,
		     code ? "stays" : "removed");
	return code;
}

/* Steps 2 to 6: inside the gate, with this process's last handle. */
static int leave_object(struct svshm__attachment *attachment,
			struct svshm__header *header,
			const struct svshm__set *set,
			struct svshm__error *error)
{
	bool registered = svshm__mapping_registered(attachment);
	struct others others;

	CRASHPOINT("detach:in gate");
	if (registered)
		slot_of(attachment, header)->used = SVSHM__SLOT_FREE;
	CRASHPOINT("detach:entry cleared");
	others = count_others(attachment, header, set);
	svshm__mapping_drop(attachment);
	svshm__mapping_unmap(attachment);
	CRASHPOINT("detach:unmapped");
	if (registered)
		svshm__slot_release(attachment->set_id, attachment->slot,
				    attachment->engine->death_token);
	CRASHPOINT("detach:slot released");
	if (!others_left(attachment->segment_id, 0, &others))
		return remove_object(attachment, error);
	svshm__gate_leave(attachment->set_id);
	return SVSHM_OK;
}

static int enter_gate(int set_id, struct svshm__set *set, int timeout_ms,
		      struct svshm__error *error)
{
	int code;

	set->id = set_id;
	code = svshm__set_look(set, 0, error);
	if (!code)
		code = svshm__gate_enter(set, 0, timeout_ms, error);
	if (!code)
		code = svshm__gate_refresh(set, error);
	if (code != SVSHM__AGAIN && code != SVSHM__NEXT)
		return code;
	return svshm__error_set(error, SVSHM_REMOVED,
				"somebody has removed the object already: "
				"semaphore set %d is gone; this handle is "
				"detached", set_id);
}

static int detach_reader(struct svshm__attachment *attachment,
			 enum svshm_access access)
{
	svshm__mapping_readers_lock();
	bool shared = svshm__mapping_unshare(attachment, access);

	if (!shared)
		svshm__mapping_drop(attachment);
	svshm__mapping_readers_unlock();
	if (!shared)
		svshm__mapping_free(attachment);
	return SVSHM_OK;
}

/*
 * We can't tell whether we are the last, so we leave as a dead process would:
 * unmapped, and the slot given back. If we were the last, the next user
 * finishes.
 */
static void leave_without_gate(struct svshm__attachment *attachment,
			       struct svshm__header *header)
{
	svshm__mapping_drop(attachment);
	if (svshm__mapping_registered(attachment)) {
		slot_of(attachment, header)->used = SVSHM__SLOT_FREE;
		svshm__mapping_unmap(attachment);
		svshm__slot_release(attachment->set_id, attachment->slot,
				    attachment->engine->death_token);
	}
}

int svshm__native_detach(struct svshm *handle)
{
	struct svshm__attachment *attachment = handle->attachment;
	enum svshm_access access = handle->access;
	struct svshm__set set;
	int code;

	handle->attachment = NULL;
	svshm__locker_set(&handle->locker, NULL, NULL);
	if (attachment->reader)
		return detach_reader(attachment, access);
	/* After exit(3) has detached: the process's end does the rest. */
	if (attachment->left)
		return SVSHM_OK;

	code = enter_gate(attachment->set_id, &set, SVSHM__GATE_TIMEOUT_MS,
			  &handle->error);
	struct svshm__header *header =
		svshm__mapping_header(attachment, access);

	if (svshm__mapping_unshare(attachment, access)) {
		if (!code)
			svshm__gate_leave(attachment->set_id);
		return code;
	}
	if (!code) {
		code = leave_object(attachment, header, &set, &handle->error);
	} else {
		leave_without_gate(attachment, header);
	}
	svshm__mapping_free(attachment);
	return code;
}

/* ---- Exit ------------------------------------------------------------------- */

/*
 * The kernel counts pieces: a mapping of which a part is protected, or locked
 * in memory, counts twice or thrice on Linux.
 */
static uint64_t count_ours(const struct svshm__attachment *attachment)
{
	uint64_t pieces = svshm__process_mappings(attachment->segment_id);

	return pieces ? pieces : svshm__mapping_count(attachment);
}

/*
 * A forked child that never used its parent's handles has a mapping all the
 * same. It is registered now, so that its mapping counts as one that is about
 * to go.
 */
static void leave_by_exit(struct svshm__attachment *attachment,
			  struct svshm__set *set)
{
	struct svshm__header *header = attachment->base[SVSHM_READ_WRITE] ?
		attachment->base[SVSHM_READ_WRITE] :
		attachment->base[SVSHM_READ_ONLY];
	uint64_t ours = count_ours(attachment);
	struct others others = count_others(attachment, header, set);
	struct svshm__slot *slot;

	if (!others_left(attachment->segment_id, ours, &others)) {
		if (svshm__mapping_registered(attachment))
			slot_of(attachment, header)->used = SVSHM__SLOT_FREE;
		remove_object(attachment, NULL);
		return;
	}
	if (svshm__mapping_registered(attachment) ||
	    !svshm__native_claim(attachment, header, set, SVSHM_READ_WRITE,
				 NULL)) {
		slot = slot_of(attachment, header);
		slot->mappings = ours;
		slot->used = SVSHM__SLOT_LEAVING;
	}
	CRASHPOINT("exit:leaving");
	svshm__gate_leave(set->id);
}

void svshm__native_exit(void)
{
	struct svshm__attachment *attachment;
	struct svshm__set set;
	int segment_id, set_id;

	while (svshm__mapping_leave_next(&segment_id, &set_id)) {
		if (enter_gate(set_id, &set, SVSHM__GATE_TIMEOUT_AT_EXIT_MS,
			       NULL))
			continue;
		/* Inside the gate no other thread can take it away. */
		attachment = svshm__mapping_find(segment_id);
		if (attachment)
			leave_by_exit(attachment, &set);
		else
			svshm__gate_leave(set_id);
	}
}
