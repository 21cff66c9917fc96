/* SPDX-License-Identifier: BSD-2-Clause */
/* Objects in words: one place for all commands. */
#ifndef SVSHM_TOOL_OBJECTS_OBJECT_H
#define SVSHM_TOOL_OBJECTS_OBJECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "svshm.h"

/* No live process uses it, and it ought to be gone. */
bool object_is_leftover(const struct svshm_object *object);

/* The estimate of another program's, as JSON and people have it. */
const char *object_certainty(const struct svshm_object *object);

/* Bytes of data; of another program's, of the segment; 0: not known. */
uint64_t object_size(const struct svshm_object *object);

/* When it was used last, as far as is known; 0: not at all. */
int64_t object_left_time(const struct svshm_object *object);

/* How many of the processes in its table are alive. */
size_t object_alive(const struct svshm_object *object);

/* Key, native key or ids, not escaped; the caller frees it. */
char *object_name(const struct svshm_object *object);

/*
 * "pid 12 (name), pid 13 (name)": who uses it, NULL if nobody who is
 * registered; the caller frees it.
 */
char *object_users(const struct svshm_object *object);

/*
 * Why svshm_recover(), which has returned CODE, did not remove it; the caller
 * frees it.
 */
char *object_refusal(const struct svshm_object *object,
		     const struct svshm_recovery *recovery, int code);

#endif
