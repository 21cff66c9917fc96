/* SPDX-License-Identifier: BSD-2-Clause */
/* Time, signals, and waiting for the lock with both in mind. */
#include <config.h>

#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/select.h>
#include <time.h>
#include <unistd.h>

#include "tool.h"

/*
 * The library goes on waiting after a signal, so a wait that a signal should
 * end is cut into pieces of this length.
 */
#define LOCK_SLICE_MS 100

static const int ending_signals[] = { SIGINT, SIGTERM, SIGHUP };

#define SIGNAL_COUNT (sizeof(ending_signals) / sizeof(*ending_signals))

static volatile sig_atomic_t caught;

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

static void note_signal(int signal_number)
{
	caught = signal_number;
}

static void signals_ignore(int signal_number)
{
	struct sigaction action;

	action.sa_handler = SIG_IGN;
	action.sa_flags = 0;
	sigemptyset(&action.sa_mask);
	sigaction(signal_number, &action, NULL);
}

void signals_catch(void)
{
	struct sigaction action;

	for (size_t i = 0; i < SIGNAL_COUNT; i++) {
		/* Ignored on purpose, as by nohup(1): stays so. */
		if (sigaction(ending_signals[i], NULL, &action) == 0 &&
		    action.sa_handler == SIG_IGN)
			continue;
		action.sa_handler = note_signal;
		/* No SA_RESTART: a read or write that blocks shall end. */
		action.sa_flags = 0;
		sigemptyset(&action.sa_mask);
		sigaction(ending_signals[i], &action, NULL);
	}
	signals_ignore(SIGPIPE);
	signals_spare_output();
}

/* SIGPIPE stays: who has read enough of a list wants no word about it. */
void signals_spare_output(void)
{
	signals_ignore(SIGXFSZ);
}

int signals_caught(void)
{
	return (int)caught;
}

void signals_die(void)
{
	int signal_number = (int)caught;

	signal(signal_number, SIG_DFL);
	raise(signal_number);
	_exit(128 + signal_number);
}

void pause_ms(int64_t duration_ms)
{
	struct timespec pause = {
		.tv_sec = (time_t)(duration_ms / 1000),
		.tv_nsec = (long)(duration_ms % 1000) * 1000000,
	};
	sigset_t blocked, before;

	/*
	 * Blocked between the look and the pause, and unblocked by pselect()
	 * in the pause: a signal can't slip in between unseen.
	 */
	sigemptyset(&blocked);
	for (size_t i = 0; i < SIGNAL_COUNT; i++)
		sigaddset(&blocked, ending_signals[i]);
	sigprocmask(SIG_BLOCK, &blocked, &before);
	if (!caught)
		pselect(0, NULL, NULL, NULL, &pause, &before);
	sigprocmask(SIG_SETMASK, &before, NULL);
}

int lock_until(struct svshm *handle, int64_t deadline)
{
	for (;;) {
		int64_t left = deadline - now_ms();

		if (left > LOCK_SLICE_MS)
			left = LOCK_SLICE_MS;
		if (signals_caught())
			return LOCK_INTERRUPTED;
		int code = svshm_timedlock(handle, left > 0 ? (int)left : 0);

		if (code != SVSHM_TIMED_OUT || now_ms() >= deadline)
			return code;
	}
}
