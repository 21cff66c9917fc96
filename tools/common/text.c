/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Keys, process names and messages hold bytes of other programs' choice. None
 * of them reaches a terminal before text_escape() has spelled out what could
 * steer it.
 */
#include <config.h>

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>
#include <wctype.h>

#include "common/memory.h"
#include "common/text.h"

char *text_print_arguments(const char *format, va_list arguments)
{
	char shorter[256];
	va_list again;

	va_copy(again, arguments);
	int result = vsnprintf(shorter, sizeof(shorter), format, again);

	va_end(again);
	size_t length = result < 0 ? 0 : (size_t)result;
	char *text = must_allocate(length + 1);

	text[0] = '\0';
	/* It nearly always fits: then it is formatted once. */
	if (length < sizeof(shorter))
		memcpy(text, shorter, length);
	else
		vsnprintf(text, length + 1, format, arguments);
	text[length] = '\0';
	return text;
}

char *text_print(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	char *text = text_print_arguments(format, arguments);

	va_end(arguments);
	return text;
}

char *text_join(char *list, const char *between, char *more)
{
	if (!list)
		return more;
	char *joined = text_print("%s%s%s", list, between, more);

	free(list);
	free(more);
	return joined;
}

/*
 * Marks, embeddings, overrides and isolates of the writing direction, and the
 * two separators that are line breaks.
 */
static bool changes_layout(wchar_t character)
{
	return character == 0x061c || character == 0x200e ||
	       character == 0x200f ||
	       (character >= 0x2028 && character <= 0x202e) ||
	       (character >= 0x2066 && character <= 0x2069);
}

/*
 * The length of the character that BYTES begin with; 0 if it must not reach a
 * terminal as it is.
 */
static size_t harmless_length(const char *bytes, size_t left)
{
	wchar_t character;
	mbstate_t state;

	if (*bytes >= ' ' && *bytes <= '~')
		return 1;
	memset(&state, 0, sizeof(state));
	size_t length = mbrtowc(&character, bytes, left, &state);

	if (length == 0 || length > left || !iswprint((wint_t)character) ||
	    changes_layout(character))
		return 0;
	return length;
}

char *text_escape(const char *bytes)
{
	size_t left = strlen(bytes);
	char *text = must_allocate(4 * left + 1);
	char *end = text;

	while (left > 0) {
		size_t length = harmless_length(bytes, left);

		if (length > 0) {
			memcpy(end, bytes, length);
			end += length;
		} else {
			/* One byte only: what comes after it may be good. */
			length = 1;
			end += sprintf(end, "\\x%02x", (unsigned char)*bytes);
		}
		bytes += length;
		left -= length;
	}
	*end = '\0';
	return text;
}

size_t text_width(const char *text)
{
	size_t left = strlen(text);
	size_t width = 0;
	mbstate_t state;

	memset(&state, 0, sizeof(state));
	while (left > 0) {
		wchar_t character = L' ';
		size_t length = 1;
		int columns = 1;

		if (*text < ' ' || *text > '~') {
			length = mbrtowc(&character, text, left, &state);
			columns = wcwidth(character);
		}
		if (length == 0 || length > left)
			return width + left;
		width += columns > 0 ? (size_t)columns : 0;
		text += length;
		left -= length;
	}
	return width;
}

void text_cut(char *text, size_t columns)
{
	size_t length = strlen(text);
	bool cut = false;

	while (length > 0 && text_width(text) + cut > columns) {
		/* All bytes of the last character. */
		do {
			length--;
		} while (length > 0 && ((unsigned char)text[length] & 0xc0) ==
				       0x80);
		text[length] = '\0';
		cut = true;
	}
	/* At least one byte has gone: there is room for this one. */
	if (cut)
		memcpy(text + length, "~", 2);
}
