/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Files that are complete or not there. All functions that return an int return
 * 0, or -1 with errno set.
 */
#ifndef SVSHM_TOOL_OUTPUT_FILE_H
#define SVSHM_TOOL_OUTPUT_FILE_H

#include <stdbool.h>
#include <stddef.h>

#include "output/progress.h"

struct new_file {
	char *path;
	char *temporary; /* NULL: nothing to clean up */
	int fd;
};

/* Begin a file that shall become PATH, under another name beside it. */
int new_file_begin(struct new_file *file, const char *path);

/* Make it durable and give it its name; without REPLACE only a free name. */
int new_file_commit(struct new_file *file, bool replace);

/* The same in three steps, for who has many in one directory: what it holds is
   durable, and it is closed; its name is given; all names in DIRECTORY are
   durable. */
int new_file_secure(struct new_file *file);
int new_file_name(struct new_file *file, bool replace);
int directory_secure(const char *directory);

/* Whether it holds these bytes and no others, once it has its name. */
bool new_file_holds(const struct new_file *file, const void *data, size_t size);

/* Remove it, unless it has its name, close it, and free what it holds. */
void new_file_end(struct new_file *file);

/* Write all; EINTR if a signal to end was caught. PROGRESS may be NULL. */
int write_all(int fd, const void *data, size_t size,
	      struct progress *progress);

#endif
