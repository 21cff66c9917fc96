/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * svshm wait: wait until somebody calls svshm_notify() for an object, or "svshm
 * notify", and run a command then, in this process's place.
 */
#include <config.h>

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include "arguments/options.h"
#include "arguments/target.h"
#include "commands/commands.h"
#include "common/clock.h"
#include "common/message.h"
#include "common/signals.h"
#include "common/status.h"
#include "objects/waiting.h"
#include "svshm.h"

#define NOT_EXECUTABLE 126
#define NOT_FOUND 127

static int wait_attached(struct svshm *handle, int64_t deadline)
{
	uint32_t seen = svshm_changes(handle);
	int code = change_until(handle, &seen, deadline);

	if (code == LOCK_INTERRUPTED)
		return TOOL_FAILED;
	return code < 0 ? fail(handle) : TOOL_DONE;
}

static int execute(char **command)
{
	execvp(command[0], command);
	int error = errno;

	message("cannot run %s: %s", command[0], strerror(error));
	return error == ENOENT ? NOT_FOUND : NOT_EXECUTABLE;
}

/* COMMAND: NULL for none. */
static int wait_and_run(struct svshm *handle, int64_t deadline, char **command)
{
	struct signals_ignored before;

	signals_save(&before);
	signals_catch();
	int code = svshm_attach(handle, SVSHM_READ_ONLY);
	int status = code < 0 ? fail(handle) : wait_attached(handle, deadline);

	leave_as_found(handle, code == SVSHM_ORPHANED);
	if (status == TOOL_DONE && command) {
		signals_restore(&before);
		status = execute(command);
	}
	return end_as_found(code == SVSHM_ORPHANED, status);
}

static int wait_run(int argc, char **argv)
{
	struct target target = TARGET_INIT;
	int64_t timeout = -1;
	const struct tool_option options[] = {
		{ "native-key", OPTION_TEXT, &target.native_key },
		{ "timeout", OPTION_DURATION, &timeout },
		{ NULL, OPTION_FLAG, NULL },
	};
	struct operands operands;
	int status = options_parse(&command_wait, argc, argv, options,
				   &operands);

	if (status != OPTIONS_READ)
		return status;
	char **command;
	struct svshm *handle = target_handle_and_command(
		&command_wait, &target, &operands, &command, &status);

	if (!handle)
		return status;
	if (!command && (operands.count > 0 || operands.dashes)) {
		svshm_free(handle);
		return usage_error(&command_wait, "give one KEY, and the "
				   "command to run, if any, after --");
	}
	return wait_and_run(handle, deadline_after(timeout), command);
}

const struct command command_wait = {
	.name = "wait",
	.run = wait_run,
	.help = "wait until an object is changed, and run a command then",
	.usage =
	"usage: svshm wait KEY [--timeout T] [-- CMD [ARGUMENT...]]\n"
	"       svshm wait --native-key PATH [--timeout T] [-- CMD "
	"[ARGUMENT...]]\n"
	"\n"
	"Wait until somebody tells that the object has changed: a program by\n"
	"svshm_notify(), or \"svshm notify\". Then run CMD. The exit status is "
	"that of CMD,\nor 0; 1 if there was no change, or no object.\n"
	"\n"
	"  --native-key PATH  the object of the key file PATH\n"
	"  --timeout T        wait so long at most: 30s, 10m, 2h; 0: do not "
	"wait\n",
};
