/* SPDX-License-Identifier: BSD-2-Clause */
/* Step 13 of the protocol at the head of object/object.c: who is attached. */
#include <config.h>

#include "object/object.h"

#include <stdlib.h>
#include <string.h>

#include "base/atomic.h"
#include "base/crashpoint.h"
#include "lock/lock.h"
#include "kernel/process.h"

struct svshm__attachment *svshm__attempt_attachment(
	const struct svshm__attempt *attempt, const struct svshm__view *view)
{
	struct svshm__attachment *attachment = calloc(1, sizeof(*attachment));

	if (!attachment)
		return NULL;
	attachment->path = strdup(view->path);
	if (!attachment->path) {
		free(attachment);
		return NULL;
	}
	attachment->segment_id = attempt->evidence.segment_id;
	attachment->set_id = attempt->evidence.set.id;
	attachment->key = attempt->key;
	attachment->own_names = attempt->file.private;
	attachment->data_offset = (size_t)view->data_offset;
	attachment->data_size = (size_t)view->data_size;
	attachment->slots_offset = view->slots_offset;
	attachment->slot_count = view->slot_count;
	attachment->engine = svshm__lock_engine(view->lock_engine);
	attachment->native_key = attempt->file.native;
	attachment->device = view->device;
	attachment->inode = view->inode;
	/* Found by a scan, before its key file: that is its maker's. */
	attachment->key_file_owner = attempt->file.exists ?
		attempt->file.owner :
		svshm__segment_author(&attempt->evidence.segment);
	return attachment;
}

/*
 * A slot that is free, and whose entry says "used", was a dead user's. If he
 * lives, somebody has reset the set under him: his entry is what tells of him.
 */
static int check_entry(const struct svshm__attachment *attachment,
		       struct svshm__header *header,
		       const struct svshm__slot *entry,
		       struct svshm__error *error)
{
	if (svshm__load(&entry->used) != SVSHM__SLOT_USED ||
	    !svshm__slot_user_seen(entry, attachment->segment_id))
		return SVSHM_OK;
	svshm__store(&header->removed, 1);
	return svshm__error_set(error, SVSHM_BUSY,
				"somebody has reset semaphore set %d while "
				"process %lld used the object; it can be used "
				"again when that process has left",
				attachment->set_id, (long long)entry->pid);
}

/* SVSHM_BUSY from the claim: somebody has died, and with him his slot. */
static int claim_slot(struct svshm__attachment *attachment,
		      struct svshm__header *header, struct svshm__set *set,
		      enum svshm_access access, struct svshm__error *error)
{
	struct svshm__slot *slots = (void *)((char *)header +
					     attachment->slots_offset);
	int slot;
	int code = svshm__slot_find(set, attachment->slot_count, &slot, error);

	if (!code)
		code = check_entry(attachment, header, &slots[slot], error);
	if (code)
		return code;
	struct svshm__slot before = slots[slot];
	uint32_t registration = (uint32_t)++header->registrations;

	svshm__slot_note(&slots[slot], access, registration);
	header->left_time = 0;
	CRASHPOINT("register:noted");
	code = svshm__slot_claim(set, slot, attachment->engine->death_token,
				 error);
	CRASHPOINT("register:claimed");
	if (code) {
		/* A dead user's entry may be all that tells of an orphan, and
		   of whose death the lock's waiters ask. Not if the set is gone
		   with its gate, and another has the entry by now. */
		if (svshm__load(&slots[slot].generation) == registration)
			slots[slot] = before;
		return code == SVSHM_BUSY ? SVSHM__AGAIN : code;
	}
	svshm__mapping_set_slot(attachment, slot, registration);
	svshm__mapping_discount(attachment);
	svshm__debug("%s: registered in slot %d", attachment->path, slot);
	return SVSHM_OK;
}

#define CLAIM_TRIES 1000

int svshm__native_claim(struct svshm__attachment *attachment,
			struct svshm__header *header, struct svshm__set *set,
			enum svshm_access access, struct svshm__error *error)
{
	int code = SVSHM__AGAIN;

	for (int i = 0; i < CLAIM_TRIES && code == SVSHM__AGAIN; i++)
		code = claim_slot(attachment, header, set, access, error);
	return code;
}

/*
 * Take over what has no owner any more, in the set whose gate we are in: from
 * here on, its slots are what tells who lives.
 */
static void adopt(const struct svshm__attempt *attempt,
		  struct svshm__header *header)
{
	const struct svshm__set *set = &attempt->evidence.set;

	header->set_change_time = set->status.change_time;
	header->set_id = set->id;
	svshm__store(&header->removed, 0);
}

/*
 * The dead are not to be told twice. Only once we hold a slot: if we died
 * before, nothing would tell of them, or of us, and the data would pass for left
 * by the last detach. The lock was a dead one's, if anybody's: the next owner
 * is told.
 */
static void bury_dead(const struct svshm__attachment *attachment,
		      struct svshm__header *header,
		      const struct svshm__set *set)
{
	struct svshm__slot *slots = (void *)((char *)header +
					     attachment->slots_offset);
	uint32_t owner = svshm__load(&header->lock_word) &
			 SVSHM__LOCK_SLOT_MASK;

	if (owner && (!svshm__slot_held(set, owner - 1) ||
		      (int)owner - 1 == attachment->slot)) {
		svshm__store(&header->inconsistent, 1);
		svshm__store(&header->lock_word, 0);
	}
	for (unsigned i = 0; i < attachment->slot_count; i++)
		if (svshm__load(&slots[i].used) && !svshm__slot_held(set, i) &&
		    (int)i != attachment->slot)
			svshm__store(&slots[i].used, SVSHM__SLOT_FREE);
}

/* Nobody has it from a parent any more: who was just being born has died. */
static void forget_children(struct svshm__header *header)
{
	svshm__store(&header->births, svshm__load(&header->forks));
	svshm__store(&header->bequeathed, 0);
}

/*
 * In an object that is ours alone yet, so the lock is free: who attaches next
 * finds it locked.
 */
static int take_lock(struct svshm__attempt *attempt,
		     struct svshm__attachment *attachment,
		     struct svshm__header *header)
{
	struct svshm__locker *locker = &attempt->handle->locker;
	int code;

	svshm__locker_set(locker, attachment, header);
	code = svshm__lock_take(locker, 0, attempt->error);
	if (code >= 0)
		return SVSHM_OK;
	svshm__slot_release(attempt->evidence.set.id, attachment->slot,
			    attachment->engine->death_token);
	svshm__locker_set(locker, NULL, NULL);
	return code;
}

static int claim(struct svshm__attempt *attempt,
		 struct svshm__attachment *attachment,
		 struct svshm__header *header)
{
	struct svshm__set *set = &attempt->evidence.set;
	int code = svshm__native_claim(attachment, header, set, attempt->access,
				       attempt->error);

	if (!code && attempt->locked)
		code = take_lock(attempt, attachment, header);
	if (code)
		return code;
	/* Not before: now we know that the set, whose gate we are in, is there. */
	if (attempt->deserted)
		adopt(attempt, header);
	if (attempt->orphaned && !attempt->size)
		bury_dead(attachment, header, set);
	if (attempt->deserted)
		forget_children(header);
	return SVSHM_OK;
}

/* In our turn. What create has made, and could not register in, goes in it. */
static int register_process(struct svshm__attempt *attempt,
			    struct svshm__attachment *attachment)
{
	struct svshm__turn *turn = &attempt->evidence.turn;
	struct svshm__set *set = &attempt->evidence.set;
	struct svshm__header *header =
		svshm__mapping_header(attachment, attempt->access);
	int code = SVSHM_OK;

	if (svshm__mapping_registered(attachment) &&
	    !svshm__mapping_left(attachment)) {
		svshm__gate_leave(set->id);
		return SVSHM_OK;
	}
	if (!turn->taken && !svshm__turn_take(turn, header, set->id))
		return SVSHM__AGAIN;
	code = claim(attempt, attachment, header);
	if (code && attempt->size)
		return code;
	svshm__turn_end(turn, header);
	if (!code)
		svshm__gate_leave(set->id);
	return code;
}

/*
 * An entry for one more handle: this process has the object already, or has it
 * from now on. In the list before it is registered: a fork in between knows it.
 */
static int enlist(struct svshm__attempt *attempt, const struct svshm__view *view,
		  struct svshm__attachment **enlisted)
{
	struct svshm__evidence *evidence = &attempt->evidence;
	enum svshm_access access = attempt->access;
	struct svshm__attachment *attachment =
		svshm__mapping_acquire(evidence->segment_id, access);
	bool is_new = !attachment;
	int code;

	if (is_new)
		attachment = svshm__attempt_attachment(attempt, view);
	if (!attachment)
		return svshm__error_set(attempt->error,
					SVSHM_OUT_OF_RESOURCES, "no memory");
	code = svshm__mapping_map(attachment, access,
				  evidence->borrowed ? NULL :
						       &evidence->mapping,
				  attempt->error);
	if (!code && is_new)
		svshm__mapping_insert(attachment, access);
	else if (code && (is_new ||
			  svshm__mapping_release(attachment, access)))
		svshm__mapping_free(attachment);
	*enlisted = attachment;
	return code;
}

int svshm__attempt_register(struct svshm__attempt *attempt,
			    const struct svshm__view *view)
{
	struct svshm__attachment *attachment = NULL;
	struct svshm *handle = attempt->handle;
	int code = svshm__mapping_at_exit(svshm__native_exit, attempt->error);

	if (!code)
		code = enlist(attempt, view, &attachment);
	if (code || !attachment)
		return code;
	code = register_process(attempt, attachment);
	if (code) {
		if (svshm__mapping_release(attachment, attempt->access))
			svshm__mapping_free(attachment);
		return code;
	}
	svshm__judge_free(&attempt->evidence);
	handle->attachment = attachment;
	handle->access = attempt->access;
	if (!attempt->locked)
		svshm__locker_set(&handle->locker, attachment,
				  svshm__mapping_header(attachment,
							attempt->access));
	return SVSHM_OK;
}

/* ---- Forked children ---------------------------------------------------------- */

/* Inside the gate of the set in which its parent is registered. */
static int register_child(struct svshm__attempt *attempt,
			  struct svshm__attachment *attachment)
{
	struct svshm__evidence *evidence = &attempt->evidence;
	struct svshm__header *header =
		svshm__mapping_header(attachment, attempt->access);
	int code = SVSHM__AGAIN;

	while (code == SVSHM__AGAIN &&
	       svshm__process_now() < attempt->deadline) {
		code = svshm__turn_look(&evidence->turn, header,
					attachment->segment_id, &evidence->set,
					attempt->error);
		if (!code)
			code = svshm__set_renew(&evidence->set,
						attempt->error);
		/* Removed, with its segment, or without. */
		if (code)
			break;
		/* Another thread of this child may have been first: then this
		   only leaves the gate. */
		code = register_process(attempt, attachment);
	}
	return code;
}

int svshm__native_register(struct svshm *handle)
{
	struct svshm__attachment *attachment = handle->attachment;
	struct svshm__attempt attempt;
	struct svshm__set *set = &attempt.evidence.set;
	int code;

	if (attachment->reader || svshm__mapping_registered(attachment))
		return SVSHM_OK;
	svshm__attempt_start(&attempt, handle, handle->access, 0);
	set->id = attachment->set_id;
	code = svshm__set_look(set, 0, &handle->error);
	if (!code)
		code = svshm__judge_enter(set, attachment->key, 0,
					  attempt.deadline, &handle->error);
	if (!code) {
		code = register_child(&attempt, attachment);
		if (code)
			svshm__gate_leave(set->id);
	}
	if (code == SVSHM__AGAIN || code == SVSHM__NEXT)
		return svshm__error_set(&handle->error, SVSHM_REMOVED,
					"semaphore set %d is gone",
					attachment->set_id);
	return code == SVSHM_BUSY ? SVSHM_REMOVED : code;
}
