/* SPDX-License-Identifier: BSD-2-Clause */
/* The command line. */
#ifndef SVSHM_TOOL_ARGUMENTS_OPTIONS_H
#define SVSHM_TOOL_ARGUMENTS_OPTIONS_H

#include <stdbool.h>

#include "arguments/command.h"
#include "common/text.h"

#include "svshm.h"

enum tool_option_kind {
	OPTION_FLAG,     /* target: bool */
	OPTION_TEXT,     /* target: const char *; NULL before */
	OPTION_DURATION, /* target: int64_t, milliseconds; negative before */
	OPTION_USER,     /* target: uid_t; (uid_t)-1 before; a name or a uid */
	OPTION_LAYOUT    /* target: enum svshm_layout; 0, native, before */
};

struct tool_option {
	const char *name; /* without the dashes; NULL ends a table */
	enum tool_option_kind kind;
	void *target;
};

struct operands {
	int count;
	char **values;
	int before_dashes; /* how many stood before "--" */
	bool dashes;       /* there was a "--" */
};

/* ARGUMENT is the option with these two names. */
bool option_is(const char *argument, const char *letter, const char *word);

/* What options_parse() returns if the command shall go on. */
#define OPTIONS_READ (-1)

/*
 * Read options, which may stand between operands up to "--", and collect the
 * operands. Unless the result is OPTIONS_READ, the help has been printed, or
 * what is wrong; the result is the exit status then.
 */
int options_parse(const struct command *command, int argc, char **argv,
		  const struct tool_option *table, struct operands *operands);

/* OPTIONS_READ, or there are more than COUNT, and that has been printed. */
int operands_at_most(const struct command *command,
		     const struct operands *operands, int count);

/* Print what is wrong with the command line; the result is TOOL_USAGE. */
int usage_error(const struct command *command, const char *format, ...)
	TOOL_PRINTF(2, 3);

#endif
