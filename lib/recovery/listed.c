/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the kernel tells of an object: by id; or, if the caller may not look at
 * it, by the list of all, which it may show to everybody. That is long, so only
 * for what somebody has asked for by name.
 */
#include <config.h>

#include "recovery/scan.h"

#include <stdlib.h>
#include <string.h>

#include "kernel/description.h"

static const struct svshm__scan_item *find(const struct svshm__scan_list *list,
					   int id)
{
	for (size_t i = 0; i < list->count; i++)
		if (list->items[i].id == id)
			return &list->items[i];
	return NULL;
}

void svshm__scan_listed_segment(int id, struct svshm__segment_status *status)
{
	struct svshm__scan_list list;
	const struct svshm__scan_item *item;

	memset(status, 0, sizeof(*status));
	svshm__scan_kernel_segments(NULL, &list, NULL);
	item = find(&list, id);
	if (item)
		*status = item->status;
	free(list.items);
}

void svshm__scan_listed_set(int id, struct svshm__set_status *status)
{
	struct svshm__scan_list list;
	const struct svshm__scan_item *item;

	memset(status, 0, sizeof(*status));
	svshm__scan_kernel_sets(&list, NULL);
	item = find(&list, id);
	if (item)
		*status = item->set_status;
	free(list.items);
}

/* Of a scan, it is known what is listed; else it is worth a list. */
static void describe_segment(struct svshm_object *object,
			     struct svshm__segment_status *segment,
			     const struct svshm__candidate *candidate)
{
	if (segment->size == 0 && candidate->status)
		*segment = *candidate->status;
	if (segment->size == 0 && !candidate->lives)
		svshm__scan_listed_segment(candidate->segment_id, segment);
	svshm__object_by_segment(object, segment);
}

static void describe_set(struct svshm_object *object,
			 struct svshm__set_status *set,
			 const struct svshm__candidate *candidate)
{
	if (set->count == 0 && candidate->set_status)
		*set = *candidate->set_status;
	if (set->count == 0 && !candidate->lives)
		svshm__scan_listed_set(candidate->set_id, set);
	object->semaphore_count = (unsigned)set->count;
	object->operation_time = set->operation_time;
	svshm__object_by_set(object, set);
}

void svshm__scan_describe(struct svshm_object *object,
			  struct svshm__evidence *evidence,
			  const struct svshm__candidate *candidate)
{
	object->layout = SVSHM_LAYOUT_NATIVE;
	object->ipc_key = candidate->key;
	object->segment_id = candidate->segment_id;
	object->semaphore_id = candidate->set_id >= 0 ? candidate->set_id :
							evidence->set.id;
	object->semaphore_count = (unsigned)evidence->set.status.count;
	if (candidate->segment_id >= 0)
		describe_segment(object, &evidence->segment, candidate);
	else if (candidate->set_id >= 0)
		describe_set(object, &evidence->set.status, candidate);
	else if (candidate->path)
		svshm__object_by_key_file(object, candidate->path);
}

int svshm__scan_complete(const struct svshm_object *object, void *completion)
{
	const struct svshm__completion *complete = completion;
	struct svshm_object copy = *object;
	struct svshm__segment_status segment;
	struct svshm__set_status set;

	if (object->segment_id < 0 && object->semaphore_id >= 0 &&
	    object->uid == (uid_t)-1) {
		svshm__scan_listed_set(object->semaphore_id, &set);
		svshm__object_by_set(&copy, &set);
	}
	if (object->segment_id >= 0 && object->segment_size == 0) {
		svshm__scan_listed_segment(object->segment_id, &segment);
		svshm__object_by_segment(&copy, &segment);
		copy.size = copy.segment_size;
	}
	return complete->to(&copy, complete->context);
}
