/* SPDX-License-Identifier: BSD-2-Clause */
/* The svshm tool: finds the command and runs it. */
#include <config.h>

#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "arguments/options.h"
#include "arguments/suggest.h"
#include "commands/commands.h"
#include "common/message.h"
#include "common/status.h"
#include "svshm.h"

#define ADDRESS_OF_COMMAND(name) &command_##name,

static const struct command *const commands[] = {
	COMMANDS(ADDRESS_OF_COMMAND)
};

#define COMMAND_COUNT (sizeof(commands) / sizeof(*commands))

static void print_overview(void)
{
	fputs("usage: svshm COMMAND [ARGUMENT...]\n"
	      "\n"
	      "Named System V shared memory: look at it, use it, clean up.\n"
	      "\n", stdout);
	for (size_t i = 0; i < COMMAND_COUNT; i++)
		printf("  %-9s %s\n", commands[i]->name, commands[i]->help);
	fputs("  help      this text, or that of a command: svshm help list\n"
	      "\n"
	      "  -h, --help     this text, or after a command: its own\n"
	      "  -V, --version  the version\n"
	      "\n"
	      "Exit status: 0 done, 1 failed, 2 wrong usage, 3 leftovers, "
	      "or a limit\n"
	      "that is reached.\n", stdout);
}

static const struct command *find_command(const char *name)
{
	for (size_t i = 0; i < COMMAND_COUNT; i++) {
		if (strcmp(commands[i]->name, name) == 0)
			return commands[i];
	}
	return NULL;
}

/* Also "--list" for "list", and "vesion" for "--version". */
static int unknown_command(const char *name)
{
	const char *what = name[0] == '-' ? "option" : "command";
	struct suggestion suggestion;

	suggest_begin(&suggestion, name);
	for (size_t i = 0; i < COMMAND_COUNT; i++)
		suggest_try(&suggestion, commands[i]->name);
	suggest_try(&suggestion, "help");
	suggest_try(&suggestion, "version");
	if (!suggestion.nearest)
		return usage_error(NULL, "unknown %s \"%.60s\"", what, name);
	return usage_error(NULL, "unknown %s \"%.60s\", did you mean "
			   "\"%s%s\"?", what, name,
			   strcmp(suggestion.nearest, "version") == 0 ? "--" : "",
			   suggestion.nearest);
}

static int help(const char *name)
{
	const struct command *command = name ? find_command(name) : NULL;

	if (name && !command)
		return unknown_command(name);
	if (command)
		fputs(command->usage, stdout);
	else
		print_overview();
	return TOOL_DONE;
}

static int run(int argc, char **argv)
{
	if (argc < 2)
		return usage_error(NULL, "no command given");
	if (option_is(argv[1], "-h", "--help") || strcmp(argv[1], "help") == 0)
		return help(argv[2]);
	if (option_is(argv[1], "-V", "--version")) {
		printf("svshm %s\n", svshm_version());
		return TOOL_DONE;
	}
	const struct command *command = find_command(argv[1]);

	if (!command)
		return unknown_command(argv[1]);
	return command->run(argc - 1, argv + 1);
}

/*
 * A file that is opened while standard error is closed would get its number,
 * and then the messages. So each standard file that is closed is replaced by
 * one that cannot be written to: its use fails as before.
 */
static void fill_standard_files(void)
{
	for (;;) {
		int fd = open("/dev/null", O_RDONLY);

		if (fd > STDERR_FILENO)
			close(fd);
		if (fd < 0 || fd > STDERR_FILENO)
			return;
	}
}

int main(int argc, char **argv)
{
	fill_standard_files();
	/* Which bytes are printable characters; nothing else is localised. */
	setlocale(LC_CTYPE, "");
	int status = run(argc, argv);

	/* A full disk or a closed pipe is a failure like any other. */
	if (fflush(stdout) != 0 || ferror(stdout)) {
		message("cannot write to standard output: %s", strerror(errno));
		return TOOL_FAILED;
	}
	return status;
}
