/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The native object: its protocol, and the steps that create, attach and detach
 * share. native_create.c, native_attach.c and native_detach.c have the rest.
 *
 * PROTOCOL
 *
 * An object is a key file F, from whose inode ftok derives a key K; a semaphore
 * set S and a segment M under K. All that changes an object happens inside the
 * gate, a semaphore of S. Every process that dies leaves the gate by SEM_UNDO.
 *
 * create and attach:
 *   1  Look at F (create: make it if missing).
 *   2  K = ftok(F, project); S = semget(K) (create: make it if missing).
 *   3  Is S ours, and of this name, and by somebody we trust? Another's: next
 *      project, from 2.
 *   4  Enter the gate. A fresh S gets tag and name in the same semop.
 *   5  Is F still the file of step 1? Else: leave, from 1.
 *        Inside the gate of the S that F leads to, nobody else changes the
 *        object, and nobody removes F (detach unlinks F inside this gate too).
 *   6  M = shmget(K); IPC_STAT; map; check the header.
 *   7  Judge (judge.c), and act:
 *        in use, orphan   create: refuse, or remove M and go on; attach: 13
 *        half-made, half-removed
 *                         create: remove M, go on; attach: remove M, F, S
 *   create only:
 *   8  Stamp S: whoever finds an M without header knows by the stamp that we
 *      made it.
 *   9  M = shmget(K, IPC_CREAT|IPC_EXCL), map it, fill in the header.
 *  10  Store the magic. From here on, everybody who scans sees the object.
 *  11  Scan for a twin: an object of the same name under another key, because F
 *      was lost and made anew, or because a key was somebody else's then and is
 *      not now. The lower key stays, the higher gives way (see meet_twin()).
 *        Both of two makers have stored their magic before they look, so at
 *        least one sees the other: never two objects (P1).
 *  12  Is F still the file of step 1? Else undo, from 1. (For systems that
 *      cannot scan.)
 *   both:
 *  13  Note ourselves in the slot table, claim the slot, leave the gate.
 *
 * detach of the last handle of a process:
 *   1  Enter the gate.
 *   2  Clear the table's entry.
 *   3  Unmap.
 *   4  Give the slot back.
 *   5  IPC_STAT: is anybody else's mapping left? Then leave the gate.
 *   6  If not: IPC_RMID M, unlink F, IPC_RMID S.
 * exit(3) does the same, but for 3 and 4, which the process's end does: other
 * threads and exit handlers may still touch the memory. It notes in the slot
 * table how many mappings that leaves, which others take off at step 5.
 *
 * Why the removal is safe: whoever attaches maps M inside the gate, so at step 5
 * a count of 0 means that nobody is attached, and nobody can become so before
 * S is gone. Waiters at the gate get EIDRM, start again at 1, and find no F.
 * Newcomers between 1 and 2 make a new S under K, and see at 5 that F is gone.
 * F is unlinked before S is removed, else a newcomer's new object could lose
 * its key file.
 *
 * CRASHES. Death at:                     leaves:          the next user:
 *   create 1-2                           F                uses it, or removes it
 *   create 2-8                           F, S             the same
 *   create 9, before the magic           F, S, M without  proves by the stamp
 *                                        header           that it is half-made
 *   create 10-13                         F, S, M unused   half-removed, or orphan
 *   while attached                       an orphan        replaces or joins it
 *   detach 2-5, being the last           F, S, M unused   half-removed
 *   detach 6, M gone                     F, S             half-made
 *   detach 6, F gone                     S alone          nobody reaches it; it
 *                                                         costs a set until the
 *                                                         tool finds it by tag
 *   inside anybody's gate                whatever there   as above: the gate is
 *                                        was              free by SEM_UNDO
 *
 * Who may only read cannot enter the gate. Such a reader maps M without it, and
 * looks afterwards whether M was removed meanwhile. It counts as a mapping, so
 * nobody removes M under it; what it leaves behind is half-removed.
 */
#include <config.h>

#include "native.h"

#include <string.h>
#include <unistd.h>

#include "crashpoint.h"
#include "process.h"

void svshm__attempt_start(struct svshm__attempt *attempt, struct svshm *handle,
			  enum svshm_access access, size_t size)
{
	memset(attempt, 0, sizeof(*attempt));
	attempt->handle = handle;
	attempt->access = access;
	attempt->size = size;
	attempt->error = &handle->error;
	attempt->deadline = svshm__process_clock() + SVSHM__GATE_TIMEOUT_MS;
}

int svshm__attempt_run(struct svshm__attempt *attempt,
		       int (*once)(struct svshm__attempt *))
{
	int code;

	/* REMOVED: a part of it went, as by ipcrm, while we were inside. */
	do {
		code = once(attempt);
		if (code == SVSHM_REMOVED)
			code = SVSHM__AGAIN;
	} while (code == SVSHM__AGAIN &&
		 svshm__attempt_milliseconds_left(attempt) > 0);
	if (code != SVSHM__AGAIN)
		return code;
	return svshm__error_set(attempt->error, SVSHM_TIMED_OUT,
				"the object has been removed and made anew by "
				"others all the time");
}

int svshm__attempt_milliseconds_left(const struct svshm__attempt *attempt)
{
	int64_t left = attempt->deadline - svshm__process_clock();

	return left > 0 ? (int)left : 0;
}

/* Step 2. */
static int find_set(struct svshm__attempt *attempt, bool make)
{
	struct svshm__set *set = &attempt->evidence.set;
	int code = svshm__semset_find(attempt->key, &set->id, attempt->error);

	attempt->made_set = false;
	if (code != SVSHM_NOT_FOUND || !make)
		return code == SVSHM_REMOVED ? SVSHM__AGAIN : code;
	int count = svshm__slot_semaphores(attempt->handle->max_processes);
	mode_t mode = attempt->handle->mode | 0600;

	code = svshm__semset_make(attempt->key, count, mode | SVSHM__SET_MARK,
				  &set->id, attempt->error);
	attempt->made_set = code == SVSHM_OK;
	if (attempt->made_set)
		svshm__set_made(set, count, mode);
	CRASHPOINT("enter:set made");
	return code == SVSHM_ALREADY_EXISTS ? SVSHM__AGAIN : code;
}

/* Step 3. */
static int check_set(struct svshm__attempt *attempt)
{
	struct svshm__set *set = &attempt->evidence.set;
	int code = svshm__set_look(set, attempt->name_hash, attempt->error);

	/* Where only we can make key files, a set of somebody else has nothing
	   to do with our key, or wants to be in the way. */
	if (code == SVSHM_PERMISSION_DENIED && attempt->file.private)
		return SVSHM__NEXT;
	if (code)
		return code;
	if (svshm__judge_trusted(set->status.uid, set->status.creator_uid,
				 &attempt->file))
		return SVSHM_OK;
	if (attempt->file.private)
		return SVSHM__NEXT;
	return svshm__error_set(attempt->error, SVSHM_PERMISSION_DENIED,
				"there is an object of this name (semaphore "
				"set %d), but it belongs to uid %lu, made by "
				"uid %lu; only one of uid %lu, of the key "
				"file's owner (uid %lu) or of root is trusted",
				set->id, (unsigned long)set->status.uid,
				(unsigned long)set->status.creator_uid,
				(unsigned long)geteuid(),
				(unsigned long)attempt->file.owner);
}

/*
 * The segment of step 6. That there is none makes a set that was there before
 * us a leftover, to be removed: so not on one answer.
 */
static int find_segment(const struct svshm__attempt *attempt, int *segment_id,
			struct svshm__error *error)
{
	int code = svshm__segment_find(attempt->key, segment_id, error);

	if (code != SVSHM_NOT_FOUND || attempt->made_set)
		return code;
	return svshm__segment_find(attempt->key, segment_id, error);
}

/* Step 5. A set that no key file leads to any more is of no use to anybody. */
static int check_key_file(struct svshm__attempt *attempt)
{
	int segment_id;

	if (attempt->by_scan || svshm__key_file_same(&attempt->file))
		return SVSHM_OK;
	if (find_segment(attempt, &segment_id, NULL) == SVSHM_NOT_FOUND)
		svshm__semset_remove(attempt->evidence.set.id, NULL);
	else
		svshm__gate_leave(attempt->evidence.set.id);
	return SVSHM__AGAIN;
}

int svshm__attempt_enter(struct svshm__attempt *attempt, bool make)
{
	struct svshm__set *set = &attempt->evidence.set;
	int code = find_set(attempt, make);

	if (!code && !attempt->made_set)
		code = check_set(attempt);
	if (code)
		return code;
	CRASHPOINT("enter:before gate");
	code = svshm__gate_enter(set, attempt->name_hash,
				 svshm__attempt_milliseconds_left(attempt),
				 attempt->error);
	if (code)
		return code;
	CRASHPOINT("enter:in gate");
	if (!attempt->made_set)
		code = svshm__gate_refresh(set, attempt->error);
	if (code)
		return code;
	return check_key_file(attempt);
}

int svshm__attempt_judge(struct svshm__attempt *attempt, bool writable,
			 enum svshm_verdict *verdict)
{
	struct svshm__evidence *evidence = &attempt->evidence;
	int segment_id;
	int code = find_segment(attempt, &segment_id, attempt->error);

	if (code == SVSHM_NOT_FOUND)
		segment_id = -1;
	else if (code)
		return code == SVSHM_REMOVED ? SVSHM__AGAIN : code;
	code = svshm__judge_look(evidence, segment_id, writable, true,
				 &attempt->file, attempt->error);
	/* Not permitted to look: the verdict will be "unknown". */
	if (code && code != SVSHM_PERMISSION_DENIED)
		return code;
	*verdict = svshm__judge(evidence);
	svshm__debug("%s: key 0x%08lx, set %d, segment %d: %s",
		     attempt->file.path, (unsigned long)attempt->key,
		     evidence->set.id, segment_id,
		     svshm_verdict_string(*verdict));
	if (segment_id < 0 || *verdict == SVSHM_VERDICT_FOREIGN ||
	    *verdict == SVSHM_VERDICT_UNKNOWN)
		return SVSHM_OK;
	if (svshm__judge_trusted(evidence->segment.uid,
				 evidence->segment.creator_uid,
				 &attempt->file))
		return SVSHM_OK;
	/* As in check_set(). */
	if (attempt->file.private)
		return SVSHM__NEXT;
	return svshm__error_set(attempt->error, SVSHM_PERMISSION_DENIED,
				"segment %d of this name belongs to uid %lu, "
				"made by uid %lu, whom nothing makes "
				"trustworthy", segment_id,
				(unsigned long)evidence->segment.uid,
				(unsigned long)evidence->segment.creator_uid);
}

int svshm__attempt_refuse(struct svshm__attempt *attempt,
			  enum svshm_verdict verdict)
{
	const struct svshm__evidence *evidence = &attempt->evidence;
	char reason[256];
	int code = SVSHM_ALREADY_EXISTS;

	if (verdict == SVSHM_VERDICT_CORRUPT)
		code = SVSHM_CORRUPT;
	else if (verdict == SVSHM_VERDICT_UNKNOWN)
		code = evidence->header == SVSHM__HEADER_INCOMPATIBLE ?
			SVSHM_INCOMPATIBLE :
			evidence->header == SVSHM__HEADER_UNREAD ?
			SVSHM_PERMISSION_DENIED : SVSHM_ALREADY_EXISTS;
	svshm__judge_reason(evidence, verdict, reason, sizeof(reason));
	return svshm__error_set(attempt->error, code,
				"segment %d exists and is %s: %s%s",
				evidence->segment_id,
				svshm_verdict_string(verdict), reason,
				verdict == SVSHM_VERDICT_CORRUPT ?
				"; \"svshm remove --force\" removes it" : "");
}

void svshm__attempt_leave(struct svshm__attempt *attempt)
{
	svshm__judge_free(&attempt->evidence);
	if (attempt->made_set)
		svshm__semset_remove(attempt->evidence.set.id, NULL);
	else
		svshm__gate_leave(attempt->evidence.set.id);
}

int svshm__attempt_remove(struct svshm__attempt *attempt)
{
	struct svshm__evidence *evidence = &attempt->evidence;
	const struct svshm__key_file *file = &attempt->file;
	int code = SVSHM_OK;

	svshm__judge_free(evidence);
	if (evidence->segment_id >= 0)
		code = svshm__segment_remove(evidence->segment_id,
					     attempt->error);
	if (code) {
		svshm__gate_leave(evidence->set.id);
		return code;
	}
	CRASHPOINT("remove:segment gone");
	if (!file->native && file->exists)
		svshm__key_file_unlink(file->path, file->device, file->inode,
				       file->owner);
	CRASHPOINT("remove:file gone");
	code = svshm__semset_remove(evidence->set.id, attempt->error);
	if (code)
		svshm__gate_leave(evidence->set.id);
	return code;
}
