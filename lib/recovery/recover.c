/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * svshm_recover(): what a scan has found is judged again inside its gate (from
 * what the kernel tells, if the scan has read the header inside it) and, if it
 * is a leftover, removed in the order of the last detach (object/object.c):
 * segment, key file, set. A death in between leaves what the next user or the
 * next run of recover puts right.
 *
 * Everything goes by id. Before the segment is touched, its key must lead to
 * it still: ids are used again.
 */
#include <config.h>

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/atomic.h"
#include "base/crashpoint.h"
#include "object/judge.h"
#include "kernel/process.h"
#include "qt/recover.h"
#include "recovery/foreign.h"
#include "recovery/scan.h"

#define GATE_TIMEOUT_MS 30000

struct work {
	const struct svshm_object *object;
	struct svshm_recovery *recovery;
	struct svshm__error error;
	struct svshm__evidence evidence;
	bool made_set;
};

static unsigned name_hash_of(const struct svshm_object *object)
{
	return object->native_key ? svshm__key_name_hash(object->native_key) :
				    1;
}

static int gone(struct work *work)
{
	return svshm__error_set(&work->error, SVSHM_NOT_FOUND,
				"it is gone already, or changed meanwhile");
}

/* By root for the object's owner, who must not be shut out by it. */
static int give_gate(struct work *work)
{
	const struct svshm_object *object = work->object;
	struct svshm__set *set = &work->evidence.set;
	uid_t owner = object->uid == (uid_t)-1 ? geteuid() : object->uid;
	int code = svshm__semset_stat(set->id, &set->status, &work->error);

	return code ? code : svshm__set_give(set, owner, &work->error);
}

/*
 * Without a set there is no gate: make one, as attach does. If we are killed, it
 * stays, and the next users have it: with room for as many as the object is for.
 */
static int find_gate(struct work *work)
{
	const struct svshm_object *object = work->object;
	struct svshm__set *set = &work->evidence.set;
	int code;

	set->id = object->semaphore_id;
	if (set->id < 0) {
		if (object->ipc_key == 0)
			return gone(work);
		code = svshm__semset_make((key_t)object->ipc_key,
					  svshm__slot_semaphores(
						  object->max_processes ?
						  object->max_processes : 1),
					  0600 | SVSHM__SET_MARK,
					  &set->id, &work->error);
		if (code == SVSHM_ALREADY_EXISTS)
			return gone(work);
		if (!code)
			code = give_gate(work);
		if (code)
			return code == SVSHM_REMOVED ? gone(work) : code;
		work->made_set = true;
	}
	code = svshm__set_look(set, 0, &work->error);
	if (code == SVSHM__NEXT &&
	    svshm__judge_set_owner((key_t)object->ipc_key, set, NULL) ==
		    SVSHM__SET_OURS)
		code = SVSHM_OK;
	if (code == SVSHM__AGAIN)
		return gone(work);
	if (code == SVSHM__NEXT)
		return svshm__error_set(&work->error, SVSHM_NOT_SUPPORTED,
					"semaphore set %d is not svshm's",
					set->id);
	return code;
}

static int enter_gate(struct work *work)
{
	struct svshm__set *set = &work->evidence.set;
	int code = find_gate(work);

	if (!code)
		code = svshm__judge_enter(set, (key_t)work->object->ipc_key,
					  name_hash_of(work->object),
					  svshm__process_deadline(
						  GATE_TIMEOUT_MS),
					  &work->error);
	if (!code)
		code = svshm__gate_refresh(set, &work->error);
	return code == SVSHM__AGAIN ? gone(work) : code;
}

static void leave_gate(struct work *work)
{
	svshm__judge_free(&work->evidence);
	if (work->made_set)
		svshm__semset_remove(work->evidence.set.id, NULL);
	else
		svshm__gate_leave(work->evidence.set.id);
}

/*
 * To map an object is what takes longest, for the kernel to take it away again:
 * not twice in a scan, unless somebody wants to see what is in it.
 */
static int look_again(struct work *work)
{
	const struct svshm_recovery *recovery = work->recovery;
	const struct svshm__evidence *seen =
		svshm__scan_evidence(work->object);
	struct svshm__set set = work->evidence.set;

	if (!seen || recovery->save || (recovery->flags & SVSHM_RECOVER_FORCE))
		return SVSHM__NEXT;
	work->evidence = *seen;
	return svshm__judge_renew(&work->evidence, &set, &work->error);
}

/* The segment that has the key now must be the one that was shown. */
static int look(struct work *work)
{
	const struct svshm_object *object = work->object;
	int id;
	int code = svshm__segment_find((key_t)object->ipc_key, &id,
				       &work->error);

	if (code == SVSHM_NOT_FOUND)
		id = -1;
	else if (code)
		return code;
	if (id != object->segment_id)
		return gone(work);
	code = look_again(work);
	/* Force is not kept out by one who is stopped in his turn. */
	work->evidence.will_change =
		!(work->recovery->flags & SVSHM_RECOVER_FORCE);
	/* To be written to: see remove_all(). */
	if (code == SVSHM__NEXT)
		code = svshm__judge_look(
			&work->evidence, id,
			(work->recovery->flags & SVSHM_RECOVER_FORCE) != 0,
			true, NULL, &work->error);
	return code == SVSHM__AGAIN ? gone(work) : code;
}

/* May it go? The verdict is known. */
static int decide(struct work *work)
{
	struct svshm_recovery *recovery = work->recovery;
	bool force = (recovery->flags & SVSHM_RECOVER_FORCE) != 0;
	char reason[600];
	int code = SVSHM_OK;

	switch (recovery->verdict) {
	case SVSHM_VERDICT_ORPHAN:
	case SVSHM_VERDICT_HALF_MADE:
	case SVSHM_VERDICT_HALF_REMOVED:
		return SVSHM_OK;
	case SVSHM_VERDICT_GONE:
		return gone(work);
	case SVSHM_VERDICT_FOREIGN:
		code = SVSHM_NOT_SUPPORTED;
		break;
	case SVSHM_VERDICT_CORRUPT:
		code = force ? SVSHM_OK : SVSHM_CORRUPT;
		break;
	case SVSHM_VERDICT_IN_USE:
	case SVSHM_VERDICT_UNKNOWN:
		code = force ? SVSHM_OK : SVSHM_BUSY;
		break;
	}
	if (!code)
		return code;
	svshm__judge_reason(&work->evidence, recovery->verdict, reason,
			    sizeof(reason));
	return svshm__error_set(&work->error, code, "%s: %s",
				svshm_verdict_string(recovery->verdict),
				reason);
}

static int save(struct work *work)
{
	const struct svshm__evidence *evidence = &work->evidence;
	const struct svshm_recovery *recovery = work->recovery;
	const struct svshm__view *view = &evidence->view;

	if (!recovery->save || evidence->header != SVSHM__HEADER_VALID)
		return SVSHM_OK;

	int code = recovery->save(work->object,
				  (const char *)evidence->mapping +
					  view->data_offset,
				  (size_t)view->data_size, recovery->context);

	if (code)
		svshm__error_set(&work->error, code,
				 "the data could not be saved, so the object "
				 "stays");
	return code;
}

/*
 * The key file: as the header says, if it has one that can be believed; else
 * as the scan has found it in the caller's own directory.
 */
static void unlink_key_file(const struct work *work)
{
	const struct svshm__evidence *evidence = &work->evidence;
	const struct svshm__view *view = &evidence->view;
	struct svshm__key_file file;

	if (evidence->header == SVSHM__HEADER_VALID) {
		/* The header may be a forgery of whoever could write to it. */
		if ((view->flags & SVSHM__FLAG_KEY_FILE) &&
		    !svshm__key_file_check(view->path, NULL) &&
		    svshm__keys_unused(view->path, evidence->set.id))
			svshm__key_file_unlink(view->path, view->device,
					       view->inode,
					       svshm__segment_author(
						       &evidence->segment));
		return;
	}
	if (!work->object->native_key)
		return;
	if (svshm__key_file_look(&file, work->object->native_key, false,
				 geteuid() == 0 &&
						 work->object->uid != (uid_t)-1 ?
					 work->object->uid : geteuid(),
				 NULL) == SVSHM_OK &&
	    !svshm__key_file_check(file.path, NULL))
		svshm__key_file_unlink(file.path, file.device, file.inode,
				       geteuid() == 0 ? file.owner : geteuid());
	svshm__key_file_free(&file);
}

/* In our turn, but by force. */
static int remove_segment(struct work *work)
{
	struct svshm__evidence *evidence = &work->evidence;

	if (!(work->recovery->flags & SVSHM_RECOVER_FORCE) &&
	    (evidence->header == SVSHM__HEADER_VALID ||
	     evidence->header == SVSHM__HEADER_UNPUBLISHED))
		return svshm__turn_remove(&evidence->turn,
					  evidence->segment_id, &evidence->set,
					  &work->error);
	return svshm__segment_remove(evidence->segment_id, &work->error);
}

/* Nothing but a key file, and somebody else's: it would stay. */
static int check_owner(struct work *work)
{
	const struct svshm_object *object = work->object;

	if (object->segment_id >= 0 || object->semaphore_id >= 0 ||
	    object->uid == (uid_t)-1 || object->uid == geteuid() ||
	    geteuid() == 0)
		return SVSHM_OK;
	return svshm__error_set(&work->error, SVSHM_PERMISSION_DENIED,
				"its key file belongs to uid %lu",
				(unsigned long)object->uid);
}

static int remove_all(struct work *work)
{
	struct svshm__evidence *evidence = &work->evidence;
	int code = SVSHM_OK;

	/* By force, under its users: they are told at their next lock. */
	if (evidence->header == SVSHM__HEADER_VALID &&
	    evidence->mapping && !evidence->mapping_read_only)
		svshm__store(&((struct svshm__header *)evidence->mapping)
				      ->removed, 1);
	svshm__judge_free(evidence);
	if (evidence->segment_id >= 0)
		code = remove_segment(work);
	CRASHPOINT("remove:segment gone");
	if (!code)
		unlink_key_file(work);
	CRASHPOINT("remove:file gone");
	if (!code)
		code = svshm__semset_remove(evidence->set.id, &work->error);
	if (code)
		leave_gate(work);
	return code;
}

static int recover_once(struct work *work)
{
	struct svshm_recovery *recovery = work->recovery;
	int code = check_owner(work);

	if (!code)
		code = enter_gate(work);
	if (code)
		return code;
	code = look(work);
	if (!code) {
		recovery->verdict = svshm__judge(&work->evidence);
		code = decide(work);
	}
	if (!code && !(recovery->flags & SVSHM_RECOVER_DRY_RUN))
		code = save(work);
	if (code || (recovery->flags & SVSHM_RECOVER_DRY_RUN)) {
		leave_gate(work);
		return code;
	}
	return remove_all(work);
}

#define TRIES 100

/* Until nobody changes the object between our look at it and its removal. */
static int recover(struct work *work)
{
	int code = SVSHM__AGAIN;

	for (int i = 0; i < TRIES && code == SVSHM__AGAIN; i++) {
		work->made_set = false;
		work->evidence.will_change = false;
		code = recover_once(work);
	}
	return code == SVSHM__AGAIN ? gone(work) : code;
}

int svshm_recover(const struct svshm_object *object,
		  struct svshm_recovery *recovery)
{
	struct svshm_recovery nothing_special;
	struct work work;

	if (!recovery) {
		memset(&nothing_special, 0, sizeof(nothing_special));
		recovery = &nothing_special;
	}
	if (!object || (recovery->flags & ~(SVSHM_RECOVER_DRY_RUN |
					    SVSHM_RECOVER_FORCE |
					    SVSHM_RECOVER_FOREIGN |
					    SVSHM_RECOVER_UNMAPPED)))
		return SVSHM_INVALID_ARGUMENT;
	if ((recovery->flags & SVSHM_RECOVER_UNMAPPED) &&
	    (!(recovery->flags & SVSHM_RECOVER_FOREIGN) ||
	     recovery->unmapped_for < 0))
		return SVSHM_INVALID_ARGUMENT;
	if (object->verdict == SVSHM_VERDICT_FOREIGN &&
	    (recovery->flags & SVSHM_RECOVER_FOREIGN))
		return svshm__recover_foreign(object, recovery,
					      svshm__scan_lives(object));

	memset(&work, 0, sizeof(work));
	work.object = object;
	work.recovery = recovery;
	recovery->verdict = object->verdict;

	int state = svshm__cancel_forbidden();
	/* Not even a gate is made for what is another program's. */
	int code = object->verdict == SVSHM_VERDICT_FOREIGN ?
		svshm__error_set(&work.error, SVSHM_NOT_SUPPORTED,
				 "it is another program's") :
		object->layout == SVSHM_LAYOUT_QT ?
		svshm__qt_recover(object, recovery, &work.error) :
		recover(&work);

	svshm__cancel_allowed(state);
	if (code)
		snprintf(recovery->message, sizeof(recovery->message), "%s",
			 work.error.message);
	else
		snprintf(recovery->message, sizeof(recovery->message),
			 "%s: %s",
			 recovery->flags & SVSHM_RECOVER_DRY_RUN ?
				 "would be removed" : "removed",
			 svshm_verdict_string(recovery->verdict));
	return code;
}
