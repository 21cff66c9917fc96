/* SPDX-License-Identifier: BSD-2-Clause */
/* Step 11 of the protocol at the head of object.c. */
#include <config.h>

#include "object/object.h"

#include "object/find.h"

/* Open joins an orphan: it does not give way. */
static bool is_leftover(const struct svshm__operation *other,
			enum svshm_verdict verdict)
{
	return verdict == SVSHM_VERDICT_HALF_MADE ||
	       verdict == SVSHM_VERDICT_HALF_REMOVED ||
	       (verdict == SVSHM_VERDICT_ORPHAN && !other->opening);
}

/* Inside its gate. */
static int settle_inside(struct svshm__operation *other)
{
	enum svshm_verdict verdict;
	int code = svshm__operation_judge(other, false, &verdict);

	if (code)
		return code;
	if (verdict == SVSHM_VERDICT_GONE || verdict == SVSHM_VERDICT_FOREIGN)
		return SVSHM__RETRY;
	if (!is_leftover(other, verdict))
		return svshm__operation_refuse(other, verdict);
	other->orphaned = verdict == SVSHM_VERDICT_ORPHAN;
	/* The key file now at that path isn't this one's. */
	other->file.exists = false;
	code = svshm__operation_remove(other);
	return code && code != SVSHM__TRY_NEXT_KEY ? code : SVSHM__RETRY;
}

/*
 * With an object under another key: ALREADY_EXISTS if it is alive; a leftover
 * goes, and SVSHM__RETRY says to look again.
 */
static int settle_with(struct svshm__operation *operation,
		       const struct svshm__found *found)
{
	struct svshm__operation other =
		*operation; /* borrows the file's path */
	int code;

	other.key = found->key;
	other.checks_file = false;
	other.orphaned = other.made_set = other.inside = false;
	other.evidence.mapping = NULL;
	code = svshm__operation_enter(&other, true);
	if (!code)
		code = settle_inside(&other);
	svshm__operation_leave(&other);
	operation->orphaned |= other.orphaned;
	return code;
}

/*
 * Take our object back. A key file that we have found there may be the other's,
 * whose IPC key is another project's: it stays.
 */
static int undo(struct svshm__operation *operation)
{
	if (!operation->file.made)
		operation->file.exists = false;
	return svshm__operation_remove(operation);
}

/*
 * Step 11, inside our gate, with our object published. Under our own key there is
 * nobody else, as long as our gate is there. Two makers of one name
 * may meet here, each inside his own gate. To wait for each other's gate would
 * be a deadlock, so only the one with the lower key waits; the other undoes his
 * object first.
 */
int svshm__operation_meet_duplicates(struct svshm__operation *operation)
{
	struct svshm__found found;
	int code;

	while (svshm__find_other(&operation->file, operation->project,
				 &found) == SVSHM_OK) {
		if ((uint32_t)found.key < (uint32_t)operation->key) {
			code = undo(operation);
			return code ? code : settle_with(operation, &found);
		}
		code = settle_with(operation, &found);
		if (code != SVSHM__RETRY) {
			undo(operation);
			return code;
		}
	}
	return SVSHM_OK;
}
