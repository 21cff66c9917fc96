/* SPDX-License-Identifier: BSD-2-Clause */
/* Whole processes, from fork to wait. */
#ifndef SVSHM_BENCH_COMMAND_H
#define SVSHM_BENCH_COMMAND_H

#define COMMAND_WORDS 6

/* Milliseconds; less than 0: there is no such program. A failure ends all. What
   it prints is thrown away. */
double command_run(const char *const *words);

#endif
