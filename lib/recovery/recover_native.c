/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * An object of the native layout is judged again inside its gate (from what the
 * kernel tells, if the scan has read the header inside it) and, if it is a
 * leftover, removed in the order of the last detach (object/object.c): segment,
 * key file, set. A death in between leaves what the next user or the next run of
 * recover puts right.
 *
 * Everything goes by id. Before the segment is touched, its key must lead to
 * it still: ids are used again.
 */
#include <config.h>

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/atomic.h"
#include "kernel/process.h"
#include "object/gate.h"
#include "object/judge.h"
#include "object/remove.h"
#include "recovery/steps.h"
#include "recovery/visit.h"

struct native {
	struct svshm__evidence evidence;
	bool inside; /* the gate */
	bool made_set;
};

/* By root for the object's owner, who must not be shut out by it. */
static int give_gate(struct svshm__recovery_work *work)
{
	const struct svshm_object *object = work->object;
	struct native *native = work->own;
	struct svshm__set *set = &native->evidence.set;
	uid_t owner = object->uid == (uid_t)-1 ? geteuid() : object->uid;
	int code = svshm__semset_stat(set->id, &set->status, &work->error);

	return code ? code : svshm__set_give(set, owner, &work->error);
}

/*
 * Without a set there is no gate: make one, as attach does. If we are killed, it
 * stays, and the next users have it: with room for as many as the object is for.
 */
static int make_gate(struct svshm__recovery_work *work)
{
	const struct svshm_object *object = work->object;
	struct native *native = work->own;
	unsigned users = object->max_processes ? object->max_processes : 1;
	int code;

	if (object->ipc_key == 0)
		return svshm__recovery_gone(work);
	code = svshm__semset_make(
		(key_t)object->ipc_key, svshm__slot_semaphores(users),
		0600 | SVSHM__SET_MARK, &native->evidence.set.id, &work->error);
	if (code == SVSHM_ALREADY_EXISTS)
		return svshm__recovery_gone(work);
	if (!code)
		code = give_gate(work);
	if (code)
		return code == SVSHM_REMOVED ? svshm__recovery_gone(work) :
					       code;
	native->made_set = true;
	return SVSHM_OK;
}

static int find_gate(struct svshm__recovery_work *work)
{
	const struct svshm_object *object = work->object;
	struct native *native = work->own;
	struct svshm__set *set = &native->evidence.set;
	int code = SVSHM_OK;

	set->id = object->semaphore_id;
	if (set->id < 0)
		code = make_gate(work);
	if (code)
		return code;
	code = svshm__judge_look_at_set(set, (key_t)object->ipc_key,
					&work->error);
	if (code == SVSHM__TRY_NEXT_KEY)
		return svshm__error_set(&work->error, SVSHM_NOT_SUPPORTED,
					"semaphore set %d is not svshm's",
					set->id);
	return code;
}

/* Nothing but a key file, and somebody else's: it would stay. */
static int check_owner(struct svshm__recovery_work *work)
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

static unsigned name_hash_of(const struct svshm_object *object)
{
	return object->native_key ? svshm__key_name_hash(object->native_key) :
				    1;
}

static int enter(struct svshm__recovery_work *work)
{
	struct native *native = work->own;
	int code = check_owner(work);

	memset(native, 0, sizeof(*native));
	if (!code)
		code = find_gate(work);
	if (!code)
		code = svshm__gate_pass_and_look(
			&native->evidence.set, (key_t)work->object->ipc_key,
			name_hash_of(work->object),
			svshm__process_deadline(SVSHM__RECOVERY_TIMEOUT_MS),
			&work->error);
	native->inside = code == SVSHM_OK;
	return code == SVSHM__RETRY ? svshm__recovery_gone(work) : code;
}

static void leave(struct svshm__recovery_work *work)
{
	struct native *native = work->own;

	svshm__evidence_free(&native->evidence);
	if (native->inside && native->made_set)
		svshm__semset_remove(native->evidence.set.id, NULL);
	else if (native->inside)
		svshm__gate_leave(native->evidence.set.id);
	native->inside = false;
}

/*
 * To map an object is what takes longest, for the kernel to take it away again:
 * not twice in a scan, unless somebody wants to see what is in it.
 */
static int look_again(struct svshm__recovery_work *work)
{
	struct native *native = work->own;
	const struct svshm__evidence *seen =
		svshm__visit_evidence(work->object);
	struct svshm__set set = native->evidence.set;

	if (!seen || work->recovery->save || work->force)
		return SVSHM__TRY_NEXT_KEY;
	native->evidence = *seen;
	return svshm__evidence_renew(&native->evidence, &set, &work->error);
}

/* The segment that has the key now must be the one that was shown. */
static int look(struct svshm__recovery_work *work)
{
	const struct svshm_object *object = work->object;
	struct native *native = work->own;
	int id;
	int code =
		svshm__segment_find((key_t)object->ipc_key, &id, &work->error);

	if (code == SVSHM_NOT_FOUND)
		id = -1;
	else if (code)
		return code;
	if (id != object->segment_id)
		return svshm__recovery_gone(work);
	code = look_again(work);
	/* Force is not kept out by one who is stopped in his turn. */
	native->evidence.will_change = !work->force;
	/* By force, to be written to: see remove_it(). */
	if (code == SVSHM__TRY_NEXT_KEY)
		code = svshm__evidence_gather(&native->evidence, id,
					      work->force, true, NULL,
					      &work->error);
	return code == SVSHM__RETRY ? svshm__recovery_gone(work) : code;
}

static int judge(struct svshm__recovery_work *work)
{
	const struct native *native = work->own;
	int code = look(work);

	if (!code)
		work->recovery->verdict = svshm__judge(&native->evidence);
	return code;
}

static int decide(struct svshm__recovery_work *work)
{
	const struct native *native = work->own;
	const struct svshm_recovery *recovery = work->recovery;
	char reason[600];
	int code = SVSHM_OK;

	switch (recovery->verdict) {
	case SVSHM_VERDICT_ORPHAN:
	case SVSHM_VERDICT_HALF_MADE:
	case SVSHM_VERDICT_HALF_REMOVED:
		return SVSHM_OK;
	case SVSHM_VERDICT_GONE:
		return svshm__recovery_gone(work);
	case SVSHM_VERDICT_FOREIGN:
		code = SVSHM_NOT_SUPPORTED;
		break;
	case SVSHM_VERDICT_CORRUPT:
		code = work->force ? SVSHM_OK : SVSHM_CORRUPT;
		break;
	case SVSHM_VERDICT_IN_USE:
	case SVSHM_VERDICT_UNKNOWN:
		code = work->force ? SVSHM_OK : SVSHM_BUSY;
		break;
	}
	if (!code)
		return code;
	svshm__judge_reason(&native->evidence, recovery->verdict, reason,
			    sizeof(reason));
	return svshm__error_set(&work->error, code, "%s: %s",
				svshm_verdict_string(recovery->verdict),
				reason);
}

static int map(struct svshm__recovery_work *work, const void **data,
	       size_t *size)
{
	const struct native *native = work->own;
	const struct svshm__evidence *evidence = &native->evidence;

	if (evidence->header != SVSHM__HEADER_VALID)
		return SVSHM_OK;
	*data = (const char *)evidence->mapping + evidence->view.data_offset;
	*size = (size_t)evidence->view.data_size;
	return SVSHM_OK;
}

/*
 * The key file: as the header says, if it has one that can be believed, as it may
 * be a forgery of whoever could write to it.
 */
static void name_key_file(const struct svshm__evidence *evidence,
			  struct svshm__removal *removal)
{
	const struct svshm__view *view = &evidence->view;

	if (!(view->flags & SVSHM__FLAG_KEY_FILE) ||
	    svshm__key_file_check(view->path, NULL))
		return;
	removal->path = view->path;
	removal->identity = view->key_file;
	removal->owner = svshm__segment_author(&evidence->segment);
}

/* Else as the scan has found it in the caller's own directory. FILE has the path
   then, and is to be freed in any case. */
static void find_key_file(const struct svshm_object *object,
			  struct svshm__key_file *file,
			  struct svshm__removal *removal)
{
	bool for_other = geteuid() == 0 && object->uid != (uid_t)-1;

	if (svshm__key_file_look(file, object->native_key, false,
				 for_other ? object->uid : geteuid(), NULL) ||
	    svshm__key_file_check(file->path, NULL))
		return;
	removal->path = file->path;
	removal->identity = file->identity;
	removal->owner = geteuid() == 0 ? file->owner : geteuid();
	removal->alone = true;
}

static int remove_it(struct svshm__recovery_work *work)
{
	struct native *native = work->own;
	struct svshm__evidence *evidence = &native->evidence;
	struct svshm__removal removal = { .segment_id = evidence->segment_id,
					  .set = &evidence->set };
	bool valid = evidence->header == SVSHM__HEADER_VALID;
	struct svshm__key_file file = { .descriptor = -1 };
	int code;

	/* By force, under its users: they are told at their next lock. */
	if (valid && evidence->mapping && !evidence->mapping_read_only)
		svshm__store(
			&((struct svshm__header *)evidence->mapping)->removed,
			1);
	svshm__evidence_free(evidence);
	if (!work->force &&
	    (valid || evidence->header == SVSHM__HEADER_UNPUBLISHED))
		removal.turn = &evidence->turn;
	if (valid)
		name_key_file(evidence, &removal);
	else if (work->object->native_key)
		find_key_file(work->object, &file, &removal);
	code = svshm__object_remove(&removal, &work->error);
	svshm__key_file_free(&file);
	if (!code)
		native->inside = false;
	return code;
}

int svshm__recover_native(struct svshm__recovery_work *work)
{
	static const struct svshm__recovery_steps steps = {
		"object", enter, judge, decide, map, remove_it, leave
	};
	struct native native;

	memset(&native, 0, sizeof(native));
	return svshm__recovery_run(work, &steps, &native);
}
