/* SPDX-License-Identifier: BSD-2-Clause */
#include <config.h>

#include "memory/set.h"

#include <string.h>
#include <unistd.h>

#include "base/atomic.h"
#include "base/crashpoint.h"
#include "key/key.h"
#include "kernel/process.h"

SVSHM__ASSERT_LAYOUT(turns, SVSHM__SEM_LOCK == SVSHM__SEM_WITH_TURNS);

/* ---- Sets ---------------------------------------------------------------- */

/* What is gone, or another one now, is looked up again from the start. */
static int again_if_removed(int code)
{
	return code == SVSHM_REMOVED ? SVSHM__RETRY : code;
}

static int read_values(struct svshm__set *set, struct svshm__error *error)
{
	return again_if_removed(
		svshm__semset_values(set->id, set->values, error));
}

static bool has_tag(const struct svshm__set *set, unsigned name_hash)
{
	unsigned tag = set->values[SVSHM__SEM_TAG];

	return name_hash ? tag == svshm__tag(name_hash) :
			   tag >= svshm__tag(1) &&
				   tag <= svshm__tag(SVSHM__NAME_HASHES);
}

bool svshm__set_has_tag(const struct svshm__set *set)
{
	return set->status.count > SVSHM__SEM_SLOTS && has_tag(set, 0);
}

bool svshm__set_is_removable(const struct svshm__set *set)
{
	uid_t us = geteuid();

	return us == 0 || us == set->status.uid ||
	       us == set->status.creator_uid;
}

int svshm__set_look_status(struct svshm__set *set, struct svshm__error *error)
{
	int code = svshm__semset_stat(set->id, &set->status, error);

	set->fresh = false;
	set->tagged = code == SVSHM_OK;
	set->marked = !code && (set->status.mode & SVSHM__SET_MARK) != 0;
	return again_if_removed(code);
}

int svshm__set_look(struct svshm__set *set, unsigned name_hash,
		    struct svshm__error *error)
{
	int code = svshm__set_look_status(set, error);

	set->tagged = false;
	if (code)
		return code;
	if (set->status.count <= SVSHM__SEM_SLOTS ||
	    set->status.count > SVSHM__SEMAPHORES_MAX)
		return SVSHM__TRY_NEXT_KEY;
	code = read_values(set, error);
	if (code)
		return code;
	/* The tag comes with the first operation ever, in one. */
	set->fresh = set->marked && set->values[SVSHM__SEM_TAG] == 0 &&
		     set->status.operation_time == 0;
	set->status.mode &= 0666;
	set->tagged = set->fresh || has_tag(set, name_hash);
	return set->tagged ? SVSHM_OK : SVSHM__TRY_NEXT_KEY;
}

/* Nobody can have been inside yet; if somebody has, entering tells. */
void svshm__set_made(struct svshm__set *set, int count, mode_t mode, uid_t us)
{
	memset(&set->status, 0, sizeof(set->status));
	memset(set->values, 0, sizeof(set->values));
	set->status.count = count;
	set->status.mode = mode;
	set->status.uid = set->status.creator_uid = us;
	set->status.gid = (gid_t)-1;
	set->fresh = set->tagged = set->marked = true;
}

int svshm__set_give(struct svshm__set *set, uid_t user,
		    struct svshm__error *error)
{
	int code;

	if (user == set->status.uid || geteuid() != 0)
		return SVSHM_OK;
	CRASHPOINT("enter:set not given");
	code = svshm__semset_change(set->id, set->status.mode | SVSHM__SET_MARK,
				    user, getegid(), error);
	if (code)
		svshm__semset_remove(set->id, NULL);
	else
		set->status.uid = user;
	return code;
}

/* ---- The gate ------------------------------------------------------------ */

static int enter_fresh(int set_id, unsigned name_hash,
		       struct svshm__error *error)
{
	struct sembuf operations[] = {
		svshm__sembuf(SVSHM__SEM_TAG, 0, IPC_NOWAIT),
		svshm__sembuf(SVSHM__SEM_TAG, (int)svshm__tag(name_hash),
			      IPC_NOWAIT),
		svshm__sembuf(SVSHM__SEM_GATE, 0, IPC_NOWAIT),
		svshm__sembuf(SVSHM__SEM_GATE, 1, IPC_NOWAIT | SEM_UNDO),
	};
	int code = svshm__semset_operate(set_id, operations, 4, SVSHM__FOREVER,
					 error);

	/* Busy: somebody else was first. The set isn't fresh any more. */
	return code == SVSHM_BUSY ? SVSHM__RETRY : again_if_removed(code);
}

/*
 * The gate is given back by the kernel when its holder dies, unless somebody
 * has reset the set meanwhile, or the kernel does not keep what SEM_UNDO
 * promises. Who changed the semaphore last is the holder: if there is no such
 * process, nobody is inside, and the gate would be shut for ever. A value that
 * svshm never gives it says the same.
 */
static bool is_stuck(int set_id)
{
	unsigned value;

	if (svshm__semset_value(set_id, SVSHM__SEM_GATE, &value, NULL) ||
	    value == 0)
		return false;
	if (value > 1)
		return true;

	pid_t pid = svshm__semset_last_pid(set_id, SVSHM__SEM_GATE);

	return pid > 0 && !svshm__process_exists(pid);
}

static int enter_by(int set_id, int64_t deadline, struct svshm__error *error)
{
	struct sembuf operations[] = {
		svshm__sembuf(SVSHM__SEM_GATE, 0, 0),
		svshm__sembuf(SVSHM__SEM_GATE, 1, SEM_UNDO),
	};

	return again_if_removed(svshm__semset_operate_by(set_id, operations, 2,
							 deadline, error));
}

/* So long one waits before one doubts that the holder is there. */
#define GATE_SLICE_MS 500

static int enter_used(int set_id, int64_t deadline, struct svshm__error *error)
{
	int64_t end;
	int code;

	do {
		end = svshm__process_deadline(GATE_SLICE_MS);
		if (end > deadline)
			end = deadline;
		code = enter_by(set_id, end, error);
		if (code != SVSHM_TIMED_OUT)
			return code;
		/* With the set everybody who waits starts again. */
		if (is_stuck(set_id) && !svshm__semset_remove(set_id, NULL))
			return SVSHM__RETRY;
	} while (end < deadline);
	svshm__error_append(
		error,
		"; process %ld has been creating, attaching "
		"to, detaching from or recovering this object all "
		"that time: is it stopped?",
		(long)svshm__semset_last_pid(set_id, SVSHM__SEM_GATE));
	return code;
}

int svshm__gate_enter(const struct svshm__set *set, unsigned name_hash,
		      int64_t deadline, struct svshm__error *error)
{
	return set->fresh ? enter_fresh(set->id, name_hash, error) :
			    enter_used(set->id, deadline, error);
}

int svshm__gate_refresh(struct svshm__set *set, struct svshm__error *error)
{
	return read_values(set, error);
}

int svshm__set_renew(struct svshm__set *set, struct svshm__error *error)
{
	int count = set->status.count;
	int code = SVSHM_OK;

	/* The time of change after the values: what was reset before does show. */
	if (!set->fresh)
		code = read_values(set, error);
	if (!code)
		code = svshm__semset_stat(set->id, &set->status, error);
	if (code)
		return again_if_removed(code);
	set->status.mode &= 0666;
	set->tagged = set->fresh || (set->tagged && has_tag(set, 0));
	return set->status.count == count ? SVSHM_OK : SVSHM__RETRY;
}

int svshm__gate_try(struct svshm__set *set)
{
	int64_t deadline = svshm__process_deadline(300);
	int code =
		set->fresh ? SVSHM__RETRY : enter_by(set->id, deadline, NULL);

	if (code)
		return code == SVSHM_TIMED_OUT ? SVSHM_BUSY : code;
	code = svshm__gate_refresh(set, NULL);
	if (code)
		svshm__gate_leave(set->id);
	return code;
}

void svshm__gate_leave(int set_id)
{
	/* No wait: the gate is ours. If the set is gone, so is the gate. */
	struct sembuf leave =
		svshm__sembuf(SVSHM__SEM_GATE, -1, IPC_NOWAIT | SEM_UNDO);

	svshm__semset_give_back(set_id, &leave, 1, NULL);
}

int svshm__gate_mark_creator(const struct svshm__set *set,
			     struct svshm__error *error)
{
	int tag = set->values[SVSHM__SEM_TAG];
	struct sembuf operations[] = {
		svshm__sembuf(SVSHM__SEM_TAG, -tag, IPC_NOWAIT),
		svshm__sembuf(SVSHM__SEM_TAG, tag, IPC_NOWAIT),
	};

	return again_if_removed(svshm__semset_operate(set->id, operations, 2,
						      SVSHM__FOREVER, error));
}

static bool is_used(const char *path, key_t key, int set_id)
{
	struct svshm__set set;
	int code;

	if (svshm__semset_find(key, &set.id, NULL) || set.id == set_id)
		return false;
	/* Other programs' do not count. */
	code = svshm__set_look(&set, svshm__key_name_hash(path), NULL);
	return code != SVSHM__TRY_NEXT_KEY && code != SVSHM__RETRY;
}

bool svshm__keys_unused(const char *path, int set_id)
{
	key_t first;

	if (svshm__key_first(path, &first, NULL))
		return true;
	for (int i = 0; i < SVSHM__PROJECTS; i++)
		if (is_used(path, svshm__key_nth(first, i), set_id))
			return false;
	return true;
}
