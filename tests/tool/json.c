/* SPDX-License-Identifier: BSD-2-Clause */
#include <config.h>

#include "json.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#define DEPTH_MAX 100

void json_die(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	fputc('\n', stderr);
	exit(2);
}

static void *allocate(void *memory, size_t size)
{
	void *larger = realloc(memory, size);

	if (!larger)
		json_die("no memory");
	return larger;
}

struct input {
	const char *what; /* for messages */
	const char *at;
	const char *start;
	int status; /* if it is not JSON */
};

static void refuse(const struct input *input, const char *why)
{
	fprintf(stderr, "%s: byte %ld: %s\n", input->what,
		(long)(input->at - input->start), why);
	exit(input->status);
}

static void skip_blanks(struct input *input)
{
	input->at += strspn(input->at, " \t\r\n");
}

static bool accept(struct input *input, char wanted)
{
	skip_blanks(input);
	if (*input->at != wanted)
		return false;
	input->at++;
	return true;
}

static void expect(struct input *input, char wanted)
{
	char why[] = "no 'x'";

	why[4] = wanted;
	if (!accept(input, wanted))
		refuse(input, why);
}

static char *copy(const char *from, size_t length)
{
	char *text = allocate(NULL, length + 1);

	memcpy(text, from, length);
	text[length] = '\0';
	return text;
}

/* What follows a backslash, kept as it is: only its form is looked at. */
static void check_escape(struct input *input)
{
	const char *at = input->at + 1;

	if (*at != 'u') {
		if (!*at || !strchr("\"\\/bfnrt", *at))
			refuse(input, "no such escape");
		return;
	}
	for (int i = 1; i <= 4; i++)
		if (!isxdigit((unsigned char)at[i]))
			refuse(input, "no four hexadecimal digits");
}

static char *read_string(struct input *input)
{
	expect(input, '"');
	const char *begin = input->at;

	while (*input->at != '"') {
		if ((unsigned char)*input->at < 0x20)
			refuse(input, "a control character, or the end");
		if (*input->at == '\\') {
			check_escape(input);
			input->at++;
		}
		input->at++;
	}
	return copy(begin, (size_t)(input->at++ - begin));
}

/* A digit, or more. */
static void read_digits(struct input *input)
{
	size_t digits = strspn(input->at, "0123456789");

	if (digits == 0)
		refuse(input, "no digit");
	input->at += digits;
}

static void read_number(struct input *input, struct value *value)
{
	const char *begin = input->at;

	input->at += *input->at == '-';
	if (*input->at == '0' && isdigit((unsigned char)input->at[1]))
		refuse(input, "a leading zero");
	read_digits(input);
	if (*input->at == '.') {
		input->at++;
		read_digits(input);
	}
	if (*input->at == 'e' || *input->at == 'E') {
		input->at++;
		input->at += *input->at == '+' || *input->at == '-';
		read_digits(input);
	}
	value->type = T_NUMBER;
	value->text = copy(begin, (size_t)(input->at - begin));
}

static void read_word(struct input *input, struct value *value)
{
	static const char *const words[] = { "null", "true", "false" };

	for (size_t i = 0; i < 3; i++) {
		size_t length = strlen(words[i]);

		if (strncmp(input->at, words[i], length) != 0)
			continue;
		value->type = i == 0 ? T_NULL : T_BOOLEAN;
		value->text = copy(words[i], length);
		input->at += length;
		return;
	}
	refuse(input, "no value");
}

const struct value *json_find(const struct value *object, const char *name)
{
	for (size_t i = 0; object->type == T_OBJECT && i < object->count; i++)
		if (strcmp(object->members[i].name, name) == 0)
			return &object->members[i].value;
	return NULL;
}

static void read_value(struct input *input, struct value *value, int depth);

static void read_members(struct input *input, struct value *value, char close,
			 int depth)
{
	if (accept(input, close))
		return;
	do {
		struct member member = { .name = NULL };

		if (value->type == T_OBJECT) {
			skip_blanks(input);
			member.name = read_string(input);
			if (json_find(value, member.name))
				refuse(input, "a member twice");
			expect(input, ':');
		}
		read_value(input, &member.value, depth + 1);
		value->members = allocate(value->members, (value->count + 1) *
					  sizeof(*value->members));
		value->members[value->count++] = member;
	} while (accept(input, ','));
	expect(input, close);
}

static void read_value(struct input *input, struct value *value, int depth)
{
	if (depth > DEPTH_MAX)
		refuse(input, "too deep");
	skip_blanks(input);
	if (*input->at == '{' || *input->at == '[') {
		bool object = *input->at++ == '{';

		value->type = object ? T_OBJECT : T_ARRAY;
		read_members(input, value, object ? '}' : ']', depth);
	} else if (*input->at == '"') {
		value->type = T_STRING;
		value->text = read_string(input);
	} else if (*input->at == '-' || isdigit((unsigned char)*input->at)) {
		read_number(input, value);
	} else {
		read_word(input, value);
	}
}

struct value json_read(FILE *file, const char *what, int status)
{
	struct value value = { .type = T_NULL };
	char *text = NULL;
	size_t size = 0, more;

	do {
		text = allocate(text, size + 65537);
		more = fread(text + size, 1, 65536, file);
		size += more;
	} while (more > 0);
	text[size] = '\0';

	struct input input = { .what = what, .at = text, .start = text,
			       .status = status };

	read_value(&input, &value, 0);
	skip_blanks(&input);
	if (input.at != text + size)
		refuse(&input, "more than one value");
	free(text);
	return value;
}
