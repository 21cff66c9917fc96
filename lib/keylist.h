/* SPDX-License-Identifier: BSD-2-Clause */
/* The key files in the caller's key directory. */
#ifndef SVSHM_KEYLIST_H
#define SVSHM_KEYLIST_H

#include <stddef.h>

#include "error.h"

struct svshm__key_list {
	char **paths;
	size_t count;
};

/* A directory that is missing or that may not be read gives an empty list. */
int svshm__key_list_read(struct svshm__key_list *list,
			 struct svshm__error *error);
void svshm__key_list_free(struct svshm__key_list *list);

#endif
