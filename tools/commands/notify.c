/* SPDX-License-Identifier: BSD-2-Clause */
/* svshm notify: tell all who wait for a change of an object that there is one. */
#include <config.h>

#include <stdbool.h>

#include "arguments/options.h"
#include "arguments/target.h"
#include "commands/commands.h"
#include "common/message.h"
#include "common/signals.h"
#include "common/status.h"
#include "objects/waiting.h"
#include "svshm.h"

static int notify(struct svshm *handle)
{
	signals_catch();
	int code = svshm_attach(handle, SVSHM_READ_ONLY);
	int status = TOOL_DONE;

	if (code < 0 || svshm_notify(handle) < 0)
		status = fail(handle);
	leave_as_found(handle, code == SVSHM_ORPHANED);
	return end_as_found(code == SVSHM_ORPHANED, status);
}

static int notify_run(int argc, char **argv)
{
	struct target target = TARGET_INIT;
	const struct tool_option options[] = {
		{ "native-key", OPTION_TEXT, &target.native_key },
		{ NULL, OPTION_FLAG, NULL },
	};
	struct operands operands;
	int status = options_parse(&command_notify, argc, argv, options,
				   &operands);

	if (status != OPTIONS_READ)
		return status;
	struct svshm *handle = target_handle(&command_notify, &target,
					     &operands, &status);

	if (!handle)
		return status;
	status = operands_at_most(&command_notify, &operands, 0);
	if (status != OPTIONS_READ) {
		svshm_free(handle);
		return status;
	}
	return notify(handle);
}

const struct command command_notify = {
	.name = "notify",
	.run = notify_run,
	.help = "tell all who wait that an object has changed",
	.usage =
	"usage: svshm notify KEY\n"
	"       svshm notify --native-key PATH\n"
	"\n"
	"Tell all who wait for a change of the object that there is one: "
	"programs by\nsvshm_wait(), and \"svshm wait\". The exit status is 0, or "
	"1 if there is no such\nobject, or it may not be written to.\n"
	"\n"
	"  --native-key PATH  the object of the key file PATH\n",
};
