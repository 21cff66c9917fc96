/* SPDX-License-Identifier: BSD-2-Clause */
/* svshm_inspect() in the native layout: the object of one name. */
#include <config.h>

#include "recovery/inspect.h"

#include <unistd.h>

#include "object/find.h"
#include "recovery/show.h"

static int show(struct svshm__candidate *candidate,
		const struct svshm__found *found, svshm_visit *visit,
		void *context, bool *shown)
{
	candidate->key = (int64_t)found->key;
	candidate->segment_id = found->segment_id;
	candidate->set_id = found->set_id;
	return svshm__show(candidate, false, visit, context, shown);
}

/*
 * By the gate under one of its keys; if that is another name's, or there is
 * none, by its header. Where there is neither, its key file is all there is.
 */
static int find_and_show(const struct svshm__key_file *file,
			 struct svshm__error *error, svshm_visit *visit,
			 void *context, bool *shown)
{
	struct svshm__candidate candidate = { .file = file, .error = error };
	struct svshm__found found;
	bool gate = svshm__find_by_keys(file, &found);
	int code = SVSHM_OK;

	candidate.path = file->native || !file->exists ? NULL : file->path;
	if (gate)
		code = show(&candidate, &found, visit, context, shown);
	if (code || *shown)
		return code;
	if (svshm__find(file, &found) == SVSHM_OK) {
		candidate.path = NULL;
		if (svshm__semset_find(found.key, &found.set_id, NULL))
			found.set_id = -1;
		return show(&candidate, &found, visit, context, shown);
	}
	if (gate || !candidate.path ||
	    svshm__key_file_check(file->path, NULL))
		return SVSHM_OK;
	found = (struct svshm__found){ file->first_key, -1, -1 };
	return show(&candidate, &found, visit, context, shown);
}

int svshm__inspect(const char *path, bool native, uid_t user,
		   svshm_visit *visit, void *context,
		   struct svshm__error *error)
{
	struct svshm__key_file file;
	bool shown = false;
	int code = svshm__key_file_look(&file, path, native, user, error);

	if (!code || (code == SVSHM_NOT_FOUND && file.path))
		code = find_and_show(&file, error, visit, context, &shown);
	if (!code && !shown)
		code = SVSHM_NOT_FOUND;
	if (code == SVSHM_NOT_FOUND)
		svshm__error_set(error, SVSHM_NOT_FOUND,
				 "there is no object with the key file %.300s",
				 file.path ? file.path : path);
	svshm__key_file_free(&file);
	return code;
}
