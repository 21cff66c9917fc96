/* SPDX-License-Identifier: BSD-2-Clause */
#include <config.h>

#include "lock.h"

#include <pthread.h>

#include "atomic.h"
#include "crashpoint.h"

const struct svshm__lock_engine_functions *svshm__lock_engine(unsigned number)
{
	return number == SVSHM__LOCK_PORTABLE ? &svshm__lock_portable : NULL;
}

bool svshm__lock_held(const struct svshm__locker *locker)
{
	return *locker->held == svshm__fork_generation();
}

int svshm__lock_take(const struct svshm__locker *locker, int timeout_ms,
		     struct svshm__error *error)
{
	struct svshm__attachment *attachment = locker->attachment;
	struct svshm__header *header = locker->header;
	uintptr_t self = (uintptr_t)pthread_self();

	/* By this handle or another one: the thread would wait for itself. */
	if (svshm__lock_held(locker) ||
	    svshm__load_relaxed(&attachment->lock_thread) == self)
		return svshm__error_set(error, SVSHM_DEADLOCK,
					"this thread owns the lock already; "
					"unlock first");

	int code = attachment->engine->take(locker, timeout_ms, error);

	if (code < 0)
		return code;
	*locker->held = svshm__fork_generation();
	svshm__store_relaxed(&attachment->lock_thread, self);
	if (code == SVSHM_OWNER_DIED)
		svshm__store(&header->inconsistent, 1);
	CRASHPOINT("lock:owned");
	if (!svshm__load(&header->inconsistent))
		return SVSHM_OK;
	return svshm__error_set(error, SVSHM_OWNER_DIED,
				"the lock is held, but an earlier owner died "
				"holding it, so the data may be half written; "
				"check or rewrite them, then call "
				"svshm_make_consistent()");
}

int svshm__lock_give(const struct svshm__locker *locker,
		     struct svshm__error *error)
{
	if (!svshm__lock_held(locker))
		return svshm__error_set(error, SVSHM_NOT_OWNER,
					"this handle does not own the lock");
	*locker->held = 0;
	svshm__store_relaxed(&locker->attachment->lock_thread, 0);
	return locker->attachment->engine->give(locker, error);
}

int svshm__lock_make_consistent(const struct svshm__locker *locker,
				struct svshm__error *error)
{
	if (!svshm__lock_held(locker))
		return svshm__error_set(error, SVSHM_NOT_OWNER,
					"only the owner of the lock can "
					"declare the data consistent");
	svshm__store(&locker->header->inconsistent, 0);
	return SVSHM_OK;
}
