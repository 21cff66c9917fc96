/* SPDX-License-Identifier: BSD-2-Clause */
#include <config.h>

#include "judge.h"

#include <string.h>
#include <unistd.h>

#include "atomic.h"
#include "mapping.h"
#include "process.h"

/* ---- The header ---------------------------------------------------------- */

/* LENGTH bytes and a NUL at OFFSET, between the header and the data. */
static bool string_fits(const char *segment, uint32_t offset, uint32_t length,
			uint64_t data_offset)
{
	return offset >= sizeof(struct svshm__header) &&
	       (uint64_t)offset + length + 1 <= data_offset &&
	       segment[offset + length] == '\0';
}

/* Every number is copied once, then checked, so that it can't change between
   the check and the use. */
static bool copy_checked(const char *segment, uint64_t segment_size,
			 struct svshm__view *view)
{
	const struct svshm__header *header = (const void *)segment;
	uint32_t path_offset = header->path_offset;
	uint32_t path_length = header->path_length;
	size_t page = svshm__page_size();

	view->segment_size = header->segment_size;
	view->data_offset = header->data_offset;
	view->data_size = header->data_size;
	view->device = header->device;
	view->inode = header->inode;
	view->project = header->project;
	view->flags = header->flags;
	view->slots_offset = header->slots_offset;
	view->slot_count = header->slot_count;
	view->key_offset = header->key_offset;
	view->key_length = header->key_length;
	view->lock_engine = header->lock_engine;
	view->create_time = header->create_time;
	view->registrations = header->registrations;
	view->slots_used = view->registrations < view->slot_count ?
		(uint32_t)view->registrations : view->slot_count;
	view->lock_word = svshm__load(&header->lock_word);
	view->inconsistent = svshm__load(&header->inconsistent) != 0;

	if (view->segment_size > segment_size ||
	    view->data_offset > view->segment_size ||
	    view->data_offset < sizeof(*header) ||
	    view->data_offset % page != 0 || view->data_size == 0 ||
	    view->data_size > view->segment_size - view->data_offset)
		return false;
	if (view->slots_offset < sizeof(*header) ||
	    view->slots_offset % 8 != 0 || view->slot_count == 0 ||
	    view->slot_count > SVSHM__SLOT_SEMAPHORES_MAX *
				       SVSHM__SLOTS_PER_SEMAPHORE ||
	    view->slots_offset + (uint64_t)view->slot_count *
				       sizeof(struct svshm__slot) >
		    view->data_offset)
		return false;
	if (path_length >= sizeof(view->path) ||
	    !string_fits(segment, path_offset, path_length,
			 view->data_offset) ||
	    !string_fits(segment, view->key_offset, view->key_length,
			 view->data_offset))
		return false;
	memcpy(view->path, segment + path_offset, path_length);
	view->path[path_length] = '\0';
	return view->path[0] == '/';
}

enum svshm__header_state svshm__header_read(const void *segment,
					    uint64_t segment_size,
					    struct svshm__view *view)
{
	const struct svshm__header *header = segment;

	if (segment_size < sizeof(*header))
		return SVSHM__HEADER_FOREIGN;

	uint32_t magic = svshm__load(&header->magic);

	if (magic == 0)
		return SVSHM__HEADER_UNPUBLISHED;
	if (magic != SVSHM__MAGIC)
		return SVSHM__HEADER_FOREIGN;
	if (header->byte_order == SVSHM__BYTE_ORDER_SWAPPED)
		return SVSHM__HEADER_INCOMPATIBLE;
	if (header->byte_order != SVSHM__BYTE_ORDER)
		return SVSHM__HEADER_CORRUPT;
	/* A version of ours that is to come, or any bytes. */
	if (header->format != SVSHM__FORMAT)
		return header->format <= SVSHM__FORMAT_PLAUSIBLE ?
			SVSHM__HEADER_INCOMPATIBLE : SVSHM__HEADER_CORRUPT;
	if (header->header_size != sizeof(*header))
		return SVSHM__HEADER_CORRUPT;
	if (!copy_checked(segment, segment_size, view))
		return SVSHM__HEADER_CORRUPT;
	return SVSHM__HEADER_VALID;
}

/* ---- Evidence ------------------------------------------------------------ */

/*
 * The same path, or the same file under the same name by another path (a bind
 * mount, another spelling). The same path with another file is a key file that
 * was lost and made anew. The same file under another name is not the name
 * asked for: inode numbers are used again.
 */
static bool is_named(const struct svshm__view *view,
		     const struct svshm__key_file *file)
{
	if (!file || strcmp(view->path, file->path) == 0)
		return true;
	return file->exists && view->device == file->device &&
	       view->inode == file->inode &&
	       strcmp(svshm__key_base_name(view->path),
		      svshm__key_base_name(file->path)) == 0;
}

static unsigned count_died(const struct svshm__evidence *evidence)
{
	const struct svshm__view *view = &evidence->view;
	const struct svshm__slot *slots = (const void *)(
		(const char *)evidence->mapping + view->slots_offset);
	unsigned died = 0;

	for (uint32_t i = 0; i < view->slots_used; i++)
		if (slots[i].used == SVSHM__SLOT_USED &&
		    (evidence->set.id < 0 ||
		     !svshm__slot_held(&evidence->set, i)))
			died++;
	return died;
}

static int map_segment(struct svshm__evidence *evidence, bool writable,
		       struct svshm__error *error)
{
	int code = SVSHM_PERMISSION_DENIED;

	if (writable) {
		evidence->mapping_read_only = false;
		code = svshm__segment_map(evidence->segment_id, false,
					  &evidence->mapping, error);
	}
	if (code == SVSHM_PERMISSION_DENIED) {
		evidence->mapping_read_only = true;
		code = svshm__segment_map(evidence->segment_id, true,
					  &evidence->mapping, error);
	}
	return code;
}

/* A second mapping costs time, and HP-UX does not allow it. */
static void borrow_mapping(struct svshm__evidence *evidence)
{
	const struct svshm__attachment *attachment =
		svshm__mapping_find(evidence->segment_id);

	if (!attachment)
		return;
	evidence->mapping = attachment->base[SVSHM_READ_WRITE] ?
		attachment->base[SVSHM_READ_WRITE] :
		attachment->base[SVSHM_READ_ONLY];
	evidence->mapping_borrowed = evidence->mapping != NULL;
	evidence->mapping_read_only = attachment->reader;
}

int svshm__judge_look(struct svshm__evidence *evidence, int segment_id,
		      bool writable, bool inside,
		      const struct svshm__key_file *file,
		      struct svshm__error *error)
{
	int code;

	evidence->segment_id = -1;
	evidence->mapping = NULL;
	evidence->mapping_borrowed = false;
	evidence->header = SVSHM__HEADER_UNREAD;
	evidence->maker_stamped = false;
	evidence->named = false;
	evidence->died = 0;
	evidence->held = evidence->set.id < 0 ? 0 :
			 svshm__slots_held(&evidence->set);
	if (segment_id < 0)
		return SVSHM_OK;

	evidence->segment_id = segment_id;
	/* Before our own mapping counts. */
	code = svshm__segment_stat(segment_id, &evidence->segment, error);
	if (code)
		return code == SVSHM_REMOVED ? SVSHM__AGAIN : code;
	if (inside)
		borrow_mapping(evidence);
	if (!evidence->mapping)
		code = map_segment(evidence, writable, error);
	if (code)
		return code == SVSHM_REMOVED ? SVSHM__AGAIN : code;

	evidence->header = svshm__header_read(evidence->mapping,
					      evidence->segment.size,
					      &evidence->view);
	if (evidence->header != SVSHM__HEADER_VALID) {
		/* A set that was fresh as we came had no maker of segments
		   inside; its mark is our own by now, and we may have other
		   segments. */
		if (evidence->set.id >= 0 && !evidence->set.fresh)
			evidence->maker_stamped =
				evidence->segment.creator_pid ==
				svshm__semset_last_pid(evidence->set.id,
						       SVSHM__SEM_TAG);
		return SVSHM_OK;
	}
	evidence->named = is_named(&evidence->view, file);
	/* Who died beside the living changes no verdict, and the table is
	   long. */
	if (evidence->held == 0)
		evidence->died = count_died(evidence);
	return SVSHM_OK;
}

int svshm__judge_renew(struct svshm__evidence *evidence,
		       const struct svshm__set *set, struct svshm__error *error)
{
	bool same_set = evidence->set.id == set->id;
	struct svshm__segment_status segment;
	int code = svshm__segment_stat(evidence->segment_id, &segment, error);

	evidence->set = *set;
	evidence->mapping = NULL;
	if (code)
		return code == SVSHM_REMOVED ? SVSHM__AGAIN : code;
	/* Ids are used again. */
	if (!same_set ||
	    segment.creator_pid != evidence->segment.creator_pid ||
	    segment.change_time != evidence->segment.change_time ||
	    segment.size != evidence->segment.size || segment.mappings ||
	    evidence->held != svshm__slots_held(set))
		return SVSHM__NEXT;
	evidence->segment = segment;
	return SVSHM_OK;
}

void svshm__judge_free(struct svshm__evidence *evidence)
{
	if (evidence->mapping && !evidence->mapping_borrowed)
		svshm__segment_unmap(evidence->mapping);
	evidence->mapping = NULL;
}

bool svshm__judge_trusted(uid_t uid, uid_t creator_uid,
			  const struct svshm__key_file *file)
{
	uid_t us = geteuid();

	return (uid == us || uid == 0 || uid == file->owner) &&
	       (creator_uid == us || creator_uid == 0 ||
		creator_uid == file->owner);
}

/* ---- Judgement ----------------------------------------------------------- */

/*
 * No valid header. Only the mark that the maker of a segment leaves on the set
 * right before (svshm__gate_stamp()) makes the segment ours: else it is some
 * other program's, whose key happens to be the same, and not to be touched.
 */
static enum svshm_verdict judge_headless(const struct svshm__evidence *evidence)
{
	if (evidence->set.id < 0 || !evidence->maker_stamped)
		return evidence->header == SVSHM__HEADER_CORRUPT ?
			SVSHM_VERDICT_CORRUPT : SVSHM_VERDICT_FOREIGN;
	if (evidence->header != SVSHM__HEADER_UNPUBLISHED)
		return SVSHM_VERDICT_CORRUPT;
	return evidence->segment.mappings ? SVSHM_VERDICT_UNKNOWN :
					    SVSHM_VERDICT_HALF_MADE;
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
	if (!evidence->named)
		return SVSHM_VERDICT_FOREIGN;
	if (evidence->segment.mappings)
		return SVSHM_VERDICT_IN_USE;
	return evidence->died || evidence->held ? SVSHM_VERDICT_ORPHAN :
						  SVSHM_VERDICT_HALF_REMOVED;
}

enum svshm_verdict svshm__judge_patiently(struct svshm__evidence *evidence)
{
	enum svshm_verdict verdict = svshm__judge(evidence);

	for (int i = 0; i < 100 && verdict == SVSHM_VERDICT_IN_USE &&
			evidence->held == 0; i++) {
		svshm__process_pause(1);
		if (svshm__segment_stat(evidence->segment_id,
					&evidence->segment, NULL))
			break;
		/* If only our own mapping is left, nobody else's was. */
		if (evidence->segment.mappings ==
		    (evidence->mapping && !evidence->mapping_borrowed))
			evidence->segment.mappings = 0;
		verdict = svshm__judge(evidence);
	}
	return verdict;
}
