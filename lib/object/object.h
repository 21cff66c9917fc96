/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The native object's life: create, attach, detach. The order of steps, with
 * what holds after each, stands at the head of object/object.c.
 */
#ifndef SVSHM_OBJECT_OBJECT_H
#define SVSHM_OBJECT_OBJECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "handle.h"
#include "object/judge.h"

/* For api/object.c. The handle is in the right state; the error is recorded. */
int svshm__native_create(struct svshm *handle, size_t size,
			 enum svshm_access access, bool locked);
int svshm__native_attach(struct svshm *handle, enum svshm_access access);
int svshm__native_open(struct svshm *handle, size_t size,
		       enum svshm_access access, bool *made);
int svshm__native_detach(struct svshm *handle);

/* Register a forked child that uses a handle of its parent; 0 if it is. */
int svshm__native_register(struct svshm *handle);

/* ---- Between the native_*.c files ---------------------------------------- */

#define SVSHM__GATE_TIMEOUT_MS 30000
#define SVSHM__GATE_TIMEOUT_AT_EXIT_MS 5000

/* One try to do something with the object of one name. */
struct svshm__attempt {
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
	bool by_scan;  /* found by its header, not by its key file */
	bool opening;  /* create: an orphan is left to attach */
	int refusals;  /* open: of create */
	bool locked;   /* create: with the lock in the new owner's hands */
	uid_t set_owner; /* to be, of a set that is made */
	bool made_set; /* in this try, and nobody else has used it */
	bool orphaned; /* an orphan has been replaced, or joined */
	bool deserted; /* it was judged an orphan: not even children are left */
	struct svshm__evidence evidence;
};

void svshm__attempt_start(struct svshm__attempt *attempt, struct svshm *handle,
			  enum svshm_access access, size_t size);

/* Try until something else than SVSHM__AGAIN comes of it, or time is up. */
int svshm__attempt_run(struct svshm__attempt *attempt,
		       int (*once)(struct svshm__attempt *));

/* One try, of all projects' keys; for svshm__attempt_run(). */
int svshm__attempt_create(struct svshm__attempt *attempt);
int svshm__attempt_attach(struct svshm__attempt *attempt);

/* SVSHM_ORPHANED: attach has taken an orphan over. */
int svshm__native_taken_over(struct svshm *handle);

/* INVALID_SIZE: what was judged is smaller than open asks for. */
int svshm__attempt_check_size(const struct svshm__attempt *attempt);

/* Steps 2 to 5: the set of attempt->key, its gate, and the key file again. */
int svshm__attempt_enter(struct svshm__attempt *attempt, bool make);

/* Steps 6 and 7: what is there. The verdict is for this name. */
int svshm__attempt_judge(struct svshm__attempt *attempt, bool writable,
			 enum svshm_verdict *verdict);

/* The code and message for a verdict that is neither free nor joinable. */
int svshm__attempt_refuse(struct svshm__attempt *attempt,
			  enum svshm_verdict verdict);

/* Leave the gate; what this try made for nothing goes away. */
void svshm__attempt_leave(struct svshm__attempt *attempt);

/*
 * Remove what is there, in the order of the last detach: segment, key file,
 * set; the gate goes with it. SVSHM__NEXT: that is not permitted, and it has
 * been passed by. On failure the gate is left.
 */
int svshm__attempt_remove(struct svshm__attempt *attempt);

/*
 * Retire what is there, if it has a header: it is nobody's object any more, and
 * the name goes on under the next IPC key. Leaves the gate. SVSHM__NEXT.
 */
int svshm__attempt_pass_by(struct svshm__attempt *attempt);

/*
 * After a create or attach: what was retired under other keys of the name, and
 * is ours to remove, goes. Nobody but we may be there to do it.
 */
void svshm__attempt_sweep(const struct svshm__attempt *attempt);

/* Whether the kernel lets this process remove the segment. */
bool svshm__native_may_remove(const struct svshm__segment_status *segment);

/* Remove the segment that was judged, in our turn (turn.h). */
int svshm__native_remove_segment(struct svshm__evidence *evidence,
				 struct svshm__error *error);

/*
 * Inside the gate: mark the object as retired, and, unless others have it mapped
 * (readers, who shall keep what they see), give its pages back.
 */
void svshm__native_retire(struct svshm__header *header, void *data,
			  uint64_t size, bool mapped_by_others);

/*
 * Steps 11 and 12, inside the gate with the object published: 0, or it has been
 * removed again: another one of this name lives, or has been removed
 * (SVSHM__AGAIN).
 */
int svshm__attempt_meet_twins(struct svshm__attempt *attempt);

/* A new entry for this process's list, or NULL: no memory. */
struct svshm__attachment *svshm__attempt_attachment(
	const struct svshm__attempt *attempt, const struct svshm__view *view);

/* Attach without the gate, which the mode shuts to this process. */
int svshm__attempt_read_only(struct svshm__attempt *attempt);

/*
 * Enter the new handle into this process's list, register, leave the gate: the
 * last step of create and attach. EVIDENCE's mapping is used up on success.
 */
int svshm__attempt_register(struct svshm__attempt *attempt,
			    const struct svshm__view *view);

/*
 * Inside the gate of SET: note this process in HEADER's slot table and claim the
 * slot. The gate is left afterwards, not in the same semop: the next thread of
 * this process must find us registered, or it would claim a second slot.
 */
int svshm__native_claim(struct svshm__attachment *attachment,
			struct svshm__header *header,
			struct svshm__set *set, enum svshm_access access,
			struct svshm__error *error);

/*
 * Enter the gate of ATTACHMENT's object. SVSHM_REMOVED: somebody has removed or
 * reset its set; INSIDE tells whether we are in a gate all the same: SET's,
 * which may be a new one.
 */
int svshm__native_enter(const struct svshm__attachment *attachment,
			struct svshm__set *set, int timeout_ms, bool *inside,
			struct svshm__error *error);

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
void svshm__native_exit(void);

#endif
