/* SPDX-License-Identifier: BSD-2-Clause */
#include <config.h>

#include "recovery/idle.h"

#include <stdio.h>

#include "key/key.h"
#include "kernel/process.h"

/* More than SECONDS ago. What is in the future is not: somebody has set the
   clock. */
static bool is_long_ago(int64_t time, int64_t seconds)
{
	return time > 0 && svshm__process_time() - time > seconds;
}

bool svshm__idle_segment(const struct svshm__segment_status *segment,
			 int64_t seconds, char *reason, size_t size)
{
	if (segment->mappings) {
		snprintf(reason, size, "another program's; it is mapped %llu "
			 "time%s", (unsigned long long)segment->mappings,
			 segment->mappings == 1 ? "" : "s");
		return false;
	}
	if (segment->key && svshm__key_plausible(segment->key)) {
		snprintf(reason, size, "nobody has it mapped, but since when "
			 "can't be told, as its key may be svshm's");
		return false;
	}
	/* Who changes its owner or mode wants it, too. */
	if (!is_long_ago(segment->change_time, seconds) ||
	    (segment->attach_time &&
	     !is_long_ago(segment->attach_time, seconds)) ||
	    (segment->detach_time &&
	     !is_long_ago(segment->detach_time, seconds))) {
		snprintf(reason, size, "nobody has it mapped, but not for more "
			 "than %lld seconds", (long long)seconds);
		return false;
	}
	snprintf(reason, size, "nobody has had it mapped for more than %lld "
		 "seconds, whoever made it", (long long)seconds);
	return true;
}

/* 0: nobody of whom that is known. */
static pid_t living_changer(struct svshm__pids *pids,
			    const struct svshm__set_use *use, int64_t time)
{
	for (size_t i = 0; i < use->pid_count; i++)
		if (svshm__pids_of(pids, use->pids[i], time) ==
		    SVSHM__LIFE_ALIVE)
			return use->pids[i];
	return 0;
}

bool svshm__idle_set(struct svshm__pids *pids,
		     const struct svshm__set_status *set,
		     const struct svshm__set_use *use, int64_t seconds,
		     char *reason, size_t size)
{
	int64_t used = set->operation_time > set->change_time ?
		set->operation_time : set->change_time;
	pid_t pid;

	if (use->waiters) {
		snprintf(reason, size, "another program's; %u process%s for it "
			 "now", use->waiters,
			 use->waiters == 1 ? " waits" : "es wait");
		return false;
	}
	if (!is_long_ago(used, seconds)) {
		snprintf(reason, size, "nobody waits for it, but it was "
			 "changed not more than %lld seconds ago",
			 (long long)seconds);
		return false;
	}
	pid = living_changer(pids, use, used);
	if (pid) {
		snprintf(reason, size, "nobody has changed it for more than "
			 "%lld seconds, but process %ld, which did, is alive",
			 (long long)seconds, (long)pid);
		return false;
	}
	snprintf(reason, size, "nobody waits for it, or has changed it for more "
		 "than %lld seconds, whoever made it", (long long)seconds);
	return true;
}
