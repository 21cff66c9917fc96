/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * svshm recover: remove what crashed processes left behind. Each object is
 * handed to svshm_recover() inside the visit that showed it; the library
 * judges it again right before the removal.
 */
#include <config.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tool.h"

enum action { REMOVED, LISTED, KEPT, FAILED };

struct recover_run {
	bool dry_run, quiet, json;
	bool foreign, yes;     /* other programs' too; and remove them */
	bool unmapped;         /* of these, what is idle, whoever made it */
	bool qt;               /* objects of Qt programs, and only these */
	bool named;            /* the objects were asked for one by one */
	struct target target;  /* how, and whose */
	int64_t older_than;    /* milliseconds; negative: any age */
	const char *directory; /* where to save; NULL: nowhere */
	size_t found;          /* leftovers to remove */
	size_t listed;         /* foreign ones that --yes would remove */
	size_t failures;
	struct qt_posix posix; /* with --qt */
};

static const char *action_word(const struct recover_run *run,
			       enum action action)
{
	if (action == LISTED)
		return "would-remove";
	if (action == REMOVED)
		return run->dry_run ? "would-remove" : "removed";
	return action == KEPT ? "kept" : "failed";
}

static void report_json(const struct recover_run *run,
			const struct svshm_object *object, enum action action,
			const char *why, const char *saved)
{
	json_open(NULL, '{');
	json_text("action", action_word(run, action));
	json_text("message", why);
	json_text("saved", saved);
	object_json(object);
	json_close('}');
}

static void report(struct recover_run *run, const struct svshm_object *object,
		   enum action action, const char *why, const char *saved)
{
	char *name = object_name(object);

	if (run->json)
		report_json(run, object, action, why, saved);
	if (action == FAILED) {
		run->failures++;
		message("%s: failed: %s", name, why);
	} else if (!run->json && !run->quiet) {
		/* The library says itself that it has removed something. */
		char *text = text_print(
			"%s: %s%s%s%s", name, action == KEPT ? "kept: " : "",
			why, saved ? "; data saved in " : "",
			saved ? saved : "");
		char *escaped = text_escape(text);

		printf("%s\n", escaped);
		free(escaped);
		free(text);
	}
	free(name);
}

/*
 * Too young for --older-than? Its age counts from the last detach, which for
 * a process that dies is its death, or from the creation. Of unknown age is
 * too young: the option is there to be careful.
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

/* What a refusal of the library's means for the run. */
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
		run->found++;
		return run->dry_run ? KEPT : FAILED;
	default:
		return FAILED;
	}
}

/* "orphan, left 12m ago by pid 12": for who reads it in a log later. */
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
	bool foreign = object->verdict == SVSHM_VERDICT_FOREIGN;
	bool dry = run->dry_run || (foreign && !run->yes);
	struct svshm_recovery recovery = {
		.flags = recover_flags(run, dry),
		.unmapped_for = run->unmapped ? (run->older_than + 999) / 1000 :
						0,
		.save = run->directory && !dry ? rescue_save : NULL,
		.context = &rescue,
	};
	int code = svshm_recover(object, &recovery);

	if (code >= 0) {
		bool listed = foreign && !run->yes;
		char *what = removal_text(object, &recovery);

		*(listed ? &run->listed : &run->found) += 1;
		report(run, object, listed ? LISTED : REMOVED, what,
		       rescue.path);
		free(what);
	} else {
		char *why = rescue.problem ? rescue.problem :
			    object_refusal(object, &recovery, code);

		rescue.problem = why;
		report(run, object, judge_refusal(run, code, recovery.verdict),
		       why, rescue.path);
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

static int visit(const struct svshm_object *object, void *context)
{
	struct recover_run *run = context;

	scan_breathe();

	/* Stop between two objects, not inside one. */
	if (signals_caught())
		return 1;
	if (object->verdict == SVSHM_VERDICT_IN_USE && run->named) {
		char *users = object_users(object);
		char *why = users ? text_print("in use by %s", users) :
			    text_print("in use: %s", object->reason);

		report(run, object, KEPT, why, NULL);
		free(why);
		free(users);
		return 0;
	}
	if (!run->named && (!is_concerned(run, object) ||
			    (object->layout == SVSHM_LAYOUT_QT) != run->qt))
		return 0;
	if (is_concerned(run, object) && too_young(run, object))
		report(run, object, KEPT, "not as old as --older-than asks for",
		       NULL);
	else
		recover_object(run, object);
	return signals_caught() ? 1 : 0;
}

/* What a reason has after "; ": that somebody else has one, for example. */
static const char *elsewhere(const char *problem)
{
	const char *more = strstr(problem, "; ");

	return more && strstr(more, "--user") ? more : "";
}

/* One named object. */
static void recover_name(struct recover_run *run, const char *key)
{
	char *problem;
	int code = target_find(&run->target, key, visit, run, &problem);

	if (code == SVSHM_NOT_FOUND) {
		/* That is what was wanted. */
		if (!run->quiet && !run->json) {
			char *name = target_name(&run->target, key);
			char *escaped = text_escape(name);

			printf("%s: nothing there%s\n", escaped,
			       elsewhere(problem));
			free(escaped);
			free(name);
		}
	} else if (code < 0) {
		run->failures++;
		message("%s", problem);
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
	int code = svshm_scan_user(run->target.user,
				   run->foreign ? SVSHM_SCAN_FOREIGN : 0, visit,
				   run);

	if (code < 0) {
		run->failures++;
		message("cannot look at all objects: %s", svshm_strerror(code));
	}
	if (!run->quiet && !run->json && run->listed == 0 && run->found == 0 &&
	    run->failures == 0)
		printf("nothing to recover\n");
}

static bool is_named(const struct recover_run *run,
		     const struct operands *operands)
{
	return operands->count > 0 || run->target.native_key ||
	       target_is_number(&run->target);
}

static int recover(struct recover_run *run, const struct operands *operands)
{
	signals_catch();
	if (run->qt)
		qt_posix_find(&run->posix);
	if (run->json) {
		json_open(NULL, '{');
		json_number("schema", 1);
		json_boolean("dry_run", run->dry_run);
		qt_posix_json(&run->posix);
		json_open("objects", '[');
	}
	if (is_named(run, operands))
		recover_names(run, operands);
	else
		recover_all(run);
	if (run->json) {
		json_close(']');
		json_close('}');
	} else if (!run->quiet) {
		if (run->listed > 0)
			printf("%zu of other programs; --yes removes %s\n",
			       run->listed, run->listed == 1 ? "it" : "them");
		qt_posix_tell(&run->posix);
	}
	if (signals_caught()) {
		fflush(stdout);
		signals_die();
	}
	if (run->failures > 0)
		return TOOL_FAILED;
	return run->listed > 0 || (run->dry_run && run->found > 0) ?
		TOOL_LEFTOVERS : TOOL_DONE;
}

static int recover_run(int argc, char **argv)
{
	struct recover_run run = { .older_than = -1,
				   .target = { .user = (uid_t)-1 } };
	const struct tool_option options[] = {
		{ "dry-run", OPTION_FLAG, &run.dry_run },
		{ "foreign", OPTION_FLAG, &run.foreign },
		{ "id", OPTION_TEXT, &run.target.id_text },
		{ "json", OPTION_FLAG, &run.json },
		{ "native-key", OPTION_TEXT, &run.target.native_key },
		{ "older-than", OPTION_DURATION, &run.older_than },
		{ "qt", OPTION_FLAG, &run.qt },
		{ "quiet", OPTION_FLAG, &run.quiet },
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

	if (status != OPTIONS_READ)
		return status;
	status = target_parse(&command_recover, &run.target, operands.count);
	if (status != OPTIONS_READ)
		return status;
	if (run.yes && !run.foreign && !is_named(&run, &operands))
		return usage_error(&command_recover, "--yes goes with "
				   "--foreign");
	if (run.unmapped && !run.foreign)
		return usage_error(&command_recover, "--unmapped goes with "
				   "--foreign");
	if (run.unmapped && run.older_than < 0)
		return usage_error(&command_recover, "--unmapped wants "
				   "--older-than: how long nobody must have "
				   "used it");
	if (run.foreign && is_named(&run, &operands))
		return usage_error(&command_recover, "--foreign takes no KEY");
	if (run.directory && directory_check(run.directory) != 0)
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
