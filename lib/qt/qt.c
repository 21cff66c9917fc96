/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The protocol of QSharedMemory on System V IPC, as Qt 5.15 to 6.11 speak it,
 * and how svshm takes part.
 *
 * WIRE. For a key there are two empty files in the directory for temporary
 * files, qipc_sharedmemory_X and qipc_systemsem_X; ftok('Q') of the first gives
 * the key of the segment, of the second that of a set of one semaphore. Both
 * have mode 0600. The semaphore is 1 when free; taking it is -1 with SEM_UNDO,
 * giving it back +1 with SEM_UNDO. The segment has no header: its size is what
 * was asked for. There is no other record of who uses it than the kernel's
 * count of mappings.
 *
 * CALLS. Each that is made has a line in doc/HACKING.md, "What the Qt layout's
 * calls cost", with the promise that it serves; tests/project/calls.sh counts
 * them. What is not asked, and why it need not be:
 *   - whether ftok() has found the file that we have looked at: its answer says so
 *     (key/status.c);
 *   - who has just made a key file makes set and segment with IPC_EXCL at once:
 *     what is there all the same is looked at when that fails;
 *   - whose a set is that we have made; and whether a set has a value yet that
 *     could be taken at the first try, if it had been used before. One that was
 *     not is looked at first, as SEM_UNDO leaves traces in it;
 *   - whether the file of a new set is still there, before we own it: step 4 asks
 *     that of all, and what was made too late goes;
 *   - file and key of the segment, which attach has looked for before it took the
 *     lock: an id is no other segment's, and step 6 asks for the file;
 *   - whose a segment is, of one that this process has made or attached before
 *     (qt/known.c);
 *   - a segment's state after it was mapped, if others had it mapped before: who
 *     leaves removes nothing without the lock, which we have.
 *
 * LOCK (qt/lock.c). Both the user's lock() and every change of the object go
 * by the one semaphore.
 *   1. Key file: found, or made (O_EXCL). Set: found, or made (IPC_EXCL). create
 *      tries to make first, attach to find.
 *   2. A set that we have made has the value 0, which for everybody else means
 *      held: we own it, by {wait for 0, +1, -1 SEM_UNDO} in one step. Qt's
 *      SETVAL to 1 in between makes the first part fail, and we wait as others.
 *      Killed between semget and this step: the set is unused, see 3.
 *   3. A set of value 0 that nobody has ever operated on belongs to a maker
 *      between semget and its first value. If it is still so after 0.8 s,
 *      the maker is dead: the set is removed, and 1 makes another. (Qt waits
 *      for ever.) A maker who was only slow goes on with 5; one who came to
 *      own it between our look and the removal hears of it in unlock().
 *   4. Owned: does the path still lead to the file whose key the set has? If
 *      not, for 0.8 s: newcomers have another lock; LOCK_ERROR says so.
 *   5. A set that vanishes (EIDRM, EINVAL) is made anew: its maker has left.
 *   6. A set that was there may be another key's, if the files collide in
 *      ftok. It is shared, as Qt shares it: SHARED below.
 *
 * SHARED. Two keys have one semaphore: who is inside for the one keeps out all
 * others of both, and all above holds for both. What is more:
 *   - a thread that owns it by the one key does not wait for itself by the
 *     other: lock says DEADLOCK, create, attach and detach go on inside, and
 *     leave the lock as it is (BORROWED in the code);
 *   - whose last user leaves removes his file and the set, as Qt's makers do;
 *     those of the other key make it anew (5), and have their own from then on.
 *     Nobody is inside then but who removes it. To leave them the set, and
 *     remove only the file, would let in by the old set whoever waits for it,
 *     a QSharedMemory say, while newcomers have another. To leave both would
 *     leave them for good;
 *   - so if the leaver has only borrowed it, the set stays and so does his file,
 *     empty, for the next user of his key;
 *   - a QSystemSemaphore that shares the set loses its count with it, as it does
 *     beside a QSharedMemory.
 *
 * CREATE, ATTACH. I1: a segment is made, joined and removed inside the lock
 * only.
 *   1. Enter the lock (attach: only if there is a key file, and a segment).
 *   2. Segment's key file: made if missing (create); else NOT_FOUND.
 *   3. A segment under the key, or still the one that attach has found? Then: is
 *      it this user's? Could it be another key file's, as ftok collides? Is
 *      nobody attached (an orphan)? One that was never mapped gets 0.8 s to be
 *      so: its maker may have lost the lock to Qt's SETVAL.
 *   4. create: remove the orphan, make a segment. Killed: an orphan is left, or
 *      key files. attach: an orphan is joined with its data.
 *   5. Map it. From here on others see a user. If it was the only one: was it
 *      removed meanwhile? Then start again.
 *   6. Does the path still lead to the key file of 2? Else start again.
 *   7. Leave the lock.
 *
 * DETACH. Unmap, inside the lock if no other mapping is left: else who creates
 * or attaches in between would see a death. I2: who sees no mapping left after
 * his own is gone may be the last; of several, who leave together, the lock
 * lets one after the other look again. The last one removes: segment (by id),
 * its key file, lock file, set. A set that is not his to remove (root's, made
 * for this user's key) he gives back, and leaves its file. Killed in between: an
 * orphan, or key files, or a set without memory; the next create uses or
 * replaces all of these. Not so between the last two: nothing leads to the set
 * any more, and only a scan of all sets shows it. If the set went first, who
 * came in between would make another, and lose its file.
 *
 * WHAT QT DOES ALL THE SAME, and no other process can prevent:
 *   - create() sets the semaphore to 1 also while somebody owns the lock: two
 *     are inside, and SETVAL wipes undo entries. unlock() tells who had it
 *     (LOCK_ERROR), if the value shows it;
 *   - who has made the set, or has called create(), removes it when he goes,
 *     whoever owns it. Then unlock() tells as well; waiters go on with 5;
 *   - a set is not removed by a Qt program that has not made it: if svshm made
 *     it, and the Qt program leaves last, set and file stay until the next use;
 *   - that an owner died can't be known: there is no place for a mark;
 *   - two IPC namespaces that share the directory share the key files.
 */
#include <config.h>

#include "qt/operation.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/crashpoint.h"
#include "base/debug.h"
#include "kernel/process.h"
#include "kernel/segment.h"
#include "qt/known.h"

int svshm__qt_operation_look_at_file(struct svshm__qt_operation *operation,
				     enum svshm__qt_making making)
{
	struct svshm__qt *qt = operation->qt;

	return svshm__qt_file_look(&qt->file, qt->names.segment,
				   qt->names.project, qt->names.legacy, making,
				   operation->error);
}

int svshm__qt_operation_enter(struct svshm__qt_operation *operation)
{
	return svshm__qt_enter(operation->qt, SVSHM__QT_TIMEOUT_MS,
			       &operation->borrowed, operation->error);
}

static int say_nothing_there(struct svshm__qt_operation *operation)
{
	const struct svshm__qt *qt = operation->qt;

	return svshm__error_set(operation->error, SVSHM_NOT_FOUND,
				"there is no segment with the IPC key "
				"0x%08lx of the key file %.300s",
				(unsigned long)qt->file.key & 0xffffffffUL,
				qt->names.segment);
}

static int check_collision(struct svshm__qt_operation *operation)
{
	const struct svshm__qt *qt = operation->qt;
	const struct svshm__qt_evidence *evidence = &operation->evidence;
	int code;

	if (svshm__qt_known(evidence->segment_id, &evidence->segment,
			    &qt->file))
		return SVSHM_OK;
	code = svshm__qt_file_check_collision(&qt->file, qt->names.segment,
					      qt->names.project,
					      operation->error);
	if (!code)
		svshm__qt_remember(evidence->segment_id, &evidence->segment,
				   &qt->file);
	return code;
}

int svshm__qt_operation_look_at_segment(struct svshm__qt_operation *operation)
{
	int code = svshm__qt_judge_segment(&operation->evidence,
					   &operation->qt->file,
					   operation->error);

	if (!code && operation->evidence.segment_id < 0)
		return say_nothing_there(operation);
	return code ? code : check_collision(operation);
}

int svshm__qt_operation_find_segment(struct svshm__qt_operation *operation)
{
	int code = svshm__qt_judge_find(&operation->evidence,
					&operation->qt->file, operation->error);

	return code == SVSHM_NOT_FOUND || code == SVSHM_REMOVED ?
		say_nothing_there(operation) : code;
}

/* A segment keeps its key until it is removed, and its id is no other's. That the
   key is still that of the path is asked at the end, in step 6. */
int svshm__qt_operation_look_at_found(struct svshm__qt_operation *operation)
{
	int code = svshm__qt_judge_found(&operation->evidence,
					 &operation->qt->file,
					 operation->error);

	if (!code)
		return check_collision(operation);
	if (code != SVSHM_REMOVED)
		return code;
	code = svshm__qt_operation_look_at_file(operation, SVSHM__QT_LOOK);
	return code ? code : svshm__qt_operation_look_at_segment(operation);
}

void svshm__qt_operation_leave_nothing(struct svshm__qt_operation *operation)
{
	struct svshm__qt *qt = operation->qt;

	if (qt->file.made)
		svshm__qt_file_unlink(&qt->file, qt->names.segment);
	/* Qt would leave a set that it has made for nothing. */
	svshm__qt_lock_withdraw(&qt->lock, &qt->names, operation->borrowed);
}

/*
 * Nobody else had it mapped: a QSharedMemory of Qt 6.6 may have taken it for left
 * over, and have removed it, without the lock, before we mapped it.
 */
static int check_not_removed(int segment_id,
			     struct svshm__segment_status *now,
			     struct svshm__error *error)
{
	int code = svshm__segment_stat(segment_id, now, error);

	return !code && now->removed ? SVSHM_REMOVED : code;
}

/* Steps 5 to 7. The segment is there; nothing is changed on failure. */
int svshm__qt_operation_join(struct svshm__qt_operation *operation,
			     int segment_id,
			     const struct svshm__segment_status *status)
{
	struct svshm__qt *qt = operation->qt;
	struct svshm__segment_status now = *status;
	int code = svshm__attachment_at_exit(svshm__qt_exit, operation->error);

	if (!code)
		code = svshm__qt_list_attach(
			qt, segment_id, operation->access == SVSHM_READ_WRITE,
			operation->error);

	CRASHPOINT("qt:mapped");
	if (!code && status->mappings == 0)
		code = check_not_removed(segment_id, &now, operation->error);
	if (code == SVSHM_REMOVED ||
	    (!code && !svshm__qt_file_same(&qt->file, qt->names.segment)))
		code = SVSHM__RETRY;
	if (code) {
		svshm__qt_list_detach(qt);
		return code;
	}
	svshm__qt_remember(segment_id, &now, &qt->file);
	qt->size = (size_t)status->size;
	qt->lock.joined = true;
	operation->handle->access = operation->access;
	if (operation->locked)
		svshm__qt_set_owner(qt, true);
	else
		svshm__qt_leave(qt, operation->borrowed);
	return SVSHM_OK;
}

void svshm__qt_operation_start(struct svshm__qt_operation *operation)
{
	struct svshm__qt *qt = operation->qt;

	memset(&qt->lock, 0, sizeof(qt->lock));
	qt->lock.set_id = -1;
	qt->left = false;
	operation->orphaned = false;
}

int svshm__qt_operation_run(struct svshm__qt_operation *operation,
			    int (*once)(struct svshm__qt_operation *operation))
{
	struct svshm__qt *qt = operation->qt;

	for (int i = 0; i < 100; i++) {
		svshm__qt_operation_start(operation);

		int code = once(operation);

		if (code != SVSHM__RETRY)
			return code;
	}
	return svshm__error_set(operation->error, SVSHM_KEY_ERROR,
				"the key file %.300s, or what it leads to, "
				"keeps vanishing: is something cleaning up its "
				"directory?",
				qt->names.segment);
}

int svshm__qt_operation_tell(struct svshm__qt_operation *operation,
			     const char *what)
{
	if (!operation->orphaned)
		return SVSHM_OK;
	return svshm__error_set(operation->error, SVSHM_ORPHANED,
				"all earlier users had died without "
				"detaching; %s",
				what);
}

static bool is_plain(const struct svshm *handle)
{
	return handle->mode == 0600 && handle->group == (gid_t)-1 &&
	       (handle->owner == (uid_t)-1 || handle->owner == geteuid());
}

int svshm__qt_check_mode(struct svshm *handle)
{
	if (is_plain(handle))
		return SVSHM_OK;
	return svshm__error_set(&handle->error, SVSHM_NOT_SUPPORTED,
				"Qt's objects have the mode 0600 and the "
				"caller's owner and group: no others can be "
				"set");
}
