/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Other programs' segments and sets: are they left over? They have no gate and
 * no registry, so nothing can be proved but this: nobody has a segment mapped;
 * its maker and its last user are dead. A program may have left it on purpose,
 * for its next run. So there is an estimate only, and a reason for people.
 *
 * A set does not even say who made it. What it says is who changed each
 * semaphore last, and whether anybody waits. A program that holds its id and
 * has not used it lately cannot be seen. So a set counts as left over if all of
 * these are dead, nobody waits, and no living process that could have made it
 * (svshm__pids_older()) is as old as its last change; in the first pid
 * namespace only, as in any other the maker can be where nobody sees it.
 */
#ifndef SVSHM_RECOVERY_ESTIMATE_H
#define SVSHM_RECOVERY_ESTIMATE_H

#include <stddef.h>

#include "recovery/pids.h"
#include "kernel/segment.h"
#include "kernel/semset.h"

/* What there is to know of a set's users. */
struct svshm__set_use {
	unsigned waiters;
	pid_t *pids; /* distinct; to be freed */
	size_t pid_count;
};

/* SVSHM_REMOVED, SVSHM_PERMISSION_DENIED and so on. */
int svshm__set_use_look(struct svshm__set_use *use, int set_id, int count);
void svshm__set_use_free(struct svshm__set_use *use);

/* The estimate; why, in a sentence, into REASON. */
enum svshm_certainty
svshm__estimate_segment(struct svshm__pids *pids,
			const struct svshm__segment_status *segment,
			char *reason, size_t size);
enum svshm_certainty svshm__estimate_set(struct svshm__pids *pids,
					 const struct svshm__set_status *set,
					 const struct svshm__set_use *use,
					 char *reason, size_t size);

/*
 * Both, for an OBJECT that has all but this: certainty, what is known of a
 * set's users (in USE, to be freed), and REASON. PIDS may be NULL. SEGMENT
 * counts only if the object has one.
 */
void svshm__estimate_describe(struct svshm_object *object,
			      const struct svshm__segment_status *segment,
			      struct svshm__set_use *use,
			      struct svshm__pids *pids, char *reason,
			      size_t size);

#endif
