/* SPDX-License-Identifier: BSD-2-Clause */
#include <config.h>

#include "recovery/estimate.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "key/key.h"
#include "kernel/process.h"

/* From this age on, a leftover is likely one. */
#define DAY 86400

static int64_t latest(int64_t one, int64_t two)
{
	return one > two ? one : two;
}

/* ---- Segments ------------------------------------------------------------ */

/* A living or unknown process that made it or used it last: says so. */
static bool user_may_live(struct svshm__pids *pids, const char *who, pid_t pid,
			  int64_t time, char *reason, size_t size)
{
	switch (svshm__pids_of(pids, pid, time)) {
	case SVSHM__LIFE_ALIVE:
		snprintf(reason, size, "nobody has it mapped, but %s, process "
			 "%ld, is alive", who, (long)pid);
		return true;
	case SVSHM__LIFE_UNKNOWN:
		snprintf(reason, size, "nobody has it mapped, but %s is a "
			 "process of another pid namespace", who);
		return true;
	case SVSHM__LIFE_DEAD:
		break;
	}
	return false;
}

enum svshm_certainty
svshm__estimate_segment(struct svshm__pids *pids,
			const struct svshm__segment_status *segment,
			char *reason, size_t size)
{
	int64_t used = latest(segment->attach_time, segment->detach_time);
	int64_t age = svshm__process_time() -
		      latest(used, segment->change_time);

	if (segment->mappings) {
		snprintf(reason, size, "another program's; it is mapped %llu "
			 "time%s", (unsigned long long)segment->mappings,
			 segment->mappings == 1 ? "" : "s");
		return SVSHM_CERTAINTY_NONE;
	}
	if (user_may_live(pids, "its maker", segment->creator_pid,
			  segment->change_time, reason, size))
		return SVSHM_CERTAINTY_NONE;
	/* To look whether it is ours, scans map it: they have been the last
	   user then, and hide the real one. */
	if (segment->key && svshm__key_plausible(segment->key) &&
	    segment->last_pid != segment->creator_pid) {
		snprintf(reason, size, "nobody has it mapped, and its maker "
			 "(%ld) is dead; who used it last can't be told, as "
			 "its key may be svshm's",
			 (long)segment->creator_pid);
		return SVSHM_CERTAINTY_NONE;
	}
	/* Nobody was ever attached: the maker was the last user. */
	if (used && user_may_live(pids, "its last user", segment->last_pid,
				  used, reason, size))
		return SVSHM_CERTAINTY_NONE;
	snprintf(reason, size, "nobody has it mapped, and its maker (%ld) and "
		 "last user (%ld) are dead%s", (long)segment->creator_pid,
		 (long)(used ? segment->last_pid : segment->creator_pid),
		 segment->key == 0 ? "; no key leads to it" : "");
	if (segment->key == 0)
		return SVSHM_CERTAINTY_ALMOST;
	return age >= DAY ? SVSHM_CERTAINTY_LIKELY : SVSHM_CERTAINTY_POSSIBLE;
}

/* ---- Sets ---------------------------------------------------------------- */

static int by_pid(const void *a, const void *b)
{
	const pid_t *left = a, *right = b;

	return (*left > *right) - (*left < *right);
}

static size_t unique(pid_t *pids, size_t count)
{
	size_t kept = 0;

	qsort(pids, count, sizeof(*pids), by_pid);
	for (size_t i = 0; i < count; i++)
		if (pids[i] && (kept == 0 || pids[i] != pids[kept - 1]))
			pids[kept++] = pids[i];
	return kept;
}

int svshm__set_use_look(struct svshm__set_use *use, int set_id, int count)
{
	int code = SVSHM_OK;

	memset(use, 0, sizeof(*use));
	if (count <= 0)
		return SVSHM_OK;
	use->pids = calloc((size_t)count, sizeof(*use->pids));
	if (!use->pids)
		return SVSHM_OUT_OF_RESOURCES;
	for (int i = 0; i < count && !code; i++) {
		unsigned waiters;

		use->pids[i] = svshm__semset_last_pid(set_id, i);
		code = svshm__semset_waiters(set_id, i, &waiters);
		if (!code)
			use->waiters += waiters;
	}
	if (code)
		svshm__set_use_free(use);
	else
		use->pid_count = unique(use->pids, (size_t)count);
	return code;
}

void svshm__set_use_free(struct svshm__set_use *use)
{
	free(use->pids);
	memset(use, 0, sizeof(*use));
}

static pid_t living_user(struct svshm__pids *pids,
			 const struct svshm__set_use *use, int64_t time)
{
	for (size_t i = 0; i < use->pid_count; i++)
		if (svshm__pids_of(pids, use->pids[i], time) !=
		    SVSHM__LIFE_DEAD)
			return use->pids[i];
	return 0;
}

enum svshm_certainty svshm__estimate_set(struct svshm__pids *pids,
					 const struct svshm__set_status *set,
					 const struct svshm__set_use *use,
					 char *reason, size_t size)
{
	int64_t used = latest(set->operation_time, set->change_time);
	pid_t pid = living_user(pids, use, used);

	if (use->waiters) {
		snprintf(reason, size, "another program's; %u process%s for it "
			 "now", use->waiters,
			 use->waiters == 1 ? " waits" : "es wait");
		return SVSHM_CERTAINTY_NONE;
	}
	if (pid) {
		snprintf(reason, size, "another program's; process %ld, which "
			 "changed it last, is alive", (long)pid);
		return SVSHM_CERTAINTY_NONE;
	}
	switch (svshm__pids_older(pids, set->uid, set->creator_uid, used,
				  &pid)) {
	case SVSHM__LIFE_ALIVE:
		snprintf(reason, size, "%s, but process %ld is old enough to "
			 "have made it", use->pid_count ?
			 "who changed it last is dead" :
			 "nobody has changed it yet", (long)pid);
		return SVSHM_CERTAINTY_NONE;
	case SVSHM__LIFE_UNKNOWN:
		snprintf(reason, size,
			 "another program's; whether its maker "
			 "lives can't be told here");
		return SVSHM_CERTAINTY_NONE;
	case SVSHM__LIFE_DEAD:
		break;
	}
	snprintf(reason, size, "nobody waits for it, %s, and no process of its "
		 "owner or maker is as old", use->pid_count ?
		 "who changed it last is dead" : "nobody has changed it yet");
	return SVSHM_CERTAINTY_LIKELY;
}

static void describe_set(struct svshm_object *object,
			 struct svshm__set_use *use, struct svshm__pids *pids,
			 char *reason, size_t size)
{
	struct svshm__set_status set = {
		.count = (int)object->semaphore_count,
		.uid = object->uid,
		.creator_uid = object->creator_uid,
		.operation_time = object->operation_time,
		.change_time = object->create_time,
	};

	if (set.count == 0 ||
	    svshm__set_use_look(use, object->semaphore_id, set.count)) {
		snprintf(reason, size, "another program's; its semaphores may "
			 "not be read");
		return;
	}
	object->waiters = use->waiters;
	object->semaphore_pids = use->pids;
	object->semaphore_pid_count = use->pid_count;
	object->certainty = svshm__estimate_set(pids, &set, use, reason, size);
}

void svshm__estimate_describe(struct svshm_object *object,
			      const struct svshm__segment_status *segment,
			      struct svshm__set_use *use,
			      struct svshm__pids *pids, char *reason,
			      size_t size)
{
	struct svshm__pids once = { .listed = false };

	if (!pids)
		pids = &once;
	if (object->segment_id < 0) {
		describe_set(object, use, pids, reason, size);
	} else {
		/* A set with its key is an object by itself. */
		object->semaphore_id = -1;
		object->certainty =
			svshm__estimate_segment(pids, segment, reason, size);
	}
	svshm__pids_free(&once);
}
