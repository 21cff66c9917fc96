/* SPDX-License-Identifier: BSD-2-Clause */
/* What svshm recover does with one object. */
#ifndef SVSHM_TOOL_COMMANDS_RECOVER_OBJECT_H
#define SVSHM_TOOL_COMMANDS_RECOVER_OBJECT_H

#include <stdbool.h>
#include <stdint.h>

#include "arguments/target.h"
#include "commands/recover_report.h"
#include "commands/recover_save.h"
#include "objects/snapshot.h"
#include "svshm.h"

#define DRAFTS_MAX 64

/* Orphans whose data are in files without their names yet, in the same order. */
struct batch {
	struct snapshot objects;
	struct new_file drafts[DRAFTS_MAX];
};

struct recover_run {
	bool foreign, yes;     /* other programs' too; and remove them */
	bool unmapped;         /* of these, what is idle, whoever made it */
	bool qt;               /* objects of Qt programs, and only these */
	bool named;            /* the objects were asked for one by one */
	struct target target;  /* how, and whose */
	int64_t older_than;    /* milliseconds; negative: any age */
	const char *directory; /* where to save; NULL: nowhere */
	struct batch batch;
	struct report report;
};

/* Remove it, if it is a leftover, and say what was done. */
void recover_object(struct recover_run *run, const struct svshm_object *object);

/* Say what svshm_recover() has done, with CODE; RESCUE is freed. */
void recover_tell(struct recover_run *run, const struct svshm_object *object,
		  const struct svshm_recovery *recovery, int code,
		  struct rescue *rescue);

#endif
