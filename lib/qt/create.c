/* SPDX-License-Identifier: BSD-2-Clause */
/* create: see the protocol at the head of qt.c. */
#include <config.h>

#include <unistd.h>

#include "base/crashpoint.h"
#include "kernel/segment.h"
#include "qt/operation.h"

/* If the lock is borrowed, two handles would own what can be given back once. */
static int check_locked(struct svshm__qt_operation *operation)
{
	if (!operation->locked || !operation->borrowed)
		return SVSHM_OK;
	return svshm__error_set(operation->error, SVSHM_DEADLOCK,
				"this thread owns the lock already, by another "
				"handle; unlock that one first, or create "
				"without the lock");
}

/* Step 4, with what is there: nothing, or an orphan, when this returns 0. */
static int make_room(struct svshm__qt_operation *operation, bool *found)
{
	int id, code = svshm__qt_operation_look_at_segment(operation);

	*found = code != SVSHM_NOT_FOUND;
	if (code == SVSHM_NOT_FOUND)
		return check_locked(operation);
	if (code)
		return code;
	id = operation->evidence.segment_id;
	code = svshm__qt_judge_unused(&operation->evidence, operation->error);
	if (!code)
		code = check_locked(operation);
	if (code == SVSHM_BUSY)
		return svshm__error_set(
			operation->error, SVSHM_ALREADY_EXISTS,
			"segment %d of %llu bytes is in use; "
			"attach to it",
			id,
			(unsigned long long)operation->evidence.segment.size);
	if (!code && operation->opening)
		return svshm__error_set(operation->error, SVSHM_ALREADY_EXISTS,
					"segment %d is an orphan", id);
	if (!code)
		code = svshm__segment_try(operation->size,
					  operation->evidence.segment.size,
					  operation->error);
	if (!code)
		code = svshm__segment_remove(id, operation->error);
	CRASHPOINT("qt:orphan gone");
	operation->orphaned = code == SVSHM_OK;
	*found = code != SVSHM_OK;
	return code == SVSHM_REMOVED ? SVSHM__RETRY : code;
}

static int check_file_owner(struct svshm__qt_operation *operation)
{
	const struct svshm__qt_file *file = &operation->qt->file;

	if (file->ours || file->owner == 0)
		return SVSHM_OK;
	return svshm__error_set(operation->error, SVSHM_PERMISSION_DENIED,
				"the key file %.300s belongs to uid %lu, who "
				"could not attach to what we make; create it "
				"as that user",
				operation->qt->names.segment,
				(unsigned long)file->owner);
}

/*
 * Qt has no header that would say of what pages the segment is, and nobody could
 * show it: so it gets ordinary ones, or what the system makes of them by itself.
 */
static void advise(struct svshm__qt_operation *operation)
{
	struct svshm__pages *pages = &operation->handle->pages;

	svshm__pages_unwanted(pages, "Qt's objects have ordinary pages");
	svshm__pages_advise(pages, operation->qt->address, operation->qt->size);
}

static int make_segment(struct svshm__qt_operation *operation, bool *found)
{
	struct svshm__segment_status status = { .size = operation->size };
	int id, code = svshm__segment_make(operation->qt->file.key,
					   operation->size, 0600, &id,
					   operation->error);

	CRASHPOINT("qt:segment made");
	/* By somebody who does not care for the lock, or lost it. */
	if (code == SVSHM_ALREADY_EXISTS) {
		*found = true;
		return SVSHM__RETRY;
	}
	if (code)
		return code;
	code = svshm__qt_operation_join(operation, id, &status);
	if (code)
		svshm__segment_remove(id, NULL);
	else
		advise(operation);
	return code;
}

/*
 * Who has just made the key file hardly finds a segment: he makes it at once. If
 * there is one all the same, of another key file that collides with this, say, it
 * is looked at then.
 */
static int make_it(struct svshm__qt_operation *operation, bool *found)
{
	int code;

	if (operation->qt->file.made) {
		code = check_locked(operation);
		if (!code)
			code = make_segment(operation, found);
		if (!*found)
			return code;
	}
	code = make_room(operation, found);
	return code ? code : make_segment(operation, found);
}

int svshm__qt_operation_create(struct svshm__qt_operation *operation)
{
	struct svshm__qt *qt = operation->qt;
	bool found = false;
	int code;

	memset(&qt->file, 0, sizeof(qt->file));
	qt->lock.make = qt->lock.new_name = true;
	code = svshm__qt_operation_enter(operation);
	if (code)
		return code;
	code = svshm__qt_operation_look_at_file(operation,
						SVSHM__QT_MAKE_OR_LOOK);
	CRASHPOINT("qt:file made");
	if (!code)
		code = check_file_owner(operation);
	if (!code)
		code = make_it(operation, &found);
	if (!code)
		return svshm__qt_operation_tell(
			operation, "what they left has been replaced");
	if (found)
		svshm__qt_leave(qt, operation->borrowed);
	else
		svshm__qt_operation_leave_nothing(operation);
	return code;
}

int svshm__qt_create(struct svshm *handle, size_t size,
		     enum svshm_access access, bool locked)
{
	struct svshm__qt_operation operation = { .handle = handle,
						 .qt = handle->qt,
						 .error = &handle->error,
						 .access = access,
						 .size = size,
						 .locked = locked };

	int code = svshm__qt_check_mode(handle);

	return code ? code :
		      svshm__qt_operation_run(&operation,
					      svshm__qt_operation_create);
}
