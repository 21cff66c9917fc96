/* SPDX-License-Identifier: BSD-2-Clause */
/* What the tests of svshm_snapshot() have in common. */
#ifndef SVSHM_TESTS_SNAPSHOT_H
#define SVSHM_TESTS_SNAPSHOT_H

#include <string.h>

#include "lock/lock.h"
#include "support.h"

#define SIZE 20000

/* An object of each engine; NULL: this build does not have it. */
static inline struct svshm *make(int which, const char **key, const char *name)
{
	unsigned engine = SVSHM__LOCK_PORTABLE + (unsigned)which;

	if (!svshm__lock_engine(engine))
		return NULL;
	svshm__lock_engine_of_new = engine;
	*key = test_key(name);
	return make_object(*key, SIZE);
}

static unsigned char copy[SIZE + 2];

static inline int look(struct svshm *handle)
{
	return svshm_snapshot(handle, 0, copy, SIZE, 0);
}

static inline bool copy_has(int fill)
{
	for (int i = 0; i < SIZE; i++)
		if (copy[i] != fill)
			return false;
	return true;
}

/* Half of the data. */
static inline int act_spoil(struct svshm *handle)
{
	memset(svshm_data(handle), 9, SIZE / 2);
	return SVSHM_OK;
}

static inline int act_snapshot(struct svshm *handle)
{
	return svshm_snapshot(handle, 0, copy, SIZE, SVSHM_FOREVER);
}

#endif
