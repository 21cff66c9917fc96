/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Whose turn it is to change an object: "Turns" at the head of object/object.c.
 *
 * A word in the header: even if nobody's, odd if somebody's, and another one
 * after each turn. Who is about to change the object looks at it first, then at
 * all else on which he decides, and takes the turn only if the word is the same
 * still. So what he has seen is true as he acts. He says who he is, so that the
 * turn of a dead one is anybody's.
 */
#ifndef SVSHM_MEMORY_TURN_H
#define SVSHM_MEMORY_TURN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "memory/layout.h"
#include "memory/slots.h"

struct svshm__turn {
	uint32_t word; /* as it was seen, or as it is since it was taken */
	bool looked, taken;
};

/*
 * Who is stopped that long in his turn is, where that can't be seen, taken for
 * dead. A variable for tests in which hundreds die there.
 */
extern int svshm__turn_patience_ms;

/*
 * Inside the gate of SET: wait until the turn is nobody's, or a dead one's.
 * SVSHM__RETRY: the segment is gone. SVSHM_TIMED_OUT: one who lives has had it
 * for two seconds, or, if he is in no gate, for TIMEOUT_MS, as he would be waited
 * for there. Nothing is written.
 */
int svshm__turn_look(struct svshm__turn *turn,
		     const struct svshm__header *header, int segment_id,
		     const struct svshm__set *set, int timeout_ms,
		     struct svshm__error *error);

/*
 * The same for who is in no gate, and can go through one instead: false if it is
 * somebody's for longer than a moment.
 */
bool svshm__turn_see(struct svshm__turn *turn,
		     const struct svshm__header *header);

/*
 * Take it, as it was looked at, inside the gate of SET_ID, or in none (-1). False:
 * somebody has changed the object since, or is about to: look again.
 */
bool svshm__turn_take(struct svshm__turn *turn, struct svshm__header *header,
		      int set_id);

/* Done, if it was taken. */
void svshm__turn_end(struct svshm__turn *turn, struct svshm__header *header);

/* The same of a segment that this process has not mapped any more. */
void svshm__turn_end_unmapped(struct svshm__turn *turn, int segment_id);

/*
 * IPC_RMID of a segment that is not mapped, in our turn: if it was looked at and
 * not taken, it is taken now; if it was not even looked at, the segment must be
 * mapped by nobody. SVSHM__RETRY: others have changed it, or have it mapped. On
 * failure the turn is over.
 */
int svshm__turn_remove(struct svshm__turn *turn, int segment_id,
		       const struct svshm__set *set,
		       struct svshm__error *error);

#endif
