/* SPDX-License-Identifier: BSD-2-Clause */
/* What is to be shown, and what the kernel tells of it. */
#ifndef SVSHM_RECOVERY_DESCRIBE_H
#define SVSHM_RECOVERY_DESCRIBE_H

#include "key/key.h"
#include "object/judge.h"
#include "recovery/pids.h"

/* -1 for ids that are not there, NULL for no key file. */
struct svshm__candidate {
	int64_t key;
	int segment_id, set_id;
	const char *path;
	const struct svshm__segment_status *status; /* NULL: ask the kernel */
	const struct svshm__set_status *set_status; /* of a lone set; or NULL */
	const struct svshm__key_file *file; /* only what is of its name, or
					       NULL: whatever is there */
	struct svshm__pids *pids;           /* NULL: not those of a scan */
	struct svshm__error *error;         /* of the look at it; or NULL */
};

/*
 * Ids, rights, times into OBJECT. What may not be looked at is as it is listed,
 * in EVIDENCE too.
 */
void svshm__describe(struct svshm_object *object,
		     struct svshm__evidence *evidence,
		     const struct svshm__candidate *candidate);

#endif
