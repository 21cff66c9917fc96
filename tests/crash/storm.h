/* SPDX-License-Identifier: BSD-2-Clause */
/* The storm's processes: what all of them can see, and who works in it. */
#ifndef SVSHM_CRASH_STORM_H
#define SVSHM_CRASH_STORM_H

#include <stdbool.h>
#include <stdint.h>

#define WORKERS 16
#define NAMES 2

/* In anonymous memory, which nobody but us has. */
extern struct board {
	uint32_t stop;
	uint32_t orphaned, removed, refused, owner_died, turns, forks;
	uint32_t deeds, kills;
	uint32_t failed;
	char failure[400];
	struct {
		uint32_t pid, segment; /* segment: id + 1; 0: none */
		uint32_t visits;
	} workers[WORKERS];
} *board;

extern const char *keys[NAMES];
extern unsigned seed;

/* Numbers below LIMIT, the same after the same FROM: each process has its own. */
void draw_from(uint32_t from);
uint32_t draw(uint32_t limit);

/* One more, of anybody. */
void count(uint32_t *counter);

/* Be the one in the place ME until the storm ends, or it does. */
void work(int me, bool observer, unsigned generation);

#endif
