/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * svshm limits: what is used of what is allowed. If little is left, all objects
 * are looked at, to tell leftovers from a limit that is too low.
 */
#include <config.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "commands/limits_run.h"
#include "tool.h"

/* From here on, a limit wants an explanation. */
#define NEARLY_FULL 80 /* per cent */

enum resource limit_resource(const struct one_limit *limit)
{
	static const char *const names[RESOURCES] = {
		"segments", "memory", "sets", "semaphores"
	};

	for (int i = 0; i < RESOURCES; i++)
		if (strcmp(limit->name, names[i]) == 0)
			return (enum resource)i;
	return NO_RESOURCE;
}

int limit_percent(const struct one_limit *limit)
{
	if (!limit->total || limit->limit == 0)
		return -1;
	return (int)(100.0 * (double)limit->used / (double)limit->limit);
}

static int keep(const struct svshm_limit *limit, void *context)
{
	struct limits_run *run = context;
	struct one_limit *one = &run->limits[run->count];

	if (run->count == LIMITS_MAX)
		return 0;
	snprintf(one->name, sizeof(one->name), "%s", limit->name);
	snprintf(one->unit, sizeof(one->unit), "%s", limit->unit);
	snprintf(one->parameter, sizeof(one->parameter), "%s",
		 limit->parameter);
	snprintf(one->raise, sizeof(one->raise), "%s",
		 limit->raise ? limit->raise : "");
	one->can_raise = limit->raise != NULL;
	one->total = limit->total;
	one->used = limit->used;
	one->limit = limit->limit;
	run->count++;
	return 0;
}

/* ---- Leaks --------------------------------------------------------------- */

static void count_in(struct share *share, uid_t uid, uint64_t amount)
{
	share->amount += amount;
	for (size_t i = 0; i < share->owner_count; i++) {
		if (share->owners[i].uid == uid) {
			share->owners[i].amount += amount;
			return;
		}
	}
	share->owners = must_reallocate(share->owners,
					(share->owner_count + 1) *
					sizeof(*share->owners));
	share->owners[share->owner_count].uid = uid;
	share->owners[share->owner_count++].amount = amount;
}

/* Of a set, to be used by nobody just now is the rule. */
static bool is_idle(const struct svshm_object *object)
{
	return object->verdict == SVSHM_VERDICT_FOREIGN &&
	       object->segment_id >= 0 && object->mappings == 0;
}

static int count_object(const struct svshm_object *object, void *context)
{
	struct shares *shares = context;
	struct share *share = object->certainty ? shares->foreign :
			      object_is_leftover(object) ? shares->ours :
			      is_idle(object) ? shares->idle : NULL;

	scan_breathe();
	if (!share)
		return 0;
	if (object->segment_id >= 0) {
		count_in(&share[SEGMENTS], object->uid, 1);
		count_in(&share[MEMORY], object->uid, object->segment_size);
	}
	if (object->semaphore_id >= 0) {
		count_in(&share[SETS], object->uid, 1);
		count_in(&share[SEMAPHORES], object->uid,
			 object->semaphore_count);
	}
	return 0;
}

static void find_leaks(struct limits_run *run)
{
	bool wanted = false;

	for (size_t i = 0; i < run->count; i++)
		wanted |= limit_percent(&run->limits[i]) >= NEARLY_FULL ||
			  limit_is_full(run, &run->limits[i]);
	run->shares.known = wanted && svshm_scan(SVSHM_SCAN_FOREIGN,
						 count_object,
						 &run->shares) >= 0;
}

static void free_shares(struct shares *shares)
{
	for (int i = 0; i < RESOURCES; i++) {
		free(shares->ours[i].owners);
		free(shares->foreign[i].owners);
		free(shares->idle[i].owners);
	}
}

/* ---- Diagnosis ----------------------------------------------------------- */

struct text limit_amount(const struct one_limit *limit, uint64_t value)
{
	struct text text;

	if (strcmp(limit->unit, "bytes") == 0)
		return text_size(value);
	snprintf(text.bytes, sizeof(text.bytes), "%llu",
		 (unsigned long long)value);
	return text;
}

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

	for (size_t i = 0; i < run->count; i++) {
		const struct one_limit *limit = &run->limits[i];
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
	for (size_t i = 0; i < run->count; i++) {
		char *text = diagnose(run, &run->limits[i]);

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
	json_open(NULL, '{');
	json_number("schema", 1);
	json_open("limits", '[');
	for (size_t i = 0; i < run->count; i++)
		limit_json(run, &run->limits[i]);
	json_close(']');
	json_open("warnings", '[');
	for (size_t i = 0; i < warning_count; i++)
		json_text(NULL, warnings[i]);
	json_close(']');
	json_close('}');
}

static void print(const struct limits_run *run, bool json)
{
	char *warnings[WARNINGS_MAX];
	size_t count = warnings_find(warnings);

	if (json)
		print_json(run, warnings, count);
	else if (run->check)
		limits_print_check(run);
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
	struct limits_run run = { .count = 0 };
	struct operands operands;
	int status = options_parse(&command_limits, argc, argv, options,
				   &operands);

	if (status != OPTIONS_READ)
		return status;
	signals_spare_output();
	if (operands.count > 0)
		return usage_error(&command_limits, "\"%.60s\" is one argument "
				   "too many", operands.values[0]);
	if (check && !limits_read_percent(check, &run.check))
		return usage_error(&command_limits, "--check: \"%.40s\" is no "
				   "number of per cent from 1 to 100", check);
	int code = svshm_limits(keep, &run);

	if (code < 0) {
		message("this system does not tell its limits: %s",
			svshm_strerror(code));
		return TOOL_FAILED;
	}
	find_leaks(&run);
	print(&run, json);
	free_shares(&run.shares);
	return limits_count_full(&run) > 0 ? TOOL_LEFTOVERS : TOOL_DONE;
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
	"it, and how to raise it.\nWarn of settings that remove objects under "
	"their users.\n"
	"\n"
	"  --check PERCENT  one line instead of a table; exit status 3 if so "
	"much of a\n"
	"                   limit, or more, is used\n"
	"  --json           print JSON\n",
};
