/* SPDX-License-Identifier: BSD-2-Clause */
#include <config.h>

#include <stdlib.h>

#include "commands/recover_report.h"
#include "common/message.h"
#include "objects/members.h"
#include "objects/object.h"
#include "output/json.h"

static const char *action_word(const struct report *report, enum action action)
{
	if (action == LISTED)
		return "would-remove";
	if (action == REMOVED)
		return report->dry_run ? "would-remove" : "removed";
	return action == KEPT ? "kept" : "failed";
}

static void print_json(const struct report *report,
		       const struct svshm_object *object, enum action action,
		       const char *why, const char *saved)
{
	json_open(NULL, '{');
	json_text("action", action_word(report, action));
	json_text("message", why);
	json_text("saved", saved);
	object_json(object);
	json_close('}');
}

void report_object(struct report *report, const struct svshm_object *object,
		   enum action action, const char *why, const char *saved)
{
	char *name = object_name(object);

	if (report->json)
		print_json(report, object, action, why, saved);
	if (action == FAILED) {
		report->failures++;
		message("%s: failed: %s", name, why);
	} else if (!report->json && !report->quiet) {
		/* That it is removed is what WHY says, the library's text. */
		print_line("%s: %s%s%s%s", name,
			   action == KEPT ? "kept: " : "", why,
			   saved ? "; data saved in " : "",
			   saved ? saved : "");
	}
	free(name);
}

void report_failure(struct report *report, const char *what)
{
	report->failures++;
	message("%s", what);
}
