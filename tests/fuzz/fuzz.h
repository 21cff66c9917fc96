/* SPDX-License-Identifier: BSD-2-Clause */
/* What the fuzz targets share. */
#ifndef SVSHM_FUZZ_H
#define SVSHM_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "svshm.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size);

static inline void check(int condition)
{
	if (!condition)
		abort();
}

/* A code of the closed list. */
static inline int checked(int code)
{
	check(code <= SVSHM_ORPHANED && code >= SVSHM_NOT_SUPPORTED);
	return code;
}

#endif
