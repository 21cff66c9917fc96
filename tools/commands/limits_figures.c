/* SPDX-License-Identifier: BSD-2-Clause */
#include <config.h>

#include <stdio.h>
#include <string.h>

#include "commands/limits_figures.h"

enum resource limit_resource(const struct one_limit *limit)
{
	static const char *const names[RESOURCES] = {
		"segments", "memory", "sets", "semaphores"
	};

	for (int i = 0; i < RESOURCES; i++)
		if (strcmp(limit->name, names[i]) == 0)
			return (enum resource)i;
	return NO_RESOURCE;
}

int limit_percent(const struct one_limit *limit)
{
	if (!limit->total || limit->limit == 0)
		return -1;
	return (int)(100.0 * (double)limit->used / (double)limit->limit);
}

static int keep(const struct svshm_limit *limit, void *context)
{
	struct figures *figures = context;
	struct one_limit *one = &figures->limits[figures->count];

	if (figures->count == LIMITS_MAX)
		return 0;
	snprintf(one->name, sizeof(one->name), "%s", limit->name);
	snprintf(one->unit, sizeof(one->unit), "%s", limit->unit);
	snprintf(one->parameter, sizeof(one->parameter), "%s",
		 limit->parameter);
	snprintf(one->raise, sizeof(one->raise), "%s",
		 limit->raise ? limit->raise : "");
	one->can_raise = limit->raise != NULL;
	one->total = limit->total;
	one->used = limit->used;
	one->limit = limit->limit;
	figures->count++;
	return 0;
}

int figures_find(struct figures *figures)
{
	return svshm_limits(keep, figures);
}

struct text limit_amount(const struct one_limit *limit, uint64_t value)
{
	struct text text;

	if (strcmp(limit->unit, "bytes") == 0)
		return text_size(value);
	snprintf(text.bytes, sizeof(text.bytes), "%llu",
		 (unsigned long long)value);
	return text;
}

int limit_fullness(const struct one_limit *limit)
{
	if (limit->limit == UINT64_MAX)
		return -1;
	return limit->total && limit->limit == 0 ? 100 : limit_percent(limit);
}

bool limit_is_full(const struct figures *figures,
		   const struct one_limit *limit)
{
	return figures->check > 0 && limit_fullness(limit) >= figures->check;
}

size_t limits_count_full(const struct figures *figures)
{
	size_t full = 0;

	for (size_t i = 0; i < figures->count; i++)
		full += limit_is_full(figures, &figures->limits[i]);
	return full;
}
