/* SPDX-License-Identifier: BSD-2-Clause */
/* svshm recover --save of many small objects: see recover_batch.c. */
#ifndef SVSHM_TOOL_COMMANDS_RECOVER_BATCH_H
#define SVSHM_TOOL_COMMANDS_RECOVER_BATCH_H

#include <stdbool.h>

#include "commands/recover_object.h"
#include "svshm.h"

/* Whether it is saved with others. */
bool batch_takes(const struct recover_run *run,
		 const struct svshm_object *object);

void batch_add(struct recover_run *run, const struct svshm_object *object);

/* Remove those that were added. If a signal to end was caught, they stay, and
   their files go. */
void batch_end(struct recover_run *run);

#endif
