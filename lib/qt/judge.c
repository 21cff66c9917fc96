/* SPDX-License-Identifier: BSD-2-Clause */
#include <config.h>

#include "qt/judge.h"

#include <stdio.h>
#include <string.h>

#include "kernel/process.h"

#define PATIENCE_MS 800

int svshm__qt_judge_find(struct svshm__qt_evidence *evidence,
			 const struct svshm__qt_file *file,
			 struct svshm__error *error)
{
	evidence->foreign = false;
	memset(&evidence->segment, 0, sizeof(evidence->segment));

	int code = svshm__segment_find(file->key, &evidence->segment_id, error);

	evidence->unreadable = code == SVSHM_PERMISSION_DENIED;
	return code;
}

int svshm__qt_judge_found(struct svshm__qt_evidence *evidence,
			  const struct svshm__qt_file *file,
			  struct svshm__error *error)
{
	struct svshm__segment_status *segment = &evidence->segment;
	int code = svshm__segment_stat(evidence->segment_id, segment, error);

	if (code == SVSHM_PERMISSION_DENIED)
		evidence->unreadable = true;
	/* Removed, it has another key, or none. */
	if (!code && segment->removed)
		code = SVSHM_REMOVED;
	if (code)
		return code;
	if (svshm__qt_file_trusts(file, segment->uid, segment->creator_uid))
		return SVSHM_OK;
	evidence->foreign = true;
	return svshm__error_set(error, SVSHM_PERMISSION_DENIED,
				"segment %d belongs to uid %lu (made by %lu), "
				"its key file to uid %lu; if it is left over, "
				"root removes it: ipcrm -m %d",
				evidence->segment_id,
				(unsigned long)segment->uid,
				(unsigned long)segment->creator_uid,
				(unsigned long)file->owner,
				evidence->segment_id);
}

int svshm__qt_judge_segment(struct svshm__qt_evidence *evidence,
			    const struct svshm__qt_file *file,
			    struct svshm__error *error)
{
	int code = svshm__qt_judge_find(evidence, file, error);

	if (!code)
		code = svshm__qt_judge_found(evidence, file, error);
	if (!code || evidence->foreign || evidence->unreadable)
		return code;
	evidence->segment_id = -1;
	return code == SVSHM_NOT_FOUND || code == SVSHM_REMOVED ? SVSHM_OK :
								  code;
}

void svshm__qt_judge_set(struct svshm__qt_evidence *evidence,
			 const struct svshm__qt_file *lock_file)
{
	evidence->set_id = -1;
	evidence->set_unreadable = false;
	evidence->value = 1;
	if (!lock_file ||
	    svshm__semset_find(lock_file->key, &evidence->set_id, NULL))
		return;

	int code = svshm__semset_stat(evidence->set_id, &evidence->set, NULL);

	if (!code && evidence->set.count == 1)
		code = svshm__semset_value(evidence->set_id, 0,
					   &evidence->value, NULL);
	if (code || evidence->set.count != 1) {
		evidence->set_unreadable = code == SVSHM_PERMISSION_DENIED;
		evidence->hidden_set_id = evidence->set_id;
		evidence->set_id = -1;
		return;
	}
	evidence->last_pid = svshm__semset_last_pid(evidence->set_id, 0);
}

void svshm__qt_judge_shared(struct svshm__qt_evidence *evidence,
			    const struct svshm__qt_file *lock_file,
			    const char *path)
{
	if (evidence->set_id < 0 ||
	    !svshm__qt_file_shares_lock(lock_file, path, evidence->shared,
					sizeof(evidence->shared)))
		evidence->shared[0] = '\0';
}

enum svshm_verdict svshm__qt_judge(const struct svshm__qt_evidence *evidence)
{
	if (evidence->segment_id >= 0) {
		if (evidence->unreadable)
			return SVSHM_VERDICT_UNKNOWN;
		if (evidence->foreign)
			return SVSHM_VERDICT_FOREIGN;
		return evidence->segment.mappings ? SVSHM_VERDICT_IN_USE :
						    SVSHM_VERDICT_ORPHAN;
	}
	/* Nobody counts who uses a set: it may be a QSystemSemaphore. */
	return evidence->set_id >= 0 || evidence->set_unreadable ?
		SVSHM_VERDICT_UNKNOWN : SVSHM_VERDICT_GONE;
}

int svshm__qt_judge_unused(struct svshm__qt_evidence *evidence,
			   struct svshm__error *error)
{
	int64_t deadline = svshm__process_deadline(PATIENCE_MS);
	struct svshm__segment_status *status = &evidence->segment;

	for (;;) {
		int code;

		if (status->mappings)
			return SVSHM_BUSY;
		if (status->attach_time ||
		    svshm__process_time() - status->change_time > 1 ||
		    svshm__process_now() > deadline)
			return SVSHM_OK;
		svshm__process_pause(10);
		code = svshm__segment_stat(evidence->segment_id, status, error);
		if (code)
			return code;
	}
}

static void describe_shared(const struct svshm__qt_evidence *evidence,
			    char *buffer, size_t size)
{
	size_t used = strlen(buffer);

	if (*evidence->shared)
		snprintf(buffer + used, size - used, "; its lock is also that "
			 "of %.220s: who owns the one owns the other",
			 evidence->shared);
}

static void describe_lock(const struct svshm__qt_evidence *evidence,
			  char *buffer, size_t size)
{
	size_t used = strlen(buffer);

	if (evidence->set_unreadable)
		snprintf(buffer + used, size - used, "; the caller may not "
			 "look at its lock, semaphore set %d",
			 evidence->hidden_set_id);
	else if (evidence->set_id < 0)
		snprintf(buffer + used, size - used, "; it has no lock at the "
			 "moment, which its next user makes");
	else if (evidence->value > 1)
		snprintf(buffer + used, size - used, "; its lock has the value "
			 "%u, so %u can own it at a time, since a "
			 "QSharedMemory's create() has reset it while it was "
			 "held", evidence->value, evidence->value);
}

void svshm__qt_judge_reason(const struct svshm__qt_evidence *evidence,
			    enum svshm_verdict verdict, char *buffer,
			    size_t size)
{
	buffer[0] = '\0';
	switch (verdict) {
	case SVSHM_VERDICT_IN_USE:
		snprintf(buffer, size, "processes have it mapped");
		break;
	case SVSHM_VERDICT_ORPHAN:
		snprintf(buffer, size, "nobody has it mapped, and whoever "
			 "leaves in good order removes it");
		break;
	case SVSHM_VERDICT_FOREIGN:
		snprintf(buffer, size, "it belongs to another user than its "
			 "key file");
		return;
	case SVSHM_VERDICT_UNKNOWN:
		if (evidence->segment_id >= 0)
			snprintf(buffer, size, "the caller may not look at it");
		else if (evidence->set_unreadable)
			snprintf(buffer, size, "a lock without memory, which "
				 "the caller may not look at");
		else
			snprintf(buffer, size, "a lock without memory: it may "
				 "be a QSystemSemaphore, and nobody counts who "
				 "uses one");
		describe_shared(evidence, buffer, size);
		return;
	default:
		snprintf(buffer, size, "there is nothing");
		return;
	}
	describe_lock(evidence, buffer, size);
	describe_shared(evidence, buffer, size);
}
