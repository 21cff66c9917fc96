/* SPDX-License-Identifier: BSD-2-Clause */
/* svshm list: every object, with a verdict. */
#include <config.h>

#include <stdio.h>
#include <stdlib.h>

#include "tool.h"

struct list_run {
	bool json;
	bool colour;
	size_t leftovers;
	struct table table;
};

static const char *const titles[] = {
	"KEY", "VERDICT", "SIZE", "PROCS", "MAPS", "MODE", "OWNER", "AGE"
};

#define TITLE_COUNT (sizeof(titles) / sizeof(*titles))

static const char *verdict_colour(const struct svshm_object *object)
{
	if (object->verdict == SVSHM_VERDICT_CORRUPT)
		return "\033[31m";
	if (object_is_leftover(object))
		return "\033[33m";
	if (object->verdict == SVSHM_VERDICT_IN_USE)
		return "\033[32m";
	return NULL;
}

/* Of so many in the table so many are alive; there may be none to read. */
static char *processes_cell(const struct svshm_object *object)
{
	if (object->max_processes == 0)
		return text_print("-");
	return text_print("%zu/%zu", object->process_count,
			  object_alive(object));
}

static void add_row(struct list_run *run, const struct svshm_object *object)
{
	char *name = object_name(object);
	bool segment = object->segment_id >= 0;
	/* A program's segment is all data: it has no size of svshm's. */
	uint64_t size = object->size ? object->size : object->segment_size;
	char *const cells[TITLE_COUNT] = {
		text_escape(name),
		text_print("%s", svshm_verdict_string(object->verdict)),
		text_print("%s", segment ? text_size(size).bytes : "-"),
		processes_cell(object),
		segment ? text_print("%llu",
				     (unsigned long long)object->mappings) :
			  text_print("-"),
		text_print("%04o", (unsigned)object->mode & 0777),
		text_print("%s", text_user(object->uid).bytes),
		text_print("%s", text_since(object->create_time).bytes),
	};

	free(name);
	table_add(&run->table, cells,
		  run->colour ? verdict_colour(object) : NULL);
}

static int visit(const struct svshm_object *object, void *context)
{
	struct list_run *run = context;

	if (object->verdict == SVSHM_VERDICT_GONE)
		return 0;
	run->leftovers += object_is_leftover(object);
	if (!run->json) {
		add_row(run, object);
		return 0;
	}
	json_open(NULL, '{');
	object_json(object);
	json_close('}');
	return 0;
}

static int scan(struct list_run *run, bool all)
{
	if (run->json) {
		json_open(NULL, '{');
		json_number("schema", 1);
		json_open("objects", '[');
	}
	int code = svshm_scan(all ? SVSHM_SCAN_FOREIGN : 0, visit, run);

	/* What was seen before a failure is printed all the same. */
	if (run->json) {
		json_close(']');
		json_close('}');
	} else {
		table_print(&run->table);
	}
	table_free(&run->table);
	if (code < 0)
		message("cannot list all objects: %s", svshm_strerror(code));
	return code;
}

static int list_run(int argc, char **argv)
{
	bool all = false, check = false;
	struct list_run run = {
		.colour = output_in_colour(),
		.table = { .titles = titles, .alignment = "llrrrllr",
			   .coloured = 1 },
	};
	const struct tool_option options[] = {
		{ "all", OPTION_FLAG, &all },
		{ "check", OPTION_FLAG, &check },
		{ "json", OPTION_FLAG, &run.json },
		{ NULL, OPTION_FLAG, NULL },
	};
	struct operands operands;
	int status = options_parse(&command_list, argc, argv, options,
				   &operands);

	if (status != OPTIONS_READ)
		return status;
	if (operands.count > 0)
		return usage_error(&command_list, "\"%.60s\" is one argument "
				   "too many", operands.values[0]);
	if (scan(&run, all) < 0)
		return TOOL_FAILED;
	return check && run.leftovers > 0 ? TOOL_LEFTOVERS : TOOL_DONE;
}

const struct command command_list = {
	.name = "list",
	.run = list_run,
	.help = "show all objects, with a verdict for each",
	.usage =
	"usage: svshm list [--all] [--json] [--check]\n"
	"\n"
	"Show every object on this machine that you may look at.\n"
	"\n"
	"  --all    segments and semaphore sets of other programs too\n"
	"  --check  exit status 3 if there are leftovers\n"
	"  --json   print JSON\n"
	"\n"
	"PROCS: processes registered / of these alive.  MAPS: attachments that "
	"the\nkernel counts.\n",
};
