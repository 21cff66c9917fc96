/* SPDX-License-Identifier: BSD-2-Clause */
/* Waiting: for an object, for its users, for its lock. */
#ifndef SVSHM_TOOL_OBJECTS_WAITING_H
#define SVSHM_TOOL_OBJECTS_WAITING_H

#include <stdint.h>

#include "svshm.h"

/*
 * The kernel tells nobody that an object was made, or that a process has
 * attached or gone. Between two looks this time passes.
 */
#define LOOK_EVERY_MS 25

/* What lock_until() returns, beside the codes, if a signal has been noted. */
#define LOCK_INTERRUPTED 100

/* As svshm_lock(), but ends at the deadline and on a signal. */
int lock_until(struct svshm *handle, int64_t deadline);

#endif
