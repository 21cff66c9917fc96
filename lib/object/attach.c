/* SPDX-License-Identifier: BSD-2-Clause */
/* attach: steps 1 to 7 and 12 of the protocol at the head of object.c. */
#include <config.h>

#include "object/object.h"

#include "lock/lock.h"
#include "object/find.h"

/*
 * Nobody uses what is in the set: neither slots nor a portable lock. Those who
 * seem to have called exec, or somebody has reset it, so that nothing is undone.
 */
static bool set_is_free(const struct svshm__evidence *evidence)
{
	const struct svshm__set *set = &evidence->set;

	return svshm__judge_set_sound(evidence) &&
	       evidence->held == 0 && svshm__children(set) == 0 &&
	       (evidence->view.lock_engine != SVSHM__LOCK_PORTABLE ||
		set->values[SVSHM__SEM_LOCK] == 0);
}

/*
 * All who were registered are dead. Their set is ours to go on with, if it is as
 * they would have left it: else a new one is.
 */
static int take_over(struct svshm__operation *operation)
{
	int set_id = operation->evidence.set.id;
	int code;

	if (!set_is_free(&operation->evidence) &&
	    svshm__operation_awaits_death(operation))
		return SVSHM__RETRY;
	operation->orphaned = operation->deserted = true;
	if (set_is_free(&operation->evidence))
		return svshm__operation_register(operation,
						 &operation->evidence.view);
	code = svshm__semset_remove(set_id, operation->error);
	if (code)
		return code;
	operation->inside = false;
	operation->orphaned = operation->deserted = false;
	return SVSHM__RETRY;
}

/* So long attach waits for children whose count is lost. */
#define CHILDREN_MS 2000

/* What has nothing to do with who uses it. */
static int check_joinable(struct svshm__operation *operation)
{
	const struct svshm__evidence *evidence = &operation->evidence;

	if (!svshm__lock_engine(evidence->view.lock_engine))
		return svshm__error_set(
			operation->error, SVSHM_INCOMPATIBLE,
			"the object uses lock engine %lu, "
			"which this build does not have",
			(unsigned long)evidence->view.lock_engine);
	if (evidence->mapping_read_only && !evidence->borrowed)
		return svshm__error_set(operation->error,
					SVSHM_PERMISSION_DENIED,
					"the segment's mode and that of its "
					"semaphore set differ: somebody has "
					"changed one; its owner or root gives "
					"both the same, or removes the object "
					"with \"svshm remove\"");
	return svshm__operation_check_size(operation);
}

static int join_users(struct svshm__operation *operation)
{
	const struct svshm__evidence *evidence = &operation->evidence;
	bool is_lost = evidence->set_state == SVSHM__SET_LOST;

	/* A child that was being forked as the set was made anew. */
	if (!evidence->stranded && is_lost &&
	    svshm__operation_has_patience(operation, CHILDREN_MS))
		return SVSHM__RETRY;
	if (evidence->stranded || is_lost)
		return svshm__operation_refuse(operation, SVSHM_VERDICT_IN_USE);
	/* Of those who were registered, only children are left. */
	operation->orphaned = !evidence->held && evidence->died > 0;
	operation->deserted = false;
	return svshm__operation_register(operation, &evidence->view);
}

static int join(struct svshm__operation *operation, enum svshm_verdict verdict)
{
	int code = check_joinable(operation);

	if (code)
		return code;
	return verdict == SVSHM_VERDICT_ORPHAN ? take_over(operation) :
						 join_users(operation);
}

/*
 * It is no object any more, or was none yet. If it is of a maker who died before
 * he met the object of this name, whose key file was lost, a second look
 * finds that. What was retired is in nobody's way.
 */
static int clear_away(struct svshm__operation *operation)
{
	const struct svshm__evidence *evidence = &operation->evidence;
	bool retired = evidence->segment_id >= 0 &&
		       evidence->header == SVSHM__HEADER_VALID &&
		       evidence->view.retired;
	int code;

	svshm__key_file_find(&operation->file, NULL);
	code = svshm__operation_remove(operation);
	return code ? code : retired ? SVSHM__TRY_NEXT_KEY : SVSHM__RETRY;
}

/* Steps 6 and 7, inside the gate. */
static int act(struct svshm__operation *operation)
{
	enum svshm_verdict verdict;
	int code = svshm__operation_judge(operation, true, &verdict);

	if (code)
		return code;
	switch (verdict) {
	case SVSHM_VERDICT_IN_USE:
	case SVSHM_VERDICT_ORPHAN:
		return join(operation, verdict);
	case SVSHM_VERDICT_HALF_MADE:
	case SVSHM_VERDICT_HALF_REMOVED:
		return clear_away(operation);
	case SVSHM_VERDICT_FOREIGN:
		return SVSHM__TRY_NEXT_KEY;
	case SVSHM_VERDICT_GONE:
		return SVSHM__RETRY;
	case SVSHM_VERDICT_CORRUPT:
	case SVSHM_VERDICT_UNKNOWN:
		break;
	}
	code = svshm__operation_refuse(operation, verdict);
	/* Never completed, and not ours to remove: nothing to attach to. */
	return code == SVSHM_ALREADY_EXISTS ? SVSHM_NOT_FOUND : code;
}

static int enter_and_act(struct svshm__operation *operation, bool make)
{
	const struct svshm__set_status *status =
		&operation->evidence.set.status;
	int code = svshm__operation_enter(operation, make);

	if (code == SVSHM_PERMISSION_DENIED && status->count > 0 &&
	    svshm__judge_trusted(status->uid, status->creator_uid,
				 &operation->file))
		return svshm__operation_read_only(operation);
	if (!code && !svshm__operation_join_beside(operation))
		code = act(operation);
	svshm__operation_leave(operation);
	return code;
}

static int attach_at(struct svshm__operation *operation, int n)
{
	int code;

	operation->project = SVSHM__PROJECT_FIRST + n;
	operation->key = svshm__key_nth(operation->file.first_key, n);
	operation->evidence.set.status.count = 0;
	code = enter_and_act(operation, false);
	return code == SVSHM_NOT_FOUND && operation->evidence.set.id < 0 ?
		       SVSHM__TRY_NEXT_KEY :
		       code;
}

/*
 * No gate under the name's keys. The object may live all the same, if somebody
 * removed its set alone.
 */
static int attach_found(struct svshm__operation *operation)
{
	struct svshm__found found;

	if (svshm__find(&operation->file, &found))
		return SVSHM_NOT_FOUND;
	operation->key = found.key;
	operation->evidence.set.status.count = 0;

	int code = enter_and_act(operation, true);

	return code == SVSHM__TRY_NEXT_KEY ? SVSHM__RETRY : code;
}

/* A key file alone is what a maker left that died at once: it goes, too. */
static int remove_lone_key_file(struct svshm__operation *operation)
{
	int code;

	if (operation->file.native)
		return SVSHM_NOT_FOUND;
	code = svshm__key_file_find(&operation->file, operation->error);
	if (code)
		return code;
	/* What was retired needs it, so that its owner finds it. */
	if (!operation->file.private &&
	    !svshm__keys_unused(operation->file.path, -1))
		return SVSHM_NOT_FOUND;
	code = svshm__key_file_check(operation->file.path, operation->error);
	if (code)
		return code;
	operation->project = SVSHM__PROJECT_FIRST;
	operation->key = operation->file.first_key;
	operation->checks_file = true;
	code = enter_and_act(operation, true);
	return code == SVSHM__TRY_NEXT_KEY ? SVSHM_NOT_FOUND : code;
}

/*
 * Step 1. The key file itself is looked at only where it says whom to trust: the
 * object is there, or not, without it.
 */
static int look_at_name(struct svshm__operation *operation)
{
	const struct svshm *handle = operation->handle;
	struct svshm__key_file *file = &operation->file;
	int code = svshm__key_file_name(file, handle->native_key,
					handle->native, handle->owner,
					operation->error);

	if (code || file->private)
		return code;
	code = svshm__key_file_find(file, operation->error);
	return code == SVSHM_NOT_FOUND ? SVSHM_OK : code;
}

static int attach_by_name(struct svshm__operation *operation)
{
	int code = SVSHM__TRY_NEXT_KEY;

	operation->checks_file = false;
	operation->name_hash = svshm__key_name_hash(operation->file.path);
	for (int i = 0; i < SVSHM__PROJECTS && code == SVSHM__TRY_NEXT_KEY; i++)
		code = attach_at(operation, i);
	if (code != SVSHM__TRY_NEXT_KEY)
		return code;
	code = attach_found(operation);
	return code == SVSHM_NOT_FOUND ? remove_lone_key_file(operation) : code;
}

int svshm__operation_attach(struct svshm__operation *operation)
{
	int code = look_at_name(operation);

	if (!code)
		code = attach_by_name(operation);
	if (code == SVSHM_NOT_FOUND && operation->file.path)
		svshm__error_set(operation->error, SVSHM_NOT_FOUND,
				 "there is no object with the key file %.300s",
				 operation->file.path);
	if (code == SVSHM_OK)
		svshm__operation_sweep(operation);
	svshm__key_file_free(&operation->file);
	return code;
}

int svshm__object_taken_over(struct svshm *handle)
{
	return svshm__error_set(&handle->error, SVSHM_ORPHANED,
				"an orphan was taken over: all its users had "
				"died without detaching, so its data may be "
				"old or half written");
}

int svshm__object_attach(struct svshm *handle, enum svshm_access access)
{
	struct svshm__operation operation;
	int code;

	svshm__operation_start(&operation, handle, access, 0);
	code = svshm__operation_run(&operation, svshm__operation_attach);
	return code || !operation.orphaned ? code :
					     svshm__object_taken_over(handle);
}
