/* SPDX-License-Identifier: BSD-2-Clause */
/* Objects of many pages, in both layouts: for the tests of svshm_set_memory(). */
#ifndef SVSHM_TEST_LARGE_H
#define SVSHM_TEST_LARGE_H

#include "actor.h"

#define PAGES ((size_t)1024)

/* The size of a page; of the objects: PAGES, of which the last is not full. */
extern size_t large_page, large_size;

/* To be called first. LAYOUT: 0 is the native one, 1 Qt's. */
void large_choose(int layout);

/* A new handle for KEY, with those flags of svshm_set_memory(). */
struct svshm *large_new(const char *key, unsigned flags);

int act_create_big(struct svshm *handle);
int act_open_big(struct svshm *handle);

/*
 * ACTOR's attempts to begin with KEY's object fail with CODE, and say why: over
 * nothing, over users, over an orphan. All is as it was then, but for an orphan that
 * create has replaced.
 */
void expect_taken_back(const char *key, struct actor *actor, int code,
		       const char *says);

#endif
