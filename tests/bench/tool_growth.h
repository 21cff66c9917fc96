/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SVSHM_BENCH_TOOL_GROWTH_H
#define SVSHM_BENCH_TOOL_GROWTH_H

#include <stdbool.h>

/*
 * A table, or JSON: how long TOOL takes to list and to recover, with more and
 * more on the machine. DIRECTORY has the key files. COUNT: the most segments
 * and orphans.
 */
void tool_growth(const char *tool, const char *directory, int count, bool json);

#endif
