/* SPDX-License-Identifier: BSD-2-Clause */
/* Finding the object of one name, whatever became of its key file. */
#ifndef SVSHM_OBJECT_FIND_H
#define SVSHM_OBJECT_FIND_H

#include <stdbool.h>
#include <sys/types.h>

#include "key/key.h"

struct svshm__found {
	key_t key;
	int segment_id, set_id; /* -1: none, or not looked for */
};

/*
 * A segment under any of FILE's keys whose published header names FILE's object,
 * or may do so (somebody is inside its gate just now), whatever became of its
 * set. NOT_FOUND.
 */
int svshm__find(const struct svshm__key_file *file, struct svshm__found *found);

/* The same under other keys than the project's. */
int svshm__find_other(const struct svshm__key_file *file, int project,
		      struct svshm__found *found);

/* What FILE leads to under one of its keys; false: nothing. */
bool svshm__find_by_keys(const struct svshm__key_file *file,
			 struct svshm__found *found);

#endif
