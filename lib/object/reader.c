/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Who may only read: attached outside the gate, see "Observers" at the head of
 * object/object.c.
 */
#include <config.h>

#include "object/object.h"

static int enlist_reader(struct svshm__attempt *attempt)
{
	struct svshm__evidence *evidence = &attempt->evidence;
	enum svshm_access access = attempt->access;
	struct svshm__attachment *attachment =
		svshm__mapping_acquire(evidence->segment_id, access);
	bool is_new = !attachment;
	int code;

	if (is_new)
		attachment = svshm__attempt_attachment(attempt,
						       &evidence->view);
	if (!attachment)
		return svshm__error_set(attempt->error,
					SVSHM_OUT_OF_RESOURCES, "no memory");
	if (is_new)
		attachment->reader = true;
	code = svshm__mapping_map(attachment, access,
				  evidence->borrowed ||
				  !evidence->mapping_read_only ? NULL :
						      &evidence->mapping,
				  attempt->error);
	if (!code && is_new)
		svshm__mapping_insert(attachment, access);
	if (code) {
		if (is_new || svshm__mapping_release(attachment, access))
			svshm__mapping_free(attachment);
		return code;
	}
	attempt->handle->attachment = attachment;
	attempt->handle->access = access;
	return SVSHM_OK;
}

static int join_as_reader(struct svshm__attempt *attempt)
{
	struct svshm__evidence *evidence = &attempt->evidence;
	struct svshm__attachment *attachment;
	struct svshm__segment_status status;
	enum svshm_verdict verdict;
	int code = svshm__attempt_judge(attempt, false, &verdict);

	if (code)
		return code;
	/* Not complete yet, or not any more: nothing to attach to. */
	if (verdict == SVSHM_VERDICT_HALF_MADE ||
	    verdict == SVSHM_VERDICT_HALF_REMOVED ||
	    evidence->header == SVSHM__HEADER_UNPUBLISHED)
		return svshm__error_set(attempt->error, SVSHM_NOT_FOUND,
					"it is not complete");
	if (verdict == SVSHM_VERDICT_FOREIGN)
		return SVSHM__NEXT;
	if (verdict != SVSHM_VERDICT_IN_USE && verdict != SVSHM_VERDICT_ORPHAN)
		return svshm__attempt_refuse(attempt, verdict);
	if (evidence->stranded)
		return svshm__attempt_refuse(attempt, verdict);
	code = svshm__attempt_check_size(attempt);
	if (code)
		return code;
	attempt->orphaned = verdict == SVSHM_VERDICT_ORPHAN ||
			    (!evidence->held && evidence->died > 0);
	code = enlist_reader(attempt);
	if (code)
		return code;
	/* Mapped now. Was it removed before? Then the name is free by now. */
	code = svshm__segment_stat(evidence->segment_id, &status, NULL);
	if (!code && !status.removed)
		return SVSHM_OK;
	/* Not detach, which takes the mutex that we are in. */
	attachment = attempt->handle->attachment;
	attempt->handle->attachment = NULL;
	if (svshm__mapping_release(attachment, attempt->access))
		svshm__mapping_free(attachment);
	return SVSHM__AGAIN;
}

int svshm__attempt_read_only(struct svshm__attempt *attempt)
{
	int code;

	if (attempt->access != SVSHM_READ_ONLY)
		return svshm__error_set(attempt->error,
					SVSHM_PERMISSION_DENIED,
					"the object's mode 0%o lets uid and "
					"group of this process read only; "
					"attach with SVSHM_READ_ONLY",
					(unsigned)attempt->evidence.set.status
						.mode);
	attempt->evidence.will_change = false;
	svshm__mapping_readers_lock();
	code = join_as_reader(attempt);
	svshm__mapping_readers_unlock();
	svshm__judge_free(&attempt->evidence);
	return code;
}
