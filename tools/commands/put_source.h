/* SPDX-License-Identifier: BSD-2-Clause */
/* What put copies: a file or standard input, with progress shown. */
#ifndef SVSHM_TOOL_COMMANDS_PUT_SOURCE_H
#define SVSHM_TOOL_COMMANDS_PUT_SOURCE_H

#include <stddef.h>

#include "output/progress.h"

struct source {
	int fd;
	const char *name; /* for messages */
	size_t size;      /* of the data; 0: not known yet */
	char *memory;     /* the data, if they had to be read to be measured */
	struct progress progress;
};

/*
 * Both return an exit status and print what is wrong. Open PATH (NULL or "-":
 * standard input) and find out the size, which is not 0.
 */
int source_open(struct source *source, const char *path);

/* Copy it to DATA, which has room for its size. */
int source_copy(struct source *source, char *data);

void source_close(struct source *source);

#endif
