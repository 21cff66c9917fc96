/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the kernel tells of one segment or set to whom it does not tell it by id,
 * as he may not read it: the list of all may be for everybody. That is long, so
 * only for what somebody has asked for by name.
 */
#include <config.h>

#include "kernel/list.h"

#include <string.h>

static const struct svshm__list_item *find(const struct svshm__list *list,
					   int id)
{
	for (size_t i = 0; i < list->count; i++)
		if (list->items[i].id == id)
			return &list->items[i];
	return NULL;
}

void svshm__listed_segment(int id, struct svshm__segment_status *status)
{
	struct svshm__list list;
	const struct svshm__list_item *item;

	memset(status, 0, sizeof(*status));
	svshm__list_segments(&list, NULL);
	item = find(&list, id);
	if (item)
		*status = item->status;
	svshm__list_free(&list);
}

void svshm__listed_set(int id, struct svshm__set_status *status)
{
	struct svshm__list list;
	const struct svshm__list_item *item;

	memset(status, 0, sizeof(*status));
	svshm__list_sets(&list, NULL);
	item = find(&list, id);
	if (item)
		*status = item->set_status;
	svshm__list_free(&list);
}
