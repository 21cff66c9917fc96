/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The gate, for those who are attached: that of the set in which they are
 * registered, or, if somebody has removed it, that of a new one.
 */
#include <config.h>

#include "object/object.h"

#include <unistd.h>

#include "kernel/process.h"

static int reset_by_somebody(int set_id, struct svshm__error *error)
{
	return svshm__error_set(error, SVSHM_REMOVED,
				"somebody has removed or reset semaphore set "
				"%d while the object was in use; this handle "
				"is detached", set_id);
}

/* The gate of ATTACHMENT's set. SVSHM_REMOVED: there is none any more. */
static int enter_own_gate(const struct svshm__attachment *attachment,
			  struct svshm__set *set, int64_t deadline,
			  struct svshm__error *error)
{
	int code;

	set->id = attachment->set_id;
	code = svshm__set_look(set, 0, error);
	/* Reset, but still the one. */
	if (code == SVSHM__NEXT && set->status.count > SVSHM__SEM_SLOTS)
		code = SVSHM_OK;
	if (!code)
		code = svshm__judge_enter(set, attachment->key, 0, deadline,
					  error);
	if (!code)
		code = svshm__gate_refresh(set, error);
	return code == SVSHM__AGAIN || code == SVSHM__NEXT ?
		reset_by_somebody(attachment->set_id, error) : code;
}

/* Where the key file is by now, for who makes a set under its key. */
static int make_gate(const struct svshm__attachment *attachment,
		     struct svshm__set *set)
{
	struct svshm__segment_status status;
	struct svshm__key_file file;
	int count = svshm__slot_semaphores(attachment->slot_count);
	int code = svshm__segment_stat(attachment->segment_id, &status, NULL);

	if (code)
		return code;
	code = svshm__key_file_look(&file, attachment->path,
				    attachment->native_key,
				    geteuid() == 0 ? status.uid : geteuid(),
				    NULL);
	if (!code || code == SVSHM_NOT_FOUND)
		code = svshm__key_file_name_maker(&file, NULL);
	svshm__key_file_free(&file);
	if (code)
		return code;
	status.mode = (status.mode & 0666) | 0600;
	code = svshm__semset_make(attachment->key, count,
				  status.mode | SVSHM__SET_MARK, &set->id,
				  NULL);
	if (code)
		return code;
	svshm__set_made(set, count, status.mode);
	return svshm__set_give(set, status.uid, NULL);
}

/*
 * The set is gone, but the segment is there under its key: a new set is its
 * gate, as for the next user.
 */
static int enter_new_gate(const struct svshm__attachment *attachment,
			  struct svshm__set *set, int64_t deadline)
{
	unsigned name_hash = svshm__key_name_hash(attachment->path);
	int segment_id;
	int code = svshm__segment_find(attachment->key, &segment_id, NULL);

	if (code || segment_id != attachment->segment_id)
		return SVSHM_REMOVED;
	code = svshm__semset_find(attachment->key, &set->id, NULL);
	if (code == SVSHM_NOT_FOUND)
		code = make_gate(attachment, set);
	else if (!code)
		code = svshm__set_look(set, name_hash, NULL);
	if (!code)
		code = svshm__judge_enter(set, attachment->key, name_hash,
					  deadline, NULL);
	if (!code)
		code = svshm__gate_refresh(set, NULL);
	if (code)
		return code;
	code = svshm__segment_find(attachment->key, &segment_id, NULL);
	if (!code && segment_id == attachment->segment_id)
		return SVSHM_OK;
	svshm__gate_leave(set->id);
	return SVSHM_REMOVED;
}

int svshm__native_enter(const struct svshm__attachment *attachment,
			struct svshm__set *set, int timeout_ms, bool *inside,
			struct svshm__error *error)
{
	int64_t deadline = svshm__process_deadline(timeout_ms);
	int code = enter_own_gate(attachment, set, deadline, error);
	int again = SVSHM__AGAIN;

	*inside = code == SVSHM_OK;
	if (*inside && svshm__mapping_registered(attachment) &&
	    !svshm__slot_held(set, (unsigned)attachment->slot))
		return reset_by_somebody(attachment->set_id, error);
	if (code != SVSHM_REMOVED)
		return code;
	while (again == SVSHM__AGAIN || again == SVSHM_ALREADY_EXISTS)
		again = svshm__process_now() < deadline ?
			enter_new_gate(attachment, set, deadline) :
			SVSHM_TIMED_OUT;
	*inside = again == SVSHM_OK;
	return code;
}
