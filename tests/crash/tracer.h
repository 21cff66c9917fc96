/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A puppet whose act runs under ptrace, from system call to system call: it
 * stands before and after each of them, and a call can be made to fail.
 */
#ifndef SVSHM_CRASH_TRACER_H
#define SVSHM_CRASH_TRACER_H

#include "puppet.h"

enum tracer_stop {
	TRACER_ENTRY,   /* stands before a call */
	TRACER_EXIT,    /* stands after a call */
	TRACER_ASLEEP,  /* sleeps in semop; only where watched for */
	TRACER_ENDED    /* the act has come to its end, see .code */
};

struct tracer {
	struct puppet *puppet;
	/* From the test: watch for sleep; stop at calls only that others may
	   notice, of segments, semaphores and files by name. */
	bool may_sleep, shared_only;
	unsigned stops; /* made so far */
	enum tracer_stop stop;
	long number;    /* of the system call */
	int code;       /* of the act, or enum puppet_answer, after ENDED */
	char where[64]; /* for people */
};

/*
 * Whether this process may trace its children; says SKIP and why if not. To be
 * called before the puppets are made.
 */
bool tracer_permitted(void);

/* Let PUPPET begin ACT; it stands at its start. */
void tracer_begin(struct tracer *tracer, struct puppet *puppet, actor_act *act);

/* To the next stop. */
enum tracer_stop tracer_next(struct tracer *tracer);

/* On from here, to the end, with nobody watching; puppet_end() is next. */
void tracer_release(struct tracer *tracer);

/* By SIGKILL, here and now. */
void tracer_kill(struct tracer *tracer);

/*
 * At TRACER_ENTRY: the call isn't made, and fails with ERRNUM; stands at its
 * exit then. False: not on this processor.
 */
bool tracer_fail(struct tracer *tracer, int errnum);

/*
 * At TRACER_ENTRY of semop or semtimedop: does it take back what a semaphore's
 * undo entry says? Then it has nothing to wait for, and EAGAIN cannot be.
 */
bool tracer_gives_back(const struct tracer *tracer);

/* The name of a system call; "call" if it is none of those that have one. */
const char *tracer_call_name(long number);

#endif
