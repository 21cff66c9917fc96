/* SPDX-License-Identifier: BSD-2-Clause */
#include <config.h>

#include "recovery/foreign.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "recovery/estimate.h"
#include "recovery/idle.h"

struct foreign_work {
	const struct svshm_object *object;
	struct svshm_recovery *recovery;
	struct svshm__error error;
	struct svshm__segment_status segment;
	struct svshm__set_status set;
	char reason[512]; /* why it is a leftover, or is not */
};

static int gone(struct foreign_work *work)
{
	return svshm__error_set(&work->error, SVSHM_NOT_FOUND,
				"it is gone already, or changed meanwhile");
}

/*
 * Ids are used again: is it what was shown? Whoever changed its owner or mode
 * meanwhile (that is the change time) wants it.
 */
static int look(struct foreign_work *work)
{
	const struct svshm_object *object = work->object;
	bool same;
	int code;

	if (object->segment_id >= 0) {
		code = svshm__segment_stat(object->segment_id, &work->segment,
					   &work->error);
		same = work->segment.key == object->ipc_key &&
		       work->segment.change_time == object->create_time &&
		       work->segment.creator_pid == object->creator_pid &&
		       work->segment.size == object->segment_size;
	} else {
		code = svshm__semset_stat(object->semaphore_id, &work->set,
					  &work->error);
		same = work->set.key == object->ipc_key &&
		       work->set.change_time == object->create_time &&
		       (unsigned)work->set.count == object->semaphore_count;
	}
	if (code == SVSHM_REMOVED || (!code && !same))
		return gone(work);
	return code;
}

static int64_t last_use(const struct svshm__set_status *set)
{
	return set->operation_time > set->change_time ? set->operation_time :
							set->change_time;
}

/* Left over: its users are dead, or, if the caller asks so, it was long idle. */
static bool judge_segment(struct foreign_work *work, struct svshm__lives *lives)
{
	const struct svshm_recovery *recovery = work->recovery;

	if (svshm__estimate_segment(lives, &work->segment, work->reason,
				    sizeof(work->reason)))
		return true;
	return (recovery->flags & SVSHM_RECOVER_UNMAPPED) &&
	       svshm__idle_segment(&work->segment, recovery->unmapped_for,
				   work->reason, sizeof(work->reason));
}

static bool judge_set(struct foreign_work *work, struct svshm__lives *lives,
		      const struct svshm__set_use *use)
{
	const struct svshm_recovery *recovery = work->recovery;

	if (svshm__estimate_set(lives, &work->set, use, work->reason,
				sizeof(work->reason)))
		return true;
	return (recovery->flags & SVSHM_RECOVER_UNMAPPED) &&
	       svshm__idle_set(lives, &work->set, use, recovery->unmapped_for,
			       work->reason, sizeof(work->reason));
}

/* Again from the start: processes come and go. */
static int judge(struct foreign_work *work, struct svshm__lives *lives)
{
	const struct svshm_object *object = work->object;
	struct svshm__set_use use;
	bool left;
	int code = look(work);

	if (code)
		return code;
	if (object->segment_id >= 0) {
		svshm__lives_renew(lives, work->segment.change_time);
		left = judge_segment(work, lives);
	} else {
		code = svshm__set_use_look(&use, object->semaphore_id,
					   work->set.count);
		if (code)
			return code == SVSHM_REMOVED ? gone(work) :
				svshm__error_set(&work->error, code,
						 "its semaphores may not be "
						 "read");
		svshm__lives_renew(lives, last_use(&work->set));
		left = judge_set(work, lives, &use);
		svshm__set_use_free(&use);
	}
	return left ? SVSHM_OK :
		svshm__error_set(&work->error, SVSHM_BUSY, "%s", work->reason);
}

/* What the kernel would say only after the data have been saved. */
static int check_owner(struct foreign_work *work)
{
	bool segment = work->object->segment_id >= 0;
	uid_t uid = segment ? work->segment.uid : work->set.uid;
	uid_t creator = segment ? work->segment.creator_uid :
				  work->set.creator_uid;
	uid_t us = geteuid();

	if (us == 0 || us == uid || us == creator)
		return SVSHM_OK;
	return svshm__error_set(&work->error, SVSHM_PERMISSION_DENIED,
				"it belongs to uid %lu", (unsigned long)uid);
}

static int save(struct foreign_work *work)
{
	struct svshm_recovery *recovery = work->recovery;
	int id = work->object->segment_id;
	void *memory;
	int code;

	if (!recovery->save || id < 0)
		return SVSHM_OK;
	code = svshm__segment_map(id, true, &memory, &work->error);
	if (code)
		return code;
	code = recovery->save(work->object, memory,
			      (size_t)work->segment.size, recovery->context);
	svshm__segment_unmap(memory);
	if (code)
		svshm__error_set(&work->error, code,
				 "the data could not be saved, so the segment "
				 "stays");
	return code;
}

/*
 * Since it was judged. Saving takes time, and has changed the times and the last
 * user.
 */
static int look_last(struct foreign_work *work)
{
	struct svshm__segment_status segment = work->segment;
	struct svshm__set_status set = work->set;
	bool used;
	int code = look(work);

	if (code)
		return code;
	if (work->object->segment_id < 0)
		used = work->set.operation_time != set.operation_time;
	else if (work->recovery->save)
		used = work->segment.mappings > 0;
	else
		used = work->segment.mappings > 0 ||
		       work->segment.last_pid != segment.last_pid ||
		       work->segment.attach_time != segment.attach_time ||
		       work->segment.detach_time != segment.detach_time;
	return used ? svshm__error_set(&work->error, SVSHM_BUSY,
				       "somebody has used it just now") :
		      SVSHM_OK;
}

static int remove_it(struct foreign_work *work)
{
	const struct svshm_object *object = work->object;
	struct svshm__segment_status status;
	int code;

	if (object->segment_id < 0)
		return svshm__semset_remove(object->semaphore_id, &work->error);
	code = svshm__segment_remove(object->segment_id, &work->error);
	if (!code && svshm__segment_stat(object->segment_id, &status, NULL) ==
		     SVSHM_OK && status.mappings)
		svshm__error_set(&work->error, SVSHM_OK,
				 "; somebody attached in that very moment, and "
				 "keeps the memory without its key");
	return code;
}

static int recover(struct foreign_work *work, struct svshm__lives *lives)
{
	struct svshm__lives once = { .listed = false };
	bool dry = (work->recovery->flags & SVSHM_RECOVER_DRY_RUN) != 0;
	int code = judge(work, lives ? lives : &once);

	svshm__lives_free(&once);
	if (!code)
		code = check_owner(work);
	if (code || dry)
		return code;
	code = save(work);
	if (!code)
		code = look_last(work);
	return code ? code : remove_it(work);
}

int svshm__recover_foreign(const struct svshm_object *object,
			   struct svshm_recovery *recovery,
			   struct svshm__lives *lives)
{
	struct foreign_work work = { .object = object, .recovery = recovery };
	int code = recover(&work, lives);

	recovery->verdict = code == SVSHM_NOT_FOUND ? SVSHM_VERDICT_GONE :
						      SVSHM_VERDICT_FOREIGN;
	if (code)
		snprintf(recovery->message, sizeof(recovery->message), "%s",
			 work.error.message);
	else
		snprintf(recovery->message, sizeof(recovery->message),
			 "%s: %s (%s)%.400s",
			 recovery->flags & SVSHM_RECOVER_DRY_RUN ?
				 "would be removed" : "removed",
			 svshm_verdict_string(SVSHM_VERDICT_FOREIGN),
			 work.reason, work.error.message);
	return code;
}
