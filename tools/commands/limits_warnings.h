/* SPDX-License-Identifier: BSD-2-Clause */
/* Settings of a system that take objects away from their users. */
#ifndef SVSHM_TOOL_COMMANDS_LIMITS_WARNINGS_H
#define SVSHM_TOOL_COMMANDS_LIMITS_WARNINGS_H

#include <stddef.h>

#define WARNINGS_MAX 4

/* Those that are on here; the caller frees each. */
size_t warnings_find(char *warnings[WARNINGS_MAX]);

#endif
