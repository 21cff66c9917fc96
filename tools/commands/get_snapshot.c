/* SPDX-License-Identifier: BSD-2-Clause */
#include <config.h>

#include <stdlib.h>

#include "commands/get_snapshot.h"
#include "common/clock.h"
#include "common/signals.h"
#include "objects/waiting.h"

/* A try is not cut short, however long it takes: only the pauses between are. */
#define SNAPSHOT_SLICE_MS 500

static int snapshot_until(struct svshm *handle, int64_t deadline, void *copy)
{
	for (;;) {
		int64_t left = deadline - now_ms();

		if (left > SNAPSHOT_SLICE_MS)
			left = SNAPSHOT_SLICE_MS;
		if (signals_caught())
			return LOCK_INTERRUPTED;
		int code = svshm_snapshot(handle, 0, copy, svshm_size(handle),
					  left > 0 ? (int)left : 0);

		if (code != SVSHM_TIMED_OUT || now_ms() >= deadline)
			return code;
	}
}

int get_snapshot(struct svshm *handle, int64_t deadline, void **copy)
{
	int code;

	*copy = malloc(svshm_size(handle));
	if (!*copy)
		return SNAPSHOT_TOO_LARGE;
	code = snapshot_until(handle, deadline, *copy);
	if (code == SVSHM_OK || code == SVSHM_OWNER_DIED)
		return code;
	free(*copy);
	*copy = NULL;
	return code;
}
