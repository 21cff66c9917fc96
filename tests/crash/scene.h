/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What all harnesses of the crash lab share: the worlds (lock engine and
 * layout) in which they run, the grounds on which an operation begins, the roles
 * that processes have there, and the count of cases.
 */
#ifndef SVSHM_CRASH_SCENE_H
#define SVSHM_CRASH_SCENE_H

#include "puppet.h"

/* ---- Worlds -------------------------------------------------------------- */

struct world {
	const char *name;
	/* From now on objects are made so; false: this build can't. */
	bool (*enter)(void);
};

extern const struct world worlds[];
extern const int world_count;

/* ---- Grounds and roles --------------------------------------------------- */

enum ground {
	NOTHING,
	KEY_FILE,     /* alone, of a maker that died */
	HALF_MADE,    /* all there, but the header isn't complete */
	ORPHAN,       /* marked */
	ORPHAN_SMALL, /* with room for fewer processes than create asks for */
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

/* Leave on KEY what GROUND says; nothing, if it is one of the living. */
void ground_make(const char *key, enum ground ground);

/*
 * Start PUPPET in its ROLE; FIRST: it makes the object. (Owners before
 * waiters.)
 */
void role_take(struct puppet *puppet, const char *key, enum role role,
	       bool first);

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
 * Let PUPPET do ACT, which must take less than a second, with one of two codes.
 * A machine may be busy: a case that was slow once is no failure, see
 * case_was_slow().
 */
int next_act(struct puppet *puppet, actor_act *act);
bool case_was_slow(void);

#endif
