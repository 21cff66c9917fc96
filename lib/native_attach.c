/* SPDX-License-Identifier: BSD-2-Clause */
/* attach: steps 1 to 7 and 13 of the protocol at the head of native.c. */
#include <config.h>

#include "native.h"

#include <stdlib.h>
#include <string.h>

#include "crashpoint.h"
#include "lock.h"
#include "process.h"
#include "scan.h"

/* ---- Step 13 --------------------------------------------------------------- */

static struct svshm__attachment *new_attachment(
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
	attachment->native_key = attempt->file.native;
	attachment->device = view->device;
	attachment->inode = view->inode;
	attachment->key_file_owner = attempt->file.owner;
	return attachment;
}

int svshm__native_claim(struct svshm__attachment *attachment,
			struct svshm__header *header,
			const struct svshm__set *set, enum svshm_access access,
			bool leave, struct svshm__error *error)
{
	struct svshm__slot *slots = (void *)((char *)header +
					     attachment->slots_offset);
	int slot;
	int code = svshm__slot_find(set, attachment->slot_count, &slot, error);

	if (code)
		return code;
	svshm__slot_note(&slots[slot], access);
	header->registrations++;
	CRASHPOINT("register:noted");
	code = svshm__slot_claim(set->id, slot, leave, error);
	if (code) {
		slots[slot].used = SVSHM__SLOT_FREE;
		return code;
	}
	CRASHPOINT("register:claimed");
	svshm__mapping_set_slot(attachment, slot);
	return SVSHM_OK;
}

/* Take over what has no owner any more: the dead are not to be told twice. */
static void bury_dead(const struct svshm__attachment *attachment,
		      struct svshm__header *header,
		      const struct svshm__set *set)
{
	struct svshm__slot *slots = (void *)((char *)header +
					     attachment->slots_offset);

	for (unsigned i = 0; i < attachment->slot_count; i++)
		if (slots[i].used && !svshm__slot_held(set, i))
			slots[i].used = SVSHM__SLOT_FREE;
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
	if (attempt->orphaned)
		bury_dead(attachment, header, set);
	return svshm__native_claim(attachment, header, set, attempt->access,
				   true, attempt->error);
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
		attachment = new_attachment(attempt, view);
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
	return SVSHM_OK;
}

/* ---- Readers ---------------------------------------------------------------- */

static int enlist_reader(struct svshm__attempt *attempt)
{
	struct svshm__attachment *attachment =
		svshm__mapping_find(attempt->evidence.segment_id);
	bool is_new = !attachment;
	int code;

	if (is_new)
		attachment = new_attachment(attempt, &attempt->evidence.view);
	if (!attachment)
		return svshm__error_set(attempt->error,
					SVSHM_OUT_OF_RESOURCES, "no memory");
	if (is_new)
		attachment->reader = true;
	code = svshm__mapping_share(attachment, attempt->access, NULL,
				    attempt->error);
	if (code) {
		if (is_new)
			svshm__mapping_free(attachment);
		return code;
	}
	if (is_new)
		svshm__mapping_insert(attachment);
	attempt->handle->attachment = attachment;
	attempt->handle->access = attempt->access;
	return SVSHM_OK;
}

static int join_as_reader(struct svshm__attempt *attempt)
{
	struct svshm__evidence *evidence = &attempt->evidence;
	struct svshm__segment_status status;
	enum svshm_verdict verdict;
	int code = svshm__attempt_judge(attempt, false, &verdict);

	if (code)
		return code;
	/* Not complete yet, or not any more: nothing to attach to. */
	if (verdict == SVSHM_VERDICT_HALF_MADE ||
	    verdict == SVSHM_VERDICT_HALF_REMOVED ||
	    evidence->header == SVSHM__HEADER_UNPUBLISHED)
		return svshm__error_set(attempt->error, SVSHM_NOT_FOUND,
					"it is not complete");
	if (verdict == SVSHM_VERDICT_FOREIGN)
		return SVSHM__NEXT;
	if (verdict != SVSHM_VERDICT_IN_USE && verdict != SVSHM_VERDICT_ORPHAN)
		return svshm__attempt_refuse(attempt, verdict);
	attempt->orphaned = evidence->held == 0 && evidence->died > 0;
	code = enlist_reader(attempt);
	if (code)
		return code;
	/* Mapped now. Was it removed before? Then the name is free by now. */
	code = svshm__segment_stat(evidence->segment_id, &status, NULL);
	if (!code && !status.removed)
		return SVSHM_OK;
	svshm__native_detach(attempt->handle);
	return SVSHM__AGAIN;
}

static int attach_reader(struct svshm__attempt *attempt)
{
	int code;

	if (attempt->access != SVSHM_READ_ONLY)
		return svshm__error_set(attempt->error,
					SVSHM_PERMISSION_DENIED,
					"the object's mode 0%o lets uid and "
					"group of this process read only; "
					"attach with SVSHM_READ_ONLY",
					(unsigned)attempt->evidence.set.status
						.mode);
	svshm__mapping_readers_lock();
	code = join_as_reader(attempt);
	svshm__mapping_readers_unlock();
	svshm__judge_free(&attempt->evidence);
	return code;
}

/* ---- Attach ------------------------------------------------------------------ */

static int join(struct svshm__attempt *attempt)
{
	const struct svshm__evidence *evidence = &attempt->evidence;
	int code;

	if (!svshm__lock_engine(evidence->view.lock_engine))
		code = svshm__error_set(attempt->error, SVSHM_INCOMPATIBLE,
					"the object uses lock engine %lu, "
					"which this build does not have",
					(unsigned long)
						evidence->view.lock_engine);
	else if (evidence->mapping_read_only && !evidence->mapping_borrowed)
		code = svshm__error_set(attempt->error,
					SVSHM_PERMISSION_DENIED,
					"the segment's mode and that of its "
					"semaphore set differ");
	else {
		/* Registered users all dead: an orphan, also if their children
		   still map it. */
		attempt->orphaned = evidence->held == 0 && evidence->died > 0;
		code = svshm__attempt_register(attempt, &evidence->view);
	}
	if (code)
		svshm__attempt_leave(attempt);
	return code;
}

/* Steps 6 and 7, inside the gate. */
static int act(struct svshm__attempt *attempt)
{
	enum svshm_verdict verdict;
	int code = svshm__attempt_judge(attempt, true, &verdict);

	if (code) {
		svshm__attempt_leave(attempt);
		return code;
	}
	switch (verdict) {
	case SVSHM_VERDICT_IN_USE:
	case SVSHM_VERDICT_ORPHAN:
		return join(attempt);
	case SVSHM_VERDICT_HALF_MADE:
	case SVSHM_VERDICT_HALF_REMOVED:
		/* If that is not permitted, it stays; it's no object either
		   way. */
		svshm__attempt_remove(attempt);
		return svshm__error_set(attempt->error, SVSHM_NOT_FOUND,
					"there was an incomplete leftover only");
	case SVSHM_VERDICT_FOREIGN:
		svshm__attempt_leave(attempt);
		return SVSHM__NEXT;
	case SVSHM_VERDICT_GONE:
		svshm__attempt_leave(attempt);
		return SVSHM__AGAIN;
	case SVSHM_VERDICT_CORRUPT:
	case SVSHM_VERDICT_UNKNOWN:
		break;
	}
	code = svshm__attempt_refuse(attempt, verdict);
	svshm__attempt_leave(attempt);
	/* Never completed, and not ours to remove: nothing to attach to. */
	return code == SVSHM_ALREADY_EXISTS ? SVSHM_NOT_FOUND : code;
}

static int enter_and_act(struct svshm__attempt *attempt, bool make)
{
	int code = svshm__attempt_enter(attempt, make);

	if (code == SVSHM_PERMISSION_DENIED &&
	    attempt->evidence.set.status.count > 0 &&
	    svshm__judge_trusted(attempt->evidence.set.status.uid,
				 attempt->evidence.set.status.creator_uid,
				 &attempt->file))
		return attach_reader(attempt);
	return code ? code : act(attempt);
}

static int attach_at(struct svshm__attempt *attempt)
{
	int code = svshm__key_of(attempt->file.path, attempt->project,
				 &attempt->key, attempt->error);

	if (code)
		return code == SVSHM_NOT_FOUND ? SVSHM__AGAIN : code;
	attempt->evidence.set.status.count = 0;
	code = enter_and_act(attempt, false);
	return code == SVSHM_NOT_FOUND && attempt->evidence.set.id < 0 ?
		SVSHM__NEXT : code;
}

/*
 * Nothing under the keys of the key file, or no key file. The object may live
 * all the same: its key file was lost, its key was another's once, or somebody
 * removed its set alone.
 */
static int attach_found(struct svshm__attempt *attempt)
{
	struct svshm__found found;

	if (svshm__scan_find(&attempt->file, -1, &found))
		return SVSHM_NOT_FOUND;
	attempt->key = found.key;
	attempt->by_scan = true;
	attempt->evidence.set.status.count = 0;
	return enter_and_act(attempt, true);
}

/* A key file alone is what a maker left that died at once: it goes, too. */
static int remove_lone_key_file(struct svshm__attempt *attempt)
{
	int code;

	if (attempt->file.native || !attempt->file.exists)
		return SVSHM_NOT_FOUND;
	attempt->project = SVSHM__PROJECT_FIRST;
	attempt->by_scan = false;
	code = svshm__key_of(attempt->file.path, attempt->project,
			     &attempt->key, attempt->error);
	if (code)
		return code;
	code = enter_and_act(attempt, true);
	return code == SVSHM__NEXT ? SVSHM_NOT_FOUND : code;
}

static int attach_once(struct svshm__attempt *attempt)
{
	const struct svshm *handle = attempt->handle;
	int code = svshm__key_file_look(&attempt->file, handle->native_key,
					handle->native, false, 0, (gid_t)-1,
					attempt->error);

	attempt->by_scan = false;
	if (code && (code != SVSHM_NOT_FOUND || !attempt->file.path)) {
		svshm__key_file_free(&attempt->file);
		return code;
	}
	attempt->name_hash = svshm__key_name_hash(attempt->file.path);
	code = SVSHM__NEXT;
	for (int i = 0; attempt->file.exists && i < SVSHM__PROJECTS &&
			code == SVSHM__NEXT; i++) {
		attempt->project = SVSHM__PROJECT_FIRST + i;
		code = attach_at(attempt);
	}
	if (code == SVSHM__NEXT) {
		code = attach_found(attempt);
		if (code == SVSHM_NOT_FOUND)
			code = remove_lone_key_file(attempt);
	}
	if (code == SVSHM_NOT_FOUND)
		svshm__error_set(attempt->error, SVSHM_NOT_FOUND,
				 "there is no object with the key file %.300s",
				 attempt->file.path);
	svshm__key_file_free(&attempt->file);
	return code;
}

int svshm__native_attach(struct svshm *handle, enum svshm_access access)
{
	struct svshm__attempt attempt;
	int code;

	svshm__attempt_start(&attempt, handle, access, 0);
	do {
		code = attach_once(&attempt);
	} while (code == SVSHM__AGAIN &&
		 svshm__attempt_milliseconds_left(&attempt) > 0);
	if (code == SVSHM__AGAIN)
		return svshm__error_set(&handle->error, SVSHM_TIMED_OUT,
					"the object has been removed and made "
					"anew by others all the time");
	if (code || !attempt.orphaned)
		return code;
	return svshm__error_set(&handle->error, SVSHM_ORPHANED,
				"an orphan was taken over: all its users had "
				"died without detaching, so its data may be "
				"old or half written");
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
		code = svshm__set_refresh(set, &handle->error);
	if (code == SVSHM__AGAIN || code == SVSHM__NEXT)
		return svshm__error_set(&handle->error, SVSHM_REMOVED,
					"semaphore set %d is gone",
					attachment->set_id);
	if (code)
		return code;
	/* Another thread of this child may have been first. */
	if (!svshm__mapping_registered(attachment))
		attachment->lock_holder = NULL;
	code = register_process(&attempt, attachment);
	if (code)
		svshm__gate_leave(set->id);
	return code;
}
