/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sensor - publish a sensor's readings, for whoever wants to see each of them.
 *
 *   sensor PATH <READINGS
 *
 * Reads a number from each line, and shares it under the name of the existing file
 * PATH (/etc/thermometer.conf, say). display shows them, also to other users. An
 * example to copy from:
 *
 *   - svshm_open() makes the object, or goes on with what one has left that was
 *     killed: those who look on need not notice.
 *   - lock, write, unlock, notify: two sensors at a time do no harm.
 *   - If somebody removes the object (ipcrm), the next reading makes a new one.
 *   - At its end the last sensor takes the object away, and readers are told.
 */
#define _POSIX_C_SOURCE 200809L /* also for compilers told to be strict */

#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <svshm.h>

#include "sensor.h"

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
	sigaction(SIGINT, &action, NULL); /* no SA_RESTART: fgets() ends */
	sigaction(SIGTERM, &action, NULL);
}

static int complain(const struct svshm *handle)
{
	fprintf(stderr, "sensor: %s\n", svshm_error_string(handle));
	return -1;
}

/* Attached, and the lock is ours. A negative code: neither. */
static int begin(struct svshm *handle)
{
	bool made = false;
	int code = SVSHM_OK;

	if (!svshm_is_attached(handle))
		code = svshm_open(handle, sizeof(struct reading),
				  SVSHM_READ_WRITE, &made);
	if (code >= 0 && !made)
		code = svshm_lock(handle);
	/* What a dead sensor has left half written is written anew. */
	if (code == SVSHM_OWNER_DIED)
		code = svshm_make_consistent(handle);
	return code;
}

static void write_reading(struct reading *reading, double value)
{
	reading->number++;
	reading->time = (int64_t)time(NULL);
	reading->value = value;
}

static int publish_once(struct svshm *handle, double value)
{
	int code = begin(handle);

	if (code < 0)
		return code;
	write_reading(svshm_data(handle), value);
	code = svshm_unlock(handle);
	return code < 0 ? code : svshm_notify(handle);
}

/* Twice at most: if the object was removed, it is made anew. */
static int publish(struct svshm *handle, double value)
{
	int code = publish_once(handle, value);

	if (code == SVSHM_REMOVED) {
		svshm_detach(handle);
		code = publish_once(handle, value);
	}
	return code < 0 ? complain(handle) : 0;
}

static int run(struct svshm *handle)
{
	char line[200], *end;

	while (!stop && fgets(line, sizeof(line), stdin) != NULL) {
		double value = strtod(line, &end);

		if (end == line)
			fprintf(stderr, "sensor: no number: %s", line);
		else if (publish(handle, value) < 0)
			return EXIT_FAILURE;
	}
	return EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
	struct svshm *handle = svshm_new(NULL);
	int status = EXIT_FAILURE;

	if (argc != 2) {
		fprintf(stderr, "usage: sensor PATH <READINGS\n");
		return 2;
	}
	if (handle == NULL)
		return EXIT_FAILURE;
	catch_signals();
	/* Others may read, and wait; nobody else may write. */
	if (svshm_set_native_key(handle, argv[1]) < 0 ||
	    svshm_set_mode(handle, 0644) < 0)
		complain(handle);
	else
		status = run(handle);
	svshm_free(handle); /* detaches, too */
	return status;
}
