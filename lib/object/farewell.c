/* SPDX-License-Identifier: BSD-2-Clause */
/* detach, step 2 of the protocol at the head of object.c: is anybody left? */
#include <config.h>

#include "object/object.h"

#include <string.h>
#include <unistd.h>

#include "base/atomic.h"
#include "base/crashpoint.h"
#include "kernel/process.h"
#include "memory/mapping.h"
#include "object/remove.h"

/*
 * The kernel counts pieces: a mapping of which a part is protected, or locked
 * in memory, counts twice or thrice on Linux. So few are surely this process's;
 * EXACT: as many are.
 */
static uint64_t count_ours(const struct svshm__attachment *attachment,
			   bool exact)
{
	uint64_t ours = svshm__mapping_pieces(attachment), pieces;

	if (!exact)
		return ours;
	pieces = svshm__process_mappings(attachment->segment_id);
	return pieces > ours ? pieces : ours;
}

/* What another registered process does, by the set whose gate we are in. */
enum other { NOBODY, LEAVING, STAYING };

static const struct svshm__slot *slots_of(
	const struct svshm__farewell *farewell)
{
	return (const void *)((const char *)farewell->header +
			      farewell->attachment->slots_offset);
}

static bool is_held(const struct svshm__farewell *farewell, unsigned slot)
{
	return farewell->state != SVSHM__SET_LOST &&
	       svshm__slot_held(farewell->set, slot);
}

/* By its slot. */
static enum other look_at_slot(const struct svshm__farewell *farewell,
			       unsigned slot)
{
	if (!is_held(farewell, slot))
		return NOBODY;
	return svshm__slot_is_leaving(&slots_of(farewell)[slot]) ? LEAVING :
								   STAYING;
}

/* By its entry, if its slot is not held: the set may have been reset, or
   removed, under a living one. */
static enum other look_at_entry(const struct svshm__farewell *farewell,
				unsigned slot)
{
	const struct svshm__slot *entry = &slots_of(farewell)[slot];
	int segment_id = farewell->attachment->segment_id;

	if (is_held(farewell, slot) ||
	    svshm__load(&entry->used) != SVSHM__SLOT_USED)
		return NOBODY;
	if (farewell->state == SVSHM__SET_INTACT)
		return svshm__slot_user_seen(entry, segment_id) ? STAYING :
								  NOBODY;
	return svshm__process_fate(entry->pid, entry->start_ticks,
				   entry->pid_space, segment_id) ==
			       SVSHM__FATE_DEAD ?
		NOBODY : STAYING;
}

/* The most that any other registered process does. */
static enum other find_others(
	const struct svshm__farewell *farewell,
	enum other (*look)(const struct svshm__farewell *, unsigned))
{
	const struct svshm__attachment *attachment = farewell->attachment;
	bool registered = svshm__attachment_registered(attachment);
	enum other most = NOBODY;

	for (unsigned i = 0; i < attachment->slot_count && most != STAYING;
	     i++) {
		enum other other = registered && (int)i == attachment->slot ?
			NOBODY : look(farewell, i);

		if (other > most)
			most = other;
	}
	return most;
}

static enum svshm__left find_left(const struct svshm__farewell *farewell)
{
	struct svshm__attachment *attachment = farewell->attachment;
	enum other others = find_others(farewell, look_at_slot);

	if (others == STAYING ||
	    find_others(farewell, look_at_entry) == STAYING)
		return SVSHM__LEFT_TO_OTHERS;
	/* Who leaves is mapped for writing, too, until it has ended. */
	if (svshm__judge_children(farewell->header,
				  others == LEAVING ? -1 :
						      attachment->segment_id,
				  UINT64_MAX, farewell->set, farewell->state) !=
	    SVSHM__CHILDREN_NONE)
		return SVSHM__LEFT_TO_CHILDREN;
	return SVSHM__LEFT_TO_NOBODY;
}

/*
 * Nobody can come while it is our turn, but for observers, who do not matter.
 * "Nobody else has it mapped" is enough, whatever the set says.
 */
static void look(struct svshm__farewell *farewell, bool stays_mapped)
{
	struct svshm__attachment *attachment = farewell->attachment;
	struct svshm__header *header = farewell->header;
	struct svshm__segment_status status;
	int code = svshm__segment_stat(attachment->segment_id, &status, NULL);

	farewell->state = svshm__judge_set_state(farewell->set, header->set_id,
						 header->set_change_time);
	farewell->removable = code || svshm__segment_is_removable(&status);
	/* In doubt, there is somebody. */
	farewell->watched = code || status.mappings >
			    count_ours(attachment, stays_mapped ||
						   !farewell->removable);
	farewell->left = farewell->watched ? find_left(farewell) :
					     SVSHM__LEFT_TO_NOBODY;
}

#define TURN_TRIES 1000

void svshm__farewell_begin(struct svshm__farewell *farewell,
			   struct svshm__attachment *attachment,
			   struct svshm__header *header,
			   struct svshm__set *set, bool stays_mapped)
{
	memset(farewell, 0, sizeof(*farewell));
	farewell->attachment = attachment;
	farewell->header = header;
	farewell->set = set;
	/* From here on we are no child any more. */
	svshm__attachment_discount(attachment);
	for (int i = 0; i < TURN_TRIES && !farewell->turn.taken; i++) {
		if (svshm__turn_look(&farewell->turn, header,
				     attachment->segment_id, set,
				     stays_mapped ?
					     SVSHM__GATE_TIMEOUT_AT_EXIT_MS :
					     SVSHM__GATE_TIMEOUT_MS,
				     NULL))
			break;
		/* Gone: then its slots prove nothing. */
		farewell->seen = !svshm__set_renew(set, NULL);
		if (!farewell->seen)
			set->tagged = false;
		look(farewell, stays_mapped);
		svshm__turn_take(&farewell->turn, header, set->id);
	}
	/* Another is about to remove it, or is stopped in his turn. */
	if (!farewell->turn.taken)
		farewell->left = SVSHM__LEFT_TO_OTHERS;
}

/* The table no longer says that this process is here. */
void svshm__farewell_say(struct svshm__farewell *farewell,
			 enum svshm__slot_use use)
{
	struct svshm__attachment *attachment = farewell->attachment;
	struct svshm__header *header = farewell->header;
	struct svshm__slot *slots = (void *)((char *)header +
					     attachment->slots_offset);

	if (farewell->left != SVSHM__LEFT_TO_OTHERS)
		svshm__announce(&header->bequeathed,
				farewell->left == SVSHM__LEFT_TO_CHILDREN);
	CRASHPOINT("detach:bequeathed");
	if (svshm__attachment_registered(attachment)) {
		header->departures++;
		svshm__announce(&slots[attachment->slot].used, use);
	}
	CRASHPOINT("detach:entry cleared");
	if (farewell->left != SVSHM__LEFT_TO_NOBODY)
		return;
	/* Who only looks on can tell that it is over. */
	if (farewell->watched)
		svshm__store(&header->removed, 1);
	if (!farewell->removable)
		svshm__object_retire(header,
				     (char *)header + attachment->data_offset,
				     attachment->data_room, farewell->watched);
}

void svshm__farewell_look_again(struct svshm__farewell *farewell)
{
	int segment_id = farewell->attachment->segment_id;
	struct svshm__segment_status status;
	bool complete;

	if (!farewell->watched ||
	    svshm__segment_stat(segment_id, &status, NULL))
		return;
	if (status.mappings == 0)
		farewell->left = SVSHM__LEFT_TO_NOBODY;
	/* Of this process, there is none that we know of. */
	else if (farewell->left == SVSHM__LEFT_TO_NOBODY &&
		 svshm__process_writer(segment_id, 0, &complete) ==
			 getpid()) {
		farewell->left = SVSHM__LEFT_TO_CHILDREN;
		svshm__turn_end_unmapped(&farewell->turn, segment_id);
	}
}
