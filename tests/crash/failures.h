/* SPDX-License-Identifier: BSD-2-Clause */
/* In which ways a system call can fail, and what has to be told of it. */
#ifndef SVSHM_CRASH_FAILURES_H
#define SVSHM_CRASH_FAILURES_H

#include <stdbool.h>

/*
 * What the manuals list, but for what only a fault in the program leads to
 * (EFAULT, EBADF, shmdt's EINVAL), and what a message may call the call. Who is
 * refused by an object's mode is told of the mode.
 */
#define ERRNUMS_MAX 16
struct failure {
	const char *call;
	int errnums[ERRNUMS_MAX];
	const char *said[5];
};

/* NULL: it can't, or nobody would notice. */
const struct failure *failure_of(const char *call);

/* Whether MESSAGE names the call. */
bool failure_is_said(const struct failure *failure, const char *message);

/* Whether an operation that fails by ERRNUM may give CODE. */
bool code_fits(int code, int errnum);

#endif
