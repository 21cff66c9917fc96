/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the tests of svshm_wait() share. Where the futex is, waiters look by
 * themselves once in an hour in these tests: a change that is lost is not found by
 * chance.
 */
#ifndef SVSHM_TEST_LOCK_CHANGES_H
#define SVSHM_TEST_LOCK_CHANGES_H

#include "puppet.h"

/*
 * With the futex (0), or without (1). False: this test has to be left out, as there
 * is no futex here.
 */
#define WITH_FUTEX 0
#define WITHOUT_FUTEX 1
#define WORLDS 2
bool choose_world(int number);

/* HANDLE's word of changes. */
uint32_t *changes_of(struct svshm *handle);
uint32_t word_of(struct svshm *handle);

/* Until somebody has said that he is about to sleep. Without futex nobody does. */
void await_sleepers(struct svshm *handle);

/* ---- Acts ------------------------------------------------------------------ */

int act_wait(struct svshm *handle); /* for one more change */

/* For the change after that number; with what stands first in the data then. */
int act_wait_beyond_0(struct svshm *handle);
int act_wait_beyond_1(struct svshm *handle);

int act_write_and_notify(struct svshm *handle); /* PUPPET_MARK */

/* A new object of that mode. */
int act_create_0644(struct svshm *handle);

#endif
