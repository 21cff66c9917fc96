/* SPDX-License-Identifier: BSD-2-Clause */
/* detach "beside others": see the head of object.c. */
#include <config.h>

#include "object/object.h"

#include "base/atomic.h"
#include "base/crashpoint.h"
#include "lock/lock.h"
#include "memory/mapping.h"

/* Others come and go as well, and each changes what we have seen. */
#define TRIES 3

static bool is_left_to_others(const struct svshm__attachment *attachment,
			      const struct svshm__header *header)
{
	const struct svshm__slot *slots =
		(const void *)((const char *)header + attachment->slots_offset);
	struct svshm__segment_status segment;
	struct svshm__set set;

	set.id = attachment->set_id;
	/* By the table first: if it knows of nobody, nobody is asked. */
	return svshm__slot_others_stay(NULL, slots, attachment->slot_count,
				       (unsigned)attachment->slot) &&
	       !svshm__set_look(&set, 0, NULL) &&
	       svshm__judge_set_state(&set, header->set_id,
				      header->set_change_time) ==
		       SVSHM__SET_INTACT &&
	       svshm__slot_held(&set, (unsigned)attachment->slot) &&
	       svshm__slot_others_stay(&set, slots, attachment->slot_count,
				       (unsigned)attachment->slot) &&
	       !svshm__segment_stat(attachment->segment_id, &segment, NULL) &&
	       !segment.removed &&
	       segment.mappings > svshm__mapping_pieces(attachment);
}

/*
 * In our turn, with this process's last handle. A slot that is held without an
 * entry is of one who leaves: so those who come after our turn count neither it
 * nor our mapping.
 */
static void leave(struct svshm__attachment *attachment,
		  struct svshm__header *header, struct svshm__turn *turn)
{
	struct svshm__slot *slots =
		(void *)((char *)header + attachment->slots_offset);
	int set_id = attachment->set_id, slot = attachment->slot;
	bool death_token = attachment->engine->death_token;

	header->departures++;
	svshm__announce(&slots[slot].used, SVSHM__SLOT_FREE);
	CRASHPOINT("detach:entry cleared");
	svshm__turn_end(turn, header);
	svshm__mapping_free(attachment);
	CRASHPOINT("detach:unmapped");
	svshm__slot_release(set_id, slot, death_token);
	CRASHPOINT("detach:slot released");
}

bool svshm__object_leave_beside(struct svshm__attachment *attachment,
				enum svshm_access access)
{
	struct svshm__header *header =
		svshm__mapping_header(attachment, access);
	struct svshm__turn turn = { .taken = false };

	if (!SVSHM__EXCHANGES_ATOMICALLY ||
	    !svshm__attachment_registered(attachment) ||
	    svshm__attachment_counted(attachment))
		return false;
	for (int i = 0; i < TRIES && !turn.taken; i++) {
		if (!svshm__turn_see(&turn, header) ||
		    !is_left_to_others(attachment, header))
			return false;
		svshm__turn_take(&turn, header, -1);
	}
	if (!turn.taken)
		return false;
	CRASHPOINT("detach:in turn");
	if (svshm__mapping_release(attachment, access))
		leave(attachment, header, &turn);
	else
		svshm__turn_end(&turn, header);
	return true;
}
