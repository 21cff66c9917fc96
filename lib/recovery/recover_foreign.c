/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Another program's segment or set is judged again and removed. There is no
 * gate to shut, so the last look comes right before the removal; who attaches
 * to a segment in between keeps the memory (IPC_RMID waits for the last
 * detach), but the segment has lost its key.
 */
#include <config.h>

#include <string.h>
#include <unistd.h>

#include "recovery/estimate.h"
#include "recovery/idle.h"
#include "recovery/steps.h"
#include "recovery/visit.h"

struct foreign {
	struct svshm__segment_status segment;
	struct svshm__set_status set;
	struct svshm__pids *pids; /* of the scan that shows it, which thousands
				     have in common; or our own */
	void *mapping;            /* of the segment, while it is saved */
};

/*
 * Ids are used again: is it what was shown? Whoever changed its owner or mode
 * meanwhile (that is the change time) wants it.
 */
static int look(struct svshm__recovery_work *work)
{
	struct foreign *foreign = work->own;
	const struct svshm_object *object = work->object;
	bool same;
	int code;

	if (object->segment_id >= 0) {
		code = svshm__segment_stat(object->segment_id,
					   &foreign->segment, &work->error);
		same = foreign->segment.key == object->ipc_key &&
		       foreign->segment.change_time == object->create_time &&
		       foreign->segment.creator_pid == object->creator_pid &&
		       foreign->segment.size == object->segment_size;
	} else {
		code = svshm__semset_stat(object->semaphore_id, &foreign->set,
					  &work->error);
		same = foreign->set.key == object->ipc_key &&
		       foreign->set.change_time == object->create_time &&
		       (unsigned)foreign->set.count == object->semaphore_count;
	}
	if (code == SVSHM_REMOVED || (!code && !same))
		return svshm__recovery_gone(work);
	return code;
}

static int64_t last_use(const struct svshm__set_status *set)
{
	return set->operation_time > set->change_time ? set->operation_time :
							set->change_time;
}

/* Left over: its users are dead, or, if the caller asks so, it was long idle. */
static bool judge_segment(struct svshm__recovery_work *work)
{
	struct foreign *foreign = work->own;
	const struct svshm_recovery *recovery = work->recovery;

	if (svshm__estimate_segment(foreign->pids, &foreign->segment,
				    work->reason, sizeof(work->reason)))
		return true;
	return (recovery->flags & SVSHM_RECOVER_UNMAPPED) &&
	       svshm__idle_segment(&foreign->segment, recovery->unmapped_for,
				   work->reason, sizeof(work->reason));
}

static bool judge_set(struct svshm__recovery_work *work,
		      const struct svshm__set_use *use)
{
	struct foreign *foreign = work->own;
	const struct svshm_recovery *recovery = work->recovery;

	if (svshm__estimate_set(foreign->pids, &foreign->set, use, work->reason,
				sizeof(work->reason)))
		return true;
	return (recovery->flags & SVSHM_RECOVER_UNMAPPED) &&
	       svshm__idle_set(foreign->pids, &foreign->set, use,
			       recovery->unmapped_for, work->reason,
			       sizeof(work->reason));
}

/* Again from the start: processes come and go. */
static int judge(struct svshm__recovery_work *work)
{
	struct foreign *foreign = work->own;
	const struct svshm_object *object = work->object;
	struct svshm__set_use use;
	bool left;
	int code = look(work);

	if (code)
		return code;
	if (object->segment_id >= 0) {
		svshm__pids_renew(foreign->pids, foreign->segment.change_time);
		left = judge_segment(work);
	} else {
		code = svshm__set_use_look(&use, object->semaphore_id,
					   foreign->set.count);
		if (code)
			return code == SVSHM_REMOVED ?
				       svshm__recovery_gone(work) :
				       svshm__error_set(
					       &work->error, code,
					       "its semaphores may not be "
					       "read");
		svshm__pids_renew(foreign->pids, last_use(&foreign->set));
		left = judge_set(work, &use);
		svshm__set_use_free(&use);
	}
	return left ? SVSHM_OK :
		      svshm__error_set(&work->error, SVSHM_BUSY, "%s",
				       work->reason);
}

/* What the kernel would say only after the data have been saved. */
static int check_owner(struct svshm__recovery_work *work)
{
	const struct foreign *foreign = work->own;
	bool segment = work->object->segment_id >= 0;
	uid_t uid = segment ? foreign->segment.uid : foreign->set.uid;
	uid_t creator = segment ? foreign->segment.creator_uid :
				  foreign->set.creator_uid;
	uid_t us = geteuid();

	if (us == 0 || us == uid || us == creator)
		return SVSHM_OK;
	return svshm__error_set(&work->error, SVSHM_PERMISSION_DENIED,
				"it belongs to uid %lu", (unsigned long)uid);
}

static int map(struct svshm__recovery_work *work, const void **data,
	       size_t *size)
{
	struct foreign *foreign = work->own;
	int id = work->object->segment_id;

	if (id < 0)
		return SVSHM_OK;

	int code =
		svshm__segment_map(id, true, &foreign->mapping, &work->error);

	*data = foreign->mapping;
	*size = (size_t)foreign->segment.size;
	return code;
}

static void unmap(struct svshm__recovery_work *work)
{
	struct foreign *foreign = work->own;

	svshm__segment_unmap(foreign->mapping);
	foreign->mapping = NULL;
}

/*
 * Since it was judged. Saving takes time, and has changed the times and the last
 * user.
 */
static int look_last(struct svshm__recovery_work *work)
{
	const struct foreign *foreign = work->own;
	struct svshm__segment_status segment = foreign->segment;
	struct svshm__set_status set = foreign->set;
	bool used;
	int code = look(work);

	if (code)
		return code;
	if (work->object->segment_id < 0)
		used = foreign->set.operation_time != set.operation_time;
	else if (work->recovery->save)
		used = foreign->segment.mappings > 0;
	else
		used = foreign->segment.mappings > 0 ||
		       foreign->segment.last_pid != segment.last_pid ||
		       foreign->segment.attach_time != segment.attach_time ||
		       foreign->segment.detach_time != segment.detach_time;
	return used ? svshm__error_set(&work->error, SVSHM_BUSY,
				       "somebody has used it just now") :
		      SVSHM_OK;
}

static int remove_it(struct svshm__recovery_work *work)
{
	const struct svshm_object *object = work->object;
	struct svshm__segment_status status;
	int code;

	unmap(work);
	code = look_last(work);
	if (code)
		return code;
	if (object->segment_id < 0)
		return svshm__semset_remove(object->semaphore_id, &work->error);
	code = svshm__segment_remove(object->segment_id, &work->error);
	if (!code &&
	    svshm__segment_stat(object->segment_id, &status, NULL) ==
		    SVSHM_OK &&
	    status.mappings)
		work->remark = "; somebody attached in that very moment, and "
			       "keeps the memory without its key";
	return code;
}

/* Nobody can be kept out. */
static int enter(struct svshm__recovery_work *work)
{
	(void)work;
	return SVSHM_OK;
}

int svshm__recover_foreign(struct svshm__recovery_work *work)
{
	static const struct svshm__recovery_steps steps = {
		"segment", enter, judge, check_owner, map, remove_it, unmap
	};
	struct svshm__pids own = { .listed = false };
	struct foreign foreign = { .pids = svshm__visit_pids(work->object) };
	int code;

	if (!foreign.pids)
		foreign.pids = &own;
	code = svshm__recovery_run(work, &steps, &foreign);
	svshm__pids_free(&own);
	work->recovery->verdict = code == SVSHM_NOT_FOUND ?
					  SVSHM_VERDICT_GONE :
					  SVSHM_VERDICT_FOREIGN;
	return code;
}
