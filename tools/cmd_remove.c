/* SPDX-License-Identifier: BSD-2-Clause */
/* svshm remove: remove one object, if nobody uses it or by force. */
#include <config.h>

#include <stdlib.h>

#include "tool.h"

static int visit(const struct svshm_object *object, void *context)
{
	struct svshm_recovery recovery = { .flags = *(unsigned *)context };
	int code = svshm_recover(object, &recovery);

	if (code >= 0)
		return 0;
	char *name = object_name(object);
	char *why = object_refusal(object, &recovery, code);

	message("%s is not removed: %s%s", name, why, code == SVSHM_BUSY ?
		"; --force removes it all the same" : "");
	free(why);
	free(name);
	/* Printed already: a code that the library does not have. */
	return 1;
}

static int remove_run(int argc, char **argv)
{
	enum svshm_layout layout = SVSHM_LAYOUT_NATIVE;
	const char *native_key = NULL;
	bool force = false;
	const struct tool_option options[] = {
		{ "force", OPTION_FLAG, &force },
		{ "layout", OPTION_LAYOUT, &layout },
		{ "native-key", OPTION_TEXT, &native_key },
		{ NULL, OPTION_FLAG, NULL },
	};
	struct operands operands;
	int status = options_parse(&command_remove, argc, argv, options,
				   &operands);

	if (status != OPTIONS_READ)
		return status;
	if (operands.count + (native_key != NULL) != 1)
		return usage_error(&command_remove, "give one of KEY and "
				   "--native-key PATH");
	struct svshm *handle = options_handle(&command_remove, &operands,
					      native_key, layout, &status);

	if (!handle)
		return status;
	unsigned flags = force ? SVSHM_RECOVER_FORCE : 0;
	int code = svshm_inspect(handle, visit, &flags);

	if (code < 0)
		fail(handle);
	svshm_free(handle);
	return code == 0 ? TOOL_DONE : TOOL_FAILED;
}

const struct command command_remove = {
	.name = "remove",
	.run = remove_run,
	.help = "remove an object that nobody uses, or by force",
	.usage =
	"usage: svshm remove KEY [--force]\n"
	"       svshm remove --native-key PATH [--force]\n"
	"\n"
	"Remove one object: the segment, the semaphore set, and the key file "
	"if svshm\nmade it. Refuses while it is in use, and says who uses "
	"it.\n"
	"\n"
	"  --force            remove it whatever it is; its users are told at "
	"their\n"
	"                     next call\n"
	"  --layout LAYOUT    native, or qt: the object of a Qt program\n"
	"  --native-key PATH  the object of the key file PATH\n",
};
