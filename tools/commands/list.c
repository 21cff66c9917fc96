/* SPDX-License-Identifier: BSD-2-Clause */
/* svshm list: every object, with a verdict. */
#include <config.h>

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "arguments/options.h"
#include "arguments/view.h"
#include "commands/commands.h"
#include "common/message.h"
#include "common/signals.h"
#include "common/status.h"
#include "common/text.h"
#include "objects/members.h"
#include "objects/notes.h"
#include "objects/object.h"
#include "objects/rows.h"
#include "objects/scan.h"
#include "objects/snapshot.h"
#include "output/json.h"
#include "output/progress.h"
#include "output/table.h"
#include "output/values.h"
#include "svshm.h"

struct list_run {
	uid_t user; /* whose; (uid_t)-1: everybody's */
	bool json, check;
	struct view view;
	size_t seen;  /* whatever the verdict */
	size_t found; /* leftovers, or of the verdicts that were asked for */
	struct snapshot snapshot;
	struct progress progress;
};

/* Does --check look for such objects? */
static bool is_found(const struct list_run *run,
		     const struct svshm_object *object)
{
	return run->view.verdicts ? view_wants(&run->view, object) :
				    object_is_leftover(object);
}

static int visit(const struct svshm_object *object, void *context)
{
	struct list_run *run = context;

	if (object->verdict == SVSHM_VERDICT_GONE)
		return 0;
	scan_keep_fast();
	progress_show(&run->progress, ++run->seen, 0, "objects");
	if (!view_wants(&run->view, object))
		return 0;
	run->found += is_found(run, object);
	snapshot_add(&run->snapshot, object);
	return 0;
}

/* ---- Printing ------------------------------------------------------------ */

/* Under the table: it has no room for them. */
static void print_notes(const struct svshm_object *object)
{
	char *notes = notes_text(object);

	if (!notes)
		return;
	char *name = object_name(object);

	print_line("%s: %s", name, notes);
	free(name);
	free(notes);
}

static void print_table(const struct list_run *run)
{
	const struct snapshot *snapshot = &run->snapshot;
	struct table table = view_table(&run->view);
	bool colour = output_in_colour();

	for (size_t i = 0; i < snapshot->count; i++)
		row_add(&table, &run->view.columns, &snapshot->list[i].object,
			0, colour);
	table_print(&table);
	table_free(&table);
	for (size_t i = 0; i < snapshot->count && !run->view.no_headings; i++)
		print_notes(&snapshot->list[i].object);
}

static void print_json(const struct snapshot *snapshot)
{
	json_begin();
	json_open("objects", '[');
	for (size_t i = 0; i < snapshot->count; i++) {
		json_open(NULL, '{');
		object_json(&snapshot->list[i].object);
		json_close('}');
	}
	json_close(']');
	json_end();
}

/* ---- One line, for monitoring -------------------------------------------- */

struct summary {
	size_t counts[SVSHM_VERDICT_UNKNOWN + 1];
	size_t foreign_left;
	uint64_t bytes;
	const struct svshm_object *oldest; /* left for the longest */
};

static void count_object(struct summary *summary,
			 const struct svshm_object *object)
{
	int64_t left = object_left_time(object);

	if (object->certainty)
		summary->foreign_left++;
	else
		summary->counts[object->verdict]++;
	summary->bytes += object_size(object);
	if (left > 0 && (!summary->oldest ||
			 left < object_left_time(summary->oldest)))
		summary->oldest = object;
}

/* "3 half-made, 1 orphan" */
static void print_counts(const struct summary *summary)
{
	const char *between = "";

	for (size_t i = 0; i <= SVSHM_VERDICT_UNKNOWN; i++) {
		if (summary->counts[i] == 0)
			continue;
		printf("%s%zu %s", between, summary->counts[i],
		       svshm_verdict_string((enum svshm_verdict)i));
		between = ", ";
	}
	if (summary->foreign_left)
		printf("%s%zu foreign?", between, summary->foreign_left);
}

static void print_oldest(const struct svshm_object *object)
{
	char *name = object_name(object);
	char *escaped = text_escape(name);

	text_cut(escaped, 60);
	printf("; the oldest, %s, left %s ago", escaped,
	       text_since(object_left_time(object)).bytes);
	free(escaped);
	free(name);
}

static void print_check(const struct list_run *run)
{
	struct summary summary = { .bytes = 0 };

	for (size_t i = 0; i < run->snapshot.count; i++)
		if (is_found(run, &run->snapshot.list[i].object))
			count_object(&summary, &run->snapshot.list[i].object);
	if (run->found > 0)
		printf("%zu ", run->found);
	else
		printf(run->view.verdicts ? "none " : "no ");
	if (run->view.verdicts)
		printf("found");
	else
		printf(run->found == 1 ? "leftover" : "leftovers");
	printf(" among %zu object%s", run->seen, run->seen == 1 ? "" : "s");
	if (run->found > 0) {
		printf(": ");
		print_counts(&summary);
		printf("; %s", text_size(summary.bytes).bytes);
	}
	if (summary.oldest)
		print_oldest(summary.oldest);
	putchar('\n');
}

/* -------------------------------------------------------------------------- */

static int list(struct list_run *run)
{
	progress_begin(&run->progress, "looked at");
	int code = svshm_scan_user(run->user,
				   run->view.all ? SVSHM_SCAN_FOREIGN : 0,
				   visit, run);

	progress_end(&run->progress);
	snapshot_sort(&run->snapshot, run->view.order);
	/* What was seen before a failure is printed all the same. */
	if (run->json)
		print_json(&run->snapshot);
	else if (!run->check)
		print_table(run);
	else if (code >= 0)
		print_check(run);
	snapshot_free(&run->snapshot);
	if (code < 0) {
		message("cannot list all objects: %s", svshm_strerror(code));
		return TOOL_FAILED;
	}
	return run->check && run->found > 0 ? TOOL_LEFTOVERS : TOOL_DONE;
}

static int list_run(int argc, char **argv)
{
	struct list_run run = { .user = (uid_t)-1 };
	const struct tool_option options[] = {
		VIEW_OPTIONS(&run.view),
		{ "check", OPTION_FLAG, &run.check },
		{ "json", OPTION_FLAG, &run.json },
		{ "user", OPTION_USER, &run.user },
		{ NULL, OPTION_FLAG, NULL },
	};
	struct operands operands;
	int status = options_parse(&command_list, argc, argv, options,
				   &operands);

	if (status == OPTIONS_READ)
		status = view_read(&run.view, &command_list);
	if (status == OPTIONS_READ)
		status = operands_at_most(&command_list, &operands, 0);
	if (status != OPTIONS_READ)
		return status;
	signals_spare_output();
	if ((run.json || run.check) &&
	    (run.view.output || run.view.no_headings))
		return usage_error(&command_list, "--output and --noheadings "
				   "are for tables, not for --json or --check");
	return list(&run);
}

const struct command command_list = {
	.name = "list",
	.run = list_run,
	.help = "show all objects, with a verdict for each",
	.usage =
	"usage: svshm list [--all] [--verdict V,...] [--sort ORDER]\n"
	"                  [--output COLUMN,...] [--noheadings] [--user USER]\n"
	"       svshm list --check | --json [--all] [--verdict V,...] "
	"[--user USER]\n"
	"\n"
	"Show every object on this machine that you may look at.\n"
	"\n"
	"  --all                segments and semaphore sets of other programs "
	"too\n"
	"  --check              one line instead of a table; exit status 3 if "
	"there are\n"
	"                       leftovers, or objects of a verdict of "
	"--verdict\n"
	"  --json               print JSON\n"
	"  --noheadings         no line with titles, and a line for each "
	"object\n"
	"  --output COLUMN,...  KEY, LAYOUT, VERDICT, SIZE, PROCS, MAPS, MODE, "
	"OWNER,\n"
	"                       AGE, ID, SET, LOCK, CREATOR, CPID, LPID, KEYFILE\n"
	"  --sort ORDER         key, size, age, owner or verdict\n"
	"  --user USER          only what belongs to that user: a name, or a "
	"uid\n"
	"  --verdict V,...      only leftover, or one of these: orphan, "
	"half-made,\n"
	"                       half-removed, corrupt; or in-use, unknown, "
	"foreign,\n"
	"                       foreign?\n"
	"\n"
	"PROCS: processes registered / of these alive.  MAPS: attachments that "
	"the\nkernel counts.  \"foreign?\": of another program, and perhaps "
	"left over.\n",
};
