/* SPDX-License-Identifier: BSD-2-Clause */
/* Steps 2 to 5 of the protocol at the head of object.c: into the gate. */
#include <config.h>

#include "object/object.h"

#include "base/atomic.h"
#include "base/crashpoint.h"
#include "object/gate.h"

/*
 * A gate for an object that has lost its own is for the same users. Not
 * everybody may make it: one whom the object's owner does not trust, such as an
 * observer, would shut him out.
 */
static int prepare_set(struct svshm__operation *operation, mode_t *mode)
{
	const struct svshm__key_file *file = &operation->file;
	struct svshm__segment_status segment;
	int id;

	*mode = operation->handle->mode | 0600;
	operation->set_owner = file->user;
	if (operation->size)
		return svshm__key_file_name_maker(file, operation->error);
	if (svshm__segment_find(operation->key, &id, NULL) ||
	    svshm__segment_stat(id, &segment, NULL))
		return svshm__key_file_name_maker(file, operation->error);
	*mode = (segment.mode & 0666) | 0600;
	operation->set_owner = segment.uid;
	if (svshm__segment_is_removable(&segment))
		return SVSHM_OK;
	if ((file->private || file->exists) && !file->native)
		return svshm__key_file_name_maker(file, operation->error);
	return svshm__error_set(operation->error, SVSHM_PERMISSION_DENIED,
				"the semaphore set of segment %d has been "
				"removed, and only its owner, uid %lu, or root "
				"can make another",
				id, (unsigned long)segment.uid);
}

static int make_set(struct svshm__operation *operation)
{
	struct svshm__set *set = &operation->evidence.set;
	int count = svshm__slot_semaphores(operation->handle->max_processes);
	mode_t mode;
	int code = prepare_set(operation, &mode);

	if (code)
		return code;
	code = svshm__semset_make(operation->key, count, mode | SVSHM__SET_MARK,
				  &set->id, operation->error);
	operation->made_set = code == SVSHM_OK;
	if (operation->made_set)
		svshm__set_made(set, count, mode, operation->file.us);
	CRASHPOINT("enter:set made");
	return code;
}

/* Step 2. Whoever has made the key file makes a set before he looks for one. */
static int find_set(struct svshm__operation *operation, bool make)
{
	struct svshm__set *set = &operation->evidence.set;
	bool first = make && operation->file.made;
	int code = SVSHM_ALREADY_EXISTS;

	operation->made_set = false;
	if (first)
		code = make_set(operation);
	if (code != SVSHM_ALREADY_EXISTS)
		return code;
	code = svshm__semset_find(operation->key, &set->id, operation->error);
	if (code == SVSHM_NOT_FOUND && make && !first)
		code = make_set(operation);
	else if (code == SVSHM_NOT_FOUND && make)
		code = SVSHM__RETRY;
	return code == SVSHM_REMOVED || code == SVSHM_ALREADY_EXISTS ?
		       SVSHM__RETRY :
		       code;
}

/* Those who have the object: their set is gone. */
static void tell_users(const struct svshm__operation *operation)
{
	void *mapping;
	int id;

	if (svshm__segment_find(operation->key, &id, NULL) ||
	    svshm__segment_map(id, false, &mapping, NULL))
		return;
	svshm__store(&((struct svshm__header *)mapping)->removed, 1);
	svshm__segment_unmap(mapping);
}

/*
 * A set without our tag: another program's, unless the segment that is there says
 * that it was ours. It may have been reset, or another may have its place.
 */
static int check_untagged(struct svshm__operation *operation)
{
	switch (svshm__judge_set_owner(operation->key, &operation->evidence.set,
				       &operation->file)) {
	case SVSHM__SET_OURS:
		return SVSHM_OK;
	case SVSHM__SET_USURPED:
		tell_users(operation);
		return svshm__error_set(operation->error,
					operation->size ? SVSHM_ALREADY_EXISTS :
							  SVSHM_BUSY,
					"the object's semaphore set has been "
					"removed, and another program has made "
					"set %d under its IPC key; the object "
					"can be used again when that set is "
					"gone",
					operation->evidence.set.id);
	case SVSHM__SET_FOREIGN:
		break;
	}
	return SVSHM__TRY_NEXT_KEY;
}

/* Step 3. */
static int check_set(struct svshm__operation *operation)
{
	struct svshm__set *set = &operation->evidence.set;
	int code = svshm__set_look(set, operation->name_hash, operation->error);

	if (code == SVSHM__TRY_NEXT_KEY)
		code = check_untagged(operation);

	/* Where only we can make key files, a set of somebody else has nothing
	   to do with our key, or wants to be in the way. */
	if (code == SVSHM_PERMISSION_DENIED && operation->file.private)
		return SVSHM__TRY_NEXT_KEY;
	if (code)
		return code;
	if (svshm__judge_trusted(set->status.uid, set->status.creator_uid,
				 &operation->file))
		return SVSHM_OK;
	if (operation->file.private)
		return SVSHM__TRY_NEXT_KEY;
	return svshm__error_set(operation->error, SVSHM_PERMISSION_DENIED,
				"there is an object of this name (semaphore "
				"set %d), but it belongs to uid %lu, made by "
				"uid %lu; only one of uid %lu, of the key "
				"file's owner (uid %lu) or of root is trusted",
				set->id, (unsigned long)set->status.uid,
				(unsigned long)set->status.creator_uid,
				(unsigned long)operation->file.us,
				(unsigned long)operation->file.owner);
}

/* Step 5. A set that no key file leads to any more is of no use to anybody. */
static int check_key_file(struct svshm__operation *operation)
{
	int segment_id;

	if (!operation->checks_file || svshm__key_file_same(&operation->file))
		return SVSHM_OK;
	if (svshm__operation_find_segment(operation, &segment_id, NULL) ==
	    SVSHM_NOT_FOUND)
		operation->inside =
			svshm__semset_remove(operation->evidence.set.id,
					     NULL) != SVSHM_OK;
	return SVSHM__RETRY;
}

/* Step 4. */
static int pass_gate(struct svshm__operation *operation)
{
	struct svshm__set *set = &operation->evidence.set;
	int code = svshm__gate_pass(set, operation->key, operation->name_hash,
				    operation->deadline, operation->error);

	/* Who made it has died: now it has the tag that we gave it. */
	if (!code && set->fresh && !operation->made_set) {
		code = svshm__gate_refresh(set, operation->error);
		if (code)
			svshm__gate_leave(set->id);
	}
	/* It has a tag by now, by which the tool finds it. */
	return code || !operation->made_set ?
		       code :
		       svshm__set_give(set, operation->set_owner,
				       operation->error);
}

int svshm__operation_enter(struct svshm__operation *operation, bool make)
{
	int code = find_set(operation, make);

	operation->evidence.will_change = true;
	if (!code && !operation->made_set)
		code = check_set(operation);
	if (code)
		return code;
	CRASHPOINT("enter:before gate");
	code = pass_gate(operation);
	if (code)
		return code;
	CRASHPOINT("enter:in gate");
	operation->inside = true;
	code = check_key_file(operation);
	if (code)
		svshm__operation_leave(operation);
	return code;
}
