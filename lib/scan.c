/* SPDX-License-Identifier: BSD-2-Clause */
#include <config.h>

#include "scan.h"

#include <stdlib.h>
#include <string.h>

#include "keylist.h"

int svshm__scan_add(struct svshm__scan_list *list, int id, int64_t key,
		    const struct svshm__segment_status *status)
{
	struct svshm__scan_item *item;

	/* Grows at every power of two. */
	if ((list->count & (list->count - 1)) == 0) {
		size_t room = list->count ? 2 * list->count : 1;
		struct svshm__scan_item *items =
			realloc(list->items, room * sizeof(*items));

		if (!items)
			return SVSHM_OUT_OF_RESOURCES;
		list->items = items;
	}
	item = &list->items[list->count++];
	memset(item, 0, sizeof(*item));
	item->id = id;
	item->key = key;
	if (status)
		item->status = *status;
	return SVSHM_OK;
}

/* All ftoks that we know put the project into the topmost of 32 bits. */
bool svshm__scan_plausible(int64_t key)
{
	uint32_t project = ((uint32_t)key >> 24) & 0xff;

	return project >= SVSHM__PROJECT_FIRST &&
	       project < SVSHM__PROJECT_FIRST + SVSHM__PROJECTS;
}

/* ---- One name's ------------------------------------------------------------ */

/* Is it of this name, and somebody's who counts? */
static bool is_named(struct svshm__evidence *evidence,
		     const struct svshm__key_file *file, int segment_id,
		     bool inside)
{
	bool result = svshm__judge_look(evidence, segment_id, false, inside,
					file, NULL) == SVSHM_OK &&
		      evidence->header == SVSHM__HEADER_VALID &&
		      evidence->named;

	/* Nobody else has business in our own directory. */
	if (result && file->private)
		result = svshm__judge_trusted(evidence->segment.uid,
					      evidence->segment.creator_uid,
					      file);
	svshm__judge_free(evidence);
	return result;
}

/*
 * The set tells most of them apart, without mapping anything. One whose gate is
 * taken may be the one: the caller will wait at its gate, and see.
 */
static bool may_be_object_of(const struct svshm__key_file *file,
			     const struct svshm__scan_item *item,
			     unsigned name_hash)
{
	struct svshm__evidence evidence;
	struct svshm__set *set = &evidence.set;
	int code = svshm__semset_find((key_t)item->key, &set->id, NULL);

	if (!code)
		code = svshm__set_look(set, name_hash, NULL);
	if (code == SVSHM__NEXT)
		return false;
	if (code) {
		set->id = -1;
		return is_named(&evidence, file, item->id, false);
	}
	code = svshm__gate_try(set);
	if (code == SVSHM_BUSY)
		return true;

	bool result = is_named(&evidence, file, item->id, code == SVSHM_OK);

	if (code == SVSHM_OK)
		svshm__gate_leave(set->id);
	return result;
}

int svshm__scan_find(const struct svshm__key_file *file, int except,
		     struct svshm__found *found)
{
	unsigned name_hash = svshm__key_name_hash(file->path);
	struct svshm__scan_list list;
	int code = SVSHM_NOT_FOUND;

	if (svshm__scan_segments(file, &list, NULL))
		list.count = 0;
	for (size_t i = 0; i < list.count && code; i++) {
		if (list.items[i].id == except ||
		    !may_be_object_of(file, &list.items[i], name_hash))
			continue;
		found->segment_id = list.items[i].id;
		found->key = (key_t)list.items[i].key;
		code = SVSHM_OK;
	}
	free(list.items);
	return code;
}

/* What FILE leads to under one of its keys. */
static bool find_by_keys(const struct svshm__key_file *file,
			 struct svshm__candidate *candidate)
{
	unsigned name_hash = svshm__key_name_hash(file->path);
	struct svshm__set set;

	for (int i = 0; i < SVSHM__PROJECTS; i++) {
		key_t key;

		if (svshm__key_of(file->path, SVSHM__PROJECT_FIRST + i, &key,
				  NULL) ||
		    svshm__semset_find(key, &set.id, NULL))
			continue;

		int code = svshm__set_look(&set, name_hash, NULL);

		if (code == SVSHM__NEXT)
			continue;
		/* Nobody else has business in our own directory. */
		if (file->private &&
		    (code == SVSHM_PERMISSION_DENIED ||
		     (!code && !svshm__judge_trusted(set.status.uid,
						     set.status.creator_uid,
						     file))))
			continue;
		candidate->key = (int64_t)key;
		candidate->set_id = set.id;
		if (svshm__segment_find(key, &candidate->segment_id, NULL))
			candidate->segment_id = -1;
		return true;
	}
	return false;
}

int svshm__scan_inspect(const char *path, bool native, svshm_visit *visit,
			void *context, struct svshm__error *error)
{
	struct svshm__candidate candidate = { 0, -1, -1, NULL, NULL };
	struct svshm__key_file file;
	struct svshm__found found;
	bool shown = false;
	int code = svshm__key_file_look(&file, path, native, false, 0,
					(gid_t)-1, error);

	if (code && (code != SVSHM_NOT_FOUND || !file.path))
		goto out;
	code = SVSHM_NOT_FOUND;
	if (file.exists && find_by_keys(&file, &candidate)) {
		candidate.path = native ? NULL : file.path;
	} else if (svshm__scan_find(&file, -1, &found) == SVSHM_OK) {
		candidate.key = (int64_t)found.key;
		candidate.segment_id = found.segment_id;
		if (svshm__semset_find(found.key, &candidate.set_id, NULL))
			candidate.set_id = -1;
	} else if (file.exists && !native &&
		   !svshm__key_file_check(file.path, NULL)) {
		key_t key;

		candidate.path = file.path;
		if (!svshm__key_of(path, SVSHM__PROJECT_FIRST, &key, NULL))
			candidate.key = (int64_t)key;
	} else {
		goto out;
	}
	code = svshm__scan_show(&candidate, false, visit, context, &shown);
	if (!code && !shown)
		code = SVSHM_NOT_FOUND;
out:
	if (code == SVSHM_NOT_FOUND)
		svshm__error_set(error, SVSHM_NOT_FOUND,
				 "there is no object with the key file %.300s",
				 file.path ? file.path : path);
	svshm__key_file_free(&file);
	return code;
}

/* ---- Everybody's ----------------------------------------------------------- */

struct scan {
	bool foreign_too;
	svshm_visit *visit;
	void *context;
	struct svshm__scan_list segments, sets; /* sorted by key */
	struct svshm__key_list files;
	bool *file_done;
};

static int by_key(const void *a, const void *b)
{
	const struct svshm__scan_item *left = a, *right = b;

	return (left->key > right->key) - (left->key < right->key);
}

static int find_id(const struct svshm__scan_list *list, int64_t key)
{
	struct svshm__scan_item wanted = { .id = -1, .key = key };
	const struct svshm__scan_item *item =
		key == 0 || !list->count ? NULL :
		bsearch(&wanted, list->items, list->count,
			sizeof(*list->items), by_key);

	return item ? item->id : -1;
}

static int by_path(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Passes objects on, and notes which key files they account for. */
static int visit_and_note(const struct svshm_object *object, void *context)
{
	struct scan *scan = context;
	char *const *file = NULL;

	if (object->native_key && scan->files.count)
		file = bsearch(&object->native_key, scan->files.paths,
			       scan->files.count, sizeof(char *), by_path);
	if (file)
		scan->file_done[file - scan->files.paths] = true;
	return scan->visit(object, scan->context);
}

static int show_segments(struct scan *scan)
{
	int code = SVSHM_OK;

	for (size_t i = 0; i < scan->segments.count && !code; i++) {
		const struct svshm__scan_item *item = &scan->segments.items[i];
		struct svshm__candidate candidate = {
			item->key, item->id, find_id(&scan->sets, item->key),
			NULL, item->status.size ? &item->status : NULL
		};

		/* To map a segment disturbs its times and counts: only those
		   that may be ours, or that the caller has asked for. */
		if (scan->foreign_too || svshm__scan_plausible(item->key))
			code = svshm__scan_show(&candidate, scan->foreign_too,
						visit_and_note, scan, NULL);
	}
	return code;
}

/* Key files that no header speaks of lead to a set, or to nothing. */
static int show_files(struct scan *scan)
{
	int code = SVSHM_OK;

	for (size_t i = 0; i < scan->files.count && !code; i++) {
		struct svshm__candidate candidate = { 0, -1, -1, NULL, NULL };
		struct svshm__key_file file;

		if (scan->file_done[i])
			continue;
		candidate.path = scan->files.paths[i];
		if (svshm__key_file_look(&file, candidate.path, false, false,
					 0, (gid_t)-1, NULL) ||
		    svshm__key_file_check(candidate.path, NULL)) {
			svshm__key_file_free(&file);
			continue;
		}
		if (!find_by_keys(&file, &candidate)) {
			key_t key;

			if (!svshm__key_of(candidate.path,
					   SVSHM__PROJECT_FIRST, &key, NULL))
				candidate.key = (int64_t)key;
		}
		/* An object made since the segments were listed isn't new. */
		if (candidate.segment_id < 0)
			code = svshm__scan_show(&candidate, false, scan->visit,
						scan->context, NULL);
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
		const struct svshm__scan_item *item = &scan->sets.items[i];
		struct svshm__candidate candidate = { item->key, -1, item->id,
						      NULL, NULL };

		if (item->id >= 0 && find_id(&scan->segments, item->key) < 0)
			code = svshm__scan_show(&candidate, scan->foreign_too,
						scan->visit, scan->context,
						NULL);
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

int svshm_scan(unsigned flags, svshm_visit *visit, void *context)
{
	struct scan scan;
	int code;

	if (!visit || (flags & ~SVSHM_SCAN_FOREIGN))
		return SVSHM_INVALID_ARGUMENT;
	memset(&scan, 0, sizeof(scan));
	scan.foreign_too = (flags & SVSHM_SCAN_FOREIGN) != 0;
	scan.visit = visit;
	scan.context = context;

	/* Sets first: an object made in between shows as a segment then,
	   never as a set without one. */
	code = svshm__scan_sets(&scan.sets, NULL);
	if (!code)
		code = svshm__scan_segments(NULL, &scan.segments, NULL);
	/* Without a usable key directory the kernel's objects still show. */
	if (svshm__key_list_read(&scan.files, NULL))
		scan.files.count = 0;
	scan.file_done = calloc(scan.files.count + 1, sizeof(bool));
	if (!code && !scan.file_done)
		code = SVSHM_OUT_OF_RESOURCES;
	if (!code) {
		sort(&scan);
		code = show_segments(&scan);
	}
	if (!code)
		code = show_files(&scan);
	if (!code)
		code = show_sets(&scan);
	free(scan.file_done);
	svshm__key_list_free(&scan.files);
	free(scan.segments.items);
	free(scan.sets.items);
	return code;
}
