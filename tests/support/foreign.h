/* SPDX-License-Identifier: BSD-2-Clause */
/* Objects of other programs, and IPC keys that collide. */
#ifndef SVSHM_TEST_FOREIGN_H
#define SVSHM_TEST_FOREIGN_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "support.h"

/* Add to a test case that makes any: the parent removes what is left. */
void foreign_fixture(TCase *tcase);

/*
 * As another program may have it: a segment of SIZE bytes, all FOREIGN_FILL,
 * that this process has mapped; a set of COUNT semaphores, all VALUE.
 */
#define FOREIGN_FILL 0xa5
struct foreign {
	int segment_id, set_id; /* -1: none */
	key_t key;
	size_t size;
	int count;
	unsigned short value;
	unsigned char *bytes; /* NULL: not mapped */
};

struct foreign foreign_segment(key_t key, size_t size, mode_t mode);
struct foreign foreign_set(key_t key, int count, unsigned short value,
			   mode_t mode);

/* Still there, with the same bytes and mappings, or the same values. */
void expect_untouched(const struct foreign *foreign);
void foreign_remove(struct foreign *foreign);

/* The Nth IPC key (from 0) of the name whose key file is PATH. */
key_t nth_key(const char *path, int n);

/*
 * Two names that have the same IPC keys: the paths A and B, each with its number
 * behind it. -1: of these two, there are none.
 */
void find_colliding_names(const char *a, const char *b, int numbers[2]);

/*
 * Make two empty files for which ftok gives the same; false, and says so:
 * the file system's inode numbers do not allow it.
 */
bool make_colliding_files(const char *a, const char *b);

#endif
