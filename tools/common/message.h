/* SPDX-License-Identifier: BSD-2-Clause */
/* Lines for people, whatever bytes the arguments hold. */
#ifndef SVSHM_TOOL_COMMON_MESSAGE_H
#define SVSHM_TOOL_COMMON_MESSAGE_H

#include "common/text.h"

#include "svshm.h"

/* A line on standard output. */
void print_line(const char *format, ...) TOOL_PRINTF(1, 2);

/* "svshm: ...", a line on standard error. */
void message(const char *format, ...) TOOL_PRINTF(1, 2);

/* Print the last error of a handle; the result is TOOL_FAILED. */
int fail(const struct svshm *handle);

#endif
