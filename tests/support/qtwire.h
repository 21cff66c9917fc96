/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the tests of the Qt layout share: handles for keys of Qt's, and a
 * stand-in for a QSharedMemory, which makes the system calls that traces of the
 * real one show, with all its faults. check_qt_peer.c has the real one.
 */
#ifndef SVSHM_TEST_QTWIRE_H
#define SVSHM_TEST_QTWIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "actor.h"

/*
 * Let Qt's key files lie in the directory of this program's tests. To be called
 * by the function that makes the suite; test_main() removes what is left.
 */
void qt_use_directory(void);

/* A handle of the Qt layout for KEY, or for a native key. */
struct svshm *qt_handle(const char *key);
struct svshm *qt_native_handle(const char *text);

/* The same, having created SIZE bytes. */
struct svshm *qt_make(const char *key, size_t size);

/* The key files of KEY; to be freed. */
char *qt_segment_path(const char *key);
char *qt_lock_path(const char *key);

/* An actor with a handle for KEY; and attached; and owning the lock. */
void qt_actor_enter(struct actor *actor, const char *key);
void qt_actor_attach(struct actor *actor, const char *key);
void qt_actor_own(struct actor *actor, const char *key);

/* Neither key files nor segment and set of KEY are there. */
bool qt_nothing_left(const char *key);

/* What svshm_inspect() shows of KEY; false: nothing. */
bool qt_inspect(const char *key, struct test_object *object);

/* Remove what is there, whatever it is. */
void qt_clean(const char *key);

/* svshm_recover() of what is shown of KEY. RECOVERY may be NULL. */
int qt_recover(const char *key, unsigned flags,
	       struct svshm_recovery *recovery);

/* Leave an orphan of SIZE bytes, all FILL. */
void qt_make_orphan(const char *key, size_t size, int fill);

/* ---- The stand-in ------------------------------------------------------ */

struct wire {
	char *segment_path, *lock_path;
	int set_id, segment_id; /* -1: none */
	void *data; /* NULL: not attached */
	bool owner; /* of the set: removes it in the end */
};

void wire_begin(struct wire *wire, const char *key);

/* Open mode; or Create mode, which forces the value to 1. */
void wire_open_lock(struct wire *wire, bool create);
void wire_lock(struct wire *wire);
void wire_unlock(struct wire *wire);

/* As QSharedMemory's functions; true: done. */
bool wire_create(struct wire *wire, size_t size);
bool wire_attach(struct wire *wire);
void wire_detach(struct wire *wire);

/* The destructor: an owner removes the set, whoever uses it. */
void wire_end(struct wire *wire);

/* The value of KEY's semaphore, or -1. */
int wire_value(const char *key);

#endif
