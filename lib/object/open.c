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

static int open_once(struct svshm__attempt *attempt)
{
	size_t size = attempt->least;
	int code;

	attempt->size = 0;
	attempt->locked = attempt->opening = false;
	code = svshm__attempt_attach(attempt);
	if (code != SVSHM_NOT_FOUND)
		return code;
	attempt->size = size;
	attempt->locked = attempt->opening = true;
	attempt->orphaned = attempt->deserted = false;
	code = svshm__attempt_create(attempt);
	if (code != SVSHM_ALREADY_EXISTS)
		return code;
	/* Mostly another one who opens it, and is about to be ready. */
	if (++attempt->refusals > REFUSALS)
		return svshm__error_set(attempt->error, SVSHM_TIMED_OUT,
					"what is there can neither be attached "
					"to nor be replaced; \"svshm info\" "
					"says why");
	svshm__process_pause(1);
	return SVSHM__AGAIN;
}

int svshm__native_open(struct svshm *handle, size_t size,
		       enum svshm_access access, bool *made)
{
	struct svshm__attempt attempt;
	int code;

	svshm__attempt_start(&attempt, handle, access, 0);
	attempt.least = size;
	code = svshm__attempt_run(&attempt, open_once);
	*made = code == SVSHM_OK && attempt.opening;
	return code || !attempt.orphaned ? code :
					   svshm__native_taken_over(handle);
}
