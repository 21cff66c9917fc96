/* SPDX-License-Identifier: BSD-2-Clause */
/* What an object will look like that create is about to make. */
#ifndef SVSHM_OBJECT_PLAN_H
#define SVSHM_OBJECT_PLAN_H

#include <stddef.h>

#include "object/object.h"

/* Where things are in its segment. */
struct svshm__plan {
	struct svshm__view view;
	const char *key; /* the handle's, or "" */
	size_t key_size, path_size; /* with NUL */
	size_t total;
};

/* In pages of PAGE bytes. KEY_ERROR, or INVALID_SIZE. */
int svshm__plan_make(const struct svshm__operation *operation,
		     struct svshm__plan *plan, size_t page);

/* Fill in the header of SEGMENT, in our turn; the magic at last. */
void svshm__plan_publish(const struct svshm__operation *operation,
			 const struct svshm__plan *plan, char *segment);

#endif
