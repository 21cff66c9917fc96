/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What crashed Qt programs have left, removed in the order of the last detach
 * (qt.c): segment, key file, lock file, set, inside the lock. A set without a
 * segment goes by force only: nobody can tell whether it is used.
 */
#include <config.h>

#include "qt/recover.h"

#include <stdio.h>
#include <string.h>

#include "base/crashpoint.h"
#include "qt/file.h"
#include "qt/judge.h"
#include "qt/key.h"
#include "qt/lock.h"
#include "qt/owner.h"

#define TIMEOUT_MS 30000
#define TIMEOUT_WITH_FORCE_MS 1000

struct work {
	const struct svshm_object *object;
	struct svshm_recovery *recovery;
	struct svshm__error *error;
	struct svshm__qt_names names;
	struct svshm__qt_file file;
	struct svshm__qt_lock lock;
	struct svshm__qt_evidence evidence;
	bool inside;
	bool borrowed; /* this thread owns the lock, by a key that shares it */
	bool stays;    /* the lock: somebody else has it, by such a key */
};

static int gone(struct work *work)
{
	return svshm__error_set(work->error, SVSHM_NOT_FOUND,
				"it is gone already, or changed meanwhile");
}

/* ftok puts its second argument into the topmost of 32 bits. */
static int set_names(struct work *work)
{
	int project = (int)(((uint64_t)work->object->ipc_key >> 24) & 0xff);

	if (!work->object->native_key)
		return svshm__error_set(work->error, SVSHM_INVALID_ARGUMENT,
					"the object has no native key");
	return svshm__qt_names_of_path(&work->names, work->object->native_key,
				       project, work->error);
}

/* By force also without the lock: who holds it may never give it back. */
static int enter(struct work *work)
{
	bool force = (work->recovery->flags & SVSHM_RECOVER_FORCE) != 0;
	int code;

	work->lock.set_id = -1;
	work->lock.make = true;
	code = svshm__qt_lock_take(&work->lock, &work->names,
				   force ? TIMEOUT_WITH_FORCE_MS : TIMEOUT_MS,
				   work->error);
	work->borrowed = code == SVSHM_DEADLOCK;
	if (work->borrowed)
		code = SVSHM_OK;
	work->inside = code == SVSHM_OK;
	return force && (code == SVSHM_TIMED_OUT || code == SVSHM_LOCK_ERROR) ?
		SVSHM_OK : code;
}

static void leave(struct work *work)
{
	if (work->inside)
		svshm__qt_lock_withdraw(&work->lock, &work->names,
					work->borrowed);
}

/* What is there now must be what was shown. */
static int look(struct work *work)
{
	struct svshm__qt_evidence *evidence = &work->evidence;
	int code = svshm__qt_file_look(&work->file, work->names.segment,
				       work->names.project, work->names.legacy,
				       false, work->error);

	evidence->segment_id = -1;
	if (!code)
		code = svshm__qt_judge_segment(evidence, &work->file,
					       work->error);
	if (code && code != SVSHM_NOT_FOUND && !evidence->unreadable &&
	    !evidence->foreign)
		return code;
	if (evidence->segment_id != work->object->segment_id)
		return gone(work);
	/* The set is known: it is the one whose lock we have. */
	evidence->set_id = work->lock.made ? -1 : work->lock.set_id;
	evidence->value = 1;
	if (evidence->segment_id < 0 && !work->lock.replaced &&
	    evidence->set_id != work->object->semaphore_id)
		return gone(work);
	return SVSHM_OK;
}

static enum svshm_verdict judge(struct work *work)
{
	enum svshm_verdict verdict = svshm__qt_judge(&work->evidence);

	/* One that is just being mapped is no orphan. */
	if (verdict == SVSHM_VERDICT_ORPHAN &&
	    svshm__qt_judge_unused(work->evidence.segment_id, NULL))
		return SVSHM_VERDICT_IN_USE;
	return verdict;
}

/*
 * Who has the lock may have it by another key, which nobody wants to remove.
 * Then it stays, and his file; a lock without memory is all there is to remove.
 */
static int decide_lock(struct work *work)
{
	char other[SVSHM__QT_NAME_SIZE];

	if (work->inside && !work->borrowed)
		return SVSHM_OK;

	bool shared = work->lock.set_id >= 0 &&
		svshm__qt_file_shares_lock(&work->lock.file, work->names.lock,
					   other, sizeof(other));

	work->stays = shared || svshm__qt_owner_look(
		work->lock.set_id, &work->lock.file, false) ==
			SVSHM__QT_INSIDE_OTHER;
	if (!work->stays || work->evidence.segment_id >= 0)
		return SVSHM_OK;
	return svshm__error_set(work->error, SVSHM_BUSY,
				"somebody has the lock, and it is also that of "
				"%.200s: he may have it by that", shared ?
					other : "another key");
}

static int decide(struct work *work)
{
	bool force = (work->recovery->flags & SVSHM_RECOVER_FORCE) != 0;
	enum svshm_verdict verdict = work->recovery->verdict;
	char reason[512];

	if (verdict == SVSHM_VERDICT_ORPHAN)
		return svshm__qt_file_check_collision(
			&work->file, work->names.segment, work->names.project,
			work->error);
	if (verdict == SVSHM_VERDICT_GONE)
		return gone(work);
	if (force && verdict != SVSHM_VERDICT_FOREIGN)
		return SVSHM_OK;
	svshm__qt_judge_reason(&work->evidence, verdict, reason,
			       sizeof(reason));
	return svshm__error_set(work->error,
				verdict == SVSHM_VERDICT_FOREIGN ?
					SVSHM_NOT_SUPPORTED : SVSHM_BUSY,
				"%s: %s", svshm_verdict_string(verdict),
				reason);
}

static int save(struct work *work)
{
	const struct svshm_recovery *recovery = work->recovery;
	void *data;
	int code;

	if (!recovery->save || work->evidence.segment_id < 0)
		return SVSHM_OK;
	code = svshm__segment_map(work->evidence.segment_id, true, &data,
				  work->error);
	if (code)
		return code;
	code = recovery->save(work->object, data,
			      (size_t)work->evidence.segment.size,
			      recovery->context);
	svshm__segment_unmap(data);
	if (code)
		svshm__error_set(work->error, code,
				 "the data could not be saved, so the object "
				 "stays");
	return code;
}

static int remove_all(struct work *work)
{
	int code = SVSHM_OK;

	if (work->evidence.segment_id >= 0)
		code = svshm__segment_remove(work->evidence.segment_id,
					     work->error);
	CRASHPOINT("qt:segment gone");
	if (code)
		return code;
	if (work->file.inode)
		svshm__qt_file_unlink(&work->file, work->names.segment);
	CRASHPOINT("qt:file gone");
	if (work->stays)
		leave(work);
	else
		svshm__qt_lock_remove(&work->lock, &work->names);
	return SVSHM_OK;
}

int svshm__qt_recover(const struct svshm_object *object,
		      struct svshm_recovery *recovery,
		      struct svshm__error *error)
{
	struct work work;
	int code;

	memset(&work, 0, sizeof(work));
	work.object = object;
	work.recovery = recovery;
	work.error = error;
	code = set_names(&work);
	if (code)
		return code;
	code = enter(&work);
	if (code)
		goto out;
	code = look(&work);
	if (!code) {
		recovery->verdict = judge(&work);
		code = decide(&work);
	}
	if (!code)
		code = decide_lock(&work);
	if (!code && !(recovery->flags & SVSHM_RECOVER_DRY_RUN)) {
		code = save(&work);
		if (!code)
			code = remove_all(&work);
		if (!code)
			goto out;
	}
	leave(&work);
out:
	svshm__qt_names_free(&work.names);
	return code;
}
