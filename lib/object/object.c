/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The native object: its protocol, and what create and attach have in common.
 * enter.c has steps 2 to 5; create.c, attach.c, register.c and detach.c have the
 * rest, join.c and leave.c what is shorter beside others.
 *
 * WORDS
 *
 *   key file F    a file that is there as long as the object, for people, and to
 *                 say who may have the object. A native key is such a file, too
 *   name          F's directory (device, inode) and the name in it: M's header
 *                 says both
 *   key K         one of the name's IPC keys, there is one for each project (see
 *                 key/key.h): whatever becomes of F, they stay the same
 *   set S         the semaphore set under K
 *   segment M     the shared memory segment under K: a header, a table of slots,
 *                 and the user's data
 *   gate          a semaphore of S: who has raised it is inside, and alone
 *   tag           the first semaphore of S: its value says that S is svshm's,
 *                 and of which name
 *   creator's     the pid that the kernel keeps beside the tag: whoever is about
 *   mark          to create a segment leaves his
 *   slot          a bit in the other semaphores of S: each registered process
 *                 holds one with SEM_UNDO, so the kernel gives it back at its
 *                 death; its entry in the table says whose it was last
 *   registration  which of all claims of slots this one is, by count
 *   turn          a word in the header: see TURNS
 *   orphan        all its users have died without detaching
 *   half-made,    its creator has died before it was complete; its last user
 *   half-removed  died before it was gone
 *   retired       removed as far as one may who may not remove M: see TEAMS
 *   duplicate     another object of the same name, under another IPC key
 *
 * PROTOCOL
 *
 * All that changes an object happens inside the gate and, as an administrator
 * may remove or reset S, in M's turn. Every process that dies leaves the gate by
 * SEM_UNDO.
 *
 * create and attach:
 *   1  Look at F's directory. create: look at F, make it if missing. attach: only
 *      where others can make objects in the directory, for step 3.
 *   2  K = the first project's; S = semget(K) (create: make it if missing, or
 *      if we have made F, look for it if it is there). Who makes a set for
 *      another's F has written in F who he is (key.h).
 *   3  Is S ours, and of this name, and by somebody we trust? Another's: next
 *      project, from 2.
 *   4  Enter the gate. A fresh S gets its tag in the same semop.
 *   5  create: is F still the file of step 1? Else: leave, from 1.
 *        Inside the gate nobody else changes the object, and nobody removes F
 *        (detach unlinks F inside it, too). F is there when M is.
 *   6  M = shmget(K); map; look at M's turn; S's values, IPC_STAT of S and M;
 *      check the header.
 *   7  Judge (judge.c), and act:
 *        in use, orphan   create: refuse, or remove M and go on; attach: 12
 *        half-made, half-removed
 *                         create: remove M, go on; attach: remove M, F, S
 *        what we may write to, but not remove
 *                         retire it (see "Teams"); next project, from 2
 *   create only:
 *   8  Leave the creator's mark on S: whoever finds an M without header knows by
 *      it that we made M.
 *   9  M = shmget(K, IPC_CREAT|IPC_EXCL), map it, take its turn, fill in the
 *      header: also S, and when S was changed last.
 *  10  Store the magic. From here on, everybody who scans sees the object.
 *  11  Look for a duplicate: an object of the same name under another of its
 *      keys, because a key was somebody else's then and is not now. The lower
 *      key stays, the higher gives way (duplicate.c).
 *        Both of two makers have stored their magic before they look, so at
 *        least one sees the other: never two objects (P1).
 *   both:
 *  12  Take the turn. Note ourselves in the slot table, claim the slot. Over an
 *      orphan: from now on S is the set that counts, and the dead go off the
 *      table. End the turn, leave the gate.
 *
 * detach of the last handle of a process:
 *   1  Enter the gate; of a new set, if S is gone.
 *   2  Look at the turn. Who is left? Take the turn. If only children are left,
 *      note it ("bequeathed"). Clear the table's entry.
 *   3  Is anybody left? Then give the slot back, end the turn, unmap, leave the
 *      gate.
 *        In this order: who leaves at the same time by another gate must not
 *        count us after our turn, or each would leave the object to the other.
 *   4  If not: unmap.
 *   5  IPC_RMID M, unlink F, IPC_RMID S, and with it goes our slot. Who may not,
 *      has retired M and ended the turn before he unmapped it. F is whatever
 *      file has the name by then: if it was lost, the next one who creates has
 *      made it anew, for this object.
 * Who has attached to an orphan, and then cannot have its memory as he wants it
 * (svshm_set_memory()), goes by 2 and 3 as if children were left: so it is an orphan
 * again.
 * exit(3) does the same, but does not unmap and keeps the slot to its end: other
 * threads and exit handlers may still touch the memory. Its entry says so.
 *
 * BESIDE OTHERS. Where somebody is registered who stays, less is to be asked.
 *   attach  What S was seen to say in step 3 is not asked again in step 6. The
 *           claim changes the semaphore by compare-and-exchange, so it fails if
 *           that is not so any more; and our slot is in the same semaphore as
 *           that of one who stays, so that he is there at that moment. If it
 *           fails: step 6 as ever. S must be the header's, and have been
 *           changed by nobody; M must be mapped by others, as one who dies
 *           loses his memory before his slot.
 *   detach  1  Look at the turn; without the gate. By S and the table, is there
 *              one who stays, and is M mapped by others? If not: the gate.
 *           2  Take the turn: so he has not left since. Clear the table's entry,
 *              end the turn. From here on we count for nobody: our slot has no
 *              entry, and so our mapping is that of one who leaves.
 *           3  Unmap, give the slot back.
 *           Of all who leave at the same time, each looks since the last one's
 *           turn, so one of them finds nobody else, and goes by the gate.
 *           Who dies here has left.
 *   To attach without the gate is not possible: who has M mapped and is not yet
 *   registered would look like a child (see below) to the last one who leaves.
 *
 * WHO USES AN OBJECT. The kernel counts mappings, and who is registered holds a
 * slot. "No mapping" proves that nobody uses it. A mapping alone proves nothing:
 *
 *   Registered   processes own the object. Whoever attaches registers inside
 *                the gate, and gives the slot back there, or dies.
 *   Children     that a user has forked have the mapping from the first moment,
 *                and may live on it without ever calling us: the object is
 *                theirs, too. pthread_atfork() counts them: before the fork,
 *                the parent adds 1 to header->forks; in the child, a semaphore
 *                is raised with SEM_UNDO, then header->births. Where forks and
 *                births differ, a child may be there that the semaphore does not
 *                tell of. Both are looked at around the semaphore: if they are
 *                the same before and after, its value is true. A child that
 *                registers is discounted when it has its slot; one that execs
 *                stays counted, but its mapping is gone.
 *   Observers    may only read, and so can neither register nor enter the gate.
 *                They own nothing and hold nobody back: what they see stays
 *                theirs until they unmap it, as the kernel keeps a removed
 *                segment that long. They map M without the gate, and look
 *                afterwards whether M was removed meanwhile.
 *
 * So with mappings but nobody registered, children decide. Who forks without
 * pthread_atfork() knowing (a bare clone(2), _Fork(3)) leaves a child that is not
 * counted. On Linux /proc/PID/maps tells: an observer's mapping cannot be
 * written to, a child's can. Processes whose maps may not be read are taken for
 * observers if no child is counted. Where there is no pthread_atfork(), any
 * mapping counts as a child's. Once the last registered one has left, what the
 * children leave by dying is an orphan: "bequeathed" tells it from a removal
 * that was not finished.
 *
 * A dying process loses its memory a moment before its slot, or its count as a
 * child. Who finds an orphan of whose set something is held still looks again for
 * that long: with a new set, a child could not be told any more from one that was
 * never counted.
 *
 * WHAT AN ADMINISTRATOR DOES. A slot that is not held proves a death only in the
 * set in which it was claimed, and only if nobody has reset its semaphores: that
 * wipes the undo entries of all. The header says which set that is, and when it
 * was last changed other than by semop. With another set, or none, or one
 * without tag, the slots prove nothing; after another change, where they
 * contradict the table (judge.c has the rules). Then the table's processes count
 * as dead only if their pids prove it, or if nobody has M mapped. While one may
 * live nobody new comes in, and those that do live are told SVSHM_REMOVED.
 * They leave through the gate of a new set, under the same key. (The time of
 * change counts seconds. What is done within the second in which the set was
 * made is noticed by the pids alone, so not across pid namespaces.)
 *
 * TURNS. If a set goes while somebody is inside its gate, the next ones meet in
 * the gate of another, while he goes on; if it is reset, they come in beside
 * him. So whoever is about to register, leave, remove or retire takes M's turn
 * as well: a word in the header (turn.h). He looks at the word before he looks
 * at S, M's status and the header, and takes the turn by compare-and-exchange:
 * if others have changed the object since his look, he looks again. So of two
 * who are inside, one acts on what the other has left. The maker of M takes the
 * first turn of all before he fills in the header, and keeps it until he is
 * registered; who removes M, until M is gone. A dead one's turn is anybody's,
 * and his identity in the header tells that he is dead; who cannot be asked for
 * is taken for dead after two seconds, unless S is as it was, and he took the
 * turn inside its gate, in which we are now: then he died there.
 *
 * TEAMS. Who may write to an object of another user may not remove it, and must
 * go on all the same. He retires it, inside its gate: header->retired, and its
 * pages go back to the system, unless observers see them. A retired object is
 * nobody's: everybody passes it by, on to the next project's key, where step 11
 * sees to it that there is only one. Its owner, and root, remove it when they
 * come by. F stays as long as there is a set under any of the name's keys.
 *
 * OWNERS. Root may make an object for another user (svshm_set_owner()): it gives
 * him S once it is inside the gate, so that S has its tag, and M before the
 * magic, so that he sees in step 11 whatever root has published. A set that is
 * made for a segment that has lost its own goes to the segment's owner.
 *
 * Why the removal is safe: whoever registers maps M inside the gate, and every
 * child is counted before its parent, or the parent's own count, is gone. So at
 * step 2 nobody left means that nobody uses M, and nobody can before S is gone.
 * Waiters at the gate get EIDRM, start again at 1, and find no F. Newcomers
 * between 1 and 2 make a new S under K, and see at 5 that F is gone. F is
 * unlinked before S is removed, else a newcomer's new object could lose its key
 * file.
 *
 * CRASHES. Death at:                     leaves:          the next user:
 *   create 1-2                           F                uses it, or removes it
 *   create 2-8                           F, S             the same
 *   create 9, before the magic           F, S, M without  proves by the
 *                                        header           creator's mark that
 *                                                         it is half-made
 *   create 2-9 by root for another,      F, S, M, which   passes them by, to the
 *   before S and M are given             are root's       next key; root's tool
 *                                                         finds S by its tag, and
 *                                                         not before it has one
 *   create 10-12                         F, S, M unused   half-removed, or orphan
 *   while attached                       an orphan        replaces or joins it
 *   fork, before the child is counted    forks > births   waits, and then is in
 *                                                         doubt, as long as
 *                                                         anybody has M mapped
 *   detach 2, children noted             an orphan        the same
 *   detach 2-5, being the last           F, S, M unused   half-removed
 *   detach 2, retired                    F, S, M retired  passes it by
 *   detach 5, M gone                     F, S             half-made
 *   detach 5, F gone                     S alone          uses it, or removes it
 *   inside anybody's gate                whatever there   as above: the gate is
 *                                        was              free by SEM_UNDO
 *   the same, and somebody has reset S   S, its gate shut removes S: who was
 *                                        for ever         inside is not alive
 */
#include <config.h>

#include "object/object.h"

#include <string.h>
#include <unistd.h>

#include "base/atomic.h"
#include "base/crashpoint.h"
#include "kernel/process.h"

void svshm__operation_start(struct svshm__operation *operation,
			    struct svshm *handle, enum svshm_access access,
			    size_t size)
{
	memset(operation, 0, sizeof(*operation));
	operation->handle = handle;
	operation->access = access;
	operation->size = size;
	operation->error = &handle->error;
	operation->deadline = svshm__process_deadline(SVSHM__GATE_TIMEOUT_MS);
}

int svshm__operation_run(struct svshm__operation *operation,
			 int (*once)(struct svshm__operation *))
{
	int code;

	/* REMOVED: a part of it went, as by ipcrm, while we were inside. */
	do {
		code = once(operation);
		if (code == SVSHM_REMOVED)
			code = SVSHM__RETRY;
	} while (code == SVSHM__RETRY &&
		 svshm__process_now() < operation->deadline);
	if (code != SVSHM__RETRY)
		return code;
	return svshm__error_set(operation->error, SVSHM_TIMED_OUT,
				"the object has been removed and made anew by "
				"others all the time");
}

int svshm__operation_find_segment(const struct svshm__operation *operation,
				  int *segment_id, struct svshm__error *error)
{
	int code = svshm__segment_find(operation->key, segment_id, error);

	if (code != SVSHM_NOT_FOUND || operation->made_set)
		return code;
	return svshm__segment_find(operation->key, segment_id, error);
}

int svshm__operation_judge(struct svshm__operation *operation, bool writable,
			   enum svshm_verdict *verdict)
{
	struct svshm__evidence *evidence = &operation->evidence;
	int segment_id;
	int code = svshm__operation_find_segment(operation, &segment_id,
						 operation->error);

	if (code == SVSHM_NOT_FOUND) {
		segment_id = -1;
		code = evidence->set.fresh || !evidence->will_change ?
			       SVSHM_OK :
			       svshm__gate_refresh(&evidence->set,
						   operation->error);
	}
	if (code)
		return code == SVSHM_REMOVED ? SVSHM__RETRY : code;
	code = svshm__evidence_gather(evidence, segment_id, writable, true,
				      &operation->file, operation->error);
	/* Not permitted to look: the verdict will be "unknown". */
	if (code && code != SVSHM_PERMISSION_DENIED)
		return code;
	*verdict = svshm__judge(evidence);
	svshm__debug("%s: key 0x%08lx, set %d, segment %d: %s",
		     operation->file.path, (unsigned long)operation->key,
		     evidence->set.id, segment_id,
		     svshm_verdict_string(*verdict));
	if (segment_id < 0 || *verdict == SVSHM_VERDICT_FOREIGN ||
	    *verdict == SVSHM_VERDICT_UNKNOWN)
		return SVSHM_OK;
	if (svshm__judge_trusted(evidence->segment.uid,
				 evidence->segment.creator_uid,
				 &operation->file))
		return SVSHM_OK;
	/* As in check_set(). */
	if (operation->file.private)
		return SVSHM__TRY_NEXT_KEY;
	return svshm__error_set(
		operation->error, SVSHM_PERMISSION_DENIED,
		"segment %d of this name belongs to uid %lu, "
		"made by uid %lu, whom nothing makes "
		"trustworthy; if it is left over, root removes "
		"it: ipcrm -m %d",
		segment_id, (unsigned long)evidence->segment.uid,
		(unsigned long)evidence->segment.creator_uid, segment_id);
}

int svshm__operation_check_size(const struct svshm__operation *operation)
{
	const struct svshm__view *view = &operation->evidence.view;

	if (view->data_size >= operation->least)
		return SVSHM_OK;
	return svshm__error_set(operation->error, SVSHM_INVALID_SIZE,
				"the object has %llu bytes, and %zu were asked "
				"for",
				(unsigned long long)view->data_size,
				operation->least);
}

/* Unless somebody has taken it over meanwhile. */
static void tell_stranded(struct svshm__evidence *evidence)
{
	struct svshm__header *header = evidence->mapping;

	if (svshm__turn_take(&evidence->turn, header, evidence->set.id))
		svshm__store(&header->removed, 1);
	svshm__turn_end(&evidence->turn, header);
}

int svshm__operation_refuse(struct svshm__operation *operation,
			    enum svshm_verdict verdict)
{
	struct svshm__evidence *evidence = &operation->evidence;
	char reason[600];
	int code = SVSHM_ALREADY_EXISTS;

	/* Those who are stranded learn of it at their next call. */
	if (verdict == SVSHM_VERDICT_IN_USE && evidence->stranded &&
	    evidence->mapping && !evidence->mapping_read_only)
		tell_stranded(evidence);
	if (verdict == SVSHM_VERDICT_IN_USE && !operation->size)
		code = SVSHM_BUSY;
	else if (verdict == SVSHM_VERDICT_CORRUPT)
		code = SVSHM_CORRUPT;
	else if (verdict == SVSHM_VERDICT_UNKNOWN)
		code = evidence->header == SVSHM__HEADER_INCOMPATIBLE ?
			SVSHM_INCOMPATIBLE :
			evidence->header == SVSHM__HEADER_UNREAD ?
			SVSHM_PERMISSION_DENIED : SVSHM_ALREADY_EXISTS;
	svshm__judge_reason(evidence, verdict, reason, sizeof(reason));
	svshm__error_set(
		operation->error, code, "segment %d exists and is %s: %s%s",
		evidence->segment_id, svshm_verdict_string(verdict), reason,
		verdict == SVSHM_VERDICT_CORRUPT ?
			"; \"svshm remove --force\" removes it" :
			"");
	/* That is why it may not be read. */
	if (code == SVSHM_PERMISSION_DENIED)
		svshm__error_refused(operation->error, SVSHM__CALL_SHMCTL);
	return code;
}

void svshm__operation_leave(struct svshm__operation *operation)
{
	svshm__evidence_free(&operation->evidence);
	if (operation->inside && operation->made_set)
		svshm__semset_remove(operation->evidence.set.id, NULL);
	else if (operation->inside)
		svshm__gate_leave(operation->evidence.set.id);
	operation->inside = operation->made_set = false;
}
