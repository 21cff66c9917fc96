/* SPDX-License-Identifier: BSD-2-Clause */
/* JSON documents as trees of values. */
#ifndef SVSHM_TEST_JSON_H
#define SVSHM_TEST_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

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

/*
 * All of FILE, which is one value without a member twice. Else this says where WHAT
 * is wrong, and exits with STATUS.
 */
struct value json_read(FILE *file, const char *what, int status);

/* The member of that name; NULL: there is none, or it is no object. */
const struct value *json_find(const struct value *object, const char *name);

/* Print what FORMAT says, and exit with 2. */
void json_die(const char *format, ...);

#endif
