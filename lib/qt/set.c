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
	lock->operated = status.operation_time != 0;
	lock->uid = status.uid;
	lock->creator_uid = status.creator_uid;
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
 * ALREADY_EXISTS: somebody else was faster, or has it by another key. A maker who
 * left may have unlinked the file since we looked at it, so that nobody finds what
 * we make: that shows when we own it, as for any set.
 */
static int make_set(struct svshm__qt_lock *lock, struct svshm__error *error)
{
	int code = svshm__semset_make(lock->file.key, 1, 0600, &lock->set_id,
				      error);

	lock->fresh = lock->made_now = code == SVSHM_OK;
	lock->operated = false;
	lock->uid = lock->creator_uid =
		lock->file.ours ? lock->file.owner : geteuid();
	CRASHPOINT("qt:set made");
	return code;
}

/* NOT_FOUND. One that is there may be anybody's; what we make is ours. */
static int find_set(struct svshm__qt_lock *lock,
		    const struct svshm__qt_names *names,
		    struct svshm__error *error)
{
	int code = svshm__semset_find(lock->file.key, &lock->set_id, error);

	lock->fresh = lock->made_now = false;
	return code ? code : check_set(lock, names, error);
}

/* REMOVED: it is to be looked for again. */
static int find_or_make_set(struct svshm__qt_lock *lock,
			    const struct svshm__qt_names *names,
			    struct svshm__error *error)
{
	/* Who has just made the file hardly finds a set. */
	bool first = lock->file.made && lock->make;
	int code = first ? make_set(lock, error) :
			   find_set(lock, names, error);

	if (first && code == SVSHM_ALREADY_EXISTS)
		code = find_set(lock, names, error);
	else if (code == SVSHM_NOT_FOUND && lock->make)
		code = make_set(lock, error);
	lock->made = lock->made || (!code && lock->fresh);
	if (code)
		lock->set_id = -1;
	return code == SVSHM_ALREADY_EXISTS ||
			       (first && code == SVSHM_NOT_FOUND) ?
		SVSHM_REMOVED : code;
}

static int look_at_file(struct svshm__qt_lock *lock,
			const struct svshm__qt_names *names,
			struct svshm__error *error)
{
	enum svshm__qt_making making = !lock->make ? SVSHM__QT_LOOK :
		lock->new_name ? SVSHM__QT_MAKE_OR_LOOK :
				 SVSHM__QT_LOOK_OR_MAKE;

	return svshm__qt_file_look(&lock->file, names->lock, names->project,
				   names->legacy, making, error);
}

int svshm__qt_set_open(struct svshm__qt_lock *lock,
		       const struct svshm__qt_names *names,
		       struct svshm__error *error)
{
	int code = SVSHM_OK;

	/* A set that comes and goes while we look is looked for again. */
	for (int i = 0; i < 100 && lock->set_id < 0; i++) {
		code = look_at_file(lock, names, error);
		if (!code)
			code = find_or_make_set(lock, names, error);
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
	code = make_set(lock, error);
	if (code)
		lock->set_id = -1;
	lock->replaced = lock->fresh;
	return code == SVSHM_ALREADY_EXISTS ? SVSHM_REMOVED : code;
}
