/* SPDX-License-Identifier: BSD-2-Clause */
/* What this process and its clocks are. */
#ifndef SVSHM_PROCESS_H
#define SVSHM_PROCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* When this process was started, in seconds since the Epoch; 0: not known. */
int64_t svshm__process_start_time(void);

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

/* Milliseconds of a clock that nobody sets. */
int64_t svshm__process_clock(void);

/* Changes every few milliseconds, and costs next to nothing to read. */
int64_t svshm__process_tick(void);

/* Whether this process can run on more than one processor. */
bool svshm__process_parallel(void);

/* Seconds since the Epoch. */
int64_t svshm__process_time(void);

/* Let MILLISECONDS pass, or fewer if a signal comes. */
void svshm__process_pause(int milliseconds);

#endif
