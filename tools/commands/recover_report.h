/* SPDX-License-Identifier: BSD-2-Clause */
/* What svshm recover says of each object, and how many there were. */
#ifndef SVSHM_TOOL_COMMANDS_RECOVER_REPORT_H
#define SVSHM_TOOL_COMMANDS_RECOVER_REPORT_H

#include <stdbool.h>
#include <stddef.h>

#include "svshm.h"

enum action {
	REMOVED, /* with --dry-run: it would be removed */
	LISTED,  /* another program's: --yes would remove it */
	KEPT,
	FAILED
};

struct report {
	bool dry_run, quiet, json; /* the options */
	size_t found;    /* leftovers to remove */
	size_t listed;   /* other programs' that --yes would remove */
	size_t failures;
};

/* SAVED: the file that has the data, or NULL. */
void report_object(struct report *report, const struct svshm_object *object,
		   enum action action, const char *why, const char *saved);

/* Count it, and print it on standard error. */
void report_failure(struct report *report, const char *what);

#endif
