/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What some tests need of the world around the library: other users, and a
 * system with small limits.
 */
#ifndef SVSHM_TEST_OUTSIDE_H
#define SVSHM_TEST_OUTSIDE_H

#include <stdbool.h>
#include <sys/types.h>

#include "actor.h"

/* Print "SKIP: " and WHY; returns true: if (...) return test_skip(...). */
bool test_skip(const char *why);

/* Fail the test unless PART is in MESSAGE. */
void expect_says(const char *message, const char *part);

/* CODE is EXPECTED, is the handle's error, and has a message of one line. */
void expect_failure(struct svshm *handle, int code, int expected,
		    const char *says);

/* For svshm_inspect() and svshm_scan(). */
int visit_nothing(const struct svshm_object *object, void *context);

/* A new handle for KEY gets CREATE from create, which says WHY, and ATTACH from
   attach and inspect. */
void expect_refused(const char *key, int create, int attach, const char *why);

/* Acts: fill the memory; whether it still is as it was filled: 0. */
int act_fill(struct svshm *handle);
int act_is_filled(struct svshm *handle);

/* ---- Other users -------------------------------------------------------- */

/* Two users that need no account, and a group that both are in. */
#define ALICE 65533
#define BOB 65532
#define FRIENDS 65531

/* Only root can be others; true, and says so, if the test is to be skipped. */
bool test_skip_without_root(void);

/* In a child: be USER for good. */
void become(uid_t user);

/* An actor that is USER, with a handle of its own. */
void actor_enter_as(struct actor *actor, uid_t user, const char *key);
void actor_enter_native_as(struct actor *actor, uid_t user, const char *path);

/* What this process makes from now on is USER's; root (0) can go back. */
void pass_for(uid_t user);

/* Let others reach what lies below test_scratch(). */
void open_scratch(void);

/*
 * Use a key directory below test_scratch() that belongs to OWNER. Returns its
 * path, valid until the next call.
 */
const char *use_key_directory(const char *name, uid_t owner, mode_t mode);

/* The one that USER has without SVSHM_KEYDIR; valid until the next call. */
const char *default_key_directory(uid_t user);

/* Make a file with TEXT below test_scratch(); the path is to be freed. */
char *make_file(const char *name, const char *text, uid_t owner, mode_t mode);

/* The same for the key file of KEY. */
char *make_key_file(const char *key, const char *text, uid_t owner);

/* Whether PATH has TEXT in it, and nothing else. */
bool file_has(const char *path, const char *text);

/* ---- What the system does ----------------------------------------------- */

/* Tried out, not taken from its name: each can be otherwise in a jail, or in
   the worlds that .ci/run makes. */

/* It lists segments and sets; if not, svshm knows those of key files only. */
bool system_lists(void);

/* It lets a process attach a segment once only. */
bool system_attaches_once(void);

/* A part of a segment can be made read-only. */
bool system_protects(void);

/* How many undo entries a process may have, up to ENOUGH. */
int system_undo_entries(int enough);

/* A set of COUNT semaphores is possible. */
bool system_makes_set(int count);

/* True, and says so, if the test is to be skipped. */
bool test_skip_without_lists(void);
bool test_skip_without_counted_children(void);
bool test_skip_without_protection(void);
bool test_skip_without_known_limits(void);

/* ---- Limits ------------------------------------------------------------- */

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
