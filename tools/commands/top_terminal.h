/* SPDX-License-Identifier: BSD-2-Clause */
/* The terminal of svshm top. */
#ifndef SVSHM_TOOL_COMMANDS_TOP_TERMINAL_H
#define SVSHM_TOOL_COMMANDS_TOP_TERMINAL_H

#include <stdint.h>

enum terminal_key {
	KEY_NONE = 256, /* the time has passed, or a signal came */
	KEY_UP,
	KEY_DOWN,
	KEY_PAGE_UP,
	KEY_PAGE_DOWN,
	KEY_END_OF_INPUT
};

/*
 * Take the terminal: 0, or -1 after a message. Until terminal_leave(), signals
 * that end the command are noted as by signals_catch(), in terminal_key() only.
 */
int terminal_enter(void);
void terminal_leave(void);

void terminal_size(int *lines, int *columns);

/* A key (a byte or one of the above), waiting so long at most. */
int terminal_key(int64_t timeout_ms);

#endif
