/* SPDX-License-Identifier: BSD-2-Clause */
/* Finding the object of one name, whatever became of its key file. */
#include <config.h>

#include "object/find.h"

#include "object/judge.h"

/* Is it of this name, and somebody's who counts? */
static bool is_named(struct svshm__evidence *evidence,
		     const struct svshm__key_file *file, int segment_id,
		     bool inside)
{
	bool result = svshm__evidence_gather(evidence, segment_id, false,
					     inside, file, NULL) == SVSHM_OK &&
		      evidence->header == SVSHM__HEADER_VALID &&
		      evidence->named && !evidence->view.retired;

	/* Nobody else has business in our own directory. */
	if (result && file->private)
		result = svshm__judge_trusted(evidence->segment.uid,
					      evidence->segment.creator_uid,
					      file);
	svshm__evidence_free(evidence);
	return result;
}

/*
 * The set tells most of them apart, without mapping anything. One whose gate is
 * taken may be the one: the caller will wait at its gate, and see.
 */
static bool may_be_object_of(const struct svshm__key_file *file,
			     const struct svshm__found *found,
			     unsigned name_hash)
{
	struct svshm__evidence evidence;
	struct svshm__set *set = &evidence.set;
	int code = svshm__semset_find(found->key, &set->id, NULL);

	evidence.will_change = false;
	if (!code)
		code = svshm__set_look(set, name_hash, NULL);
	/* It may be tagged for another name, while nobody is registered there,
	   or reset. Only then it is worth a look at the segment. */
	if (code == SVSHM__TRY_NEXT_KEY && set->marked &&
	    (svshm__set_is_idle(set) || !svshm__set_has_tag(set)) &&
	    svshm__judge_set_owner(found->key, set, file) == SVSHM__SET_OURS)
		code = SVSHM_OK;
	if (code == SVSHM__TRY_NEXT_KEY)
		return false;
	if (code) {
		set->id = -1;
		return is_named(&evidence, file, found->segment_id, false);
	}
	code = svshm__gate_try(set);
	if (code == SVSHM_BUSY)
		return true;

	bool result = is_named(&evidence, file, found->segment_id,
			       code == SVSHM_OK);

	if (code == SVSHM_OK)
		svshm__gate_leave(set->id);
	return result;
}

int svshm__find_other(const struct svshm__key_file *file, int project,
		      struct svshm__found *found)
{
	unsigned name_hash = svshm__key_name_hash(file->path);

	found->set_id = -1;
	for (int i = 0; file->first_key && i < SVSHM__PROJECTS; i++) {
		found->key = svshm__key_nth(file->first_key, i);
		if (SVSHM__PROJECT_FIRST + i != project &&
		    !svshm__segment_find(found->key, &found->segment_id,
					 NULL) &&
		    may_be_object_of(file, found, name_hash))
			return SVSHM_OK;
	}
	return SVSHM_NOT_FOUND;
}

int svshm__find(const struct svshm__key_file *file, struct svshm__found *found)
{
	return svshm__find_other(file, -1, found);
}

bool svshm__find_by_keys(const struct svshm__key_file *file,
			 struct svshm__found *found)
{
	unsigned name_hash = svshm__key_name_hash(file->path);
	struct svshm__set set;
	bool any = false;

	for (int i = 0; file->first_key && i < SVSHM__PROJECTS; i++) {
		key_t key = svshm__key_nth(file->first_key, i);
		int segment_id;

		if (svshm__semset_find(key, &set.id, NULL))
			continue;

		int code = svshm__set_look(&set, name_hash, NULL);

		if (code == SVSHM__TRY_NEXT_KEY &&
		    svshm__judge_set_owner(key, &set, file) != SVSHM__SET_OURS)
			continue;
		/* Nobody else has business in our own directory. */
		if (file->private &&
		    (code == SVSHM_PERMISSION_DENIED ||
		     (!code &&
		      !svshm__judge_trusted(set.status.uid,
					    set.status.creator_uid, file))))
			continue;
		if (svshm__segment_find(key, &segment_id, NULL))
			segment_id = -1;
		/* What was retired is shown if there is nothing else. To look is
		   to map it, so only if there is a choice. */
		if (any && found->segment_id >= 0 &&
		    !svshm__judge_retired(found->segment_id, file))
			break;
		found->key = key;
		found->set_id = set.id;
		found->segment_id = segment_id;
		any = true;
	}
	return any;
}
