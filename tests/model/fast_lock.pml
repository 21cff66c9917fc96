/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The protocol at the head of lib/lock/fast.c, with death at every step. One
 * atomic block is one step there: an exchange, a load, or a semop. The steps
 * have their names from there (F1..F5, G1..G3, R1, R2).
 *
 * PROCESSES registered processes take and give the lock ROUNDS times, and detach.
 * DEATHS times altogether one of them dies, anywhere: what it had taken with
 * SEM_UNDO is given back in one step, and a new process comes in its place,
 * which may get its slot. A waiter may give up as often as it wakes (TIMEOUTS).
 *
 * Checked:
 *   exclusion       assertion on "inside"
 *   death is told   assertion on "torn": the taker is told of a dead owner
 *                   exactly when the last owner died while the word was its
 *   no lost wake-up whoever sleeps when nothing else can happen is an invalid
 *                   end state, which spin reports
 *   tokens          never more than one, and one for each death
 *
 * Variants that must fail, by -D: see run.sh.
 */
#ifndef PROCESSES
#define PROCESSES 3
#endif
#ifndef ROUNDS
#define ROUNDS 1
#endif
#ifndef DEATHS
#define DEATHS 2
#endif
#ifndef TIMEOUTS
#define TIMEOUTS 1
#endif

#define NOBODY 255

/* The lock word: free, or slot and registration of the owner; SLEEPERS. */
byte word_slot = NOBODY, word_registration = 0;
bool word_sleepers = false;

/* The semaphores: the slots; the bed, with its tokens and who sleeps in it; the
   gate. */
bool held[PROCESSES];
byte tokens = 0;
bool asleep[PROCESSES];
bool gate = false;

/* The header: the slot table's registrations, and their count. */
byte table[PROCESSES];
byte registrations = 0;

/* What the checks look at; no process does. */
byte inside = 0;
bool torn = false;
byte deaths = 0, timeouts = 0;

/* ---- The kernel --------------------------------------------------------------- */

/* +1: whoever sleeps longest, or any, gets it at once; else it is kept. */
inline add_token()
{
	if
	:: asleep[0] -> asleep[0] = false
	:: asleep[1] -> asleep[1] = false
#if PROCESSES > 2
	:: asleep[2] -> asleep[2] = false
#endif
#if PROCESSES > 3
	:: asleep[3] -> asleep[3] = false
#endif
	:: else -> tokens++
	fi;
	assert(tokens <= 1 + deaths)
}

/* G3: wait for 0 without waiting, +1. */
inline post()
{
#ifdef WITHOUT_POST
	skip
#else
	atomic {
		if
#ifndef POST_ALWAYS
		:: tokens > 0
#endif
		:: else -> add_token()
		fi
	}
#endif
}

/* Nothing is as likely as death. */
#define MAY_DIE \
	if \
	:: atomic { deaths < DEATHS -> deaths++ }; goto dead \
	:: true \
	fi

/* ---- The word ------------------------------------------------------------------ */

#ifdef WITHOUT_REGISTRATION
#define SAME_OWNER(slot, registration) (word_slot == slot)
#else
#define SAME_OWNER(slot, registration) \
	(word_slot == slot && word_registration == registration)
#endif

/* Step into the critical section: the word is mine now. */
inline become_owner(told)
{
	assert(torn == told);
	torn = false;
	assert(inside == 0);
	inside++;
	owner = true;
	word_slot = slot;
	word_registration = registration
}

/* F1; SLEEPERS is kept, and set by one who has slept. */
inline take_free()
{
	atomic {
		if
		:: word_slot == NOBODY ->
			become_owner(false);
#ifndef SLEPT_FORGETS
			word_sleepers = word_sleepers || slept
#endif
		:: else
		fi
	}
}

proctype process(byte me)
{
	byte slot, registration, round;
	byte seen_slot, seen_registration;
	bool registered, owner, in_gate, slept, alive, gave_up;

	/* The first ones have registered before; see init. */
	slot = me;
	registration = me + 1;
	registered = true;
	goto again;

born:
	/* Register, inside the gate. */
	atomic { !gate -> gate = true; in_gate = true };
	MAY_DIE;
	atomic { /* R1 */
		slot = 0;
		do
		:: held[slot] -> slot++
		:: else -> break
		od;
		registrations++;
		registration = registrations;
		table[slot] = registration
	};
	MAY_DIE;
	atomic { held[slot] = true; registered = true }; /* R2 */
	MAY_DIE;
	atomic { gate = false; in_gate = false };
	/* It need not come for the lock, and wake or free anything by that. */
	if
	:: true
	:: true -> goto end
	fi;

again:
	slept = false;
	gave_up = false;
wait:
	MAY_DIE;
	take_free(); /* F1, F2 */
	if
	:: owner -> goto critical
	:: else
	fi;
	MAY_DIE;
	atomic { /* F3 */
		if
		:: word_slot == NOBODY -> goto wait
		:: else ->
			seen_slot = word_slot;
			seen_registration = word_registration;
			word_sleepers = true
		fi
	};
	MAY_DIE;
	alive = held[seen_slot]; /* F4: the kernel, then the table */
	MAY_DIE;
#ifndef WITHOUT_REGISTRATION
	alive = alive && table[seen_slot] == seen_registration;
#endif
	if
	:: !alive ->
		MAY_DIE;
		atomic { /* F4: take over */
			if
#ifdef TAKE_OVER_BLINDLY
			:: true ->
#else
			:: SAME_OWNER(seen_slot, seen_registration) ->
#endif
				become_owner(true)
			:: else
			fi
		};
		if
		:: owner -> goto critical
		:: else -> goto wait
		fi
	:: else
	fi;
	MAY_DIE;
	/* F5 */
	atomic {
		if
		:: tokens > 0 -> tokens--
		:: else -> asleep[me] = true
		fi
	};
	if
	:: !asleep[me]
	:: atomic { deaths < DEATHS -> deaths++ }; goto dead
	:: atomic { timeouts < TIMEOUTS && asleep[me] ->
			timeouts++; asleep[me] = false; gave_up = true }
	fi;
	if
	:: gave_up && !slept -> goto leave
	:: gave_up && slept -> goto pass_on
	:: else
	fi;
	slept = true;
	/* The deadline may have passed when it comes to sleep again. */
	if
	:: timeouts < TIMEOUTS ->
		timeouts++;
		MAY_DIE;
		take_free();
		if
		:: owner -> goto critical
		:: else -> goto pass_on
		fi
	:: true
	fi;
	goto wait;
pass_on:
	MAY_DIE;
#ifndef GIVING_UP_KEEPS_TOKEN
	post();
#endif
	goto leave;

critical:
	MAY_DIE;
	atomic { /* G1, G2 */
		assert(word_slot == slot && word_registration == registration);
		slept = word_sleepers;
		word_slot = NOBODY;
		word_registration = 0;
		word_sleepers = false;
		owner = false;
		inside--
	};
	if
	:: slept -> MAY_DIE; post()
	:: else
	fi;
	round++;
	if
	:: round < ROUNDS -> goto again
	:: else
	fi;

leave:
	MAY_DIE;
	atomic { held[slot] = false; registered = false }; /* detach */
	goto end;

dead:
#ifdef TOKEN_BEFORE_SLOT
	/* A kernel that undoes one semaphore after the other. */
	atomic {
		asleep[me] = false;
		if
		:: registered -> add_token()
		:: else
		fi
	};
#endif
	atomic {
		asleep[me] = false;
		if
		:: registered ->
			held[slot] = false;
#if !defined(WITHOUT_DEATH_TOKEN) && !defined(TOKEN_BEFORE_SLOT)
			add_token()
#endif
		:: else
		fi;
		if
		:: owner -> torn = true; inside--
		:: else
		fi;
		if
		:: in_gate -> gate = false
		:: else
		fi;
		/* Another process, which knows nothing. */
		registered = false;
		owner = false;
		in_gate = false;
		slept = false;
		gave_up = false;
		round = 0;
		seen_slot = 0;
		seen_registration = 0
	};
	goto born;
end:
	skip
}

init
{
	byte i = 0;

	atomic {
		do
		:: i < PROCESSES ->
			held[i] = true;
			registrations++;
			table[i] = registrations;
			run process(i);
			i++
		:: else -> break
		od
	}
}
