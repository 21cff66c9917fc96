/* SPDX-License-Identifier: BSD-2-Clause */
#include <config.h>

#include <stdio.h>
#include <stdlib.h>

#include "common/memory.h"
#include "common/status.h"

static void out_of_memory(size_t size)
{
	/* Not message(): that allocates. */
	fprintf(stderr, "svshm: no memory for %lu bytes\n",
		(unsigned long)size);
	exit(TOOL_FAILED);
}

void *must_allocate(size_t size)
{
	void *memory = malloc(size ? size : 1);

	if (!memory)
		out_of_memory(size);
	return memory;
}

void *must_reallocate(void *memory, size_t size)
{
	void *larger = realloc(memory, size ? size : 1);

	if (!larger)
		out_of_memory(size);
	return larger;
}

void *must_grow(void *list, size_t count, size_t size)
{
	/* Whenever the count is a power of two, it gets twice as large. */
	if ((count & (count - 1)) != 0)
		return list;
	return must_reallocate(list, 2 * (count + 1) * size);
}
