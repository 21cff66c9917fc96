/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * getopt_long(3) is not on every system that svshm is for,
 * and the rules here are few: long options only but for -h, "--name value" or
 * "--name=value", options and operands in any order, "--" ends the options.
 */
#include <config.h>

#include <errno.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arguments/options.h"
#include "arguments/suggest.h"
#include "common/message.h"
#include "common/status.h"

int usage_error(const struct command *command, const char *format, ...)
{
	char text[256];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);

	size_t length = strlen(text);
	const char *see = length && text[length - 1] == '?' ? " See" : "; see";

	if (command)
		message("%s: %s%s \"svshm %s --help\"", command->name, text,
			see, command->name);
	else
		message("%s%s \"svshm --help\"", text, see);
	return TOOL_USAGE;
}

/* "30s", "1.5m", "200ms", plain seconds; false if it is none of these. */
static bool parse_duration(const char *text, int64_t *duration_ms)
{
	static const struct {
		const char *suffix;
		double milliseconds;
	} units[] = {
		{ "", 1e3 },   { "ms", 1.0 },  { "s", 1e3 },
		{ "m", 6e4 },  { "h", 3.6e6 }, { "d", 8.64e7 },
	};
	/* strtod() alone would take "inf", "0x10" and a sign. */
	size_t digits = strspn(text, "0123456789.");

	if (digits == 0 || digits > 15)
		return false;
	char *end;
	double number = strtod(text, &end);

	if (end != text + digits)
		return false;
	for (size_t i = 0; i < sizeof(units) / sizeof(*units); i++) {
		if (strcmp(end, units[i].suffix) != 0)
			continue;
		number *= units[i].milliseconds;
		/* A hundred years: no sum with a clock overflows. */
		if (number > 3.2e12)
			return false;
		*duration_ms = (int64_t)number;
		return true;
	}
	return false;
}

static int given_twice(const struct command *command,
		       const struct tool_option *option)
{
	return usage_error(command, "--%s is given twice", option->name);
}

static int set_text(const struct command *command,
		    const struct tool_option *option, const char *value)
{
	const char **target = option->target;

	if (*target)
		return given_twice(command, option);
	*target = value;
	return OPTIONS_READ;
}

static int set_layout(const struct command *command,
		      const struct tool_option *option, const char *value)
{
	enum svshm_layout *target = option->target;

	if (strcmp(value, "qt") == 0)
		*target = SVSHM_LAYOUT_QT;
	else if (strcmp(value, "native") == 0)
		*target = SVSHM_LAYOUT_NATIVE;
	else
		return usage_error(command, "--%s: \"%.40s\" is neither native "
				   "nor qt", option->name, value);
	return OPTIONS_READ;
}

/* As for chown(1): "12" is the user of that name, if there is one. */
static int set_user(const struct command *command,
		    const struct tool_option *option, const char *value)
{
	uid_t *target = option->target;
	const struct passwd *entry = getpwnam(value);

	if (*target != (uid_t)-1)
		return given_twice(command, option);
	if (entry) {
		*target = entry->pw_uid;
		return OPTIONS_READ;
	}
	errno = 0;
	unsigned long number = strtoul(value, NULL, 10);

	if (!*value || value[strspn(value, "0123456789")] || errno ||
	    number != (unsigned long)(uid_t)number ||
	    (uid_t)number == (uid_t)-1)
		return usage_error(command, "--%s: \"%.40s\" is neither a user "
				   "nor a uid", option->name, value);
	*target = (uid_t)number;
	return OPTIONS_READ;
}

static int set_value(const struct command *command,
		     const struct tool_option *option, const char *value)
{
	if (!value)
		return usage_error(command, "--%s needs a value", option->name);
	if (option->kind == OPTION_TEXT)
		return set_text(command, option, value);
	if (option->kind == OPTION_LAYOUT)
		return set_layout(command, option, value);
	if (option->kind == OPTION_USER)
		return set_user(command, option, value);
	if (!parse_duration(value, option->target))
		return usage_error(command, "--%s: \"%.40s\" is not a duration "
				   "like 30s, 10m, 2h or 1d", option->name,
				   value);
	return OPTIONS_READ;
}

bool option_is(const char *argument, const char *letter, const char *word)
{
	return strcmp(argument, letter) == 0 || strcmp(argument, word) == 0;
}

static const struct tool_option *find_option(const struct tool_option *table,
					     const char *name, size_t length)
{
	for (; table->name; table++) {
		if (strlen(table->name) == length &&
		    memcmp(table->name, name, length) == 0)
			return table;
	}
	return NULL;
}

static int unknown_option(const struct command *command, const char *argument,
			  const struct tool_option *table)
{
	struct suggestion suggestion;

	suggest_begin(&suggestion, argument);
	for (; table->name; table++)
		suggest_try(&suggestion, table->name);
	suggest_try(&suggestion, "help");
	if (!suggestion.nearest)
		return usage_error(command, "unknown option \"%.60s\"",
				   argument);
	return usage_error(command, "unknown option \"%.60s\", did you mean "
			   "\"--%s\"?", argument, suggestion.nearest);
}

/* Handle the option ARGV[*INDEX], and the next argument if it is the value. */
static int parse_option(const struct command *command, char **argv, int *index,
			const struct tool_option *table)
{
	const char *name = argv[*index] + 2;
	size_t length = strcspn(name, "=");
	const struct tool_option *option = NULL;

	if (strncmp(argv[*index], "--", 2) == 0)
		option = find_option(table, name, length);
	if (!option)
		return unknown_option(command, argv[*index], table);
	const char *value = name[length] == '=' ? name + length + 1 : NULL;

	if (option->kind != OPTION_FLAG) {
		/* argv ends with a NULL, which is "no value". */
		if (!value)
			value = argv[++*index];
		return set_value(command, option, value);
	}
	if (value)
		return usage_error(command, "--%s takes no value",
				   option->name);
	*(bool *)option->target = true;
	return OPTIONS_READ;
}

int options_parse(const struct command *command, int argc, char **argv,
		  const struct tool_option *table, struct operands *operands)
{
	*operands = (struct operands){ .values = argv + 1 };
	for (int i = 1; i < argc; i++) {
		char *argument = argv[i];

		/* A lone "-" is an operand: standard input or output. */
		if (operands->dashes || argument[0] != '-' || !argument[1]) {
			/* In the place of the options that came before it. */
			operands->values[operands->count++] = argument;
			continue;
		}
		if (strcmp(argument, "--") == 0) {
			operands->dashes = true;
			operands->before_dashes = operands->count;
			continue;
		}
		if (option_is(argument, "-h", "--help")) {
			fputs(command->usage, stdout);
			return TOOL_DONE;
		}
		int status = parse_option(command, argv, &i, table);

		if (status != OPTIONS_READ)
			return status;
	}
	if (!operands->dashes)
		operands->before_dashes = operands->count;
	/* As at the end of argv: execvp() gets what is left of the list. */
	operands->values[operands->count] = NULL;
	return OPTIONS_READ;
}

int operands_at_most(const struct command *command,
		     const struct operands *operands, int count)
{
	if (operands->count <= count)
		return OPTIONS_READ;
	return usage_error(command, "\"%.60s\" is one argument too many",
			   operands->values[count]);
}
