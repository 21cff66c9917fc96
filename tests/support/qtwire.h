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
 * test_main() for the tests of the Qt layout: what actor.h and puppet.h make is
 * of that layout, and Qt's key files lie in a directory of this program's.
 */
int qt_main(Suite *(*make)(void));

/*
 * The same directory for a program that has objects of both layouts. To be
 * called by the function that makes the suite; test_main() removes what is left.
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

/* Where these lead to: the id of KEY's set, and of its segment; -1: nothing. */
int qt_set_of(const char *key);
int qt_segment_of(const char *key);

/* Neither key files nor segment and set of KEY are there. */
bool qt_nothing_left(const char *key);

/* Remove what is there, whatever it is. */
void qt_clean(const char *key);

/* As a program that was killed early leaves it: the file without a set. */
void qt_make_lock_file(const char *key);

/* A child creates KEY's object, detaches, and dies at the crash point POINT; as
   test_wait(): 256 + SIGKILL, or it did not come there. */
int qt_die_at(const char *point, const char *key);

/* ---- The stand-in ------------------------------------------------------ */

struct wire {
	char *segment_path, *lock_path;
	int set_id, segment_id; /* -1: none */
	void *data; /* NULL: not attached */
	bool owner; /* of the set: removes it in the end */
};

/* True, and says so, if a system lets it play no second program's part. */
bool wire_skip(void);

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

/* In a child: as count_under_lock() with KEY's object. */
void wire_count(const char *key, long turns, volatile long *beside);

/* The value of KEY's semaphore, or -1. */
int wire_value(const char *key);

#endif
