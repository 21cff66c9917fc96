/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What crashed Qt programs have left, removed in the order of the last detach
 * (qt.c): segment, key file, lock file, set, inside the lock. A set without a
 * segment goes by force only: nobody can tell whether it is used.
 */
#include <config.h>

#include <stdio.h>
#include <string.h>

#include "base/crashpoint.h"
#include "qt/file.h"
#include "qt/judge.h"
#include "qt/key.h"
#include "qt/lock.h"
#include "qt/owner.h"
#include "recovery/steps.h"

#define TIMEOUT_WITH_FORCE_MS 1000

struct qt {
	struct svshm__qt_names names;
	struct svshm__qt_file file;
	struct svshm__qt_lock lock;
	struct svshm__qt_evidence evidence;
	bool inside;
	bool borrowed; /* this thread owns the lock, by a key that shares it */
	bool stays;    /* the lock: somebody else has it, by such a key */
	void *mapping; /* of the segment, while it is saved */
};

/* ftok puts its second argument into the topmost of 32 bits. */
static int set_names(struct svshm__recovery_work *work)
{
	struct qt *qt = work->own;
	int project = (int)(((uint64_t)work->object->ipc_key >> 24) & 0xff);

	if (!work->object->native_key)
		return svshm__error_set(&work->error, SVSHM_INVALID_ARGUMENT,
					"the object has no native key");
	return svshm__qt_names_of_path(&qt->names, work->object->native_key,
				       project, &work->error);
}

/* By force also without the lock: who holds it may never give it back. */
static int enter(struct svshm__recovery_work *work)
{
	struct qt *qt = work->own;
	struct svshm__qt_names names = qt->names;
	int code;

	memset(qt, 0, sizeof(*qt));
	qt->names = names;
	code = names.segment ? SVSHM_OK : set_names(work);
	if (code)
		return code;
	qt->lock.set_id = -1;
	qt->lock.make = true;
	code = svshm__qt_lock_take(&qt->lock, &qt->names,
				   work->force ? TIMEOUT_WITH_FORCE_MS :
						 SVSHM__RECOVERY_TIMEOUT_MS,
				   &work->error);
	qt->borrowed = code == SVSHM_DEADLOCK;
	if (qt->borrowed)
		code = SVSHM_OK;
	qt->inside = code == SVSHM_OK;
	if (work->force &&
	    (code == SVSHM_TIMED_OUT || code == SVSHM_LOCK_ERROR))
		return SVSHM_OK;
	return code;
}

static void unmap(struct qt *qt)
{
	svshm__segment_unmap(qt->mapping);
	qt->mapping = NULL;
}

static void leave(struct svshm__recovery_work *work)
{
	struct qt *qt = work->own;

	unmap(qt);
	if (qt->inside)
		svshm__qt_lock_withdraw(&qt->lock, &qt->names, qt->borrowed);
	qt->inside = false;
}

/* What is there now must be what was shown. */
static int look(struct svshm__recovery_work *work)
{
	struct qt *qt = work->own;
	struct svshm__qt_evidence *evidence = &qt->evidence;
	int code = svshm__qt_file_look(&qt->file, qt->names.segment,
				       qt->names.project, qt->names.legacy,
				       SVSHM__QT_LOOK, &work->error);

	evidence->segment_id = -1;
	if (!code)
		code = svshm__qt_judge_segment(evidence, &qt->file,
					       &work->error);
	if (code && code != SVSHM_NOT_FOUND && !evidence->unreadable &&
	    !evidence->foreign)
		return code;
	if (evidence->segment_id != work->object->segment_id)
		return svshm__recovery_gone(work);
	/* The set is known: it is the one whose lock we have. */
	evidence->set_id = qt->lock.made ? -1 : qt->lock.set_id;
	evidence->value = 1;
	if (evidence->segment_id < 0 && !qt->lock.replaced &&
	    evidence->set_id != work->object->semaphore_id)
		return svshm__recovery_gone(work);
	return SVSHM_OK;
}

static int judge(struct svshm__recovery_work *work)
{
	struct qt *qt = work->own;
	enum svshm_verdict verdict;
	int code = look(work);

	if (code)
		return code;
	verdict = svshm__qt_judge(&qt->evidence);
	/* One that is just being mapped is no orphan. */
	if (verdict == SVSHM_VERDICT_ORPHAN &&
	    svshm__qt_judge_unused(&qt->evidence, NULL))
		verdict = SVSHM_VERDICT_IN_USE;
	work->recovery->verdict = verdict;
	return SVSHM_OK;
}

/*
 * Who has the lock may have it by another key, which nobody wants to remove.
 * Then it stays, and his file; a lock without memory is all there is to remove.
 */
static int decide_lock(struct svshm__recovery_work *work)
{
	struct qt *qt = work->own;
	char other[SVSHM__QT_NAME_SIZE];

	if (qt->inside && !qt->borrowed)
		return SVSHM_OK;

	bool shared = qt->lock.set_id >= 0 &&
		      svshm__qt_file_shares_lock(&qt->lock.file, qt->names.lock,
						 other, sizeof(other));

	qt->stays =
		shared || svshm__qt_owner_look(qt->lock.set_id, &qt->lock.file,
					       false) == SVSHM__QT_INSIDE_OTHER;
	if (!qt->stays || qt->evidence.segment_id >= 0)
		return SVSHM_OK;
	return svshm__error_set(&work->error, SVSHM_BUSY,
				"somebody has the lock, and it is also that of "
				"%.200s: he may have it by that",
				shared ? other : "another key");
}

static int decide_object(struct svshm__recovery_work *work)
{
	const struct qt *qt = work->own;
	enum svshm_verdict verdict = work->recovery->verdict;
	char reason[512];

	if (verdict == SVSHM_VERDICT_ORPHAN)
		return svshm__qt_file_check_collision(
			&qt->file, qt->names.segment, qt->names.project,
			&work->error);
	if (verdict == SVSHM_VERDICT_GONE)
		return svshm__recovery_gone(work);
	if (work->force && verdict != SVSHM_VERDICT_FOREIGN)
		return SVSHM_OK;
	svshm__qt_judge_reason(&qt->evidence, verdict, reason, sizeof(reason));
	return svshm__error_set(
		&work->error,
		verdict == SVSHM_VERDICT_FOREIGN ? SVSHM_NOT_SUPPORTED :
						   SVSHM_BUSY,
		"%s: %s", svshm_verdict_string(verdict), reason);
}

static int decide(struct svshm__recovery_work *work)
{
	int code = decide_object(work);

	return code ? code : decide_lock(work);
}

static int map(struct svshm__recovery_work *work, const void **data,
	       size_t *size)
{
	struct qt *qt = work->own;
	int code;

	if (qt->evidence.segment_id < 0)
		return SVSHM_OK;
	code = svshm__segment_map(qt->evidence.segment_id, true, &qt->mapping,
				  &work->error);
	*data = qt->mapping;
	*size = (size_t)qt->evidence.segment.size;
	return code;
}

static int remove_it(struct svshm__recovery_work *work)
{
	struct qt *qt = work->own;
	int code = SVSHM_OK;

	unmap(qt);
	if (qt->evidence.segment_id >= 0)
		code = svshm__segment_remove(qt->evidence.segment_id,
					     &work->error);
	CRASHPOINT("qt:segment gone");
	if (code)
		return code;
	if (qt->file.inode)
		svshm__qt_file_unlink(&qt->file, qt->names.segment);
	CRASHPOINT("qt:file gone");
	if (qt->stays)
		return SVSHM_OK;
	svshm__qt_lock_remove(&qt->lock, &qt->names, NULL);
	qt->inside = false;
	return SVSHM_OK;
}

int svshm__recover_qt(struct svshm__recovery_work *work)
{
	static const struct svshm__recovery_steps steps = {
		"object", enter, judge, decide, map, remove_it, leave
	};
	struct qt qt = { .inside = false };
	int code;

	code = svshm__recovery_run(work, &steps, &qt);
	svshm__qt_names_free(&qt.names);
	return code;
}
