/* SPDX-License-Identifier: BSD-2-Clause */
/* What this process and its clocks are. */
#ifndef SVSHM_KERNEL_PROCESS_H
#define SVSHM_KERNEL_PROCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* What this process is, for the slot table. */
struct svshm__process_self {
	pid_t pid;
	int64_t start_time;   /* seconds since the Epoch; 0: not known */
	uint64_t start_ticks; /* the kernel's count; 0: not known */
	uint32_t pid_space;   /* the pid namespace; 0: not known */
};

void svshm__process_self(struct svshm__process_self *self);

/* What the kernel tells of a process. */
struct svshm__process_stat {
	char state; /* 'Z', 'X': it has ended */
	pid_t parent;
	long threads;
	uint64_t start_ticks;
};

/* False: it can't be read, or this system has none. PID: a number, or "self". */
bool svshm__process_stat(const char *pid, struct svshm__process_stat *stat);

/* Ticks as seconds since the Epoch, as the clock is now; 0: not known. */
int64_t svshm__process_ticks_time(uint64_t ticks);

/* False: there is no process of that pid that this one could see. */
bool svshm__process_exists(pid_t pid);

/*
 * Does the process live that had PID in the namespace PID_SPACE, was started
 * at START_TICKS and had that segment mapped, and does it have it still? Dead,
 * if it has called exec since; with SEGMENT_ID -1, not then. Dead is said with
 * proof only; alive, where its mappings may not be looked at, also of one that is
 * about to end.
 */
enum svshm__fate { SVSHM__FATE_UNKNOWN, SVSHM__FATE_DEAD, SVSHM__FATE_ALIVE };

enum svshm__fate svshm__process_fate(int64_t pid, uint64_t start_ticks,
				     uint32_t pid_space, int segment_id);

/*
 * A process that has the segment mapped so that it could write to it: its pid;
 * this one only if it has more than OURS such mappings. 0: none that this
 * process may look at; COMPLETE says whether it could look at all there are.
 */
pid_t svshm__process_writer(int segment_id, uint64_t ours, bool *complete);

/* The program's name, NUL padded; "" if not known. */
void svshm__process_name(char *name, size_t size);

/*
 * How many pieces of this process's address space are of a segment; 0 where
 * that is not known.
 */
uint64_t svshm__process_mappings(int segment_id);

/* Whether the kernel shows this process all processes' pids: no pid namespace
   keeps any from it. Unknown is false. */
bool svshm__process_sees_all(void);

/* ---- Time (kernel/clock.c) -------------------------------------------------- */

#define SVSHM__MILLISECOND ((int64_t)1000000)
#define SVSHM__NO_DEADLINE INT64_MAX

/* Nanoseconds of a clock that nobody sets: what deadlines are in. */
int64_t svshm__process_now(void);

/* So many milliseconds from now; if less than 0, SVSHM__NO_DEADLINE. */
int64_t svshm__process_deadline(int milliseconds);

/* The same clock in milliseconds, for what other processes read. */
int64_t svshm__process_clock(void);

/* Changes every few milliseconds, and costs next to nothing to read. */
int64_t svshm__process_tick(void);

/* Seconds since the Epoch. */
int64_t svshm__process_time(void);

/* Let that time pass, or less if a signal comes. */
void svshm__process_sleep(int64_t nanoseconds);
void svshm__process_pause(int milliseconds);

/* ---- Threads ----------------------------------------------------------------- */

/* Whether this process can run on more than one processor. */
bool svshm__process_parallel(void);

/*
 * No cancellation of this thread until _allowed() gets what _forbidden()
 * returned: a thread that were cancelled inside a gate would keep it until its
 * process ends.
 */
int svshm__cancel_forbidden(void);
void svshm__cancel_allowed(int state);

#endif
