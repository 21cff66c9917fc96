/* SPDX-License-Identifier: BSD-2-Clause */
/* Finding the object that is meant. */
#ifndef SVSHM_TOOL_ARGUMENTS_SEARCH_H
#define SVSHM_TOOL_ARGUMENTS_SEARCH_H

#include "arguments/target.h"

#include "svshm.h"

/*
 * Visit what is named by a number or the native key, or by KEY. The result is
 * the visit's, or a code of svshm_inspect(), and why in *PROBLEM, which the
 * caller frees. By an IPC key there can be two: a segment and a set.
 */
int target_find(const struct target *target, const char *key,
		svshm_visit *visit, void *context, char **problem);

#endif
