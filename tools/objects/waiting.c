/* SPDX-License-Identifier: BSD-2-Clause */
#include <config.h>

#include "common/clock.h"
#include "common/signals.h"
#include "objects/waiting.h"

/*
 * The library goes on waiting after a signal, so a wait that a signal should
 * end is cut into pieces of this length.
 */
#define LOCK_SLICE_MS 100

int lock_until(struct svshm *handle, int64_t deadline)
{
	for (;;) {
		int64_t left = deadline - now_ms();

		if (left > LOCK_SLICE_MS)
			left = LOCK_SLICE_MS;
		if (signals_caught())
			return LOCK_INTERRUPTED;
		int code = svshm_timedlock(handle, left > 0 ? (int)left : 0);

		if (code != SVSHM_TIMED_OUT || now_ms() >= deadline)
			return code;
	}
}
