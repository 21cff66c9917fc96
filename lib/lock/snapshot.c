/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reading without the lock: the data as they were at one moment at which nobody
 * owned it. Nobody writes for this but the owners of the lock, who count:
 *
 *   W1  take      the word names the owner; svshm__order_stores() follows
 *   W2            the owner reads and writes data
 *   W3  count     header->rounds + 1, with release
 *   W4  give      the word is 0, with release
 *   R1  rounds, then the word, with acquire. The word names an owner: too early
 *   R2  copy, each word of it by one relaxed load
 *   R3  svshm__order_loads(); the word again, then rounds again: if the word
 *       is free, and rounds is what it was, the copy is right; else again from R1
 *
 * Why it is right. Owners come one after the other; say that R1 has read the
 * rounds that owner K has stored.
 *   All of K, and of all before: R1 has read, with acquire, what W3 of K has stored
 *     with release; and W4 of each owner is before W1 of the next.
 *   Nothing of any later owner, say L: if R2 has read something that L has
 *     written, then L's W1 is before the word in R3, by the two fences. The word
 *     is free there: so R3 has read W4 of L or of a later one, with acquire,
 *     and rounds after it is at least that of L's W3, which is not K's.
 * So the copy is what K has left, or has written when it came to W3: nobody needs
 * to look at the word before R2. It is looked at to save the copy.
 *
 * Death. Who dies in W2 or W3 leaves a word that names it. Its next owner exchanges
 * it for a word of its own, and it is not 0 before that one's W4. If nobody
 * comes, the readers ask the kernel (R1, after a while): the dead write no more,
 * so a copy is right if the word is the dead owner's before and after. The data
 * are as it left them, and SVSHM_OWNER_DIED says so; as it does as long as
 * header->inconsistent is set, which is read in R2 like the data: owners
 * change it in W2. Where a newcomer clears the word of a dead owner
 * (object/register.c), it does W3 and W4 on its behalf, after inconsistent.
 *
 * rounds is stored, not added in one step, as only one is inside. Where somebody
 * has reset the semaphores and two are inside, nothing here holds, nor does the
 * lock; SVSHM_REMOVED tells. It is as wide as every processor can load in
 * one step, and comes round after 2^32 rounds: a reader that was stopped in R2 for
 * exactly a multiple of that many (of some ns each: half a minute at least, with
 * nothing but locks) would take a torn copy for whole. An owner who fails to
 * give the lock at once may count twice, so that 2^31 is the least.
 *
 * What remains a race, by the letter of C11, is the writers' part: they store
 * with plain stores, and a plain store beside any load that is not ordered with it
 * is undefined there. It is theirs, as the memory is; what every compiler makes of
 * such a store is one or several stores, at least after W1's and before W3's
 * fence, between which they stand in the program. The reader does what can be done:
 * no plain load, nothing read twice, nothing believed before R3. For the same
 * reason ThreadSanitizer must not look into the copy: it would be right, and there
 * is no other way, as a relaxed load beside a plain store is what it reports.
 *
 * Without the compiler's atomic builtins there are no fences. Then the lock is
 * the portable one, and a look at its semaphore stands in the place of each fence
 * of the reader's: an owner has raised it before W2 and lowers it after W4, in the
 * kernel, whose own lock orders what is before and after. The semaphore must be
 * free as well.
 *
 * How long. A copy that finds an owner, or is disturbed, begins again: at once for
 * a while, if there are several processors, and after pauses then. It is
 * given up at the first page that is not as before, to begin again the sooner. A
 * whole copy must fit between two owners: one that takes longer than any such time
 * never gets done, and the time-out ends it.
 */
#include <config.h>

#include "lock/lock.h"

#include <string.h>

#include "base/crashpoint.h"
#include "kernel/process.h"
#include "kernel/semset.h"

#define AGAIN 1 /* no code that is returned */

#define CHUNK 4096
#define IN_VAIN_MAX ((size_t)1 << 18)

/* In pauses of the processor, at first; then in nanoseconds. */
#define SPIN_TOTAL 2000
#define SPIN_LATER 200
#define SPIN_LONGEST 64
#define NAP_FIRST 50000
#define NAP_LONGEST SVSHM__MILLISECOND

/* ---- The copy ------------------------------------------------------------------ */

#ifdef SVSHM__THREAD_SANITIZER
#define UNSEEN __attribute__((__no_sanitize__("thread"), __noinline__))
#else
#define UNSEEN
#endif

/* Inside an UNSEEN function atomic loads are seen all the same. */
#if defined(HAVE_ATOMIC_BUILTINS) && !defined(SVSHM__THREAD_SANITIZER)
#define LOAD(type, from) __atomic_load_n((const type *)(from), __ATOMIC_RELAXED)
#else
#define LOAD(type, from) (*(const volatile type *)(from))
#endif

UNSEEN static void copy_bytes(char *to, const char *from, size_t length)
{
	for (size_t i = 0; i < length; i++)
		to[i] = LOAD(char, from + i);
}

/* What stands in two words may be of two moments: R3 tells. */
UNSEEN static void copy_some(char *to, const char *from, size_t length)
{
	const size_t width = sizeof(uintptr_t);
	size_t start = (width - (uintptr_t)from % width) % width;
	uintptr_t word;

	if (start > length)
		start = length;
	copy_bytes(to, from, start);
	for (; length - start >= width; start += width) {
		word = LOAD(uintptr_t, (const void *)(from + start));
		memcpy(to + start, &word, sizeof(word));
	}
	copy_bytes(to + start, from + start, length - start);
}

/* ---- One try ------------------------------------------------------------------- */

/* See the head of this file: in the place of a fence, or a fence. */
static int pass(const struct svshm__snapshot *snapshot,
		struct svshm__error *error)
{
#ifdef HAVE_ATOMIC_BUILTINS
	(void)snapshot;
	(void)error;
	svshm__order_loads();
	return SVSHM_OK;
#else
	unsigned value;
	int code = svshm__semset_value(snapshot->attachment->set_id,
				       SVSHM__SEM_LOCK, &value, error);

	return code ? code : value ? AGAIN : SVSHM_OK;
#endif
}

static bool is_as_before(const struct svshm__header *header, uint32_t owner,
			 uint32_t rounds)
{
	return svshm__lock_owner(svshm__load(&header->lock_word)) == owner &&
	       svshm__load(&header->rounds) == rounds;
}

/* R1 to R3: 0, or AGAIN, or what is wrong. */
static int try_once(struct svshm__snapshot *snapshot,
		    struct svshm__error *error)
{
	const struct svshm__header *header = snapshot->header;
	uint32_t rounds = svshm__load(&header->rounds);
	uint32_t owner = svshm__lock_owner(svshm__load(&header->lock_word));
	int code;

	if (owner && owner != snapshot->dead)
		return AGAIN;
	code = pass(snapshot, error);
	for (size_t done = 0; !code && done < snapshot->length; done += CHUNK) {
		size_t left = snapshot->length - done;

		if (done && !is_as_before(header, owner, rounds))
			return AGAIN;
		snapshot->in_vain += CHUNK;
		copy_some(snapshot->to + done, snapshot->from + done,
			  left < CHUNK ? left : CHUNK);
	}
	CRASHPOINT("snapshot:copied");
	snapshot->died = owner || svshm__load(&header->inconsistent);
	if (!code)
		code = pass(snapshot, error);
	if (code)
		return code;
	return is_as_before(header, owner, rounds) ? SVSHM_OK : AGAIN;
}

/* ---- Trying again --------------------------------------------------------------- */

#define STRIDE_MAX 31

/* As for a lock: see lock.c. */
static bool tick_has_passed(struct svshm__looks *looks)
{
	int64_t tick = svshm__process_tick();

	if (tick != looks->tick) {
		looks->tick = tick;
		looks->left = looks->stride = 0;
		return true;
	}
	if (looks->stride < STRIDE_MAX)
		looks->stride = 2 * looks->stride + 1;
	looks->left = looks->stride;
	return false;
}

/* Is the object still there? */
static int look(const struct svshm__snapshot *snapshot,
		struct svshm__error *error)
{
	struct svshm__looks *looks = snapshot->looks;
	bool removed = svshm__load(&snapshot->header->removed) != 0;

	if (!removed && looks->left-- != 0)
		return SVSHM_OK;
	if (!removed && !tick_has_passed(looks))
		return SVSHM_OK;
	return svshm__lock_look(snapshot->attachment, snapshot->header, error);
}

/* Does the owner live, if there is one? 0: it does, or there is none. */
static int see_owner(struct svshm__snapshot *snapshot, bool long_wait,
		     struct svshm__error *error)
{
	uint32_t word = svshm__load(&snapshot->header->lock_word);
	bool alive, reset;
	int code;

	if (svshm__lock_owner(word) == 0)
		return SVSHM_OK;
	code = svshm__lock_see_owner(snapshot->attachment, snapshot->header,
				     word, long_wait, &alive, &reset, error);
	if (code || alive)
		return code;
	snapshot->dead = svshm__lock_owner(word);
	return AGAIN;
}

/* At once, for as long as sleep would cost; with pauses that grow. */
static int spin(struct svshm__snapshot *snapshot, int total,
		struct svshm__error *error)
{
	int code, pause = 1;

	snapshot->in_vain = 0;
	code = try_once(snapshot, error);
	if (code != AGAIN || !svshm__process_parallel())
		return code;
	for (int spent = 0; code == AGAIN && spent < total &&
			    snapshot->in_vain < IN_VAIN_MAX; spent += pause) {
		for (int i = 0; i < pause; i++)
			svshm__relax();
		pause = pause < SPIN_LONGEST ? 2 * pause : SPIN_LONGEST;
		code = try_once(snapshot, error);
	}
	return code;
}

#define LONG_WAIT (1000 * SVSHM__MILLISECOND)

static int try_until(struct svshm__snapshot *snapshot, int timeout_ms,
		     struct svshm__error *error)
{
	int64_t start, now, deadline, nap = NAP_FIRST;
	int code = try_once(snapshot, error);

	/* Most are done by now: a look at the clock would be felt. */
	if (code != AGAIN)
		return code;
	deadline = svshm__process_deadline(timeout_ms);
	start = now = svshm__process_now();
	code = spin(snapshot, SPIN_TOTAL, error);
	while (code == AGAIN) {
		snapshot->looks->left = 0;
		code = look(snapshot, error);
		if (!code)
			code = see_owner(snapshot, now - start > LONG_WAIT,
					 error);
		if (code < 0)
			return code;
		now = svshm__process_now();
		if (!code && now >= deadline)
			return SVSHM_TIMED_OUT;
		/* After a death there is nothing to wait for. */
		if (!code)
			svshm__process_sleep(nap < deadline - now ?
						     nap : deadline - now);
		nap = 2 * nap < NAP_LONGEST ? 2 * nap : NAP_LONGEST;
		code = spin(snapshot, snapshot->in_vain ? SPIN_TOTAL :
							  SPIN_LATER, error);
	}
	return code;
}

/* A look, and another one if it has met a dead owner. */
static int try_shortly(struct svshm__snapshot *snapshot,
		       struct svshm__error *error)
{
	int code = try_once(snapshot, error);

	if (code != AGAIN)
		return code;
	code = see_owner(snapshot, false, error);
	if (code == AGAIN)
		code = try_once(snapshot, error);
	else if (!code)
		code = look(snapshot, error) ? SVSHM_REMOVED : AGAIN;
	return code == AGAIN ? SVSHM_TIMED_OUT : code;
}

int svshm__snapshot_take(struct svshm__snapshot *snapshot, int timeout_ms,
			 struct svshm__error *error)
{
	const struct svshm__attachment *attachment = snapshot->attachment;
	int code;

	if (svshm__attachment_registered(attachment) &&
	    svshm__load_relaxed(&attachment->lock_thread) == svshm__lock_self())
		return svshm__error_set(error, SVSHM_DEADLOCK,
					"this thread owns the lock: it can "
					"read the data as they are");
	code = timeout_ms == 0 ? try_shortly(snapshot, error) :
				 try_until(snapshot, timeout_ms, error);
	if (code == SVSHM_TIMED_OUT)
		return svshm__error_set(error, code,
					"there was no moment long enough for "
					"%lu bytes without an owner of the "
					"lock; a reader that takes the lock "
					"gets its turn",
					(unsigned long)snapshot->length);
	if (!code)
		code = look(snapshot, error);
	if (code || !snapshot->died)
		return code;
	return svshm__error_set(error, SVSHM_OWNER_DIED,
				"an owner of the lock died holding it, and "
				"nobody has called svshm_make_consistent() "
				"since, so the data may be half written");
}
