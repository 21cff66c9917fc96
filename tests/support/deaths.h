/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Deaths: a process, the victim, dies in the middle of an operation, alone or
 * with another user of the object. Then the next one creates, attaches or
 * recovers, as if nothing had happened, and nothing is left when all have gone.
 * check_death*.c say where the victim dies, and what it leaves.
 */
#ifndef SVSHM_TEST_DEATHS_H
#define SVSHM_TEST_DEATHS_H

#include "puppet.h"

enum start {
	NOTHING,
	KEY_FILE,     /* alone, of a maker that died */
	HALF_MADE,    /* all there, but the header isn't complete */
	ORPHAN,       /* marked */
	ORPHAN_SMALL, /* with room for fewer processes than create asks for */
	OWN,          /* the victim's object, marked */
	OTHERS,       /* somebody else's, marked; the victim isn't attached */
	SHARED        /* somebody else's, marked, and the victim's */
};

struct operation {
	const char *name;
	enum start start;
	actor_act *acts[2]; /* in turn; the second may be NULL */
};

extern const struct operation operations[];
extern const int operation_count;

int act_create_locked(struct svshm *handle);

enum certainty { NO, YES, MAYBE };

/* The death under way. */
extern struct death {
	/* For the test to set. */
	const struct operation *operation;
	const char *where;
	/* What it leaves, if nobody else is attached. */
	enum certainty orphan;
	enum certainty mark;       /* the data, if it's an orphan */
	enum certainty owner_died; /* the lock's */
	enum certainty lone_set;   /* that no key file leads to */

	const char *key;
	struct puppet user; /* the other one, if .alive */
} death;

enum next_step { NEXT_CREATES, NEXT_ATTACHES, NEXT_RECOVERS, NEXT_STEPS };

/* Let VICTIM do ACT and die in it; false: it doesn't come to that point. */
typedef bool die_function(struct puppet *victim, actor_act *act);

/*
 * Set the scene of death.operation, let the victim die, check that the next
 * step works and that all is gone in the end. False: nobody died.
 */
bool die_and_go_on(die_function *die, enum next_step step);

#endif
