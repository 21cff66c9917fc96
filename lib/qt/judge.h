/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a Qt object is. Only the kernel tells: there is no header, and nobody is
 * registered. Judged under the lock, a segment that nobody has mapped is what
 * killed processes left.
 */
#ifndef SVSHM_QT_JUDGE_H
#define SVSHM_QT_JUDGE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "qt/file.h"
#include "kernel/segment.h"
#include "kernel/semset.h"

struct svshm__qt_evidence {
	int segment_id; /* -1: none */
	bool unreadable; /* the caller may not look at the segment */
	bool foreign;   /* of another user than its key file */
	struct svshm__segment_status segment;
	int set_id; /* -1: none that could be a lock, or none to be seen */
	bool set_unreadable; /* there is HIDDEN_SET_ID, somebody else's */
	int hidden_set_id;
	struct svshm__set_status set;
	unsigned value; /* of the lock: 1 is free */
	pid_t last_pid; /* to have changed it */
	/* The lock file of another key that leads to the same set; or "". */
	char shared[SVSHM__QT_NAME_SIZE];
};

/* The segment with FILE's key, for who looks at it later: NOT_FOUND... */
int svshm__qt_judge_find(struct svshm__qt_evidence *evidence,
			 const struct svshm__qt_file *file,
			 struct svshm__error *error);

/* What was found: REMOVED, if it is gone by now; PERMISSION_DENIED... */
int svshm__qt_judge_found(struct svshm__qt_evidence *evidence,
			  const struct svshm__qt_file *file,
			  struct svshm__error *error);

/* Both. SVSHM_OK also if there is none. */
int svshm__qt_judge_segment(struct svshm__qt_evidence *evidence,
			    const struct svshm__qt_file *file,
			    struct svshm__error *error);

/* What is to be seen of the set LOCK_FILE leads to; NULL: none. */
void svshm__qt_judge_set(struct svshm__qt_evidence *evidence,
			 const struct svshm__qt_file *lock_file);

enum svshm_verdict svshm__qt_judge(const struct svshm__qt_evidence *evidence);

/*
 * Under the lock: whether nobody uses the segment, which was looked at just now,
 * under the lock as well. One that was never mapped may be a maker's that has
 * lost the lock to Qt's create(): that one will map it in microseconds, and gets
 * a second. SVSHM_BUSY: it is used.
 */
int svshm__qt_judge_unused(struct svshm__qt_evidence *evidence,
			   struct svshm__error *error);

/* Whether another key has the same set: LOCK_FILE is PATH. Reads its directory. */
void svshm__qt_judge_shared(struct svshm__qt_evidence *evidence,
			    const struct svshm__qt_file *lock_file,
			    const char *path);

/* Why, in a sentence, into BUFFER. */
void svshm__qt_judge_reason(const struct svshm__qt_evidence *evidence,
			    enum svshm_verdict verdict, char *buffer,
			    size_t size);

#endif
