/* SPDX-License-Identifier: BSD-2-Clause */
/* The locks that are compared: each behind the same four functions. */
#ifndef SVSHM_BENCH_CONTENDERS_H
#define SVSHM_BENCH_CONTENDERS_H

#include <stdbool.h>

struct contender {
	const char *name;
	bool survives; /* its owner's death: takes part in that race */
	bool sleeps;   /* waiters let others run: can have more than processors */
	/* In the parent, before the processes are forked, and after they ended. */
	void (*make)(void);
	void (*unmake)(void);
	/* In each process, before it begins, and when it ends. */
	void (*enter)(void);
	void (*leave)(void);
	void (*lock)(void);
	void (*unlock)(void);
};

extern const struct contender contenders[];
extern const int contender_count;

#endif
