/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * semop with a deadline. Where there is no semtimedop (FreeBSD, OpenBSD, macOS),
 * nothing but a signal ends a semop before its time, and a library has no
 * signal to spend; a thread that sleeps in semop for us could not be called
 * back, and would take the lock when nobody wants it any more. So the wait is a
 * row of tries with pauses between them:
 *
 *   - A pause is an eighth of the time waited so far, from 1 to 16 ms: it makes
 *     a wait an eighth longer at most, and a long one costs 60 tries a second.
 *   - Each try is one semop with IPC_NOWAIT, after the deadline still one. The
 *     clock is the monotonic one. A signal shortens a pause, and nothing else.
 *   - Tries alone would starve beside processes that sleep in semop or come by
 *     more often: the lock is never free when we look. So who has waited for
 *     8 ms asks for the next turn.
 *
 * THE NEXT TURN is a mark on the very semaphore that is waited for (the lock's),
 * of value 2, with SEM_UNDO. "Zero is free" keeps all others out who wait for
 * zero, also those who know nothing of turns: a process with semtimedop, or an older svshm.
 *
 *   value   meaning                     changes, each in one semop, all NOWAIT
 *   0       free                        take    {wait 0, +1 undo}        -> 1
 *   1       owned                       ask     {-1, wait 0, +1, +2 undo} -> 3
 *   3       owned, next turn asked for  give    {-1 undo}                -> 2
 *   2       free for who asked          take    {-2 undo, wait 0, +1 undo} -> 1
 *                                       give up {-2 undo}                -> 0, 1
 *
 *   Invariants: at most one process has asked, since "ask" works on 1 alone.
 *   Who asked takes in one step, so nobody slips in between. An owner who dies
 *   leaves 2, who asked takes; who asked and dies leaves 0 or 1, and if it is
 *   0, the kernel wakes those who sleep.
 *   Limits: 4 operations, one undo entry, values up to 3.
 *
 * If others sleep in the kernel's queue, a coin decides once for each owner
 * whether to ask, else several who ask in turn could keep the sleepers out for
 * good. It costs a lock that is asked for one pause of idleness a turn. A
 * process that is stopped after it has asked keeps the others out until it
 * goes on or dies, as one that is stopped in a fair queue does.
 */
#include <config.h>

#include "kernel/semset.h"

#include <errno.h>
#include <time.h>

#include "kernel/process.h"

#if defined(HAVE_SEMTIMEDOP) && HAVE_DECL_SEMTIMEDOP

int svshm__semset_operate_until(int id, struct sembuf *operations,
				size_t count, int64_t deadline)
{
	int64_t remaining = deadline - svshm__process_now();

	if (remaining < 0)
		remaining = 0;

	struct timespec timeout = {
		(time_t)(remaining / 1000000000),
		(long)(remaining % 1000000000)
	};

	return semtimedop(id, operations, count, &timeout);
}

#else

#define ASK_AFTER (8 * SVSHM__MILLISECOND)
#define PAUSE_MIN SVSHM__MILLISECOND
#define PAUSE_MAX (16 * SVSHM__MILLISECOND)
/* Then the coin is thrown again for the same owner: see would_ask(). */
#define OWNER_TRIES 32

struct wait {
	int id;
	struct sembuf *operations; /* the caller's */
	size_t count;
	int64_t start;
	bool asked; /* the next turn is ours */
	int owner;  /* for whom the coin was thrown last; 0: for nobody */
	int tries;  /* since then */
};

static struct sembuf operation(const struct wait *wait, int change, int undo)
{
	struct sembuf result = wait->operations[0];

	result.sem_op = (short)change;
	result.sem_flg = (short)(IPC_NOWAIT | undo);
	return result;
}

/*
 * Is it "take" of the lock? Nobody stays inside the gate, nobody sleeps in its
 * queue here, and its GETPID is to tell who is inside.
 */
static bool is_take(const struct sembuf *operations, size_t count)
{
	return count == 2 && operations[0].sem_num == SVSHM__SEM_WITH_TURNS &&
	       operations[1].sem_num == SVSHM__SEM_WITH_TURNS &&
	       operations[0].sem_op == 0 && operations[1].sem_op == 1 &&
	       (operations[1].sem_flg & SEM_UNDO);
}

/* The caller's operations, without waiting. */
static int try(const struct wait *wait)
{
	struct sembuf once[8];

	if (wait->asked) {
		once[0] = operation(wait, -2, SEM_UNDO);
		once[1] = operation(wait, 0, 0);
		once[2] = operation(wait, 1, SEM_UNDO);
		return semop(wait->id, once, 3);
	}
	if (wait->count > sizeof(once) / sizeof(*once)) {
		errno = E2BIG;
		return -1;
	}
	for (size_t i = 0; i < wait->count; i++) {
		once[i] = wait->operations[i];
		once[i].sem_flg |= IPC_NOWAIT;
	}
	return semop(wait->id, once, wait->count);
}

/*
 * Not twice for one owner, as far as its process tells that; a process that
 * takes the lock again and again is met with a new throw now and then.
 */
static bool would_ask(struct wait *wait)
{
	int semaphore = wait->operations[0].sem_num;
	struct timespec now;

	if (semctl(wait->id, semaphore, GETZCNT) <= 0)
		return true;

	int owner = semctl(wait->id, semaphore, GETPID);

	if (owner == wait->owner && ++wait->tries < OWNER_TRIES)
		return false;
	wait->owner = owner;
	wait->tries = 0;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (now.tv_nsec >> 10) % 2 == 0;
}

static void ask(struct wait *wait)
{
	struct sembuf operations[] = {
		operation(wait, -1, 0),
		operation(wait, 0, 0),
		operation(wait, 1, 0),
		operation(wait, 2, SEM_UNDO),
	};

	wait->asked = semop(wait->id, operations, 4) == 0;
}

static void give_up(const struct wait *wait)
{
	struct sembuf back = operation(wait, -2, SEM_UNDO);
	int errnum = errno;

	if (wait->asked)
		semop(wait->id, &back, 1);
	errno = errnum;
}

static int64_t pause_for(int64_t waited)
{
	return waited < 8 * PAUSE_MIN ? PAUSE_MIN :
	       waited < 8 * PAUSE_MAX ? waited / 8 : PAUSE_MAX;
}

static int wait_until(struct wait *wait, int64_t deadline)
{
	bool may_ask = is_take(wait->operations, wait->count);

	for (;;) {
		int64_t now = svshm__process_now();

		if (try(wait) == 0)
			return 0;
		if (errno != EAGAIN || now >= deadline)
			break;
		if (may_ask && !wait->asked &&
		    now - wait->start >= ASK_AFTER && would_ask(wait))
			ask(wait);

		int64_t pause = pause_for(now - wait->start);

		svshm__process_sleep(pause < deadline - now ? pause :
							      deadline - now);
	}
	give_up(wait);
	return -1;
}

int svshm__semset_operate_until(int id, struct sembuf *operations,
				size_t count, int64_t deadline)
{
	struct wait wait = { .id = id, .operations = operations,
			     .count = count,
			     .start = svshm__process_now() };

	return wait_until(&wait, deadline);
}

#endif
