/* SPDX-License-Identifier: BSD-2-Clause */
#include <config.h>

#include "removal.h"

#include <unistd.h>

#include "atomic.h"
#include "crashpoint.h"
#include "process.h"
#include "registry.h"
#include "segment.h"

bool svshm__removal_begin(struct svshm__header *header, int set_id)
{
	struct svshm__process_self self;

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

bool svshm__removal_begin_at(int segment_id, int set_id)
{
	void *mapping;
	bool result;

	/* It is removed already, or nobody who comes can write to it, either. */
	if (svshm__segment_map(segment_id, false, &mapping, NULL))
		return true;
	result = svshm__removal_begin(mapping, set_id);
	svshm__segment_unmap(mapping);
	return result;
}

#define REMOVAL_MS 2000

bool svshm__removal_awaits(struct svshm__header *header, int segment_id,
			   int set_id)
{
	int64_t deadline = svshm__process_clock() + REMOVAL_MS;
	struct svshm__segment_status status;
	uint32_t remover;

	/* One who was inside this gate before us has died in it. */
	while ((remover = svshm__load(&header->remover)) != 0 &&
	       remover != (uint32_t)set_id + 1 &&
	       svshm__process_clock() < deadline) {
		if (svshm__segment_stat(segment_id, &status, NULL) ||
		    status.removed ||
		    svshm__load(&header->retired) != SVSHM__LIVE)
			return true;
		if (svshm__process_fate(header->remover_pid,
					header->remover_ticks,
					header->remover_space, -1) ==
		    SVSHM__FATE_DEAD)
			break;
		svshm__process_pause(1);
	}
	svshm__store(&header->remover, 0);
	return false;
}
