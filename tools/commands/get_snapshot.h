/* SPDX-License-Identifier: BSD-2-Clause */
/* What get copies without the lock. */
#ifndef SVSHM_TOOL_COMMANDS_GET_SNAPSHOT_H
#define SVSHM_TOOL_COMMANDS_GET_SNAPSHOT_H

#include <stdint.h>

#include "svshm.h"

/*
 * All data of one moment, to be freed, in *COPY, until DEADLINE. Returns a code of
 * svshm_snapshot(), which the handle has; LOCK_INTERRUPTED on a signal; or
 * SNAPSHOT_TOO_LARGE, if there is no memory.
 */
#define SNAPSHOT_TOO_LARGE 101
int get_snapshot(struct svshm *handle, int64_t deadline, void **copy);

#endif
