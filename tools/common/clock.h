/* SPDX-License-Identifier: BSD-2-Clause */
/* Milliseconds of a clock that is never set. */
#ifndef SVSHM_TOOL_COMMON_CLOCK_H
#define SVSHM_TOOL_COMMON_CLOCK_H

#include <stdint.h>

int64_t now_ms(void);

/* The end of a wait; for a negative duration there is none (INT64_MAX). */
int64_t deadline_after(int64_t duration_ms);

#endif
