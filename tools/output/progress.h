/* SPDX-License-Identifier: BSD-2-Clause */
/* Progress, for who waits at a terminal. */
#ifndef SVSHM_TOOL_OUTPUT_PROGRESS_H
#define SVSHM_TOOL_OUTPUT_PROGRESS_H

#include <stdint.h>

struct progress {
	const char *what; /* what is done; static */
	int64_t started;
	int64_t shown;    /* when it was last shown; 0: never */
};

void progress_begin(struct progress *progress, const char *what);

/*
 * So far DONE of TOTAL (0: not known), in UNIT ("": bytes). After a second, and
 * then five times a second, it is shown if standard error is a terminal.
 */
void progress_show(struct progress *progress, uint64_t done, uint64_t total,
		   const char *unit);

/* Wipe it off. */
void progress_end(struct progress *progress);

#endif
