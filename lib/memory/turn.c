/* SPDX-License-Identifier: BSD-2-Clause */
#include <config.h>

#include "memory/turn.h"

#include "base/atomic.h"
#include "base/crashpoint.h"
#include "kernel/process.h"
#include "kernel/segment.h"

int svshm__turn_patience_ms = 2000;

/* Taken inside the gate that we are in, which its kernel has left for him. Not if
   somebody has reset the set: then two are inside. */
static bool was_in_our_gate(const struct svshm__header *header,
			    const struct svshm__set *set)
{
	return set->id >= 0 && header->turn_set == (uint32_t)set->id + 1 &&
	       set->tagged && !set->fresh && header->set_id == set->id &&
	       header->set_change_time == set->status.change_time;
}

/* Of the one who has had the turn since its word is WORD. */
static enum svshm__fate fate_of_taker(const struct svshm__header *header,
				      uint32_t word,
				      const struct svshm__set *set)
{
	enum svshm__fate fate;

	/* He is just about to say who he is, or has died before. */
	if (svshm__load(&header->turn_of) != word)
		return SVSHM__FATE_UNKNOWN;
	fate = svshm__process_fate(header->turn_pid, header->turn_ticks,
				   header->turn_space, -1);
	return fate == SVSHM__FATE_UNKNOWN && was_in_our_gate(header, set) ?
		SVSHM__FATE_DEAD : fate;
}

static bool is_removed(int segment_id)
{
	struct svshm__segment_status status;

	return svshm__segment_stat(segment_id, &status, NULL) ||
	       status.removed;
}

/* Pauses of the processor. Who joins or leaves beside others has the turn for
   microseconds. */
#define SPIN 400

static uint32_t wait_a_moment(const struct svshm__header *header)
{
	uint32_t word = svshm__load(&header->turn);

	for (int i = 0; i < SPIN && word % 2 != 0 && svshm__process_parallel();
	     i++) {
		svshm__relax();
		word = svshm__load(&header->turn);
	}
	return word;
}

bool svshm__turn_see(struct svshm__turn *turn,
		     const struct svshm__header *header)
{
	turn->taken = false;
	turn->looked = true;
	turn->word = wait_a_moment(header);
	return turn->word % 2 == 0;
}

int svshm__turn_look(struct svshm__turn *turn,
		     const struct svshm__header *header, int segment_id,
		     const struct svshm__set *set, int timeout_ms,
		     struct svshm__error *error)
{
	int64_t deadline = svshm__process_deadline(svshm__turn_patience_ms);
	int64_t far_deadline = svshm__process_deadline(timeout_ms);
	uint32_t word;

	turn->taken = false;
	turn->looked = true;
	while ((word = wait_a_moment(header)) % 2 != 0) {
		int64_t now = svshm__process_now();
		enum svshm__fate fate = fate_of_taker(header, word, set);
		bool beside = header->turn_set == 0;

		/* It may have been another's that we have asked for. */
		if (svshm__load(&header->turn) != word)
			continue;
		if (fate == SVSHM__FATE_DEAD ||
		    (now >= deadline && fate == SVSHM__FATE_UNKNOWN))
			break;
		if (now >= (beside ? far_deadline : deadline))
			return svshm__error_set(
				error, SVSHM_TIMED_OUT,
				"process %lld is changing the object: is it "
				"stopped?", (long long)header->turn_pid);
		if (is_removed(segment_id))
			return SVSHM__RETRY;
		svshm__process_pause(1);
	}
	turn->word = word;
	return SVSHM_OK;
}

bool svshm__turn_take(struct svshm__turn *turn, struct svshm__header *header,
		      int set_id)
{
	uint32_t mine = turn->word + (turn->word % 2 ? 2 : 1);
	struct svshm__process_self self;

	/* Known before: who dies between the two is not known to be dead. */
	svshm__process_self(&self);
	if (!svshm__exchange_if(&header->turn, turn->word, mine))
		return false;
	CRASHPOINT("turn:taken");
	header->turn_pid = (int64_t)self.pid;
	header->turn_ticks = self.start_ticks;
	header->turn_space = self.pid_space;
	header->turn_set = (uint32_t)set_id + 1;
	svshm__announce(&header->turn_of, mine);
	CRASHPOINT("turn:said");
	/* Unless we were stopped before, and so were taken for dead. */
	turn->taken = svshm__load(&header->turn) == mine;
	turn->word = mine;
	return turn->taken;
}

void svshm__turn_end(struct svshm__turn *turn, struct svshm__header *header)
{
	if (turn->taken)
		svshm__exchange_if(&header->turn, turn->word, turn->word + 1);
	turn->taken = turn->looked = false;
}

void svshm__turn_end_unmapped(struct svshm__turn *turn, int segment_id)
{
	void *mapping;

	if (turn->taken &&
	    !svshm__segment_map_patiently(segment_id, false, &mapping, NULL)) {
		svshm__turn_end(turn, mapping);
		svshm__segment_unmap(mapping);
	}
	turn->taken = turn->looked = false;
}

static bool is_unmapped(int segment_id)
{
	struct svshm__segment_status status;

	/* Our own mapping counts. */
	return svshm__segment_stat(segment_id, &status, NULL) ||
	       status.mappings <= 1;
}

static int take_unmapped(struct svshm__turn *turn, int segment_id,
			 const struct svshm__set *set,
			 struct svshm__error *error)
{
	bool blindly = !turn->looked;
	int code = SVSHM_OK;
	void *mapping;

	/* It is removed already, or nobody who comes can write to it, either. */
	if (svshm__segment_map(segment_id, false, &mapping, NULL))
		return SVSHM_OK;
	if (blindly)
		code = svshm__turn_look(turn, mapping, segment_id, set,
					svshm__turn_patience_ms, error);
	if (!code && !svshm__turn_take(turn, mapping, set->id))
		code = SVSHM__RETRY;
	if (!code && blindly && !is_unmapped(segment_id)) {
		svshm__turn_end(turn, mapping);
		code = SVSHM__RETRY;
	}
	svshm__segment_unmap(mapping);
	return code;
}

int svshm__turn_remove(struct svshm__turn *turn, int segment_id,
		       const struct svshm__set *set,
		       struct svshm__error *error)
{
	int code = SVSHM_OK;

	if (!turn->taken)
		code = take_unmapped(turn, segment_id, set, error);
	if (!code)
		code = svshm__segment_remove(segment_id, error);
	if (code)
		svshm__turn_end_unmapped(turn, segment_id);
	return code;
}
