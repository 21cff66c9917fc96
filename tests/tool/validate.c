/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Holds a JSON document against a JSON schema:
 *
 *   validate SCHEMA [DEFINITION] <DOCUMENT
 *
 * against the whole schema, or #/$defs/DEFINITION. Status 0: it is valid; 1: it
 * is not, and a line says where and why; 2: the schema itself can't be used.
 *
 * Of JSON schema it knows what doc/svshm.schema.json needs, and refuses a
 * schema with anything else, so that nothing in it goes unchecked. It is stricter in
 * two ways: no member may occur twice, and none that the schema does not
 * mention. What a command prints has to be described.
 */
#include <config.h>

#include <ctype.h>
#include <regex.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DEPTH_MAX 100

enum type { T_NULL, T_BOOLEAN, T_NUMBER, T_STRING, T_ARRAY, T_OBJECT };

struct value {
	enum type type;
	char *text; /* of a string, the bytes; else as it stands there */
	size_t count; /* of an array or object */
	struct member *members;
};

struct member {
	char *name; /* NULL in an array */
	struct value value;
};

static void die(const char *format, ...)
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
		die("no memory");
	return larger;
}

/* ---- Reading ------------------------------------------------------------- */

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

static const struct value *find(const struct value *object, const char *name)
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
			if (find(value, member.name))
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

static struct value read_document(FILE *file, const char *what, int status)
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

/* ---- Checking ------------------------------------------------------------ */

/* What lives as long as the program. */
static struct value schema_root, document;

/* Where in the document, and of what it is a part. */
struct place {
	const struct place *above;
	const char *name; /* NULL: an index */
	size_t index;
};

static void print_place(const struct place *place)
{
	if (!place->above)
		return;
	print_place(place->above);
	if (place->name)
		fprintf(stderr, ".%s", place->name);
	else
		fprintf(stderr, "[%lu]", (unsigned long)place->index);
}

static bool wrong(const struct place *place, const char *why, const char *what)
{
	fputs("document", stderr);
	print_place(place);
	fprintf(stderr, ": %s%s\n", why, what);
	return false;
}

static const struct value *resolve(const struct value *reference)
{
	static const char prefix[] = "#/$defs/";
	const struct value *definitions = find(&schema_root, "$defs");
	const struct value *found = NULL;

	if (reference->type == T_STRING && definitions &&
	    strncmp(reference->text, prefix, sizeof(prefix) - 1) == 0)
		found = find(definitions, reference->text + sizeof(prefix) - 1);
	if (!found)
		die("the schema has no %s", reference->text ? reference->text :
		    "such $ref");
	return found;
}

static bool is_type(const struct value *value, const char *name)
{
	static const char *const names[] = {
		"null", "boolean", "number", "string", "array", "object"
	};

	if (strcmp(name, "integer") == 0)
		return value->type == T_NUMBER &&
		       !strpbrk(value->text, ".eE");
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (strcmp(name, names[i]) == 0)
			return value->type == (enum type)i;
	die("the schema has the type \"%s\"", name);
	return false;
}

static bool check_type(const struct value *rule, const struct value *value,
		       const struct place *place)
{
	if (rule->type == T_STRING)
		return is_type(value, rule->text) ||
		       wrong(place, "not of the type ", rule->text);
	for (size_t i = 0; i < rule->count; i++)
		if (is_type(value, rule->members[i].value.text))
			return true;
	return wrong(place, "of none of the types", "");
}

/* Of strings, numbers, booleans and null. */
static bool same(const struct value *a, const struct value *b)
{
	return a->type == b->type && a->text && b->text &&
	       strcmp(a->text, b->text) == 0;
}

static bool check_enum(const struct value *rule, const struct value *value,
		       const struct place *place)
{
	for (size_t i = 0; i < rule->count; i++)
		if (same(&rule->members[i].value, value))
			return true;
	return wrong(place, "none of the words: ", value->text ? value->text :
		     "(no word)");
}

static bool check_const(const struct value *rule, const struct value *value,
			const struct place *place)
{
	return same(rule, value) || wrong(place, "is not ", rule->text);
}

static bool check_minimum(const struct value *rule, const struct value *value,
			  const struct place *place)
{
	return value->type != T_NUMBER ||
	       strtod(value->text, NULL) >= strtod(rule->text, NULL) ||
	       wrong(place, "less than ", rule->text);
}

static bool check_pattern(const struct value *rule, const struct value *value,
			  const struct place *place)
{
	regex_t pattern;

	if (value->type != T_STRING)
		return true;
	if (regcomp(&pattern, rule->text, REG_EXTENDED | REG_NOSUB) != 0)
		die("the schema has the pattern %s", rule->text);
	bool matches = regexec(&pattern, value->text, 0, NULL, 0) == 0;

	regfree(&pattern);
	return matches || wrong(place, "does not match ", rule->text);
}

static bool check_required(const struct value *rule, const struct value *value,
			   const struct place *place)
{
	for (size_t i = 0; value->type == T_OBJECT && i < rule->count; i++)
		if (!find(value, rule->members[i].value.text))
			return wrong(place, "has no ",
				     rule->members[i].value.text);
	return true;
}

static bool check(const struct value *schema, const struct value *value,
		  const struct place *place);

static bool check_properties(const struct value *rule,
			     const struct value *value,
			     const struct place *place)
{
	bool valid = true;

	for (size_t i = 0; value->type == T_OBJECT && i < rule->count; i++) {
		const struct place below = { .above = place,
					     .name = rule->members[i].name };
		const struct value *member = find(value, below.name);

		valid &= !member || check(&rule->members[i].value, member,
					  &below);
	}
	return valid;
}

static bool check_items(const struct value *rule, const struct value *value,
			const struct place *place)
{
	bool valid = true;

	for (size_t i = 0; value->type == T_ARRAY && i < value->count; i++) {
		const struct place below = { .above = place, .index = i };

		valid &= check(rule, &value->members[i].value, &below);
	}
	return valid;
}

static bool check_ref(const struct value *rule, const struct value *value,
		      const struct place *place);
static bool check_all(const struct value *rule, const struct value *value,
		      const struct place *place);
static bool check_any(const struct value *rule, const struct value *value,
		      const struct place *place);

static const struct {
	const char *name;
	bool (*check)(const struct value *rule, const struct value *value,
		      const struct place *place); /* NULL: it says nothing */
} keywords[] = {
	{ "$schema", NULL }, { "$defs", NULL }, { "title", NULL },
	{ "description", NULL }, { "$ref", check_ref }, { "allOf", check_all },
	{ "anyOf", check_any }, { "const", check_const },
	{ "enum", check_enum }, { "items", check_items },
	{ "minimum", check_minimum }, { "pattern", check_pattern },
	{ "properties", check_properties }, { "required", check_required },
	{ "type", check_type },
};

/* Does the schema have a property of that name? */
static bool mentions(const struct value *schema, const char *name)
{
	const struct value *properties = find(schema, "properties");
	const struct value *reference = find(schema, "$ref");
	const struct value *all = find(schema, "allOf");

	if (properties && find(properties, name))
		return true;
	if (reference && mentions(resolve(reference), name))
		return true;
	for (size_t i = 0; all && i < all->count; i++)
		if (mentions(&all->members[i].value, name))
			return true;
	return false;
}

/* What SCHEMA says of VALUE. */
static bool obeys(const struct value *schema, const struct value *value,
		  const struct place *place)
{
	bool valid = true;

	for (size_t i = 0; i < schema->count; i++) {
		const struct member *rule = &schema->members[i];
		size_t known = 0;

		while (known < sizeof(keywords) / sizeof(*keywords) &&
		       strcmp(keywords[known].name, rule->name) != 0)
			known++;
		if (known == sizeof(keywords) / sizeof(*keywords))
			die("the schema says \"%s\", which is not known here",
			    rule->name);
		if (keywords[known].check)
			valid &= keywords[known].check(&rule->value, value,
						       place);
	}
	return valid;
}

static bool check(const struct value *schema, const struct value *value,
		  const struct place *place)
{
	bool valid = obeys(schema, value, place);

	/* Each of these checks the members itself. */
	if (value->type != T_OBJECT || find(schema, "anyOf") ||
	    find(schema, "$ref"))
		return valid;
	for (size_t i = 0; i < value->count; i++)
		if (!mentions(schema, value->members[i].name))
			valid = wrong(place, "the schema does not mention ",
				      value->members[i].name);
	return valid;
}

static bool check_ref(const struct value *rule, const struct value *value,
		      const struct place *place)
{
	return check(resolve(rule), value, place);
}

/* Its members may be those of the schema around it: that one checks them. */
static bool check_all(const struct value *rule, const struct value *value,
		      const struct place *place)
{
	bool valid = true;

	for (size_t i = 0; i < rule->count; i++) {
		const struct value *part = &rule->members[i].value;
		const struct value *reference = find(part, "$ref");

		valid &= obeys(reference ? resolve(reference) : part, value,
			       place);
	}
	return valid;
}

static bool check_any(const struct value *rule, const struct value *value,
		      const struct place *place)
{
	for (size_t i = 0; i < rule->count; i++) {
		fprintf(stderr, "is it the %lu. of anyOf?\n",
			(unsigned long)i + 1);
		if (check(&rule->members[i].value, value, place))
			return true;
	}
	return wrong(place, "none of anyOf", "");
}

int main(int argc, char **argv)
{
	const struct place top = { .above = NULL };

	if (argc < 2 || argc > 3)
		die("usage: validate SCHEMA [DEFINITION] <DOCUMENT");
	FILE *file = fopen(argv[1], "r");

	if (!file)
		die("no schema %s", argv[1]);
	schema_root = read_document(file, "schema", 2);
	fclose(file);
	const struct value *schema = &schema_root;

	if (argc == 3) {
		const struct value *definitions = find(schema, "$defs");

		schema = definitions ? find(definitions, argv[2]) : NULL;
		if (!schema)
			die("the schema has no definition %s", argv[2]);
	}
	document = read_document(stdin, "document", 1);

	return check(schema, &document, &top) ? 0 : 1;
}
