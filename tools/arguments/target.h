/* SPDX-License-Identifier: BSD-2-Clause */
/* Which object is meant. */
#ifndef SVSHM_TOOL_ARGUMENTS_TARGET_H
#define SVSHM_TOOL_ARGUMENTS_TARGET_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "arguments/command.h"
#include "arguments/options.h"

#include "svshm.h"

/* What the options say; segment_id and what follows: target_parse(). */
struct target {
	const char *native_key, *id_text, *set_text, *ipc_key_text;
	enum svshm_layout layout;
	uid_t user; /* whose; (uid_t)-1: the caller's by key, anybody's by id */
	int segment_id, set_id; /* -1: not by that */
	uint32_t ipc_key;
};

/* What it is before the options are read. */
#define TARGET_INIT { .user = (uid_t)-1 }

/*
 * Read the numbers. More than one way to name it, operands too, is an error.
 * OPTIONS_READ, or what is wrong has been printed.
 */
int target_parse(const struct command *command, struct target *target,
		 const struct operands *operands);

/* The same for a command that wants one object: no less, no more. */
int target_parse_one(const struct command *command, struct target *target,
		     const struct operands *operands);

/* It is named by an id or an IPC key. */
bool target_is_number(const struct target *target);

/* It is named by an option, not by operands. */
bool target_is_option(const struct target *target);

/*
 * A handle for the object that the command line names: for its native key if
 * there is one, else for the first operand, which is taken away. NULL: there is
 * no name, or no memory; *status has the exit status.
 */
struct svshm *target_handle(const struct command *command,
			    const struct target *target,
			    struct operands *operands, int *status);

/*
 * The same, and the command that stands after the operands and "--". A KEY that
 * begins with a dash takes two of them: svshm lock -- KEY -- CMD. *WORDS NULL:
 * there is none, or an operand too many.
 */
struct svshm *target_handle_and_command(const struct command *command,
					const struct target *target,
					struct operands *operands,
					char ***words, int *status);

/* Before HANDLE is used: its layout, its native key, and whose keys it sees. */
int target_prepare(const struct target *target, struct svshm *handle);

/* What was asked for, for messages; the caller frees it. */
char *target_name(const struct target *target, const char *key);

#endif
