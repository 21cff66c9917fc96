/* SPDX-License-Identifier: BSD-2-Clause */
/* What svshm limits knows of the limits. */
#ifndef SVSHM_TOOL_COMMANDS_LIMITS_FIGURES_H
#define SVSHM_TOOL_COMMANDS_LIMITS_FIGURES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "output/values.h"

#include "svshm.h"

#define LIMITS_MAX 16

/* What leftovers can fill; the kernel has other limits, too. */
enum resource { SEGMENTS, MEMORY, SETS, SEMAPHORES, RESOURCES, NO_RESOURCE };

struct one_limit {
	char name[32], unit[32], parameter[64], raise[160];
	bool total; /* it is for all together: it can be used up */
	bool can_raise;
	uint64_t used, limit;
};

struct figures {
	struct one_limit limits[LIMITS_MAX];
	size_t count;
	int check; /* per cent; 0: no check */
};

/* Ask the system; a code of svshm_limits(). */
int figures_find(struct figures *figures);

enum resource limit_resource(const struct one_limit *limit);

/* Used so many per cent; -1: it is no total, or 0. */
int limit_percent(const struct one_limit *limit);

/*
 * The same for --check: -1: there is no limit. Where nothing is allowed, all of
 * it is used.
 */
int limit_fullness(const struct one_limit *limit);

/* A value in the limit's unit. */
struct text limit_amount(const struct one_limit *limit, uint64_t value);

/* Is the limit used to the part that --check names? */
bool limit_is_full(const struct figures *figures,
		   const struct one_limit *limit);
size_t limits_count_full(const struct figures *figures);

#endif
