/* SPDX-License-Identifier: BSD-2-Clause */
#include <config.h>

#include "qt/set.h"

#include <unistd.h>

#include "base/crashpoint.h"
#include "kernel/process.h"

/* ---- A set's first value ----------------------------------------------- */

/*
 * Value 0, and nobody has ever used it: its maker is between semget and SETVAL.
 * Every semop sets the time and the pid, as SETVAL does on Linux. Old BSDs do
 * not set the time; a process of another pid namespace shows as pid 0: so both
 * are asked. But where no process is hidden the pid is enough, and on Linux it
 * must be: who has waited in vain with SEM_UNDO sets the time when he exits.
 */
bool svshm__qt_set_unused(const struct svshm__qt_lock *lock, int64_t *age)
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

void svshm__qt_set_drop(const struct svshm__qt_lock *lock,
			const struct svshm__qt_names *names)
{
	int64_t age;

	/* Who has come by the other file may be inside by now. */
	if (svshm__qt_set_unused(lock, &age) ||
	    !svshm__qt_file_shares_lock(&lock->file, names->lock, NULL, 0))
		svshm__semset_remove(lock->set_id, NULL);
}

/* ---- Found, or made -------------------------------------------------------- */

/* The set is not for us: if it is another key's as well, that is why. */
static int refuse(const struct svshm__qt_lock *lock,
		  const struct svshm__qt_names *names, int code,
		  struct svshm__error *error)
{
	char other[SVSHM__QT_NAME_SIZE];

	if (svshm__qt_file_shares_lock(&lock->file, names->lock, other,
				       sizeof(other)))
		svshm__error_append(error, "; it is the lock of %.200s, whose "
				    "IPC key is the same, since ftok uses 16 "
				    "bits of an inode's number: use another "
				    "key", other);
	return code;
}

static int check_set(struct svshm__qt_lock *lock,
		     const struct svshm__qt_names *names,
		     struct svshm__error *error)
{
	struct svshm__set_status status;
	int code = svshm__semset_stat(lock->set_id, &status, error);

	if (code == SVSHM_PERMISSION_DENIED)
		return refuse(lock, names, code, error);
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
				   status.creator_uid)) {
		code = svshm__error_set(
			error, SVSHM_PERMISSION_DENIED, "semaphore set %d "
			"belongs to uid %lu (made by %lu), its key file to "
			"uid %lu; if it is left over, root removes it: "
			"ipcrm -s %d", lock->set_id, (unsigned long)status.uid,
			(unsigned long)status.creator_uid,
			(unsigned long)lock->file.owner, lock->set_id);
		return refuse(lock, names, code, error);
	}
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
	svshm__qt_set_drop(lock, names);
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
		code = check_set(lock, names, error);
	if (code && lock->fresh)
		svshm__qt_set_drop(lock, names);
	if (code)
		lock->set_id = -1;
	return code;
}

int svshm__qt_set_open(struct svshm__qt_lock *lock,
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

/* ---- A dead maker ---------------------------------------------------------- */

/*
 * A dead maker's set goes, and who is first makes another. It cannot be taken
 * as it is: that value 0 means unused was seen before, and may mean held by
 * now, by another one who has seen the same. To remove a set twice is
 * impossible: its id is not used again. REMOVED: it is to be looked for again.
 */
int svshm__qt_set_replace(struct svshm__qt_lock *lock,
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
