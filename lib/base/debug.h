/* SPDX-License-Identifier: BSD-2-Clause */
/* Tracing: SVSHM_DEBUG=1 writes what the library does to standard error. */
#ifndef SVSHM_BASE_DEBUG_H
#define SVSHM_BASE_DEBUG_H

#ifdef __GNUC__
#define SVSHM__PRINTF(format, first) \
	__attribute__((__format__(__printf__, format, first)))
#else
#define SVSHM__PRINTF(format, first)
#endif

/* An environment variable, or NULL if the program runs with raised rights. */
const char *svshm__environment(const char *name);

/* Keeps errno. */
void svshm__debug(const char *format, ...) SVSHM__PRINTF(1, 2);

#endif
