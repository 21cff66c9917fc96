/* SPDX-License-Identifier: BSD-2-Clause */
#include <config.h>

#include "recovery/steps.h"

int svshm__recovery_gone(struct svshm__recovery_work *work)
{
	return svshm__error_set(&work->error, SVSHM_NOT_FOUND,
				"it is gone already, or changed meanwhile");
}

static int save(struct svshm__recovery_work *work,
		const struct svshm__recovery_steps *steps)
{
	const struct svshm_recovery *recovery = work->recovery;
	const void *data = NULL;
	size_t size;
	int code;

	if (!recovery->save)
		return SVSHM_OK;
	code = steps->map(work, &data, &size);
	if (code || !data)
		return code;
	code = recovery->save(work->object, data, size, recovery->context);
	if (code)
		svshm__error_set(&work->error, code,
				 "the data could not be saved, so the %s stays",
				 steps->what);
	return code;
}

static int take_steps(struct svshm__recovery_work *work,
		      const struct svshm__recovery_steps *steps)
{
	int code = steps->enter(work);

	if (!code)
		code = steps->judge(work);
	if (!code)
		code = steps->decide(work);
	if (!code && !work->dry)
		code = save(work, steps);
	if (!code && !work->dry)
		code = steps->remove(work);
	steps->leave(work);
	return code;
}

#define TRIES 100

int svshm__recovery_run(struct svshm__recovery_work *work,
			const struct svshm__recovery_steps *steps, void *own)
{
	int code = SVSHM__RETRY;

	work->own = own;
	/* Until nobody changes it between our look at it and its removal. */
	for (int i = 0; i < TRIES && code == SVSHM__RETRY; i++)
		code = take_steps(work, steps);
	work->own = NULL;
	return code == SVSHM__RETRY ? svshm__recovery_gone(work) : code;
}
