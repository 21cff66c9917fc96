/* SPDX-License-Identifier: BSD-2-Clause */
/* What svshm info prints for people. */
#ifndef SVSHM_TOOL_COMMANDS_INFO_TEXT_H
#define SVSHM_TOOL_COMMANDS_INFO_TEXT_H

#include "objects/who.h"

#include "svshm.h"

void info_print_text(const struct svshm_object *object, const struct who *who);

#endif
