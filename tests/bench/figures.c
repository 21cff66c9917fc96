/* SPDX-License-Identifier: BSD-2-Clause */
#include <config.h>

#include "figures.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static int by_value(const void *a, const void *b)
{
	double left = *(const double *)a, right = *(const double *)b;

	return (left > right) - (left < right);
}

void figures_add(struct figures *figures, double value)
{
	figures->value[figures->count++] = value;
}

double figures_median(struct figures *figures)
{
	qsort(figures->value, (size_t)figures->count, sizeof(double), by_value);
	return figures->value[figures->count / 2];
}

void figures_print(struct figures *figures, int decimals)
{
	double middle = figures_median(figures);

	printf(" %10.*f (%.*f .. %.*f)", decimals, middle, decimals,
	       figures->value[0], decimals,
	       figures->value[figures->count - 1]);
}

double bench_now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec * 1e9 + (double)time.tv_nsec;
}

int bench_argument(const char *text, int least, int most)
{
	long value = strtol(text, NULL, 10);

	if (value < least || value > most) {
		fprintf(stderr, "%s is not within %d and %d\n", text, least,
			most);
		exit(2);
	}
	return (int)value;
}

void bench_die(const char *tried)
{
	perror(tried);
	exit(1);
}
