/* SPDX-License-Identifier: BSD-2-Clause */
/* What svshm recover does with one object. */
#ifndef SVSHM_TOOL_COMMANDS_RECOVER_OBJECT_H
#define SVSHM_TOOL_COMMANDS_RECOVER_OBJECT_H

#include <stdbool.h>
#include <stdint.h>

#include "arguments/target.h"
#include "commands/recover_report.h"
#include "svshm.h"

struct recover_run {
	bool foreign, yes;     /* other programs' too; and remove them */
	bool unmapped;         /* of these, what is idle, whoever made it */
	bool qt;               /* objects of Qt programs, and only these */
	bool named;            /* the objects were asked for one by one */
	struct target target;  /* how, and whose */
	int64_t older_than;    /* milliseconds; negative: any age */
	const char *directory; /* where to save; NULL: nowhere */
	struct report report;
};

/* A visit; the context is a struct recover_run. */
int recover_visit(const struct svshm_object *object, void *context);

#endif
