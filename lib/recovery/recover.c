/* SPDX-License-Identifier: BSD-2-Clause */
/* svshm_recover(). */
#include <config.h>

#include <stdio.h>
#include <string.h>

#include "kernel/process.h"
#include "recovery/steps.h"

static int recover(struct svshm__recovery_work *work)
{
	const struct svshm_object *object = work->object;

	if (object->verdict != SVSHM_VERDICT_FOREIGN)
		return object->layout == SVSHM_LAYOUT_QT ?
			       svshm__recover_qt(work) :
			       svshm__recover_native(work);
	if (work->recovery->flags & SVSHM_RECOVER_FOREIGN)
		return svshm__recover_foreign(work);
	/* Not even a gate is made for what is another program's. */
	return svshm__error_set(&work->error, SVSHM_NOT_SUPPORTED,
				"it is another program's");
}

static void report(const struct svshm__recovery_work *work, int code)
{
	struct svshm_recovery *recovery = work->recovery;
	bool why = *work->reason != '\0';

	if (code)
		snprintf(recovery->message, sizeof(recovery->message), "%s",
			 work->error.message);
	else
		snprintf(recovery->message, sizeof(recovery->message),
			 "%s: %s%s%s%s%s",
			 work->dry ? "would be removed" : "removed",
			 svshm_verdict_string(recovery->verdict),
			 why ? " (" : "", work->reason, why ? ")" : "",
			 work->remark ? work->remark : "");
}

static bool are_valid(const struct svshm_recovery *recovery)
{
	const unsigned known = SVSHM_RECOVER_DRY_RUN | SVSHM_RECOVER_FORCE |
			       SVSHM_RECOVER_FOREIGN | SVSHM_RECOVER_UNMAPPED;

	if (recovery->flags & ~known)
		return false;
	return !(recovery->flags & SVSHM_RECOVER_UNMAPPED) ||
	       ((recovery->flags & SVSHM_RECOVER_FOREIGN) &&
		recovery->unmapped_for >= 0);
}

int svshm_recover(const struct svshm_object *object,
		  struct svshm_recovery *recovery)
{
	struct svshm_recovery nothing_special;
	struct svshm__recovery_work work;

	if (!recovery) {
		memset(&nothing_special, 0, sizeof(nothing_special));
		recovery = &nothing_special;
	}
	if (!object || !are_valid(recovery))
		return SVSHM_INVALID_ARGUMENT;
	memset(&work, 0, sizeof(work));
	work.object = object;
	work.recovery = recovery;
	work.force = (recovery->flags & SVSHM_RECOVER_FORCE) != 0;
	work.dry = (recovery->flags & SVSHM_RECOVER_DRY_RUN) != 0;
	recovery->verdict = object->verdict;

	int state = svshm__cancel_forbidden();
	int code = recover(&work);

	svshm__cancel_allowed(state);
	report(&work, code);
	return code;
}
