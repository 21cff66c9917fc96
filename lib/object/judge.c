/* SPDX-License-Identifier: BSD-2-Clause */
#include <config.h>

#include "object/judge.h"

#include <string.h>
#include <unistd.h>

#include "base/atomic.h"
#include "memory/mapping.h"
#include "kernel/process.h"

/* ---- Evidence ------------------------------------------------------------ */

/*
 * The same name in the same directory, by whatever path (a bind mount, another
 * spelling) and whatever became of the key file. The same path in another
 * directory is another root's, or of a directory that was removed and made anew.
 */
bool svshm__view_is_named(const struct svshm__view *view,
			  const struct svshm__key_file *file)
{
	return !file || (svshm__key_same_directory(&view->key_file,
						   &file->identity) &&
			 strcmp(svshm__key_base_name(view->path),
				svshm__key_base_name(file->path)) == 0);
}

/* Where a process may map it once: another thread of ours that detaches outside the
   gate (leave.c) is about to unmap it. */
static int map_segment(struct svshm__evidence *evidence, bool writable,
		       struct svshm__error *error)
{
	int (*map)(int, bool, void **, struct svshm__error *) =
		evidence->will_change ? svshm__segment_map_patiently :
					svshm__segment_map;
	int code = SVSHM_PERMISSION_DENIED;

	if (writable) {
		evidence->mapping_read_only = false;
		code = map(evidence->segment_id, false, &evidence->mapping,
			   error);
	}
	if (code == SVSHM_PERMISSION_DENIED) {
		evidence->mapping_read_only = true;
		code = map(evidence->segment_id, true, &evidence->mapping,
			   error);
	}
	return code;
}

/* A second mapping costs time, and HP-UX does not allow it. */
static void borrow_mapping(struct svshm__evidence *evidence)
{
	evidence->borrowed = svshm__attachment_borrow(evidence->segment_id,
						      &evidence->mapping);
	if (evidence->borrowed)
		evidence->mapping_read_only = evidence->borrowed->reader;
}

/* It is an object, or may become one. A mapping has a page at the least. */
static bool has_turn(const struct svshm__header *header)
{
	uint32_t magic = svshm__load(&header->magic);

	return magic == 0 ||
	       (magic == SVSHM__MAGIC && header->format == SVSHM__FORMAT);
}

/* For who is about to change it: a turn goes before all else that is looked at. */
static int look_since_turn(struct svshm__evidence *evidence,
			   struct svshm__error *error)
{
	const struct svshm__header *header = evidence->mapping;
	struct svshm__segment_status *segment = &evidence->segment;
	int code = SVSHM_OK;

	if (has_turn(header))
		code = svshm__turn_look(&evidence->turn, header,
					evidence->segment_id, &evidence->set,
					SVSHM__TURN_TIMEOUT_MS, error);
	if (!code && evidence->set.id >= 0)
		code = svshm__set_renew(&evidence->set, error);
	if (!code)
		code = svshm__segment_stat(evidence->segment_id, segment,
					   error);
	if (code)
		return code == SVSHM_REMOVED ? SVSHM__RETRY : code;
	/* Our own does not count. */
	if (!evidence->borrowed && segment->mappings > 0)
		segment->mappings--;
	evidence->held = evidence->set.id < 0 ? 0 :
			 svshm__slots_held(&evidence->set);
	return segment->removed ? SVSHM__RETRY : SVSHM_OK;
}

static int map_or_borrow(struct svshm__evidence *evidence, bool writable,
			 bool inside, struct svshm__error *error)
{
	int code = SVSHM_OK;

	/* Before our own mapping counts. */
	if (!evidence->will_change)
		code = svshm__segment_stat(evidence->segment_id,
					   &evidence->segment, error);
	if (!code && inside)
		borrow_mapping(evidence);
	if (!code && !evidence->mapping)
		code = map_segment(evidence, writable, error);
	/* What may not be looked at has an owner all the same. */
	if (code == SVSHM_PERMISSION_DENIED && evidence->will_change &&
	    svshm__segment_stat(evidence->segment_id, &evidence->segment, NULL))
		memset(&evidence->segment, 0, sizeof(evidence->segment));
	return code == SVSHM_REMOVED ? SVSHM__RETRY : code;
}

int svshm__evidence_gather(struct svshm__evidence *evidence, int segment_id,
			   bool writable, bool inside,
			   const struct svshm__key_file *file,
			   struct svshm__error *error)
{
	int code;

	evidence->segment_id = -1;
	evidence->mapping = NULL;
	evidence->borrowed = NULL;
	evidence->header = SVSHM__HEADER_UNREAD;
	memset(&evidence->turn, 0, sizeof(evidence->turn));
	evidence->marked_by_maker = false;
	evidence->named = false;
	evidence->set_state = SVSHM__SET_INTACT;
	evidence->died = evidence->stranded = 0;
	evidence->children = SVSHM__CHILDREN_NONE;
	evidence->bequeathed = evidence->leaving = evidence->seen = false;
	evidence->held = evidence->set.id < 0 ? 0 :
			 svshm__slots_held(&evidence->set);
	if (segment_id < 0)
		return SVSHM_OK;

	evidence->segment_id = segment_id;
	code = map_or_borrow(evidence, writable, inside, error);
	if (code)
		return code;
	if (evidence->will_change)
		code = look_since_turn(evidence, error);
	if (code)
		return code;

	evidence->header = svshm__header_read(evidence->mapping,
					      evidence->segment.size,
					      &evidence->view);
	if (evidence->header != SVSHM__HEADER_VALID) {
		/* A set that was fresh as we came had no maker of segments
		   inside; its mark is our own by now, and we may have other
		   segments. */
		if (evidence->set.id >= 0 && !evidence->set.fresh)
			evidence->marked_by_maker =
				evidence->segment.creator_pid ==
				svshm__semset_last_pid(evidence->set.id,
						       SVSHM__SEM_TAG);
		return SVSHM_OK;
	}
	evidence->named = svshm__view_is_named(&evidence->view, file);
	if (evidence->named)
		svshm__judge_users(evidence);
	return SVSHM_OK;
}

/*
 * Its header, as a mere reader sees it; false: there is none. Not for what this
 * process has attached: not all systems let it map that once more.
 */
static bool look_as_reader(struct svshm__evidence *evidence, int segment_id,
			   const struct svshm__key_file *file)
{
	memset(&evidence->set, 0, sizeof(evidence->set));
	evidence->set.id = -1;
	evidence->will_change = false;
	if (svshm__evidence_gather(evidence, segment_id, false, false, file,
				   NULL))
		return false;
	svshm__evidence_free(evidence);
	return evidence->header == SVSHM__HEADER_VALID && evidence->named;
}

/* A set that was made as the gate of an object that has lost its own, and was
   reset, tag and all: it is marked, and as large as for that object. */
static bool is_made_for(const struct svshm__set *set,
			const struct svshm__view *view)
{
	return set->marked && set->status.count ==
			      svshm__slot_semaphores(view->slot_count);
}

enum svshm__set_owner svshm__judge_set_owner(key_t key,
					     const struct svshm__set *set,
					     const struct svshm__key_file *file)
{
	struct svshm__evidence evidence;
	int segment_id, set_id;

	if (svshm__segment_find(key, &segment_id, NULL))
		return SVSHM__SET_FOREIGN;
	if (svshm__attachment_find(segment_id, &set_id))
		return set_id == set->id || svshm__set_has_tag(set) ||
				       set->marked ?
			SVSHM__SET_OURS : SVSHM__SET_USURPED;
	if (!look_as_reader(&evidence, segment_id, file) ||
	    (file && !svshm__judge_trusted(evidence.segment.uid,
					   evidence.segment.creator_uid,
					   file)))
		return SVSHM__SET_FOREIGN;
	if (evidence.view.set_id == set->id || svshm__set_has_tag(set) ||
	    is_made_for(set, &evidence.view))
		return SVSHM__SET_OURS;
	return evidence.view.retired ? SVSHM__SET_FOREIGN :
				       SVSHM__SET_USURPED;
}

int svshm__judge_look_at_set(struct svshm__set *set, key_t key,
			     struct svshm__error *error)
{
	int code = svshm__set_look(set, 0, error);

	return code == SVSHM__TRY_NEXT_KEY &&
			       svshm__judge_set_owner(key, set, NULL) ==
				       SVSHM__SET_OURS ?
		       SVSHM_OK :
		       code;
}

bool svshm__judge_was_reset(key_t key, int set_id)
{
	struct svshm__evidence evidence;
	struct svshm__set_status status;
	int segment_id;

	return !svshm__segment_find(key, &segment_id, NULL) &&
	       look_as_reader(&evidence, segment_id, NULL) &&
	       evidence.view.set_id == set_id &&
	       !svshm__semset_stat(set_id, &status, NULL) &&
	       evidence.view.set_change_time != status.change_time;
}

bool svshm__judge_retired(int segment_id, const struct svshm__key_file *file)
{
	struct svshm__evidence evidence;

	int set_id;

	return !svshm__attachment_find(segment_id, &set_id) &&
	       look_as_reader(&evidence, segment_id, file) &&
	       evidence.view.retired;
}

int svshm__evidence_renew(struct svshm__evidence *evidence,
			  const struct svshm__set *set,
			  struct svshm__error *error)
{
	bool same_set = evidence->set.id == set->id;
	struct svshm__segment_status segment;
	int code = svshm__segment_stat(evidence->segment_id, &segment, error);

	evidence->set = *set;
	evidence->mapping = NULL;
	if (code)
		return code == SVSHM_REMOVED ? SVSHM__RETRY : code;
	/* Ids are used again. */
	if (!same_set ||
	    segment.creator_pid != evidence->segment.creator_pid ||
	    segment.change_time != evidence->segment.change_time ||
	    segment.size != evidence->segment.size || segment.mappings ||
	    evidence->held != svshm__slots_held(set))
		return SVSHM__TRY_NEXT_KEY;
	evidence->segment = segment;
	return SVSHM_OK;
}

void svshm__evidence_free(struct svshm__evidence *evidence)
{
	struct svshm__attachment *borrowed = evidence->borrowed;

	if (evidence->mapping && !borrowed)
		svshm__segment_unmap(evidence->mapping);
	evidence->mapping = NULL;
	evidence->borrowed = NULL;
	/* The handle from which it was borrowed may have gone meanwhile, if it
	   could not wait for the gate that we are in. */
	if (borrowed && svshm__mapping_release(borrowed, SVSHM_READ_ONLY))
		svshm__mapping_free(borrowed);
}

static bool is_trusted(uid_t uid, const struct svshm__key_file *file)
{
	return uid == file->us || uid == 0 || uid == file->user ||
	       uid == file->owner ||
	       svshm__key_file_names_maker(file, uid);
}

bool svshm__judge_trusted(uid_t uid, uid_t creator_uid,
			  const struct svshm__key_file *file)
{
	return is_trusted(uid, file) &&
	       (creator_uid == uid || is_trusted(creator_uid, file));
}

/* ---- Judgement ----------------------------------------------------------- */

/*
 * No valid header. Only the mark that the maker of a segment leaves on the set
 * right before (svshm__gate_mark_creator()) makes the segment ours: else it is
 * some other program's, whose key happens to be the same, and not to be touched.
 */
static enum svshm_verdict judge_headless(const struct svshm__evidence *evidence)
{
	if (evidence->set.id < 0 || !evidence->marked_by_maker)
		return evidence->header == SVSHM__HEADER_CORRUPT ?
			SVSHM_VERDICT_CORRUPT : SVSHM_VERDICT_FOREIGN;
	if (evidence->header != SVSHM__HEADER_UNPUBLISHED)
		return SVSHM_VERDICT_CORRUPT;
	return evidence->segment.mappings ? SVSHM_VERDICT_UNKNOWN :
					    SVSHM_VERDICT_HALF_MADE;
}

static enum svshm_verdict judge_valid(const struct svshm__evidence *evidence)
{
	bool used = evidence->held || evidence->stranded ||
		    evidence->children != SVSHM__CHILDREN_NONE;

	if (!evidence->named)
		return SVSHM_VERDICT_FOREIGN;
	if (evidence->segment.mappings && used)
		return SVSHM_VERDICT_IN_USE;
	if (evidence->view.retired)
		return SVSHM_VERDICT_HALF_REMOVED;
	return evidence->died || evidence->held || evidence->bequeathed ?
		SVSHM_VERDICT_ORPHAN : SVSHM_VERDICT_HALF_REMOVED;
}

enum svshm_verdict svshm__judge(const struct svshm__evidence *evidence)
{
	if (evidence->gate_held)
		return SVSHM_VERDICT_IN_USE;
	if (evidence->segment_id < 0)
		return evidence->set.id < 0 ? SVSHM_VERDICT_GONE :
		       evidence->set.fresh || !evidence->held ?
			SVSHM_VERDICT_HALF_MADE : SVSHM_VERDICT_HALF_REMOVED;
	switch (evidence->header) {
	case SVSHM__HEADER_INCOMPATIBLE:
		return SVSHM_VERDICT_UNKNOWN;
	case SVSHM__HEADER_UNREAD:
		/* Set and segment of one object have the same mode: if only the
		   segment may not be read, it is somebody else's. */
		return evidence->set.id < 0 ? SVSHM_VERDICT_UNKNOWN :
					      SVSHM_VERDICT_FOREIGN;
	case SVSHM__HEADER_UNPUBLISHED:
	case SVSHM__HEADER_FOREIGN:
	case SVSHM__HEADER_CORRUPT:
		return judge_headless(evidence);
	case SVSHM__HEADER_VALID:
		break;
	}
	return judge_valid(evidence);
}
