/* SPDX-License-Identifier: BSD-2-Clause */
/* svshm top: the list, refreshed in place. */
#include <config.h>

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "arguments/options.h"
#include "arguments/view.h"
#include "commands/commands.h"
#include "commands/top_terminal.h"
#include "common/signals.h"
#include "common/status.h"
#include "common/text.h"
#include "objects/object.h"
#include "objects/rows.h"
#include "objects/scan.h"
#include "objects/snapshot.h"
#include "output/table.h"
#include "svshm.h"

#define INTERVAL_MS 2000

/* Columns that all but the first take, with some room for long names. */
#define OTHER_COLUMNS 58
#define NAME_MIN 12

/* Lines that are no rows: the head, an empty one, the foot; and titles. */
#define OTHER_LINES 3

struct top_run {
	bool colour, stop;
	struct view view;
	int64_t interval;
	uid_t user;   /* whose; (uid_t)-1: everybody's */
	size_t first; /* row that is shown on top */
	int lines, columns;
	size_t in_use, leftovers, foreign;
	struct snapshot snapshot;
	struct table table;
	int code; /* of the last scan */
};

static int collect(const struct svshm_object *object, void *context)
{
	struct top_run *run = context;

	scan_keep_fast();
	if (!view_wants(&run->view, object))
		return signals_caught();
	run->in_use += object->verdict == SVSHM_VERDICT_IN_USE;
	run->leftovers += object_is_leftover(object);
	run->foreign += object->verdict == SVSHM_VERDICT_FOREIGN;
	snapshot_add(&run->snapshot, object);
	return signals_caught();
}

/* Keys may be long; the right end of a line that is too long is cut off. */
static void fill_table(struct top_run *run)
{
	size_t width = run->columns > OTHER_COLUMNS + NAME_MIN ?
		(size_t)(run->columns - OTHER_COLUMNS) : NAME_MIN;

	table_free(&run->table);
	run->table = view_table(&run->view);
	for (size_t i = 0; i < run->snapshot.count; i++)
		row_add(&run->table, &run->view.columns,
			&run->snapshot.list[i].object, width, run->colour);
}

static void scan(struct top_run *run)
{
	run->in_use = run->leftovers = run->foreign = 0;
	run->code = svshm_scan_user(run->user,
				    run->view.all ? SVSHM_SCAN_FOREIGN : 0,
				    collect, run);
	snapshot_sort(&run->snapshot, run->view.order);
	fill_table(run);
	snapshot_free(&run->snapshot);
}

static size_t room(const struct top_run *run)
{
	int others = OTHER_LINES + !run->view.no_headings;

	return run->lines > others ? (size_t)(run->lines - others) : 1;
}

static void keep_in_range(struct top_run *run)
{
	size_t rows = run->table.rows;

	if (run->first + room(run) > rows)
		run->first = rows > room(run) ? rows - room(run) : 0;
}

/* What is longer than the line would wrap, and push the head out of sight. */
static void print_cut(const struct top_run *run, char *line)
{
	text_cut(line, (size_t)run->columns);
	fputs(line, stdout);
	free(line);
}

static void draw(struct top_run *run)
{
	time_t now = time(NULL);
	struct tm *fields = localtime(&now);
	char clock[16] = "";

	if (fields)
		strftime(clock, sizeof(clock), "%H:%M:%S", fields);
	keep_in_range(run);
	fputs("\033[H", stdout);
	print_cut(run, text_print(
		"svshm top  %s  objects %zu: in use %zu, leftovers %zu, of "
		"other programs %zu", clock, run->table.rows, run->in_use,
		run->leftovers, run->foreign));
	fputs("\033[K\r\n", stdout);
	if (run->code < 0)
		print_cut(run, text_print("cannot see all: %s",
					  svshm_strerror(run->code)));
	fputs("\033[K\r\n", stdout);
	/* No wrapping: a narrow terminal cuts the right end off. */
	fputs("\033[?7l", stdout);
	table_print_some(&run->table, run->first, room(run), "\033[K\r\n");
	fputs("\033[J\033[?7h", stdout);
	print_cut(run, text_print("q quit  a %s  s by %s  arrows scroll%s",
				  run->view.all ? "ours only" :
				  "all programs'", view_order_word(&run->view),
				  run->first + room(run) < run->table.rows ?
				  "  (more below)" : ""));
	fputs("\033[K", stdout);
	fflush(stdout);
}

static void obey(struct top_run *run, int key)
{
	size_t page = room(run);

	switch (key) {
	case 'q':
	case 'Q':
	case KEY_END_OF_INPUT:
		run->stop = true;
		break;
	case 'a':
		run->view.all = !run->view.all;
		run->first = 0;
		break;
	case 's':
		view_next_order(&run->view);
		run->first = 0;
		break;
	case 'k':
	case KEY_UP:
		run->first -= run->first > 0;
		break;
	case 'j':
	case KEY_DOWN:
		run->first++;
		break;
	case KEY_PAGE_UP:
		run->first = run->first > page ? run->first - page : 0;
		break;
	case KEY_PAGE_DOWN:
		run->first += page;
		break;
	default:
		break;
	}
}

static int top(struct top_run *run)
{
	if (terminal_enter() != 0)
		return TOOL_FAILED;
	while (!run->stop && !signals_caught()) {
		terminal_size(&run->lines, &run->columns);
		scan(run);
		draw(run);
		obey(run, terminal_key(run->interval));
	}
	terminal_leave();
	table_free(&run->table);
	/* ^C is the usual way out. */
	return TOOL_DONE;
}

static int top_run(int argc, char **argv)
{
	struct top_run run = { .colour = output_in_colour(), .interval = -1,
			       .user = (uid_t)-1,
			       .table = { .alignment = "" } };
	const struct tool_option options[] = {
		VIEW_OPTIONS(&run.view),
		{ "interval", OPTION_DURATION, &run.interval },
		{ "user", OPTION_USER, &run.user },
		{ NULL, OPTION_FLAG, NULL },
	};
	struct operands operands;
	int status = options_parse(&command_top, argc, argv, options,
				   &operands);

	if (status == OPTIONS_READ)
		status = view_read(&run.view, &command_top);
	if (status == OPTIONS_READ)
		status = operands_at_most(&command_top, &operands, 0);
	if (status != OPTIONS_READ)
		return status;
	if (run.interval < 0)
		run.interval = INTERVAL_MS;
	if (run.interval < 100)
		return usage_error(&command_top, "--interval is less than a "
				   "tenth of a second");
	return top(&run);
}

const struct command command_top = {
	.name = "top",
	.run = top_run,
	.help = "the list, refreshed in place",
	.usage =
	"usage: svshm top [--all] [--verdict V,...] [--sort ORDER]\n"
	"                 [--output COLUMN,...] [--noheadings] [--interval T]\n"
	"                 [--user USER]\n"
	"\n"
	"Show the list on a terminal, and refresh it.\n"
	"\n"
	"  --all         segments and semaphore sets of other programs too\n"
	"  --interval T  time between two looks: 2s\n"
	"  --user USER   only what belongs to that user: a name, or a uid\n"
	"\n"
	"  --noheadings, --output COLUMN,..., --sort ORDER, --verdict V,...\n"
	"                as for list; see \"svshm list --help\"\n"
	"\n"
	"Keys: q quits, a shows all programs' objects or svshm's only, s sorts "
	"by the\nnext of key, size, age, owner and verdict; arrows, j, k and "
	"page keys scroll;\nany other key refreshes.\n",
};
