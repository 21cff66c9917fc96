/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SVSHM_TOOL_COMMANDS_RECOVER_VISIT_H
#define SVSHM_TOOL_COMMANDS_RECOVER_VISIT_H

#include "svshm.h"

/* A visit; the context is a struct recover_run. batch_end() follows the last. */
int recover_visit(const struct svshm_object *object, void *context);

#endif
