/* SPDX-License-Identifier: BSD-2-Clause */
/* The lock of a handle of the Qt layout, for its user and for ourselves. */
#include <config.h>

#include "base/debug.h"
#include "qt/qt.h"

void svshm__qt_set_owner(struct svshm__qt *qt, bool owner)
{
	if (owner)
		svshm__qt_owner_enter(&qt->owner, qt->lock.set_id,
				      &qt->lock.file);
	else
		svshm__qt_owner_leave(&qt->owner);
}

static int check_attached(struct svshm *handle, const char *tried)
{
	if (!handle->qt->address || handle->qt->left)
		return svshm__refuse(handle, SVSHM_NOT_ATTACHED, tried,
				     "attach or create first");
	svshm__clear(handle);
	return SVSHM_OK;
}

int svshm__qt_lock(struct svshm *handle, int timeout_ms, int if_timed_out)
{
	const char *tried = "cannot lock";
	struct svshm__qt *qt = handle->qt;
	int code = check_attached(handle, tried);

	if (code)
		return code;
	if (svshm__qt_owner_is(&qt->owner))
		return svshm__refuse(handle, SVSHM_DEADLOCK, tried,
				     "this thread owns the lock already; "
				     "unlock first");
	code = svshm__qt_lock_take(&qt->lock, &qt->names, timeout_ms,
				   &handle->error);
	if (!code)
		svshm__qt_set_owner(qt, true);
	return svshm__finish(
		handle, code == SVSHM_TIMED_OUT ? if_timed_out : code, tried);
}

static int check_owner(struct svshm *handle, const char *tried)
{
	int code = check_attached(handle, tried);

	if (code)
		return code;
	if (!svshm__qt_owner_is(&handle->qt->owner))
		return svshm__refuse(handle, SVSHM_NOT_OWNER, tried,
				     "this handle does not own the lock");
	return SVSHM_OK;
}

int svshm__qt_unlock(struct svshm *handle)
{
	const char *tried = "unlock";
	int code = check_owner(handle, tried);

	if (code)
		return code;
	svshm__qt_set_owner(handle->qt, false);
	return svshm__finish(
		handle, svshm__qt_lock_give(&handle->qt->lock, &handle->error),
		tried);
}

/* Nobody is told of dead owners here, so there is nothing to take back. */
int svshm__qt_make_consistent(struct svshm *handle)
{
	return check_owner(handle, "cannot make consistent");
}

/*
 * A Qt program leaves no trace of the lock: that the semaphore is free before and
 * after says nothing of what was between.
 */
int svshm__qt_snapshot(struct svshm *handle, size_t offset, void *buffer,
		       size_t length, int timeout_ms)
{
	const char *tried = "cannot take a snapshot";
	int code = check_attached(handle, tried);

	(void)offset;
	(void)buffer;
	(void)length;
	(void)timeout_ms;
	return code ? code :
		      svshm__refuse(handle, SVSHM_NOT_SUPPORTED, tried,
				    "Qt's programs do not count their locks, "
				    "so that nobody can tell whether one of "
				    "them has written meanwhile; take the lock "
				    "and copy");
}

int svshm__qt_enter(struct svshm__qt *qt, int timeout_ms, bool *borrowed,
		    struct svshm__error *error)
{
	int code =
		svshm__qt_lock_take(&qt->lock, &qt->names, timeout_ms, error);

	*borrowed = code == SVSHM_DEADLOCK;
	return *borrowed ? SVSHM_OK : code;
}

void svshm__qt_leave(struct svshm__qt *qt, bool borrowed)
{
	struct svshm__error error;

	if (!borrowed && svshm__qt_lock_give(&qt->lock, &error))
		svshm__debug("%s: %s", qt->names.segment, error.message);
}
