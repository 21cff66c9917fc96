/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Who uses an object: "Who uses an object" and "What an administrator does" at
 * the head of object.c.
 */
#include <config.h>

#include "object/judge.h"

#include <stdio.h>
#include <string.h>

#include "base/atomic.h"
#include "kernel/process.h"

static const struct svshm__slot *
slots_of(const struct svshm__evidence *evidence)
{
	return (const void *)((const char *)evidence->mapping +
			      evidence->view.slots_offset);
}

enum svshm__set_state svshm__judge_set_state(const struct svshm__set *set,
					     int set_id, int64_t change_time)
{
	if (set->id < 0 || set->id != set_id || set->fresh || !set->tagged)
		return SVSHM__SET_LOST;
	return set->status.change_time == change_time ? SVSHM__SET_INTACT :
							SVSHM__SET_CHANGED;
}

bool svshm__judge_set_sound(const struct svshm__evidence *evidence)
{
	const struct svshm__set *set = &evidence->set;

	if (!set->tagged)
		return false;
	return evidence->header != SVSHM__HEADER_VALID || !evidence->named ||
	       evidence->view.set_id != set->id ||
	       evidence->set_state == SVSHM__SET_INTACT;
}

static enum svshm__fate fate_of(const struct svshm__evidence *evidence,
				unsigned slot)
{
	const struct svshm__slot *entry = &slots_of(evidence)[slot];

	return svshm__process_fate(entry->pid, entry->start_ticks,
				   entry->pid_space, evidence->segment_id);
}

/*
 * The kernel's word is the slot, in the set in which it was claimed. Not if the
 * set was changed: what was claimed may be gone, with the process alive, and
 * stay, with the process dead.
 */
enum svshm__fate svshm__judge_fate(const struct svshm__evidence *evidence,
				   unsigned slot)
{
	bool held = evidence->set.id >= 0 &&
		    evidence->set.id == evidence->view.set_id &&
		    svshm__slot_held(&evidence->set, slot);
	enum svshm__fate fate;

	if (evidence->set_state == SVSHM__SET_INTACT && held)
		return SVSHM__FATE_ALIVE;
	fate = fate_of(evidence, slot);
	if (fate != SVSHM__FATE_UNKNOWN)
		return fate;
	if (held)
		return SVSHM__FATE_ALIVE;
	/* The time of the change counts seconds: one within the second in which
	   the set was made does not show. Then the pid is the only witness. */
	return evidence->set_state == SVSHM__SET_INTACT ? SVSHM__FATE_DEAD :
							  SVSHM__FATE_UNKNOWN;
}

/*
 * Lives, or may live, without its slot. One who is just dying may have lost it
 * a moment before it is seen to be dead: if nothing else is wrong with the set,
 * that is what is most likely.
 */
static bool is_stranded(struct svshm__evidence *evidence, unsigned slot)
{
	if (evidence->set_state != SVSHM__SET_LOST &&
	    svshm__slot_held(&evidence->set, slot))
		return false;
	if (evidence->set_state == SVSHM__SET_INTACT) {
		bool seen = svshm__slot_user_seen(&slots_of(evidence)[slot],
						  evidence->segment_id);

		evidence->seen |= seen;
		return seen;
	}

	enum svshm__fate fate = svshm__judge_fate(evidence, slot);

	evidence->seen |= fate == SVSHM__FATE_ALIVE;
	return fate != SVSHM__FATE_DEAD;
}

/* Of those who hold a slot: who has called exit(3), or is detaching, has left. */
static unsigned count_staying(struct svshm__evidence *evidence)
{
	const struct svshm__slot *slots = slots_of(evidence);
	unsigned staying = 0;

	for (uint32_t i = 0; i < evidence->view.slots_used; i++) {
		if (!svshm__slot_held(&evidence->set, i))
			continue;
		if (svshm__slot_is_leaving(&slots[i]))
			evidence->leaving = true;
		else
			staying++;
	}
	return staying;
}

/*
 * All who are in the table. If nobody has the memory mapped, they are all dead,
 * or have called exec, and nobody need be asked.
 */
static void weigh_registered(struct svshm__evidence *evidence)
{
	const struct svshm__slot *slots = slots_of(evidence);
	bool mapped = evidence->segment.mappings > 0;
	unsigned alive = 0;

	for (uint32_t i = 0; i < evidence->view.slots_used; i++) {
		uint32_t used = svshm__load(&slots[i].used);

		if (used == SVSHM__SLOT_LEAVING && mapped)
			evidence->leaving |= svshm__judge_fate(evidence, i) !=
					     SVSHM__FATE_DEAD;
		if (used != SVSHM__SLOT_USED)
			continue;
		if (mapped && is_stranded(evidence, i))
			evidence->stranded++;
		else if (mapped && svshm__judge_fate(evidence, i) ==
					   SVSHM__FATE_ALIVE)
			alive++;
		else
			evidence->died++;
	}
	evidence->held = alive;
}

/* Its pid is one of another pid namespace. */
static bool is_elsewhere(const struct svshm__slot *entry)
{
	struct svshm__process_self self;

	svshm__process_self(&self);
	return entry->pid_space && self.pid_space &&
	       entry->pid_space != self.pid_space;
}

const char *svshm__judge_stranded(const struct svshm__evidence *evidence,
				  char *buffer, size_t size)
{
	const struct svshm__slot *slots = slots_of(evidence);
	size_t used = 0;

	buffer[0] = '\0';
	for (uint32_t i = 0; i < evidence->view.slots_used && used < size;
	     i++) {
		char name[SVSHM__NAME_SIZE + 1] = "", shown[sizeof(name)];

		if (svshm__load(&slots[i].used) == SVSHM__SLOT_FREE ||
		    svshm__judge_fate(evidence, i) == SVSHM__FATE_DEAD)
			continue;
		memcpy(name, slots[i].name, SVSHM__NAME_SIZE);
		used += (size_t)snprintf(buffer + used, size - used,
					 "%s%lld (%s%s)", used ? ", " : "",
					 (long long)slots[i].pid,
					 svshm__printable(name, shown,
							  sizeof(shown)),
					 is_elsewhere(&slots[i]) ?
					 ", in another pid namespace" : "");
	}
	return buffer;
}

/* ---- Children ------------------------------------------------------------- */

/* A child that has not shown for so long, in milliseconds, has died before it
   could, if nobody sees it. */
#define BIRTH_MS 1000

static bool is_being_born(const struct svshm__header *header)
{
	uint32_t age = (uint32_t)svshm__process_clock() -
		       svshm__load(&header->fork_time);

	return svshm__load(&header->forks) != svshm__load(&header->births) &&
	       age < BIRTH_MS;
}

/*
 * See "Children" at the head of object.c. The kernel's count is asked between two
 * looks at who has begun to fork: if nobody has meanwhile, and all that were
 * begun have been counted, it is true.
 */
static enum svshm__children count_children(const struct svshm__header *header,
					   const struct svshm__set *set,
					   enum svshm__set_state state)
{
	bool being_born = is_being_born(header);
	uint32_t forks = svshm__load(&header->forks);
	unsigned children;

	if (state != SVSHM__SET_INTACT)
		return forks ? SVSHM__CHILDREN_MAYBE : SVSHM__CHILDREN_NONE;
	if (svshm__semset_value(set->id, SVSHM__SEM_CHILDREN, &children, NULL))
		return SVSHM__CHILDREN_MAYBE;
	if (children)
		return SVSHM__CHILDREN_SOME;
	return being_born || forks != svshm__load(&header->forks) ?
		SVSHM__CHILDREN_MAYBE : SVSHM__CHILDREN_NONE;
}

#ifdef HAVE_PTHREAD_ATFORK
#define CHILDREN_ARE_COUNTED true
#else
#define CHILDREN_ARE_COUNTED false
#endif

/*
 * Mapped, with nobody registered. Some ways to fork go by no library (a bare
 * clone(2)): so the processes are looked at, too, where that is possible. What
 * they may only read is mapped for reading alone; what a child has, is not.
 */
static enum svshm__children find_children(const struct svshm__header *header,
					  int segment_id, uint64_t ours,
					  const struct svshm__set *set,
					  enum svshm__set_state state)
{
	enum svshm__children children = count_children(header, set, state);
	bool complete;

	if (children == SVSHM__CHILDREN_SOME)
		return children;
	if (svshm__process_writer(segment_id, ours, &complete))
		return SVSHM__CHILDREN_MAYBE;
	if (complete)
		return SVSHM__CHILDREN_NONE;
	return CHILDREN_ARE_COUNTED ? children : SVSHM__CHILDREN_MAYBE;
}

enum svshm__children svshm__judge_children(const struct svshm__header *header,
					   int segment_id, uint64_t ours,
					   const struct svshm__set *set,
					   enum svshm__set_state state)
{
	int64_t deadline = svshm__process_deadline(SVSHM__PATIENCE_MS);

	for (;;) {
		/* Asked before: the last look must be one after it is over. */
		bool patient = svshm__process_now() < deadline ||
			       is_being_born(header);
		enum svshm__children children =
			find_children(header, segment_id, ours, set, state);

		if (children != SVSHM__CHILDREN_MAYBE || !patient)
			return children;
		svshm__process_pause(1);
	}
}

/* What this process has mapped without us, it may have from its parent. Who
   leaves is mapped for writing, too, until it has ended. */
static enum svshm__children look_for_children(
	const struct svshm__evidence *evidence)
{
	return find_children(evidence->mapping,
			     evidence->leaving ? -1 : evidence->segment_id,
			     evidence->borrowed ? UINT64_MAX :
			     evidence->mapping_read_only ? 0 : 1,
			     &evidence->set, evidence->set_state);
}

static void weigh_users(struct svshm__evidence *evidence)
{
	bool mapped = evidence->segment.mappings > 0;

	evidence->died = evidence->stranded = 0;
	evidence->children = SVSHM__CHILDREN_NONE;
	evidence->leaving = evidence->seen = false;
	evidence->held = evidence->set.id < 0 ||
			 evidence->set.id != evidence->view.set_id ? 0 :
			 mapped ? count_staying(evidence) :
				  svshm__slots_held(&evidence->set);
	/* Who died beside the living changes no verdict, and the table is
	   long. */
	if (evidence->held == 0 ||
	    (mapped && evidence->set_state != SVSHM__SET_INTACT))
		weigh_registered(evidence);
	if (mapped && !evidence->held && !evidence->stranded)
		evidence->children = look_for_children(evidence);
}

/* By those who have it mapped, but for ourselves. */
static bool is_in_doubt(const struct svshm__evidence *evidence)
{
	return evidence->segment.mappings > 0 && !evidence->held &&
	       ((evidence->stranded && !evidence->seen) ||
		evidence->children == SVSHM__CHILDREN_MAYBE);
}

/* Who only looks, and found no gate to do it in, is gone in microseconds. */
static bool look_again(struct svshm__evidence *evidence)
{
	uint64_t ours = evidence->borrowed ? 0 : 1;
	struct svshm__segment_status status;

	svshm__process_pause(1);
	if (svshm__segment_stat(evidence->segment_id, &status, NULL))
		return false;
	evidence->segment.mappings =
		status.mappings > ours ? status.mappings - ours : 0;
	return true;
}

void svshm__judge_users(struct svshm__evidence *evidence)
{
	int64_t deadline = svshm__process_deadline(SVSHM__PATIENCE_MS);
	int64_t far_deadline = deadline + 4 * SVSHM__PATIENCE_MS *
				 SVSHM__MILLISECOND;
	bool patient;

	evidence->bequeathed = evidence->view.bequeathed;
	evidence->set_state =
		svshm__judge_set_state(&evidence->set, evidence->view.set_id,
				       evidence->view.set_change_time);
	do {
		/* Asked before: the last look must be one after it is over. */
		patient = svshm__process_now() < deadline ||
			  is_being_born(evidence->mapping);
		weigh_users(evidence);
		/* Of whom nothing is known: many may be looking on. Who does
		   no more than that gives up first, or they would all wait for
		   each other. */
		patient |= evidence->stranded && evidence->will_change &&
			   svshm__process_now() < far_deadline;
	} while (patient && is_in_doubt(evidence) && look_again(evidence));
}
