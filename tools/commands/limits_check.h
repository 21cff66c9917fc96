/* SPDX-License-Identifier: BSD-2-Clause */
/* svshm limits --check: one line, for monitoring. */
#ifndef SVSHM_TOOL_COMMANDS_LIMITS_CHECK_H
#define SVSHM_TOOL_COMMANDS_LIMITS_CHECK_H

#include <stdbool.h>

#include "commands/limits_figures.h"
#include "commands/limits_leaks.h"

/* Of "80" or "80%"; false: it is not from 1 to 100. */
bool limits_read_percent(const char *text, int *value);

void limits_print_check(const struct figures *figures,
			const struct shares *shares);

#endif
