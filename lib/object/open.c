/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * open: attach, and if there is nothing, create, and if there is something by
 * then, attach again. Create replaces no orphan here: between the two somebody
 * may have made the object, filled it in, and died.
 */
#include <config.h>

#include "object/object.h"

#include "kernel/process.h"

/* By so many creates, and as many milliseconds. */
#define REFUSALS 2000

static int open_once(struct svshm__operation *operation)
{
	size_t size = operation->least;
	int code;

	operation->size = 0;
	operation->locked = operation->opening = false;
	code = svshm__operation_attach(operation);
	if (code != SVSHM_NOT_FOUND)
		return code;
	operation->size = size;
	operation->locked = operation->opening = true;
	operation->orphaned = operation->deserted = false;
	code = svshm__operation_create(operation);
	if (code != SVSHM_ALREADY_EXISTS)
		return code;
	/* Mostly another one who opens it, and is about to be ready. */
	if (++operation->refusals > REFUSALS)
		return svshm__error_set(operation->error, SVSHM_TIMED_OUT,
					"what is there can neither be attached "
					"to nor be replaced; \"svshm info\" "
					"says why");
	svshm__process_pause(1);
	return SVSHM__RETRY;
}

int svshm__object_open(struct svshm *handle, size_t size,
		       enum svshm_access access, bool *made)
{
	struct svshm__operation operation;
	int code;

	svshm__operation_start(&operation, handle, access, 0);
	operation.least = size;
	code = svshm__operation_run(&operation, open_once);
	*made = code == SVSHM_OK && operation.opening;
	return code || !operation.orphaned ? code :
					     svshm__object_taken_over(handle);
}
