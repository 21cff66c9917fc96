/* SPDX-License-Identifier: BSD-2-Clause */
/* How a command ends. */
#ifndef SVSHM_TOOL_COMMON_STATUS_H
#define SVSHM_TOOL_COMMON_STATUS_H

/* Exit statuses; documented in svshm(1). */
enum tool_status {
	TOOL_DONE = 0,
	TOOL_FAILED = 1,
	TOOL_USAGE = 2,
	TOOL_LEFTOVERS = 3 /* or a limit that is reached: there is something */
};

#endif
