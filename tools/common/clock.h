/* SPDX-License-Identifier: BSD-2-Clause */
/* Time, in milliseconds. */
#ifndef SVSHM_TOOL_COMMON_CLOCK_H
#define SVSHM_TOOL_COMMON_CLOCK_H

#include <stdint.h>
#include <time.h>

/* Of a clock that is never set. */
int64_t now_ms(void);

/* The end of a wait; for a negative duration there is none (INT64_MAX). */
int64_t deadline_after(int64_t duration_ms);

/* As system calls want a duration. */
struct timespec timespec_of(int64_t duration_ms);

#endif
