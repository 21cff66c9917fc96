/* SPDX-License-Identifier: BSD-2-Clause */
#include <config.h>

#include "qt/lock.h"

#include <string.h>
#include <unistd.h>

#include "base/crashpoint.h"
#include "kernel/process.h"
#include "qt/owner.h"
#include "kernel/semset.h"

/*
 * How long something may last that lives for microseconds only, if the process
 * that is at it runs: a set without its first value, a set without its file.
 * P3 gives the next user a second in all.
 */
#define PATIENCE_MS 800

/* ---- Take ----------------------------------------------------------------- */

/*
 * Own a set that we have made: in one step, so that no death leaves it without
 * a value. BUSY: somebody has given it a value meanwhile.
 */
static int take_fresh(struct svshm__qt_lock *lock, struct svshm__error *error)
{
	struct sembuf operations[] = {
		{ 0, 0, IPC_NOWAIT },
		{ 0, +1, 0 },
		{ 0, -1, SEM_UNDO }
	};

	return svshm__semset_operate(lock->set_id, operations, 3,
				     SVSHM__FOREVER, error);
}


/*
 * Wait for an unused set's first value, as long as its maker may take and until
 * *END at most, which is set to that. Without SEM_UNDO: our end would make it
 * look used.
 */
static int await_value(const struct svshm__qt_lock *lock, int64_t *end,
		       struct svshm__error *error)
{
	struct sembuf operations[] = { { 0, -1, 0 }, { 0, +1, 0 } };
	int64_t patience = svshm__process_deadline(PATIENCE_MS);

	if (*end > patience)
		*end = patience;
	return svshm__semset_operate_by(lock->set_id, operations, 2, *end,
					error);
}

static int take_set(struct svshm__qt_lock *lock, int64_t deadline,
		    struct svshm__error *error)
{
	struct sembuf take = { 0, -1, SEM_UNDO };
	struct sembuf try = { 0, -1, SEM_UNDO | IPC_NOWAIT };
	int watched = -1; /* a set that was unused all the time we looked */
	int64_t age;

	/* What can be taken has a value: there is nothing to find out. But who
	   tries with SEM_UNDO, leaves the time in a set when he exits: none may
	   look used by that which was not. */
	if (lock->operated) {
		int code = svshm__semset_operate(lock->set_id, &try, 1,
						 SVSHM__FOREVER, error);

		if (code != SVSHM_BUSY)
			return code;
	}
	for (;;) {
		int64_t end = deadline;
		bool unused = !lock->fresh &&
			      svshm__qt_set_unused(lock, &age);
		int code = SVSHM_OK;

		/* Ages are counted in seconds: 1 may be a moment. */
		if (unused && (age > 1 || watched == lock->set_id))
			code = svshm__qt_set_replace(lock, error);
		if (code)
			return code;
		if (lock->fresh) {
			code = take_fresh(lock, error);
			if (!code || code == SVSHM_BUSY)
				lock->fresh = false;
			if (code != SVSHM_BUSY)
				return code;
		}
		if (unused) {
			code = await_value(lock, &end, error);
			if (!code)
				continue;
		} else {
			code = svshm__semset_operate_by(lock->set_id, &take, 1,
							end, error);
		}
		if (code != SVSHM_TIMED_OUT || end == deadline)
			return code;
		watched = lock->set_id;
	}
}

static void say_who(const struct svshm__qt_lock *lock,
		    struct svshm__error *error)
{
	pid_t pid = svshm__semset_last_pid(lock->set_id, 0);

	if (pid)
		svshm__error_append(error, "; process %ld was the last to take "
				    "the lock", (long)pid);
}

/*
 * Whether newcomers come to the same lock. A maker that leaves unlinks the file
 * just before it removes the set: that is over soon.
 */
static bool is_current(const struct svshm__qt_lock *lock,
		       const struct svshm__qt_names *names)
{
	return svshm__qt_file_same(&lock->file, names->lock);
}

static int lost_file(const struct svshm__qt_names *names,
		     struct svshm__error *error)
{
	return svshm__error_set(error, SVSHM_LOCK_ERROR,
				"the lock's key file %.300s was removed or "
				"replaced (does something clean up its "
				"directory?): who attaches from now on has "
				"another lock. Let all programs detach, and "
				"start again", names->lock);
}

/* Made for nothing: others would wait for its maker. */
static void undo_fresh(struct svshm__qt_lock *lock,
		       const struct svshm__qt_names *names)
{
	if (names->legacy)
		svshm__qt_file_unlink(&lock->file, names->lock);
	svshm__qt_set_drop(lock, names);
	lock->set_id = -1;
}

/* The path leads elsewhere by now. Newcomers go there; who is attached has the
   old lock in common with all others who are. */
static void leave_old(struct svshm__qt_lock *lock,
		      const struct svshm__qt_names *names)
{
	if (lock->joined && !lock->made_now) {
		svshm__qt_lock_give(lock, NULL);
		return;
	}
	/* What nobody else has had in common goes in any case. */
	if (lock->made_now)
		svshm__qt_lock_remove(lock, names, NULL);
	else
		svshm__qt_lock_withdraw(lock, names, false);
	lock->made = false;
	lock->set_id = -1;
}

/* Would this thread wait for itself? */
static int check_self(const struct svshm__qt_lock *lock,
		      struct svshm__error *error)
{
	switch (svshm__qt_owner_look(lock->set_id, &lock->file, false)) {
	case SVSHM__QT_INSIDE:
		return svshm__error_set(error, SVSHM_DEADLOCK,
					"this thread owns the lock already; "
					"unlock first");
	case SVSHM__QT_INSIDE_OTHER:
		return svshm__error_set(error, SVSHM_DEADLOCK,
					"this thread owns the lock of another "
					"key, and it is the same semaphore set "
					"%d: the IPC keys of their files are "
					"equal, since ftok uses 16 bits of an "
					"inode's number; unlock that one first",
					lock->set_id);
	default:
		return SVSHM_OK;
	}
}

int svshm__qt_lock_take(struct svshm__qt_lock *lock,
			const struct svshm__qt_names *names, int timeout_ms,
			struct svshm__error *error)
{
	int64_t deadline = svshm__process_deadline(timeout_ms);
	int64_t patience = svshm__process_deadline(PATIENCE_MS);
	int code, vanished = 0;

	lock->replaced = lock->made_now = false;
	for (;;) {
		code = svshm__qt_set_open(lock, names, error);
		if (!code)
			code = check_self(lock, error);
		if (!code)
			code = take_set(lock, deadline, error);
		if (code && code != SVSHM_REMOVED && lock->fresh)
			undo_fresh(lock, names);
		if (code == SVSHM_REMOVED && vanished++ < 1000) {
			lock->set_id = -1;
			continue;
		}
		if (code == SVSHM_TIMED_OUT)
			say_who(lock, error);
		if (code)
			return code == SVSHM_REMOVED ? SVSHM_LOCK_ERROR : code;
		if (is_current(lock, names))
			break;
		leave_old(lock, names);
		if (svshm__process_now() > patience)
			return lost_file(names, error);
		svshm__process_pause(1);
	}
	lock->taken = svshm__process_time();
	lock->operated = true;
	CRASHPOINT("qt:locked");
	return SVSHM_OK;
}

/* ---- Give -------------------------------------------------------------- */

/*
 * While we hold it the value is 0, unless somebody has set it to 1: Qt's
 * create() does. SETVAL wipes our undo entry too, so the plain +1 of Qt would
 * leave a 2, until our exit. If the set was changed in a later second than we
 * took it, that is what happened, and there is nothing left to give. In the
 * same second it may have happened before: then the entry must be undone.
 */
static int give_after_reset(struct svshm__qt_lock *lock,
			    struct svshm__error *error)
{
	struct sembuf give = { 0, +1, SEM_UNDO };
	struct svshm__set_status status;
	int code = svshm__semset_stat(lock->set_id, &status, error);

	if (!code && status.change_time <= lock->taken)
		code = svshm__semset_operate(lock->set_id, &give, 1,
					     SVSHM__FOREVER, error);
	if (code)
		return code;
	return svshm__error_set(error, SVSHM_LOCK_ERROR,
				"it is unlocked, but somebody had reset the "
				"lock meanwhile, as create() of a "
				"QSharedMemory does: two may have been inside "
				"at a time");
}

int svshm__qt_lock_give(struct svshm__qt_lock *lock,
			struct svshm__error *error)
{
	struct sembuf give[] = { { 0, 0, IPC_NOWAIT }, { 0, +1, SEM_UNDO } };
	int code = svshm__semset_give_back(lock->set_id, give, 2, error);

	if (code == SVSHM_BUSY)
		code = give_after_reset(lock, error);
	if (code != SVSHM_REMOVED)
		return code;
	lock->set_id = -1;
	return svshm__error_set(error, SVSHM_LOCK_ERROR,
				"it is unlocked, but somebody had removed the "
				"lock meanwhile, as its maker does who leaves: "
				"two may have been inside at a time");
}

/* One of root's, made for this user's key, is root's to remove. */
static bool may_remove(const struct svshm__qt_lock *lock)
{
	uid_t us = geteuid();

	return us == 0 || lock->uid == us || lock->creator_uid == us;
}

/* Qt's order: who finds the set gone makes a new file, never finds the old. */
void svshm__qt_lock_remove(struct svshm__qt_lock *lock,
			   const struct svshm__qt_names *names,
			   const struct svshm__qt_place *place)
{
	bool there = lock->set_id >= 0;

	if (!there || may_remove(lock)) {
		if (names->legacy)
			svshm__qt_place_unlink(place, &lock->file, names->lock);
		CRASHPOINT("qt:lock file gone");
		there = there && svshm__semset_remove(lock->set_id, NULL);
	}
	/* What stays must not stay ours. */
	if (there)
		svshm__qt_lock_give(lock, NULL);
	lock->set_id = -1;
}

void svshm__qt_lock_withdraw(struct svshm__qt_lock *lock,
			     const struct svshm__qt_names *names,
			     bool borrowed)
{
	bool shared = lock->file.made && !lock->made &&
		svshm__qt_file_shares_lock(&lock->file, names->lock, NULL, 0);

	if (!borrowed && (lock->made || (lock->file.made && !shared))) {
		svshm__qt_lock_remove(lock, names, NULL);
		return;
	}
	/* The set was there before the file: it is the other key's. */
	if (lock->file.made && names->legacy)
		svshm__qt_file_unlink(&lock->file, names->lock);
	if (!borrowed)
		svshm__qt_lock_give(lock, NULL);
}
