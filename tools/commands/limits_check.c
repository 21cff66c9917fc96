/* SPDX-License-Identifier: BSD-2-Clause */
#include <config.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "commands/limits_check.h"

/* "segments 97% (3972 of 4096; 3900 left over)" */
static void print_fullness(const struct one_limit *limit, bool full,
			   const struct shares *shares)
{
	enum resource resource = limit_resource(limit);
	uint64_t left = resource == NO_RESOURCE ? 0 :
			shares_left(shares, resource);

	printf("%s%s %d%% (%s", limit->name, full ? "" : ":",
	       limit_fullness(limit), limit_amount(limit, limit->used).bytes);
	printf(" of %s", limit_amount(limit, limit->limit).bytes);
	if (left > 0)
		printf("; %s left over", limit_amount(limit, left).bytes);
	putchar(')');
}

static int fuller_first(const void *a, const void *b)
{
	const struct one_limit *one = *(const struct one_limit *const *)a;
	const struct one_limit *other = *(const struct one_limit *const *)b;

	if (limit_fullness(one) != limit_fullness(other))
		return limit_fullness(other) - limit_fullness(one);
	/* In the order of the table. */
	return (one > other) - (one < other);
}

void limits_print_check(const struct figures *figures,
			const struct shares *shares)
{
	const struct one_limit *sorted[LIMITS_MAX] = { NULL };
	size_t full = limits_count_full(figures);

	for (size_t i = 0; i < figures->count; i++)
		sorted[i] = &figures->limits[i];
	qsort(sorted, figures->count, sizeof(*sorted), fuller_first);
	if (full > 0)
		printf("%zu limit%s at %d%% or more", full,
		       full == 1 ? "" : "s", figures->check);
	else
		printf("no limit at %d%% or more", figures->check);
	for (size_t i = 0; i < full; i++) {
		fputs(i == 0 ? ": " : ", ", stdout);
		print_fullness(sorted[i], true, shares);
	}
	if (full == 0 && figures->count > 0 && limit_fullness(sorted[0]) >= 0) {
		fputs("; most is used of ", stdout);
		print_fullness(sorted[0], false, shares);
	}
	putchar('\n');
}

bool limits_read_percent(const char *text, int *value)
{
	size_t digits = strspn(text, "0123456789");

	if (digits == 0 || digits > 3 ||
	    (text[digits] && strcmp(text + digits, "%") != 0))
		return false;
	*value = atoi(text);
	return *value >= 1 && *value <= 100;
}
