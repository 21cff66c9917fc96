/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Qt's objects have no header, so they are found by their key files alone, and
 * what can be said of them is what the kernel says. To look changes nothing: no
 * segment is mapped, and no lock taken.
 *
 * Files without anything in the kernel are not shown: with /tmp shared between
 * two containers, they may well be in use in the other one.
 */
#include <config.h>

#include "recovery/scan_qt.h"

#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/debug.h"
#include "kernel/description.h"
#include "kernel/list.h"
#include "qt/file.h"
#include "qt/judge.h"

#ifndef PATH_MAX
#define PATH_MAX 4096
#endif

/* ---- One object -------------------------------------------------------- */

/* What may not be looked at is as it is listed. */
static void describe_by_kernel(struct svshm_object *object,
			       const struct svshm__qt_evidence *evidence)
{
	struct svshm__segment_status segment = evidence->segment;
	struct svshm__set_status set = evidence->set;

	if (evidence->segment_id >= 0) {
		if (segment.size == 0)
			svshm__listed_segment(evidence->segment_id, &segment);
		svshm__description_by_segment(object, &segment);
		return;
	}
	if (set.count == 0 && object->semaphore_id >= 0)
		svshm__listed_set(object->semaphore_id, &set);
	svshm__description_by_set(object, &set);
}

static void describe(struct svshm_object *object,
		     const struct svshm__qt_evidence *evidence,
		     const struct svshm__qt_names *names)
{
	object->layout = SVSHM_LAYOUT_QT;
	object->native_key = names->segment;
	object->segment_id = evidence->segment_id;
	object->semaphore_id = evidence->set_unreadable ?
				       evidence->hidden_set_id :
				       evidence->set_id;
	describe_by_kernel(object, evidence);
	object->size = object->segment_size;
	object->lock_known = evidence->set_id >= 0;
	if (evidence->set_id >= 0 && evidence->value == 0) {
		object->locked = true;
		object->lock_pid = evidence->last_pid;
	}
	if (*evidence->shared)
		object->notes |= SVSHM_NOTE_LOCK_SHARED;
}

/* The segment's key, or that of a set without a segment. */
static int look(struct svshm__qt_evidence *evidence,
		const struct svshm__qt_names *names, bool closely, int64_t *key,
		struct svshm__error *error)
{
	struct svshm__qt_file file, lock_file;
	bool lock = svshm__qt_file_look(&lock_file, names->lock, names->project,
					names->legacy, SVSHM__QT_LOOK,
					NULL) == SVSHM_OK;
	int code = svshm__qt_file_look(&file, names->segment, names->project,
				       names->legacy, SVSHM__QT_LOOK, error);

	memset(evidence, 0, sizeof(*evidence));
	evidence->segment_id = -1;
	svshm__qt_judge_set(evidence, lock ? &lock_file : NULL);
	if (closely && lock)
		svshm__qt_judge_shared(evidence, &lock_file, names->lock);
	*key = lock ? (int64_t)lock_file.key : 0;
	if (code == SVSHM_NOT_FOUND)
		return SVSHM_OK;
	if (code)
		return code;
	*key = (int64_t)file.key;
	code = svshm__qt_judge_segment(evidence, &file, error);
	/* It is shown, with a verdict that says so. */
	return evidence->unreadable || evidence->foreign ? SVSHM_OK : code;
}

/* NOT_FOUND: nothing is there; the result of VISIT otherwise. CLOSELY: also look
   for other keys' files, which would take long for one object after the other. */
static int show(const struct svshm__qt_names *names, bool alone_too,
		bool closely, svshm_visit *visit, void *context, int ids[2],
		struct svshm__error *error)
{
	struct svshm__qt_evidence evidence;
	struct svshm_object object;
	char key[256], reason[768];
	int code;

	svshm__description_init(&object);
	code = look(&evidence, names, closely, &object.ipc_key, error);
	if (code)
		return code;
	object.verdict = svshm__qt_judge(&evidence);
	if (evidence.segment_id < 0 &&
	    (!alone_too || (evidence.set_id < 0 && !evidence.set_unreadable)))
		return SVSHM_NOT_FOUND;
	describe(&object, &evidence, names);
	if (svshm__qt_key_of_path(names->segment, key, sizeof(key)))
		object.key = key;
	svshm__qt_judge_reason(&evidence, object.verdict, reason,
			       sizeof(reason));
	object.reason = reason;
	ids[0] = evidence.segment_id;
	ids[1] = object.semaphore_id;
	return visit(&object, context);
}

int svshm__qt_inspect(const struct svshm__qt_names *names, svshm_visit *visit,
		      void *context, struct svshm__error *error)
{
	int ids[2];
	int code = show(names, true, true, visit, context, ids, error);

	if (code == SVSHM_NOT_FOUND)
		svshm__error_set(error, code,
				 "there is no Qt object with the "
				 "key file %.300s",
				 names->segment);
	return code;
}

/* ---- All --------------------------------------------------------------- */

struct scan {
	bool alone_too;
	svshm_visit *visit;
	void *context;
	struct svshm__qt_shown *shown;
};

static int add(int **ids, size_t *count, int id)
{
	int *more;

	if (id < 0)
		return SVSHM_OK;
	more = realloc(*ids, (*count + 1) * sizeof(**ids));
	if (!more)
		return SVSHM_OUT_OF_RESOURCES;
	more[(*count)++] = id;
	*ids = more;
	return SVSHM_OK;
}

static int show_names(struct scan *scan, const struct svshm__qt_names *names)
{
	struct svshm__qt_shown *shown = scan->shown;
	int ids[2] = { -1, -1 };
	int code = show(names, scan->alone_too, false, scan->visit,
			scan->context, ids, NULL);
	int added = add(&shown->segments, &shown->segment_count, ids[0]);

	if (!added)
		added = add(&shown->sets, &shown->set_count, ids[1]);
	/* Files that cannot be looked at, or lead to nothing: not ours to tell;
	   what VISIT returned is. */
	if (ids[0] < 0 && ids[1] < 0)
		code = SVSHM_OK;
	return code ? code : added;
}

/*
 * DIRECTORY/NAME, if it is a key file of a segment; or of a set, if its
 * segment's key file is gone.
 */
static int show_file(struct scan *scan, const char *directory, const char *name,
		     bool legacy)
{
	char path[PATH_MAX + 256];
	const char *suffix = svshm__qt_suffix(name, SVSHM__QT_LOCK_PREFIX);
	struct svshm__qt_names names;
	struct stat status;
	int code;

	snprintf(path, sizeof(path), "%s/%s%s", directory,
		 suffix ? SVSHM__QT_SEGMENT_PREFIX : "",
		 suffix ? suffix : name);
	if (suffix && lstat(path, &status) == 0)
		return SVSHM_OK;
	if (!suffix && !legacy &&
	    (lstat(path, &status) < 0 || !S_ISREG(status.st_mode) ||
	     status.st_size != 0))
		return SVSHM_OK;
	if (svshm__qt_names_of_path(&names, path, SVSHM__QT_PROJECT, NULL))
		return SVSHM_OUT_OF_RESOURCES;
	/* Files of other kinds are none of ours. */
	code = names.legacy == legacy ? show_names(scan, &names) : SVSHM_OK;
	svshm__qt_names_free(&names);
	return code;
}

static int scan_directory(struct scan *scan, const char *path, bool legacy)
{
	DIR *stream = opendir(*path ? path : "/");
	struct dirent *entry;
	int code = SVSHM_OK;

	while (stream && !code && (entry = readdir(stream)))
		if (entry->d_name[0] != '.' &&
		    (!legacy || strncmp(entry->d_name, "qipc_", 5) == 0))
			code = show_file(scan, path, entry->d_name, legacy);
	if (stream)
		closedir(stream);
	return code;
}

int svshm__qt_scan(bool alone_too, svshm_visit *visit, void *context,
		   struct svshm__qt_shown *shown)
{
	struct scan scan = { alone_too, visit, context, shown };
	const char *runtime = svshm__environment("XDG_RUNTIME_DIR");
	char directory[PATH_MAX], standard[PATH_MAX];
	int code;

	memset(shown, 0, sizeof(*shown));
	svshm__qt_directory(directory, sizeof(directory));
	code = scan_directory(&scan, directory, true);
	if (!code &&
	    (!realpath("/tmp", standard) || strcmp(standard, directory) != 0))
		code = scan_directory(&scan, "/tmp", true);
	if (!code && runtime && *runtime == '/')
		code = scan_directory(&scan, runtime, false);
	return code;
}

static bool has(const int *ids, size_t count, int id)
{
	for (size_t i = 0; i < count; i++)
		if (ids[i] == id)
			return true;
	return false;
}

bool svshm__qt_shown_segment(const struct svshm__qt_shown *shown, int id)
{
	return has(shown->segments, shown->segment_count, id);
}

bool svshm__qt_shown_set(const struct svshm__qt_shown *shown, int id)
{
	return has(shown->sets, shown->set_count, id);
}

void svshm__qt_shown_free(struct svshm__qt_shown *shown)
{
	free(shown->segments);
	free(shown->sets);
}
