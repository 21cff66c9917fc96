/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Who may only read: attached outside the gate, see "Observers" at the head of
 * object/object.c.
 */
#include <config.h>

#include "object/object.h"

#include "memory/mapping.h"

static int enlist_reader(struct svshm__operation *operation)
{
	struct svshm__evidence *evidence = &operation->evidence;
	enum svshm_access access = operation->access;
	struct svshm__attachment *attachment =
		svshm__attachment_acquire(evidence->segment_id, access);
	bool is_new = !attachment;
	int code;

	if (is_new)
		attachment =
			svshm__operation_attachment(operation, &evidence->view);
	if (!attachment)
		return svshm__error_set(operation->error,
					SVSHM_OUT_OF_RESOURCES, "no memory");
	if (is_new)
		attachment->reader = true;
	code = svshm__mapping_map(attachment, access,
				  evidence->borrowed ||
						  !evidence->mapping_read_only ?
					  NULL :
					  &evidence->mapping,
				  operation->error);
	if (!code && is_new)
		svshm__attachment_insert(attachment, access);
	if (code) {
		if (is_new || svshm__mapping_release(attachment, access))
			svshm__mapping_free(attachment);
		return code;
	}
	operation->handle->attachment = attachment;
	operation->handle->access = access;
	return SVSHM_OK;
}

static int join_as_reader(struct svshm__operation *operation)
{
	struct svshm__evidence *evidence = &operation->evidence;
	struct svshm__attachment *attachment;
	struct svshm__segment_status status;
	enum svshm_verdict verdict;
	int code = svshm__operation_judge(operation, false, &verdict);

	if (code)
		return code;
	/* Not complete yet, or not any more: nothing to attach to. */
	if (verdict == SVSHM_VERDICT_HALF_MADE ||
	    verdict == SVSHM_VERDICT_HALF_REMOVED ||
	    evidence->header == SVSHM__HEADER_UNPUBLISHED)
		return svshm__error_set(operation->error, SVSHM_NOT_FOUND,
					"it is not complete");
	if (verdict == SVSHM_VERDICT_FOREIGN)
		return SVSHM__TRY_NEXT_KEY;
	if (verdict != SVSHM_VERDICT_IN_USE && verdict != SVSHM_VERDICT_ORPHAN)
		return svshm__operation_refuse(operation, verdict);
	if (evidence->stranded)
		return svshm__operation_refuse(operation, verdict);
	code = svshm__operation_check_size(operation);
	if (code)
		return code;
	operation->orphaned = verdict == SVSHM_VERDICT_ORPHAN ||
			      (!evidence->held && evidence->died > 0);
	code = enlist_reader(operation);
	if (code)
		return code;
	/* Mapped now. Was it removed before? Then the name is free by now. */
	code = svshm__segment_stat(evidence->segment_id, &status, NULL);
	if (!code && !status.removed)
		return SVSHM_OK;
	/* Not detach, which takes the mutex that we are in. */
	attachment = operation->handle->attachment;
	operation->handle->attachment = NULL;
	if (svshm__mapping_release(attachment, operation->access))
		svshm__mapping_free(attachment);
	return SVSHM__RETRY;
}

int svshm__operation_read_only(struct svshm__operation *operation)
{
	int code;

	if (operation->access != SVSHM_READ_ONLY)
		return svshm__error_set(
			operation->error, SVSHM_PERMISSION_DENIED,
			"the object's mode 0%o lets uid and "
			"group of this process read only; "
			"attach with SVSHM_READ_ONLY",
			(unsigned)operation->evidence.set.status.mode);
	operation->evidence.will_change = false;
	svshm__attachment_readers_lock();
	code = join_as_reader(operation);
	svshm__attachment_readers_unlock();
	svshm__evidence_free(&operation->evidence);
	return code;
}
