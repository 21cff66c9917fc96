/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Strangers: programs that were exec'ed (tests/support/user.c), so that they share
 * nothing with the test, or with each other, but a key. Actors, who are forked
 * children of the test, are for all that does not need it.
 */
#ifndef SVSHM_TEST_STRANGER_H
#define SVSHM_TEST_STRANGER_H

#include <stdio.h>

#include "outside.h"

struct stranger {
	pid_t pid;
	FILE *orders, *answers;
	char message[1200]; /* of the last answer */
};

/* Start one for KEY, with the lock engine that the test has chosen. */
void stranger_enter(struct stranger *stranger, const char *key);
void stranger_enter_native(struct stranger *stranger, const char *path);

/* The same, as USER with FRIENDS among its groups. */
void stranger_enter_as(struct stranger *stranger, uid_t user, const char *key);

/*
 * Give an order of tests/support/user.c, and get the code that is its answer, in 60
 * seconds at most. The two halves are for orders that wait for somebody.
 */
int stranger_do(struct stranger *stranger, const char *order, ...)
	__attribute__((__format__(__printf__, 2, 3)));
void stranger_begin(struct stranger *stranger, const char *order);
int stranger_end(struct stranger *stranger);

/* Fail the test unless the answer is EXPECTED. */
#define expect_order(stranger, order, expected) \
	stranger_expect(stranger, order, expected, __FILE__, __LINE__)
void stranger_expect(struct stranger *stranger, const char *order, int expected,
		     const char *file, int line);

/* End it: by SIGKILL; by exit(3). */
void stranger_kill(struct stranger *stranger);
void stranger_exit(struct stranger *stranger);

/* Wait until PID, which need not be a child of the test's, is no more. */
void await_death(pid_t pid);

#endif
