/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The fast engine: a word in the header, taken by one compare-and-exchange.
 * Only who must wait asks the kernel, and sleeps in its queue at the lock
 * semaphore.
 *
 * The word is 0, or names its owner: slot, and registration of that slot, so
 * that no two processes ever have the same. Its top bit, SLEEPERS, says that
 * somebody may be asleep. The semaphore counts tokens; one token wakes one
 * sleeper. Tokens are hints: the word alone decides who owns the lock.
 *
 * take:
 *   F1  word 0 -> mine                        the lock is ours
 *   F2  else, with more than one processor, spin for a while: F1 again
 *   F3  word X -> X + SLEEPERS, X being its owner
 *   F4  is X alive? Ask the kernel whether its slot is held, and the slot table
 *       whether by that registration. Dead: word X+SLEEPERS -> mine+SLEEPERS,
 *       the lock is ours, and the owner died
 *   F5  semop {-1}: sleep, or consume a token; then from F2, and whoever has
 *       slept takes the lock by word 0 -> mine+SLEEPERS, or passes a token on
 *       if it gives up. After a second of sleep, from F2 all the same: an
 *       administrator may have reset the semaphores, tokens and all
 * give:
 *   G1  word mine -> 0; if that is all it was, done
 *   G2  word mine+SLEEPERS -> 0
 *   G3  semop {wait for 0, +1}, without waiting: a token, unless one is there
 * The word's second bit, SPINNER, is set by those who have been spinning in
 * vain, and asks the owner to leave them a chance after G1. No step needs it.
 * register, inside the gate:
 *   R1  slot table: our registration, which nobody had before
 *   R2  semop {slot +bit UNDO, +1, -1 UNDO}: the slot is ours, and the kernel
 *       will add a token and free the slot, in one step, if we die
 *
 * What holds:
 *   Exclusion: the word becomes mine only from 0 (F1, F5) or from a dead
 *     owner's (F4). A word names one registration, whose process never comes
 *     back: who is dead at F4 stays dead, however late the exchange comes, and
 *     a live owner in its slot has another word. (18 bits of registration: the
 *     exchange would have to come exactly n * 262 144 registrations late, with
 *     the same slot owning the lock.)
 *   No sleeper is forgotten: while somebody sleeps, the word has SLEEPERS, or
 *     a token is on its way, or somebody whom a token has woken has yet to look
 *     (it is not asleep, and F3, F5 and its death see to the rest). SLEEPERS
 *     disappears only in G2, and G3 follows. A token that waits in the
 *     semaphore means that nobody sleeps, so G3 need not add another.
 *   A dead owner is found: its death adds a token after F4 could see it alive,
 *     and F5 then does not sleep.
 *
 * Death after:   leaves:                     mended by:
 *   F1, F4, F5   a dead owner's word         F4 of the next one
 *   F3, F4       SLEEPERS for nothing        the next G3 posts for nothing
 *   F5 consumed  a token too few             the token of its own death
 *   G2           a token too few             the same
 *   R1           a registration unused       nothing to mend
 *
 * A token can be one too many: whoever takes it looks, finds nothing to do and
 * sleeps again. Tokens of deaths that nobody waits for pile up, one each, and
 * are drained by those who register (memory/slots.c).
 *
 * The kernel must undo all of a dead process's operations on a set in one step,
 * else a sleeper is woken by the token before the slot is free, sees a live
 * owner and sleeps for ever: hence Linux only by default.
 */
#include <config.h>

#include "lock/lock.h"

#include "base/crashpoint.h"
#include "kernel/process.h"
#include "kernel/semset.h"

/*
 * In pauses of the processor, 10 to 60 ns each. An owner that takes the lock
 * again and again leaves others hardly a chance: its word is free for a few ns
 * at a time, and each look takes the cache line from it. So it is left alone
 * from SPIN_EARLY to SPIN_PATIENT, and asked to give way then. The longer that
 * is, the more locks a second, and the longer until the lock changes hands:
 * make bench-lock shows both, with a loop that does nothing else and with
 * processes that take turns.
 */
#define SPIN_EARLY 2
#define SPIN_PATIENT 24
#define SPIN_STEP 4
#define SPIN_TOTAL 300
#define GIVE_WAY 40

static bool take_free(const struct svshm__locker *locker, uint32_t word,
		      uint32_t sleepers)
{
	/* To exchange in vain would take the cache line from its owner. */
	return svshm__lock_owner(word) == 0 &&
	       svshm__exchange_if(&locker->header->lock_word, word,
				  locker->attachment->lock_mark | sleepers |
					  (word & SVSHM__LOCK_SLEEPERS));
}

static bool take_now(const struct svshm__locker *locker, uint32_t sleepers)
{
	return take_free(locker, svshm__load(&locker->header->lock_word),
			 sleepers);
}

static int next_pause(int spent)
{
	if (spent < SPIN_EARLY)
		return 1;
	return spent < SPIN_PATIENT ? SPIN_PATIENT - spent : SPIN_STEP;
}

/* F2. Sleep and wake-up cost far more than what most owners do meanwhile. */
static bool spin(const struct svshm__locker *locker, uint32_t sleepers)
{
	uint32_t *lock_word = &locker->header->lock_word;
	int pause;

	if (!svshm__process_parallel())
		return take_now(locker, sleepers);
	for (int spent = 0; spent < SPIN_TOTAL; spent += pause) {
		uint32_t word = svshm__load(lock_word);

		if (take_free(locker, word, sleepers))
			return true;
		if (spent >= SPIN_PATIENT && svshm__lock_owner(word) &&
		    !(word & SVSHM__LOCK_SPINNER))
			svshm__exchange_if(lock_word, word,
					   word | SVSHM__LOCK_SPINNER);
		pause = next_pause(spent);
		for (int i = 0; i < pause; i++)
			svshm__relax();
	}
	return take_now(locker, sleepers);
}

/* To whoever spins. Whoever posts is away for long enough by that. */
static void give_way(const uint32_t *lock_word)
{
	for (int i = 0; i < GIVE_WAY && svshm__load(lock_word) == 0; i++)
		svshm__relax();
}

/* G3. */
static int post(const struct svshm__attachment *attachment,
		struct svshm__error *error)
{
	struct sembuf operations[] = {
		{ SVSHM__SEM_LOCK, 0, IPC_NOWAIT },
		{ SVSHM__SEM_LOCK, 1, IPC_NOWAIT },
	};
	int code = svshm__semset_give_back(attachment->set_id, operations, 2,
					   error);

	return code == SVSHM_BUSY ? SVSHM_OK : code;
}

/* F5. SLICE: nothing has come for a while, and there is more time. */
static int sleep_until(const struct svshm__attachment *attachment,
		       int64_t deadline, bool *slice,
		       struct svshm__error *error)
{
	struct sembuf consume = { SVSHM__SEM_LOCK, -1, 0 };
	int64_t end = svshm__lock_slice(deadline);

	*slice = false;
	if (deadline != SVSHM__NO_DEADLINE && svshm__process_now() >= deadline)
		return SVSHM_TIMED_OUT;
	*slice = end < deadline;

	int code = svshm__semset_operate_by(attachment->set_id, &consume, 1,
					    end, error);

	if (!code)
		CRASHPOINT("lock:woken");
	*slice = *slice && code == SVSHM_TIMED_OUT;
	return code;
}

/* One take. */
struct wait {
	const struct svshm__locker *locker;
	bool try;           /* leave F3 and F5 out */
	int64_t deadline;   /* or SVSHM__NO_DEADLINE */
	uint32_t sleepers;  /* SLEEPERS for one who has slept, else 0 */
	bool taken;
	bool long_wait; /* slept for a slice in vain */
};

/* F3 to F5 once. 0: taken, or to be tried again from F2. */
static int wait_once(struct wait *wait, struct svshm__error *error)
{
	const struct svshm__attachment *attachment = wait->locker->attachment;
	uint32_t *lock_word = &wait->locker->header->lock_word;
	uint32_t word = svshm__load(lock_word);
	uint32_t wanted = wait->try ? word : word | SVSHM__LOCK_SLEEPERS;
	bool alive;
	int code;

	if (svshm__lock_owner(word) == 0)
		return SVSHM_OK;
	if (wanted != word && !svshm__exchange_if(lock_word, word, wanted))
		return SVSHM_OK;
	CRASHPOINT("lock:sleepers set");
	code = svshm__lock_ask_owner(attachment, wait->locker->header, wanted,
				     wait->long_wait, &alive, error);
	if (code)
		return code;
	CRASHPOINT("lock:owner asked");
	if (!alive) {
		wait->taken = svshm__exchange_if(
			lock_word, wanted, attachment->lock_mark |
			(wanted & SVSHM__LOCK_SLEEPERS));
		return wait->taken ? SVSHM_OWNER_DIED : SVSHM_OK;
	}
	if (wait->try)
		return SVSHM_TIMED_OUT;
	code = sleep_until(attachment, wait->deadline, &wait->long_wait, error);
	if (!code)
		wait->sleepers = SVSHM__LOCK_SLEEPERS;
	return wait->long_wait ? SVSHM_OK : code;
}

static int take(const struct svshm__locker *locker, int timeout_ms,
		struct svshm__error *error)
{
	struct wait wait = { locker, timeout_ms == 0, SVSHM__NO_DEADLINE, 0,
			     false, false };
	int code;

	if (timeout_ms > 0)
		wait.deadline = svshm__process_deadline(timeout_ms);
	do {
		if (wait.try ? take_now(locker, 0) :
			       spin(locker, wait.sleepers))
			return SVSHM_OK;
		code = wait_once(&wait, error);
	} while (code == SVSHM_OK);
	/* Giving up with a token in hand. */
	if (!wait.taken && wait.sleepers && code != SVSHM_REMOVED)
		post(locker->attachment, NULL);
	return code;
}

static int give(const struct svshm__locker *locker, struct svshm__error *error)
{
	const struct svshm__attachment *attachment = locker->attachment;
	uint32_t *lock_word = &locker->header->lock_word;
	uint32_t word = svshm__load(lock_word);

	if (svshm__lock_owner(word) == attachment->lock_mark)
		svshm__lock_count(locker->header);
	do {
		word = svshm__load(lock_word);
		if (svshm__lock_owner(word) != attachment->lock_mark)
			return svshm__error_set(
				error, SVSHM_LOCK_ERROR,
				"the lock word is 0x%lx, not this process's "
				"0x%lx: the object was removed, this process "
				"has left its IPC namespace, or somebody else "
				"has written to it", (unsigned long)word,
				(unsigned long)attachment->lock_mark);
	} while (!svshm__exchange_if(lock_word, word, 0));
	CRASHPOINT("unlock:given");
	if (word & SVSHM__LOCK_SLEEPERS)
		return post(attachment, error);
	if (word & SVSHM__LOCK_SPINNER)
		give_way(lock_word);
	return SVSHM_OK;
}

const struct svshm__lock_engine_functions svshm__lock_fast = {
	take, give, true
};
