/* SPDX-License-Identifier: BSD-2-Clause */
/* create, attach and open in the Qt layout: what they have in common. */
#ifndef SVSHM_QT_OPERATION_H
#define SVSHM_QT_OPERATION_H

#include "qt/judge.h"
#include "qt/qt.h"

/* One try of create or attach. */
struct svshm__qt_operation {
	struct svshm *handle;
	struct svshm__qt *qt;
	struct svshm__error *error;
	enum svshm_access access;
	size_t size;   /* create */
	size_t least;  /* open: so large it must be, if it is there */
	bool opening;  /* create: an orphan is left to attach */
	bool locked;   /* create: keep the lock */
	bool borrowed; /* the lock */
	bool orphaned;
	struct svshm__qt_evidence evidence;
};

int svshm__qt_operation_look_at_file(struct svshm__qt_operation *operation,
				     enum svshm__qt_making making);

/* The lock, for as long as it takes. */
int svshm__qt_operation_enter(struct svshm__qt_operation *operation);

/* SVSHM_OK: there is a segment, and it may be joined or replaced. */
int svshm__qt_operation_look_at_segment(struct svshm__qt_operation *operation);

/* Before the lock: is there a segment at all? NOT_FOUND. */
int svshm__qt_operation_find_segment(struct svshm__qt_operation *operation);

/* Inside the lock: what it found, if that is still there, or what is. */
int svshm__qt_operation_look_at_found(struct svshm__qt_operation *operation);

/* Inside the lock: nothing is there, or nothing came of it. */
void svshm__qt_operation_leave_nothing(struct svshm__qt_operation *operation);

/* Steps 5 to 7. The segment is there, STATUS its state before; nothing is changed
   on failure. */
int svshm__qt_operation_join(struct svshm__qt_operation *operation,
			     int segment_id,
			     const struct svshm__segment_status *status);

void svshm__qt_operation_start(struct svshm__qt_operation *operation);

/* Try until something else than SVSHM__RETRY comes of it. */
int svshm__qt_operation_run(struct svshm__qt_operation *operation,
			    int (*once)(struct svshm__qt_operation *operation));

/* SVSHM_ORPHANED, if one was joined or replaced: WHAT became of it. */
int svshm__qt_operation_tell(struct svshm__qt_operation *operation,
			     const char *what);

/* One try; open makes some as well. */
int svshm__qt_operation_create(struct svshm__qt_operation *operation);

/* NOT_SUPPORTED: the handle asks for a mode, group or owner. */
int svshm__qt_check_mode(struct svshm *handle);

#endif
