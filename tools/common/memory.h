/* SPDX-License-Identifier: BSD-2-Clause */
/* Memory, or the end of the process with a message. */
#ifndef SVSHM_TOOL_COMMON_MEMORY_H
#define SVSHM_TOOL_COMMON_MEMORY_H

#include <stddef.h>

void *must_allocate(size_t size);
void *must_reallocate(void *memory, size_t size);

/*
 * Room for one more in LIST, which has COUNT members of SIZE bytes; NULL at
 * first. The result takes the place of LIST.
 */
void *must_grow(void *list, size_t count, size_t size);

#endif
