/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A JSON document on standard output, member by member. The name is NULL
 * inside an array. Any bytes make valid JSON: what is not UTF-8 becomes
 * U+FFFD.
 */
#ifndef SVSHM_TOOL_OUTPUT_JSON_H
#define SVSHM_TOOL_OUTPUT_JSON_H

#include <stdbool.h>
#include <stdint.h>

void json_begin(void); /* the document: '{' and the schema's number */
void json_end(void);

void json_open(const char *name, char bracket); /* '{' or '[' */
void json_close(char bracket);                  /* '}' or ']' */
void json_text(const char *name, const char *value); /* NULL: null */
void json_number(const char *name, int64_t value);
void json_unsigned(const char *name, uint64_t value);
void json_boolean(const char *name, bool value);
void json_null(const char *name);
void json_known(const char *name, int64_t value);    /* 0: null */
void json_id(const char *name, int64_t value);       /* negative: null */

#endif
