/* SPDX-License-Identifier: BSD-2-Clause */
/* Texts of any length: printed, joined, made harmless, measured. */
#ifndef SVSHM_TOOL_COMMON_TEXT_H
#define SVSHM_TOOL_COMMON_TEXT_H

#include <stdarg.h>
#include <stddef.h>

#if defined(__GNUC__)
#define TOOL_PRINTF(format, first) \
	__attribute__((__format__(__printf__, format, first)))
#else
#define TOOL_PRINTF(format, first)
#endif

/* printf() into memory; the caller frees it. */
char *text_print(const char *format, ...) TOOL_PRINTF(1, 2);
char *text_print_arguments(const char *format, va_list arguments)
	TOOL_PRINTF(1, 0);

/*
 * LIST, BETWEEN and MORE in one text; MORE alone if LIST is NULL. Frees both;
 * the caller frees the result.
 */
char *text_join(char *list, const char *between, char *more);

/*
 * A copy in which control characters, broken multibyte characters and those
 * that change the direction of writing are spelled out. The caller frees it.
 */
char *text_escape(const char *bytes);

/* Columns that an escaped text takes on a terminal. */
size_t text_width(const char *text);

/* Shorten an escaped text to so many columns; then it ends with "~". */
void text_cut(char *text, size_t columns);

#endif
