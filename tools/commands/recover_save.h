/* SPDX-License-Identifier: BSD-2-Clause */
/* svshm recover --save: the data of an object in a file, before it goes. */
#ifndef SVSHM_TOOL_COMMANDS_RECOVER_SAVE_H
#define SVSHM_TOOL_COMMANDS_RECOVER_SAVE_H

#include <stddef.h>

#include "output/file.h"
#include "svshm.h"

struct rescue {
	const char *directory;
	char *path;    /* where the data are; NULL: not saved */
	char *problem; /* why they are not */
};

/* Is PATH a directory, itself and no link, to write to? Says what is wrong. */
int rescue_check(const char *path);

/*
 * The first half of it: a file that holds the data, durable, without its name
 * yet. 0; or a code, and the problem is set.
 */
int rescue_draft(struct rescue *rescue, const struct svshm_object *object,
		 const void *data, size_t size, struct new_file *file);

/* For svshm_recovery, with a struct rescue: what fails keeps the object. */
int rescue_save(const struct svshm_object *object, const void *data,
		size_t size, void *context);

#endif
