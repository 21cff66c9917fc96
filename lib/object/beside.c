/* SPDX-License-Identifier: BSD-2-Clause */
/* Joining and leaving beside others: see the head of object.c. */
#include <config.h>

#include "object/object.h"

#include <string.h>

#include "base/atomic.h"
#include "base/crashpoint.h"
#include "lock/lock.h"
#include "memory/mapping.h"

/* Others come and go as well, and each changes what we have seen. */
#define TRIES 3

/*
 * Somebody else who is registered, and has not called exit(3), in the semaphore
 * that has SLOT: so that who changes that one by compare-and-swap knows that he
 * is still there.
 */
static bool others_stay(const struct svshm__set *set,
			const struct svshm__slot *slots, unsigned slot_count,
			unsigned slot)
{
	unsigned first = slot - slot % SVSHM__SLOTS_PER_SEMAPHORE;
	unsigned end = first + SVSHM__SLOTS_PER_SEMAPHORE;

	for (unsigned i = first; i < end && i < slot_count; i++)
		if (i != slot && svshm__slot_held(set, i) &&
		    svshm__load(&slots[i].used) == SVSHM__SLOT_USED)
			return true;
	return false;
}

/* ---- Join ----------------------------------------------------------------- */

/* Map M; the turn before all else that is looked at. */
static bool look(struct svshm__evidence *evidence)
{
	evidence->mapping_read_only = false;
	evidence->borrowed = NULL;
	if (svshm__segment_map(evidence->segment_id, false, &evidence->mapping,
			       NULL) ||
	    !svshm__turn_see(&evidence->turn, evidence->mapping) ||
	    svshm__segment_stat(evidence->segment_id, &evidence->segment, NULL))
		return false;
	evidence->header = svshm__header_read(
		evidence->mapping, evidence->segment.size, &evidence->view);
	return evidence->header == SVSHM__HEADER_VALID;
}

/* In use, and not by the dying alone: these are not mapped any more. */
static bool is_in_use(const struct svshm__evidence *evidence)
{
	const struct svshm__view *view = &evidence->view;
	const struct svshm__header *header = evidence->mapping;
	const struct svshm__slot *slots =
		(const void *)((const char *)header + view->slots_offset);
	int slot;

	return evidence->segment.mappings > 1 && !evidence->segment.removed &&
	       !view->retired && !svshm__load(&header->removed) &&
	       svshm__judge_set_state(&evidence->set, view->set_id,
				      view->set_change_time) ==
		       SVSHM__SET_INTACT &&
	       !svshm__slot_find(&evidence->set, view->slot_count, &slot,
				 NULL) &&
	       svshm__load(&slots[slot].used) != SVSHM__SLOT_USED &&
	       others_stay(&evidence->set, slots, view->slot_count,
			   (unsigned)slot);
}

static bool is_joinable(const struct svshm__operation *operation)
{
	const struct svshm__evidence *evidence = &operation->evidence;
	const struct svshm__view *view = &evidence->view;

	return svshm__view_is_named(view, &operation->file) &&
	       svshm__judge_trusted(evidence->segment.uid,
				    evidence->segment.creator_uid,
				    &operation->file) &&
	       svshm__lock_engine(view->lock_engine) &&
	       view->data_size >= operation->least && is_in_use(evidence);
}

bool svshm__operation_join_beside(struct svshm__operation *operation)
{
	struct svshm__evidence *evidence = &operation->evidence;
	const struct svshm__set *set = &evidence->set;
	struct svshm__error *error = operation->error;
	bool joined;
	int set_id;

	if (!set->tagged || set->fresh || svshm__slots_held(set) == 0 ||
	    svshm__segment_find(operation->key, &evidence->segment_id, NULL) ||
	    svshm__attachment_find(evidence->segment_id, &set_id))
		return false;
	operation->beside = true;
	operation->error = NULL;
	operation->orphaned = operation->deserted = false;
	joined = look(evidence) && is_joinable(operation) &&
		 !svshm__operation_register(operation, &evidence->view);
	operation->beside = false;
	operation->error = error;
	svshm__evidence_free(evidence);
	return joined;
}

/* ---- Leave ---------------------------------------------------------------- */

/* The table says so: else nobody is asked. */
static bool others_seem_to_stay(const struct svshm__slot *slots,
				unsigned slot_count, unsigned slot)
{
	unsigned i = slot - slot % SVSHM__SLOTS_PER_SEMAPHORE;
	unsigned end = i + SVSHM__SLOTS_PER_SEMAPHORE;

	while (i < end && i < slot_count &&
	       (i == slot || svshm__load(&slots[i].used) != SVSHM__SLOT_USED))
		i++;
	return i < end && i < slot_count;
}

static bool is_left_to_others(const struct svshm__attachment *attachment,
			      const struct svshm__header *header)
{
	const struct svshm__slot *slots =
		(const void *)((const char *)header + attachment->slots_offset);
	struct svshm__segment_status segment;
	struct svshm__set set;

	set.id = attachment->set_id;
	return others_seem_to_stay(slots, attachment->slot_count,
				   (unsigned)attachment->slot) &&
	       !svshm__set_look(&set, 0, NULL) &&
	       svshm__judge_set_state(&set, header->set_id,
				      header->set_change_time) ==
		       SVSHM__SET_INTACT &&
	       svshm__slot_held(&set, (unsigned)attachment->slot) &&
	       others_stay(&set, slots, attachment->slot_count,
			   (unsigned)attachment->slot) &&
	       !svshm__segment_stat(attachment->segment_id, &segment, NULL) &&
	       !segment.removed &&
	       segment.mappings > svshm__mapping_pieces(attachment);
}

/*
 * In our turn, with this process's last handle. A slot that is held without an
 * entry is of one who leaves: so those who come after our turn count neither it
 * nor our mapping.
 */
static void leave(struct svshm__attachment *attachment,
		  struct svshm__header *header, struct svshm__turn *turn)
{
	struct svshm__slot *slots =
		(void *)((char *)header + attachment->slots_offset);
	int set_id = attachment->set_id, slot = attachment->slot;
	bool death_token = attachment->engine->death_token;

	header->departures++;
	svshm__announce(&slots[slot].used, SVSHM__SLOT_FREE);
	CRASHPOINT("detach:entry cleared");
	svshm__turn_end(turn, header);
	svshm__mapping_free(attachment);
	CRASHPOINT("detach:unmapped");
	svshm__slot_release(set_id, slot, death_token);
	CRASHPOINT("detach:slot released");
}

bool svshm__object_leave_beside(struct svshm__attachment *attachment,
				enum svshm_access access)
{
	struct svshm__header *header =
		svshm__mapping_header(attachment, access);
	struct svshm__turn turn = { .taken = false };

	if (!SVSHM__EXCHANGES_ATOMICALLY ||
	    !svshm__attachment_registered(attachment) ||
	    svshm__attachment_counted(attachment))
		return false;
	for (int i = 0; i < TRIES && !turn.taken; i++) {
		if (!svshm__turn_see(&turn, header) ||
		    !is_left_to_others(attachment, header))
			return false;
		svshm__turn_take(&turn, header, -1);
	}
	if (!turn.taken)
		return false;
	CRASHPOINT("detach:in turn");
	if (svshm__mapping_release(attachment, access))
		leave(attachment, header, &turn);
	else
		svshm__turn_end(&turn, header);
	return true;
}
