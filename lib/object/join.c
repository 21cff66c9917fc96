/* SPDX-License-Identifier: BSD-2-Clause */
/* attach "beside others": see the head of object.c. */
#include <config.h>

#include "object/object.h"

#include "base/atomic.h"
#include "lock/lock.h"

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
	       svshm__slot_others_stay(&evidence->set, slots,
				       view->slot_count, (unsigned)slot);
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
