/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * svshm limits: what is used of what is allowed. If little is left, all objects
 * are looked at, to tell leftovers from a limit that is too low.
 */
#include <config.h>

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "arguments/options.h"
#include "commands/commands.h"
#include "commands/limits_check.h"
#include "commands/limits_figures.h"
#include "commands/limits_leaks.h"
#include "commands/limits_warnings.h"
#include "common/message.h"
#include "common/signals.h"
#include "common/status.h"
#include "common/text.h"
#include "output/json.h"
#include "output/table.h"
#include "output/values.h"
#include "svshm.h"

/* From here on, a limit wants an explanation. */
#define NEARLY_FULL 80 /* per cent */

struct limits_run {
	struct figures figures;
	struct shares shares;
};

/* Looking at all objects takes time: only if there is something to explain. */
static void find_shares(struct limits_run *run)
{
	bool wanted = false;

	for (size_t i = 0; i < run->figures.count; i++) {
		const struct one_limit *limit = &run->figures.limits[i];

		wanted |= limit_percent(limit) >= NEARLY_FULL ||
			  limit_is_full(&run->figures, limit);
	}
	if (wanted)
		shares_find(&run->shares);
}

/* ---- Diagnosis ----------------------------------------------------------- */

/* ", 12 of them left over by www-data: ...", or "" */
static char *share_text(const struct one_limit *limit,
			const struct share *share, const char *what,
			const char *command)
{
	size_t most = 0;

	if (share->amount == 0)
		return text_print("%s", "");
	for (size_t i = 1; i < share->owner_count; i++)
		if (share->owners[i].amount > share->owners[most].amount)
			most = i;
	return text_print("; %s of them %s, %s of these of %s: run \"%s\"",
			  limit_amount(limit, share->amount).bytes, what,
			  share->owner_count == 1 ? "all" :
			  limit_amount(limit, share->owners[most].amount).bytes,
			  text_user(share->owners[most].uid).bytes, command);
}

/* What to do about a limit that is nearly reached; the caller frees it. */
static char *diagnose(const struct limits_run *run,
		      const struct one_limit *limit)
{
	enum resource resource = limit_resource(limit);

	if (limit->limit == 0 && limit->can_raise)
		return text_print("%s: none are allowed here; \"%s\" allows "
				  "some", limit->name, limit->raise);
	if (limit_percent(limit) < NEARLY_FULL || resource == NO_RESOURCE)
		return NULL;
	char *ours = share_text(limit, &run->shares.ours[resource],
				"are leftovers", "svshm recover");
	char *foreign = share_text(limit, &run->shares.foreign[resource],
				   "seem left over by other programs",
				   "svshm recover --foreign");
	char *idle = share_text(limit, &run->shares.idle[resource],
				"are mapped by nobody, but may be wanted",
				"svshm recover --foreign --unmapped "
				"--older-than 1d");
	const char *rest = "";

	if (!run->shares.known)
		rest = "; what of them is left over could not be found out";
	else if (!*ours && !*foreign && !*idle)
		rest = "; as far as can be told, all are in use";
	char *text = text_print("%s: %s of %s used%s%s%s%s; \"%s\" raises the "
				"limit", limit->name,
				limit_amount(limit, limit->used).bytes,
				limit_amount(limit, limit->limit).bytes, ours,
				foreign, idle, rest, limit->raise);

	free(ours);
	free(foreign);
	free(idle);
	return text;
}

/* ---- Printing ------------------------------------------------------------ */

static void print_table(const struct limits_run *run)
{
	static const char *const titles[] = {
		"LIMIT", "USED", "OF", "%", "UNIT", "PARAMETER"
	};
	struct table table = { .titles = titles, .alignment = "lrrrll",
			       .coloured = 3 };

	for (size_t i = 0; i < run->figures.count; i++) {
		const struct one_limit *limit = &run->figures.limits[i];
		char *const cells[] = {
			text_print("%s", limit->name),
			text_print("%s", limit->total ?
				   limit_amount(limit, limit->used).bytes :
				   "-"),
			text_print("%s", limit->limit == UINT64_MAX ? "none" :
				   limit_amount(limit, limit->limit).bytes),
			limit_percent(limit) >= 0 ?
				text_print("%d%%", limit_percent(limit)) :
				text_print("-"),
			text_print("%s", limit->unit),
			text_print("%s", limit->parameter),
		};

		table_add(&table, cells, output_in_colour() &&
			  limit_percent(limit) >= NEARLY_FULL ?
			  "\033[31m" : NULL);
	}
	table_print(&table);
	table_free(&table);
}

static void print_text(const struct limits_run *run, char **warnings,
		       size_t warning_count)
{
	print_table(run);
	for (size_t i = 0; i < run->figures.count; i++) {
		char *text = diagnose(run, &run->figures.limits[i]);

		if (text)
			printf("%s\n", text);
		free(text);
	}
	for (size_t i = 0; i < warning_count; i++)
		printf("warning: %s\n", warnings[i]);
}

static void limit_json(const struct limits_run *run,
		       const struct one_limit *limit)
{
	enum resource resource = limit_resource(limit);
	char *text = diagnose(run, limit);

	json_open(NULL, '{');
	json_text("name", limit->name);
	json_text("unit", limit->unit);
	json_text("parameter", limit->parameter);
	if (limit->total)
		json_unsigned("used", limit->used);
	else
		json_null("used");
	if (limit->limit == UINT64_MAX)
		json_null("limit");
	else
		json_unsigned("limit", limit->limit);
	json_id("percent", limit_percent(limit));
	if (run->shares.known && resource != NO_RESOURCE) {
		json_unsigned("leftovers", run->shares.ours[resource].amount);
		json_unsigned("foreign_leftovers",
			      run->shares.foreign[resource].amount);
	} else {
		json_null("leftovers");
		json_null("foreign_leftovers");
	}
	json_text("raise", limit->can_raise ? limit->raise : NULL);
	json_text("diagnosis", text);
	json_close('}');
	free(text);
}

static void print_json(const struct limits_run *run, char **warnings,
		       size_t warning_count)
{
	json_begin();
	json_open("limits", '[');
	for (size_t i = 0; i < run->figures.count; i++)
		limit_json(run, &run->figures.limits[i]);
	json_close(']');
	json_open("warnings", '[');
	for (size_t i = 0; i < warning_count; i++)
		json_text(NULL, warnings[i]);
	json_close(']');
	json_end();
}

static void print(const struct limits_run *run, bool json)
{
	char *warnings[WARNINGS_MAX];
	size_t count = warnings_find(warnings);

	if (json)
		print_json(run, warnings, count);
	else if (run->figures.check)
		limits_print_check(&run->figures, &run->shares);
	else
		print_text(run, warnings, count);
	for (size_t i = 0; i < count; i++)
		free(warnings[i]);
}

static int limits_run(int argc, char **argv)
{
	bool json = false;
	const char *check = NULL;
	const struct tool_option options[] = {
		{ "check", OPTION_TEXT, &check },
		{ "json", OPTION_FLAG, &json },
		{ NULL, OPTION_FLAG, NULL },
	};
	struct limits_run run = { .figures.count = 0 };
	struct operands operands;
	int status = options_parse(&command_limits, argc, argv, options,
				   &operands);

	if (status == OPTIONS_READ)
		status = operands_at_most(&command_limits, &operands, 0);
	if (status != OPTIONS_READ)
		return status;
	signals_spare_output();
	if (check && !limits_read_percent(check, &run.figures.check))
		return usage_error(&command_limits, "--check: \"%.40s\" is no "
				   "number of per cent from 1 to 100", check);
	int code = figures_find(&run.figures);

	if (code < 0) {
		message("this system does not tell its limits: %s",
			svshm_strerror(code));
		return TOOL_FAILED;
	}
	find_shares(&run);
	print(&run, json);
	shares_free(&run.shares);
	return limits_count_full(&run.figures) > 0 ? TOOL_LEFTOVERS : TOOL_DONE;
}

const struct command command_limits = {
	.name = "limits",
	.run = limits_run,
	.help = "show the system's limits, and what fills them",
	.usage =
	"usage: svshm limits [--check PERCENT] [--json]\n"
	"\n"
	"Show what is used of the system's limits for segments and semaphore "
	"sets. Of a\nlimit that is nearly reached, say whether leftovers fill "
	"it, and how to raise\nit. Warn of settings that remove objects under "
	"their users.\n"
	"\n"
	"  --check PERCENT  one line instead of a table; exit status 3 if so "
	"much of a\n"
	"                   limit, or more, is used\n"
	"  --json           print JSON\n",
};
