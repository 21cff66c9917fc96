/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What some tests need of the world around the library: other users, objects
 * of other programs, IPC keys that collide, small limits.
 */
#ifndef SVSHM_TEST_OUTSIDE_H
#define SVSHM_TEST_OUTSIDE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "actor.h"

/* Print "SKIP: " and WHY; returns true: if (...) return test_skip(...). */
bool test_skip(const char *why);

/* ---- Other users ------------------------------------------------------------- */

/* Two users that need no account, and a group that both are in. */
#define ALICE 65533
#define BOB 65532
#define FRIENDS 65531

/* Only root can be others; true, and says so, if the test is to be skipped. */
bool test_skip_without_root(void);

/* In a child: be USER for good. */
void become(uid_t user);

/* An actor that is USER, with a handle of its own for KEY. */
void actor_enter_as(struct actor *actor, uid_t user, const char *key);

/*
 * Use a key directory, made for this test below test_scratch(), that belongs
 * to OWNER. Returns its path, valid until the next call.
 */
const char *use_key_directory(const char *name, uid_t owner, mode_t mode);

/* Make a file with TEXT below test_scratch(); the path is to be freed. */
char *make_file(const char *name, const char *text, uid_t owner, mode_t mode);

/* Whether PATH has TEXT in it, and nothing else. */
bool file_has(const char *path, const char *text);

/* ---- Objects of other programs ------------------------------------------------ */

/* Add to a test case that makes any: the parent removes what they left. */
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

/* What ftok gives for the Nth key (from 0) that the library tries for PATH. */
key_t nth_key(const char *path, int n);

/*
 * Make two empty files for which ftok gives the same keys; false, and says so:
 * the file system's inode numbers do not allow it.
 */
bool make_colliding_files(const char *a, const char *b);

/* ---- Limits ---------------------------------------------------------------------- */

/*
 * In a test: have an IPC namespace of its own, in which nothing is yet; false,
 * and says so, where that is not permitted.
 */
bool own_ipc_namespace(void);

/* Write VALUE to /proc/sys/kernel/NAME. */
void set_limit(const char *name, const char *value);

/* How many segments and sets there are in the namespace. */
unsigned segments_in_use(void);
unsigned sets_in_use(void);

#endif
