/* SPDX-License-Identifier: BSD-2-Clause */
/* A command of the tool. */
#ifndef SVSHM_TOOL_ARGUMENTS_COMMAND_H
#define SVSHM_TOOL_ARGUMENTS_COMMAND_H

struct command {
	const char *name;
	/* argv[0] is the command's name; the result is the exit status. */
	int (*run)(int argc, char **argv);
	const char *help;  /* one line */
	const char *usage; /* what "svshm NAME --help" prints */
};

#endif
