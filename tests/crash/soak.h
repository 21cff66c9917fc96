/* SPDX-License-Identifier: BSD-2-Clause */
/* What the soak's processes share: orders, answers, and a board for all. */
#ifndef SVSHM_CRASH_SOAK_H
#define SVSHM_CRASH_SOAK_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "handle.h"

#define WORKERS 16
#define KEYS 5
#define QT_KEY 4

enum order {
	CREATE, ATTACH, DETACH, WORK, INSPECT, SCAN, RECOVER, LEAVE, ORDERS
};

struct request {
	enum order order;
	int key;
	unsigned pause_us; /* WORK: with the lock held */
};

struct answer {
	int code;
	int segment_id[KEYS]; /* -1: not attached */
	char message[300];
};

/* What the users keep in an object. [lock] */
struct data {
	uint32_t owner; /* the name of who is inside; 0: nobody */
	uint64_t before, after;
};

/* Shared by all. */
extern struct board {
	/* Removed by force: who has it mapped may find anything. */
	volatile int tainted[KEYS];
	/* The last one that was killed, or is just being, in each place. */
	volatile uint32_t doomed[WORKERS];
	volatile unsigned failures;
	volatile unsigned long works, owners_died;
} *board;

extern char keys[KEYS][64];

/* Say what must not be; the soak ends soon, and has failed. */
void fail(const char *format, ...) SVSHM__PRINTF(1, 2);

/* A handle for the key of that number, in its layout. */
struct svshm *handle_for(int key);

/* For svshm_scan(): remove what is left over. */
int recover(const struct svshm_object *object, void *context);

/* ---- A worker (soak_worker.c) -------------------------------------------- */

/*
 * Be the worker of that name: do what comes through REQUESTS, until nobody can
 * give any more. Names are not pids, for those come again.
 */
void serve(uint32_t name, int requests, int answers);

/* ---- All of them (soak_crew.c) ------------------------------------------- */

extern struct worker {
	pid_t pid;
	uint32_t name;
	int requests, answers;
	bool busy, stopped;
	struct request request; /* the last one */
	struct answer answer;
} workers[WORKERS];

extern const char *const order_names[];

/* Start one in that place. */
void hire(struct worker *worker);

/* Let it begin, if it is at nothing. */
void order(struct worker *worker, const struct request *request);

/* The answer to the last order; false: there is none yet. */
bool take_answer(struct worker *worker, int timeout_ms);

/* By SIGSTOP, or on by SIGCONT. */
void stop(struct worker *worker, bool stopped);
void let_all_go_on(void);

/* By SIGKILL, which is counted; another one takes its place. */
void kill_one(struct worker *worker);
extern unsigned long kills;

/* Nobody is at anything afterwards; who does not answer has failed. */
void await_all(void);

/* They end by exit(3). */
void dismiss_all(void);

#endif
