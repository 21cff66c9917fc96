/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Two keys whose lock files collide in ftok, so that both have one lock. A
 * program of this has a ftok() of its own, which the library finds before that
 * of libc: for it all lock files collide. With files that do so by their
 * inodes, and with the real QSharedMemory: check_qt_peer_shared.c.
 */
#ifndef SVSHM_TEST_QT_ONE_LOCK_H
#define SVSHM_TEST_QT_ONE_LOCK_H

#include "qtwire.h"

#define ONE 0
#define TWO 1

extern const char *keys[2];
extern char *paths[2]; /* of their lock files */

/* New keys, at the begin of each test. */
void make_keys(void);

/* Nothing of either key is left. */
void expect_nothing(void);

/* All that is left of the key WHICH is a file without anything behind it, which
   the next user of the key takes. */
void expect_file_only(int which);

/* qt_main() in a program where the lock files collide. */
int one_lock_main(Suite *(*make)(void));

#endif
