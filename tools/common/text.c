/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Text for people: messages, sizes, times, names. Keys, process names and
 * messages hold bytes of other programs' choice; nothing of them reaches a
 * terminal before text_escape() has spelled out what could steer it.
 */
#include <config.h>

#include <grp.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <wchar.h>
#include <wctype.h>

#include "tool.h"

static char *print_arguments(const char *format, va_list arguments)
{
	char shorter[256];
	va_list again;

	va_copy(again, arguments);
	int result = vsnprintf(shorter, sizeof(shorter), format, again);

	va_end(again);
	size_t length = result < 0 ? 0 : (size_t)result;
	char *text = must_allocate(length + 1);

	text[0] = '\0';
	/* Nearly always it fits, and formatting it once is enough. */
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
	char *text = print_arguments(format, arguments);

	va_end(arguments);
	return text;
}

void message(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	char *text = print_arguments(format, arguments);

	va_end(arguments);
	char *line = text_escape(text);

	/* What was printed before belongs before the message. */
	fflush(stdout);
	fprintf(stderr, "svshm: %s\n", line);
	free(line);
	free(text);
}

int fail(const struct svshm *handle)
{
	const char *text = svshm_error_string(handle);

	message("%s", *text ? text : svshm_strerror(svshm_error(handle)));
	return TOOL_FAILED;
}

static void out_of_memory(size_t size)
{
	/* Not message(): that allocates. */
	fprintf(stderr, "svshm: no memory for %lu bytes\n",
		(unsigned long)size);
	exit(TOOL_FAILED);
}

void *must_allocate(size_t size)
{
	void *memory = malloc(size ? size : 1);

	if (!memory)
		out_of_memory(size);
	return memory;
}

void *must_reallocate(void *memory, size_t size)
{
	void *larger = realloc(memory, size ? size : 1);

	if (!larger)
		out_of_memory(size);
	return larger;
}

/* Marks, embeddings, overrides and isolates of the writing direction, and the
   two separators that are line breaks. */
static bool changes_layout(wchar_t character)
{
	return character == 0x061c || character == 0x200e ||
	       character == 0x200f ||
	       (character >= 0x2028 && character <= 0x202e) ||
	       (character >= 0x2066 && character <= 0x2069);
}

/* The bytes of the character that BYTES begin with, or 0 if it must not reach a
   terminal as it is. */
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
			/* The bytes after it are looked at on their own. */
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
	/* There was a byte more at least. */
	if (cut)
		memcpy(text + length, "~", 2);
}

struct text text_size(uint64_t bytes)
{
	struct text text;
	const char *unit = "BKMGTPE";
	double size = (double)bytes;

	while (size >= 1024 && unit[1]) {
		size /= 1024;
		unit++;
	}
	snprintf(text.bytes, sizeof(text.bytes),
		 size < 9.95 && *unit != 'B' ? "%.1f%c" : "%.0f%c", size,
		 *unit);
	return text;
}

struct text text_age(int64_t seconds)
{
	struct text text;
	long long age = seconds > 0 ? seconds : 0;

	if (age < 120)
		snprintf(text.bytes, sizeof(text.bytes), "%llds", age);
	else if (age < 120 * 60)
		snprintf(text.bytes, sizeof(text.bytes), "%lldm", age / 60);
	else if (age < 48 * 3600)
		snprintf(text.bytes, sizeof(text.bytes), "%lldh", age / 3600);
	else
		snprintf(text.bytes, sizeof(text.bytes), "%lldd", age / 86400);
	return text;
}

struct text text_since(int64_t since)
{
	struct text unknown = { "-" };
	int64_t now = (int64_t)time(NULL);

	/* The second test also keeps the difference from overflowing. */
	if (since <= 0 || since > now)
		return since > 0 && since <= now + 5 ? text_age(0) : unknown;
	return text_age(now - since);
}

struct text text_date(int64_t when)
{
	struct text text;
	time_t moment = (time_t)when;
	struct tm *fields = localtime(&moment);

	/* A header can hold any number; not each is a date. */
	if (!fields || (int64_t)moment != when ||
	    strftime(text.bytes, sizeof(text.bytes), "%Y-%m-%d %H:%M:%S",
		     fields) == 0)
		snprintf(text.bytes, sizeof(text.bytes), "second %lld",
			 (long long)when);
	return text;
}

struct text text_time(int64_t when)
{
	struct text text = { "never" };

	if (when != 0)
		snprintf(text.bytes, sizeof(text.bytes), "%.32s (age %.20s)",
			 text_date(when).bytes, text_since(when).bytes);
	return text;
}

struct text text_user(uid_t uid)
{
	/* The objects of a list have few owners; a look-up takes long. */
	static struct {
		uid_t uid;
		struct text text; /* "": none yet */
	} known[16];
	struct text *text = &known[uid % 16].text;

	if (uid == (uid_t)-1)
		return (struct text){ "-" };
	if (text->bytes[0] && known[uid % 16].uid == uid)
		return *text;
	const struct passwd *user = getpwuid(uid);

	known[uid % 16].uid = uid;
	if (user)
		snprintf(text->bytes, sizeof(text->bytes), "%s", user->pw_name);
	else
		snprintf(text->bytes, sizeof(text->bytes), "%lu",
			 (unsigned long)uid);
	return *text;
}

struct text text_group(gid_t gid)
{
	struct text text = { "-" };

	if (gid == (gid_t)-1)
		return text;
	const struct group *group = getgrgid(gid);

	if (group)
		snprintf(text.bytes, sizeof(text.bytes), "%s", group->gr_name);
	else
		snprintf(text.bytes, sizeof(text.bytes), "%lu",
			 (unsigned long)gid);
	return text;
}

struct text text_mode(mode_t mode)
{
	struct text text = { "-" };

	if (mode != (mode_t)-1)
		snprintf(text.bytes, sizeof(text.bytes), "%04o",
			 (unsigned)mode & 0777);
	return text;
}

bool output_in_colour(void)
{
	const char *refused = getenv("NO_COLOR");
	const char *terminal = getenv("TERM");

	return isatty(STDOUT_FILENO) && (!refused || !*refused) && terminal &&
	       strcmp(terminal, "dumb") != 0;
}
