/* SPDX-License-Identifier: BSD-2-Clause */
#include <config.h>

#include <stdlib.h>

#include "commands/recover_object.h"
#include "commands/recover_save.h"
#include "common/text.h"
#include "objects/object.h"
#include "output/values.h"

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

static bool is_only_listed(const struct recover_run *run,
			   const struct svshm_object *object)
{
	return object->verdict == SVSHM_VERDICT_FOREIGN && !run->yes;
}

static unsigned recover_flags(const struct recover_run *run, bool dry)
{
	return (dry ? SVSHM_RECOVER_DRY_RUN : 0) |
	       (run->foreign || run->named ? SVSHM_RECOVER_FOREIGN : 0) |
	       (run->unmapped ? SVSHM_RECOVER_UNMAPPED : 0);
}

void recover_tell(struct recover_run *run, const struct svshm_object *object,
		  const struct svshm_recovery *recovery, int code,
		  struct rescue *rescue)
{
	bool only_listed = is_only_listed(run, object);

	if (code >= 0) {
		char *what = removal_text(object, recovery);

		if (only_listed)
			run->report.listed++;
		else
			run->report.found++;
		report_object(&run->report, object,
			      only_listed ? LISTED : REMOVED, what,
			      rescue->path);
		free(what);
	} else {
		char *why = rescue->problem ? rescue->problem :
			    object_refusal(object, recovery, code);

		rescue->problem = why;
		report_object(&run->report, object,
			      judge_refusal(run, code, recovery->verdict), why,
			      rescue->path);
	}
	free(rescue->path);
	free(rescue->problem);
}

void recover_object(struct recover_run *run, const struct svshm_object *object)
{
	struct rescue rescue = { .directory = run->directory };
	bool dry = run->report.dry_run || is_only_listed(run, object);
	struct svshm_recovery recovery = {
		.flags = recover_flags(run, dry),
		.unmapped_for = run->unmapped ? (run->older_than + 999) / 1000 :
						0,
		.save = run->directory && !dry ? rescue_save : NULL,
		.context = &rescue,
	};
	int code = svshm_recover(object, &recovery);

	recover_tell(run, object, &recovery, code, &rescue);
}
