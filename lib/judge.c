/* SPDX-License-Identifier: BSD-2-Clause */
#include <config.h>

#include "judge.h"

#include <stdio.h>
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
	view->directory_device = header->directory_device;
	view->directory_inode = header->directory_inode;
	view->project = header->project;
	view->flags = header->flags;
	view->slots_offset = header->slots_offset;
	view->slot_count = header->slot_count;
	view->key_offset = header->key_offset;
	view->key_length = header->key_length;
	view->lock_engine = header->lock_engine;
	view->create_time = header->create_time;
	view->registrations = header->registrations;
	view->departures = header->departures;
	view->set_id = header->set_id;
	view->set_change_time = header->set_change_time;
	view->bequeathed = svshm__load(&header->bequeathed) != 0;
	view->retired = svshm__load(&header->retired) != SVSHM__LIVE;
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
 * The same name in the same directory, by whatever path (a bind mount, another
 * spelling) and whatever became of the key file. The same path in another
 * directory is another root's, or of a directory that was removed and made anew.
 */
static bool is_named(const struct svshm__view *view,
		     const struct svshm__key_file *file)
{
	return !file || (view->directory_device == file->directory_device &&
			 view->directory_inode == file->directory_inode &&
			 strcmp(svshm__key_base_name(view->path),
				svshm__key_base_name(file->path)) == 0);
}

static const struct svshm__slot *
slots_of(const struct svshm__evidence *evidence)
{
	return (const void *)((const char *)evidence->mapping +
			      evidence->view.slots_offset);
}

enum svshm__set_state svshm__judge_set_state(const struct svshm__set *set,
					     int set_id, int64_t change_time)
{
	if (set->id < 0 || set->id != set_id || set->fresh || !set->tagged)
		return SVSHM__SET_LOST;
	return set->status.change_time == change_time ? SVSHM__SET_INTACT :
							SVSHM__SET_CHANGED;
}

bool svshm__judge_set_sound(const struct svshm__evidence *evidence)
{
	const struct svshm__set *set = &evidence->set;

	if (!set->tagged)
		return false;
	return evidence->header != SVSHM__HEADER_VALID || !evidence->named ||
	       evidence->view.set_id != set->id ||
	       evidence->set_state == SVSHM__SET_INTACT;
}

static enum svshm__fate fate_of(const struct svshm__evidence *evidence,
				unsigned slot)
{
	const struct svshm__slot *entry = &slots_of(evidence)[slot];

	return svshm__process_fate(entry->pid, entry->start_ticks,
				   entry->pid_space, evidence->segment_id);
}

/*
 * The kernel's word is the slot, in the set in which it was claimed. Not if the
 * set was changed: what was claimed may be gone, with the process alive, and
 * stay, with the process dead.
 */
enum svshm__fate svshm__judge_fate(const struct svshm__evidence *evidence,
				   unsigned slot)
{
	bool held = evidence->set.id >= 0 &&
		    evidence->set.id == evidence->view.set_id &&
		    svshm__slot_held(&evidence->set, slot);
	enum svshm__fate fate;

	if (evidence->set_state == SVSHM__SET_INTACT && held)
		return SVSHM__FATE_ALIVE;
	fate = fate_of(evidence, slot);
	if (fate != SVSHM__FATE_UNKNOWN)
		return fate;
	if (held)
		return SVSHM__FATE_ALIVE;
	/* The time of the change counts seconds: one within the second in which
	   the set was made does not show. Then the pid is the only witness. */
	return evidence->set_state == SVSHM__SET_INTACT ? SVSHM__FATE_DEAD :
							  SVSHM__FATE_UNKNOWN;
}

/* A tenth of a second, in milliseconds: what is in passing has passed. */
#define PATIENCE_MS 100

/*
 * Lives, or may live, without its slot. One who is just dying may have lost it
 * a moment before it is seen to be dead: if nothing else is wrong with the set,
 * that is what is most likely.
 */
static bool is_stranded(const struct svshm__evidence *evidence, unsigned slot)
{
	if (evidence->set_state != SVSHM__SET_LOST &&
	    svshm__slot_held(&evidence->set, slot))
		return false;
	if (evidence->set_state == SVSHM__SET_INTACT)
		return svshm__slot_user_seen(&slots_of(evidence)[slot],
					     evidence->segment_id);
	return svshm__judge_fate(evidence, slot) != SVSHM__FATE_DEAD;
}

/*
 * All who are in the table. If nobody has the memory mapped, they are all dead,
 * or have called exec, and nobody need be asked.
 */
static void weigh_registered(struct svshm__evidence *evidence)
{
	const struct svshm__slot *slots = slots_of(evidence);
	bool mapped = evidence->segment.mappings > 0;
	unsigned alive = 0;

	for (uint32_t i = 0; i < evidence->view.slots_used; i++) {
		uint32_t used = svshm__load(&slots[i].used);

		if (used == SVSHM__SLOT_FREE)
			continue;
		if (mapped && is_stranded(evidence, i))
			evidence->stranded++;
		else if (mapped && svshm__judge_fate(evidence, i) ==
					   SVSHM__FATE_ALIVE)
			alive++;
		else if (used == SVSHM__SLOT_USED)
			evidence->died++;
	}
	evidence->held = alive;
}

const char *svshm__judge_stranded(const struct svshm__evidence *evidence,
				  char *buffer, size_t size)
{
	const struct svshm__slot *slots = slots_of(evidence);
	size_t used = 0;

	buffer[0] = '\0';
	for (uint32_t i = 0; i < evidence->view.slots_used && used < size;
	     i++) {
		char name[SVSHM__NAME_SIZE + 1] = "", shown[sizeof(name)];

		if (svshm__load(&slots[i].used) == SVSHM__SLOT_FREE ||
		    svshm__judge_fate(evidence, i) == SVSHM__FATE_DEAD)
			continue;
		memcpy(name, slots[i].name, SVSHM__NAME_SIZE);
		used += (size_t)snprintf(buffer + used, size - used,
					 "%s%lld (%s)", used ? ", " : "",
					 (long long)slots[i].pid,
					 svshm__printable(name, shown,
							  sizeof(shown)));
	}
	return buffer;
}

/* ---- Children ------------------------------------------------------------- */

/*
 * See "Children" at the head of native.c. The kernel's count is asked between
 * two looks at who has begun to fork: if nobody has meanwhile, and all that were
 * begun have been counted, it is true.
 */
static enum svshm__children count_children(const struct svshm__header *header,
					   const struct svshm__set *set,
					   enum svshm__set_state state)
{
	uint32_t forks = svshm__load(&header->forks);
	uint32_t births = svshm__load(&header->births);
	unsigned children;

	if (state != SVSHM__SET_INTACT)
		return forks ? SVSHM__CHILDREN_MAYBE : SVSHM__CHILDREN_NONE;
	if (svshm__semset_value(set->id, SVSHM__SEM_CHILDREN, &children, NULL))
		return SVSHM__CHILDREN_MAYBE;
	if (children)
		return SVSHM__CHILDREN_SOME;
	return forks == births && forks == svshm__load(&header->forks) ?
		SVSHM__CHILDREN_NONE : SVSHM__CHILDREN_MAYBE;
}

#ifdef HAVE_PTHREAD_ATFORK
#define CHILDREN_ARE_COUNTED true
#else
#define CHILDREN_ARE_COUNTED false
#endif

/*
 * Mapped, with nobody registered. Some ways to fork go by no library (a bare
 * clone(2)): so the processes are looked at, too, where that is possible. What
 * they may only read is mapped for reading alone; what a child has, is not.
 */
static enum svshm__children find_children(const struct svshm__header *header,
					  int segment_id, uint64_t ours,
					  const struct svshm__set *set,
					  enum svshm__set_state state)
{
	enum svshm__children children = count_children(header, set, state);
	bool complete;

	if (children == SVSHM__CHILDREN_SOME)
		return children;
	if (svshm__process_writer(segment_id, ours, &complete))
		return SVSHM__CHILDREN_MAYBE;
	if (complete)
		return SVSHM__CHILDREN_NONE;
	return CHILDREN_ARE_COUNTED ? children : SVSHM__CHILDREN_MAYBE;
}

enum svshm__children svshm__judge_children(const struct svshm__header *header,
					   int segment_id,
					   const struct svshm__set *set,
					   enum svshm__set_state state)
{
	int64_t deadline = svshm__process_clock() + PATIENCE_MS;
	enum svshm__children children;

	while ((children = find_children(header, segment_id, UINT64_MAX, set,
					 state)) == SVSHM__CHILDREN_MAYBE &&
	       svshm__process_clock() < deadline)
		svshm__process_pause(1);
	return children;
}

/* What this process has mapped without us, it may have from its parent. */
static enum svshm__children look_for_children(
	const struct svshm__evidence *evidence)
{
	uint64_t ours = evidence->borrowed ? UINT64_MAX :
			evidence->mapping_read_only ? 0 : 1;

	return find_children(evidence->mapping, evidence->segment_id, ours,
			     &evidence->set, evidence->set_state);
}

static void weigh_users(struct svshm__evidence *evidence)
{
	bool mapped = evidence->segment.mappings > 0;

	evidence->bequeathed = evidence->view.bequeathed;
	evidence->set_state =
		svshm__judge_set_state(&evidence->set, evidence->view.set_id,
				       evidence->view.set_change_time);
	evidence->held = evidence->set.id < 0 ||
			 evidence->set.id != evidence->view.set_id ? 0 :
			 svshm__slots_held(&evidence->set);
	/* Who died beside the living changes no verdict, and the table is
	   long. */
	if (evidence->held == 0 ||
	    (mapped && evidence->set_state != SVSHM__SET_INTACT))
		weigh_registered(evidence);
	if (mapped && !evidence->held && !evidence->stranded)
		evidence->children = look_for_children(evidence);
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
	evidence->borrowed = svshm__mapping_borrow(evidence->segment_id,
						   &evidence->mapping);
	if (evidence->borrowed)
		evidence->mapping_read_only = evidence->borrowed->reader;
}

int svshm__judge_look(struct svshm__evidence *evidence, int segment_id,
		      bool writable, bool inside,
		      const struct svshm__key_file *file,
		      struct svshm__error *error)
{
	int code;

	evidence->segment_id = -1;
	evidence->mapping = NULL;
	evidence->borrowed = NULL;
	evidence->header = SVSHM__HEADER_UNREAD;
	evidence->maker_stamped = false;
	evidence->named = false;
	evidence->set_state = SVSHM__SET_INTACT;
	evidence->died = evidence->stranded = 0;
	evidence->children = SVSHM__CHILDREN_NONE;
	evidence->bequeathed = false;
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
	if (evidence->named)
		weigh_users(evidence);
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
	if (svshm__judge_look(evidence, segment_id, false, false, file,
			      NULL))
		return false;
	svshm__judge_free(evidence);
	return evidence->header == SVSHM__HEADER_VALID && evidence->named;
}

enum svshm__set_owner svshm__judge_set_owner(key_t key,
					     const struct svshm__set *set,
					     const struct svshm__key_file *file)
{
	struct svshm__evidence evidence;
	int segment_id, set_id;

	if (svshm__segment_find(key, &segment_id, NULL))
		return SVSHM__SET_FOREIGN;
	if (svshm__mapping_find(segment_id, &set_id))
		return set_id == set->id ? SVSHM__SET_OURS : SVSHM__SET_USURPED;
	if (!look_as_reader(&evidence, segment_id, file) ||
	    (file && !svshm__judge_trusted(evidence.segment.uid,
					   evidence.segment.creator_uid,
					   file)))
		return SVSHM__SET_FOREIGN;
	if (evidence.view.set_id == set->id)
		return SVSHM__SET_OURS;
	return evidence.view.retired ? SVSHM__SET_FOREIGN :
				       SVSHM__SET_USURPED;
}

bool svshm__judge_retired(int segment_id, const struct svshm__key_file *file)
{
	struct svshm__evidence evidence;

	int set_id;

	return !svshm__mapping_find(segment_id, &set_id) &&
	       look_as_reader(&evidence, segment_id, file) &&
	       evidence.view.retired;
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
	return uid == geteuid() || uid == 0 || uid == file->owner ||
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

enum svshm_verdict svshm__judge_patiently(struct svshm__evidence *evidence)
{
	enum svshm_verdict verdict = svshm__judge(evidence);
	uint64_t ours = evidence->mapping && !evidence->borrowed;

	int64_t deadline = svshm__process_clock() + PATIENCE_MS;

	while (verdict == SVSHM_VERDICT_IN_USE &&
	       evidence->children == SVSHM__CHILDREN_MAYBE &&
	       svshm__process_clock() < deadline) {
		svshm__process_pause(1);
		if (svshm__segment_stat(evidence->segment_id,
					&evidence->segment, NULL))
			break;
		evidence->segment.mappings -=
			evidence->segment.mappings > ours ?
			ours : evidence->segment.mappings;
		evidence->children = look_for_children(evidence);
		verdict = svshm__judge(evidence);
	}
	return verdict;
}
