/* SPDX-License-Identifier: BSD-2-Clause */
/* create: steps 1 to 12 of the protocol at the head of object.c. */
#include <config.h>

#include "object/object.h"

#include <string.h>
#include <unistd.h>

#include "base/crashpoint.h"
#include "lock/lock.h"
#include "object/plan.h"
#include "object/remove.h"

static gid_t group_of(const struct svshm *handle)
{
	return handle->group == (gid_t)-1 ? getegid() : handle->group;
}

/* Whether a set that others have made is of the group wanted. */
static bool has_group(const struct svshm__operation *operation,
		      const struct svshm__set *set)
{
	const struct svshm *handle = operation->handle;

	return (operation->made_set && handle->group == (gid_t)-1) ||
	       set->status.gid == group_of(handle);
}

/*
 * Only what differs from what semget and shmget have set already. When the set
 * was changed last is noted in the header: later changes are others'.
 */
static int set_owner(struct svshm__operation *operation)
{
	const struct svshm *handle = operation->handle;
	struct svshm__set *set = &operation->evidence.set;
	mode_t mode = handle->mode | 0600;
	uid_t us = operation->file.us, owner = operation->file.user;
	int code = SVSHM_OK;

	if (set->status.mode != mode || !has_group(operation, set) ||
	    (set->status.uid != owner && us == 0))
		code = svshm__semset_change(set->id, mode | SVSHM__SET_MARK,
					    owner, group_of(handle),
					    operation->error);
	if (!code && (handle->group != (gid_t)-1 || owner != us))
		code = svshm__segment_change(operation->evidence.segment_id,
					     mode, owner, group_of(handle),
					     operation->error);
	CRASHPOINT("create:given");
	if (!code)
		code = svshm__semset_stat(set->id, &set->status,
					  operation->error);
	return code;
}

/* Of huge pages if that is the wish and may be, else of ordinary ones. */
static int make_pages(struct svshm__operation *operation, struct svshm__plan *plan)
{
	struct svshm__pages *pages = &operation->handle->pages;
	size_t page = svshm__pages_wanted(pages, operation->size);
	mode_t mode = operation->handle->mode | 0600;
	int *id = &operation->evidence.segment_id, code = SVSHM_OK;

	if (page) {
		code = svshm__plan_make(operation, plan, page);
		if (!code)
			code = svshm__pages_make(pages, page, operation->key,
						 plan->total, mode, id);
		if (!code || code == SVSHM_ALREADY_EXISTS)
			return code;
		code = svshm__plan_make(operation, plan, svshm__page_size());
	}
	return code ? code :
		      svshm__segment_make(operation->key, plan->total, mode, id,
					  operation->error);
}

/* Step 9, and 10 at its end. */
static int make_segment(struct svshm__operation *operation, struct svshm__plan *plan)
{
	struct svshm__evidence *evidence = &operation->evidence;
	int code = make_pages(operation, plan);

	if (code)
		return code;
	CRASHPOINT("create:segment made");
	/* Ours, and of the users to come. */
	memset(&evidence->turn, 0, sizeof(evidence->turn));
	evidence->header = SVSHM__HEADER_UNPUBLISHED;
	evidence->segment.uid = evidence->segment.creator_uid =
		operation->file.us;
	code = set_owner(operation);
	if (!code)
		code = svshm__segment_map_patiently(evidence->segment_id, false,
						    &evidence->mapping,
						    operation->error);
	if (code)
		return code;
	evidence->borrowed = NULL;
	evidence->mapping_read_only = false;
	/* Of a word that is 0 yet: unless another, in a gate that is no more,
	   has taken it for half-made. */
	if (!svshm__turn_take(&evidence->turn, evidence->mapping,
			      evidence->set.id)) {
		evidence->segment_id = -1;
		return SVSHM__RETRY;
	}
	if (!(plan->view.flags >> SVSHM__FLAGS_PAGE_SHIFT) &&
	    svshm__pages_advise(&operation->handle->pages, evidence->mapping,
				plan->total))
		plan->view.flags |= SVSHM__FLAG_TRANSPARENT;
	svshm__plan_publish(operation, plan, evidence->mapping);
	CRASHPOINT("create:published");
	return SVSHM_OK;
}

/* ---- Create --------------------------------------------------------------- */

/* Steps 8 to 12. Whatever goes wrong, nothing stays. */
static int make(struct svshm__operation *operation)
{
	struct svshm__error *error = operation->error;
	struct svshm__plan plan;
	int code;

	operation->evidence.segment_id = -1;
	code = svshm__plan_make(operation, &plan, svshm__page_size());
	if (!code && !operation->made_set)
		code = svshm__gate_mark_creator(&operation->evidence.set,
						error);
	CRASHPOINT("create:marked");
	if (!code)
		code = make_segment(operation, &plan);
	if (code) {
		struct svshm__error first = *error;

		svshm__operation_remove(operation);
		*error = first;
		/* Some other program has taken the key meanwhile. */
		return code == SVSHM_ALREADY_EXISTS ? SVSHM__RETRY : code;
	}
	code = svshm__operation_meet_duplicates(operation);
	if (code)
		return code;
	svshm__key_file_write(&operation->file, plan.key, operation->project);
	operation->made_set = false;
	code = svshm__operation_register(operation, &plan.view);
	if (code) {
		struct svshm__error first = *error;

		svshm__operation_remove(operation);
		*error = first;
	}
	return code;
}

/* An orphan's data go to make room: first see that its successor is possible. */
static int check_size(struct svshm__operation *operation)
{
	struct svshm__plan plan;
	int code = svshm__plan_make(operation, &plan, svshm__page_size());

	return code ? code :
		      svshm__segment_try(plan.total,
					 operation->evidence.segment.size,
					 operation->error);
}

/*
 * A set that is left over is used again, so that nobody who waits at its gate
 * slips in between. It must have the size wanted, be ours to change, or as we
 * would change it, and hold no slots, children, nor a portable lock: those would
 * be of users of a removed segment, who are to notice. And nobody may have reset
 * it.
 */
static bool set_suits(const struct svshm__operation *operation)
{
	const struct svshm__set *set = &operation->evidence.set;

	return set->status.count == svshm__slot_semaphores(
					    operation->handle->max_processes) &&
	       (set->status.uid == operation->file.us ||
		(set->status.mode == (operation->handle->mode | 0600) &&
		 has_group(operation, set))) &&
	       (svshm__lock_engine_of_new != SVSHM__LOCK_PORTABLE ||
		set->values[SVSHM__SEM_LOCK] == 0) &&
	       svshm__children(set) == 0 && svshm__slots_held(set) == 0 &&
	       svshm__judge_set_sound(&operation->evidence);
}

/* Start again with a new set. */
static int renew_set(struct svshm__operation *operation)
{
	int set_id = operation->evidence.set.id;
	int code = svshm__semset_remove(set_id, operation->error);

	if (!code)
		operation->inside = false;
	/* Not permitted: it stays, and the name goes on under the next key. */
	return code == SVSHM_PERMISSION_DENIED ? SVSHM__TRY_NEXT_KEY :
	       code                            ? code :
						 SVSHM__RETRY;
}

static int replace(struct svshm__operation *operation,
		   enum svshm_verdict verdict)
{
	struct svshm__evidence *evidence = &operation->evidence;
	int code = SVSHM_OK;

	if (evidence->segment_id >= 0 &&
	    !svshm__segment_is_removable(&evidence->segment)) {
		operation->orphaned |= verdict == SVSHM_VERDICT_ORPHAN;
		return svshm__operation_pass_by(operation);
	}
	if (verdict == SVSHM_VERDICT_ORPHAN)
		code = check_size(operation);
	/* The segment is the evidence that there was an orphan: it stays until
	   we are inside the gate in which its successor is made. */
	if (!code && verdict == SVSHM_VERDICT_ORPHAN && !set_suits(operation))
		return svshm__operation_awaits_death(operation) ?
			       SVSHM__RETRY :
			       renew_set(operation);
	if (!code && evidence->segment_id >= 0) {
		svshm__evidence_free(evidence);
		code = svshm__object_remove_segment(evidence, operation->error);
	}
	if (code)
		return code;
	operation->orphaned |= verdict == SVSHM_VERDICT_ORPHAN;
	CRASHPOINT("create:leftover gone");
	return set_suits(operation) ? make(operation) : renew_set(operation);
}

/* Steps 6 to 12, inside the gate. */
static int create_inside(struct svshm__operation *operation)
{
	enum svshm_verdict verdict;
	int code = svshm__operation_judge(operation, false, &verdict);

	if (code)
		return code;
	switch (verdict) {
	case SVSHM_VERDICT_ORPHAN:
		if (operation->opening)
			break;
		return replace(operation, verdict);
	case SVSHM_VERDICT_HALF_MADE:
	case SVSHM_VERDICT_HALF_REMOVED:
		return replace(operation, verdict);
	case SVSHM_VERDICT_FOREIGN:
		return SVSHM__TRY_NEXT_KEY;
	case SVSHM_VERDICT_GONE:
		return SVSHM__RETRY;
	case SVSHM_VERDICT_IN_USE:
	case SVSHM_VERDICT_CORRUPT:
	case SVSHM_VERDICT_UNKNOWN:
		break;
	}
	return svshm__operation_refuse(operation, verdict);
}

/* Steps 2 to 12 under one IPC key. */
static int create_at(struct svshm__operation *operation)
{
	int code = svshm__operation_enter(operation, true);

	if (!code)
		code = create_inside(operation);
	svshm__operation_leave(operation);
	return code;
}

/* Where no set could be made: nobody's gate guards the key file we made. */
static void take_back_key_file(const struct svshm__operation *operation)
{
	const struct svshm__key_file *file = &operation->file;
	struct svshm__set set;
	int code = svshm__semset_find(operation->key, &set.id, NULL);

	if (!code)
		code = svshm__set_look(&set, operation->name_hash, NULL);
	if (file->made &&
	    (code == SVSHM_NOT_FOUND || code == SVSHM__TRY_NEXT_KEY))
		svshm__key_file_unlink(file->path, &file->identity, file->owner);
}

/* Step 1, and the rest for each project until a key is free or ours. */
int svshm__operation_create(struct svshm__operation *operation)
{
	const struct svshm *handle = operation->handle;
	int code = svshm__key_file_make(&operation->file, handle->native_key,
					handle->native, handle->owner,
					handle->mode, handle->group,
					operation->error);

	CRASHPOINT("create:file made");
	if (code) {
		svshm__key_file_free(&operation->file);
		return code;
	}
	operation->checks_file = true;
	operation->name_hash = svshm__key_name_hash(operation->file.path);
	code = SVSHM__TRY_NEXT_KEY;
	for (int i = 0; i < SVSHM__PROJECTS && code == SVSHM__TRY_NEXT_KEY;
	     i++) {
		operation->project = SVSHM__PROJECT_FIRST + i;
		operation->key = svshm__key_nth(operation->file.first_key, i);
		code = create_at(operation);
	}
	if (code == SVSHM__TRY_NEXT_KEY)
		code = svshm__error_set(operation->error, SVSHM_KEY_ERROR,
					"all %d IPC keys that there are for "
					"%.200s are used by others",
					SVSHM__PROJECTS, operation->file.path);
	if (code < 0)
		take_back_key_file(operation);
	if (code == SVSHM_OK)
		svshm__operation_sweep(operation);
	svshm__key_file_free(&operation->file);
	return code;
}

int svshm__object_create(struct svshm *handle, size_t size,
			 enum svshm_access access, bool locked)
{
	struct svshm__operation operation;
	int code;

	svshm__operation_start(&operation, handle, access, size);
	operation.locked = locked;
	code = svshm__operation_run(&operation, svshm__operation_create);
	if (code < 0 && operation.orphaned)
		svshm__error_append(&handle->error, "; an orphan was removed "
				    "before, its data are gone");
	if (code || !operation.orphaned)
		return code;
	return svshm__error_set(&handle->error, SVSHM_ORPHANED,
				"an orphan was replaced: all its users had "
				"died without detaching; its data are gone");
}
