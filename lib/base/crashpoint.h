/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Named points at which the tests let a process die or stop. They exist in the
 * internal build only (tests/support/crashpoint.c); the installed library has none.
 */
#ifndef SVSHM_BASE_CRASHPOINT_H
#define SVSHM_BASE_CRASHPOINT_H

#ifdef SVSHM_CRASHPOINTS
void svshm__crashpoint(const char *name);
#define CRASHPOINT(name) svshm__crashpoint(name)
#else
#define CRASHPOINT(name) ((void)0)
#endif

#endif
