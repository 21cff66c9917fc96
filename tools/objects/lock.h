/* SPDX-License-Identifier: BSD-2-Clause */
/* Waiting for an object's lock. */
#ifndef SVSHM_TOOL_OBJECTS_LOCK_H
#define SVSHM_TOOL_OBJECTS_LOCK_H

#include <stdint.h>

#include "svshm.h"

/* What lock_until() returns, beside the codes, if a signal has been noted. */
#define LOCK_INTERRUPTED 100

/* As svshm_lock(), but ends at the deadline and on a signal. */
int lock_until(struct svshm *handle, int64_t deadline);

#endif
