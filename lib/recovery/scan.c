/* SPDX-License-Identifier: BSD-2-Clause */
/* svshm_scan(): all objects, without knowing their keys. */
#include <config.h>

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "kernel/process.h"
#include "key/files.h"
#include "key/list.h"
#include "object/find.h"
#include "recovery/scan_qt.h"
#include "recovery/show.h"

#define EVERYBODY ((uid_t)-1)

struct scan {
	bool foreign_too;
	uid_t owner; /* whose objects; or EVERYBODY */
	uid_t user;  /* whose key directory */
	svshm_visit *visit;
	void *context;
	struct svshm__list segments, sets; /* sorted by key */
	struct svshm__key_files files;
	bool *file_done;
	struct svshm__pids pids;
	enum svshm_verdict verdict; /* of the object visited last */
	struct svshm__qt_shown qt;
};

static int by_key(const void *a, const void *b)
{
	const struct svshm__list_item *left = a, *right = b;

	return (left->key > right->key) - (left->key < right->key);
}

static int find_id(const struct svshm__list *list, int64_t key)
{
	struct svshm__list_item wanted = { .id = -1, .key = key };
	const struct svshm__list_item *item =
		key == 0 || !list->count ?
			NULL :
			bsearch(&wanted, list->items, list->count,
				sizeof(*list->items), by_key);

	return item ? item->id : -1;
}

static int by_path(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Known not to be wanted, before anybody looks at it closely? */
static bool is_unwanted(const struct scan *scan, bool known, uid_t uid)
{
	return scan->owner != EVERYBODY && known && uid != scan->owner;
}

/* Passes on what belongs to the one who was asked for. */
static int visit_wanted(const struct svshm_object *object, void *context)
{
	const struct scan *scan = context;

	if (is_unwanted(scan, true, object->uid))
		return 0;
	return scan->visit(object, scan->context);
}

/* Passes objects on, and notes which key files they account for. */
static int visit_and_note(const struct svshm_object *object, void *context)
{
	struct scan *scan = context;
	char *const *file = NULL;

	/* Not the file here that has the same path, nor one that is for
	   another object by now. */
	if (object->native_key && scan->files.count &&
	    !(object->notes & (SVSHM_NOTE_KEY_FILE_GONE | SVSHM_NOTE_RETIRED)))
		file = bsearch(&object->native_key, scan->files.paths,
			       scan->files.count, sizeof(char *), by_path);
	if (file)
		scan->file_done[file - scan->files.paths] = true;
	scan->verdict = object->verdict;
	return visit_wanted(object, scan);
}

static int show_segments(struct scan *scan)
{
	int code = SVSHM_OK;

	for (size_t i = 0; i < scan->segments.count && !code; i++) {
		struct svshm__list_item *item = &scan->segments.items[i];
		struct svshm__candidate candidate = {
			.key = item->key,
			.segment_id = item->id,
			.set_id = find_id(&scan->sets, item->key),
			.status = item->status.size ? &item->status : NULL,
			.pids = &scan->pids
		};
		bool shown = false;

		if (svshm__qt_shown_segment(&scan->qt, item->id))
			continue;
		if (is_unwanted(scan, item->status.size, item->status.uid)) {
			/* A set with its key is another thing. */
			if (!svshm__key_plausible(item->key))
				item->id = -1;
			continue;
		}
		/* To map a segment disturbs its times and counts: only those
		   that may be ours, or that the caller has asked for. */
		if (scan->foreign_too || svshm__key_plausible(item->key))
			code = svshm__show(&candidate, scan->foreign_too,
					   visit_and_note, scan, &shown);
		/* Another program's set is an object by itself. */
		if (shown && scan->verdict == SVSHM_VERDICT_FOREIGN)
			item->id = -1;
	}
	return code;
}

/* What FILE leads to; if to nothing, its first key. */
static void find_by_keys(struct svshm__candidate *candidate,
			 const struct svshm__key_file *file)
{
	struct svshm__found found = { .segment_id = -1, .set_id = -1 };

	if (!svshm__find_by_keys(file, &found))
		found.key = file->first_key;
	candidate->key = (int64_t)found.key;
	candidate->segment_id = found.segment_id;
	candidate->set_id = found.set_id;
}

/* Key files that no header speaks of lead to a set, or to nothing. */
static int show_files(struct scan *scan)
{
	int code = SVSHM_OK;

	for (size_t i = 0; i < scan->files.count && !code; i++) {
		struct svshm__candidate candidate = { .segment_id = -1,
						      .set_id = -1 };
		struct svshm__key_file file;

		if (scan->file_done[i])
			continue;
		candidate.path = scan->files.paths[i];
		if (svshm__key_file_look(&file, candidate.path, false,
					 scan->user, NULL) ||
		    svshm__key_file_check(candidate.path, NULL)) {
			svshm__key_file_free(&file);
			continue;
		}
		find_by_keys(&candidate, &file);
		/* An object made since the segments were listed isn't new. */
		if (candidate.segment_id < 0)
			code = svshm__show(&candidate, false, visit_wanted,
					   scan, NULL);
		if (candidate.set_id >= 0)
			for (size_t j = 0; j < scan->sets.count; j++)
				if (scan->sets.items[j].id == candidate.set_id)
					scan->sets.items[j].id = -1;
		svshm__key_file_free(&file);
	}
	return code;
}

static int show_sets(struct scan *scan)
{
	int code = SVSHM_OK;

	for (size_t i = 0; i < scan->sets.count && !code; i++) {
		const struct svshm__list_item *item = &scan->sets.items[i];
		struct svshm__candidate candidate = {
			.key = item->key,
			.segment_id = -1,
			.set_id = item->id,
			.set_status = item->set_status.count ?
					      &item->set_status :
					      NULL,
			.pids = &scan->pids
		};

		if (is_unwanted(scan, item->set_status.count,
				item->set_status.uid))
			continue;
		if (item->id >= 0 && find_id(&scan->segments, item->key) < 0 &&
		    !svshm__qt_shown_set(&scan->qt, item->id))
			code = svshm__show(&candidate, scan->foreign_too,
					   visit_wanted, scan, NULL);
	}
	return code;
}

static void sort(struct scan *scan)
{
	if (scan->segments.count)
		qsort(scan->segments.items, scan->segments.count,
		      sizeof(*scan->segments.items), by_key);
	if (scan->sets.count)
		qsort(scan->sets.items, scan->sets.count,
		      sizeof(*scan->sets.items), by_key);
	if (scan->files.count)
		qsort(scan->files.paths, scan->files.count, sizeof(char *),
		      by_path);
}

static int scan_all(uid_t owner, unsigned flags, svshm_visit *visit,
		    void *context)
{
	struct scan scan;
	int code;

	memset(&scan, 0, sizeof(scan));
	scan.owner = owner;
	scan.user = owner == EVERYBODY ? geteuid() : owner;
	scan.foreign_too = (flags & SVSHM_SCAN_FOREIGN) != 0;
	scan.visit = visit;
	scan.context = context;

	/* Sets first: an object made in between shows as a segment then,
	   never as a set without one. */
	code = svshm__list_all_sets(&scan.sets, scan.user, NULL);
	if (!code)
		code = svshm__list_all_segments(&scan.segments, scan.user,
						NULL);
	/* Without a usable key directory the kernel's objects still show. */
	if (svshm__key_files_read(&scan.files, scan.user, NULL))
		scan.files.count = 0;
	scan.file_done = calloc(scan.files.count + 1, sizeof(bool));
	if (!code && !scan.file_done)
		code = SVSHM_OUT_OF_RESOURCES;
	if (!code)
		code = svshm__qt_scan(scan.foreign_too, visit_wanted, &scan,
				      &scan.qt);
	if (!code) {
		sort(&scan);
		code = show_segments(&scan);
	}
	if (!code)
		code = show_files(&scan);
	if (!code)
		code = show_sets(&scan);
	free(scan.file_done);
	svshm__pids_free(&scan.pids);
	svshm__qt_shown_free(&scan.qt);
	svshm__key_files_free(&scan.files);
	svshm__list_free(&scan.segments);
	svshm__list_free(&scan.sets);
	return code;
}

int svshm_scan_user(uid_t user, unsigned flags, svshm_visit *visit,
		    void *context)
{
	if (!visit || (flags & ~SVSHM_SCAN_FOREIGN))
		return SVSHM_INVALID_ARGUMENT;

	int state = svshm__cancel_forbidden();
	int code = scan_all(user, flags, visit, context);

	svshm__cancel_allowed(state);
	return code;
}

int svshm_scan(unsigned flags, svshm_visit *visit, void *context)
{
	return svshm_scan_user(EVERYBODY, flags, visit, context);
}
