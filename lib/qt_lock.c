/* SPDX-License-Identifier: BSD-2-Clause */
#include <config.h>

#include "qt_lock.h"

#include <string.h>
#include <unistd.h>

#include "crashpoint.h"
#include "process.h"

/*
 * How long something may last that lives for microseconds only, if the process
 * that is at it runs: a set without its first value, a set without its file.
 * P3 gives the next user a second in all.
 */
#define PATIENCE_MS 800

/* ---- The set ----------------------------------------------------------- */

static int check_set(struct svshm__qt_lock *lock, struct svshm__error *error)
{
	struct svshm__set_status status;
	int code = svshm__semset_stat(lock->set_id, &status, error);

	if (code)
		return code;
	if (status.count != 1)
		return svshm__error_set(
			error, SVSHM_CORRUPT, "semaphore set %d has %d "
			"semaphores, and a lock of Qt's has one: it is another "
			"program's, which has the IPC key 0x%08lx by chance; "
			"use another key", lock->set_id, status.count,
			(unsigned long)lock->file.key & 0xffffffffUL);
	if (!svshm__qt_file_trusts(&lock->file, status.uid,
				   status.creator_uid))
		return svshm__error_set(
			error, SVSHM_PERMISSION_DENIED, "semaphore set %d "
			"belongs to uid %lu (made by %lu), its key file to "
			"uid %lu; if it is left over, root removes it: "
			"ipcrm -s %d", lock->set_id, (unsigned long)status.uid,
			(unsigned long)status.creator_uid,
			(unsigned long)lock->file.owner, lock->set_id);
	return SVSHM_OK;
}

/*
 * A set made for a file that a maker who left has unlinked since we looked at
 * it: nobody would find it. He unlinks the file first, so it shows now.
 */
static bool made_too_late(const struct svshm__qt_lock *lock,
			  const struct svshm__qt_names *names)
{
	if (svshm__qt_file_same(&lock->file, names->lock))
		return false;
	svshm__semset_remove(lock->set_id, NULL);
	return true;
}

/* REMOVED: somebody else was faster. */
static int make_set(struct svshm__qt_lock *lock,
		    const struct svshm__qt_names *names,
		    struct svshm__error *error)
{
	int code = svshm__semset_make(lock->file.key, 1, 0600, &lock->set_id,
				      error);

	if (code == SVSHM_ALREADY_EXISTS ||
	    (!code && made_too_late(lock, names))) {
		lock->set_id = -1;
		return SVSHM_REMOVED;
	}
	lock->fresh = code == SVSHM_OK;
	CRASHPOINT("qt:set made");
	return code;
}

static int find_set(struct svshm__qt_lock *lock,
		    const struct svshm__qt_names *names,
		    struct svshm__error *error)
{
	int code = svshm__semset_find(lock->file.key, &lock->set_id, error);

	lock->fresh = false;
	if (code == SVSHM_NOT_FOUND && lock->make) {
		code = make_set(lock, names, error);
		if (code == SVSHM_REMOVED)
			return code;
		lock->made = lock->made || lock->fresh;
	}
	if (!code)
		code = check_set(lock, error);
	if (code && lock->fresh)
		svshm__semset_remove(lock->set_id, NULL);
	if (code)
		lock->set_id = -1;
	return code;
}

int svshm__qt_lock_open(struct svshm__qt_lock *lock,
			const struct svshm__qt_names *names,
			struct svshm__error *error)
{
	int code = SVSHM_OK;

	/* A set that comes and goes while we look is looked for again. */
	for (int i = 0; i < 100 && lock->set_id < 0; i++) {
		code = svshm__qt_file_look(&lock->file, names->lock,
					   names->project, names->legacy,
					   lock->make, error);
		if (!code)
			code = find_set(lock, names, error);
		if (code == SVSHM_NOT_FOUND)
			return svshm__error_set(
				error, SVSHM_LOCK_ERROR, "the lock of another "
				"user's object is missing, and its owner could "
				"not use one that we make");
		if (code == SVSHM_REMOVED)
			continue;
		/* Made for nothing: no room for a set, say. */
		if (code && lock->file.made)
			svshm__qt_file_unlink(&lock->file, names->lock);
		return code;
	}
	return code;
}

/* ---- A set's first value ----------------------------------------------- */

/*
 * Value 0, and nobody has ever used it: its maker is between semget and SETVAL.
 * Every semop sets the time and the pid, as SETVAL does on Linux. Old BSDs do
 * not set the time; a process of another pid namespace shows as pid 0: so both
 * are asked. But where no process is hidden the pid is enough, and on Linux it
 * must be: who has waited in vain with SEM_UNDO sets the time when he exits.
 */
static bool is_unused(const struct svshm__qt_lock *lock, int64_t *age)
{
	struct svshm__set_status status;
	unsigned value;

	if (svshm__semset_stat(lock->set_id, &status, NULL) ||
	    svshm__semset_value(lock->set_id, 0, &value, NULL) ||
	    value != 0 || svshm__semset_last_pid(lock->set_id, 0) != 0 ||
	    (status.operation_time != 0 && !svshm__process_sees_all()))
		return false;
	/* Less than 0, if the clock was set back: it counts for nothing. */
	*age = svshm__process_time() - status.change_time;
	return true;
}

/*
 * A dead maker's set goes, and who is first makes another. It cannot be taken
 * as it is: that value 0 means unused was seen before, and may mean held by
 * now, by another one who has seen the same. To remove a set twice is
 * impossible: its id is not used again. REMOVED: it is to be looked for again.
 */
static int replace_set(struct svshm__qt_lock *lock,
		       const struct svshm__qt_names *names,
		       struct svshm__error *error)
{
	int code;

	CRASHPOINT("qt:maker died");
	code = svshm__semset_remove(lock->set_id, error);
	if (code)
		return code;
	lock->set_id = -1;
	if (!lock->make)
		return SVSHM_REMOVED;
	code = make_set(lock, names, error);
	lock->replaced = lock->fresh;
	return code;
}

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

/* ---- Take -------------------------------------------------------------- */

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

static int take_set(struct svshm__qt_lock *lock,
		    const struct svshm__qt_names *names, int64_t deadline,
		    struct svshm__error *error)
{
	struct sembuf take = { 0, -1, SEM_UNDO };
	int watched = -1; /* a set that was unused all the time we looked */
	int64_t age;

	for (;;) {
		int64_t end = deadline;
		bool unused = !lock->fresh && is_unused(lock, &age);
		int code = SVSHM_OK;

		/* Ages are counted in seconds: 1 may be a moment. */
		if (unused && (age > 1 || watched == lock->set_id))
			code = replace_set(lock, names, error);
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

int svshm__qt_lock_take(struct svshm__qt_lock *lock,
			const struct svshm__qt_names *names, int timeout_ms,
			struct svshm__error *error)
{
	int64_t deadline = svshm__process_deadline(timeout_ms);
	int64_t patience = svshm__process_deadline(PATIENCE_MS);
	int code, vanished = 0;

	lock->replaced = false;
	for (;;) {
		code = svshm__qt_lock_open(lock, names, error);
		if (!code)
			code = take_set(lock, names, deadline, error);
		/* Made for nothing: others would wait for its maker. */
		if (code && code != SVSHM_REMOVED && lock->fresh)
			svshm__qt_lock_remove(lock, names);
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
		svshm__qt_lock_give(lock, NULL);
		if (svshm__process_now() > patience)
			return lost_file(names, error);
		svshm__process_pause(1);
	}
	lock->taken = svshm__process_time();
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
	struct svshm__set_status status;
	uid_t us = geteuid();

	return us == 0 || svshm__semset_stat(lock->set_id, &status, NULL) ||
	       status.uid == us || status.creator_uid == us;
}

/* Qt's order: who finds the set gone makes a new file, never finds the old. */
void svshm__qt_lock_remove(struct svshm__qt_lock *lock,
			   const struct svshm__qt_names *names)
{
	bool there = lock->set_id >= 0;

	if (!there || may_remove(lock)) {
		if (names->legacy)
			svshm__qt_file_unlink(&lock->file, names->lock);
		CRASHPOINT("qt:lock file gone");
		there = there && svshm__semset_remove(lock->set_id, NULL);
	}
	/* What stays must not stay ours. */
	if (there && !lock->fresh)
		svshm__qt_lock_give(lock, NULL);
	lock->set_id = -1;
}
