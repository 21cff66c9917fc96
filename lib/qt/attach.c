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

static int join_found(struct svshm__qt_operation *operation)
{
	int code = svshm__qt_judge_unused(&operation->evidence,
					  operation->error);

	operation->orphaned = code == SVSHM_OK;
	if (code == SVSHM_REMOVED)
		return SVSHM__RETRY;
	if (code && code != SVSHM_BUSY)
		return code;
	return svshm__qt_operation_join(operation,
					operation->evidence.segment_id,
					&operation->evidence.segment);
}

static int attach_once(struct svshm__qt_operation *operation)
{
	struct svshm__qt *qt = operation->qt;
	int code = svshm__qt_operation_look_at_file(operation, SVSHM__QT_LOOK);

	/* Who finds nothing makes no lock: Qt's attach() would. */
	if (!code)
		code = svshm__qt_operation_find_segment(operation);
	if (code)
		return code;
	qt->lock.make = qt->file.ours;
	code = svshm__qt_operation_enter(operation);
	if (code)
		return code;
	code = svshm__qt_operation_look_at_found(operation);
	if (!code)
		code = check_size(operation);
	if (!code)
		code = join_found(operation);
	if (!code)
		return svshm__qt_operation_tell(
			operation, "these are the data that they left");
	/* A lock that we have made for nothing goes. */
	if (code == SVSHM_NOT_FOUND || qt->lock.made)
		svshm__qt_operation_leave_nothing(operation);
	else
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
