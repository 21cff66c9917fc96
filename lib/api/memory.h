/* SPDX-License-Identifier: BSD-2-Clause */
/* What svshm_set_memory() asks of create, attach and open. */
#ifndef SVSHM_API_MEMORY_H
#define SVSHM_API_MEMORY_H

#include <stdbool.h>

#include "handle.h"

/*
 * The handle is attached, with CODE, or CODE is a failure. Outside every gate, as
 * it may take seconds: touch and lock. If that fails, the handle is detached: what
 * it has MADE is gone, and an orphan that it has joined is one again. Returns CODE,
 * or the failure's.
 */
int svshm__memory_prepare(struct svshm *handle, int code, bool made);

#endif
