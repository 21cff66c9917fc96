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

static bool tick_has_passed(struct svshm__locker *locker)
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

int svshm__lock_reset(struct svshm__header *header, int set_id,
		      struct svshm__error *error)
{
	if (header)
		svshm__announce(&header->removed, 1);
	return svshm__error_set(error, SVSHM_REMOVED,
				"somebody has removed or reset semaphore set "
				"%d while the object was in use; detach, and "
				"start again", set_id);
}

/* SVSHM_REMOVED, or 0; ERROR is left alone then. */
int svshm__lock_look(const struct svshm__attachment *attachment,
		     const struct svshm__header *header,
		     struct svshm__error *error)
{
	struct svshm__segment_status status;
	bool held = true;
	int code = svshm__segment_stat(attachment->segment_id, &status, NULL);

	if (code == SVSHM_REMOVED || (!code && status.removed))
		return svshm__error_set(error, SVSHM_REMOVED,
					"somebody has removed segment %d; "
					"detach, and start again",
					attachment->segment_id);
	if (attachment->reader)
		code = SVSHM_OK;
	else
		code = svshm__slot_ask(attachment->set_id,
				       (unsigned)attachment->slot, &held, NULL);
	if (code == SVSHM_REMOVED || (!code && !held) ||
	    svshm__load(&header->removed))
		return svshm__lock_reset(NULL, attachment->set_id, error);
	return SVSHM_OK;
}

int svshm__lock_confirm(struct svshm__locker *locker,
			struct svshm__error *error)
{
	int code = SVSHM_OK;

	if (tick_has_passed(locker) || svshm__load(&locker->header->removed))
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

/* ---- Take and give ------------------------------------------------------------ */

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

	int code = attachment->engine->take(locker, timeout_ms, error);

	if (code < 0)
		return code;
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
	if ((code == SVSHM_OK && svshm__load(&locker->header->removed)) ||
	    code == SVSHM_LOCK_ERROR)
		return svshm__lock_look(locker->attachment, locker->header,
					error) == SVSHM_REMOVED ?
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

/* ---- Does the owner live? ---------------------------------------------------------- */

/* The set is the one in which the owner has claimed its slot, and nobody has
   changed it but by semop. */
static bool is_intact(const struct svshm__attachment *attachment,
		      const struct svshm__header *header)
{
	struct svshm__set_status status;

	return svshm__semset_stat(attachment->set_id, &status, NULL) ==
		       SVSHM_OK &&
	       header->set_id == attachment->set_id &&
	       header->set_change_time == status.change_time;
}

static bool is_dead(const struct svshm__slot *entry, int segment_id)
{
	return svshm__process_fate(entry->pid, entry->start_ticks,
				   entry->pid_space, segment_id) ==
	       SVSHM__FATE_DEAD;
}

/* Still that owner's? A slot that is claimed anew has the new registration in
   the table before. */
static bool is_of(const struct svshm__slot *entry, uint32_t slot, uint32_t word)
{
	return svshm__lock_mark(slot, svshm__load(&entry->generation)) ==
	       svshm__lock_owner(word);
}

/*
 * The slot is not held. That proves the death, unless somebody has reset the
 * set: then the process may be seen alive, or the set's time of change says so.
 */
static int doubt_death(const struct svshm__attachment *attachment,
		       struct svshm__header *header,
		       const struct svshm__slot *entry, uint32_t slot,
		       uint32_t word, struct svshm__error *error)
{
	if (svshm__slot_user_seen(entry, attachment->segment_id))
		return is_of(entry, slot, word) ?
			svshm__lock_reset(header, attachment->set_id, error) :
			SVSHM_OK;
	if (is_dead(entry, attachment->segment_id) ||
	    !is_of(entry, slot, word) || is_intact(attachment, header))
		return SVSHM_OK;
	return svshm__lock_reset(header, attachment->set_id, error);
}

int svshm__lock_ask_owner(const struct svshm__attachment *attachment,
			  struct svshm__header *header, uint32_t word,
			  bool long_wait, bool *alive,
			  struct svshm__error *error)
{
	const struct svshm__slot *slots = (const void *)(
		(const char *)header + attachment->slots_offset);
	uint32_t slot = (word & SVSHM__LOCK_SLOT_MASK) - 1;

	if ((word & SVSHM__LOCK_SLOT_MASK) == 0 ||
	    slot >= attachment->slot_count)
		return svshm__error_set(error, SVSHM_CORRUPT,
					"the lock word 0x%lx names no owner "
					"that there can be; \"svshm remove "
					"--force\" removes the object",
					(unsigned long)word);

	int code = svshm__slot_ask(attachment->set_id, slot, alive, error);

	if (code)
		return code;
	if (!is_of(&slots[slot], slot, word)) {
		*alive = false;
		return SVSHM_OK;
	}
	if (!*alive)
		return doubt_death(attachment, header, &slots[slot], slot, word,
				   error);
	/* Its slot is held for ever, if its undo entries were wiped. */
	if (long_wait && is_dead(&slots[slot], -1))
		return svshm__lock_reset(header, attachment->set_id, error);
	return SVSHM_OK;
}

#define SLICE_MS 1000

int64_t svshm__lock_slice(int64_t deadline)
{
#if !defined(HAVE_SEMTIMEDOP) || !HAVE_DECL_SEMTIMEDOP
	if (deadline == SVSHM__NO_DEADLINE)
		return deadline;
#endif

	int64_t end = svshm__process_deadline(SLICE_MS);

	return end < deadline ? end : deadline;
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
	       svshm__lock_mark(owner - 1, slots[owner - 1].generation) ==
		       svshm__lock_owner(word);
}
