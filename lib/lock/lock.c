/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the engines have in common.
 *
 * Has the object been removed under its users (ipcrm, RemoveIPC)? Working the
 * portable lock tells, but only of the set; the fast lock tells nothing while
 * nobody waits. To ask the kernel each time would cost a hundred times what the
 * lock costs. So the kernel is asked when a lock is taken and its tick (4 ms,
 * say) is another one than at the last question. Even the look at the tick
 * would be felt: while lock after lock comes within a tick, up to 31 of them go
 * by without it.
 */
#include <config.h>

#include "lock/lock.h"

#include <string.h>

#include "base/crashpoint.h"
#include "kernel/process.h"
#include "memory/slots.h"
#include "kernel/segment.h"

#define STRIDE_MAX 31

#ifdef FAST_LOCK
unsigned svshm__lock_engine_of_new = SVSHM__LOCK_FAST;
#else
unsigned svshm__lock_engine_of_new = SVSHM__LOCK_PORTABLE;
#endif

const struct svshm__lock_engine_functions *svshm__lock_engine(unsigned number)
{
	switch (number) {
	case SVSHM__LOCK_PORTABLE:
		return &svshm__lock_portable;
#ifdef FAST_LOCK
	case SVSHM__LOCK_FAST:
		return &svshm__lock_fast;
#endif
	default:
		return NULL;
	}
}

void svshm__locker_set(struct svshm__locker *locker,
		       struct svshm__attachment *attachment,
		       struct svshm__header *header)
{
	memset(locker, 0, sizeof(*locker));
	locker->attachment = attachment;
	locker->header = header;
}

/* ---- Is the object still there? ---------------------------------------------- */

bool svshm__lock_tick_has_passed(struct svshm__locker *locker)
{
	int64_t tick = svshm__process_tick();

	if (tick != locker->looked) {
		locker->looked = tick;
		locker->stride = 0;
		locker->unlooked = 0;
		return true;
	}
	if (locker->stride < STRIDE_MAX)
		locker->stride = 2 * locker->stride + 1;
	locker->unlooked = locker->stride;
	return false;
}

int svshm__lock_confirm(struct svshm__locker *locker,
			struct svshm__error *error)
{
	int code = SVSHM_OK;

	if (svshm__lock_tick_has_passed(locker) ||
	    svshm__load(&locker->header->removed))
		code = svshm__lock_look(locker->attachment, locker->header,
					error);
	if (code) {
		svshm__lock_give(locker, NULL);
		return code;
	}
	CRASHPOINT("lock:owned");
	if (!svshm__load(&locker->header->inconsistent))
		return SVSHM_OK;
	return svshm__error_set(error, SVSHM_OWNER_DIED,
				"the lock is held, but an earlier owner died "
				"holding it, so the data may be half written; "
				"check or rewrite them, then call "
				"svshm_make_consistent()");
}

int svshm__lock_confirm_given(const struct svshm__locker *locker,
			      struct svshm__error *error)
{
	return svshm__lock_look(locker->attachment, locker->header, error) ==
			       SVSHM_REMOVED ? SVSHM_REMOVED : SVSHM_OK;
}

/* ---- Take and give ------------------------------------------------------------ */

/* For the short way. The epoch first: what is registered anew while this is read
   changes it afterwards. */
static void note_registration(struct svshm__locker *locker)
{
#ifdef FAST_LOCK
	const struct svshm__attachment *attachment = locker->attachment;

	locker->epoch = svshm__load(&svshm__registration_epoch);
	locker->mark = attachment->engine == &svshm__lock_fast &&
				       svshm__attachment_registered(attachment) ?
			       attachment->lock_mark : 0;
#else
	(void)locker;
#endif
}

int svshm__lock_take(struct svshm__locker *locker, int timeout_ms,
		     struct svshm__error *error)
{
	struct svshm__attachment *attachment = locker->attachment;
	uintptr_t self = svshm__lock_self();

	/* By this handle or another one: the thread would wait for itself. */
	if (svshm__lock_held(locker) ||
	    svshm__load_relaxed(&attachment->lock_thread) == self)
		return svshm__error_set(error, SVSHM_DEADLOCK,
					"this thread owns the lock already; "
					"unlock first");

	note_registration(locker);

	int code = attachment->engine->take(locker, timeout_ms, error);

	if (code < 0)
		return code;
	svshm__order_stores();
	locker->held = svshm__fork_generation();
	svshm__store_relaxed(&attachment->lock_thread, self);
	if (code == SVSHM_OWNER_DIED)
		svshm__announce(&locker->header->inconsistent, 1);
	if (!svshm__lock_confirm_due(locker))
		return SVSHM_OK;
	return svshm__lock_confirm(locker, error);
}

int svshm__lock_give(struct svshm__locker *locker, struct svshm__error *error)
{
	if (!svshm__lock_held(locker))
		return svshm__error_set(error, SVSHM_NOT_OWNER,
					"this handle does not own the lock");
	locker->held = 0;
	svshm__store_relaxed(&locker->attachment->lock_thread, 0);

	int code = locker->attachment->engine->give(locker, error);

	/* There may be a simple reason. */
	if ((code == SVSHM_OK && svshm__lock_confirm_given_due(locker)) ||
	    code == SVSHM_LOCK_ERROR)
		return svshm__lock_confirm_given(locker, error) ?
			SVSHM_REMOVED : code;
	return code;
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

/* ---- Looking ------------------------------------------------------------------- */

bool svshm__lock_is_owned(unsigned engine, uint32_t word,
			  const struct svshm__set *set,
			  const struct svshm__slot *slots, uint32_t slot_count)
{
	uint32_t owner = word & SVSHM__LOCK_SLOT_MASK;

	if (engine == SVSHM__LOCK_PORTABLE)
		return set->values[SVSHM__SEM_LOCK] != 0;
	return owner >= 1 && owner <= slot_count &&
	       svshm__slot_held(set, owner - 1) &&
	       svshm__lock_mark(owner - 1, slots[owner - 1].registration) ==
		       svshm__lock_owner(word);
}
