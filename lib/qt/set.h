/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The set of a Qt object's lock: found by its key file, made if it is missing,
 * and made anew if its maker died before he gave it a value. A set that is there
 * already may be another key's, whose file collides with ours in ftok: Qt shares
 * it, and so do we. All that holds for one lock holds for both, then.
 */
#ifndef SVSHM_QT_SET_H
#define SVSHM_QT_SET_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "qt/file.h"
#include "qt/key.h"
#include "kernel/semset.h"

struct svshm__qt_lock {
	int set_id; /* -1: not looked for yet, or it has vanished */
	struct svshm__qt_file file; /* whose key the set has */
	bool make;      /* what is missing of file and set */
	bool new_name;  /* hardly anything can be there: make first, then look */
	bool made;      /* a set, since this was last set to false */
	bool replaced;  /* by the last take: a dead maker's set, by one of ours */
	uid_t uid, creator_uid; /* of the set, when it was found or made */
	bool operated;  /* somebody has used it, or has waited for it */
	bool fresh;     /* it has just been made, and not been used yet */
	bool made_now;  /* it was made by the last take */
	bool joined;    /* an object is attached that has this lock: it stays */
	int64_t taken;  /* when we took it last, in seconds since the Epoch */
};

/*
 * Find the set, unless it is known, or make it. CORRUPT (not a lock of Qt's),
 * PERMISSION_DENIED, KEY_ERROR, LOCK_ERROR (not there, and not to be made)...
 */
int svshm__qt_set_open(struct svshm__qt_lock *lock,
		       const struct svshm__qt_names *names,
		       struct svshm__error *error);

/* Whether it has no value yet; then *AGE in seconds, or less than 0. */
bool svshm__qt_set_unused(const struct svshm__qt_lock *lock, int64_t *age);

/* Its maker is dead: let it go, and make another. REMOVED: look again. */
int svshm__qt_set_replace(struct svshm__qt_lock *lock,
			  struct svshm__error *error);

/* Remove a set that we have made and not used, unless another key uses it. */
void svshm__qt_set_drop(const struct svshm__qt_lock *lock,
			const struct svshm__qt_names *names);

#endif
