/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * svshm recover: remove what crashed processes left behind. The visit that
 * shows an object calls svshm_recover() for it, which judges it again right
 * before the removal.
 */
#include <config.h>

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arguments/options.h"
#include "arguments/search.h"
#include "arguments/target.h"
#include "commands/commands.h"
#include "commands/recover_batch.h"
#include "commands/recover_object.h"
#include "commands/recover_posix.h"
#include "commands/recover_report.h"
#include "commands/recover_save.h"
#include "commands/recover_visit.h"
#include "common/message.h"
#include "common/signals.h"
#include "common/status.h"
#include "common/text.h"
#include "output/json.h"
#include "svshm.h"

/* "; alice has one: --user alice", if the problem ends so, or "". */
static const char *elsewhere(const char *problem)
{
	const char *more = strstr(problem, "; ");

	return more && strstr(more, "--user") ? more : "";
}

/* One named object. */
static void recover_name(struct recover_run *run, const char *key)
{
	char *problem;
	int code = target_find(&run->target, key, recover_visit, run,
			       &problem);

	if (code == SVSHM_NOT_FOUND) {
		/* That is what was wanted. */
		if (!run->report.quiet && !run->report.json) {
			char *name = target_name(&run->target, key);

			print_line("%s: nothing there%s", name,
				   elsewhere(problem));
			free(name);
		}
	} else if (code < 0) {
		report_failure(&run->report, problem);
	}
	free(problem);
}

static void recover_names(struct recover_run *run,
			  const struct operands *operands)
{
	run->named = true;
	if (operands->count == 0)
		recover_name(run, NULL);
	for (int i = 0; i < operands->count; i++)
		recover_name(run, operands->values[i]);
}

static void recover_all(struct recover_run *run)
{
	struct report *report = &run->report;
	int code = svshm_scan_user(run->target.user,
				   run->foreign ? SVSHM_SCAN_FOREIGN : 0,
				   recover_visit, run);

	batch_end(run);
	if (code < 0) {
		char *what = text_print("cannot look at all objects: %s",
					svshm_strerror(code));

		report_failure(report, what);
		free(what);
	}
	if (!report->quiet && !report->json && report->listed == 0 &&
	    report->found == 0 && report->failures == 0)
		printf("nothing to recover\n");
}

static bool is_named(const struct recover_run *run,
		     const struct operands *operands)
{
	return operands->count > 0 || target_is_option(&run->target);
}

static void begin_report(const struct report *report,
			 const struct qt_posix *posix)
{
	if (!report->json)
		return;
	json_begin();
	json_boolean("dry_run", report->dry_run);
	qt_posix_json(posix);
	json_open("objects", '[');
}

static void end_report(const struct report *report,
		       const struct qt_posix *posix)
{
	if (report->json) {
		json_close(']');
		json_end();
	} else if (!report->quiet) {
		if (report->listed > 0)
			printf("%zu of other programs; --yes removes %s\n",
			       report->listed,
			       report->listed == 1 ? "it" : "them");
		qt_posix_tell(posix);
	}
}

static int recover(struct recover_run *run, const struct operands *operands)
{
	const struct report *report = &run->report;
	struct qt_posix posix = { .count = 0 };

	signals_catch();
	if (run->qt)
		qt_posix_find(&posix);
	begin_report(report, &posix);
	if (is_named(run, operands))
		recover_names(run, operands);
	else
		recover_all(run);
	end_report(report, &posix);
	if (signals_caught()) {
		fflush(stdout);
		signals_die();
	}
	if (report->failures > 0)
		return TOOL_FAILED;
	return report->listed > 0 || (report->dry_run && report->found > 0) ?
	       TOOL_LEFTOVERS : TOOL_DONE;
}

/* Options that make sense with others only. */
static int check_options(const struct recover_run *run,
			 const struct operands *operands)
{
	bool named = is_named(run, operands);

	if (run->yes && !run->foreign && !named)
		return usage_error(&command_recover, "--yes goes with "
				   "--foreign");
	if (run->unmapped && !run->foreign)
		return usage_error(&command_recover, "--unmapped goes with "
				   "--foreign");
	if (run->unmapped && run->older_than < 0)
		return usage_error(&command_recover, "--unmapped wants "
				   "--older-than: how long nobody must have "
				   "used it");
	if (run->foreign && named)
		return usage_error(&command_recover, "--foreign takes no KEY");
	return OPTIONS_READ;
}

static int recover_run(int argc, char **argv)
{
	struct recover_run run = { .older_than = -1,
				   .target = TARGET_INIT };
	const struct tool_option options[] = {
		{ "dry-run", OPTION_FLAG, &run.report.dry_run },
		{ "foreign", OPTION_FLAG, &run.foreign },
		{ "id", OPTION_TEXT, &run.target.id_text },
		{ "json", OPTION_FLAG, &run.report.json },
		{ "native-key", OPTION_TEXT, &run.target.native_key },
		{ "older-than", OPTION_DURATION, &run.older_than },
		{ "qt", OPTION_FLAG, &run.qt },
		{ "quiet", OPTION_FLAG, &run.report.quiet },
		{ "save", OPTION_TEXT, &run.directory },
		{ "set", OPTION_TEXT, &run.target.set_text },
		{ "unmapped", OPTION_FLAG, &run.unmapped },
		{ "user", OPTION_USER, &run.target.user },
		{ "yes", OPTION_FLAG, &run.yes },
		{ NULL, OPTION_FLAG, NULL },
	};
	struct operands operands;
	int status = options_parse(&command_recover, argc, argv, options,
				   &operands);

	if (status == OPTIONS_READ)
		status = target_parse(&command_recover, &run.target, &operands);
	if (status == OPTIONS_READ)
		status = check_options(&run, &operands);
	if (status != OPTIONS_READ)
		return status;
	if (run.directory && rescue_check(run.directory) != 0)
		return TOOL_FAILED;
	run.target.layout = run.qt ? SVSHM_LAYOUT_QT : SVSHM_LAYOUT_NATIVE;
	return recover(&run, &operands);
}

const struct command command_recover = {
	.name = "recover",
	.run = recover_run,
	.help = "remove what crashed processes left behind",
	.usage =
	"usage: svshm recover [KEY...] [--dry-run] [--save DIR] "
	"[--older-than T]\n"
	"                     [--foreign [--unmapped] [--yes]] "
	"[--native-key PATH]\n"
	"                     [--qt] [--user USER] [--json] [--quiet]\n"
	"       svshm recover --id N | --set N [--yes] [--dry-run] ...\n"
	"\n"
	"Remove the named leftovers, or without a name every one that you may "
	"remove.\nObjects that are in use, or may be, are kept. Says what was "
	"done and why not.\n"
	"\n"
	"  --dry-run          only say it; exit status 3 if there is "
	"something\n"
	"  --foreign          list what other programs seem to have left, too; "
	"with\n"
	"                     --yes, remove it\n"
	"  --id N             the segment with the id N, of any program; with "
	"--yes,\n"
	"                     also another's\n"
	"  --json             print JSON\n"
	"  --native-key PATH  the object of the key file PATH\n"
	"  --older-than T     only what has been left for longer: 30s, 10m, "
	"2h, 1d\n"
	"  --qt               those of Qt programs instead of svshm's own\n"
	"  --quiet            print failures only\n"
	"  --save DIR         save the data of each in a file in DIR first\n"
	"  --set N            the semaphore set with the id N, likewise\n"
	"  --unmapped         of other programs' also what nobody has used for "
	"the time\n"
	"                     of --older-than, whoever made it\n"
	"  --user USER        only what belongs to that user, a name or a uid; "
	"or his\n"
	"                     key\n",
};
