/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * svshm_recover(): what a scan has found is judged again where nobody else can
 * change it and, if it is a leftover, removed. The three kinds of objects have
 * the steps in common, and each its own way to do them.
 */
#ifndef SVSHM_RECOVERY_STEPS_H
#define SVSHM_RECOVERY_STEPS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

struct svshm__recovery_work {
	const struct svshm_object *object;
	struct svshm_recovery *recovery;
	struct svshm__error error;
	bool force, dry; /* recovery->flags */
	/* What is added to "removed: VERDICT": why, in brackets, and a remark. */
	char reason[512];
	const char *remark;
	void *own; /* what the kind of object keeps for its steps */
};

/* Each returns 0, or a code with its message in work->error. */
struct svshm__recovery_steps {
	const char *what; /* it is, in messages: "object" */
	/* Keep all others out. What this has begun, leave() ends; also after a
	   failure. */
	int (*enter)(struct svshm__recovery_work *work);
	/* What is there now: recovery->verdict. */
	int (*judge)(struct svshm__recovery_work *work);
	/* May it go? */
	int (*decide)(struct svshm__recovery_work *work);
	/* Its data for the caller to save, until leave(): NULL, there are none. */
	int (*map)(struct svshm__recovery_work *work, const void **data,
		   size_t *size);
	/* After which nobody else is kept out any more, if it succeeds. */
	int (*remove)(struct svshm__recovery_work *work);
	void (*leave)(struct svshm__recovery_work *work);
};

/* Take the steps, with OWN for them. SVSHM__RETRY from any: from the start. */
int svshm__recovery_run(struct svshm__recovery_work *work,
			const struct svshm__recovery_steps *steps, void *own);

/* NOT_FOUND. */
int svshm__recovery_gone(struct svshm__recovery_work *work);

#define SVSHM__RECOVERY_TIMEOUT_MS 30000

/* ---- The three kinds ------------------------------------------------------ */

int svshm__recover_native(struct svshm__recovery_work *work);
int svshm__recover_qt(struct svshm__recovery_work *work);
int svshm__recover_foreign(struct svshm__recovery_work *work);

#endif
