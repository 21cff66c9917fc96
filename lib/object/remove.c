/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Leftovers go, or are retired: see "Teams" at the head of object/object.c.
 */
#include <config.h>

#include "object/object.h"

#include <unistd.h>

#include "base/atomic.h"
#include "base/crashpoint.h"

bool svshm__native_may_remove(const struct svshm__segment_status *segment)
{
	uid_t us = geteuid();

	return us == 0 || us == segment->uid || us == segment->creator_uid;
}

void svshm__native_retire(struct svshm__header *header, void *data,
			  uint64_t size, bool mapped_by_others)
{
	svshm__store(&header->removed, 1);
	svshm__announce(&header->retired, SVSHM__RETIRED);
	CRASHPOINT("retire:marked");
	if (!mapped_by_others && svshm__segment_discard(data, (size_t)size))
		svshm__store(&header->retired, SVSHM__RETIRED_EMPTY);
}

int svshm__native_remove_segment(struct svshm__evidence *evidence,
				 struct svshm__error *error)
{
	if (evidence->header == SVSHM__HEADER_VALID ||
	    evidence->header == SVSHM__HEADER_UNPUBLISHED)
		return svshm__turn_remove(&evidence->turn, evidence->segment_id,
					  &evidence->set, error);
	return svshm__segment_remove(evidence->segment_id, error);
}

/* Retire what is there, or give back what a retired one still has. */
static int retire(struct svshm__attempt *attempt)
{
	struct svshm__evidence *evidence = &attempt->evidence;
	const struct svshm__view *view = &evidence->view;
	bool others = evidence->segment.mappings > 0;
	void *mapping = NULL;
	int code;

	svshm__judge_free(evidence);
	if (evidence->header != SVSHM__HEADER_VALID)
		return SVSHM__NEXT;
	code = svshm__segment_map(evidence->segment_id, false, &mapping,
				  attempt->error);
	if (code)
		return code == SVSHM_PERMISSION_DENIED ? SVSHM__NEXT : code;

	struct svshm__header *header = mapping;

	if (!evidence->turn.taken &&
	    !svshm__turn_take(&evidence->turn, header, evidence->set.id))
		code = SVSHM__AGAIN;
	else if (svshm__load(&header->retired) != SVSHM__RETIRED_EMPTY)
		svshm__native_retire(header,
				     (char *)mapping + view->data_offset,
				     view->data_size, others);
	svshm__turn_end(&evidence->turn, header);
	svshm__segment_unmap(mapping);
	return code ? code : SVSHM__NEXT;
}

int svshm__attempt_pass_by(struct svshm__attempt *attempt)
{
	int code = retire(attempt);

	svshm__attempt_leave(attempt);
	return code;
}

/* Under other keys of a key file that several users have, there may be what it
   still leads to. */
static void unlink_key_file(const struct svshm__attempt *attempt)
{
	const struct svshm__key_file *file = &attempt->file;

	/* With a set that stays, it stays, so that the set's owner finds it. */
	if (file->native || !file->exists ||
	    !svshm__set_is_removable(&attempt->evidence.set))
		return;
	if (file->private ||
	    svshm__keys_unused(file->path, attempt->evidence.set.id))
		svshm__key_file_unlink(file->path, file->device, file->inode,
				       file->owner);
}

int svshm__attempt_remove(struct svshm__attempt *attempt)
{
	struct svshm__evidence *evidence = &attempt->evidence;
	int code = SVSHM_OK;

	if (evidence->segment_id >= 0 &&
	    !svshm__native_may_remove(&evidence->segment))
		return svshm__attempt_pass_by(attempt);
	svshm__judge_free(evidence);
	if (evidence->segment_id >= 0)
		code = svshm__native_remove_segment(evidence, attempt->error);
	if (code) {
		svshm__gate_leave(evidence->set.id);
		return code;
	}
	CRASHPOINT("remove:segment gone");
	unlink_key_file(attempt);
	CRASHPOINT("remove:file gone");
	code = svshm__semset_remove(evidence->set.id, attempt->error);
	if (code)
		svshm__gate_leave(evidence->set.id);
	/* A set alone is in nobody's way. */
	return code == SVSHM_PERMISSION_DENIED ? SVSHM__NEXT : code;
}

/* Under one of the name's other keys: something retired that we may remove. */
static void sweep_at(const struct svshm__attempt *attempt, int project)
{
	struct svshm__attempt other = *attempt; /* borrows the file's path */
	struct svshm__segment_status status;
	enum svshm_verdict verdict;
	int segment_id;

	other.project = project;
	other.error = NULL;
	if (svshm__key_of(other.file.path, project, &other.key, NULL) ||
	    svshm__segment_find(other.key, &segment_id, NULL) ||
	    svshm__segment_stat(segment_id, &status, NULL) ||
	    !svshm__native_may_remove(&status) ||
	    !svshm__judge_retired(segment_id, &other.file) ||
	    svshm__attempt_enter(&other, false))
		return;
	if (svshm__attempt_judge(&other, false, &verdict) == SVSHM_OK &&
	    verdict == SVSHM_VERDICT_HALF_REMOVED &&
	    other.evidence.segment_id == segment_id &&
	    other.evidence.view.retired)
		svshm__attempt_remove(&other);
	else
		svshm__attempt_leave(&other);
}

void svshm__attempt_sweep(const struct svshm__attempt *attempt)
{
	int first = SVSHM__PROJECT_FIRST;

	if (attempt->file.private || !attempt->file.exists)
		return;
	for (int i = first; i < first + SVSHM__PROJECTS; i++)
		if (i != attempt->project)
			sweep_at(attempt, i);
}
