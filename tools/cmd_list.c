/* SPDX-License-Identifier: BSD-2-Clause */
/* svshm list: every object, with a verdict. */
#include <config.h>

#include <stdio.h>
#include <stdlib.h>

#include "tool.h"

struct list_run {
	bool json;
	bool colour;
	size_t leftovers, seen;
	struct table table;
	char **notes;
	size_t note_count;
	struct progress progress;
};

/* Under the table: it has no room for them. */
static void note(struct list_run *run, const struct svshm_object *object)
{
	char *notes = object_notes(object);

	if (!notes)
		return;
	char *name = object_name(object);

	run->notes = must_reallocate(run->notes, (run->note_count + 1) *
				     sizeof(*run->notes));
	run->notes[run->note_count++] = text_print("%s: %s", name, notes);
	free(name);
	free(notes);
}

static void print_notes(struct list_run *run)
{
	for (size_t i = 0; i < run->note_count; i++) {
		char *escaped = text_escape(run->notes[i]);

		printf("%s\n", escaped);
		free(escaped);
		free(run->notes[i]);
	}
	free(run->notes);
}

static int visit(const struct svshm_object *object, void *context)
{
	struct list_run *run = context;

	if (object->verdict == SVSHM_VERDICT_GONE)
		return 0;
	run->leftovers += object_is_leftover(object);
	scan_breathe();
	progress_show(&run->progress, ++run->seen, 0, "objects");
	if (!run->json) {
		row_add(&run->table, object, 0, run->colour);
		note(run, object);
		return 0;
	}
	json_open(NULL, '{');
	object_json(object);
	json_close('}');
	return 0;
}

static int scan(struct list_run *run, bool all, uid_t user)
{
	if (run->json) {
		json_open(NULL, '{');
		json_number("schema", 1);
		json_open("objects", '[');
	}
	progress_begin(&run->progress, "looked at");
	int code = svshm_scan_user(user, all ? SVSHM_SCAN_FOREIGN : 0, visit,
				   run);

	progress_end(&run->progress);
	/* What was seen before a failure is printed all the same. */
	if (run->json) {
		json_close(']');
		json_close('}');
	} else {
		table_print(&run->table);
		print_notes(run);
	}
	table_free(&run->table);
	if (code < 0)
		message("cannot list all objects: %s", svshm_strerror(code));
	return code;
}

static int list_run(int argc, char **argv)
{
	bool all = false, check = false;
	uid_t user = (uid_t)-1;
	struct list_run run = {
		.colour = output_in_colour(),
		.table = { .titles = row_titles, .alignment = ROW_ALIGNMENT,
			   .coloured = ROW_VERDICT },
	};
	const struct tool_option options[] = {
		{ "all", OPTION_FLAG, &all },
		{ "check", OPTION_FLAG, &check },
		{ "json", OPTION_FLAG, &run.json },
		{ "user", OPTION_USER, &user },
		{ NULL, OPTION_FLAG, NULL },
	};
	struct operands operands;
	int status = options_parse(&command_list, argc, argv, options,
				   &operands);

	if (status != OPTIONS_READ)
		return status;
	signals_spare_output();
	if (operands.count > 0)
		return usage_error(&command_list, "\"%.60s\" is one argument "
				   "too many", operands.values[0]);
	if (scan(&run, all, user) < 0)
		return TOOL_FAILED;
	return check && run.leftovers > 0 ? TOOL_LEFTOVERS : TOOL_DONE;
}

const struct command command_list = {
	.name = "list",
	.run = list_run,
	.help = "show all objects, with a verdict for each",
	.usage =
	"usage: svshm list [--all] [--json] [--check] [--user USER]\n"
	"\n"
	"Show every object on this machine that you may look at.\n"
	"\n"
	"  --all        segments and semaphore sets of other programs too\n"
	"  --check      exit status 3 if there are leftovers\n"
	"  --json       print JSON\n"
	"  --user USER  only what belongs to that user: a name, or a uid\n"
	"\n"
	"PROCS: processes registered / of these alive.  MAPS: attachments that "
	"the\nkernel counts.  \"foreign?\": of another program, and perhaps "
	"left over.\n",
};
