/* SPDX-License-Identifier: BSD-2-Clause */
#include <config.h>

#include "common/clock.h"

int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int64_t deadline_after(int64_t duration_ms)
{
	/* now_ms() drops what is less than a millisecond: never shorter. */
	return duration_ms < 0 ? INT64_MAX :
		now_ms() + duration_ms + (duration_ms > 0);
}

struct timespec timespec_of(int64_t duration_ms)
{
	return (struct timespec){
		.tv_sec = (time_t)(duration_ms / 1000),
		.tv_nsec = (long)(duration_ms % 1000) * 1000000,
	};
}
