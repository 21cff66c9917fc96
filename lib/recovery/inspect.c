/* SPDX-License-Identifier: BSD-2-Clause */
/* Finding the object of one name, whatever became of its key file. */
#include <config.h>

#include "recovery/scan.h"

#include <stdlib.h>
#include <unistd.h>

#include "kernel/limits.h"

/* Is it of this name, and somebody's who counts? */
static bool is_named(struct svshm__evidence *evidence,
		     const struct svshm__key_file *file, int segment_id,
		     bool inside)
{
	bool result = svshm__judge_look(evidence, segment_id, false, inside,
					file, NULL) == SVSHM_OK &&
		      evidence->header == SVSHM__HEADER_VALID &&
		      evidence->named && !evidence->view.retired;

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

	evidence.will_change = false;

	if (!code)
		code = svshm__set_look(set, name_hash, NULL);
	/* It may be tagged for another name, while nobody is registered there,
	   or reset. Only then it is worth a look at the segment. */
	if (code == SVSHM__NEXT && set->marked &&
	    (svshm__set_is_idle(set) || !svshm__set_has_tag(set)) &&
	    svshm__judge_set_owner((key_t)item->key, set, file) ==
		    SVSHM__SET_OURS)
		code = SVSHM_OK;
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

	/* Most often there is none but EXCEPT, and a list takes as many calls
	   as there were segments once. */
	if (except >= 0 && svshm__limits_one_segment())
		return SVSHM_NOT_FOUND;
	if (svshm__scan_segments(file, file->user, &list, NULL))
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

bool svshm__scan_by_keys(const struct svshm__key_file *file,
			 struct svshm__candidate *candidate)
{
	unsigned name_hash = svshm__key_name_hash(file->path);
	struct svshm__set set;
	bool found = false;

	for (int i = 0; i < SVSHM__PROJECTS; i++) {
		int segment_id;
		key_t key;

		if (svshm__key_of(file->path, SVSHM__PROJECT_FIRST + i, &key,
				  NULL) ||
		    svshm__semset_find(key, &set.id, NULL))
			continue;

		int code = svshm__set_look(&set, name_hash, NULL);

		if (code == SVSHM__NEXT &&
		    svshm__judge_set_owner(key, &set, file) != SVSHM__SET_OURS)
			continue;
		/* Nobody else has business in our own directory. */
		if (file->private &&
		    (code == SVSHM_PERMISSION_DENIED ||
		     (!code && !svshm__judge_trusted(set.status.uid,
						     set.status.creator_uid,
						     file))))
			continue;
		if (svshm__segment_find(key, &segment_id, NULL))
			segment_id = -1;
		/* What was retired is shown if there is nothing else. To look is
		   to map it, so only if there is a choice. */
		if (found && candidate->segment_id >= 0 &&
		    !svshm__judge_retired(candidate->segment_id, file))
			break;
		candidate->key = (int64_t)key;
		candidate->set_id = set.id;
		candidate->segment_id = segment_id;
		found = true;
	}
	return found;
}

int svshm__scan_inspect(const char *path, bool native, uid_t user,
			svshm_visit *visit, void *context,
			struct svshm__error *error)
{
	struct svshm__candidate candidate = { .segment_id = -1, .set_id = -1,
					      .error = error };
	struct svshm__key_file file;
	struct svshm__found found;
	bool shown = false;
	int code = svshm__key_file_look(&file, path, native, user, error);

	if (code && (code != SVSHM_NOT_FOUND || !file.path))
		goto out;
	code = SVSHM_NOT_FOUND;
	/* For root in another user's directory: he may have made a file there
	   whose keys collide with somebody else's. */
	if (user != geteuid())
		candidate.file = &file;
	if (file.exists && svshm__scan_by_keys(&file, &candidate)) {
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
