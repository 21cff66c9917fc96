/* SPDX-License-Identifier: BSD-2-Clause */
#include <config.h>

#include <unistd.h>

#include "common/clock.h"
#include "common/signals.h"
#include "objects/waiting.h"

/*
 * The library goes on waiting after a signal, so a wait that a signal should
 * end is cut into pieces of this length.
 */
#define LOCK_SLICE_MS 100

static int slice(int64_t deadline)
{
	int64_t left = deadline - now_ms();

	return left > LOCK_SLICE_MS ? LOCK_SLICE_MS : left > 0 ? (int)left : 0;
}

int lock_until(struct svshm *handle, int64_t deadline)
{
	for (;;) {
		if (signals_caught())
			return LOCK_INTERRUPTED;
		int code = svshm_timedlock(handle, slice(deadline));

		if (code != SVSHM_TIMED_OUT || now_ms() >= deadline)
			return code;
	}
}

int change_until(struct svshm *handle, uint32_t *seen, int64_t deadline)
{
	for (;;) {
		if (signals_caught())
			return LOCK_INTERRUPTED;
		int code = svshm_wait(handle, seen, slice(deadline));

		if (code != SVSHM_TIMED_OUT || now_ms() >= deadline)
			return code;
	}
}

void leave_as_found(struct svshm *handle, bool was_orphan)
{
	if (!was_orphan || !svshm_is_attached(handle))
		svshm_free(handle);
	if (signals_caught())
		signals_die();
}

int end_as_found(bool was_orphan, int status)
{
	if (was_orphan)
		_exit(status);
	return status;
}
