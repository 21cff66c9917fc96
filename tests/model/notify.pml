/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The protocol at the head of lib/lock/notify.c, with death at every step. One
 * atomic block is one step there: a load, an exchange, or a system call. The steps
 * have their names from there (N1..N3, W1..W3).
 *
 * NOTIFIERS processes notify ROUNDS times each; WAITERS wait for one change after
 * the other. DEATHS times altogether one of them dies, anywhere; TIMEOUTS times a
 * sleeper wakes for no reason.
 *
 * Checked:
 *   no lost change   when nothing else can happen, whoever is asleep has seen the
 *                    count as it is: the assertion in "end of the world"
 *   each counts      the count is as many as have got beyond N1 or N2
 *
 * Variants that must fail, by -D: see run.sh.
 */
#ifndef NOTIFIERS
#define NOTIFIERS 2
#endif
#ifndef WAITERS
#define WAITERS 1
#endif
#ifndef ROUNDS
#define ROUNDS 2
#endif
#ifndef DEATHS
#define DEATHS 1
#endif
#ifndef TIMEOUTS
#define TIMEOUTS 1
#endif

#ifdef OBSERVED
#define BIT false /* nobody sets it */
#else
#define BIT true
#endif

/* The word. */
byte count = 0;
bool sleepers = false;

/* The kernel's queue, and what each waiter has seen. */
bool asleep[WAITERS];
byte seen[WAITERS];

byte deaths = 0, timeouts = 0, made = 0;

#define MAY_DIE \
	if \
	:: atomic { deaths < DEATHS -> deaths++ }; goto end \
	:: true \
	fi

inline wake_all()
{
	woken = 0;
	if
	:: asleep[0] -> asleep[0] = false; woken++
	:: else
	fi;
#if WAITERS > 1
	if
	:: asleep[1] -> asleep[1] = false; woken++
	:: else
	fi;
#endif
#if WAITERS > 2
	if
	:: asleep[2] -> asleep[2] = false; woken++
	:: else
	fi;
#endif
}

proctype notifier()
{
	byte round, saw_count, woken;
	bool saw_sleepers;

again:
	MAY_DIE;
	atomic { saw_count = count; saw_sleepers = sleepers };
	MAY_DIE;
	if
	:: BIT && !saw_sleepers -> goto alone
	:: else -> goto ring
	fi;
alone:	/* N1 */
	atomic {
		if
#ifdef BIT_APART
		:: count == saw_count ->
#else
		:: count == saw_count && !sleepers ->
#endif
			count++;
			made++
		:: else -> goto again
		fi
	};
	goto next;
ring:	/* N2 */
#ifdef WAKES_LATER
	atomic { count++; made++ };
	MAY_DIE;
	atomic { wake_all() };
#else
	atomic { count++; made++; wake_all() };
#endif
	MAY_DIE;
	/* N3 */
	if
	:: BIT && woken == 0 ->
#ifdef CLEARS_ONLY
		sleepers = false
#else
		atomic { sleepers = false; wake_all() }
#endif
	:: else
	fi;
next:
	round++;
	if
	:: round < ROUNDS -> goto again
	:: else
	fi;
end:
	skip
}

proctype waiter(byte me)
{
	byte saw_count;
	bool saw_sleepers;

look:	/* W1 */
	MAY_DIE;
	atomic { saw_count = count; saw_sleepers = sleepers };
	if
	:: saw_count != seen[me] -> seen[me] = saw_count; goto look
	:: else
	fi;
	MAY_DIE;
#ifndef WITHOUT_BIT
	/* W2 */
	if
	:: BIT && !saw_sleepers ->
		atomic {
			if
			:: count == saw_count && sleepers == saw_sleepers ->
				sleepers = true;
				saw_sleepers = true
			:: else -> goto look
			fi
		}
	:: else
	fi;
#endif
	MAY_DIE;
	/* W3 */
	atomic {
		if
#ifdef SLEEPS_BLINDLY
		:: true -> asleep[me] = true
#else
		:: count == saw_count && sleepers == saw_sleepers ->
			asleep[me] = true
		:: else -> goto look
#endif
		fi
	};
end_asleep:
	if
	:: !asleep[me] -> goto look
	:: atomic { deaths < DEATHS && asleep[me] ->
			deaths++; asleep[me] = false }; goto end
	:: atomic { timeouts < TIMEOUTS && asleep[me] ->
			timeouts++; asleep[me] = false }; goto look
	fi;
end:
	skip
}

/* What sleeps now, sleeps for ever. */
proctype end_of_the_world()
{
	timeout;
	assert(count == made);
	assert(!asleep[0] || seen[0] == count);
#if WAITERS > 1
	assert(!asleep[1] || seen[1] == count);
#endif
#if WAITERS > 2
	assert(!asleep[2] || seen[2] == count)
#endif
}

init
{
	byte i = 0;

	atomic {
		do
		:: i < WAITERS -> run waiter(i); i++
		:: else -> break
		od;
		i = 0;
		do
		:: i < NOTIFIERS -> run notifier(); i++
		:: else -> break
		od;
		run end_of_the_world()
	}
}
