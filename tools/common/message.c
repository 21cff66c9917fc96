/* SPDX-License-Identifier: BSD-2-Clause */
#include <config.h>

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/message.h"
#include "common/status.h"

/* The caller frees it. */
static char *escaped_line(const char *format, va_list arguments)
{
	char *text = text_print_arguments(format, arguments);
	char *line = text_escape(text);

	free(text);
	return line;
}

void print_line(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	char *line = escaped_line(format, arguments);

	va_end(arguments);
	printf("%s\n", line);
	free(line);
}

void message(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	char *line = escaped_line(format, arguments);

	va_end(arguments);
	/* What was printed before belongs before the message. */
	fflush(stdout);
	fprintf(stderr, "svshm: %s\n", line);
	free(line);
}

int fail(const struct svshm *handle)
{
	const char *text = svshm_error_string(handle);

	message("%s", *text ? text : svshm_strerror(svshm_error(handle)));
	return TOOL_FAILED;
}
