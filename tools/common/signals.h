/* SPDX-License-Identifier: BSD-2-Clause */
/* Signals that ask the process to end. */
#ifndef SVSHM_TOOL_COMMON_SIGNALS_H
#define SVSHM_TOOL_COMMON_SIGNALS_H

#include <signal.h>
#include <stdint.h>

/*
 * From now on SIGINT, SIGTERM and SIGHUP (unless ignored) are only noted, and a
 * write that fails is an error, not a signal.
 */
void signals_catch(void);

/* What signals_catch() ignores, as it was: for a program that is exec'ed later. */
struct signals_ignored {
	struct sigaction pipe, file_size;
};

void signals_save(struct signals_ignored *before);
void signals_restore(const struct signals_ignored *before);

/* For commands that only print: a file that may not grow is an error, too. */
void signals_spare_output(void);

/* The signal that was noted, or 0. */
int signals_caught(void);

/* End the process by the signal that was noted. */
void signals_die(void);

/* Wait until the time has passed or a signal has been noted. */
void pause_ms(int64_t duration_ms);

#endif
