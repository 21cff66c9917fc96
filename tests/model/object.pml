/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The object's protocol, as at the head of lib/object/object.c, with death at every
 * step. One atomic block is one system call, or one look at or store to shared
 * memory. The steps have their numbers from there.
 *
 * PROCESSES processes create, attach, or recover (RECOVERS) ROUNDS times each,
 * as they like, and leave by detach or exit. DEATHS times altogether one of
 * them dies, anywhere: first its memory goes, then what it took with SEM_UNDO.
 * After all have ended one of them (LAST) comes again, creates and detaches.
 * Beside them:
 *
 *   READERS=1    an observer maps whatever there is, without a gate, and stays
 *   CHILDREN=1   one of the processes forks a child, which never calls; it is
 *                killed or ends by exit. MAPS: the others see who has what
 *                mapped; without, they know of children what these have counted
 *   TEAM         each second process is another user, who may write, not remove
 *   USES_ANY_SET of a team: a set without users is used, whoever made it
 *   COLLISION    two names, whose first keys are the same
 *   ADMIN=n      somebody removes key files (ADMIN_DOES=1), sets (2), segments
 *                (4), resets sets (8), or opens a gate by SETVAL (16), at any
 *                time, n times altogether
 *   BLIND        nothing can be told of a pid: it is of another pid namespace
 *
 * and to have fewer states: CAST (the last process attaches, the others
 * create), NO_EXIT, ONE_MORTAL, INODES=1 (a key file made anew has the same
 * inode).
 *
 * Checked, with the numbers of the promises in doc/HACKING.md:
 *   1  Whoever registers is in the same segment as all other users of the name,
 *      but for those whose segment was removed or retired.
 *   2  The library removes or retires no segment that has another user,
 *      registered or a child. After the last one's detach neither a segment of
 *      the name nor its key file is left (of a team: but for what is retired).
 *   3  Nobody waits for ever (spin reports an invalid end state). The last
 *      one's create succeeds, and does not start again and again, whoever has
 *      died where, and whoever looks on.
 *   5  Where the last user has died, whoever takes over or removes the data is
 *      told (said). He is told by attach only if somebody has died since the
 *      dead were buried, and nobody who is registered lives.
 *
 * Two whose order can't be told may have acted in either: whoever dies while
 * another judges is alive or dead to him; and whoever dies while the last one
 * leaves has died before him.
 *
 * Left out, and why:
 *   - The lock: fast_lock.pml. Handles and threads: one process has one mutex.
 *   - Other programs' sets and segments: passed by, as another name's are.
 *   - Whom to trust: decides who passes by what, as another name would.
 *   - Children that register: they are processes that attach.
 *   - What was retired under other keys is not swept.
 *   - With as many leftovers of others as there are projects, a team's next one
 *     finds no key. Without USES_ANY_SET three processes come to that: so two.
 * Known, and excused:
 *   - While a child is in doubt, attach joins without being told.
 *   - With MAPS, a child that is in exit while its parent leaves is taken for
 *     one that stays, and its end for a death.
 *   - Who attaches to a lone key file takes it away in the gate of its first key.
 *     If that was somebody else's until a moment ago, a maker may be in the
 *     gate of the next one, and his object is one that has lost its key file.
 *   - Of a team, who has retired an orphan and then must give way to a duplicate is
 *     refused; the model does not look at what the refusal says.
 *
 * Variants that must fail, by -D: see run.sh.
 */
#ifndef PROCESSES
#define PROCESSES 2
#endif
#ifndef READERS
#define READERS 0
#endif
#ifndef CHILDREN
#define CHILDREN 0
#endif
#ifndef ROUNDS
#define ROUNDS 1
#endif
#ifndef DEATHS
#define DEATHS 1
#endif
#ifndef ADMIN
#define ADMIN 0
#endif
/* What he does: 1 unlinks F, 2 removes a set, 4 removes a segment, 8 resets a
   set (SETALL), 16 sets the gate to 0. */
#ifndef ADMIN_DOES
#define ADMIN_DOES 7
#endif

/* ---- The world ----------------------------------------------------------- */

#ifndef LAST
#define LAST 0 /* the process that comes when all have gone */
#endif
#if ADMIN
#define ADMINS 1
#else
#define ADMINS 0
#endif

#define NONE 255
#define ACTORS (PROCESSES + READERS + CHILDREN)
#define SLOTS (PROCESSES + CHILDREN)
#define IS_READER(a) ((a) >= PROCESSES && (a) < PROCESSES + READERS)

/*
 * A key file that is lost and made anew has another inode, and the same keys: those
 * are the name's. Two names have their first key in common.
 */
#ifndef INODES
#define INODES 2
#endif
#if defined(COLLISION)
#define NAMES 2
#undef INODES
#define INODES 1
#define PROJECTS 2
#define KEYS 3
#define KEY(name, project) ((project) * ((name) + 1))
#elif defined(TEAM)
#define NAMES 1
#undef INODES
#define INODES 1
#ifndef PROJECTS
#define PROJECTS 3
#endif
#define KEYS PROJECTS
#define KEY(name, project) (project)
#else
#define NAMES 1
#define PROJECTS 2
#define KEYS PROJECTS
#define KEY(name, project) (project)
#endif
#ifndef SETS
#define SETS 5
#endif
#ifndef SEGMENTS
#define SEGMENTS 4
#endif

/* Of a team, each may write to what the others made, and not remove it. */
#ifdef TEAM
#define UID(a) ((a) % 2)
#else
#define UID(a) 0
#endif
#ifdef USES_ANY_SET
#define SET_UNFIT false
#else
#define SET_UNFIT SET.uid != UID(me)
#endif
#define MAY_REMOVE(uid) ((uid) == UID(me))

#define FRESH 0 /* a set's name; else 1 + name */
#define WIPED 254

typedef Set {
	bool live;
	byte key;
	byte name;
	byte uid;
	byte gate;        /* who is inside, or NONE */
	byte slot[SLOTS]; /* who holds it, or NONE */
	bool changed;     /* since its slots are those of a segment */
#if CHILDREN
	byte children;    /* bits */
#endif
}

/* A segment that was removed lives on while it is mapped. */
#define NOTHING 0
#define LIVE 1
#define REMOVED 2

/* The slot table. "Dead" is what a look at the pid tells. */
#define FREE 0
#define USED 1
#define USED_DEAD 2
#define LEAVING 3
#define LEAVING_DEAD 4
#define IS_USED(e) ((e) == USED || (e) == USED_DEAD)

typedef Segment {
	byte state;
	byte key;
	byte name;  /* 0: the magic isn't there yet; else 1 + name */
	byte uid;
	byte set;   /* in which the slots are claimed */
	byte entry[SLOTS];
	bool bequeathed, retired, removed;
	byte turn; /* whose it is, or NONE */
#if CHILDREN
	byte forks, births;
#endif
	/* What the checks look at. */
	bool orphan; /* the last user has died, and nobody was told yet */
	bool died;   /* some user has died, and nobody was told yet */
}

byte file[NAMES];       /* F: its inode, or 0 */
byte last_inode[NAMES]; /* of all that there were */
byte set_of[KEYS], segment_of[KEYS];
Set sets[SETS];
Segment segments[SEGMENTS];

byte at[ACTORS];     /* what each has mapped */
byte my_set[ACTORS]; /* which ids each remembers: not used again meanwhile */
byte my_segment[ACTORS];
byte base_set[ACTORS], base_segment[ACTORS];
bool same_turn[ACTORS]; /* the word is as each has seen it */

/* What the checks look at: registered, or a child. */
bool user[ACTORS];
byte ended = 0;
byte deaths = 0;

#if CHILDREN
/* One child, of whoever forks first. */
#define CHILD (PROCESSES + READERS)
#define UNBORN 0
#define BEGUN 1
#define BORN 2
#define GONE 3
byte child = UNBORN;
#endif

/* Unrolled: does F(A, X) hold for any actor A? */
#define ANY1(f, x) f(0, x)
#if ACTORS > 1
#define ANY2(f, x) (ANY1(f, x) || f(1, x))
#else
#define ANY2(f, x) ANY1(f, x)
#endif
#if ACTORS > 2
#define ANY3(f, x) (ANY2(f, x) || f(2, x))
#else
#define ANY3(f, x) ANY2(f, x)
#endif
#if ACTORS > 3
#define ANY4(f, x) (ANY3(f, x) || f(3, x))
#else
#define ANY4(f, x) ANY3(f, x)
#endif
#if ACTORS > 4
#define ANY(f, x) (ANY4(f, x) || f(4, x))
#else
#define ANY(f, x) ANY4(f, x)
#endif

#define HAS(a, m) (at[a] == (m))
#define OTHER_MAPS(a, m) ((a) != me && at[a] == (m))
#define OTHER_WRITES(a, m) ((a) != me && !IS_READER(a) && at[a] == (m))
#define REMEMBERS_SEGMENT(a, m) (my_segment[a] == (m) || base_segment[a] == (m))
#define REMEMBERS_SET(a, s) (my_set[a] == (s) || base_set[a] == (s))
/* P2 */
#define OTHER_USES(a, m) ((a) != me && user[a] && at[a] == (m))
#define OTHER_REGISTERED(a, m) \
	((a) < PROCESSES && (a) != me && user[a] && at[a] == (m))
/* P1 */
#define USES_ANOTHER(a, m) \
	(user[a] && at[a] != NONE && at[a] != (m) && \
	 segments[at[a]].state == LIVE && !segments[at[a]].retired && \
	 segments[at[a]].name == segments[m].name)

/* ---- The kernel ---------------------------------------------------------- */

hidden byte i, j;

inline clear_segment(m)
{
	segments[m].state = NOTHING;
	segments[m].key = 0;
	segments[m].name = 0;
	segments[m].uid = 0;
	segments[m].set = NONE;
	i = 0;
	do
	:: i < SLOTS -> segments[m].entry[i] = FREE; i++
	:: else -> break
	od;
	segments[m].bequeathed = false;
	segments[m].retired = false;
	segments[m].removed = false;
	segments[m].turn = NONE;
#if CHILDREN
	segments[m].forks = 0;
	segments[m].births = 0;
#endif
	segments[m].orphan = false;
	segments[m].died = false
}

/* Its contents are of interest as long as somebody has it mapped, or is about
   to look at it. */
inline reap(m)
{
	if
	:: m != NONE && segments[m].state == REMOVED && !ANY(HAS, m) &&
	   !ANY(REMEMBERS_SEGMENT, m) -> clear_segment(m)
	:: else
	fi
}

inline unmap(a)
{
	j = at[a];
	at[a] = NONE;
	reap(j)
}

inline let_segment(a)
{
	j = my_segment[a];
	my_segment[a] = NONE;
	reap(j);
	j = base_segment[a];
	base_segment[a] = NONE;
	reap(j)
}

/* shmctl(IPC_RMID) */
inline remove_segment(m)
{
	if
	:: segments[m].state == LIVE ->
		segment_of[segments[m].key] = NONE;
		segments[m].state = REMOVED;
		reap(m)
	:: else
	fi
}

/* shmget(IPC_CREAT | IPC_EXCL) */
inline make_segment(k)
{
	j = 0;
	do
	:: j < SEGMENTS && segments[j].state != NOTHING -> j++
	:: else -> break
	od;
	assert(j < SEGMENTS);
	segments[j].state = LIVE;
	segments[j].key = k;
	segments[j].uid = UID(me);
	segments[j].set = my_set[me]; /* 8: the creator's mark */
	segment_of[k] = j;
	my_segment[me] = j;
	same_turn[me] = true
}

inline empty_set(s)
{
	i = 0;
	do
	:: i < SLOTS -> sets[s].slot[i] = NONE; i++
	:: else -> break
	od;
#if CHILDREN
	sets[s].children = 0;
#endif
	sets[s].gate = NONE
}

/* semctl(IPC_RMID) */
inline remove_set(s)
{
	if
	:: sets[s].live ->
		set_of[sets[s].key] = NONE;
		sets[s].live = false;
		sets[s].key = 0;
		sets[s].name = FRESH;
		sets[s].uid = 0;
		sets[s].changed = false;
		empty_set(s)
	:: else
	fi
}

/* SETALL: what was to be undone is forgotten. The time tells, if a second has
   passed. */
inline reset_set(s)
{
	empty_set(s);
	sets[s].name = WIPED;
	if
	:: sets[s].changed = true
	:: true
	fi
}

/* SETVAL of the gate alone. */
inline open_gate(s)
{
	sets[s].gate = NONE;
	if
	:: sets[s].changed = true
	:: true
	fi
}

#define NAMES_SET(s) \
	(segments[0].set == (s) || segments[1].set == (s) || \
	 segments[2].set == (s) || segments[3].set == (s) || \
	 segments[SEGMENTS - 1].set == (s))

/* semget(IPC_CREAT | IPC_EXCL) */
inline make_set(k)
{
	j = 0;
	do
	:: j < SETS && (sets[j].live || NAMES_SET(j) ||
			ANY(REMEMBERS_SET, j)) -> j++
	:: else -> break
	od;
	assert(j < SETS);
	sets[j].live = true;
	sets[j].key = k;
	sets[j].uid = UID(me);
	set_of[k] = j;
	my_set[me] = j
}

#define SET sets[my_set[me]]
#define SEGMENT segments[my_segment[me]]

/* Whoever took it, if somebody has reset the set meanwhile. */
inline leave_gate()
{
	SET.gate = NONE
}

inline release_slot()
{
	if
	:: slot != NONE && SET.slot[slot] == me -> SET.slot[slot] = NONE
	:: else
	fi;
	slot = NONE
}

/* What was mapped to look at it. Not our own, beside a duplicate. */
inline let_go()
{
	if
	:: !duplicate -> unmap(me)
	:: else
	fi
}

/* The first that a dying process loses is its memory. */
inline lose_memory(a)
{
	if
	:: at[a] != NONE && !IS_READER(a) ->
		j = at[a];
		segments[j].died = segments[j].died || user[a];
		if
		:: slot == NONE
		:: else ->
			if
			:: segments[j].entry[slot] == USED ->
				segments[j].entry[slot] = USED_DEAD;
				segments[j].died = true
			:: segments[j].entry[slot] == LEAVING ->
				segments[j].entry[slot] = LEAVING_DEAD
			:: else
			fi
		fi;
	:: else
	fi;
	unmap(a)
}

/* Then what it took with SEM_UNDO is given back, of all sets in one step. */
inline undo_all(a)
{
	j = 0;
	do
	:: j < SETS ->
		if
		:: sets[j].gate == a -> sets[j].gate = NONE
		:: else
		fi;
		i = 0;
		do
		:: i < SLOTS ->
			if
			:: sets[j].slot[i] == a -> sets[j].slot[i] = NONE
			:: else
			fi;
			i++
		:: else -> break
		od;
#if CHILDREN
		sets[j].children = sets[j].children & ~(1 << a);
#endif
		j++
	:: else -> break
	od;
	j = 0;
	do
	:: j < SEGMENTS ->
		if
		:: segments[j].turn == a -> segments[j].turn = NONE
		:: else
		fi;
		j++
	:: else -> break
	od;
	if
	:: user[a] ->
		user[a] = false;
		j = my_segment[a];
		if
		:: segments[j].state != NOTHING && !segments[j].retired ->
			segments[j].died = true;
			segments[j].orphan = !ANY(OTHER_USES, j)
		:: else
		fi
	:: else
	fi
}

/* For the checks: whoever is dying while the last user leaves died before. */
inline order_deaths()
{
	i = 0;
	do
	:: i < ACTORS ->
		if
		:: i != me && at[i] == NONE &&
		   my_segment[i] == my_segment[me] ->
			user[i] = false
		:: else
		fi;
		i++
	:: else -> break
	od
}

/* ---- One process --------------------------------------------------------- */

#define CREATE 1
#define ATTACH 2
#define RECOVER 3

/* What comes of an attempt. */
#define RETRY 1
#define TRY_NEXT_KEY 2
#define REFUSED 3
#define NOT_FOUND 4
#define SETTLE 5 /* with the duplicate, which was seen before we undid ours */
#define BYE 6    /* detached */

/* To whom it is left. */
#define TO_OTHERS 1
#define TO_CHILDREN 2

/* Verdicts */
#define IN_USE 1
#define ORPHAN 2
#define HALF 3
#define FOREIGN 4
#define UNKNOWN 5

/* Twins: none, ours is there beside it, ours is undone. */
#define BESIDE 1
#define UNDONE 2

#define DIE \
	atomic { deaths < DEATHS && MORTAL && !final -> deaths++; goto dead }

#define UNLINK_ALLOWED(s) \
	(NO_OTHER_KEY(0, s) && NO_OTHER_KEY(1, s) && \
	 NO_OTHER_KEY(PROJECTS - 2, s) && NO_OTHER_KEY(PROJECTS - 1, s))
#define NO_OTHER_KEY(p, s) \
	(set_of[KEY(name, p)] == NONE || set_of[KEY(name, p)] == (s))

#define PUBLISHED(m) \
	(segments[m].state == LIVE && segments[m].name == 1 + name && \
	 !segments[m].retired)
#if ADMINS || defined(COLLISION)
/* By him, two may be inside at once; and see "Known" above. */
#define KEY_FILE_SPARED true
#else
#define KEY_FILE_SPARED \
	(!PUBLISHED(0) && !PUBLISHED(1) && !PUBLISHED(2) && \
	 !PUBLISHED(SEGMENTS - 1))
#endif

/* Of F, if it is still the one with that inode. */
inline unlink_file(its_inode)
{
	if
	:: file[name] != 0 && file[name] == its_inode ->
#ifdef TEAM
		if
		:: UNLINK_ALLOWED(my_set[me]) -> file[name] = 0
		:: else
		fi
#else
		assert(KEY_FILE_SPARED || code == SETTLE); /* P2 */
		file[name] = 0
#endif
	:: else
	fi
}

/* Judge_fate(): not of its slot. */
#ifdef BLIND
#define MAY_LIVE(e) true
#define SEEN(e) false
#elif defined(SLOTS_PROVE)
#define MAY_LIVE(e) false
#define SEEN(e) false
#else
#define MAY_LIVE(e) ((e) == USED || (e) == LEAVING)
#define SEEN(e) ((e) == USED || (e) == LEAVING)
#endif

#define INTACT 0
#define CHANGED 1
#define LOST 2

inline look_at_slots()
{
	seen_changed = SET.changed;
	seen = 0;
	i = 0;
	do
	:: i < SLOTS ->
		seen = seen | (SET.slot[i] != NONE -> (1 << i) : 0);
		i++
	:: else -> break
	od
}

inline look_at_set()
{
#ifdef SLOTS_PROVE
	state = INTACT
#else
	state = (!SET.live || SEGMENT.set != my_set[me] -> LOST :
		 (seen_changed -> CHANGED : INTACT))
#endif
}

#define HELD(k) (state != LOST && (seen & (1 << (k))))

/* judge.c: weigh_users() */
inline weigh()
{
	held = false;
	i = 0;
	do
	:: i < SLOTS ->
#ifdef LEAVING_COUNTS
		held = held || HELD(i);
#else
		held = held || (HELD(i) && IS_USED(SEGMENT.entry[i]));
#endif
		i++
	:: else -> break
	od;
	died = false;
	stranded = false;
	if
	:: !held || (mapped && state != INTACT) ->
		held = false;
		i = 0;
		do
		:: i < SLOTS ->
			if
			:: SEGMENT.entry[i] == FREE
			:: else ->
				if
				:: mapped && !HELD(i) &&
				   (state == INTACT -> SEEN(SEGMENT.entry[i]) :
						MAY_LIVE(SEGMENT.entry[i])) ->
					stranded = true
				:: else ->
					if
					:: mapped && HELD(i) &&
					   IS_USED(SEGMENT.entry[i]) &&
					   (state == INTACT ||
					    MAY_LIVE(SEGMENT.entry[i])) ->
						held = true
					:: else ->
						if
						:: IS_USED(SEGMENT.entry[i]) ->
							died = true
						:: else
						fi
					fi
				fi
			fi;
			i++
		:: else -> break
		od
	:: else
	fi
}

#ifdef BURIES_UNBORN
#define UNLESS_BORN
#else
#define UNLESS_BORN && verdict == ORPHAN
#endif

/* The dead are not to be told twice. */
inline bury_dead()
{
	i = 0;
	do
	:: i < SLOTS ->
		if
		:: i != slot && SET.slot[i] == NONE -> SEGMENT.entry[i] = FREE
		:: else
		fi;
		i++
	:: else -> break
	od;
#if CHILDREN
	if
	:: SET.children == 0 UNLESS_BORN -> SEGMENT.births = SEGMENT.forks
	:: else
	fi;
#endif
	SEGMENT.bequeathed = false
}

/* So that states are the same which differ in nothing that counts. */
inline forget_evidence()
{
	inode = 0; project = 0; key = 0; base_key = 0;
	made_set = false; made_file = false; by_scan = false; lone = false;
	fresh = false; seen = 0; seen_changed = false; mapped = false;
	list = 0; found = NONE; verdict = 0; state = 0; code = 0; duplicate = 0;
	held = false; died = false; stranded = false; children = 0;
	left = 0; watched = false; removable = false; was_orphan = false;
	before = 0;
	same_turn[me] = false
}

inline forget()
{
	my_set[me] = NONE;
	base_set[me] = NONE;
	let_segment(me);
	forget_evidence()
}

/*
 * "Turns": looked at before all else that decides, and taken if nobody has taken
 * it since. A dead one's turn is nobody's.
 */
#ifdef WITHOUT_TURN
#define WAIT_FOR_TURN true
#define TAKE_TURN(m)
#define END_TURN
#else
#ifdef ONLY_PUBLISHED
#define HAS_TURN (SEGMENT.name != 0)
#else
#define HAS_TURN true
#endif
#define WAIT_FOR_TURN \
	SEGMENT.turn == NONE || SEGMENT.turn == me || SEGMENT.state != LIVE
#define TAKE_TURN(lost) \
	if \
	:: SEGMENT.turn == me || !HAS_TURN \
	:: else -> \
		if \
		:: DIE \
		:: atomic { same_turn[me] -> take_turn() } \
		:: atomic { !same_turn[me] -> goto lost } \
		fi \
	fi
#define END_TURN SEGMENT.turn = (SEGMENT.turn == me -> NONE : SEGMENT.turn)
#endif

inline take_turn()
{
	SEGMENT.turn = me;
	i = 0;
	do
	:: i < ACTORS ->
		if
		:: my_segment[i] == my_segment[me] -> same_turn[i] = false
		:: else
		fi;
		i++
	:: else -> break
	od
}

/*
 * The kernel's count is asked between two looks at who has begun to fork. MAPS:
 * the processes' mappings can be seen, too.
 */
#define NO_CHILDREN 0
#define SOME_CHILDREN 1
#define MAYBE_CHILDREN 2
#ifdef MAPS
#define SEE_MAPPINGS(count) \
	(count == SOME_CHILDREN || !ANY(OTHER_WRITES, my_segment[me]) -> \
	 count & SOME_CHILDREN : MAYBE_CHILDREN)
#else
#define SEE_MAPPINGS(count) count
#endif

#if defined(WITHOUT_CHILDREN)
#define COUNT_CHILDREN children = NO_CHILDREN
#elif defined(CHILDREN_COUNTED_FIRST)
#define COUNT_CHILDREN \
	if \
	:: DIE \
	:: atomic { true -> \
		forks = SEGMENT.forks; \
		children = (SET.children -> SOME_CHILDREN : NO_CHILDREN) } \
	fi; \
	if \
	:: DIE \
	:: atomic { true -> \
		children = (state != INTACT -> \
			    (forks -> MAYBE_CHILDREN : NO_CHILDREN) : \
			    (children || SEGMENT.forks == SEGMENT.births -> \
			     children : MAYBE_CHILDREN)); \
		forks = 0 } \
	fi
#else
#define COUNT_CHILDREN \
	if \
	:: DIE \
	:: atomic { true -> \
		forks = SEGMENT.forks; \
		children = (forks == SEGMENT.births -> \
			    NO_CHILDREN : MAYBE_CHILDREN) } \
	fi; \
	if \
	:: DIE \
	:: atomic { true -> \
		children = (state != INTACT -> \
			    (forks -> MAYBE_CHILDREN : NO_CHILDREN) : \
			    (!SET.live -> MAYBE_CHILDREN : \
			     (SET.children -> SOME_CHILDREN : \
			      (forks == SEGMENT.forks -> \
			       children : MAYBE_CHILDREN)))); \
		forks = 0; \
		children = SEE_MAPPINGS(children) } \
	fi
#endif

#define BE_COUNTED \
	if \
	:: DIE \
	:: atomic { true -> \
		if \
		:: SET.live -> SET.children = SET.children | (1 << me) \
		:: else -> left = 1 \
		fi } \
	fi
#define BE_BORN \
	if \
	:: DIE \
	:: atomic { true -> \
		SEGMENT.births = SEGMENT.births + (left -> 0 : 1); \
		left = 0 } \
	fi

#if CHILDREN
#define IF_BROKEN(x) (x)
#define CHILD_GONE && child != BORN
#else
#define IF_BROKEN(x) true
#define CHILD_GONE
#endif

#ifdef TRUSTS_TAG
#define TAGGED_BY_US
#else
#define TAGGED_BY_US || (fresh && verdict == FOREIGN && MAY_REMOVE(SET.uid))
#endif

#ifdef ONE_MORTAL
#define MORTAL me == 1
#else
#define MORTAL true
#endif

#ifdef WITHOUT_BEQUEATHING
#define BEQUEATHED SEGMENT.bequeathed
#else
#define BEQUEATHED left == TO_CHILDREN
#endif
#define BEQUEATH \
	if \
	:: left == TO_OTHERS \
	:: else -> \
		if \
		:: DIE \
		:: atomic { \
			true -> \
			SEGMENT.bequeathed = BEQUEATHED; \
			if \
			:: slot == NONE -> user[me] = false; order_deaths() \
			:: else \
			fi \
		   } \
		fi \
	fi

/* "Beside others": who leaves has the turn alone. */
#ifdef BESIDE_WITHOUT_TURN
#define TAKE_TURN_BESIDE(lost)
#else
#define TAKE_TURN_BESIDE(lost) \
	if \
	:: DIE \
	:: atomic { same_turn[me] -> take_turn() } \
	:: atomic { !same_turn[me] -> goto lost } \
	fi
#endif

/* HELD: another has a slot, and has not called exit. */
#define OTHERS_STAY \
	held = false; \
	i = 0; \
	do \
	:: i < SLOTS -> \
		held = held || (i != slot && HELD(i) && \
				IS_USED(SEGMENT.entry[i])); \
		i++ \
	:: else -> break \
	od
#define OTHERS_USED \
	held = false; \
	i = 0; \
	do \
	:: i < SLOTS -> \
		held = held || (i != slot && IS_USED(SEGMENT.entry[i])); \
		i++ \
	:: else -> break \
	od

inline forget_looks()
{
	seen = 0; seen_changed = false; state = 0; held = false
}

#define USED_KEY(k) (set_of[k] != NONE || segment_of[k] != NONE)

proctype process(byte me)
{
	byte op, name, round, tries;
	byte inode, project, key, base_key, slot = NONE;
	bool made_set, made_file, by_scan, lone, fresh, mapped;
#if CHILDREN
	byte forks;
#endif
	byte seen, list, found, verdict, state, code, duplicate, children, left;
	byte before;
	bool seen_changed, held, died, stranded, said, dropped, watched;
	bool removable, final, exiting, was_orphan;

#if CHILDREN
	if
	:: me == CHILD ->
end_unborn:
		atomic { child == BORN -> name = segments[at[me]].name - 1 };
		round = ROUNDS;
		exiting = true;
#ifdef BIRTH_BEFORE_COUNT
		BE_BORN;
		BE_COUNTED;
#else
		BE_COUNTED;
		BE_BORN;
#endif
		/* It lives without ever calling. */
		goto depart
	:: else
	fi;
#endif
born:
	if
	:: final -> goto end
	:: !final && round < ROUNDS ->
		atomic {
			round++;
			if
#ifdef CAST
			:: op = (me == PROCESSES - 1 -> ATTACH : CREATE)
#else
			:: op = CREATE
			:: op = ATTACH
#endif
#ifdef RECOVERS
			:: op = RECOVER
#endif
			fi;
#ifdef COLLISION
			name = (me & 1)
#endif
		}
	:: !final && round == ROUNDS -> goto rest
	fi;

	/* ---- 1 ---- */
start:
	if
	:: DIE
	:: atomic {
		true ->
		unmap(me);
		forget();
		tries++;
		assert(!final || tries < 10); /* P3 */
		if
		:: !final -> tries = 0
		:: else
		fi;
		if
		:: file[name] == 0 && op == CREATE ->
			file[name] = 1 + last_inode[name] % INODES;
			last_inode[name] = file[name];
			made_file = true
		:: else
		fi;
		/* attach does not ask for it. */
		inode = (op == ATTACH -> 0 : file[name]);
		if
		:: op == RECOVER ->
			by_scan = true;
			if
			:: USED_KEY(0) -> key = 0
			:: USED_KEY(1) -> key = 1
#if KEYS > 2
			:: USED_KEY(2) -> key = 2
#endif
			:: USED_KEY(KEYS - 1) -> key = KEYS - 1
			:: else -> goto gone
			fi;
			i = segment_of[key];
			if
			:: i != NONE && segments[i].name != 0 ->
				name = segments[i].name - 1
			:: i == NONE && set_of[key] != NONE &&
			   sets[set_of[key]].name != FRESH ->
				name = sets[set_of[key]].name - 1
			:: else
			fi
		:: else
		fi
	   }
	fi;

	/* ---- 2, 3 ---- */
enter:
	if
	:: DIE
	:: atomic {
		true ->
		made_set = false;
		if
		:: by_scan || duplicate
		:: else -> key = KEY(name, project)
		fi;
		if
		:: set_of[key] == NONE ->
			if
			:: op == CREATE || by_scan || lone ->
				make_set(key);
				made_set = true;
				fresh = true
			:: else -> code = TRY_NEXT_KEY; goto result
			fi
		:: else ->
			my_set[me] = set_of[key];
			fresh = (SET.name == FRESH);
			look_at_slots();
			before = (op != ATTACH || seen_changed ||
				  SET.name != 1 + name -> 0 : seen);
			seen = 0; seen_changed = false;
			if
			:: fresh || SET.name == 1 + name
			:: else ->
				i = segment_of[key];
				if
#ifndef TRUSTS_TAG
				:: i != NONE && segments[i].name == 1 + name
				:: else -> code = TRY_NEXT_KEY; goto result
#else
				:: code = TRY_NEXT_KEY; goto result
#endif
				fi
			fi
		fi
	   }
	fi;
	/* ---- 4 ---- */
	if
	:: DIE
	:: atomic { !SET.live -> code = RETRY; goto result }
	:: atomic {
		SET.live && (fresh || SET.gate == NONE) ->
		if
		:: !fresh
		:: fresh && SET.name == FRESH && SET.gate == NONE ->
			SET.name = 1 + name
		:: else -> code = RETRY; goto result
		fi;
		SET.gate = me;
		look_at_slots();
		was_orphan = false;
		if
		:: segment_of[key] != NONE ->
			was_orphan = segments[segment_of[key]].orphan
		:: else
		fi
	   }
	fi;
	/* ---- 5 ---- */
	if
	:: by_scan || duplicate || (op == ATTACH && !lone)
	:: else ->
		if
		:: DIE
		:: atomic {
			true ->
#ifndef WITHOUT_FILE_CHECK
			if
			:: file[name] == inode
			:: else ->
				if
				:: segment_of[key] == NONE &&
				   MAY_REMOVE(SET.uid) ->
					remove_set(my_set[me])
				:: else -> leave_gate()
				fi;
				code = RETRY;
				goto result
			fi
#endif
		   }
		fi
	fi;

	/*
	 * ---- Beside others ----
	 * What S was seen to say before we had the gate is good enough, if the
	 * claim finds it unchanged.
	 */
	if
	:: before != 0 && !by_scan && !lone ->
		if
		:: DIE
		:: atomic {
			true ->
			my_segment[me] = segment_of[key];
			if
			:: my_segment[me] == NONE -> goto not_beside
			:: else -> at[me] = my_segment[me]
			fi
		   }
		fi;
		if
		:: DIE
		:: atomic { WAIT_FOR_TURN -> same_turn[me] = true }
		fi;
		if
		:: DIE
		:: atomic {
			true ->
			seen = before;
			state = (SEGMENT.set != my_set[me] -> LOST : INTACT);
			OTHERS_STAY;
			if
			:: SEGMENT.state == LIVE && SEGMENT.name == 1 + name &&
			   !SEGMENT.retired && !SEGMENT.removed && held &&
			   ANY(OTHER_MAPS, my_segment[me]) -> held = false
			:: else -> goto not_beside
			fi;
			slot = 0;
			do
			:: slot < SLOTS && ((seen & (1 << slot)) ||
					    IS_USED(SEGMENT.entry[slot])) ->
				slot++
			:: else -> break
			od;
			if
			:: slot < SLOTS
			:: else -> slot = NONE; goto not_beside
			fi
		   }
		fi;
		TAKE_TURN(not_beside_any_more);
		if
		:: DIE
		:: atomic {
			true ->
			left = SEGMENT.entry[slot];
			SEGMENT.entry[slot] = USED
		   }
		fi;
		/* Claim: if the slots are as they were. */
		if
		:: DIE
		:: atomic {
			true ->
			found = 0;
			i = 0;
			do
			:: i < SLOTS ->
				found = found |
					(SET.slot[i] != NONE -> (1 << i) : 0);
				i++
			:: else -> break
			od;
			if
#ifdef CLAIMS_BLINDLY
			:: !SET.live || SET.slot[slot] != NONE ->
#else
			:: !SET.live || found != before ->
#endif
				SEGMENT.entry[slot] = left;
				END_TURN;
				goto not_beside_any_more
			:: else
			fi;
			found = NONE;
			left = 0;
			SET.slot[slot] = me;
			user[me] = true;
			assert(SEGMENT.state != LIVE || SEGMENT.retired ||
			       !ANY(USES_ANOTHER, my_segment[me])); /* P1 */
			assert(!SEGMENT.orphan) /* P5 */
		   }
		fi;
		if
		:: DIE
		:: atomic { true -> END_TURN }
		fi;
		if
		:: DIE
		:: atomic {
			true -> leave_gate(); forget_evidence(); goto attached
		   }
		fi;
not_beside_any_more:
		slot = NONE; found = NONE; left = 0;
not_beside:
		if
		:: DIE
		:: atomic {
			true ->
			unmap(me);
			seen = 0; state = 0; held = false;
			same_turn[me] = false
		   }
		fi
	:: else
	fi;
	before = 0;

	/* ---- 6, 7 ---- */
	if
	:: DIE
	:: atomic {
		true ->
		if
		:: !duplicate && SET.live && SET.gate == me -> look_at_slots()
		:: else
		fi;
		j = my_segment[me];
		my_segment[me] = segment_of[key];
		reap(j);
		verdict = 0;
		if
		:: my_segment[me] == NONE -> verdict = HALF; was_orphan = false
		:: else ->
			if
			:: op == ATTACH && !duplicate ->
				at[me] = my_segment[me]
			:: else
			fi
		fi
	   }
	fi;
	if
	:: my_segment[me] == NONE
	:: else ->
		if
		:: DIE
		:: atomic { WAIT_FOR_TURN -> same_turn[me] = true }
		fi;
		if
		:: DIE
		:: atomic {
			true ->
			if
			:: !SET.live || SEGMENT.state != LIVE ->
				let_go(); code = RETRY; goto leave
			:: else
			fi;
			look_at_slots();
			mapped = ANY(OTHER_MAPS, my_segment[me]);
			was_orphan = was_orphan && SEGMENT.orphan;
			if
			:: SEGMENT.name == 0 ->
				verdict = (SEGMENT.set == my_set[me] &&
					   !fresh ->
					   (mapped -> UNKNOWN : HALF) :
					   FOREIGN)
			:: SEGMENT.name != 0 && SEGMENT.name != 1 + name ->
				verdict = FOREIGN
			:: else
			fi
		   }
		fi
	fi;
	if
	:: verdict != 0
	:: else ->
		if
		:: DIE
		:: atomic {
			true ->
			look_at_set();
			weigh();
			if
#ifdef OBSERVERS_COUNT
			:: mapped
#else
			:: mapped && (held || stranded)
#endif
			   -> verdict = IN_USE
			:: else
			fi
		   }
		fi;
#if CHILDREN
		if
		:: verdict == 0 && mapped ->
			COUNT_CHILDREN;
			if
			:: children -> verdict = IN_USE
			:: else
			fi
		:: else
		fi;
#endif
		if
		:: verdict == 0 && SEGMENT.retired -> verdict = HALF
		:: verdict == 0 && !SEGMENT.retired ->
			verdict = (died || held || SEGMENT.bequeathed ->
				   ORPHAN : HALF)
		:: else
		fi
	fi;
#ifdef LOOKS_BEFORE_TURN
	if
	:: DIE
	:: atomic { my_segment[me] == NONE }
	:: atomic { my_segment[me] != NONE && (WAIT_FOR_TURN) ->
		same_turn[me] = true }
	fi;
#endif
	if
	:: verdict == FOREIGN -> goto next
	:: verdict == UNKNOWN -> goto refuse
	:: verdict == IN_USE && (op != ATTACH || duplicate || stranded) ->
		goto refuse
#if CHILDREN
	:: verdict == IN_USE && op == ATTACH && !duplicate && !stranded &&
	   !held && state != INTACT -> goto refuse
#endif
	:: verdict == IN_USE && op == ATTACH && !duplicate && !stranded &&
	   IF_BROKEN(held || state == INTACT) ->
		said = died && !held;
		goto register
	:: verdict == ORPHAN && op == ATTACH && !duplicate ->
		if
		:: (SEGMENT.set == my_set[me] && state != INTACT) ||
		   SET.name != 1 + name ->
			/* Reset, or another name's: go on with a new one. */
			if
			:: DIE
			:: atomic {
				true -> remove_set(my_set[me]);
				code = RETRY; goto result
			   }
			fi
		:: else -> said = true; goto register
		fi
	:: verdict == ORPHAN && (op != ATTACH || duplicate) -> goto clear
	:: verdict == HALF -> goto clear
	fi;

refuse:
	if
	:: DIE
	:: atomic {
		true ->
		if
		:: stranded && my_segment[me] != NONE && same_turn[me] ->
			take_turn();
			SEGMENT.removed = true;
			END_TURN
		:: else
		fi;
		let_go();
		code = REFUSED;
		goto leave
	   }
	fi;
next:
	if
	:: DIE
	:: atomic { true -> let_go(); code = TRY_NEXT_KEY; goto leave }
	fi;
	/* Out of the gate. */
leave:
	if
	:: DIE
	:: atomic {
		true ->
		if
		:: made_set TAGGED_BY_US -> remove_set(my_set[me])
		:: else -> leave_gate()
		fi;
		goto result
	   }
	fi;

	/* ---- What is left over goes ---- */
clear:
	if
	:: verdict == ORPHAN -> said = true
	:: else
	fi;
	if
	:: my_segment[me] != NONE && !MAY_REMOVE(SEGMENT.uid) -> goto pass_by
	:: my_segment[me] == NONE || MAY_REMOVE(SEGMENT.uid)
	fi;
	if
	:: op != CREATE || duplicate -> /* all of it */
		code = (my_segment[me] != NONE && SEGMENT.retired && !duplicate &&
			op == ATTACH -> TRY_NEXT_KEY : RETRY);
		if
		:: op == ATTACH && !duplicate -> atomic { true -> unmap(me) }
		:: else
		fi;
		goto remove
	:: else
	fi;
	/* create: the evidence of an orphan stays until its successor's gate is
	   ours. */
	if
	:: my_segment[me] != NONE && verdict == ORPHAN &&
	   (seen != 0 || SET_UNFIT || SET.name != 1 + name ||
	    (SEGMENT.set == my_set[me] && state != INTACT)) -> goto renew
	:: else
	fi;
	if
	:: my_segment[me] == NONE
	:: else ->
		TAKE_TURN(lost_turn);
		if
		:: DIE
		:: atomic {
			true ->
			assert(!ANY(OTHER_USES, my_segment[me])); /* P2 */
			assert(!SEGMENT.orphan || said);	  /* P5 */
			dropped = dropped || SEGMENT.orphan;
			remove_segment(my_segment[me]);
			j = my_segment[me];
			my_segment[me] = NONE;
			reap(j)
		   }
		fi
	fi;
	if
	:: seen != 0 || SET_UNFIT || SET.name != 1 + name ->
		goto renew
	:: else -> goto make
	fi;
renew:
	if
	:: DIE
	:: atomic {
		true ->
		if
		:: MAY_REMOVE(SET.uid) ->
			remove_set(my_set[me]);
			code = RETRY
		:: else ->
			leave_gate();
			code = TRY_NEXT_KEY
		fi;
		goto result
	   }
	fi;

	/* ---- Retire ---- */
pass_by:
	if
	:: SEGMENT.name == 0
	:: else -> TAKE_TURN(lost_turn)
	fi;
	if
	:: DIE
	:: atomic {
		true ->
		if
		:: SEGMENT.name != 0 ->
#ifndef WITHOUT_RETIRING
			assert(!ANY(OTHER_USES, my_segment[me])); /* P2 */
			assert(!SEGMENT.orphan || said);	  /* P5 */
			dropped = dropped || SEGMENT.orphan;
			SEGMENT.orphan = false;
			SEGMENT.removed = true;
			SEGMENT.retired = true;
			END_TURN
#endif
		:: else
		fi;
		let_go();
		code = (duplicate -> RETRY : TRY_NEXT_KEY);
		goto leave
	   }
	fi;

	/* ---- 8, 9 ---- */
make:
	if
	:: DIE
	:: atomic {
		true ->
		if
		:: segment_of[key] != NONE -> /* in another gate of this key */
			code = RETRY;
			goto remove
		:: else ->
			make_segment(key);
			verdict = 0; state = 0; held = false; died = false;
			stranded = false; mapped = false; children = 0;
			seen = 0; seen_changed = false; was_orphan = false
		fi
	   }
	fi;
	if
	:: DIE
	:: atomic {
		true ->
		if
		:: SEGMENT.state != LIVE -> code = RETRY; goto remove
		:: else -> at[me] = my_segment[me]
		fi
	   }
	fi;
	TAKE_TURN(lost_first_turn);
	/* ---- 10 ---- */
	if
	:: DIE
	:: atomic {
		true ->
		SEGMENT.name = 1 + name
	   }
	fi;

	/* ---- 11 ---- */
meet_twins:
	/* Each of the name's keys, one after the other; but our own, under which
	   there is nobody but us as long as our gate is there. */
	atomic {
		list = (1 << PROJECTS) - 1;
		if
		:: op == CREATE -> list = list & ~(1 << project)
		:: else
		fi;
		found = NONE
	};
#ifdef WITHOUT_TWINS
	if
	:: op == CREATE -> goto no_twin
	:: else
	fi;
#endif
look_at_list:
	do
	:: list == 0 -> break
	:: list != 0 ->
		if
		:: DIE
		:: atomic {
			true ->
			j = 0;
			do
			:: !(list & (1 << j)) -> j++
			:: else -> break
			od;
			list = list & ~(1 << j);
			i = set_of[KEY(name, j)];
			j = segment_of[KEY(name, j)];
			if
			:: j == NONE || j == my_segment[me]
			:: j != NONE && j != my_segment[me] && i != NONE &&
			   sets[i].name != FRESH && sets[i].name != WIPED &&
			   sets[i].name != 1 + name
			:: j != NONE && j != my_segment[me] && i != NONE &&
			   (sets[i].name == FRESH ||
			    sets[i].name == 1 + name) &&
			   sets[i].gate != NONE && sets[i].gate != me ->
				found = j
			:: else ->
				if
				:: segments[j].name == 1 + name &&
				   !segments[j].retired -> found = j
				:: else
				fi
			fi;
			if
			:: found != NONE ->
				list = 0;
				if
				:: op == CREATE ->
					base_key = segments[found].key
				:: else ->
					key = segments[found].key
				fi
			:: else
			fi
		   }
		fi
	od;
	if
	:: op != CREATE ->
		if
		:: found != NONE -> by_scan = true; goto enter
		:: else -> goto lone_file
		fi
	:: op == CREATE && found == NONE -> goto no_twin
	:: op == CREATE && found != NONE && base_key < key ->
		/* Ours goes first. */
		atomic { code = SETTLE; unmap(me); goto remove }
	:: op == CREATE && found != NONE && base_key > key ->
		atomic {
			duplicate = BESIDE;
			base_set[me] = my_set[me];
			base_segment[me] = my_segment[me];
			j = key; key = base_key; base_key = j;
			my_segment[me] = NONE;
			goto enter
		}
	fi;

no_twin:
	made_set = false;
	/* ---- 12 ---- */
register:
#ifdef REGISTERS_OUTSIDE
	if
	:: op == ATTACH -> atomic { leave_gate() }
	:: else
	fi;
#endif
	TAKE_TURN(lost_turn);
#ifdef BURIES_FIRST
	if
	:: said && op == ATTACH ->
		if
		:: DIE
		:: atomic { true -> bury_dead() }
		fi
	:: else
	fi;
#endif
	/* Adopt; note. */
	if
	:: DIE
	:: atomic {
		true ->
		if
		:: said && (op == ATTACH || op == CREATE) ->
			SEGMENT.set = my_set[me];
			SEGMENT.removed = false
		:: else
		fi;
		slot = 0;
		do
		:: slot < SLOTS && ((seen & (1 << slot)) ||
				   SET.slot[slot] != NONE) -> slot++
		:: else -> break
		od;
		assert(slot < SLOTS);
		if
		:: SEGMENT.entry[slot] == USED && SEEN(USED) &&
		   op == ATTACH ->
			/* Reset, and he lives. */
			slot = NONE;
			SEGMENT.removed = true;
			END_TURN;
			stranded = false;
			goto refuse
		:: else
		fi;
		left = SEGMENT.entry[slot];
		SEGMENT.entry[slot] = USED
	   }
	fi;
	/* Claim. */
	if
	:: DIE
	:: atomic {
		true ->
		if
		:: !SET.live ->
			SEGMENT.entry[slot] = left;
			slot = NONE;
			left = 0;
			code = RETRY;
			if
			:: op == CREATE -> unmap(me); goto remove
			:: else -> END_TURN; unmap(me); goto result
			fi
		:: else
		fi;
		SET.slot[slot] = me;
#if CHILDREN
		SET.children = SET.children & ~(1 << me);
#endif
		user[me] = true
	   }
	fi;
	if
	:: DIE
	:: atomic {
		true ->
		left = 0;
		assert(SEGMENT.state != LIVE || SEGMENT.set == my_set[me]);
		assert(SEGMENT.state != LIVE || SEGMENT.retired ||
		       !ANY(USES_ANOTHER, my_segment[me])); /* P1 */
		assert(!was_orphan || said ||
		       children == MAYBE_CHILDREN); /* P5 */
		was_orphan = false;
		/* Said only if so, and no registered one lives. */
#ifndef MAPS
		assert(!said || op == CREATE || SEGMENT.died); /* P5 */
#endif
		assert(!said || op == CREATE ||
		       !ANY(OTHER_REGISTERED, my_segment[me])); /* P5 */
		SEGMENT.orphan = false;
#if !ADMINS && !defined(TEAM) && !defined(COLLISION)
		/* P2: the key file is there with the object. */
		assert(op != CREATE || file[name] != 0)
#endif
	   }
	fi;
#ifndef BURIES_FIRST
	if
	:: said && op == ATTACH ->
		if
		:: DIE
		:: atomic { true -> bury_dead(); SEGMENT.died = false }
		fi
	:: else
	fi;
#endif
	/* End the turn, leave the gate. */
	if
	:: DIE
	:: atomic { true -> END_TURN }
	fi;
	if
	:: DIE
	:: atomic {
		true ->
#ifdef REGISTERS_OUTSIDE
		if
		:: op != ATTACH -> leave_gate()
		:: else
		fi;
#else
		leave_gate();
#endif
		said = false;
		dropped = false;
		forget_evidence()
	   }
	fi;

	/* ---- Attached ---- */
#if CHILDREN
	if
	:: !final && me < PROCESSES && child == UNBORN ->
		if
		:: DIE
		:: atomic { child == UNBORN -> child = BEGUN; SEGMENT.forks++ }
		:: atomic { child != UNBORN -> goto attached }
		fi;
		if
		:: DIE
		:: atomic {
			true ->
			child = BORN;
			at[CHILD] = at[me];
			my_set[CHILD] = my_set[me];
			my_segment[CHILD] = my_segment[me];
			user[CHILD] = true
		   }
		fi
	:: true
	fi;
#endif
attached:
	if
	:: DIE
	:: true
#ifndef NO_EXIT
	:: !final -> exiting = true
#endif
	fi;

	/* ---- Beside others: in no gate ---- */
	if
	:: !exiting && slot != NONE ->
		if
		:: DIE
		:: atomic { SEGMENT.turn == NONE -> same_turn[me] = true }
		:: atomic { SEGMENT.turn != NONE -> goto depart }
		fi;
		if
		:: DIE
		:: atomic {
			true ->
			look_at_slots();
			look_at_set();
			OTHERS_STAY;
			if
			:: SET.live && state == INTACT && held &&
			   ANY(OTHER_MAPS, my_segment[me]) ->
				forget_looks()
			:: else ->
				forget_looks();
				goto depart
			fi
		   }
		fi;
		TAKE_TURN_BESIDE(depart);
		if
		:: DIE
		:: atomic {
			true ->
			SEGMENT.entry[slot] = FREE;
			user[me] = false;
			OTHERS_USED;
			/* P2: somebody leaves, or dies, after us */
			assert(held || SEGMENT.state != LIVE);
			held = false;
			order_deaths()
		   }
		fi;
		if
		:: DIE
		:: atomic { true -> END_TURN }
		fi;
		if
		:: DIE
		:: atomic {
			true -> unmap(me)
		   }
		fi;
		if
		:: DIE
		:: atomic { true -> release_slot(); goto gone }
		fi
	:: true
	fi;

	/* ---- Detach, exit ---- */
depart:
	/* detach 1 */
	if
	:: DIE
	:: atomic { !SET.live -> goto new_gate }
	:: atomic {
		SET.live && SET.gate == NONE ->
		SET.gate = me;
		goto inside
	   }
	fi;
new_gate:
	key = SEGMENT.key;
	if
	:: DIE
	:: atomic {
		true ->
		if
		:: SEGMENT.state != LIVE -> goto without_gate
		:: else
		fi;
		if
		:: set_of[key] == NONE -> make_set(key); fresh = true
		:: else -> my_set[me] = set_of[key]; fresh = SET.name == FRESH
		fi;
		if
		:: SET.name != FRESH && SET.name != 1 + name ->
			goto without_gate
		:: else
		fi
	   }
	fi;
	if
	:: DIE
	:: atomic { !SET.live -> goto new_gate }
	:: atomic {
		SET.live && (fresh || SET.gate == NONE) ->
		if
		:: !fresh
		:: fresh && SET.name == FRESH && SET.gate == NONE ->
			SET.name = 1 + name
		:: else -> goto new_gate
		fi;
		SET.gate = me
	   }
	fi;
	if
	:: DIE
	:: atomic {
		true ->
		if
		:: SEGMENT.state != LIVE -> leave_gate(); goto without_gate
		:: else
		fi
	   }
	fi;
inside:
	code = BYE;
	/* 2: is anybody left? */
	if
	:: DIE
	:: atomic { WAIT_FOR_TURN -> same_turn[me] = true }
	fi;
	if
	:: DIE
	:: atomic {
		true ->
		look_at_slots();
		look_at_set();
		watched = ANY(OTHER_MAPS, my_segment[me]);
		removable = SEGMENT.state != LIVE || MAY_REMOVE(SEGMENT.uid);
		left = 0;
		i = 0;
		do
		:: watched && i < SLOTS ->
			if
			:: i == slot
			:: else ->
				if
				:: HELD(i) && IS_USED(SEGMENT.entry[i]) ->
					left = TO_OTHERS
				:: !HELD(i) && IS_USED(SEGMENT.entry[i]) ->
					left = ((state == INTACT ->
						 SEEN(SEGMENT.entry[i]) :
						 MAY_LIVE(SEGMENT.entry[i])) ->
						TO_OTHERS : left)
				:: else
				fi
			fi;
			i++
		:: else -> break
		od;
#if CHILDREN
		SET.children = SET.children & ~(1 << me);
#endif
		seen_changed = false
	   }
	fi;
#if CHILDREN
	if
	:: !left && watched ->
		COUNT_CHILDREN;
		left = (children -> TO_CHILDREN : 0)
	:: else
	fi;
	children = 0;
#endif
	TAKE_TURN(inside);
#if CHILDREN && !defined(BEQUEATHS_LATE)
	BEQUEATH;
#endif
	if
	:: DIE
	:: atomic {
		true ->
		if
		:: exiting && slot != NONE -> SEGMENT.entry[slot] = LEAVING
		:: !exiting && slot != NONE -> SEGMENT.entry[slot] = FREE
		:: else
		fi;
		user[me] = false;
		order_deaths();
		if
		:: !left && watched && removable -> SEGMENT.removed = true
		:: else
		fi
	   }
	fi;
#if CHILDREN && defined(BEQUEATHS_LATE)
	BEQUEATH;
#endif
	if
	:: left || removable
	:: else ->
		if
		:: DIE
		:: atomic {
			true ->
			assert(!ANY(OTHER_USES, my_segment[me])); /* P2 */
			SEGMENT.removed = true;
			SEGMENT.retired = true
		   }
		fi
	fi;
	if
	:: exiting && !left && removable -> goto remove
	:: exiting && (left || !removable) -> goto end_turn
	:: !exiting && !left && removable ->
		/* 4 */
		if
		:: DIE
		:: atomic { true -> unmap(me) }
		fi;
		if
		:: DIE
		:: atomic { true -> release_slot() }
		fi;
		goto remove
	:: else
	fi;
	/* 3 */
	if
	:: DIE
	:: atomic { true -> release_slot() }
	fi;
end_turn:
	if
	:: DIE
	:: atomic { true -> END_TURN }
	fi;
	if
	:: exiting
	:: else ->
		if
		:: DIE
		:: atomic { true -> unmap(me) }
		fi
	fi;
	if
	:: DIE
	:: atomic {
		true ->
		leave_gate();
		if
		:: exiting -> goto dead
		:: else -> goto gone
		fi
	   }
	fi;
without_gate:
	if
	:: exiting -> goto dead
	:: else
	fi;
	if
	:: DIE
	:: atomic {
		true ->
		SEGMENT.entry[slot] = FREE;
		user[me] = false;
		slot = NONE;
		unmap(me);
		goto gone
	   }
	fi;

	/* ---- 6: segment, key file, set ---- */
remove:
	if
	:: my_segment[me] != NONE ->
		TAKE_TURN(lost_turn);
		if
		:: DIE
		:: atomic {
			true ->
			if
			:: SEGMENT.state == LIVE ->
				assert(!ANY(OTHER_USES,
					    my_segment[me])); /* P2 */
				assert(!SEGMENT.orphan || said ||
				       code == BYE); /* P5 */
				dropped = dropped || SEGMENT.orphan
			:: else
			fi;
			remove_segment(my_segment[me])
		   }
		fi
	:: else
	fi;
#ifdef FILE_LAST
	if
	:: DIE
	:: atomic {
		true ->
		if
		:: SET.live && MAY_REMOVE(SET.uid) -> remove_set(my_set[me])
		:: else
		fi
	   }
	fi;
#endif
	if
	:: (code == SETTLE && !made_file) || duplicate
	:: else ->
		if
		:: DIE
		:: atomic { true ->
			inode = (op == CREATE && code != BYE -> inode :
				 file[name]) }
		fi;
		if
		:: DIE
		:: atomic { true -> unlink_file(inode) }
		fi
	fi;
	if
	:: DIE
	:: atomic {
		true ->
		if
		:: SET.live && MAY_REMOVE(SET.uid) -> remove_set(my_set[me])
		:: else ->
			leave_gate();
			if
			:: (code == RETRY && !duplicate) || code == SETTLE ->
				code = TRY_NEXT_KEY
			:: else
			fi
		fi;
		if
		:: exiting -> goto dead
		:: !exiting && (code == BYE || op == RECOVER) -> goto gone
		:: else -> goto result
		fi
	   }
	fi;

lost_first_turn:
	atomic { unmap(me); my_segment[me] = NONE; code = RETRY; goto remove };
lost_turn:
	if
	:: DIE
	:: atomic { true -> let_go(); code = RETRY; goto leave }
	fi;

	/* ---- What comes of it ---- */
result:
	atomic {
		if
		:: duplicate == BESIDE ->
			duplicate = 0;
			my_set[me] = base_set[me];
			base_set[me] = NONE;
			j = my_segment[me];
			my_segment[me] = base_segment[me];
			base_segment[me] = NONE;
			reap(j);
			key = base_key;
			base_key = 0;
			fresh = false; seen = 0; mapped = false; held = false;
			died = false; stranded = false; verdict = 0; state = 0;
			made_set = false;
			if
			:: code == RETRY -> goto meet_twins
			:: else ->
				unmap(me);
				goto remove
			fi
		:: code == SETTLE ->
			duplicate = UNDONE;
			key = base_key;
			my_set[me] = NONE;
			let_segment(me);
			goto enter
		:: else
		fi;
		if
		:: op == RECOVER -> goto gone
		:: duplicate == UNDONE && code == TRY_NEXT_KEY -> code = RETRY
		:: else
		fi;
		if
		:: code == RETRY || (code == TRY_NEXT_KEY && by_scan) -> goto start
		:: code == TRY_NEXT_KEY && !by_scan && !lone ->
			project++;
			if
			:: project < PROJECTS -> goto enter
			:: project == PROJECTS && op != CREATE -> goto meet_twins
			:: else -> code = REFUSED
			fi
		:: else
		fi;
		assert(!final || code != REFUSED); /* P3 */
#ifndef TEAM
		assert(!dropped); /* P5 */
#endif
		goto gone
	};
lone_file:
	if
	:: DIE
	:: atomic {
		true ->
		if
		:: file[name] != 0 && !lone ->
			lone = true;
			inode = file[name];
			project = 0;
			goto enter
		:: else -> goto gone
		fi
	   }
	fi;

dead:
	atomic { lose_memory(me); forget_evidence() };
	atomic { undo_all(me); slot = NONE };
gone:
	atomic {
		unmap(me);
		forget();
		slot = NONE; said = false; dropped = false; exiting = false;
		op = 0;
		goto born
	};

	/* ---- The last one ---- */
rest:
#if CHILDREN
	if
	:: me == CHILD -> child = GONE
	:: else
	fi;
#endif
	if
	:: me != LAST
	:: me == LAST ->
		atomic {
			name = 0;
			ended == PROCESSES - 1 + ADMINS CHILD_GONE;
			final = true;
			op = CREATE;
			goto start
		}
	fi;
end:
	atomic {
		if
		:: final ->
			i = 0;
			do
			:: i < SEGMENTS ->
				assert(segments[i].state != LIVE ||
				       segments[i].retired ||
				       segments[i].name != 1 + name); /* P2 */
				i++
			:: else -> break
			od;
#ifndef TEAM
			assert(file[name] == 0); /* P2 */
#endif
			name++;
			if
			:: name < NAMES ->
				op = CREATE;
				tries = 0;
				goto start
			:: else
			fi
		:: !final && me < PROCESSES -> ended++
		:: else
		fi
	}
}

#if ADMIN
/* Who cleans up by hand. */
proctype administrator()
{
	byte actions;

#define ACT actions < ADMIN && 
	do
#if ADMIN_DOES & 1
	:: atomic { ACT file[0] != 0 -> actions++; file[0] = 0 }
#endif
#if ADMIN_DOES & 2
	:: atomic { ACT sets[0].live -> actions++; remove_set(0) }
	:: atomic { ACT sets[1].live -> actions++; remove_set(1) }
	:: atomic { ACT sets[2].live -> actions++; remove_set(2) }
	:: atomic { ACT sets[3].live -> actions++; remove_set(3) }
#endif
#if ADMIN_DOES & 4
	:: atomic { ACT segments[0].state == LIVE ->
		actions++; remove_segment(0) }
	:: atomic { ACT segments[1].state == LIVE ->
		actions++; remove_segment(1) }
	:: atomic { ACT segments[2].state == LIVE ->
		actions++; remove_segment(2) }
#endif
#if ADMIN_DOES & 8
	:: atomic { ACT sets[0].live -> actions++; reset_set(0) }
	:: atomic { ACT sets[1].live -> actions++; reset_set(1) }
	:: atomic { ACT sets[2].live -> actions++; reset_set(2) }
	:: atomic { ACT sets[3].live -> actions++; reset_set(3) }
#endif
#if ADMIN_DOES & 16
	:: atomic { ACT sets[0].live && sets[0].gate != NONE ->
		actions++; open_gate(0) }
	:: atomic { ACT sets[1].live && sets[1].gate != NONE ->
		actions++; open_gate(1) }
	:: atomic { ACT sets[2].live && sets[2].gate != NONE ->
		actions++; open_gate(2) }
#endif
	:: true -> break
	od;
	ended++
}
#endif

#if READERS
/* Maps without a gate, and stays, or not. */
proctype reader(byte me)
{
	byte slot = NONE;

	if
	:: atomic { segments[0].state == LIVE && segments[0].name ->
		at[me] = 0 }
	:: atomic { segments[1].state == LIVE && segments[1].name ->
		at[me] = 1 }
	:: atomic { segments[2].state == LIVE && segments[2].name ->
		at[me] = 2 }
	:: true -> goto end
	fi;
	atomic { unmap(me) };
end:
	skip
}
#endif

init
{
	atomic {
		i = 0;
		do
		:: i < KEYS -> set_of[i] = NONE; segment_of[i] = NONE; i++
		:: else -> break
		od;
		j = 0;
		do
		:: j < SETS -> empty_set(j); j++
		:: else -> break
		od;
		j = 0;
		do
		:: j < SEGMENTS -> clear_segment(j); j++
		:: else -> break
		od;
		i = 0;
		do
		:: i < ACTORS ->
			at[i] = NONE;
			my_set[i] = NONE;
			my_segment[i] = NONE;
			base_set[i] = NONE;
			base_segment[i] = NONE;
			same_turn[i] = false;
			i++
		:: else -> break
		od;
		i = 0;
		do
		:: i < PROCESSES -> run process(i); i++
		:: else -> break
		od;
#if READERS
		run reader(PROCESSES);
#endif
#if CHILDREN
		run process(CHILD);
#endif
#if ADMIN
		run administrator();
#endif
	}
}
