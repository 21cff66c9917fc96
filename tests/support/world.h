/* SPDX-License-Identifier: BSD-2-Clause */
/* The world that a test program runs in; for test_main() and test_fork(). */
#ifndef SVSHM_TEST_WORLD_H
#define SVSHM_TEST_WORLD_H

#include <stdbool.h>
#include <sys/types.h>

/* Before the first test: what the environment asks for. 99 is the exit status
   where it can't be had. */
void world_enter(void);

/* fork(2); the children of a test may be in another PID namespace. IN_CHILD:
   who forks is such a child itself, and stays where it is. */
pid_t world_fork(bool in_child);

#endif
