/* SPDX-License-Identifier: BSD-2-Clause */
/* A handle: what svshm.c and the layouts know of one struct svshm. */
#ifndef SVSHM_HANDLE_H
#define SVSHM_HANDLE_H

#include <stdbool.h>
#include <sys/types.h>

#include "error.h"
#include "mapping.h"

struct svshm {
	char *key;        /* NULL: none, or a native key is set */
	char *native_key; /* the key file; NULL: none */
	bool native;      /* the native key was set, not derived */
	mode_t mode;
	gid_t group; /* (gid_t)-1: the default */
	unsigned max_processes;

	struct svshm__attachment *attachment; /* NULL: not attached */
	enum svshm_access access;

	struct svshm__error error;
};

#endif
