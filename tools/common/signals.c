/* SPDX-License-Identifier: BSD-2-Clause */
#include <config.h>

#include <signal.h>
#include <stddef.h>
#include <sys/select.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/signals.h"

static const int ending_signals[] = { SIGINT, SIGTERM, SIGHUP };

#define SIGNAL_COUNT (sizeof(ending_signals) / sizeof(*ending_signals))

static volatile sig_atomic_t caught;

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

void signals_save(struct signals_ignored *before)
{
	sigaction(SIGPIPE, NULL, &before->pipe);
	sigaction(SIGXFSZ, NULL, &before->file_size);
}

void signals_restore(const struct signals_ignored *before)
{
	sigaction(SIGPIPE, &before->pipe, NULL);
	sigaction(SIGXFSZ, &before->file_size, NULL);
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
	struct timespec pause = timespec_of(duration_ms);
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
