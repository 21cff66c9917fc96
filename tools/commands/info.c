/* SPDX-License-Identifier: BSD-2-Clause */
/* svshm info: all that is known about one object. */
#include <config.h>

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "arguments/options.h"
#include "arguments/search.h"
#include "arguments/target.h"
#include "commands/commands.h"
#include "commands/info_text.h"
#include "common/message.h"
#include "common/signals.h"
#include "common/status.h"
#include "objects/members.h"
#include "objects/who.h"
#include "output/json.h"
#include "svshm.h"

struct info_run {
	struct target target;
	bool json;
	size_t shown;
};

/* Of one IPC key there can be a segment and a set: the others in an array. */
static void print_json(const struct info_run *run,
		       const struct svshm_object *object,
		       const struct who *who)
{
	if (run->shown == 0)
		json_begin();
	else if (run->shown == 1)
		json_open("same_ipc_key", '[');
	json_open(run->shown ? NULL : "object", '{');
	object_json(object);
	who_json(who);
	json_close('}');
}

static void end_json(const struct info_run *run)
{
	if (run->shown > 1)
		json_close(']');
	if (run->shown > 0)
		json_end();
}

static int visit(const struct svshm_object *object, void *context)
{
	struct info_run *run = context;
	struct who who;

	who_find(&who, object);
	if (!run->json && run->shown > 0)
		putchar('\n');
	if (run->json)
		print_json(run, object, &who);
	else
		info_print_text(object, &who);
	who_free(&who);
	run->shown++;
	return 0;
}

static int info(struct info_run *run, const char *key)
{
	char *problem;
	int code = target_find(&run->target, key, visit, run, &problem);

	if (run->json)
		end_json(run);
	if (code < 0)
		message("%s", problem);
	free(problem);
	return code < 0 ? TOOL_FAILED : TOOL_DONE;
}

static int info_run(int argc, char **argv)
{
	struct info_run run = { .target = TARGET_INIT };
	const struct tool_option options[] = {
		{ "id", OPTION_TEXT, &run.target.id_text },
		{ "json", OPTION_FLAG, &run.json },
		{ "key", OPTION_TEXT, &run.target.ipc_key_text },
		{ "layout", OPTION_LAYOUT, &run.target.layout },
		{ "native-key", OPTION_TEXT, &run.target.native_key },
		{ "set", OPTION_TEXT, &run.target.set_text },
		{ "user", OPTION_USER, &run.target.user },
		{ NULL, OPTION_FLAG, NULL },
	};
	struct operands operands;
	int status = options_parse(&command_info, argc, argv, options,
				   &operands);

	if (status == OPTIONS_READ)
		status = target_parse_one(&command_info, &run.target,
					  &operands);
	if (status != OPTIONS_READ)
		return status;
	signals_spare_output();
	return info(&run, operands.values[0]);
}

const struct command command_info = {
	.name = "info",
	.run = info_run,
	.help = "show all about one object, and who uses it",
	.usage =
	"usage: svshm info KEY [--user USER] [--json]\n"
	"       svshm info --native-key PATH [--json]\n"
	"       svshm info --id N | --set N | --key IPC-KEY [--json]\n"
	"\n"
	"Show all that is known about an object: ids, rights, sizes, times, "
	"the owner of\nthe lock, the registered processes, and on Linux who "
	"has it mapped, and which of\nthem are a dead maker's children.\n"
	"\n"
	"  --id N             the segment with the id N, of any program\n"
	"  --json             print JSON\n"
	"  --key IPC-KEY      the segment and the set with that IPC key, as "
	"ipcs prints\n"
	"                     it: 0x0052e2c1\n"
	"  --layout LAYOUT    native, or qt: the object of a Qt program\n"
	"  --native-key PATH  the object of the key file PATH\n"
	"  --set N            the semaphore set with the id N, of any "
	"program\n"
	"  --user USER        the key of that user: a name, or a uid\n",
};
