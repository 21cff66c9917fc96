/* SPDX-License-Identifier: BSD-2-Clause */
/* svshm limits --check: one line, for monitoring. */
#include <config.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "commands/limits_run.h"
#include "tool.h"

/*
 * Used to so many per cent; -1: there is no limit. Where nothing is allowed, all
 * of it is used.
 */
static int fullness(const struct one_limit *limit)
{
	if (limit->limit == UINT64_MAX)
		return -1;
	return limit->total && limit->limit == 0 ? 100 : limit_percent(limit);
}

bool limit_is_full(const struct limits_run *run, const struct one_limit *limit)
{
	return run->check > 0 && fullness(limit) >= run->check;
}

/* "segments 97% (3972 of 4096; 3900 left over)" */
static void print_fullness(const struct limits_run *run,
			   const struct one_limit *limit, const char *between)
{
	enum resource resource = limit_resource(limit);
	uint64_t left = 0;

	if (resource != NO_RESOURCE)
		left = run->shares.ours[resource].amount +
		       run->shares.foreign[resource].amount;
	printf("%s%s%s %d%% (%s", between, limit->name,
	       limit_is_full(run, limit) ? "" : ":", fullness(limit),
	       limit_amount(limit, limit->used).bytes);
	printf(" of %s", limit_amount(limit, limit->limit).bytes);
	if (left > 0)
		printf("; %s left over", limit_amount(limit, left).bytes);
	putchar(')');
}

static int fuller_first(const void *a, const void *b)
{
	const struct one_limit *one = *(const struct one_limit *const *)a;
	const struct one_limit *other = *(const struct one_limit *const *)b;

	if (fullness(one) != fullness(other))
		return fullness(other) - fullness(one);
	/* In the order of the table. */
	return (one > other) - (one < other);
}

size_t limits_count_full(const struct limits_run *run)
{
	size_t full = 0;

	for (size_t i = 0; i < run->count; i++)
		full += limit_is_full(run, &run->limits[i]);
	return full;
}

void limits_print_check(const struct limits_run *run)
{
	const struct one_limit *sorted[LIMITS_MAX] = { NULL };
	size_t full = limits_count_full(run);

	for (size_t i = 0; i < run->count; i++)
		sorted[i] = &run->limits[i];
	qsort(sorted, run->count, sizeof(*sorted), fuller_first);
	if (full > 0)
		printf("%zu limit%s at %d%% or more", full,
		       full == 1 ? "" : "s", run->check);
	else
		printf("no limit at %d%% or more", run->check);
	for (size_t i = 0; i < full; i++)
		print_fullness(run, sorted[i], i == 0 ? ": " : ", ");
	if (full == 0 && run->count > 0 && fullness(sorted[0]) >= 0)
		print_fullness(run, sorted[0], "; most is used of ");
	putchar('\n');
}

/* A number, and perhaps a sign of per cent. */
bool limits_read_percent(const char *text, int *value)
{
	size_t digits = strspn(text, "0123456789");

	if (digits == 0 || digits > 3 ||
	    (text[digits] && strcmp(text + digits, "%") != 0))
		return false;
	*value = atoi(text);
	return *value >= 1 && *value <= 100;
}
