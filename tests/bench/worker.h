/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Processes that make and use objects when they are told to, and measure how
 * long that takes: with svshm's native layout, with its Qt layout, and with the
 * real QSharedMemory of Qt 5 and Qt 6 (tests/bench/qt.cpp).
 */
#ifndef SVSHM_BENCH_WORKER_H
#define SVSHM_BENCH_WORKER_H

#include <sys/types.h>

#include "svshm.h"

#define BENCH_SIZE 65536
#define CONTENDERS_MAX 4

/* Who can be measured. */
struct contender {
	char name[32];
	enum svshm_layout layout;
	const char *program; /* of Qt's; NULL: svshm itself */
};

/* The first are svshm and its Qt layout; then those of $SVSHM_BENCH_QT. */
int contenders_find(struct contender contenders[CONTENDERS_MAX]);

struct worker {
	pid_t pid;
	int orders, answers; /* pipes */
};

void worker_start(struct worker *worker, const struct contender *contender);
void worker_stop(struct worker *worker);

/*
 * "hold": make the object KEY, and keep it. "go": leave it. "create", "attach":
 * do so, and detach, again and again for MILLISECONDS.
 */
void worker_tell(const struct worker *worker, const char *verb,
		 const char *key, int milliseconds);

/* Await what it has done since: how often; *MICROSECONDS may be NULL. */
long worker_await(const struct worker *worker, double *microseconds);

#endif
