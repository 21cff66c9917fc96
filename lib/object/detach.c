/* SPDX-License-Identifier: BSD-2-Clause */
/* detach, and what exit(3) does: see the protocol at the head of object.c. */
#include <config.h>

#include "object/object.h"

#include <stdlib.h>

#include "base/atomic.h"
#include "base/crashpoint.h"
#include "key/key.h"
#include "memory/mapping.h"
#include "object/gate.h"
#include "object/remove.h"

/* ---- Leaving ------------------------------------------------------------------ */

/* Step 5. *INSIDE: the gate has not gone with the set. */
static int remove_object(struct svshm__farewell *farewell, bool *inside,
			 struct svshm__error *error)
{
	const struct svshm__attachment *attachment = farewell->attachment;
	const struct svshm__set *set = farewell->set;
	struct svshm__removal removal = { .segment_id = attachment->segment_id,
					  .turn = &farewell->turn,
					  .set = set,
					  .path = attachment->native_key ?
							  NULL :
							  attachment->path,
					  .identity = attachment->key_file,
					  .owner = attachment->key_file_owner,
					  .alone = attachment->own_names,
					  .key = attachment->key };
	int code = svshm__object_remove(&removal, error);

	*inside = code != SVSHM_OK;
	/* Others have come meanwhile: that we have seen nobody was long ago. */
	if (code == SVSHM__RETRY)
		return SVSHM_OK;
	CRASHPOINT("remove:done");
	svshm__debug("%s: last to go, object %s", attachment->path,
		     code ? "stays" : "removed");
	/* A set alone is in nobody's way; its owner finds it by the key file. */
	if (code == SVSHM_PERMISSION_DENIED && !svshm__set_is_removable(set))
		return SVSHM_OK;
	if (code)
		svshm__error_append(
			error, "; the last user has gone, but the "
			       "object stays until its owner uses it again "
			       "or runs \"svshm recover\"");
	return code;
}

static void release_slot(const struct svshm__attachment *attachment)
{
	if (svshm__attachment_registered(attachment))
		svshm__slot_release(attachment->set_id, attachment->slot,
				    attachment->engine->death_token);
}

/*
 * Steps 2 to 5: inside the gate, with this process's last handle. What ORPHAN says
 * was an orphan before we came, shall be one again, if we are the last: its data
 * are nobody's to remove by a mere detach. SVSHM_REMOVED: somebody has reset the
 * set.
 */
static int leave_object(struct svshm__attachment *attachment,
			struct svshm__header *header, struct svshm__set *set,
			bool *inside, bool orphan, struct svshm__error *error)
{
	struct svshm__farewell farewell;
	int code = SVSHM_OK, left = SVSHM_OK;
	bool last;

	CRASHPOINT("detach:in gate");
	svshm__farewell_begin(&farewell, attachment, header, set, false);
	if (farewell.seen || !svshm__gate_refresh(set, NULL))
		code = svshm__gate_check_own(attachment, set, error);
	if (orphan && farewell.left == SVSHM__LEFT_TO_NOBODY)
		farewell.left = SVSHM__LEFT_TO_CHILDREN;
	svshm__farewell_say(&farewell, SVSHM__SLOT_FREE);
	last = farewell.left == SVSHM__LEFT_TO_NOBODY && farewell.removable;
	if (!last) {
		/* Who is in another gate shall not count us after our turn. */
		release_slot(attachment);
		CRASHPOINT("detach:slot released");
		svshm__turn_end(&farewell.turn, header);
	}
	svshm__mapping_unmap(attachment);
	CRASHPOINT("detach:unmapped");
	if (orphan)
		return code;
	svshm__farewell_look_again(&farewell);
	if (farewell.left == SVSHM__LEFT_TO_NOBODY && farewell.removable)
		left = remove_object(&farewell, inside, code ? NULL : error);
	/* Else the set has gone, and with it our slot. */
	if (last && *inside)
		release_slot(attachment);
	return code ? code : left;
}

/* ---- Detach ---------------------------------------------------------------- */

/* 0, or REMOVED: the object is no more, but what was mapped stayed. */
static int look_back(const struct svshm__attachment *attachment,
		     enum svshm_access access, struct svshm__error *error)
{
	const struct svshm__header *header =
		svshm__mapping_header(attachment, access);
	struct svshm__segment_status status;
	int code = svshm__segment_stat(attachment->segment_id, &status, NULL);

	if (code != SVSHM_REMOVED && (code || !status.removed) &&
	    !svshm__load(&header->removed))
		return SVSHM_OK;
	return svshm__error_set(error, SVSHM_REMOVED,
				"the object was removed while this process was "
				"reading it; this handle is detached");
}

static int detach_reader(struct svshm__attachment *attachment,
			 enum svshm_access access, struct svshm__error *error)
{
	int code = look_back(attachment, access, error);

	svshm__attachment_readers_lock();
	bool last = svshm__mapping_release(attachment, access);

	svshm__attachment_readers_unlock();
	if (last)
		svshm__mapping_free(attachment);
	return code;
}

/*
 * We can't tell whether we are the last, so we leave as a dead process would:
 * unmapped, and the slot given back. If we were the last, the next user
 * finishes.
 */
static void leave_without_gate(struct svshm__attachment *attachment,
			       struct svshm__header *header)
{
	struct svshm__slot *slots = (void *)((char *)header +
					     attachment->slots_offset);

	if (svshm__attachment_registered(attachment)) {
		svshm__store(&slots[attachment->slot].used, SVSHM__SLOT_FREE);
		svshm__mapping_unmap(attachment);
		release_slot(attachment);
	}
	svshm__attachment_discount(attachment);
}

int svshm__object_detach(struct svshm *handle)
{
	struct svshm__attachment *attachment = handle->attachment;
	enum svshm_access access = handle->access;
	struct svshm__header *header;
	struct svshm__set set;
	bool inside, last;
	int code;

	handle->attachment = NULL;
	svshm__locker_set(&handle->locker, NULL, NULL);
	if (attachment->reader)
		return detach_reader(attachment, access, &handle->error);
	/* After exit(3) has detached: the process's end does the rest. */
	if (svshm__attachment_left(attachment) ||
	    svshm__object_leave_beside(attachment, access))
		return SVSHM_OK;

	code = svshm__gate_pass_to_leave(attachment, &set,
					 SVSHM__GATE_TIMEOUT_MS, &inside,
					 &handle->error);
	header = svshm__mapping_header(attachment, access);
	last = svshm__mapping_release(attachment, access);
	if (last && inside) {
		int left = leave_object(attachment, header, &set, &inside,
					handle->leaves_orphan,
					code ? NULL : &handle->error);

		code = code ? code : left;
	} else if (inside && !code) {
		code = svshm__gate_refresh(&set, NULL) ?
			       SVSHM_OK :
			       svshm__gate_check_own(attachment, &set,
						     &handle->error);
	} else if (last) {
		leave_without_gate(attachment, header);
	}
	if (inside)
		svshm__gate_leave(set.id);
	if (last)
		svshm__mapping_free(attachment);
	return code;
}

/* ---- Exit ------------------------------------------------------------------- */

/*
 * A process that ends loses its mappings first, and its slot after that. Until
 * then it is mapped, but has left: the table says so.
 */
static void leave_by_exit(struct svshm__attachment *attachment,
			  struct svshm__set *set, bool *inside)
{
	struct svshm__header *header = attachment->base[SVSHM_READ_WRITE] ?
		attachment->base[SVSHM_READ_WRITE] :
		attachment->base[SVSHM_READ_ONLY];
	struct svshm__farewell farewell;

	svshm__farewell_begin(&farewell, attachment, header, set, true);
	svshm__farewell_say(&farewell, SVSHM__SLOT_LEAVING);
	if (farewell.left == SVSHM__LEFT_TO_NOBODY && farewell.removable) {
		remove_object(&farewell, inside, NULL);
		return;
	}
	svshm__turn_end(&farewell.turn, header);
	CRASHPOINT("exit:leaving");
}

void svshm__object_exit(void)
{
	struct svshm__attachment *attachment;
	struct svshm__set set;
	bool inside;

	while ((attachment = svshm__attachment_leave_next())) {
		svshm__gate_pass_to_leave(attachment, &set,
					  SVSHM__GATE_TIMEOUT_AT_EXIT_MS,
					  &inside, NULL);
		if (!inside)
			continue;
		leave_by_exit(attachment, &set, &inside);
		if (inside)
			svshm__gate_leave(set.id);
	}
}
