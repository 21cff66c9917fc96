/* SPDX-License-Identifier: BSD-2-Clause */
/* A verdict's reason, in words. */
#include <config.h>

#include "object/judge.h"

#include <stdio.h>

static void in_use_reason(const struct svshm__evidence *evidence, char *buffer,
			  size_t size)
{
	char pids[300];

	if (evidence->gate_held)
		snprintf(buffer, size,
			 "process %ld is creating, attaching, detaching or "
			 "recovering it now",
			 (long)svshm__semset_last_pid(evidence->set.id,
						      SVSHM__SEM_GATE));
	else if (evidence->stranded)
		snprintf(buffer, size,
			 "somebody has removed or reset its semaphore set "
			 "while it was in use; nobody can use it until all who "
			 "have it mapped have left: %s",
			 svshm__judge_stranded(evidence, pids, sizeof(pids)));
	else if (evidence->held)
		snprintf(buffer, size, "%u registered process%s",
			 evidence->held, evidence->held == 1 ? "" : "es");
	else
		snprintf(buffer, size,
			 "nobody is registered, but forked children of users "
			 "that have gone have it mapped (%llu mapping%s)",
			 (unsigned long long)evidence->segment.mappings,
			 evidence->segment.mappings == 1 ? "" : "s");
}

/*
 * Of those who have it mapped, if any, none is a user. A slot that is held
 * without a mapping: exec drops mappings, not slots.
 */
static void orphan_reason(const struct svshm__evidence *evidence, char *buffer,
			  size_t size)
{
	unsigned count = evidence->held ? evidence->held : evidence->died;
	const char *who = evidence->segment.mappings ?
		"only observers, who may read it, have it mapped" :
		"nobody has it mapped";

	if (!count)
		snprintf(buffer, size, "%s; it was left to forked children, "
			 "who died without detaching, or by one whose attach "
			 "has failed", who);
	else
		snprintf(buffer, size, "%s; %u registered process%s %s "
			 "without detaching", who, count,
			 count == 1 ? "" : "es",
			 evidence->held ? "called exec, or ended just now," :
					  "died");
}

const char *svshm__judge_reason(const struct svshm__evidence *evidence,
				enum svshm_verdict verdict, char *buffer,
				size_t size)
{
	const char *reason = "";

	switch (verdict) {
	case SVSHM_VERDICT_IN_USE:
		in_use_reason(evidence, buffer, size);
		return buffer;
	case SVSHM_VERDICT_ORPHAN:
		orphan_reason(evidence, buffer, size);
		return buffer;
	case SVSHM_VERDICT_GONE:
		reason = "there is no such object";
		break;
	case SVSHM_VERDICT_FOREIGN:
		reason = "it was not made by svshm, or for another name";
		break;
	case SVSHM_VERDICT_HALF_MADE:
		reason = evidence->segment_id >= 0 ?
			"its maker died before it was complete" :
			evidence->set.id >= 0 ?
			"there is a semaphore set without a segment: its "
			"maker died before it was complete, or its remover "
			"before all was gone" :
			"there is nothing but a key file: its maker died "
			"before it was complete, or its remover before all "
			"was gone";
		break;
	case SVSHM_VERDICT_HALF_REMOVED:
		reason = evidence->segment_id >= 0 &&
				evidence->header == SVSHM__HEADER_VALID &&
				evidence->view.retired ?
			"its last user was not permitted to remove it, and "
			"has emptied it" :
			evidence->segment_id >= 0 ?
			"everybody has detached, but the last one died in, "
			"or was not permitted, the removal" :
			"there is a semaphore set without a segment: somebody "
			"removed the segment, or died doing so";
		break;
	case SVSHM_VERDICT_CORRUPT:
		reason = "its header contradicts itself or the kernel";
		break;
	case SVSHM_VERDICT_UNKNOWN:
		reason = evidence->header == SVSHM__HEADER_INCOMPATIBLE ?
			"it was made by an incompatible version of svshm" :
			evidence->header == SVSHM__HEADER_UNREAD ?
			"it may not be read" :
			"its maker died before it was complete, but a child "
			"of the maker still has it mapped";
		break;
	}
	snprintf(buffer, size, "%s", reason);
	return buffer;
}
