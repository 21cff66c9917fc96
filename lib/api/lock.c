/* SPDX-License-Identifier: BSD-2-Clause */
/* The public functions that work the lock; see api/object.c. */
#include <config.h>

#include "api/layout.h"
#include "kernel/process.h"
#include "lock/lock.h"

/*
 * The long way: what the short one could not do, or what it has to add. Not in
 * line: the short one would have to make room on the stack for it.
 */
#ifdef __GNUC__
#define APART __attribute__((__noinline__))
#else
#define APART
#endif

APART static int lock(struct svshm *handle, int timeout_ms, int if_timed_out)
{
	int state = svshm__cancel_forbidden();
	int code = handle->layout->lock(handle, timeout_ms, if_timed_out);

	svshm__cancel_allowed(state);
	return code;
}

APART static int confirm(struct svshm *handle)
{
	svshm__clear(handle);

	int code = svshm__lock_confirm(&handle->locker, &handle->error);

	return svshm__finish(handle, code, code > 0 ? "locked" : "cannot lock");
}

/* The short way, without a frame on the stack: see lock.h. */
static inline int lock_shortly(struct svshm *handle, int timeout_ms,
			       int if_timed_out)
{
	if (!svshm__lock_take_at_once(&handle->locker))
		return lock(handle, timeout_ms, if_timed_out);
	if (svshm__lock_confirm_due(&handle->locker))
		return confirm(handle);
	svshm__clear(handle);
	return SVSHM_OK;
}

int svshm_lock(struct svshm *handle)
{
	if (!handle)
		return SVSHM_INVALID_ARGUMENT;
	return lock_shortly(handle, SVSHM__FOREVER, SVSHM_TIMED_OUT);
}

int svshm_trylock(struct svshm *handle)
{
	if (!handle)
		return SVSHM_INVALID_ARGUMENT;
	return lock_shortly(handle, 0, SVSHM_BUSY);
}

int svshm_timedlock(struct svshm *handle, int timeout_ms)
{
	if (!handle)
		return SVSHM_INVALID_ARGUMENT;
	if (timeout_ms < 0)
		return svshm__refuse(handle, SVSHM_INVALID_ARGUMENT, "cannot lock",
			      "a time-out cannot be negative");
	return lock_shortly(handle, timeout_ms, SVSHM_TIMED_OUT);
}

APART static int unlock(struct svshm *handle)
{
	int state = svshm__cancel_forbidden();
	int code = handle->layout->unlock(handle);

	svshm__cancel_allowed(state);
	return code;
}

APART static int confirm_given(struct svshm *handle)
{
	svshm__clear(handle);
	return svshm__finish(handle,
			     svshm__lock_confirm_given(&handle->locker,
						       &handle->error),
			     "cannot unlock");
}

int svshm_unlock(struct svshm *handle)
{
	if (!handle)
		return SVSHM_INVALID_ARGUMENT;
	if (!svshm__lock_give_at_once(&handle->locker))
		return unlock(handle);
	if (svshm__lock_confirm_given_due(&handle->locker))
		return confirm_given(handle);
	svshm__clear(handle);
	return SVSHM_OK;
}

int svshm_snapshot(struct svshm *handle, size_t offset, void *buffer,
		   size_t length, int timeout_ms)
{
	const char *tried = "cannot take a snapshot";

	if (!handle)
		return SVSHM_INVALID_ARGUMENT;
	if (timeout_ms < SVSHM_FOREVER)
		return svshm__refuse(handle, SVSHM_INVALID_ARGUMENT, tried,
				     "a time-out is SVSHM_FOREVER, or not "
				     "negative");
	if (!buffer && length > 0)
		return svshm__refuse(handle, SVSHM_INVALID_ARGUMENT, tried,
				     "there is no buffer");

	int state = svshm__cancel_forbidden();
	int code = handle->layout->snapshot(handle, offset, buffer, length,
					    timeout_ms);

	svshm__cancel_allowed(state);
	return code;
}

int svshm_make_consistent(struct svshm *handle)
{
	if (!handle)
		return SVSHM_INVALID_ARGUMENT;

	int state = svshm__cancel_forbidden();
	int code = handle->layout->make_consistent(handle);

	svshm__cancel_allowed(state);
	return code;
}
