/* SPDX-License-Identifier: BSD-2-Clause */
#include <config.h>

#include "recovery/show.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lock/lock.h"
#include "memory/pages.h"
#include "recovery/estimate.h"
#include "recovery/visit.h"
#include "kernel/description.h"

/* What struct svshm_object points to. */
struct picture {
	struct svshm_object object;
	struct svshm__evidence evidence;
	bool inside; /* the gate */
	struct svshm_process *processes;
	char *key;
	struct svshm__set_use use; /* of another program's set */
	bool set_gone;
	char reason[512];
};

static void copy_process(struct svshm_process *to,
			 const struct svshm__slot *from, bool alive)
{
	memset(to, 0, sizeof(*to));
	to->pid = (pid_t)from->pid;
	to->alive = alive;
	to->access = from->access == SVSHM_READ_ONLY ? SVSHM_READ_ONLY :
						       SVSHM_READ_WRITE;
	to->start_time = from->start_time;
	to->attach_time = from->attach_time;
	memcpy(to->name, from->name, sizeof(to->name) - 1);
}

/* Registered processes, and those that died undetached. */
static int list_processes(struct picture *picture)
{
	const struct svshm__evidence *evidence = &picture->evidence;
	const struct svshm__view *view = &evidence->view;
	const struct svshm__slot *slots = (const void *)(
		(const char *)evidence->mapping + view->slots_offset);
	size_t count = 0;

	picture->processes = calloc(view->slots_used ? view->slots_used : 1,
				    sizeof(*picture->processes));
	if (!picture->processes)
		return SVSHM_OUT_OF_RESOURCES;
	for (uint32_t i = 0; i < view->slots_used; i++) {
		bool alive = slots[i].used != SVSHM__SLOT_FREE &&
			     evidence->segment.mappings > 0 &&
			     svshm__judge_fate(evidence, i) !=
				     SVSHM__FATE_DEAD;

		if (!alive && slots[i].used != SVSHM__SLOT_USED)
			continue;
		copy_process(&picture->processes[count++], &slots[i], alive);
	}
	picture->object.processes = picture->processes;
	picture->object.process_count = count;
	return SVSHM_OK;
}

static void describe_lock(struct picture *picture)
{
	const struct svshm__evidence *evidence = &picture->evidence;
	const struct svshm__view *view = &evidence->view;
	struct svshm_object *object = &picture->object;
	const struct svshm__slot *slots = (const void *)(
		(const char *)evidence->mapping + view->slots_offset);

	uint32_t owner = view->lock_word & SVSHM__LOCK_SLOT_MASK;

	object->lock_known = true;
	object->locked = evidence->set.id >= 0 &&
			 svshm__lock_is_owned(view->lock_engine,
					      view->lock_word, &evidence->set,
					      slots, view->slot_count);
	/* What the set says is worth nothing: in doubt, the owner lives. */
	if (evidence->stranded && owner >= 1 && owner <= view->slot_count)
		object->locked = svshm__judge_fate(evidence, owner - 1) !=
				 SVSHM__FATE_DEAD;
	object->owner_died = view->inconsistent ||
			     (!object->locked && owner != 0);
	if (object->locked && owner >= 1 && owner <= view->slot_count)
		object->lock_pid = (pid_t)slots[owner - 1].pid;
}

/* What only a valid header tells. */
static int describe_header(struct picture *picture)
{
	struct svshm__evidence *evidence = &picture->evidence;
	const struct svshm__view *view = &evidence->view;
	struct svshm_object *object = &picture->object;

	object->native_key = view->path;
	object->size = view->data_size;
	object->page_size = svshm__pages_of(view->flags, view->data_offset);
	/* The kernel swaps no huge pages, whether locked or not. */
	object->memory_locked |= object->page_size > svshm__page_size();
	object->transparent = (view->flags & SVSHM__FLAG_TRANSPARENT) != 0;
	object->create_time = view->create_time;
	object->registrations = view->registrations;
	object->departures = view->departures;
	object->max_processes = view->slot_count;
	if (view->key_length) {
		picture->key = malloc((size_t)view->key_length + 1);
		if (!picture->key)
			return SVSHM_OUT_OF_RESOURCES;
		memcpy(picture->key,
		       (const char *)evidence->mapping + view->key_offset,
		       view->key_length);
		picture->key[view->key_length] = '\0';
		object->key = picture->key;
	}
	describe_lock(picture);
	return list_processes(picture);
}

/* The key that a key file's name stands for, if no header tells. */
static void describe_path(struct picture *picture, const char *path)
{
	size_t size = strlen(path) + 1;

	picture->object.native_key = path;
	picture->key = malloc(size);
	if (picture->key && svshm__key_decode(svshm__key_base_name(path),
					      picture->key, size))
		picture->object.key = picture->key;
}

/* The set, and, unless somebody else is inside, its gate. */
static int look_at_set(struct picture *picture,
		       const struct svshm__candidate *candidate)
{
	struct svshm__evidence *evidence = &picture->evidence;
	struct svshm__set *set = &evidence->set;
	int code = SVSHM__TRY_NEXT_KEY;

	set->id = candidate->set_id;
	/* Made since the sets were listed? */
	if (set->id < 0 && candidate->segment_id >= 0 && candidate->key != 0)
		picture->set_gone = svshm__semset_find((key_t)candidate->key,
						       &set->id, NULL) ==
				    SVSHM_NOT_FOUND;
	if (set->id >= 0)
		code = svshm__judge_look_at_set(set, (key_t)candidate->key,
						NULL);
	/* Fresh sets have no tag: only one that a key file leads to is ours. */
	if (!code && set->fresh && !candidate->path)
		code = SVSHM__TRY_NEXT_KEY;
	if (code == SVSHM__RETRY)
		return code;
	if (code) {
		set->id = -1;
		return SVSHM_OK;
	}
	code = svshm__gate_try(set);
	if (code == SVSHM__RETRY && !set->fresh)
		return code;
	picture->inside = code == SVSHM_OK;
	evidence->gate_held = code == SVSHM_BUSY;
	return SVSHM_OK;
}

/*
 * Of which name it is can't be seen now: by whose it is, not the one wanted? For
 * root in another user's directory: he may have made a name there whose keys
 * collide with somebody else's.
 */
static bool is_others(const struct picture *picture,
		      const struct svshm__candidate *candidate)
{
	return candidate->file && candidate->file->user != geteuid() &&
	       picture->evidence.segment.size &&
	       picture->evidence.segment.uid != candidate->file->user;
}

static int gather(struct picture *picture,
		  const struct svshm__candidate *candidate)
{
	struct svshm__evidence *evidence = &picture->evidence;
	int code;

	/* Not to be mapped to see that it isn't ours: that would change its
	   times, and who used it last. */
	if (candidate->status && !svshm__key_plausible(candidate->key)) {
		evidence->set.id = -1;
		evidence->segment_id = candidate->segment_id;
		evidence->segment = *candidate->status;
		evidence->header = SVSHM__HEADER_FOREIGN;
		return SVSHM_OK;
	}
	code = look_at_set(picture, candidate);
	if (code)
		return code;
	if (evidence->gate_held) {
		evidence->segment_id = candidate->segment_id;
		if (evidence->segment_id < 0)
			return SVSHM_OK;
		code = svshm__segment_stat(evidence->segment_id,
					   &evidence->segment, NULL);
		if (code == SVSHM_REMOVED || is_others(picture, candidate))
			return SVSHM__RETRY;
		return SVSHM_OK;
	}
	code = svshm__evidence_gather(evidence, candidate->segment_id,
				      picture->inside, picture->inside,
				      candidate->file, candidate->error);
	return code == SVSHM_PERMISSION_DENIED ? SVSHM_OK : code;
}

/* Before the visit: svshm_recover() will want the gate, and our mapping would
   look like a user's to it. */
static void let_go(struct picture *picture)
{
	svshm__evidence_free(&picture->evidence);
	if (picture->inside)
		svshm__gate_leave(picture->evidence.set.id);
	picture->inside = false;
}

/* Neither set nor segment: a lone key file is half an object. */
static enum svshm_verdict judge(const struct picture *picture,
				const struct svshm__candidate *candidate)
{
	enum svshm_verdict verdict = svshm__judge(&picture->evidence);

	if (verdict != SVSHM_VERDICT_GONE)
		return verdict;
	if (candidate->set_id >= 0)
		return SVSHM_VERDICT_FOREIGN;
	return candidate->path ? SVSHM_VERDICT_HALF_MADE : verdict;
}

/*
 * Our own mapping has changed the kernel's time of the last detach, which is a
 * leftover's age. The first who looks notes it in the header.
 */
static void note_left_time(struct picture *picture)
{
	struct svshm__evidence *evidence = &picture->evidence;
	struct svshm__header *header = evidence->mapping;
	int64_t left = evidence->segment.detach_time;

	if (!picture->inside || evidence->segment.mappings ||
	    evidence->header != SVSHM__HEADER_VALID)
		return;
	/* Later than the kernel's own is nonsense. */
	if (header->left_time > 0 && header->left_time < left)
		picture->object.detach_time = header->left_time;
	else if (!evidence->mapping_read_only)
		header->left_time = left;
}

static void note(struct picture *picture, unsigned note, const char *text)
{
	size_t used = strlen(picture->reason);

	picture->object.notes |= note;
	snprintf(picture->reason + used, sizeof(picture->reason) - used,
		 "; %s", text);
}

static void describe_notes(struct picture *picture)
{
	const struct svshm__view *view = &picture->evidence.view;
	const struct svshm__key_identity *file = &view->key_file;

	if (!svshm__key_directory_is(view->path, file->directory_device,
				     file->directory_inode))
		note(picture, SVSHM_NOTE_KEY_FILE_GONE, "its key file is in "
		     "another root, or its key directory was removed");
	else switch (svshm__key_file_state(view->path, file->device,
					   file->inode)) {
	case SVSHM__KEY_FILE_GONE:
		note(picture, SVSHM_NOTE_KEY_FILE_GONE, "its key file is gone");
		break;
	case SVSHM__KEY_FILE_REPLACED:
		note(picture, SVSHM_NOTE_KEY_FILE_REPLACED,
		     "its key file was lost: there is another file now");
		break;
	case SVSHM__KEY_FILE_SAME:
	case SVSHM__KEY_FILE_UNKNOWN:
		break;
	}
	if (view->project != SVSHM__PROJECT_FIRST)
		note(picture, SVSHM_NOTE_COLLISION, "the first IPC key of its "
		     "name was somebody else's as it was made");
	if (view->retired)
		note(picture, SVSHM_NOTE_RETIRED, "its owner's next use of "
		     "the name removes it");
	if (picture->set_gone)
		note(picture, SVSHM_NOTE_SET_GONE,
		     "its semaphore set was removed by somebody");
}

static int describe(struct picture *picture,
		    const struct svshm__candidate *candidate)
{
	int code = SVSHM_OK;

	svshm__describe(&picture->object, &picture->evidence, candidate);
	note_left_time(picture);
	if (picture->evidence.header == SVSHM__HEADER_VALID)
		code = describe_header(picture);
	else if (candidate->path)
		describe_path(picture, candidate->path);
	if (picture->object.verdict == SVSHM_VERDICT_FOREIGN)
		svshm__estimate_describe(
			&picture->object, &picture->evidence.segment,
			&picture->use, candidate->pids, picture->reason,
			sizeof(picture->reason));
	else
		svshm__judge_reason(&picture->evidence,
				    picture->object.verdict, picture->reason,
				    sizeof(picture->reason));
	if (picture->evidence.header == SVSHM__HEADER_VALID)
		describe_notes(picture);
	picture->object.reason = picture->reason;
	return code;
}

int svshm__show(const struct svshm__candidate *candidate, bool foreign_too,
		svshm_visit *visit, void *context, bool *shown)
{
	struct picture *picture = calloc(1, sizeof(*picture));
	const struct svshm__evidence *evidence = NULL;
	int code = picture ? gather(picture, candidate) :
			     SVSHM_OUT_OF_RESOURCES;

	if (shown)
		*shown = false;
	if (code)
		goto out;
	svshm__description_init(&picture->object);
	picture->object.verdict = judge(picture, candidate);
	if (picture->object.verdict == SVSHM_VERDICT_GONE ||
	    (picture->object.verdict == SVSHM_VERDICT_FOREIGN && !foreign_too))
		goto out;
	/* What the caller may not even look at could be anybody's. */
	if (picture->object.verdict == SVSHM_VERDICT_UNKNOWN &&
	    picture->evidence.header == SVSHM__HEADER_UNREAD && !foreign_too &&
	    !svshm__key_plausible(candidate->key))
		goto out;
	code = describe(picture, candidate);
	if (code)
		goto out;
	if (shown)
		*shown = true;
	if (picture->inside &&
	    picture->evidence.header == SVSHM__HEADER_VALID)
		evidence = &picture->evidence;
	let_go(picture);
	/* What the caller may not look at is no failure. */
	if (candidate->error)
		svshm__error_set(candidate->error, SVSHM_OK, "%s", "");
	code = svshm__visit(&picture->object, evidence, candidate->pids, visit,
			    context);
out:
	if (picture) {
		let_go(picture);
		svshm__set_use_free(&picture->use);
		free(picture->processes);
		free(picture->key);
		free(picture);
	}
	return code == SVSHM__RETRY ? SVSHM_OK : code;
}
