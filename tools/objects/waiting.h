/* SPDX-License-Identifier: BSD-2-Clause */
/* Waiting: for an object, for its users, for its lock. */
#ifndef SVSHM_TOOL_OBJECTS_WAITING_H
#define SVSHM_TOOL_OBJECTS_WAITING_H

#include <stdbool.h>
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

/* The same for svshm_wait(). */
int change_until(struct svshm *handle, uint32_t *seen, int64_t deadline);

/*
 * Detach and free HANDLE; but if it WAS_ORPHAN, it stays attached: being the last to
 * detach would remove the data. The process must end by end_as_found() then, or by
 * exec. A signal that was noted ends it here.
 */
void leave_as_found(struct svshm *handle, bool was_orphan);

/* STATUS, unless it WAS_ORPHAN: exit(3) would detach. */
int end_as_found(bool was_orphan, int status);

#endif
