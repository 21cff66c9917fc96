/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What all harnesses of the crash lab share: the worlds (lock engine and
 * layout) in which they run, the grounds on which an operation begins, and the
 * roles that processes have there.
 */
#ifndef SVSHM_CRASH_SCENE_H
#define SVSHM_CRASH_SCENE_H

#include "cases.h"
#include "tracer.h"

/* ---- Worlds -------------------------------------------------------------- */

struct world {
	const char *name;
	/* From now on objects are made so; false: this build can't. */
	bool (*enter)(void);
};

extern const struct world worlds[];
extern const int world_count;

/*
 * The world of the Qt layout, in which less can be promised: see lib/qt/qt.c. To
 * be called after enter().
 */
bool in_qt_world(void);

/* A lock's next owner after one who died. Qt has no place for a mark. */
int owner_died(void);

/* ---- Grounds and roles --------------------------------------------------- */

enum ground {
	NOTHING,
	KEY_FILE,     /* alone, of a maker that died */
	HALF_MADE,    /* all there, but the header isn't complete; with Qt,
			 who has no header, that is an orphan without mark */
	ORPHAN,       /* marked */
	ORPHAN_SMALL, /* smaller than what create asks for, and with room for
			 fewer processes */
	LIVE,         /* the one who joins first makes it, marked */
	LOST_FILE     /* the same, and then its key file is unlinked */
};

enum role {
	ABSENT,
	OUTSIDE,  /* with a handle that isn't attached */
	ATTACHED,
	OWNER,    /* of the lock */
	WAITER    /* for the lock, which somebody else owns */
};

/* Whether this world has such a ground. */
bool ground_possible(enum ground ground);

/* Leave on KEY what GROUND says; nothing, if it is one of the living. */
void ground_make(const char *key, enum ground ground);

/*
 * Start PUPPET, and attach it if its ROLE says so; FIRST: it makes the object.
 * When all are there, the owner takes the lock, and then the waiter waits: with
 * Qt, nobody can attach while it is taken.
 */
void role_come(struct puppet *puppet, const char *key, enum role role,
	       bool first);
void role_lock(struct puppet *puppet, enum role role);

/* Unlink KEY's key file, which nothing else does. */
void lose_key_file(const char *key);

/* What becomes of the one who was stopped in the middle of an act. */
enum fate { GOES_ON, DIES, FATES };

/* The victim is about to act. */
struct scene {
	enum ground ground;
	enum role victim, company;
	actor_act *act;
};

/*
 * Let them come to SCENE's ground: the company first, who makes the object if it
 *XX */
void scene_set(const struct scene *scene, const char *key,
	       struct puppet *victim, struct puppet *company);

/* ---- Acts ---------------------------------------------------------------- */

int act_create_locked(struct svshm *handle);
int act_create_prepared(struct svshm *handle); /* svshm_set_memory() first */
int act_attach_prepared(struct svshm *handle);
int act_timedlock(struct svshm *handle);
int act_wait_shortly(struct svshm *handle); /* svshm_wait(), 5 ms */
int act_ring(struct svshm *handle); /* svshm_notify(), as if somebody slept */
int act_look_at_it(struct svshm *handle);   /* svshm_inspect() */
int act_remove_force(struct svshm *handle); /* svshm_recover() with FORCE */
int act_bump(struct svshm *handle);         /* one more in the common count */
int act_count(struct svshm *handle);        /* COUNTED + that count */
#define COUNTED 2000

const char *act_name(actor_act *act);
bool act_creates(actor_act *act);

/*
 * Whether both have the same segment, and the same bytes in it: one counts, the
 * other reads.
 */
bool same_object(struct puppet *one, struct puppet *other);

/* ---- What is left -------------------------------------------------------- */

/* Nothing of KEY is left: neither in the kernel nor key files. */
bool nothing_left(const char *key);

/*
 * Qt: a lock without memory is nobody's to remove, as it may be a
 * QSystemSemaphore, and neither are files alone. The next one who creates KEY's
 * object uses them, and takes them away: here that is done.
 */
void use_up(const char *key);

/*
 * Where the Qt wire leaves a hole for who dies there; in other worlds there are
 * none:
 *   - A set that has no value yet, or a segment that was not mapped yet, may
 *     have a living maker, and nobody can tell: who comes waits for a second.
 *   - A lock's key file is unlinked, and then its set removed. Who dies between
 *     leaves a set to which nothing leads. (The other order would be worse: who
 *     comes between makes another set, and loses its key file.)
 * holes_note() wants to be told of each stop of the one who is to die.
 * set_is_gone(): nothing is left of the set, or it was lost in such a hole.
 */
void holes_open(const char *key);
void holes_note(const struct tracer *tracer);
bool in_waiting_hole(void);
bool set_is_gone(bool died);

/*
 * All have gone. What is left of KEY nevertheless; NULL: nothing. But for what the
 * ground had, if nobody has PLAYED, to take it away, for a new key file in the
 * place of a lost one, and for what only the tool finds after a death.
 */
const char *what_is_left(const char *key, enum ground ground, bool played,
			 bool died);

#endif
