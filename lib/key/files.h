/* SPDX-License-Identifier: BSD-2-Clause */
/* The key files in a user's key directory. */
#ifndef SVSHM_KEY_FILES_H
#define SVSHM_KEY_FILES_H

#include <stddef.h>
#include <sys/types.h>

#include "base/error.h"

struct svshm__key_files {
	char **paths;
	size_t count;
};

/*
 * A directory that is missing or that may not be read gives an empty list; so
 * does one that is neither USER's nor root's, or that is a link.
 */
int svshm__key_files_read(struct svshm__key_files *list, uid_t user,
			  struct svshm__error *error);
void svshm__key_files_free(struct svshm__key_files *list);

#endif
