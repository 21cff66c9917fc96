/* SPDX-License-Identifier: BSD-2-Clause */
/* create: steps 1 to 13 of the protocol at the head of object/object.c. */
#include <config.h>

#include "object/object.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/atomic.h"
#include "base/crashpoint.h"
#include "lock/lock.h"
#include "kernel/process.h"

/* Where things are in the segment that create is about to make. */
struct plan {
	struct svshm__view view;
	const char *key;
	size_t key_size, path_size; /* with NUL */
	size_t total;
};

static int make_plan(struct svshm__attempt *attempt, struct plan *plan)
{
	struct svshm__view *view = &plan->view;
	const struct svshm *handle = attempt->handle;
	size_t page = svshm__page_size();

	memset(view, 0, offsetof(struct svshm__view, path));
	plan->key = handle->native || !handle->key ? "" : handle->key;
	plan->key_size = strlen(plan->key) + 1;
	plan->path_size = strlen(attempt->file.path) + 1;
	if (plan->path_size > sizeof(view->path))
		return svshm__error_set(attempt->error, SVSHM_KEY_ERROR,
					"the path of the key file is too long");
	memcpy(view->path, attempt->file.path, plan->path_size);

	/* The names before the table: so the first page is often the only
	   one of the header that is ever touched. */
	size_t used = sizeof(struct svshm__header) + plan->path_size +
		      plan->key_size;

	view->slots_offset = (uint32_t)((used + 63) / 64 * 64);
	view->slot_count =
		svshm__slot_capacity(attempt->evidence.set.status.count);
	used = view->slots_offset +
	       view->slot_count * sizeof(struct svshm__slot);
	view->data_offset = (used + page - 1) / page * page;
	view->data_size = attempt->size;
	view->lock_engine = svshm__lock_engine_of_new;
	view->device = attempt->file.device;
	view->inode = attempt->file.inode;
	view->directory_device = attempt->file.directory_device;
	view->directory_inode = attempt->file.directory_inode;
	if (attempt->size > SIZE_MAX - (size_t)view->data_offset)
		return svshm__error_set(attempt->error, SVSHM_INVALID_SIZE,
					"%zu bytes are more than the address "
					"space has", attempt->size);
	plan->total = (size_t)view->data_offset + attempt->size;
	view->segment_size = plan->total;
	return SVSHM_OK;
}

static void fill_header(const struct svshm__attempt *attempt,
			const struct plan *plan, char *segment)
{
	struct svshm__header *header = (void *)segment;
	const struct svshm__view *view = &plan->view;

	header->byte_order = SVSHM__BYTE_ORDER;
	header->format = SVSHM__FORMAT;
	header->header_size = sizeof(*header);
	header->segment_size = view->segment_size;
	header->data_offset = view->data_offset;
	header->data_size = view->data_size;
	header->device = view->device;
	header->inode = view->inode;
	header->directory_device = view->directory_device;
	header->directory_inode = view->directory_inode;
	header->set_id = attempt->evidence.set.id;
	header->set_change_time = attempt->evidence.set.status.change_time;
	header->project = (uint32_t)attempt->project;
	header->flags = attempt->file.native ? 0 : SVSHM__FLAG_KEY_FILE;
	header->slots_offset = view->slots_offset;
	header->slot_count = view->slot_count;
	header->path_offset = sizeof(*header);
	header->path_length = (uint32_t)plan->path_size - 1;
	header->key_offset = header->path_offset + (uint32_t)plan->path_size;
	header->key_length = (uint32_t)plan->key_size - 1;
	header->create_time = svshm__process_time();
	header->maker_pid = (int64_t)getpid();
	header->lock_engine = view->lock_engine;
	memcpy(segment + header->path_offset, view->path, plan->path_size);
	memcpy(segment + header->key_offset, plan->key, plan->key_size);
	CRASHPOINT("create:before magic");
	svshm__store(&header->magic, SVSHM__MAGIC);
}

static gid_t group_of(const struct svshm *handle)
{
	return handle->group == (gid_t)-1 ? getegid() : handle->group;
}

/*
 * Only what differs from what semget and shmget have set already. When the set
 * was changed last is noted in the header: later changes are others'.
 */
static int set_owner(struct svshm__attempt *attempt)
{
	const struct svshm *handle = attempt->handle;
	struct svshm__set *set = &attempt->evidence.set;
	mode_t mode = handle->mode | 0600;
	gid_t group = group_of(handle);
	uid_t owner = svshm__user(handle);
	int code = SVSHM_OK;

	if (set->status.mode != mode || set->status.gid != group ||
	    (set->status.uid != owner && geteuid() == 0))
		code = svshm__semset_change(set->id, mode | SVSHM__SET_MARK,
					    owner, group, attempt->error);
	if (!code && (group != getegid() || owner != geteuid()))
		code = svshm__segment_change(attempt->evidence.segment_id,
					     mode, owner, group,
					     attempt->error);
	CRASHPOINT("create:given");
	if (!code)
		code = svshm__semset_stat(set->id, &set->status,
					  attempt->error);
	return code;
}

/* Step 9, and 10 at its end. */
static int make_segment(struct svshm__attempt *attempt, struct plan *plan)
{
	struct svshm__evidence *evidence = &attempt->evidence;
	int code = svshm__segment_make(attempt->key, plan->total,
				       attempt->handle->mode | 0600,
				       &evidence->segment_id, attempt->error);

	if (code)
		return code;
	CRASHPOINT("create:segment made");
	/* Ours, and of the users to come. */
	memset(&evidence->turn, 0, sizeof(evidence->turn));
	evidence->header = SVSHM__HEADER_UNPUBLISHED;
	evidence->segment.uid = evidence->segment.creator_uid = geteuid();
	code = set_owner(attempt);
	if (!code)
		code = svshm__segment_map_patiently(evidence->segment_id,
						    false,
						    &evidence->mapping,
						    attempt->error);
	if (code)
		return code;
	evidence->borrowed = NULL;
	evidence->mapping_read_only = false;
	/* Of a word that is 0 yet: unless another, in a gate that is no more,
	   has taken it for half-made. */
	if (!svshm__turn_take(&evidence->turn, evidence->mapping,
			      evidence->set.id)) {
		evidence->segment_id = -1;
		return SVSHM__AGAIN;
	}
	fill_header(attempt, plan, evidence->mapping);
	CRASHPOINT("create:published");
	return SVSHM_OK;
}

/* ---- Create --------------------------------------------------------------- */

/* Steps 8 to 13. Whatever goes wrong, nothing stays. */
static int make(struct svshm__attempt *attempt)
{
	struct svshm__error *error = attempt->error;
	struct plan plan;
	int code;

	attempt->evidence.segment_id = -1;
	code = make_plan(attempt, &plan);
	if (!code && !attempt->made_set)
		code = svshm__gate_stamp(&attempt->evidence.set, error);
	CRASHPOINT("create:stamped");
	if (!code)
		code = make_segment(attempt, &plan);
	if (code) {
		struct svshm__error first = *error;

		svshm__attempt_remove(attempt);
		*error = first;
		/* Some other program has taken the key meanwhile. */
		return code == SVSHM_ALREADY_EXISTS ? SVSHM__AGAIN : code;
	}
	code = svshm__attempt_meet_twins(attempt);
	if (code)
		return code;
	svshm__key_file_write(&attempt->file, plan.key, attempt->project);
	attempt->made_set = false;
	code = svshm__attempt_register(attempt, &plan.view);
	if (code) {
		struct svshm__error first = *error;

		svshm__attempt_remove(attempt);
		*error = first;
	}
	return code;
}

/* An orphan's data go to make room: first see that its successor is possible. */
static int check_size(struct svshm__attempt *attempt)
{
	struct plan plan;
	int code = make_plan(attempt, &plan);

	return code ? code : svshm__segment_try(
				     plan.total, attempt->evidence.segment.size,
				     attempt->error);
}

/*
 * A set that is left over is used again, so that nobody who waits at its gate
 * slips in between. It must have the size wanted, be ours to change, or as we
 * would change it, and hold no slots, children, nor a portable lock: those would be of users of a removed
 * segment, who are to notice. And nobody may have reset it.
 */
static bool set_suits(const struct svshm__attempt *attempt)
{
	const struct svshm__set *set = &attempt->evidence.set;

	return set->status.count == svshm__slot_semaphores(
			attempt->handle->max_processes) &&
	       (set->status.uid == geteuid() ||
		(set->status.mode == (attempt->handle->mode | 0600) &&
		 set->status.gid == group_of(attempt->handle))) &&
	       (svshm__lock_engine_of_new != SVSHM__LOCK_PORTABLE ||
		set->values[SVSHM__SEM_LOCK] == 0) &&
	       svshm__children(set) == 0 && svshm__slots_held(set) == 0 &&
	       svshm__judge_set_sound(&attempt->evidence);
}

/* Start again with a new set. */
static int renew_set(struct svshm__attempt *attempt)
{
	int set_id = attempt->evidence.set.id;
	int code = svshm__semset_remove(set_id, attempt->error);

	svshm__judge_free(&attempt->evidence);
	if (code)
		svshm__gate_leave(set_id);
	/* Not permitted: it stays, and the name goes on under the next key. */
	return code == SVSHM_PERMISSION_DENIED ? SVSHM__NEXT :
	       code ? code : SVSHM__AGAIN;
}

static int replace(struct svshm__attempt *attempt, enum svshm_verdict verdict)
{
	struct svshm__evidence *evidence = &attempt->evidence;
	int code = SVSHM_OK;

	if (evidence->segment_id >= 0 &&
	    !svshm__native_may_remove(&evidence->segment)) {
		attempt->orphaned |= verdict == SVSHM_VERDICT_ORPHAN;
		return svshm__attempt_pass_by(attempt);
	}
	if (verdict == SVSHM_VERDICT_ORPHAN)
		code = check_size(attempt);
	/* The segment is the evidence that there was an orphan: it stays until
	   we are inside the gate in which its successor is made. */
	if (!code && verdict == SVSHM_VERDICT_ORPHAN && !set_suits(attempt))
		return renew_set(attempt);
	if (!code && evidence->segment_id >= 0) {
		svshm__judge_free(evidence);
		code = svshm__native_remove_segment(evidence, attempt->error);
	}
	if (code) {
		svshm__attempt_leave(attempt);
		return code;
	}
	attempt->orphaned |= verdict == SVSHM_VERDICT_ORPHAN;
	CRASHPOINT("create:leftover gone");
	return set_suits(attempt) ? make(attempt) : renew_set(attempt);
}

/* Steps 2 to 13 under one IPC key. */
static int create_at(struct svshm__attempt *attempt)
{
	enum svshm_verdict verdict;
	int code = svshm__key_of(attempt->file.path, attempt->project,
				 &attempt->key, attempt->error);

	if (code)
		return code == SVSHM_NOT_FOUND ? SVSHM__AGAIN : code;
	code = svshm__attempt_enter(attempt, true);
	if (code)
		return code;
	code = svshm__attempt_judge(attempt, false, &verdict);
	if (code) {
		svshm__attempt_leave(attempt);
		return code;
	}
	switch (verdict) {
	case SVSHM_VERDICT_ORPHAN:
		if (attempt->opening)
			break;
		return replace(attempt, verdict);
	case SVSHM_VERDICT_HALF_MADE:
	case SVSHM_VERDICT_HALF_REMOVED:
		return replace(attempt, verdict);
	case SVSHM_VERDICT_FOREIGN:
		svshm__attempt_leave(attempt);
		return SVSHM__NEXT;
	case SVSHM_VERDICT_GONE:
		svshm__attempt_leave(attempt);
		return SVSHM__AGAIN;
	case SVSHM_VERDICT_IN_USE:
	case SVSHM_VERDICT_CORRUPT:
	case SVSHM_VERDICT_UNKNOWN:
		break;
	}
	code = svshm__attempt_refuse(attempt, verdict);
	svshm__attempt_leave(attempt);
	return code;
}

/* Where no set could be made: nobody's gate guards the key file we made. */
static void take_back_key_file(const struct svshm__attempt *attempt)
{
	struct svshm__set set;
	int code = svshm__semset_find(attempt->key, &set.id, NULL);

	if (!code)
		code = svshm__set_look(&set, attempt->name_hash, NULL);
	if (attempt->file.made &&
	    (code == SVSHM_NOT_FOUND || code == SVSHM__NEXT))
		svshm__key_file_unlink(attempt->file.path,
				       attempt->file.device,
				       attempt->file.inode,
				       attempt->file.owner);
}

/* Step 1, and the rest for each project until a key is free or ours. */
int svshm__attempt_create(struct svshm__attempt *attempt)
{
	const struct svshm *handle = attempt->handle;
	int code = svshm__key_file_make(&attempt->file, handle->native_key,
					handle->native, svshm__user(handle),
					handle->mode, handle->group,
					attempt->error);

	CRASHPOINT("create:file made");
	if (code) {
		svshm__key_file_free(&attempt->file);
		return code;
	}
	attempt->name_hash = svshm__key_name_hash(attempt->file.path);
	code = SVSHM__NEXT;
	for (int i = 0; i < SVSHM__PROJECTS && code == SVSHM__NEXT; i++) {
		attempt->project = SVSHM__PROJECT_FIRST + i;
		code = create_at(attempt);
	}
	if (code == SVSHM__NEXT)
		code = svshm__error_set(attempt->error, SVSHM_KEY_ERROR,
					"all %d IPC keys that ftok gives for "
					"%.200s are used by others",
					SVSHM__PROJECTS, attempt->file.path);
	if (code < 0)
		take_back_key_file(attempt);
	if (code == SVSHM_OK)
		svshm__attempt_sweep(attempt);
	svshm__key_file_free(&attempt->file);
	return code;
}

int svshm__native_create(struct svshm *handle, size_t size,
			 enum svshm_access access, bool locked)
{
	struct svshm__attempt attempt;
	int code;

	svshm__attempt_start(&attempt, handle, access, size);
	attempt.locked = locked;
	code = svshm__attempt_run(&attempt, svshm__attempt_create);
	if (code < 0 && attempt.orphaned)
		svshm__error_append(&handle->error, "; an orphan was removed "
				    "before, its data are gone");
	if (code || !attempt.orphaned)
		return code;
	return svshm__error_set(&handle->error, SVSHM_ORPHANED,
				"an orphan was replaced: all its users had "
				"died without detaching; its data are gone");
}
