/* SPDX-License-Identifier: BSD-2-Clause */
/* A handle: what api/object.c and the layouts know of one struct svshm. */
#ifndef SVSHM_HANDLE_H
#define SVSHM_HANDLE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"
#include "lock/lock.h"
#include "memory/attachment.h"
#include "memory/pages.h"

struct svshm__layout;
struct svshm__qt;

struct svshm {
	char *key;        /* NULL: none, or a native key is set */
	char *native_key; /* the key file; NULL: none */
	bool native;      /* the native key was set, not derived */
	mode_t mode;
	gid_t group; /* (gid_t)-1: the default */
	uid_t owner; /* (uid_t)-1: the caller; see svshm__user() */
	unsigned max_processes;
	struct svshm__pages pages; /* what memory is wished for */

	const struct svshm__layout *layout; /* api/layout.h */
	struct svshm__qt *qt; /* NULL: the native layout; else see qt.h */

	struct svshm__attachment *attachment; /* NULL: not attached */
	enum svshm_access access;
	struct svshm__locker locker; /* .attachment NULL: has no lock */
	struct svshm__looks looks; /* by svshm_snapshot() */
	bool leaves_orphan; /* who detaches was no user: it was an orphan before */

	bool has_rights; /* those of the last create or attach */
	uid_t user;
	gid_t user_group;

	struct svshm__error error;
};

/* Whose objects it names, and makes. */
uid_t svshm__user(const struct svshm *handle);

/* Whoever this process is now, it has what it has attached as. */
void svshm__note_rights(struct svshm *handle);

/* The result so far: success, and no message. */
static inline void svshm__clear(struct svshm *handle)
{
	handle->error.code = SVSHM_OK;
	handle->error.errnum = 0;
	handle->error.message[0] = '\0';
}

/* Append to the message what stands in pages.note, after DONE; the code stays. */
void svshm__add_note(struct svshm *handle, const char *done);

/*
 * Record CODE as the result, with the message that the work has left, and what
 * was TRIED before it. Returns CODE.
 */
int svshm__finish(struct svshm *handle, int code, const char *tried);

/* The result of a call that did nothing because of the handle's state. */
int svshm__refuse(struct svshm *handle, int code, const char *tried,
		  const char *why);

#endif
