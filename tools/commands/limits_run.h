/* SPDX-License-Identifier: BSD-2-Clause */
/* What svshm limits knows of the limits; of the tool's, no command but it. */
#ifndef SVSHM_TOOL_LIMITS_RUN_H
#define SVSHM_TOOL_LIMITS_RUN_H

#include "tool.h"

#define LIMITS_MAX 16

/* Leftovers among what counts for a limit, and whose they are. */
struct share {
	uint64_t amount;
	struct {
		uid_t uid;
		uint64_t amount;
	} *owners;
	size_t owner_count;
};

enum resource { SEGMENTS, MEMORY, SETS, SEMAPHORES, RESOURCES, NO_RESOURCE };

struct shares {
	bool known;
	struct share ours[RESOURCES], foreign[RESOURCES];
	struct share idle[RESOURCES]; /* others' that nobody has mapped */
};

struct one_limit {
	char name[32], unit[32], parameter[64], raise[160];
	bool total, can_raise;
	uint64_t used, limit;
};

struct limits_run {
	struct one_limit limits[LIMITS_MAX];
	size_t count;
	int check; /* per cent; 0: no check */
	struct shares shares;
};

/* ---- cmd_limits.c -------------------------------------------------------- */

enum resource limit_resource(const struct one_limit *limit);

/* Used so many per cent; -1: it is no total, or 0. */
int limit_percent(const struct one_limit *limit);

/* A value in the limit's unit. */
struct text limit_amount(const struct one_limit *limit, uint64_t value);

/* ---- limits_check.c: one line, for monitoring ---------------------------- */

/* Of "80" or "80%"; false: it is not from 1 to 100. */
bool limits_read_percent(const char *text, int *value);

/* Is the limit used to the part that --check names? */
bool limit_is_full(const struct limits_run *run, const struct one_limit *limit);
size_t limits_count_full(const struct limits_run *run);

void limits_print_check(const struct limits_run *run);

#endif
