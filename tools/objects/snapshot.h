/* SPDX-License-Identifier: BSD-2-Clause */
/* Objects that are kept after their visit, and put in order. */
#ifndef SVSHM_TOOL_OBJECTS_SNAPSHOT_H
#define SVSHM_TOOL_OBJECTS_SNAPSHOT_H

#include <stddef.h>

#include "output/values.h"

#include "svshm.h"

enum sort_order {
	SORT_KEY,  /* svshm's own before other programs' */
	SORT_SIZE, /* the largest first */
	SORT_AGE,  /* the oldest first */
	SORT_OWNER,
	SORT_VERDICT /* leftovers first */
};

struct seen {
	struct svshm_object object; /* owns what it points to */
	struct text owner;
};

struct snapshot {
	size_t count;
	struct seen *list;
};

void snapshot_add(struct snapshot *snapshot, const struct svshm_object *object);
void snapshot_sort(struct snapshot *snapshot, enum sort_order by);

/* It is empty afterwards, and can be used again. */
void snapshot_free(struct snapshot *snapshot);

#endif
