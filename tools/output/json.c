/* SPDX-License-Identifier: BSD-2-Clause */
#include <config.h>

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "output/json.h"

/* There is one standard output, so there is one document. */
static struct {
	int depth;
	bool filled; /* the innermost bracket has a member already */
} document;

/*
 * The length of the UTF-8 character that BYTES begin with, or 0: the table of
 * RFC 3629, without surrogates, overlong forms and what is beyond U+10FFFF.
 */
static size_t utf8_length(const unsigned char *bytes)
{
	static const struct {
		unsigned char first, last;        /* of the first byte */
		unsigned char low, high;          /* of the second byte */
		size_t length;
	} forms[] = {
		{ 0x00, 0x7f, 0x00, 0xff, 1 }, { 0xc2, 0xdf, 0x80, 0xbf, 2 },
		{ 0xe0, 0xe0, 0xa0, 0xbf, 3 }, { 0xe1, 0xec, 0x80, 0xbf, 3 },
		{ 0xed, 0xed, 0x80, 0x9f, 3 }, { 0xee, 0xef, 0x80, 0xbf, 3 },
		{ 0xf0, 0xf0, 0x90, 0xbf, 4 }, { 0xf1, 0xf3, 0x80, 0xbf, 4 },
		{ 0xf4, 0xf4, 0x80, 0x8f, 4 },
	};

	for (size_t i = 0; i < sizeof(forms) / sizeof(*forms); i++) {
		if (bytes[0] < forms[i].first || bytes[0] > forms[i].last)
			continue;
		if (forms[i].length > 1 &&
		    (bytes[1] < forms[i].low || bytes[1] > forms[i].high))
			return 0;
		/* The NUL at the end of a string is no continuation. */
		for (size_t k = 2; k < forms[i].length; k++) {
			if ((bytes[k] & 0xc0) != 0x80)
				return 0;
		}
		return forms[i].length;
	}
	return 0;
}

static void write_string(const char *string)
{
	const unsigned char *bytes = (const unsigned char *)string;

	putchar('"');
	while (*bytes) {
		size_t length = utf8_length(bytes);

		if (length == 0) {
			fputs("\\ufffd", stdout);
			length = 1;
		} else if (*bytes < 0x20 || *bytes == 0x7f) {
			printf("\\u%04x", *bytes);
		} else if (*bytes == 0xc2 && bytes[1] < 0xa0) {
			/* Controls too, and some terminals obey them. */
			printf("\\u%04x", bytes[1]);
		} else {
			if (*bytes == '"' || *bytes == '\\')
				putchar('\\');
			fwrite(bytes, 1, length, stdout);
		}
		bytes += length;
	}
	putchar('"');
}

/* What goes before a member: comma, line, indentation, name. */
static void begin_member(const char *name)
{
	if (document.depth > 0)
		printf("%s\n%*s", document.filled ? "," : "",
		       2 * document.depth, "");
	document.filled = true;
	if (name) {
		write_string(name);
		fputs(": ", stdout);
	}
}

void json_begin(void)
{
	json_open(NULL, '{');
	json_number("schema", 1);
}

void json_end(void)
{
	json_close('}');
}

void json_open(const char *name, char bracket)
{
	begin_member(name);
	putchar(bracket);
	document.depth++;
	document.filled = false;
}

void json_close(char bracket)
{
	document.depth--;
	if (document.filled)
		printf("\n%*s", 2 * document.depth, "");
	putchar(bracket);
	document.filled = true;
	if (document.depth == 0)
		putchar('\n');
}

void json_text(const char *name, const char *value)
{
	if (!value) {
		json_null(name);
		return;
	}
	begin_member(name);
	write_string(value);
}

void json_number(const char *name, int64_t value)
{
	begin_member(name);
	printf("%" PRId64, value);
}

void json_unsigned(const char *name, uint64_t value)
{
	begin_member(name);
	printf("%" PRIu64, value);
}

void json_boolean(const char *name, bool value)
{
	begin_member(name);
	fputs(value ? "true" : "false", stdout);
}

void json_null(const char *name)
{
	begin_member(name);
	fputs("null", stdout);
}

void json_known(const char *name, int64_t value)
{
	if (value == 0)
		json_null(name);
	else
		json_number(name, value);
}

void json_id(const char *name, int64_t value)
{
	if (value < 0)
		json_null(name);
	else
		json_number(name, value);
}
