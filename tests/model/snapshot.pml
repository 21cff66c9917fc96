/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The protocol at the head of lib/lock/snapshot.c, with death at every step. The
 * steps have their names from there (W1..W4, R1..R3).
 *
 * The data are two words, which an owner stores in either order, and which the
 * reader loads in either order. What processors and compilers may do beyond that,
 * where a fence or a release is left out, are the variants: a store that is seen
 * late, a load that is made early.
 *
 * WRITERS processes take the lock ROUNDS times. DEATHS times altogether one of them
 * dies, anywhere. The next owner takes its word over and is told, by the mark; it
 * puts the data right and lowers the mark, or gives the lock with the data as they
 * are. If none is left, a newcomer clears the word. The reader tries TRIES times.
 *
 * Checked: what the reader believes is one owner's, and not older than what was
 * there when it began; or it says that an owner died, and one has.
 *
 * Variants that must fail, by -D: see run.sh.
 */
#ifndef WRITERS
#define WRITERS 2
#endif
#ifndef ROUNDS
#define ROUNDS 2
#endif
#ifndef DEATHS
#define DEATHS 2
#endif
#ifndef TRIES
#define TRIES 2
#endif

/* The lock word: as exchanges find it, and as loads see it. 0: free. */
byte word = 0, seen_word = 0;
byte rounds = 0;
bool mark = false;
byte first = 0, second = 0;

/* What the kernel knows. */
bool dead[WRITERS];
byte ended = 0;

/* What the checks look at: the last data that an owner has left in order. */
byte left = 0, value = 0, deaths = 0;

#define MAY_DIE \
	if \
	:: atomic { deaths < DEATHS -> deaths++ }; goto died \
	:: true \
	fi

/* W1's store may be seen at any moment; at the latest before what follows it. */
#define SEEN_AT_LAST \
	atomic { \
		if \
		:: is_late -> seen_word = me + 1; is_late = false \
		:: else \
		fi \
	}

inline give()
{
	atomic { value = new; word = 0; seen_word = 0; is_late = false; left = new }
}

proctype writer(byte me)
{
	byte round, new;
	bool is_late, told;

again:
	MAY_DIE;
	atomic { /* W1 */
		if
		:: word == 0 -> told = false
		:: word != 0 && dead[word - 1] -> told = true
		fi;
		word = me + 1;
#ifdef WITHOUT_ORDER_OF_STORES
		is_late = true
#else
		seen_word = word
#endif
	};
	MAY_DIE;
	if
	:: told -> mark = true; MAY_DIE
	:: else
	fi;
	new = value;
	if
	:: mark -> goto count /* leaves it to others */
	:: true
	fi;
	new++;
	/* W2 */
	if
	:: first = new; MAY_DIE; second = new
	:: second = new; MAY_DIE; first = new
#ifdef GIVES_WITHOUT_RELEASE
	:: first = new; rounds++; goto last_store
#endif
	fi;
	MAY_DIE;
#ifndef WITHOUT_MAKING_CONSISTENT
	mark = false;
#endif
count:
	MAY_DIE;
	SEEN_AT_LAST;
#ifndef COUNTS_LATE
#ifndef WITHOUT_COUNT
	rounds++; /* W3 */
#endif
#endif
	MAY_DIE;
	give(); /* W4 */
#ifdef COUNTS_LATE
	MAY_DIE;
	rounds++;
#endif
	goto next;
#ifdef GIVES_WITHOUT_RELEASE
last_store:
	give();
	second = new;
#endif
next:
	round++;
	if
	:: round < ROUNDS -> goto again
	:: else -> goto end
	fi;
died:
	SEEN_AT_LAST;
	dead[me] = true;
end:
	ended++
}

/* object/register.c: all have died, or have left. */
proctype newcomer()
{
	ended == WRITERS;
	if
	:: word != 0 ->
		mark = true;
#ifndef CLEARS_WITHOUT_COUNT
		rounds++;
#endif
		atomic { word = 0; seen_word = 0 };
		/* And then it takes the lock, and writes. */
		atomic { word = WRITERS + 1; seen_word = word };
		first = value + 1;
		second = value + 1;
		mark = false;
		rounds++;
		atomic { word = 0; seen_word = 0 }
	:: else
	fi
}

proctype reader()
{
	byte try, before, owner, old, one, two;
	bool died, same;

again:
	atomic { old = left; before = rounds }; /* R1 */
	owner = seen_word;
	if
	:: owner != 0 ->
#ifndef BELIEVES_ANY_OWNER
		/* The kernel is asked. */
		if
		:: owner > WRITERS -> goto next
		:: owner <= WRITERS && !dead[owner - 1] -> goto next
		:: owner <= WRITERS && dead[owner - 1]
		fi
#endif
	:: else
	fi;
	/* R2 */
	if
	:: one = first; two = second
	:: two = second; one = first
#ifdef WITHOUT_ORDER_OF_LOADS
	:: one = first; same = seen_word == owner; two = second; goto rest
#endif
	fi;
#ifndef ASKS_FOR_DEATH_LAST
	died = mark;
#endif
	/* R3 */
#ifdef WITHOUT_WORD
	same = true;
#else
#ifdef ROUNDS_FIRST
	same = rounds == before;
	same = same && seen_word == owner;
	goto believe;
#else
	same = seen_word == owner;
#endif
#endif
rest:
#ifdef WITHOUT_ROUNDS
	skip;
#else
	same = same && rounds == before;
#endif
believe:
#ifdef ASKS_FOR_DEATH_LAST
	died = mark;
#endif
	if
	:: !same -> goto next
	:: else
	fi;
	if
	:: died || owner != 0 -> assert(deaths > 0)
	:: else -> assert(one == two && one >= old)
	fi;
	goto end;
next:
	try++;
	if
	:: try < TRIES -> goto again
	:: else
	fi;
end:
	skip
}

init
{
	byte i = 0;

	atomic {
		do
		:: i < WRITERS -> run writer(i); i++
		:: else -> break
		od;
		run newcomer();
		run reader()
	}
}
