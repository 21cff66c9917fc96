/* SPDX-License-Identifier: BSD-2-Clause */
/* Step 13 of the protocol at the head of native.c: who is attached. */
#include <config.h>

#include "native.h"

#include <stdlib.h>
#include <string.h>

#include "crashpoint.h"
#include "lock.h"

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
		attempt->file.owner : attempt->evidence.segment.creator_uid;
	return attachment;
}

int svshm__native_claim(struct svshm__attachment *attachment,
			struct svshm__header *header,
			const struct svshm__set *set, enum svshm_access access,
			struct svshm__error *error)
{
	struct svshm__slot *slots = (void *)((char *)header +
					     attachment->slots_offset);
	int slot;
	int code = svshm__slot_find(set, attachment->slot_count, &slot, error);

	if (code)
		return code;
	uint32_t before = slots[slot].used;

	uint32_t registration = (uint32_t)++header->registrations;

	svshm__slot_note(&slots[slot], access, registration);
	header->left_time = 0;
	CRASHPOINT("register:noted");
	code = svshm__slot_claim(set, slot, attachment->engine->death_token,
				 error);
	if (code) {
		/* A dead user's entry may be all that tells of an orphan. */
		slots[slot].used = before;
		return code;
	}
	CRASHPOINT("register:claimed");
	svshm__mapping_set_slot(attachment, slot, registration);
	svshm__debug("%s: registered in slot %d", attachment->path, slot);
	return SVSHM_OK;
}

/*
 * Take over what has no owner any more: the dead are not to be told twice. Only
 * once we hold a slot: if we died before, nothing would tell of them, or of us,
 * and the data would pass for left by the last detach.
 */
static void bury_dead(const struct svshm__attachment *attachment,
		      struct svshm__header *header,
		      const struct svshm__set *set)
{
	struct svshm__slot *slots = (void *)((char *)header +
					     attachment->slots_offset);

	for (unsigned i = 0; i < attachment->slot_count; i++)
		if (slots[i].used && !svshm__slot_held(set, i) &&
		    (int)i != attachment->slot)
			slots[i].used = SVSHM__SLOT_FREE;
}

/*
 * Inside the gate of an object that is ours alone yet, so the lock is free: who
 * attaches next finds it locked.
 */
static int claim_and_lock(struct svshm__attempt *attempt,
			  struct svshm__attachment *attachment,
			  struct svshm__header *header)
{
	const struct svshm__set *set = &attempt->evidence.set;
	struct svshm__locker *locker = &attempt->handle->locker;
	int code = svshm__native_claim(attachment, header, set,
				       attempt->access, attempt->error);

	if (code)
		return code;
	svshm__locker_set(locker, attachment, header);
	code = svshm__lock_take(locker, 0, attempt->error);
	if (code < 0)
		svshm__slot_release(set->id, attachment->slot,
				    attachment->engine->death_token);
	else
		svshm__gate_leave(set->id);
	if (code < 0)
		svshm__locker_set(locker, NULL, NULL);
	return code < 0 ? code : SVSHM_OK;
}

static int register_process(struct svshm__attempt *attempt,
			    struct svshm__attachment *attachment)
{
	const struct svshm__set *set = &attempt->evidence.set;
	struct svshm__header *header =
		svshm__mapping_header(attachment, attempt->access);

	if (svshm__mapping_registered(attachment) && !attachment->left) {
		svshm__gate_leave(set->id);
		return SVSHM_OK;
	}
	if (attempt->locked)
		return claim_and_lock(attempt, attachment, header);

	int code = svshm__native_claim(attachment, header, set, attempt->access,
				       attempt->error);

	if (code)
		return code;
	if (attempt->orphaned)
		bury_dead(attachment, header, set);
	svshm__gate_leave(set->id);
	return SVSHM_OK;
}

int svshm__attempt_register(struct svshm__attempt *attempt,
			    const struct svshm__view *view)
{
	struct svshm__evidence *evidence = &attempt->evidence;
	struct svshm__attachment *attachment =
		svshm__mapping_find(evidence->segment_id);
	bool is_new = !attachment;
	int code = svshm__mapping_at_exit(svshm__native_exit, attempt->error);

	if (code)
		return code;
	if (is_new)
		attachment = svshm__attempt_attachment(attempt, view);
	if (!attachment)
		return svshm__error_set(attempt->error,
					SVSHM_OUT_OF_RESOURCES, "no memory");
	code = svshm__mapping_share(attachment, attempt->access,
				    evidence->mapping_borrowed ? NULL :
							&evidence->mapping,
				    attempt->error);
	/* In the list before it is registered: a fork in between knows it. */
	if (!code && is_new)
		svshm__mapping_insert(attachment);
	if (!code) {
		code = register_process(attempt, attachment);
		if (code && !svshm__mapping_unshare(attachment,
						    attempt->access))
			svshm__mapping_drop(attachment);
	}
	if (code) {
		if (is_new)
			svshm__mapping_free(attachment);
		return code;
	}
	svshm__judge_free(evidence);
	attempt->handle->attachment = attachment;
	attempt->handle->access = attempt->access;
	if (!attempt->locked)
		svshm__locker_set(&attempt->handle->locker, attachment,
				  svshm__mapping_header(attachment,
							attempt->access));
	return SVSHM_OK;
}

/* ---- Forked children ---------------------------------------------------------- */

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
		code = svshm__gate_enter(
			set, 0, svshm__attempt_milliseconds_left(&attempt),
			&handle->error);
	if (!code)
		code = svshm__gate_refresh(set, &handle->error);
	if (code == SVSHM__AGAIN || code == SVSHM__NEXT)
		return svshm__error_set(&handle->error, SVSHM_REMOVED,
					"semaphore set %d is gone",
					attachment->set_id);
	if (code)
		return code;
	/* Another thread of this child may have been first: then this only
	   leaves the gate. */
	code = register_process(&attempt, attachment);
	if (code)
		svshm__gate_leave(set->id);
	return code;
}
