/* SPDX-License-Identifier: BSD-2-Clause */
/* What an operation finds left over under its name is waited for, goes, or is passed
   by. */
#include <config.h>

#include "object/object.h"

#include "base/atomic.h"
#include "kernel/process.h"
#include "object/remove.h"

bool svshm__operation_has_patience(const struct svshm__operation *operation,
				   int ms)
{
	int64_t left = operation->deadline - svshm__process_now();
	bool has = left > (SVSHM__GATE_TIMEOUT_MS - ms) * SVSHM__MILLISECOND;

	if (has)
		svshm__process_pause(1);
	return has;
}

bool svshm__operation_awaits_death(const struct svshm__operation *operation)
{
	const struct svshm__evidence *evidence = &operation->evidence;
	const struct svshm__set *set = &evidence->set;

	return svshm__judge_set_sound(evidence) &&
	       (svshm__slots_held(set) || svshm__children(set)) &&
	       svshm__operation_has_patience(operation, SVSHM__PATIENCE_MS);
}

int svshm__operation_pass_by(struct svshm__operation *operation)
{
	struct svshm__evidence *evidence = &operation->evidence;
	const struct svshm__view *view = &evidence->view;
	bool others = evidence->segment.mappings > 0;
	void *mapping = NULL;
	int code;

	svshm__evidence_free(evidence);
	if (evidence->header != SVSHM__HEADER_VALID)
		return SVSHM__TRY_NEXT_KEY;
	code = svshm__segment_map(evidence->segment_id, false, &mapping,
				  operation->error);
	if (code)
		return code == SVSHM_PERMISSION_DENIED ? SVSHM__TRY_NEXT_KEY :
							 code;

	struct svshm__header *header = mapping;

	if (!evidence->turn.taken &&
	    !svshm__turn_take(&evidence->turn, header, evidence->set.id))
		code = SVSHM__RETRY;
	else if (svshm__load(&header->retired) != SVSHM__RETIRED_EMPTY)
		svshm__object_retire(header,
				     (char *)mapping + view->data_offset,
				     view->segment_size - view->data_offset,
				     others);
	svshm__turn_end(&evidence->turn, header);
	svshm__segment_unmap(mapping);
	return code ? code : SVSHM__TRY_NEXT_KEY;
}

int svshm__operation_remove(struct svshm__operation *operation)
{
	struct svshm__evidence *evidence = &operation->evidence;
	const struct svshm__key_file *file = &operation->file;
	struct svshm__removal removal = { .segment_id = evidence->segment_id,
					  .set = &evidence->set };
	int code;

	if (evidence->segment_id >= 0 &&
	    !svshm__segment_is_removable(&evidence->segment))
		return svshm__operation_pass_by(operation);
	svshm__evidence_free(evidence);
	if (evidence->header == SVSHM__HEADER_VALID ||
	    evidence->header == SVSHM__HEADER_UNPUBLISHED)
		removal.turn = &evidence->turn;
	if (file->exists && !file->native) {
		removal.path = file->path;
		removal.identity = file->identity;
		removal.owner = file->owner;
		removal.alone = svshm__key_file_is_own(file);
	}
	code = svshm__object_remove(&removal, operation->error);
	if (!code)
		operation->inside = operation->made_set = false;
	/* A set alone is in nobody's way. */
	return code == SVSHM_PERMISSION_DENIED ? SVSHM__TRY_NEXT_KEY : code;
}

/* Under one of the name's other keys: something retired that we may remove. */
static void sweep_at(const struct svshm__operation *operation, int n)
{
	struct svshm__operation other =
		*operation; /* borrows the file's path */
	struct svshm__segment_status status;
	enum svshm_verdict verdict;
	int segment_id;

	other.project = SVSHM__PROJECT_FIRST + n;
	other.key = svshm__key_nth(other.file.first_key, n);
	other.error = NULL;
	other.inside = false;
	if (svshm__segment_find(other.key, &segment_id, NULL) ||
	    svshm__segment_stat(segment_id, &status, NULL) ||
	    !svshm__segment_is_removable(&status) ||
	    !svshm__judge_retired(segment_id, &other.file) ||
	    svshm__operation_enter(&other, false))
		return;
	if (svshm__operation_judge(&other, false, &verdict) == SVSHM_OK &&
	    verdict == SVSHM_VERDICT_HALF_REMOVED &&
	    other.evidence.segment_id == segment_id &&
	    other.evidence.view.retired)
		svshm__operation_remove(&other);
	svshm__operation_leave(&other);
}

void svshm__operation_sweep(const struct svshm__operation *operation)
{
	if (operation->file.private)
		return;
	for (int i = 0; i < SVSHM__PROJECTS; i++)
		if (SVSHM__PROJECT_FIRST + i != operation->project)
			sweep_at(operation, i);
}
