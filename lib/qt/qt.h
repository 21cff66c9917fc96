/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The Qt object's life: what api/object.c and api/lock.c do with a handle of
 * SVSHM_LAYOUT_QT. The protocol, and what can go wrong with it, stands at the
 * head of qt.c.
 */
#ifndef SVSHM_QT_QT_H
#define SVSHM_QT_QT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "handle.h"
#include "qt/file.h"
#include "qt/key.h"
#include "qt/lock.h"
#include "qt/owner.h"

/* What a handle has in this layout, and in no other. */
struct svshm__qt {
	struct svshm__qt_names names;

	/* While attached. Every handle has a mapping of its own, where a process
	   may attach a segment more than once (not on HP-UX). */
	int segment_id;
	void *address; /* NULL: not attached */
	bool writable; /* the mapping */
	size_t size;
	struct svshm__qt_file file; /* the segment's key file */
	struct svshm__qt_lock lock;
	bool left; /* by the exit handler: the memory is no object's any more */
	struct svshm__qt_owner owner; /* of the lock */

	/* [mapping mutex] */
	struct svshm__qt *next; /* attached handle of this process */
};

/* For api/object.c: the layout chosen, and left for the native one; names. */
int svshm__qt_choose(struct svshm *handle);
void svshm__qt_forget(struct svshm *handle);
int svshm__qt_set_key(struct svshm *handle, const char *key);
int svshm__qt_set_native_key(struct svshm *handle, const char *text);

/* Why the handle has no key file: KEY_ERROR, and a message. */
int svshm__qt_explain_key(struct svshm *handle);

/* The handle is in the right state; the error is recorded. */
int svshm__qt_create(struct svshm *handle, size_t size,
		     enum svshm_access access, bool locked);
int svshm__qt_attach(struct svshm *handle, enum svshm_access access);
int svshm__qt_open(struct svshm *handle, size_t size,
		   enum svshm_access access, bool *made);
int svshm__qt_detach(struct svshm *handle);

/* For api/lock.c: all there is to do. */
int svshm__qt_lock(struct svshm *handle, int timeout_ms, int if_timed_out);
int svshm__qt_unlock(struct svshm *handle);
int svshm__qt_make_consistent(struct svshm *handle);
int svshm__qt_snapshot(struct svshm *handle, size_t offset, void *buffer,
		       size_t length, int timeout_ms);

/* ---- Between the files of this room ------------------------------------- */

#define SVSHM__QT_TIMEOUT_MS 30000
#define SVSHM__QT_TIMEOUT_AT_EXIT_MS 5000

/* Map the segment, and enter the handle into this process's list; the reverse
   of both. */
int svshm__qt_list_attach(struct svshm__qt *qt, int segment_id, bool writable,
			  struct svshm__error *error);
void svshm__qt_list_detach(struct svshm__qt *qt);

/*
 * For the exit handler: mark a handle as left, and copy it, but for the names;
 * the segment's path is to be freed. False: there is none more.
 */
bool svshm__qt_list_leave_next(struct svshm__qt *copy, char **path);

/* The calling thread owns the lock by this handle from now on, or not. */
void svshm__qt_set_owner(struct svshm__qt *qt, bool owner);

/*
 * Get inside the lock, for create, attach or detach. *BORROWED: this thread
 * owned it already, by this key or by one that shares it, and svshm__qt_leave()
 * will not give it back.
 */
int svshm__qt_enter(struct svshm__qt *qt, int timeout_ms, bool *borrowed,
		    struct svshm__error *error);
void svshm__qt_leave(struct svshm__qt *qt, bool borrowed);

/* For atexit(). */
void svshm__qt_exit(void);

#endif
