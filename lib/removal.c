/* SPDX-License-Identifier: BSD-2-Clause */
#include <config.h>

#include "removal.h"

#include <unistd.h>

#include "atomic.h"
#include "crashpoint.h"
#include "process.h"
#include "registry.h"
#include "segment.h"

#define REMOVAL_MS 2000

/*
 * Another who is about to remove M, in another gate than SET_ID's: of those who
 * were inside this one before us, one has died in it. Waits until he has done it,
 * has given it up, or is dead: then it is as if there were none.
 */
static bool is_another(const struct svshm__header *header, int segment_id,
		       int set_id)
{
	int64_t deadline = svshm__process_deadline(REMOVAL_MS);
	struct svshm__segment_status status;
	uint32_t remover;

	while ((remover = svshm__load(&header->remover)) != 0 &&
	       remover != (uint32_t)set_id + 1 &&
	       header->remover_pid != (int64_t)getpid()) {
		enum svshm__fate fate = svshm__process_fate(
			header->remover_pid, header->remover_ticks,
			header->remover_space, -1);

		if (fate == SVSHM__FATE_DEAD)
			break;
		/* Stopped there; where it can't be seen, taken for dead. */
		if (svshm__process_now() >= deadline)
			return fate == SVSHM__FATE_ALIVE;
		if (svshm__segment_stat(segment_id, &status, NULL) ||
		    status.removed ||
		    svshm__load(&header->retired) == SVSHM__RETIRED)
			return true;
		svshm__process_pause(1);
	}
	return false;
}

bool svshm__removal_begin(struct svshm__header *header, int segment_id,
			  int set_id)
{
	struct svshm__process_self self;

	if (is_another(header, segment_id, set_id))
		return false;
	svshm__process_self(&self);
	header->remover_pid = (int64_t)getpid();
	header->remover_ticks = self.start_ticks;
	header->remover_space = self.pid_space;
	svshm__announce(&header->remover, (uint32_t)set_id + 1);
	CRASHPOINT("remove:said");
	if (svshm__gate_is_ours(set_id))
		return true;
	svshm__store(&header->remover, 0);
	return false;
}

static bool begin_at(int segment_id, int set_id)
{
	void *mapping;
	bool result;

	/* It is removed already, or nobody who comes can write to it, either. */
	if (svshm__segment_map(segment_id, false, &mapping, NULL))
		return true;
	result = svshm__removal_begin(mapping, segment_id, set_id);
	svshm__segment_unmap(mapping);
	return result;
}

int svshm__removal_carry_out(int segment_id, int set_id,
			     struct svshm__error *error)
{
	void *mapping;
	int code;

	if (!begin_at(segment_id, set_id))
		return SVSHM__AGAIN;
	code = svshm__segment_remove(segment_id, error);
	if (code && !svshm__segment_map(segment_id, false, &mapping, NULL)) {
		svshm__store(&((struct svshm__header *)mapping)->remover, 0);
		svshm__segment_unmap(mapping);
	}
	return code;
}

bool svshm__removal_awaits(struct svshm__header *header, int segment_id,
			   int set_id)
{
	if (is_another(header, segment_id, set_id))
		return true;
	svshm__store(&header->remover, 0);
	return false;
}
