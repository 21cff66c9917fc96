/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Actors: child processes that do with a handle what the test tells them, one
 * act at a time. So a test that needs several processes reads as a dialogue.
 */
#ifndef SVSHM_TEST_ACTOR_H
#define SVSHM_TEST_ACTOR_H

#include "support.h"

/* What an actor can be told: most functions of svshm.h that take a handle are
   acts; a test adds its own. */
typedef int actor_act(struct svshm *handle);

struct actor {
	pid_t pid;
	int orders, results; /* pipes */
	char message[256];   /* of the last act that ended */
};

/*
 * Fork an actor that acts on HANDLE as it inherits it: a new handle, or one
 * that the test has attached. It waits for orders, and ends by _exit() when
 * nobody can give any more.
 */
void actor_start(struct actor *actor, struct svshm *handle);

/* The same with a handle of its own for KEY. */
void actor_enter(struct actor *actor, const char *key);

/* The same, attached; and owning the lock. */
void actor_attach(struct actor *actor, const char *key);
void actor_own(struct actor *actor, const char *key);

/* Let it begin; await the end, 60 seconds at most, and get the code. */
void actor_begin(struct actor *actor, actor_act *act);
int actor_end(struct actor *actor);
int actor_do(struct actor *actor, actor_act *act);

/* Let it begin, and wait until it waits for a semaphore. */
void actor_block(struct actor *actor, actor_act *act);

/* End it: by SIGKILL, by _exit(0), by exit(0). What it was at is cut short. */
void actor_kill(struct actor *actor);
void actor_vanish(struct actor *actor);
void actor_exit(struct actor *actor);

/* Fail the test unless ACTOR's act gives EXPECTED; or its running one. */
#define expect_act(actor, act, expected) \
	do { \
		actor_begin(actor, act); \
		actor_expect(actor, expected, #act, __LINE__); \
	} while (0)
#define expect_end(actor, expected) \
	actor_expect(actor, expected, "what it was told", __LINE__)
void actor_expect(struct actor *actor, int expected, const char *act, int line);

/* ACTOR owns the lock: it unlocks, and HANDLE can take it, and unlocks. */
void expect_handover(struct actor *actor, struct svshm *handle);

/* ---- Acts --------------------------------------------------------------- */

int act_create(struct svshm *handle); /* 100 bytes */
int act_attach(struct svshm *handle);
int act_attach_read_only(struct svshm *handle);
int act_exit(struct svshm *handle);           /* exit(0) */
int act_timedlock_long(struct svshm *handle); /* 1000 s: for who is woken */

/* ---- Objects ------------------------------------------------------------ */

/* A new handle for KEY that has created its object with SIZE bytes. */
struct svshm *make_object(const char *key, size_t size);

/* Leave an orphan of SIZE bytes, all FILL. */
void make_orphan(const char *key, size_t size, int fill);

/* Whether HANDLE has SIZE bytes, all FILL. */
bool has_bytes(const struct svshm *handle, size_t size, int fill);

/* KEY's object is an orphan of SIZE bytes, all FILL. Takes and removes it. */
void expect_orphan(const char *key, size_t size, int fill);

/* Let svshm_recover() act on what svshm_inspect() shows of KEY. RECOVERY may be
   NULL; FLAGS is then not. */
int recover_object(const char *key, unsigned flags,
		   struct svshm_recovery *recovery);

/* ---- Counting under the lock --------------------------------------------- */

/* *COUNTER + 1, with a window in which another one may come between. TURN is
   another number each time. */
void count_slowly(volatile long *counter, long turn);

/*
 * In a child: TURNS times, take HANDLE's lock and count: in its memory, and in
 * *BESIDE too, unless that is NULL.
 */
void count_under_lock(struct svshm *handle, long turns, volatile long *beside);

#endif
