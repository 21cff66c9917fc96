/* SPDX-License-Identifier: BSD-2-Clause */
/* attach: steps 1 to 7 and 13 of the protocol at the head of object/object.c. */
#include <config.h>

#include "object/object.h"

#include "lock/lock.h"
#include "recovery/scan.h"

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
static int take_over(struct svshm__attempt *attempt)
{
	int set_id = attempt->evidence.set.id;
	int code;

	attempt->orphaned = attempt->deserted = true;
	if (set_is_free(&attempt->evidence))
		return svshm__attempt_register(attempt,
					       &attempt->evidence.view);
	svshm__judge_free(&attempt->evidence);
	code = svshm__semset_remove(set_id, attempt->error);
	if (code)
		return code;
	attempt->orphaned = attempt->deserted = false;
	return SVSHM__AGAIN;
}

/* So long attach waits for children whose count is lost. */
#define CHILDREN_MS 2000

int svshm__attempt_check_size(const struct svshm__attempt *attempt)
{
	const struct svshm__view *view = &attempt->evidence.view;

	if (view->data_size >= attempt->least)
		return SVSHM_OK;
	return svshm__error_set(attempt->error, SVSHM_INVALID_SIZE,
				"the object has %llu bytes, and %zu were asked "
				"for",
				(unsigned long long)view->data_size,
				attempt->least);
}

/* What has nothing to do with who uses it. */
static int check_joinable(struct svshm__attempt *attempt)
{
	const struct svshm__evidence *evidence = &attempt->evidence;

	if (!svshm__lock_engine(evidence->view.lock_engine))
		return svshm__error_set(attempt->error, SVSHM_INCOMPATIBLE,
					"the object uses lock engine %lu, "
					"which this build does not have",
					(unsigned long)
						evidence->view.lock_engine);
	if (evidence->mapping_read_only && !evidence->borrowed)
		return svshm__error_set(attempt->error,
					SVSHM_PERMISSION_DENIED,
					"the segment's mode and that of its "
					"semaphore set differ: somebody has "
					"changed one; its owner or root gives "
					"both the same, or removes the object "
					"with \"svshm remove\"");
	return svshm__attempt_check_size(attempt);
}

static int join_users(struct svshm__attempt *attempt)
{
	const struct svshm__evidence *evidence = &attempt->evidence;
	bool is_lost = evidence->set_state == SVSHM__SET_LOST;
	int64_t left = attempt->deadline - svshm__process_now();

	/* A child that was being forked as the set was made anew. */
	if (!evidence->stranded && is_lost &&
	    left > (SVSHM__GATE_TIMEOUT_MS - CHILDREN_MS) * SVSHM__MILLISECOND)
		return SVSHM__AGAIN;
	if (evidence->stranded || is_lost)
		return svshm__attempt_refuse(attempt, SVSHM_VERDICT_IN_USE);
	/* Of those who were registered, only children are left. */
	attempt->orphaned = !evidence->held && evidence->died > 0;
	attempt->deserted = false;
	return svshm__attempt_register(attempt, &evidence->view);
}

static int join(struct svshm__attempt *attempt, enum svshm_verdict verdict)
{
	int code = check_joinable(attempt);

	if (!code)
		code = verdict == SVSHM_VERDICT_ORPHAN ? take_over(attempt) :
							 join_users(attempt);
	if (code)
		svshm__attempt_leave(attempt);
	return code;
}

/*
 * It is no object any more, or was none yet. If it is of a maker who died before
 * he met the object of this name, whose key file was lost, a second look
 * finds that. What was retired is in nobody's way.
 */
static int clear_away(struct svshm__attempt *attempt)
{
	const struct svshm__evidence *evidence = &attempt->evidence;
	bool retired = evidence->segment_id >= 0 &&
		       evidence->header == SVSHM__HEADER_VALID &&
		       evidence->view.retired;
	int code = svshm__attempt_remove(attempt);

	return code ? code : retired ? SVSHM__NEXT : SVSHM__AGAIN;
}

/* Steps 6 and 7, inside the gate. */
static int act(struct svshm__attempt *attempt)
{
	enum svshm_verdict verdict;
	int code = svshm__attempt_judge(attempt, true, &verdict);

	if (code) {
		svshm__attempt_leave(attempt);
		return code;
	}
	switch (verdict) {
	case SVSHM_VERDICT_IN_USE:
	case SVSHM_VERDICT_ORPHAN:
		return join(attempt, verdict);
	case SVSHM_VERDICT_HALF_MADE:
	case SVSHM_VERDICT_HALF_REMOVED:
		return clear_away(attempt);
	case SVSHM_VERDICT_FOREIGN:
		svshm__attempt_leave(attempt);
		return SVSHM__NEXT;
	case SVSHM_VERDICT_GONE:
		svshm__attempt_leave(attempt);
		return SVSHM__AGAIN;
	case SVSHM_VERDICT_CORRUPT:
	case SVSHM_VERDICT_UNKNOWN:
		break;
	}
	code = svshm__attempt_refuse(attempt, verdict);
	svshm__attempt_leave(attempt);
	/* Never completed, and not ours to remove: nothing to attach to. */
	return code == SVSHM_ALREADY_EXISTS ? SVSHM_NOT_FOUND : code;
}

static int enter_and_act(struct svshm__attempt *attempt, bool make)
{
	int code = svshm__attempt_enter(attempt, make);

	if (code == SVSHM_PERMISSION_DENIED &&
	    attempt->evidence.set.status.count > 0 &&
	    svshm__judge_trusted(attempt->evidence.set.status.uid,
				 attempt->evidence.set.status.creator_uid,
				 &attempt->file))
		return svshm__attempt_read_only(attempt);
	return code ? code : act(attempt);
}

static int attach_at(struct svshm__attempt *attempt)
{
	int code = svshm__key_of(attempt->file.path, attempt->project,
				 &attempt->key, attempt->error);

	if (code)
		return code == SVSHM_NOT_FOUND ? SVSHM__AGAIN : code;
	attempt->evidence.set.status.count = 0;
	code = enter_and_act(attempt, false);
	return code == SVSHM_NOT_FOUND && attempt->evidence.set.id < 0 ?
		SVSHM__NEXT : code;
}

/*
 * Nothing under the keys of the key file, or no key file. The object may live
 * all the same: its key file was lost, its key was another's once, or somebody
 * removed its set alone.
 */
static int attach_found(struct svshm__attempt *attempt)
{
	struct svshm__found found;

	if (svshm__scan_find(&attempt->file, -1, &found))
		return SVSHM_NOT_FOUND;
	attempt->key = found.key;
	attempt->by_scan = true;
	attempt->evidence.set.status.count = 0;

	int code = enter_and_act(attempt, true);

	return code == SVSHM__NEXT ? SVSHM__AGAIN : code;
}

/* A key file alone is what a maker left that died at once: it goes, too. */
static int remove_lone_key_file(struct svshm__attempt *attempt)
{
	int code;

	if (attempt->file.native || !attempt->file.exists)
		return SVSHM_NOT_FOUND;
	/* What was retired needs it, so that its owner finds it. */
	if (!attempt->file.private &&
	    !svshm__keys_unused(attempt->file.path, -1))
		return SVSHM_NOT_FOUND;
	code = svshm__key_file_check(attempt->file.path, attempt->error);
	if (code)
		return code;
	attempt->project = SVSHM__PROJECT_FIRST;
	attempt->by_scan = false;
	code = svshm__key_of(attempt->file.path, attempt->project,
			     &attempt->key, attempt->error);
	if (code)
		return code;
	code = enter_and_act(attempt, true);
	return code == SVSHM__NEXT ? SVSHM_NOT_FOUND : code;
}

int svshm__attempt_attach(struct svshm__attempt *attempt)
{
	const struct svshm *handle = attempt->handle;
	int code = svshm__key_file_look(&attempt->file, handle->native_key,
					handle->native, svshm__user(handle),
					attempt->error);

	attempt->by_scan = false;
	if (code && (code != SVSHM_NOT_FOUND || !attempt->file.path)) {
		svshm__key_file_free(&attempt->file);
		return code;
	}
	attempt->name_hash = svshm__key_name_hash(attempt->file.path);
	code = SVSHM__NEXT;
	for (int i = 0; attempt->file.exists && i < SVSHM__PROJECTS &&
			code == SVSHM__NEXT; i++) {
		attempt->project = SVSHM__PROJECT_FIRST + i;
		code = attach_at(attempt);
	}
	if (code == SVSHM__NEXT) {
		code = attach_found(attempt);
		if (code == SVSHM_NOT_FOUND)
			code = remove_lone_key_file(attempt);
	}
	if (code == SVSHM_NOT_FOUND)
		svshm__error_set(attempt->error, SVSHM_NOT_FOUND,
				 "there is no object with the key file %.300s",
				 attempt->file.path);
	if (code == SVSHM_OK)
		svshm__attempt_sweep(attempt);
	svshm__key_file_free(&attempt->file);
	return code;
}

int svshm__native_taken_over(struct svshm *handle)
{
	return svshm__error_set(&handle->error, SVSHM_ORPHANED,
				"an orphan was taken over: all its users had "
				"died without detaching, so its data may be "
				"old or half written");
}

int svshm__native_attach(struct svshm *handle, enum svshm_access access)
{
	struct svshm__attempt attempt;
	int code;

	svshm__attempt_start(&attempt, handle, access, 0);
	code = svshm__attempt_run(&attempt, svshm__attempt_attach);
	return code || !attempt.orphaned ? code :
					   svshm__native_taken_over(handle);
}
