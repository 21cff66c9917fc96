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
 * schema with anything else, so that nothing in it goes unchecked. It is
 * stricter in two ways: no member may occur twice, and none that the schema does
 * not mention. What a command prints has to be described.
 */
#include <config.h>

#include <regex.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "json.h"

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
	const struct value *definitions = json_find(&schema_root, "$defs");
	const struct value *found = NULL;

	if (reference->type == T_STRING && definitions &&
	    strncmp(reference->text, prefix, sizeof(prefix) - 1) == 0)
		found = json_find(definitions,
				  reference->text + sizeof(prefix) - 1);
	if (!found)
		json_die("the schema has no %s", reference->text ?
			 reference->text : "such $ref");
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
	json_die("the schema has the type \"%s\"", name);
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
		json_die("the schema has the pattern %s", rule->text);
	bool matches = regexec(&pattern, value->text, 0, NULL, 0) == 0;

	regfree(&pattern);
	return matches || wrong(place, "does not match ", rule->text);
}

static bool check_required(const struct value *rule, const struct value *value,
			   const struct place *place)
{
	for (size_t i = 0; value->type == T_OBJECT && i < rule->count; i++)
		if (!json_find(value, rule->members[i].value.text))
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
		const struct value *member = json_find(value, below.name);

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
	const struct value *properties = json_find(schema, "properties");
	const struct value *reference = json_find(schema, "$ref");
	const struct value *all = json_find(schema, "allOf");

	if (properties && json_find(properties, name))
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
			json_die("the schema says \"%s\", which is not known "
				 "here", rule->name);
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
	if (value->type != T_OBJECT || json_find(schema, "anyOf") ||
	    json_find(schema, "$ref"))
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
		const struct value *reference = json_find(part, "$ref");

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
		json_die("usage: validate SCHEMA [DEFINITION] <DOCUMENT");
	FILE *file = fopen(argv[1], "r");

	if (!file)
		json_die("no schema %s", argv[1]);
	schema_root = json_read(file, "schema", 2);
	fclose(file);
	const struct value *schema = &schema_root;

	if (argc == 3) {
		const struct value *definitions = json_find(schema, "$defs");

		schema = definitions ? json_find(definitions, argv[2]) : NULL;
		if (!schema)
			json_die("the schema has no definition %s", argv[2]);
	}
	document = json_read(stdin, "document", 1);

	return check(schema, &document, &top) ? 0 : 1;
}
