/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Puppets: actors that can be made to stop or to die at a crash point in the
 * middle of an act, and that tell which segment they work on.
 */
#ifndef SVSHM_TEST_PUPPET_H
#define SVSHM_TEST_PUPPET_H

#include "actor.h"

#define PUPPET_MARK 4711

/* What an act can end with, besides enum svshm_code. */
enum puppet_answer {
	PUPPET_STOPPED = 1000, /* by SIGSTOP */
	PUPPET_BLOCKED,        /* waits in semop */
	PUPPET_ENDED,          /* by exit, with status 0 */
	PUPPET_DIED            /* by a signal, or exit with another status */
};

/* SIZE bytes of zeros that the children forked from now on share with the test;
   for good. */
void *test_shared(size_t size);

struct script;

const char *puppet_answer_string(int answer);

struct puppet {
	struct actor actor;
	struct script *script; /* shared with it */
	bool alive;
	/* As of the last act that ended. */
	bool attached;
	int segment_id; /* the last one it was attached to; or -1 */
	int mark;       /* the first word of the data; 0: not attached */
};

/* Fork a puppet with a handle for KEY. */
void puppet_start(struct puppet *puppet, const char *key);

/*
 * From now on puppets that leave wait for another key, and start again with it:
 * a fork costs more than most acts.
 */
void puppet_reuse(void);

/* In its next act it gets SIGNAL at the crash point POINT. */
void puppet_arm(struct puppet *puppet, const char *point, int signal);

/* Let it begin; await the end, 60 seconds at most; or both. */
void puppet_begin(struct puppet *puppet, actor_act *act);
int puppet_end(struct puppet *puppet);
int puppet_do(struct puppet *puppet, actor_act *act);

/* As puppet_end(), but also PUPPET_BLOCKED. */
int puppet_end_or_block(struct puppet *puppet);

/* Fail the test unless ACT ends with EXPECTED. */
#define puppet_expect(puppet, act, expected) \
	puppet_check((puppet), puppet_do((puppet), (act)), (expected), #act, \
		     __LINE__)
void puppet_check(const struct puppet *puppet, int got, int expected,
		  const char *act, int line);

/* Go on after PUPPET_STOPPED. */
void puppet_continue(struct puppet *puppet);

/* By SIGKILL; by leaving the stage: if attached it detaches, and that works. */
void puppet_kill(struct puppet *puppet);
void puppet_leave(struct puppet *puppet);

/* ---- Acts, besides those of actor.h -------------------------------------- */

int act_look(struct svshm *handle); /* see .mark */
int act_mark(struct svshm *handle); /* write PUPPET_MARK into the data */

int act_recover(struct svshm *handle); /* recover_leftovers() of its key */

/* ---- What is left -------------------------------------------------------- */

/*
 * Scan the machine and recover what it shows of KEY, sets included whose
 * segment and key file are gone. The result of the last svshm_recover(), or
 * SVSHM_NOT_FOUND.
 */
int recover_leftovers(const char *key);

/* The sets on this machine that carry KEY's mark, whatever leads to them, if no
   header says that they are of another name. */
unsigned count_sets(const char *key);

#endif
