/* SPDX-License-Identifier: BSD-2-Clause */
/* Where get copies to: a file, standard output, or what else has a name. */
#ifndef SVSHM_TOOL_COMMANDS_GET_DESTINATION_H
#define SVSHM_TOOL_COMMANDS_GET_DESTINATION_H

#include <stdbool.h>
#include <stddef.h>

#include "output/file.h"

struct destination {
	const char *name; /* for messages */
	int fd;
	bool slow;        /* a pipe or a terminal may take its time */
	bool is_new;      /* a new file takes the place of the old one */
	struct new_file file;
};

/*
 * All return an exit status and print what is wrong, but for a signal that was
 * caught. PATH may be NULL or "-": standard output.
 */
int destination_open(struct destination *destination, const char *path);
int destination_write(const struct destination *destination, const void *data,
		      size_t size);

/* All is written: now a new file gets its name. */
int destination_commit(struct destination *destination);

/* Without the commit, everything is as before. */
void destination_close(struct destination *destination);

#endif
