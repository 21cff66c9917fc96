/* SPDX-License-Identifier: BSD-2-Clause */
#include <config.h>

#include "recovery/describe.h"

#include "kernel/description.h"
#include "kernel/list.h"

/* Of a scan, it is known what is listed; else it is worth a list. */
static void describe_segment(struct svshm_object *object,
			     struct svshm__segment_status *segment,
			     const struct svshm__candidate *candidate)
{
	if (segment->size == 0 && candidate->status)
		*segment = *candidate->status;
	if (segment->size == 0 && !candidate->pids)
		svshm__listed_segment(candidate->segment_id, segment);
	svshm__description_by_segment(object, segment);
}

static void describe_set(struct svshm_object *object,
			 struct svshm__set_status *set,
			 const struct svshm__candidate *candidate)
{
	if (set->count == 0 && candidate->set_status)
		*set = *candidate->set_status;
	if (set->count == 0 && !candidate->pids)
		svshm__listed_set(candidate->set_id, set);
	object->semaphore_count = (unsigned)set->count;
	object->operation_time = set->operation_time;
	svshm__description_by_set(object, set);
}

void svshm__describe(struct svshm_object *object,
		     struct svshm__evidence *evidence,
		     const struct svshm__candidate *candidate)
{
	object->layout = SVSHM_LAYOUT_NATIVE;
	object->ipc_key = candidate->key;
	object->segment_id = candidate->segment_id;
	object->semaphore_id =
		candidate->set_id >= 0 ? candidate->set_id : evidence->set.id;
	object->semaphore_count = (unsigned)evidence->set.status.count;
	if (candidate->segment_id >= 0)
		describe_segment(object, &evidence->segment, candidate);
	else if (candidate->set_id >= 0)
		describe_set(object, &evidence->set.status, candidate);
	else if (candidate->path)
		svshm__description_by_key_file(object, candidate->path);
}
