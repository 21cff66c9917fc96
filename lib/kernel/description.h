/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What visitors get to see of an object, from what the kernel tells. What it
 * does not tell is marked as such: zeros would make everything root's.
 */
#ifndef SVSHM_KERNEL_DESCRIPTION_H
#define SVSHM_KERNEL_DESCRIPTION_H

#include <stdbool.h>

#include "kernel/segment.h"
#include "kernel/semset.h"

/* Nothing is known. */
void svshm__description_init(struct svshm_object *object);

/* Whose it is and how large, by its segment; of size 0: not known. */
void svshm__description_by_segment(struct svshm_object *object,
				   const struct svshm__segment_status *segment);

/* The same by its set, if it has no segment; of 0 semaphores: not known. */
void svshm__description_by_set(struct svshm_object *object,
			       const struct svshm__set_status *set);

/* The same by its key file PATH, if it has neither. */
void svshm__description_by_key_file(struct svshm_object *object,
				    const char *path);

#endif
