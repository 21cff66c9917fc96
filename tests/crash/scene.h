/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What all harnesses of the crash lab share: the worlds (lock engine and
 * layout) in which they run, the grounds on which an operation begins, the roles
 * that processes have there, and the count of cases.
 */
#ifndef SVSHM_CRASH_SCENE_H
#define SVSHM_CRASH_SCENE_H

#include <stdint.h>

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

/* ---- Acts ---------------------------------------------------------------- */

int act_create_locked(struct svshm *handle);
int act_timedlock(struct svshm *handle);
int act_look_at_it(struct svshm *handle);   /* svshm_inspect() */
int act_remove_force(struct svshm *handle); /* svshm_recover() with FORCE */
int act_bump(struct svshm *handle);         /* one more in the common count */
int act_count(struct svshm *handle);        /* COUNTED + that count */
#define COUNTED 2000

const char *act_name(actor_act *act);

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

/* ---- Cases --------------------------------------------------------------- */

/*
 * Set up before the suite runs: WHAT a case is. All of them are run if
 * $SVSHM_LAB_STRIDE is 1, every nth of each row if it is n; else a sample,
 * every STRIDEth of every ROW_STRIDEth row.
 */
void cases_open(const char *what, unsigned stride, unsigned row_stride);

/*
 * At the start of each, and at its end if it has passed; it COUNTS, if it was
 * one, and not the run that finds that there are no more stops.
 */
void case_begin(void);
void case_end(bool counts);

/* The sums, and what was slowest. */
void cases_print(void);

/*
 * Whether that row, a loop's number as Check shows it, and the case of number N
 * in it are to be run. $SVSHM_LAB_ROW runs one row alone, for a closer look.
 */
bool row_wanted(int row);
bool case_wanted(unsigned n);

/*
 * Let PUPPET do ACT, which must take less than a second, or what
 * case_may_take() has allowed in this case. A machine may be busy: a case that
 * was slow once is no failure. case_was_slow() tells of the time since it was
 * asked last.
 */
int next_act(struct puppet *puppet, actor_act *act);
void case_may_take(int64_t milliseconds);
bool case_was_slow(void);

#endif
