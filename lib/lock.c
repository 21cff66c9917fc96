/* SPDX-License-Identifier: BSD-2-Clause */
#include <config.h>

#include "lock.h"

#include "atomic.h"
#include "crashpoint.h"

const struct svshm__lock_engine_functions *svshm__lock_engine(unsigned number)
{
	return number == SVSHM__LOCK_PORTABLE ? &svshm__lock_portable : NULL;
}

bool svshm__lock_held(const struct svshm__locker *locker)
{
	svshm__mapping_mutex_lock();
	bool held = locker->attachment->lock_holder == locker->holder &&
		    svshm__mapping_registered(locker->attachment);
	svshm__mapping_mutex_unlock();
	return held;
}

/* By this handle or another one: the thread would wait for itself. */
static bool held_by_this_thread(const struct svshm__locker *locker)
{
	const struct svshm__attachment *attachment = locker->attachment;

	svshm__mapping_mutex_lock();
	bool held = attachment->lock_holder &&
		    (attachment->lock_holder == locker->holder ||
		     pthread_equal(attachment->lock_thread, pthread_self()));
	svshm__mapping_mutex_unlock();
	return held;
}

static void set_holder(struct svshm__attachment *attachment, const void *holder)
{
	svshm__mapping_mutex_lock();
	attachment->lock_holder = holder;
	attachment->lock_thread = pthread_self();
	svshm__mapping_mutex_unlock();
}

int svshm__lock_take(const struct svshm__locker *locker, int timeout_ms,
		     struct svshm__error *error)
{
	struct svshm__header *header = locker->header;

	if (held_by_this_thread(locker))
		return svshm__error_set(error, SVSHM_DEADLOCK,
					"this thread owns the lock already; "
					"unlock first");

	int code = svshm__lock_portable.take(locker->attachment, timeout_ms,
					     error);

	if (code)
		return code;
	set_holder(locker->attachment, locker->holder);
	/* A set word now is the last owner's: it died before it could clear
	   it. Nobody else can write it while the lock is ours. */
	if (svshm__load(&header->lock_word))
		svshm__store(&header->inconsistent, 1);
	svshm__store(&header->lock_word,
		     (uint32_t)locker->attachment->slot + 1);
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
	set_holder(locker->attachment, NULL);
	/* Before the release: a death in between leaves nothing torn. */
	svshm__store(&locker->header->lock_word, 0);
	return svshm__lock_portable.give(locker->attachment, error);
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
