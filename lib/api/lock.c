/* SPDX-License-Identifier: BSD-2-Clause */
/* The public functions that work the lock; see api/object.c. */
#include <config.h>

#include "handle.h"
#include "lock/lock.h"
#include "object/object.h"
#include "kernel/process.h"
#include "qt/qt.h"

/* 0: the handle is attached, registered and has a lock; a mere reader hasn't. */
static int check_locker(struct svshm *handle, int if_reader, const char *tried)
{
	if (!handle->attachment)
		return svshm__refuse(handle, SVSHM_NOT_ATTACHED, tried,
			      "attach or create first");
	svshm__clear(handle);
	if (handle->attachment->reader) {
		if (svshm__lock_look(handle->attachment,
				     svshm__mapping_header(handle->attachment,
							   handle->access),
				     &handle->error))
			return svshm__finish(handle, SVSHM_REMOVED, tried);
		return svshm__refuse(handle, if_reader, tried,
			      "the object's mode lets this process read only, "
			      "and locking takes write permission");
	}

	int code = svshm__native_register(handle);

	return code ? svshm__finish(handle, code, tried) : SVSHM_OK;
}

/* The long way: what the short one could not do, or what it has to add. */
static int lock_long(struct svshm *handle, int timeout_ms, int if_timed_out)
{
	const char *tried = "cannot lock";

	if (handle->qt)
		return svshm__qt_lock(handle, timeout_ms, if_timed_out);

	int code = check_locker(handle, SVSHM_PERMISSION_DENIED, tried);

	if (code)
		return code;
	code = svshm__lock_take(&handle->locker, timeout_ms, &handle->error);
	if (code == SVSHM_TIMED_OUT)
		return svshm__refuse(handle, if_timed_out, tried,
			      timeout_ms > 0 ?
				      "another owner has kept the lock for all "
				      "the time allowed" :
				      "another owner has the lock");
	return svshm__finish(handle, code, code > 0 ? "locked" : tried);
}

static int lock(struct svshm *handle, int timeout_ms, int if_timed_out)
{
	int state = svshm__cancel_forbidden();
	int code = lock_long(handle, timeout_ms, if_timed_out);

	svshm__cancel_allowed(state);
	return code;
}

static int confirm(struct svshm *handle)
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

static int unlock_long(struct svshm *handle)
{
	const char *tried = "cannot unlock";

	if (handle->qt)
		return svshm__qt_unlock(handle);

	int code = check_locker(handle, SVSHM_NOT_OWNER, tried);

	if (code)
		return code;
	return svshm__finish(handle,
			     svshm__lock_give(&handle->locker, &handle->error),
			     tried);
}

static int unlock(struct svshm *handle)
{
	int state = svshm__cancel_forbidden();
	int code = unlock_long(handle);

	svshm__cancel_allowed(state);
	return code;
}

int svshm_unlock(struct svshm *handle)
{
	if (!handle)
		return SVSHM_INVALID_ARGUMENT;
	if (!svshm__lock_give_at_once(&handle->locker))
		return unlock(handle);
	svshm__clear(handle);
	return SVSHM_OK;
}

static int make_consistent(struct svshm *handle)
{
	const char *tried = "cannot make consistent";

	if (handle->qt)
		return svshm__qt_make_consistent(handle);

	int code = check_locker(handle, SVSHM_NOT_OWNER, tried);

	if (code)
		return code;

	return svshm__finish(handle,
			     svshm__lock_make_consistent(&handle->locker,
							 &handle->error),
			     tried);
}

int svshm_make_consistent(struct svshm *handle)
{
	if (!handle)
		return SVSHM_INVALID_ARGUMENT;

	int state = svshm__cancel_forbidden();
	int code = make_consistent(handle);

	svshm__cancel_allowed(state);
	return code;
}
