/* SPDX-License-Identifier: BSD-2-Clause */
#include <config.h>

#include <stdlib.h>
#include <time.h>

#include "commands/recover_object.h"
#include "commands/recover_save.h"
#include "common/signals.h"
#include "common/text.h"
#include "objects/object.h"
#include "objects/scan.h"
#include "output/values.h"

/*
 * Too young for --older-than? Its age counts from the last detach, which for
 * a process that dies is its death, or from the creation. What is of unknown
 * age is too young: who gives the option wants to be careful.
 */
static bool too_young(const struct recover_run *run,
		      const struct svshm_object *object)
{
	int64_t since = object_left_time(object);

	if (run->older_than < 0)
		return false;
	return since <= 0 ||
	       (int64_t)time(NULL) - since <= run->older_than / 1000;
}

/* The library has not removed it: is that a failure? */
static enum action judge_refusal(struct recover_run *run, int code,
				 enum svshm_verdict verdict)
{
	switch (code) {
	case SVSHM_NOT_FOUND: /* somebody else was faster */
		return KEPT;
	case SVSHM_BUSY:
		if (verdict == SVSHM_VERDICT_IN_USE ||
		    verdict == SVSHM_VERDICT_FOREIGN)
			return KEPT;
		return run->named ? FAILED : KEPT;
	case SVSHM_PERMISSION_DENIED:
		/* Other users' leftovers are theirs, unless asked for. */
		return run->named ? FAILED : KEPT;
	case SVSHM_CORRUPT:
		/* It should go, but it takes "remove --force". */
		run->report.found++;
		return run->report.dry_run ? KEPT : FAILED;
	default:
		return FAILED;
	}
}

/* "orphan, of alice, left 12m ago": for who reads it in a log later. */
static char *removal_text(const struct svshm_object *object,
			  const struct svshm_recovery *recovery)
{
	int64_t left = object_left_time(object);

	if (left <= 0)
		return text_print("%s", recovery->message);
	return text_print("%s, of %s, left %s ago%s%s", recovery->message,
			  text_user(object->uid).bytes,
			  text_since(left).bytes,
			  object->certainty ? "; a leftover: " : "",
			  object->certainty ? object_certainty(object) : "");
}

static unsigned recover_flags(const struct recover_run *run, bool dry)
{
	return (dry ? SVSHM_RECOVER_DRY_RUN : 0) |
	       (run->foreign || run->named ? SVSHM_RECOVER_FOREIGN : 0) |
	       (run->unmapped ? SVSHM_RECOVER_UNMAPPED : 0);
}

static void recover_object(struct recover_run *run,
			   const struct svshm_object *object)
{
	struct rescue rescue = { .directory = run->directory };
	bool only_listed = object->verdict == SVSHM_VERDICT_FOREIGN &&
			   !run->yes;
	bool dry = run->report.dry_run || only_listed;
	struct svshm_recovery recovery = {
		.flags = recover_flags(run, dry),
		.unmapped_for = run->unmapped ? (run->older_than + 999) / 1000 :
						0,
		.save = run->directory && !dry ? rescue_save : NULL,
		.context = &rescue,
	};
	int code = svshm_recover(object, &recovery);

	if (code >= 0) {
		char *what = removal_text(object, &recovery);

		if (only_listed)
			run->report.listed++;
		else
			run->report.found++;
		report_object(&run->report, object,
			      only_listed ? LISTED : REMOVED, what,
			      rescue.path);
		free(what);
	} else {
		char *why = rescue.problem ? rescue.problem :
			    object_refusal(object, &recovery, code);

		rescue.problem = why;
		report_object(&run->report, object,
			      judge_refusal(run, code, recovery.verdict), why,
			      rescue.path);
	}
	free(rescue.path);
	free(rescue.problem);
}

/*
 * Other programs': those that are left over, and those that nobody has mapped,
 * with the reason why they are kept; with --unmapped also sets for which nobody
 * waits. The rest is in use: no word of it.
 */
static bool is_concerned(const struct recover_run *run,
			 const struct svshm_object *object)
{
	if (object_is_leftover(object))
		return true;
	if (!(run->foreign || run->named) ||
	    object->verdict != SVSHM_VERDICT_FOREIGN)
		return false;
	if (object->certainty)
		return true;
	return object->segment_id >= 0 ? object->mappings == 0 :
	       run->unmapped && object->waiters == 0;
}

static void report_in_use(struct recover_run *run,
			  const struct svshm_object *object)
{
	char *users = object_users(object);
	char *why = users ? text_print("in use by %s", users) :
		    text_print("in use: %s", object->reason);

	report_object(&run->report, object, KEPT, why, NULL);
	free(why);
	free(users);
}

int recover_visit(const struct svshm_object *object, void *context)
{
	struct recover_run *run = context;

	scan_keep_fast();
	/* Stop between two objects, not inside one. */
	if (signals_caught())
		return 1;
	if (object->verdict == SVSHM_VERDICT_IN_USE && run->named) {
		report_in_use(run, object);
		return 0;
	}
	if (!run->named && (!is_concerned(run, object) ||
			    (object->layout == SVSHM_LAYOUT_QT) != run->qt))
		return 0;
	if (is_concerned(run, object) && too_young(run, object))
		report_object(&run->report, object, KEPT,
			      "not as old as --older-than asks for", NULL);
	else
		recover_object(run, object);
	return signals_caught() ? 1 : 0;
}
