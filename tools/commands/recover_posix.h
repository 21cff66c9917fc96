/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * POSIX shared memory and semaphores of Qt programs. The tool has nothing to do
 * with these, but who looks for what a Qt program has left may not know which
 * kind that is.
 */
#ifndef SVSHM_TOOL_COMMANDS_RECOVER_POSIX_H
#define SVSHM_TOOL_COMMANDS_RECOVER_POSIX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct qt_posix {
	bool known; /* this system shows them */
	const char *directory;
	size_t count;
	uint64_t bytes;
};

void qt_posix_find(struct qt_posix *found);

/* Two lines for people, if there are any; a member for JSON. */
void qt_posix_tell(const struct qt_posix *found);
void qt_posix_json(const struct qt_posix *found);

#endif
