/* SPDX-License-Identifier: BSD-2-Clause */
/* What the tool is to look at: objects of svshm's and of others, by thousands. */
#ifndef SVSHM_BENCH_CROWD_H
#define SVSHM_BENCH_CROWD_H

#include <stdbool.h>
#include <stddef.h>

/* Makes the directory for the key files; call it first. */
const char *crowd_directory(void);

/* Segments of another program. */
void crowd_make_segments(int count);
void crowd_remove_segments(int count);

/* Objects of svshm's that nobody uses any more. */
void crowd_make_orphans(int count);

/* One of that size; false: the machine has no room for it. */
bool crowd_make_orphan(const char *key, size_t size);

/* Processes that use an object of that size: the first makes it, and all stay
   until they are stopped. */
#define CROWD_USERS_MAX 200
void crowd_start_users(const char *key, size_t size, int count);
void crowd_stop_users(int count);

/* A user that nothing runs as. */
#define CROWD_USER 54321

/* Sets of CROWD_USER's, as a web server leaves them that is killed; false: not
   permitted here. */
bool crowd_make_sets(int count);

/* How many sets there are, of anybody's. */
int crowd_count_sets(void);

#endif
