/* SPDX-License-Identifier: BSD-2-Clause */
/* The public functions that tell of changes, and wait for one; see api/object.c. */
#include <config.h>

#include "api/layout.h"
#include "kernel/process.h"
#include "lock/notify.h"

/* The long way, not in line: as in api/lock.c. */
#ifdef __GNUC__
#define APART __attribute__((__noinline__))
#else
#define APART
#endif

APART static int notify(struct svshm *handle)
{
	int state = svshm__cancel_forbidden();
	int code = handle->layout->notify(handle);

	svshm__cancel_allowed(state);
	return code;
}

int svshm_notify(struct svshm *handle)
{
	if (!handle)
		return SVSHM_INVALID_ARGUMENT;
	if (!svshm__notify_at_once(&handle->locker))
		return notify(handle);
	svshm__clear(handle);
	return SVSHM_OK;
}

int svshm_wait(struct svshm *handle, uint32_t *seen, int timeout_ms)
{
	const char *tried = "cannot wait for a change of";

	if (!handle)
		return SVSHM_INVALID_ARGUMENT;
	if (!seen)
		return svshm__refuse(handle, SVSHM_INVALID_ARGUMENT, tried,
				     "there is no count to compare with");
	if (timeout_ms < 0 && timeout_ms != SVSHM_FOREVER)
		return svshm__refuse(handle, SVSHM_INVALID_ARGUMENT, tried,
				     "a time-out cannot be negative");

	int state = svshm__cancel_forbidden();
	int code = handle->layout->wait(handle, seen, timeout_ms);

	svshm__cancel_allowed(state);
	return code;
}

uint32_t svshm_changes(const struct svshm *handle)
{
	return svshm_is_attached(handle) ? handle->layout->changes(handle) : 0;
}
