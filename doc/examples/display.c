/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * display - print each reading of a sensor, as soon as it is there.
 *
 *   display PATH [COUNT]
 *
 * PATH is the file that the sensor was given, which may run as another user.
 * With COUNT it ends after so many readings. An example to copy from:
 *
 *   - SVSHM_READ_ONLY is enough to wait for changes and to copy the data as they
 *     are between two changes, svshm_snapshot(), and holds nobody back.
 *   - The count of changes is read before the data: what comes meanwhile ends the
 *     next wait at once.
 *   - A sensor that is killed and started again goes on in the same object. One
 *     that has ended has removed it (SVSHM_REMOVED): wait for the next object.
 */
#define _POSIX_C_SOURCE 200809L /* also for compilers told to be strict */

#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <svshm.h>

#include "sensor.h"

/* No signal ends svshm_wait(): so often it is looked whether one came. */
#define LOOK_EVERY_MS 500

static volatile sig_atomic_t stop;

static void on_signal(int number)
{
	(void)number;
	stop = 1;
}

static void catch_signals(void)
{
	struct sigaction action = { .sa_handler = on_signal };

	sigemptyset(&action.sa_mask);
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
}

/* 0: attached, or there is no object yet: then a moment has passed. */
static int attach(struct svshm *handle)
{
	const struct timespec moment = { .tv_nsec = 100000000 };
	int code = svshm_attach(handle, SVSHM_READ_ONLY);

	if (code == SVSHM_NOT_FOUND || code == SVSHM_BUSY) {
		/* The kernel has no event for "an object was made". */
		nanosleep(&moment, NULL);
		return 0;
	}
	if (code < 0)
		return code;
	if (svshm_size(handle) != sizeof(struct reading)) {
		fprintf(stderr, "display: that is no sensor's object\n");
		return SVSHM_INCOMPATIBLE;
	}
	return 0;
}

/*
 * Print what is new. If a sensor has died while it wrote (SVSHM_OWNER_DIED), what
 * there is may be half a reading: the next one's notice will come.
 */
static int show(struct svshm *handle, uint64_t *shown, long *wanted)
{
	struct reading reading;
	int code = svshm_snapshot(handle, 0, &reading, sizeof(reading),
				  LOOK_EVERY_MS);

	if (code != SVSHM_OK || reading.number == *shown)
		return code;
	*shown = reading.number;
	printf("%lld %g\n", (long long)reading.time, reading.value);
	fflush(stdout);
	--*wanted;
	return SVSHM_OK;
}

/* What there is no reason to give up for. */
static bool goes_on(int code)
{
	return code >= 0 || code == SVSHM_TIMED_OUT;
}

/* Until the object is removed, or enough was shown. */
static int follow(struct svshm *handle, long *wanted)
{
	uint64_t shown = 0;
	uint32_t seen;
	int code = SVSHM_OK;

	while (!stop && goes_on(code)) {
		seen = svshm_changes(handle);
		code = show(handle, &shown, wanted);
		if (*wanted == 0)
			return 0;
		if (goes_on(code))
			code = svshm_wait(handle, &seen, LOOK_EVERY_MS);
	}
	return code == SVSHM_REMOVED || goes_on(code) ? 0 : code;
}

static int run(struct svshm *handle, long wanted)
{
	while (!stop && wanted != 0) {
		int code = attach(handle);

		if (code >= 0 && svshm_is_attached(handle)) {
			code = follow(handle, &wanted);
			if (code >= 0)
				svshm_detach(handle);
		}
		if (code < 0) {
			fprintf(stderr, "display: %s\n",
				svshm_error_string(handle));
			return EXIT_FAILURE;
		}
	}
	return EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
	struct svshm *handle = svshm_new(NULL);
	/* Less than 0: it never comes to 0. */
	long wanted = argc == 3 ? strtol(argv[2], NULL, 10) : -1;
	int status = EXIT_FAILURE;

	if (argc < 2 || argc > 3) {
		fprintf(stderr, "usage: display PATH [COUNT]\n");
		return 2;
	}
	if (handle == NULL)
		return EXIT_FAILURE;
	catch_signals();
	if (svshm_set_native_key(handle, argv[1]) < 0)
		fprintf(stderr, "display: %s\n", svshm_error_string(handle));
	else
		status = run(handle, wanted);
	svshm_free(handle);
	return status;
}
