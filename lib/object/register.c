/* SPDX-License-Identifier: BSD-2-Clause */
/* Step 12 of the protocol at the head of object.c: who is attached. */
#include <config.h>

#include "object/object.h"

#include <stdlib.h>
#include <string.h>

#include "base/atomic.h"
#include "base/crashpoint.h"
#include "lock/lock.h"
#include "kernel/process.h"
#include "memory/mapping.h"
#include "object/gate.h"

struct svshm__attachment *
svshm__operation_attachment(const struct svshm__operation *operation,
			    const struct svshm__view *view)
{
	struct svshm__attachment *attachment = calloc(1, sizeof(*attachment));

	if (!attachment)
		return NULL;
	/* Not the header's, which may be of another root. */
	attachment->path = strdup(operation->file.path);
	if (!attachment->path) {
		free(attachment);
		return NULL;
	}
	attachment->segment_id = operation->evidence.segment_id;
	attachment->set_id = operation->evidence.set.id;
	attachment->key = operation->key;
	attachment->own_names = svshm__key_file_is_own(&operation->file);
	attachment->data_offset = (size_t)view->data_offset;
	attachment->data_size = (size_t)view->data_size;
	attachment->data_room =
		(size_t)(view->segment_size - view->data_offset);
	attachment->slots_offset = view->slots_offset;
	attachment->slot_count = view->slot_count;
	attachment->engine = svshm__lock_engine(view->lock_engine);
	attachment->observed = view->flags & SVSHM__FLAG_OBSERVERS;
	attachment->native_key = operation->file.native;
	attachment->key_file = view->key_file;
	/* If it was not looked at, it is its maker's. */
	attachment->key_file_owner =
		operation->file.exists ?
			operation->file.owner :
			svshm__segment_author(&operation->evidence.segment);
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
		if (svshm__load(&slots[slot].registration) == registration)
			slots[slot] = before;
		return code == SVSHM_BUSY ? SVSHM__RETRY : code;
	}
	svshm__attachment_set_slot(attachment, slot, registration);
	svshm__attachment_discount(attachment);
	svshm__debug("%s: registered in slot %d", attachment->path, slot);
	return SVSHM_OK;
}

#define CLAIM_TRIES 1000

/*
 * Inside the gate of SET. The gate is left afterwards, not in the same semop: the
 * next thread of this process must find us registered, or it would claim a
 * second slot.
 */
static int claim_any_slot(struct svshm__operation *operation,
			  struct svshm__attachment *attachment,
			  struct svshm__header *header)
{
	int tries = operation->beside ? 1 : CLAIM_TRIES;
	int code = SVSHM__RETRY;

	for (int i = 0; i < tries && code == SVSHM__RETRY; i++)
		code = claim_slot(attachment, header, &operation->evidence.set,
				  operation->access, operation->error);
	return code;
}

/*
 * Take over what has no owner any more, in the set whose gate we are in: from
 * here on, its slots are what tells who lives.
 */
static void adopt(const struct svshm__operation *operation,
		  struct svshm__header *header)
{
	const struct svshm__set *set = &operation->evidence.set;

	header->set_change_time = set->status.change_time;
	header->set_id = set->id;
	svshm__store(&header->removed, 0);
}

/*
 * Of the dead, nobody is to be told twice: their entries go. Only once we hold a
 * slot: if we died before that, nothing would tell of them, or of us, and the
 * data would look as if the last user had detached. If the lock has an owner, he
 * is dead: the next owner is told.
 */
static void clear_dead_entries(const struct svshm__attachment *attachment,
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
		svshm__lock_count(header);
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
static int take_lock(struct svshm__operation *operation,
		     struct svshm__attachment *attachment,
		     struct svshm__header *header)
{
	struct svshm__locker *locker = &operation->handle->locker;
	int code;

	svshm__locker_set(locker, attachment, header);
	code = svshm__lock_take(locker, 0, operation->error);
	if (code >= 0)
		return SVSHM_OK;
	svshm__slot_release(operation->evidence.set.id, attachment->slot,
			    attachment->engine->death_token);
	svshm__locker_set(locker, NULL, NULL);
	return code;
}

static int claim(struct svshm__operation *operation,
		 struct svshm__attachment *attachment,
		 struct svshm__header *header)
{
	struct svshm__set *set = &operation->evidence.set;
	int code = claim_any_slot(operation, attachment, header);

	if (!code && operation->locked)
		code = take_lock(operation, attachment, header);
	if (code)
		return code;
	/* Not before: now we know that the set, whose gate we are in, is there. */
	if (operation->deserted)
		adopt(operation, header);
	if (operation->orphaned && !operation->size)
		clear_dead_entries(attachment, header, set);
	if (operation->deserted)
		forget_children(header);
	return SVSHM_OK;
}

/* In our turn. What create has made, and could not register in, goes in it. */
static int register_process(struct svshm__operation *operation,
			    struct svshm__attachment *attachment)
{
	struct svshm__turn *turn = &operation->evidence.turn;
	struct svshm__set *set = &operation->evidence.set;
	struct svshm__header *header =
		svshm__mapping_header(attachment, operation->access);
	int code = SVSHM_OK;

	if (svshm__attachment_registered(attachment) &&
	    !svshm__attachment_left(attachment))
		return SVSHM_OK;
	if (!turn->taken && !svshm__turn_take(turn, header, set->id))
		return SVSHM__RETRY;
	code = claim(operation, attachment, header);
	if (code && operation->size)
		return code;
	svshm__turn_end(turn, header);
	return code;
}

/*
 * An entry for one more handle: this process has the object already, or has it
 * from now on. In the list before it is registered: a fork in between knows it.
 */
static int enlist(struct svshm__operation *operation,
		  const struct svshm__view *view,
		  struct svshm__attachment **enlisted)
{
	struct svshm__evidence *evidence = &operation->evidence;
	enum svshm_access access = operation->access;
	struct svshm__attachment *attachment =
		svshm__attachment_acquire(evidence->segment_id, access);
	bool is_new = !attachment;
	int code;

	if (is_new)
		attachment = svshm__operation_attachment(operation, view);
	if (!attachment)
		return svshm__error_set(operation->error,
					SVSHM_OUT_OF_RESOURCES, "no memory");
	code = svshm__mapping_map(attachment, access,
				  evidence->borrowed ? NULL :
						       &evidence->mapping,
				  operation->error);
	if (!code && is_new)
		svshm__attachment_insert(attachment, access);
	else if (code && (is_new ||
			  svshm__mapping_release(attachment, access)))
		svshm__mapping_free(attachment);
	*enlisted = attachment;
	return code;
}

int svshm__operation_register(struct svshm__operation *operation,
			      const struct svshm__view *view)
{
	struct svshm__attachment *attachment = NULL;
	struct svshm *handle = operation->handle;
	int code =
		svshm__attachment_at_exit(svshm__object_exit, operation->error);

	if (!code)
		code = enlist(operation, view, &attachment);
	if (code || !attachment)
		return code;
	code = register_process(operation, attachment);
	if (code) {
		if (svshm__mapping_release(attachment, operation->access))
			svshm__mapping_free(attachment);
		return code;
	}
	svshm__evidence_free(&operation->evidence);
	/* A set that this try has made is the object's now. */
	operation->made_set = false;
	handle->attachment = attachment;
	handle->access = operation->access;
	if (!operation->locked)
		svshm__locker_set(
			&handle->locker, attachment,
			svshm__mapping_header(attachment, operation->access));
	return SVSHM_OK;
}

/* ---- Forked children ---------------------------------------------------------- */

/* Inside the gate of the set in which its parent is registered. */
static int register_child(struct svshm__operation *operation,
			  struct svshm__attachment *attachment)
{
	struct svshm__evidence *evidence = &operation->evidence;
	struct svshm__header *header =
		svshm__mapping_header(attachment, operation->access);
	int code = SVSHM__RETRY;

	while (code == SVSHM__RETRY &&
	       svshm__process_now() < operation->deadline) {
		code = svshm__turn_look(&evidence->turn, header,
					attachment->segment_id, &evidence->set,
					SVSHM__TURN_TIMEOUT_MS,
					operation->error);
		if (!code)
			code = svshm__set_renew(&evidence->set,
						operation->error);
		/* Who leaves does so by a set that was reset, too. */
		if (!code && !evidence->set.tagged)
			return SVSHM__RETRY;
		/* Removed, with its segment, or without. */
		if (code)
			break;
		/* Another thread of this child may have been first: then this
		   only leaves the gate. */
		code = register_process(operation, attachment);
	}
	return code;
}

int svshm__object_register(struct svshm *handle)
{
	struct svshm__attachment *attachment = handle->attachment;
	struct svshm__operation operation;
	struct svshm__set *set = &operation.evidence.set;
	int code;

	if (attachment->reader || svshm__attachment_registered(attachment))
		return SVSHM_OK;
	svshm__operation_start(&operation, handle, handle->access, 0);
	code = svshm__gate_pass_own(attachment, set, operation.deadline,
				    &handle->error);
	if (!code) {
		code = register_child(&operation, attachment);
		svshm__gate_leave(set->id);
	}
	if (code == SVSHM__RETRY)
		return svshm__error_set(&handle->error, SVSHM_REMOVED,
					"semaphore set %d is gone",
					attachment->set_id);
	return code == SVSHM_BUSY ? SVSHM_REMOVED : code;
}
