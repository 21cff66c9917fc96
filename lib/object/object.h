/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The native object's life: create, attach, detach. The order of steps, with
 * what holds after each, stands at the head of object.c.
 */
#ifndef SVSHM_OBJECT_OBJECT_H
#define SVSHM_OBJECT_OBJECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "handle.h"
#include "object/judge.h"

/* For api/object.c. The handle is in the right state; the error is recorded. */
int svshm__object_create(struct svshm *handle, size_t size,
			 enum svshm_access access, bool locked);
int svshm__object_attach(struct svshm *handle, enum svshm_access access);
int svshm__object_open(struct svshm *handle, size_t size,
		       enum svshm_access access, bool *made);
int svshm__object_detach(struct svshm *handle);

/* Register a forked child that uses a handle of its parent; 0 if it is. */
int svshm__object_register(struct svshm *handle);

/* ---- Between the files of this room --------------------------------------- */

#define SVSHM__GATE_TIMEOUT_MS SVSHM__TURN_TIMEOUT_MS
#define SVSHM__GATE_TIMEOUT_AT_EXIT_MS 5000

/* One try to do something with the object of one name. */
struct svshm__operation {
	struct svshm *handle;
	enum svshm_access access;
	size_t size;      /* create */
	size_t least;     /* open: so large it must be, if it is there */
	int64_t deadline; /* of all tries together */
	struct svshm__error *error;

	struct svshm__key_file file;
	int project;
	key_t key;
	unsigned name_hash;
	bool checks_file; /* step 5 */
	bool opening;  /* create: an orphan is left to attach */
	int refusals;  /* open: of create */
	bool locked;   /* create: with the lock in the new owner's hands */
	uid_t set_owner; /* to be, of a set that is made */
	bool inside;     /* the gate of evidence.set */
	bool beside;     /* others: see svshm__operation_join_beside() */
	bool made_set; /* in this try, and nobody else has used it */
	bool orphaned; /* an orphan has been replaced, or joined */
	bool deserted; /* it was judged an orphan: not even children are left */
	struct svshm__evidence evidence;
};

void svshm__operation_start(struct svshm__operation *operation,
			    struct svshm *handle, enum svshm_access access,
			    size_t size);

/* Try until something else than SVSHM__RETRY comes of it, or time is up. */
int svshm__operation_run(struct svshm__operation *operation,
			 int (*once)(struct svshm__operation *));

/* One try, of all projects' keys; for svshm__operation_run(). */
int svshm__operation_create(struct svshm__operation *operation);
int svshm__operation_attach(struct svshm__operation *operation);

/* SVSHM_ORPHANED: attach has taken an orphan over. */
int svshm__object_taken_over(struct svshm *handle);

/* Whether it began less than MS milliseconds ago; then a moment has been waited. */
bool svshm__operation_has_patience(const struct svshm__operation *operation,
				   int ms);

/*
 * Of an orphan's set that something is held of still: whoever is just dying loses
 * his memory a moment before his slot, or his count as a child. True: look again.
 */
bool svshm__operation_awaits_death(const struct svshm__operation *operation);

/* INVALID_SIZE: what was judged is smaller than open asks for. */
int svshm__operation_check_size(const struct svshm__operation *operation);

/*
 * Steps 2 to 5: the set of operation->key, its gate, and the key file again. The
 * set's values are those that were seen before.
 */
int svshm__operation_enter(struct svshm__operation *operation, bool make);

/*
 * The segment of step 6. That there is none makes a set that was there before
 * us a leftover, to be removed: so not on one answer.
 */
int svshm__operation_find_segment(const struct svshm__operation *operation,
				  int *segment_id, struct svshm__error *error);

/* Steps 6 and 7: what is there. The verdict is for this name. */
int svshm__operation_judge(struct svshm__operation *operation, bool writable,
			   enum svshm_verdict *verdict);

/* The code and message for a verdict that is neither free nor joinable. */
int svshm__operation_refuse(struct svshm__operation *operation,
			    enum svshm_verdict verdict);

/*
 * Who has entered leaves; what this try made for nothing goes away. Nothing
 * happens if the gate has gone with its set.
 */
void svshm__operation_leave(struct svshm__operation *operation);

/*
 * Remove what is there, in the order of the last detach: segment, key file,
 * set; the gate goes with it. SVSHM__TRY_NEXT_KEY: that is not permitted, and it
 * has been passed by.
 */
int svshm__operation_remove(struct svshm__operation *operation);

/*
 * Retire what is there, if it has a header: it is nobody's object any more, and
 * the name goes on under the next IPC key. SVSHM__TRY_NEXT_KEY.
 */
int svshm__operation_pass_by(struct svshm__operation *operation);

/*
 * After a create or attach: what was retired under other keys of the name, and
 * is ours to remove, goes. Nobody but we may be there to do it.
 */
void svshm__operation_sweep(const struct svshm__operation *operation);

/*
 * Step 11, inside the gate with the object published: 0, or it has been removed
 * again: another one of this name lives, or has been removed (SVSHM__RETRY).
 */
int svshm__operation_meet_duplicates(struct svshm__operation *operation);

/* A new entry for this process's list, or NULL: no memory. */
struct svshm__attachment *
svshm__operation_attachment(const struct svshm__operation *operation,
			    const struct svshm__view *view);

/*
 * Inside the gate: attach beside others who stay, if evidence.set is as it was
 * seen before we had the gate. False: it is not, or there are none.
 */
bool svshm__operation_join_beside(struct svshm__operation *operation);

/* Detach a handle of ACCESS likewise, but outside the gate. */
bool svshm__object_leave_beside(struct svshm__attachment *attachment,
				enum svshm_access access);

/* Attach without the gate, which the mode shuts to this process. */
int svshm__operation_read_only(struct svshm__operation *operation);

/*
 * Enter the new handle into this process's list, register: the last step of
 * create and attach. EVIDENCE's mapping is used up on success.
 */
int svshm__operation_register(struct svshm__operation *operation,
			      const struct svshm__view *view);

/* To whom an object is left, by a process that goes. */
enum svshm__left {
	SVSHM__LEFT_TO_NOBODY,
	SVSHM__LEFT_TO_OTHERS,
	SVSHM__LEFT_TO_CHILDREN
};

struct svshm__farewell {
	struct svshm__attachment *attachment;
	struct svshm__header *header;
	struct svshm__set *set; /* whose gate we are in */
	enum svshm__set_state state;
	bool seen;              /* the set's values have been read */
	bool removable;         /* this process may remove the segment */
	bool watched;           /* others have it mapped, or seem to */
	struct svshm__turn turn;
	enum svshm__left left;
};

/*
 * Inside the gate, with this process's mappings in place: who is left? If they
 * STAY MAPPED, as in exit(3), they are counted exactly.
 */
void svshm__farewell_begin(struct svshm__farewell *farewell,
			   struct svshm__attachment *attachment,
			   struct svshm__header *header,
			   struct svshm__set *set, bool stays_mapped);

/* Say so in the header: this process's entry is in USE. */
void svshm__farewell_say(struct svshm__farewell *farewell,
			 enum svshm__slot_use use);

/* The mappings are gone now: those that remain are others'. */
void svshm__farewell_look_again(struct svshm__farewell *farewell);

/* For atexit(). */
void svshm__object_exit(void);

#endif
