/* SPDX-License-Identifier: BSD-2-Clause */
#include <config.h>

#include "kernel/list.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* One more item, of zeros; NULL: no memory. */
static struct svshm__list_item *add(struct svshm__list *list)
{
	struct svshm__list_item *item;

	/* Grows at every power of two. */
	if ((list->count & (list->count - 1)) == 0) {
		size_t room = list->count ? 2 * list->count : 1;
		struct svshm__list_item *items =
			realloc(list->items, room * sizeof(*items));

		if (!items)
			return NULL;
		list->items = items;
	}
	item = &list->items[list->count++];
	memset(item, 0, sizeof(*item));
	return item;
}

int svshm__list_add(struct svshm__list *list, int id, int64_t key,
		    const struct svshm__segment_status *segment,
		    const struct svshm__set_status *set)
{
	struct svshm__list_item *item = add(list);

	if (!item)
		return SVSHM_OUT_OF_RESOURCES;
	item->id = id;
	item->key = key;
	if (segment)
		item->status = *segment;
	if (set)
		item->set_status = *set;
	return SVSHM_OK;
}

void svshm__list_free(struct svshm__list *list)
{
	free(list->items);
	memset(list, 0, sizeof(*list));
}

int svshm__list_refused(struct svshm__list *list, int errnum,
			struct svshm__error *error, const char *call)
{
	svshm__list_free(list);
	/* EINVAL is what a BSD answers to a command that it does not know;
	   EPERM and EACCES are those of jails and filters of system calls. */
	if (errnum == EINVAL || errnum == ENOSYS || errnum == ENOENT ||
	    errnum == EPERM || errnum == EACCES || errnum == EOPNOTSUPP)
		return svshm__error_set(error, SVSHM_NOT_SUPPORTED, "%s: %s",
					call, strerror(errnum));
	return svshm__error_system(error, SVSHM__CALL_SHMCTL, errnum, "%s",
				   call);
}

#ifndef SCAN_KERNEL

/* This build has nothing to ask the kernel with. */

int svshm__list_segments(struct svshm__list *list, struct svshm__error *error)
{
	(void)error;
	memset(list, 0, sizeof(*list));
	return SVSHM_NOT_SUPPORTED;
}

int svshm__list_sets(struct svshm__list *list, struct svshm__error *error)
{
	(void)error;
	memset(list, 0, sizeof(*list));
	return SVSHM_NOT_SUPPORTED;
}

#endif
