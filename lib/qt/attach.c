/* SPDX-License-Identifier: BSD-2-Clause */
/* attach, and open: see the protocol at the head of qt.c. */
#include <config.h>

#include <unistd.h>

#include "kernel/process.h"
#include "qt/operation.h"

/* Only attach, and open, ask for it. */
static int check_size(const struct svshm__qt_operation *operation)
{
	uint64_t size = operation->evidence.segment.size;

	if (size >= operation->least)
		return SVSHM_OK;
	return svshm__error_set(operation->error, SVSHM_INVALID_SIZE,
				"the object has %llu bytes, and %zu were asked "
				"for",
				(unsigned long long)size, operation->least);
}

static int attach_once(struct svshm__qt_operation *operation)
{
	struct svshm__qt *qt = operation->qt;
	int id, code = svshm__qt_operation_look_at_file(operation, false);

	/* Who finds nothing makes no lock: Qt's attach() would. */
	if (!code)
		code = svshm__qt_operation_look_at_segment(operation);
	if (code)
		return code;
	qt->lock.make = qt->file.owner == geteuid();
	code = svshm__qt_operation_enter(operation);
	if (code)
		return code;
	code = svshm__qt_operation_look_at_file(operation, false);
	if (!code)
		code = svshm__qt_operation_look_at_segment(operation);
	if (code == SVSHM_NOT_FOUND) {
		svshm__qt_operation_leave_nothing(operation);
		return code;
	}
	if (!code)
		code = check_size(operation);
	id = operation->evidence.segment_id;
	if (!code) {
		code = svshm__qt_judge_unused(id, operation->error);
		operation->orphaned = code == SVSHM_OK;
		if (code == SVSHM_OK || code == SVSHM_BUSY)
			code = svshm__qt_operation_join(operation, id);
		else if (code == SVSHM_REMOVED)
			code = SVSHM__RETRY;
	}
	if (!code)
		return svshm__qt_operation_tell(
			operation, "these are the data that they left");
	svshm__qt_leave(qt, operation->borrowed);
	return code;
}

int svshm__qt_attach(struct svshm *handle, enum svshm_access access)
{
	struct svshm__qt_operation operation = { .handle = handle,
						 .qt = handle->qt,
						 .error = &handle->error,
						 .access = access };

	return svshm__qt_operation_run(&operation, attach_once);
}

/* Attach, and if there is nothing, create; as in object/open.c. */
static int open_once(struct svshm__qt_operation *operation)
{
	int code;

	operation->locked = operation->opening = false;
	code = attach_once(operation);
	if (code != SVSHM_NOT_FOUND)
		return code;
	svshm__qt_operation_start(operation);
	operation->locked = operation->opening = true;
	code = svshm__qt_operation_create(operation);
	if (code != SVSHM_ALREADY_EXISTS)
		return code;
	svshm__process_pause(1);
	return SVSHM__RETRY;
}

int svshm__qt_open(struct svshm *handle, size_t size, enum svshm_access access,
		   bool *made)
{
	struct svshm__qt_operation operation = { .handle = handle,
						 .qt = handle->qt,
						 .error = &handle->error,
						 .access = access,
						 .size = size,
						 .least = size };
	/* As create would be. */
	int code = svshm__qt_check_mode(handle);

	if (code)
		return code;
	code = svshm__qt_operation_run(&operation, open_once);
	*made = code == SVSHM_OK && operation.opening;
	return code;
}
