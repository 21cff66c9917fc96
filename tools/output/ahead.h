/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A thread that goes ahead of a long copy to or from shared memory, and brings its
 * pages into this process's table, many in one call. Without it the copy stops at
 * each page, or at each sixteenth, for the kernel to do that: half of its time and
 * more. Where the thread gets no processor, whoever copies does its work, piece by
 * piece. It is a help and nothing else: where it can't be had, the copy is slower.
 */
#ifndef SVSHM_TOOL_OUTPUT_AHEAD_H
#define SVSHM_TOOL_OUTPUT_AHEAD_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

struct ahead {
	char *data; /* whole pages */
	size_t size;
	bool writes;  /* the copy goes into the memory */
	bool running; /* there is a thread */
	pthread_t thread;
	pthread_mutex_t mutex;
	size_t taken; /* [mutex] so far somebody brings, or has brought, pages in */
};

/* For the SIZE bytes at DATA, if they are many. */
void ahead_begin(struct ahead *ahead, const void *data, size_t size,
		 bool writes);

/* The copy comes to the bytes before END now. */
void ahead_reach(struct ahead *ahead, size_t end);

/* The copy is over, or has failed. */
void ahead_end(struct ahead *ahead);

#endif
