/* SPDX-License-Identifier: BSD-2-Clause */
/* svshm remove: remove one object, if nobody uses it or by force. */
#include <config.h>

#include <stdbool.h>
#include <stdlib.h>

#include "arguments/options.h"
#include "arguments/search.h"
#include "arguments/target.h"
#include "commands/commands.h"
#include "common/message.h"
#include "common/status.h"
#include "common/text.h"
#include "objects/object.h"
#include "svshm.h"

/* What would remove it; --force is for svshm's own objects. */
static char *way_out(const struct svshm_object *object)
{
	if (object->verdict != SVSHM_VERDICT_FOREIGN)
		return text_print("; --force removes it all the same");
	if (object->segment_id >= 0)
		return text_print("; \"ipcrm -m %d\" removes it all the same",
				  object->segment_id);
	return text_print("; \"ipcrm -s %d\" removes it all the same",
			  object->semaphore_id);
}

static int visit(const struct svshm_object *object, void *context)
{
	struct svshm_recovery recovery = { .flags = *(unsigned *)context };
	int code = svshm_recover(object, &recovery);

	if (code >= 0)
		return 0;
	char *name = object_name(object);
	char *why = object_refusal(object, &recovery, code);
	char *hint = code == SVSHM_BUSY ? way_out(object) :
					  text_print("%s", "");

	message("%s is not removed: %s%s", name, why, hint);
	free(hint);
	free(why);
	free(name);
	/* No code, as the codes are negative: it has been printed already. */
	return 1;
}

static int remove_run(int argc, char **argv)
{
	struct target target = TARGET_INIT;
	bool force = false;
	const struct tool_option options[] = {
		{ "force", OPTION_FLAG, &force },
		{ "id", OPTION_TEXT, &target.id_text },
		{ "layout", OPTION_LAYOUT, &target.layout },
		{ "native-key", OPTION_TEXT, &target.native_key },
		{ "set", OPTION_TEXT, &target.set_text },
		{ "user", OPTION_USER, &target.user },
		{ NULL, OPTION_FLAG, NULL },
	};
	struct operands operands;
	int status = options_parse(&command_remove, argc, argv, options,
				   &operands);

	if (status == OPTIONS_READ)
		status = target_parse_one(&command_remove, &target, &operands);
	if (status != OPTIONS_READ)
		return status;
	/* Who names another program's object means it. */
	unsigned flags = SVSHM_RECOVER_FOREIGN |
			 (force ? SVSHM_RECOVER_FORCE : 0);
	char *problem;
	int code = target_find(&target, operands.values[0], visit, &flags,
			       &problem);

	if (code < 0)
		message("%s", problem);
	free(problem);
	return code == 0 ? TOOL_DONE : TOOL_FAILED;
}

const struct command command_remove = {
	.name = "remove",
	.run = remove_run,
	.help = "remove an object that nobody uses, or by force",
	.usage =
	"usage: svshm remove KEY [--force] [--user USER]\n"
	"       svshm remove --native-key PATH [--force]\n"
	"       svshm remove --id N | --set N [--force]\n"
	"\n"
	"Remove one object: the segment, the semaphore set, and the key file "
	"if svshm\nmade it. Refuses while it is in use, and says who uses "
	"it.\n"
	"\n"
	"  --force            remove it whatever it is; its users are told at "
	"their\n"
	"                     next call\n"
	"  --id N             the segment with the id N, of any program\n"
	"  --layout LAYOUT    native, or qt: the object of a Qt program\n"
	"  --native-key PATH  the object of the key file PATH\n"
	"  --set N            the semaphore set with the id N, of any "
	"program\n"
	"  --user USER        the key of that user: a name, or a uid\n",
};
