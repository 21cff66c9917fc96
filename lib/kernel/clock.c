/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Clocks and pauses. What waits has a deadline in nanoseconds: in milliseconds
 * it would have to be rounded up, each time anew that it is handed on.
 */
#include <config.h>

#include "kernel/process.h"

#include <time.h>

static int64_t nanoseconds(const struct timespec *time)
{
	return (int64_t)time->tv_sec * 1000000000 + time->tv_nsec;
}

int64_t svshm__process_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return nanoseconds(&now);
}

int64_t svshm__process_deadline(int milliseconds)
{
	if (milliseconds < 0)
		return SVSHM__NO_DEADLINE;
	return svshm__process_now() + milliseconds * SVSHM__MILLISECOND;
}

int64_t svshm__process_clock(void)
{
	return svshm__process_now() / SVSHM__MILLISECOND;
}

int64_t svshm__process_tick(void)
{
#ifdef CLOCK_MONOTONIC_COARSE
	struct timespec now;

	if (clock_gettime(CLOCK_MONOTONIC_COARSE, &now) == 0)
		return nanoseconds(&now);
#endif
	return svshm__process_clock() / 4;
}

int64_t svshm__process_time(void)
{
	return (int64_t)time(NULL);
}

void svshm__process_sleep(int64_t length)
{
	struct timespec pause = { (time_t)(length / 1000000000),
				  (long)(length % 1000000000) };

	nanosleep(&pause, NULL);
}

void svshm__process_pause(int milliseconds)
{
	svshm__process_sleep(milliseconds * SVSHM__MILLISECOND);
}
