/* SPDX-License-Identifier: BSD-2-Clause */
/* The options have the names that lsipc(1) has for them. */
#include <config.h>

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "arguments/options.h"
#include "arguments/suggest.h"
#include "arguments/view.h"

static const char *const sort_words[] = {
	[SORT_KEY] = "key",
	[SORT_SIZE] = "size",
	[SORT_AGE] = "age",
	[SORT_OWNER] = "owner",
	[SORT_VERDICT] = "verdict",
};

#define BIT(verdict) (1u << (verdict))
/* Beside the verdicts: another program's that seems to be left over. */
#define BIT_FOREIGN_LEFT (1u << 16)

/* What --verdict takes, as JSON has it, and the verdicts that it means. */
static const struct {
	const char *word;
	unsigned bits;
} verdicts[] = {
	{ "in-use", BIT(SVSHM_VERDICT_IN_USE) },
	{ "orphan", BIT(SVSHM_VERDICT_ORPHAN) },
	{ "half-made", BIT(SVSHM_VERDICT_HALF_MADE) },
	{ "half-removed", BIT(SVSHM_VERDICT_HALF_REMOVED) },
	{ "corrupt", BIT(SVSHM_VERDICT_CORRUPT) },
	{ "unknown", BIT(SVSHM_VERDICT_UNKNOWN) },
	{ "leftover", BIT(SVSHM_VERDICT_ORPHAN) |
		      BIT(SVSHM_VERDICT_HALF_MADE) |
		      BIT(SVSHM_VERDICT_HALF_REMOVED) |
		      BIT(SVSHM_VERDICT_CORRUPT) },
	{ "foreign", BIT(SVSHM_VERDICT_FOREIGN) },
	{ "foreign?", BIT_FOREIGN_LEFT },
};

#define COUNT_OF(array) (sizeof(array) / sizeof(*(array)))

/* "key, size, age, owner and verdict", as much as there is room for. */
static void join(char *text, size_t size, const char *const *words,
		 size_t count)
{
	size_t length = 0;

	for (size_t i = 0; i < count && length < size; i++) {
		const char *before = i == 0 ? "" : i + 1 < count ? ", " :
				     " and ";

		length += (size_t)snprintf(text + length, size - length,
					   "%s%s", before, words[i]);
	}
}

static int unknown_word(const struct command *command, const char *option,
			const char *word, const char *const *words,
			size_t count)
{
	char all[160], same_case[32];
	struct suggestion suggestion;
	bool large = isupper((unsigned char)words[0][0]);

	join(all, sizeof(all), words, count);
	/* Columns are written in capitals, and typed in small letters. */
	snprintf(same_case, sizeof(same_case), "%s", word);
	for (char *at = same_case; *at; at++)
		*at = (char)(large ? toupper((unsigned char)*at) :
				     tolower((unsigned char)*at));
	suggest_begin(&suggestion, same_case);
	for (size_t i = 0; i < count; i++)
		suggest_try(&suggestion, words[i]);
	if (!suggestion.nearest)
		return usage_error(command, "--%s: \"%.20s\" is none of %s",
				   option, word, all);
	return usage_error(command, "--%s: \"%.20s\" is none of %s, did you "
			   "mean \"%s\"?", option, word, all,
			   suggestion.nearest);
}

/*
 * Which of WORDS the first word of *LIST is, which ends at a comma, in *FOUND.
 * *LIST is moved to the next word, or to NULL.
 */
static int next_word(const struct command *command, const char *option,
		     const char **list, const char *const *words, size_t count,
		     size_t *found)
{
	char word[32];
	size_t length = strcspn(*list, ",");

	snprintf(word, sizeof(word), "%.*s", length < sizeof(word) ?
		 (int)length : (int)sizeof(word), *list);
	for (*found = 0; *found < count; (*found)++)
		if (strcasecmp(words[*found], word) == 0)
			break;
	if (*found == count)
		return unknown_word(command, option, word, words, count);
	*list = (*list)[length] ? *list + length + 1 : NULL;
	return OPTIONS_READ;
}

static int read_order(struct view *view, const struct command *command)
{
	const char *list = view->sort;
	size_t found;
	int status = next_word(command, "sort", &list, sort_words,
			       COUNT_OF(sort_words), &found);

	if (status != OPTIONS_READ)
		return status;
	if (list)
		return usage_error(command, "--sort takes one word");
	view->order = (enum sort_order)found;
	return OPTIONS_READ;
}

static int read_verdicts(struct view *view, const struct command *command)
{
	const char *words[COUNT_OF(verdicts)];

	for (size_t i = 0; i < COUNT_OF(verdicts); i++)
		words[i] = verdicts[i].word;
	for (const char *list = view->verdict; list;) {
		size_t found;
		int status = next_word(command, "verdict", &list, words,
				       COUNT_OF(words), &found);

		if (status != OPTIONS_READ)
			return status;
		view->verdicts |= verdicts[found].bits;
	}
	return OPTIONS_READ;
}

static int read_columns(struct view *view, const struct command *command)
{
	const char *names[COLUMNS_MAX];
	size_t count = columns_names(names);

	for (const char *list = view->output; list;) {
		size_t found;
		int status = next_word(command, "output", &list, names, count,
				       &found);

		if (status != OPTIONS_READ)
			return status;
		if (!columns_add(&view->columns, found))
			return usage_error(command, "--output has the column "
					   "%s twice", names[found]);
	}
	return OPTIONS_READ;
}

int view_read(struct view *view, const struct command *command)
{
	int status = OPTIONS_READ;

	if (view->sort)
		status = read_order(view, command);
	if (status == OPTIONS_READ)
		status = read_verdicts(view, command);
	if (status == OPTIONS_READ)
		status = read_columns(view, command);
	if (!view->output)
		columns_usual(&view->columns);
	/* Who asks for these by name wants to see them, without --all. */
	if (view->verdicts & (BIT(SVSHM_VERDICT_FOREIGN) | BIT_FOREIGN_LEFT))
		view->all = true;
	return status;
}

bool view_wants(const struct view *view, const struct svshm_object *object)
{
	unsigned bits = BIT(object->verdict);

	if (object->verdict == SVSHM_VERDICT_GONE)
		return false;
	if (object->verdict == SVSHM_VERDICT_FOREIGN && object->certainty)
		bits |= BIT_FOREIGN_LEFT;
	return view->verdicts == 0 || (view->verdicts & bits);
}

struct table view_table(const struct view *view)
{
	return (struct table){
		.titles = view->columns.titles,
		.alignment = view->columns.alignment,
		.coloured = view->columns.verdict,
		.untitled = view->no_headings,
		/* For who chooses columns, or reads them in a script. */
		.wide = view->output || view->no_headings,
	};
}

const char *view_order_word(const struct view *view)
{
	return sort_words[view->order];
}

void view_next_order(struct view *view)
{
	view->order = (enum sort_order)((view->order + 1) %
					COUNT_OF(sort_words));
}
