/* SPDX-License-Identifier: BSD-2-Clause */
/* Steps 11 and 12 of the protocol at the head of object/object.c. */
#include <config.h>

#include "object/object.h"

#include "recovery/scan.h"

/* Open joins an orphan: it does not give way. */
static bool is_leftover(const struct svshm__attempt *twin,
			enum svshm_verdict verdict)
{
	return verdict == SVSHM_VERDICT_HALF_MADE ||
	       verdict == SVSHM_VERDICT_HALF_REMOVED ||
	       (verdict == SVSHM_VERDICT_ORPHAN && !twin->opening);
}

/*
 * Inside the gate of an object that a scan has found: ALREADY_EXISTS if it is
 * alive; a leftover goes, and SVSHM__AGAIN says to look again.
 */
static int settle_with(struct svshm__attempt *twin)
{
	enum svshm_verdict verdict;
	int code = svshm__attempt_enter(twin, true);

	if (code)
		return code;
	code = svshm__attempt_judge(twin, false, &verdict);
	if (code) {
		svshm__attempt_leave(twin);
		return code;
	}
	if (verdict == SVSHM_VERDICT_GONE || verdict == SVSHM_VERDICT_FOREIGN) {
		svshm__attempt_leave(twin);
		return SVSHM__AGAIN;
	}
	if (!is_leftover(twin, verdict)) {
		code = svshm__attempt_refuse(twin, verdict);
		svshm__attempt_leave(twin);
		return code;
	}
	twin->orphaned = verdict == SVSHM_VERDICT_ORPHAN;
	/* The key file now at that path isn't this twin's. */
	twin->file.exists = false;
	code = svshm__attempt_remove(twin);
	return code && code != SVSHM__NEXT ? code : SVSHM__AGAIN;
}

static int settle_with_found(struct svshm__attempt *attempt,
			     const struct svshm__found *found)
{
	struct svshm__attempt twin = *attempt; /* borrows the file's path */
	int code;

	twin.key = found->key;
	twin.by_scan = true;
	twin.orphaned = false;
	twin.made_set = false;
	twin.evidence.mapping = NULL;
	code = settle_with(&twin);
	attempt->orphaned |= twin.orphaned;
	return code;
}

/*
 * Take our object back. A key file that we have found there may be the twin's,
 * whose IPC key is another project's: it stays.
 */
static int undo(struct svshm__attempt *attempt)
{
	if (!attempt->file.made)
		attempt->file.exists = false;
	return svshm__attempt_remove(attempt);
}

/*
 * Step 11, inside our gate, with our object published. Two makers of one name
 * may meet here, each inside his own gate. To wait for each other's gate would
 * be a deadlock, so only the one with the lower key waits; the other undoes his
 * object first.
 */
int svshm__attempt_meet_twins(struct svshm__attempt *attempt)
{
	struct svshm__found found;
	int code;

	while (svshm__scan_find(&attempt->file, attempt->evidence.segment_id,
				&found) == SVSHM_OK) {
		/* Under our own key: ours has been removed, with our set, and
		   the gate there is another's. */
		if (found.key == attempt->key) {
			code = undo(attempt);
			return code ? code : SVSHM__AGAIN;
		}
		if ((uint32_t)found.key < (uint32_t)attempt->key) {
			code = undo(attempt);
			return code ? code : settle_with_found(attempt, &found);
		}
		code = settle_with_found(attempt, &found);
		if (code != SVSHM__AGAIN) {
			undo(attempt);
			return code;
		}
	}
	if (svshm__key_file_same(&attempt->file))
		return SVSHM_OK;
	code = undo(attempt);
	return code ? code : SVSHM__AGAIN;
}
