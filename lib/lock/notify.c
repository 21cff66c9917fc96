/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Waiting for a change. The header has one word for it: the count of changes, and
 * in its lowest bit SLEEPERS, that somebody may be asleep. Who waits sleeps in the
 * kernel on this very word (a futex); who notifies enters the kernel only if the
 * bit is set.
 *
 * notify, by a registered process:
 *   N1  word c -> c+1, no SLEEPERS before or after: done, without the kernel
 *   N2  else, in one system call: word c -> c+1, SLEEPERS as it was, and all are
 *       woken who sleep on the word
 *   N3  if N2 has woken nobody, in one system call: SLEEPERS off, and all are woken
 *       who sleep
 * wait:
 *   W1  word's count is not the one seen: done
 *   W2  word c -> c+SLEEPERS
 *   W3  sleep as long as the word is c+SLEEPERS; then from W1
 *
 * What holds:
 *   A change is a change of the word, in one step (N1, N2). So none is lost,
 *     however many notify at a time, and wherever they die.
 *   Nobody sleeps on the word without SLEEPERS in it, or he is being woken: he
 *     falls asleep only while it is in the word (the kernel compares, with its
 *     queue locked), and it goes in N3 alone, which wakes him.
 *   Nobody sleeps who has missed a change: a word with SLEEPERS is changed in N2
 *     and N3 alone, and both wake him.
 *   What was written before notify is seen after wait: N1 and N2 are releases,
 *     W1 is an acquire.
 *
 * Death after:   leaves:                       mended by:
 *   N1           a change, and nobody slept    nothing to mend
 *   N2           SLEEPERS for nothing          N3 of the next notify
 *   W2, W3       the same                      the same
 * Between the change and the waking of N2, and within N3, nobody dies: it is one
 * system call. With two, "count" and "wake", a notifier that is killed between
 * them leaves sleepers who have missed a change (model: -DWAKES_LATER); that is
 * why the bit is in the word itself, where N1 fails if it has come meanwhile
 * (-DBIT_APART), and why N3 wakes (-DCLEARS_ONLY).
 *
 * OBSERVERS cannot set a bit. If the mode that the object was made with lets
 * somebody read who may not write, the header says so (SVSHM__FLAG_OBSERVERS):
 * then every notify is N2, without N3, and nobody does W2. Otherwise no observer is
 * expected. One who comes all the same, as an administrator has changed the mode
 * since, looks at the word at growing intervals.
 *
 * LOOKING at growing intervals (1 ms, then an eighth of the time waited, 20 ms at
 * most) is what all do where there is no futex: other systems, and sandboxes that
 * refuse it. It asks for nothing of the notifier, so both kinds may meet in one
 * object: only a notifier that has no futex, and a sleeper that has, meet late,
 * as the sleeper looks at the word once in a second.
 *
 * REMOVAL wakes nobody who sleeps in a futex: the memory stays as long as it is
 * mapped. So whoever waits asks the kernel once in a second whether the object is
 * there, and before the first sleep, if the tick is another one than last time.
 *
 * A compiler without atomics: two who add at a time could lose one, so they add
 * inside the gate.
 */
#include <config.h>

#include "lock/notify.h"

#include "base/crashpoint.h"
#include "kernel/futex.h"
#include "kernel/process.h"
#include "kernel/semset.h"

#define PAUSE_MIN SVSHM__MILLISECOND
#define PAUSE_MAX (20 * SVSHM__MILLISECOND)

int64_t svshm__wait_look_interval = 1000 * SVSHM__MILLISECOND;

/* ---- Notify ------------------------------------------------------------------ */

#ifdef HAVE_ATOMIC_BUILTINS

/* N2 and N3. */
static void ring(uint32_t *changes, bool observed)
{
	int woken;

	CRASHPOINT("notify:sleepers seen");
	if (!svshm__futex_add(changes, SVSHM__CHANGE, &woken)) {
		svshm__add(changes, SVSHM__CHANGE);
		return;
	}
	CRASHPOINT("notify:rung");
	if (observed || woken > 0)
		return;
	svshm__futex_clear(changes, SVSHM__CHANGE_SLEEPERS, &woken);
	CRASHPOINT("notify:bit cleared");
}

static int count_change(const struct svshm__locker *locker,
			struct svshm__error *error)
{
	uint32_t *changes = &locker->header->changes;
	bool observed = locker->attachment->observed;
	uint32_t word = svshm__load(changes);

	(void)error;
	while (!observed && !(word & SVSHM__CHANGE_SLEEPERS)) {
		if (svshm__exchange_if(changes, word, word + SVSHM__CHANGE)) {
			CRASHPOINT("notify:counted");
			return SVSHM_OK;
		}
		word = svshm__load(changes);
	}
	ring(changes, observed);
	return SVSHM_OK;
}

#else

static int count_change(const struct svshm__locker *locker,
			struct svshm__error *error)
{
	struct sembuf enter[] = {
		svshm__sembuf(SVSHM__SEM_GATE, 0, 0),
		svshm__sembuf(SVSHM__SEM_GATE, 1, SEM_UNDO),
	};
	struct sembuf leave = svshm__sembuf(SVSHM__SEM_GATE, -1, SEM_UNDO);
	int set_id = locker->attachment->set_id;
	int code = svshm__semset_operate(set_id, enter, 2, SVSHM__FOREVER,
					 error);

	if (code)
		return code;
	svshm__add(&locker->header->changes, SVSHM__CHANGE);
	CRASHPOINT("notify:counted");
	return svshm__semset_give_back(set_id, &leave, 1, error);
}

#endif

/* The epoch first: what is registered anew while this is read changes it
   afterwards. */
static void note_registration(struct svshm__locker *locker)
{
	locker->notify_epoch = svshm__load(&svshm__registration_epoch);
	locker->notifies = !locker->attachment->observed &&
			   svshm__attachment_registered(locker->attachment);
}

int svshm__notify(struct svshm__locker *locker, struct svshm__error *error)
{
	int code = SVSHM_OK;

	note_registration(locker);
	if (svshm__lock_tick_has_passed(locker) ||
	    svshm__load(&locker->header->removed))
		code = svshm__lock_look(locker->attachment, locker->header,
					error);
	return code ? code : count_change(locker, error);
}

/* ---- Wait -------------------------------------------------------------------- */

struct wait {
	const struct svshm__attachment *attachment;
	struct svshm__header *header;
	int64_t start, deadline;
	int64_t look; /* when the object is looked for again */
};

static bool sees_change(const struct wait *wait, uint32_t *seen)
{
	uint32_t count = svshm__change_count(
		svshm__load(&wait->header->changes));

	if (count == *seen)
		return false;
	*seen = count;
	return true;
}

static void pause_for(const struct wait *wait, int64_t now, int64_t end)
{
	int64_t pause = (now - wait->start) / 8;

	pause = pause < PAUSE_MIN ? PAUSE_MIN :
		pause > PAUSE_MAX ? PAUSE_MAX : pause;
	svshm__process_sleep(pause < end - now ? pause : end - now);
}

/* W2 and W3. Nobody wakes an observer who is not expected. */
static void sleep_once(const struct wait *wait, uint32_t seen, int64_t now)
{
	uint32_t *changes = &wait->header->changes;
	int64_t end = wait->look < wait->deadline ? wait->look : wait->deadline;
	uint32_t word = svshm__load(changes);
	bool observed = wait->attachment->observed;
	bool woken = observed || !wait->attachment->reader;

	if (svshm__change_count(word) != seen)
		return;
	if (!woken || !svshm__load(&svshm__futex_usable)) {
		pause_for(wait, now, end);
		return;
	}
	if (!observed && !(word & SVSHM__CHANGE_SLEEPERS)) {
		if (!svshm__exchange_if(changes, word,
					word | SVSHM__CHANGE_SLEEPERS))
			return;
		word |= SVSHM__CHANGE_SLEEPERS;
	}
	CRASHPOINT("wait:announced");
	if (!svshm__futex_wait(changes, word, end))
		pause_for(wait, now, end);
	CRASHPOINT("wait:woken");
}

int svshm__wait_for_change(const struct svshm__attachment *attachment,
			   struct svshm__header *header, int64_t *looked,
			   uint32_t *seen, int timeout_ms,
			   struct svshm__error *error)
{
	struct wait wait = { .attachment = attachment, .header = header };
	int64_t tick;

	if (sees_change(&wait, seen))
		return SVSHM_OK;
	wait.start = svshm__process_now();
	wait.deadline = timeout_ms < 0 ?
			SVSHM__NO_DEADLINE :
			wait.start + timeout_ms * SVSHM__MILLISECOND;
	tick = svshm__process_tick();
	wait.look = wait.start;
	if (tick == *looked)
		wait.look += svshm__wait_look_interval;
	*looked = tick;
	for (;;) {
		int64_t now = svshm__process_now();

		if (now >= wait.look || svshm__load(&header->removed)) {
			if (svshm__lock_look(attachment, header, error))
				return SVSHM_REMOVED;
			wait.look = now + svshm__wait_look_interval;
		}
		if (now >= wait.deadline)
			return SVSHM_TIMED_OUT;
		sleep_once(&wait, *seen, now);
		if (sees_change(&wait, seen))
			return SVSHM_OK;
	}
}
