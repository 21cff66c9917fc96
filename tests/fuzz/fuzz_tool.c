/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Any bytes as arguments of the tool, and as a text in its JSON output, which
 * is valid JSON of valid UTF-8 whatever it has to say.
 */
#include <config.h>

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arguments/options.h"
#include "common/status.h"
#include "fuzz.h"
#include "output/json.h"

static FILE *nowhere, *real_stderr;

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	nowhere = fopen("/dev/null", "w");
	real_stderr = stderr;
	check(nowhere != NULL);
	return 0;
}

/* The length of the UTF-8 sequence at TEXT, or 0. */
static size_t sequence(const unsigned char *text)
{
	uint32_t code;
	size_t length = text[0] < 0x80 ? 1 : text[0] >> 5 == 6 ? 2 :
			text[0] >> 4 == 14 ? 3 : text[0] >> 3 == 30 ? 4 : 0;
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };

	if (length < 2)
		return length;
	code = text[0] & (0x7fu >> length);
	for (size_t i = 1; i < length; i++) {
		if (text[i] >> 6 != 2)
			return 0;
		code = code << 6 | (text[i] & 0x3f);
	}
	if (code < least[length] || code > 0x10ffff ||
	    (code >= 0xd800 && code < 0xe000))
		return 0;
	return length;
}

static const unsigned char *after_escape(const unsigned char *text)
{
	if (*text != 'u') {
		check(*text && strchr("\"\\/bfnrt", *text));
		return text + 1;
	}
	for (int i = 1; i <= 4; i++)
		check(text[i] && strchr("0123456789abcdefABCDEF", text[i]));
	return text + 5;
}

/* TEXT is {"text": "..."} with blanks. */
static void check_json(const char *json)
{
	static const char *const before[] = { "{", "\"text\"", ":", NULL };
	const unsigned char *text = (const unsigned char *)json;

	for (int i = 0; before[i]; i++) {
		text += strspn((const char *)text, " \n");
		check(strncmp((const char *)text, before[i],
			      strlen(before[i])) == 0);
		text += strlen(before[i]);
	}
	text += strspn((const char *)text, " \n");
	check(*text++ == '"');
	while (*text != '"') {
		size_t length = sequence(text);

		check(length && *text >= 0x20);
		if (*text == '\\')
			text = after_escape(text + 1);
		else
			text += length;
	}
	text++;
	text += strspn((const char *)text, " \n");
	check(*text++ == '}');
	check(text[strspn((const char *)text, " \n")] == '\0');
}

static void fuzz_json(const char *value)
{
	FILE *real = stdout;
	char *json = NULL;
	size_t size = 0;

	stdout = open_memstream(&json, &size);
	check(stdout != NULL);
	json_open(NULL, '{');
	json_text("text", value);
	json_close('}');
	check(fclose(stdout) == 0);
	stdout = real;
	check_json(json);
	free(json);
}

#define ARGUMENTS 16

static void fuzz_arguments(char *text, size_t size)
{
	static const struct command command = { "put", NULL, "", "usage\n" };
	bool flag = false;
	const char *string = NULL;
	int64_t duration = -1;
	const struct tool_option table[] = {
		{ "flag", OPTION_FLAG, &flag },
		{ "text", OPTION_TEXT, &string },
		{ "wait", OPTION_DURATION, &duration },
		{ NULL, OPTION_FLAG, NULL }
	};
	char *arguments[ARGUMENTS + 2] = { text };
	struct operands operands;
	FILE *real = stdout;
	int count = 1, status;

	arguments[0] = text + size;
	for (size_t i = 0; i < size && count <= ARGUMENTS;
	     i += strlen(text + i) + 1)
		arguments[count++] = text + i;
	stdout = stderr = nowhere;
	status = options_parse(&command, count, arguments, table, &operands);
	stdout = real;
	stderr = real_stderr;
	check(status == OPTIONS_READ || status == TOOL_USAGE ||
	      status == TOOL_DONE);
	if (status != OPTIONS_READ)
		return;
	check(operands.count >= 0 && operands.count < count);
	check(operands.values[operands.count] == NULL);
	check(operands.before_dashes <= operands.count);
	check(duration >= -1);
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size)
{
	char *text = malloc(size + 1);

	check(text != NULL);
	memcpy(text, input, size);
	text[size] = '\0';
	fuzz_json(text);
	fuzz_arguments(text, size);
	free(text);
	return 0;
}
