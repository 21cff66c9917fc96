/* SPDX-License-Identifier: BSD-2-Clause */
#include <config.h>

#include "object/gate.h"

#include <unistd.h>

#include "kernel/process.h"
#include "key/key.h"
#include "object/judge.h"

/* So long the gate may be shut before one asks why. */
#define SHUT_MS 2000

int svshm__gate_pass(const struct svshm__set *set, key_t key,
		     unsigned name_hash, int64_t deadline,
		     struct svshm__error *error)
{
	int64_t first = svshm__process_deadline(SHUT_MS);
	int code = svshm__gate_enter(
		set, name_hash, first < deadline ? first : deadline, error);

	if (code != SVSHM_TIMED_OUT || first >= deadline)
		return code;
	if (svshm__judge_was_reset(key, set->id) &&
	    !svshm__semset_remove(set->id, NULL))
		return SVSHM__RETRY;
	return svshm__gate_enter(set, name_hash, deadline, error);
}

int svshm__gate_pass_and_look(struct svshm__set *set, key_t key,
			      unsigned name_hash, int64_t deadline,
			      struct svshm__error *error)
{
	int code = svshm__gate_pass(set, key, name_hash, deadline, error);

	if (code)
		return code;
	code = svshm__gate_refresh(set, error);
	if (code)
		svshm__gate_leave(set->id);
	return code;
}

/* ---- For those who are attached ------------------------------------------- */

static int reset_by_somebody(int set_id, struct svshm__error *error)
{
	return svshm__error_set(error, SVSHM_REMOVED,
				"somebody has removed or reset semaphore set "
				"%d while the object was in use; this handle "
				"is detached", set_id);
}

int svshm__gate_pass_own(const struct svshm__attachment *attachment,
			 struct svshm__set *set, int64_t deadline,
			 struct svshm__error *error)
{
	int code;

	/* Another's may have its id by now. */
	set->id = attachment->set_id;
	code = svshm__set_look_status(set, error);
	if (!code && (set->status.count <= SVSHM__SEM_SLOTS ||
		      set->status.count > SVSHM__SEMAPHORES_MAX))
		code = SVSHM__RETRY;
	if (!code)
		code = svshm__gate_pass(set, attachment->key, 0, deadline,
					error);
	return code == SVSHM__RETRY || code == SVSHM__TRY_NEXT_KEY ?
		       reset_by_somebody(attachment->set_id, error) :
		       code;
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
	svshm__set_made(set, count, status.mode, geteuid());
	return svshm__set_give(set, status.uid, NULL);
}

/*
 * The set is gone, but the segment is there under its key: a new set is its
 * gate, as for the next user.
 */
static int pass_new_gate(const struct svshm__attachment *attachment,
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
		code = svshm__gate_pass_and_look(set, attachment->key,
						 name_hash, deadline, NULL);
	if (code)
		return code;
	code = svshm__segment_find(attachment->key, &segment_id, NULL);
	if (!code && segment_id == attachment->segment_id)
		return SVSHM_OK;
	svshm__gate_leave(set->id);
	return SVSHM_REMOVED;
}

int svshm__gate_pass_to_leave(const struct svshm__attachment *attachment,
			      struct svshm__set *set, int timeout_ms,
			      bool *inside, struct svshm__error *error)
{
	int64_t deadline = svshm__process_deadline(timeout_ms);
	int code = svshm__gate_pass_own(attachment, set, deadline, error);
	int again = SVSHM__RETRY;

	*inside = code == SVSHM_OK;
	if (code != SVSHM_REMOVED)
		return code;
	while (again == SVSHM__RETRY || again == SVSHM_ALREADY_EXISTS)
		again = svshm__process_now() < deadline ?
				pass_new_gate(attachment, set, deadline) :
				SVSHM_TIMED_OUT;
	*inside = again == SVSHM_OK;
	return code;
}

int svshm__gate_check_own(const struct svshm__attachment *attachment,
			  const struct svshm__set *set,
			  struct svshm__error *error)
{
	return set->id == attachment->set_id &&
			       svshm__attachment_registered(attachment) &&
			       !svshm__slot_held(set,
						 (unsigned)attachment->slot) ?
		       reset_by_somebody(attachment->set_id, error) :
		       SVSHM_OK;
}
