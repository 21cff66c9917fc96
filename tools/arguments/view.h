/* SPDX-License-Identifier: BSD-2-Clause */
/* Which objects list and top show, in which order and columns. */
#ifndef SVSHM_TOOL_ARGUMENTS_VIEW_H
#define SVSHM_TOOL_ARGUMENTS_VIEW_H

#include <stdbool.h>

#include "arguments/options.h"
#include "objects/rows.h"
#include "objects/snapshot.h"
#include "output/table.h"

#include "svshm.h"

struct view {
	/* As the options have it; VIEW_OPTIONS(). */
	const char *sort, *output, *verdict;
	bool no_headings;
	bool all; /* other programs' too */
	/* What view_read() has made of them. */
	enum sort_order order;
	unsigned verdicts; /* 0: all */
	struct columns columns;
};

#define VIEW_OPTIONS(view) \
	{ "all", OPTION_FLAG, &(view)->all }, \
	{ "noheadings", OPTION_FLAG, &(view)->no_headings }, \
	{ "output", OPTION_TEXT, &(view)->output }, \
	{ "sort", OPTION_TEXT, &(view)->sort }, \
	{ "verdict", OPTION_TEXT, &(view)->verdict }

/* OPTIONS_READ, or what is wrong has been printed, and it's the exit status. */
int view_read(struct view *view, const struct command *command);

bool view_wants(const struct view *view, const struct svshm_object *object);

/* An empty table for its columns, which it refers to. */
struct table view_table(const struct view *view);

const char *view_order_word(const struct view *view);
void view_next_order(struct view *view);

#endif
