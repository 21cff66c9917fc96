/* SPDX-License-Identifier: BSD-2-Clause */
/* Which limit of the system is in the way, measured, and how to raise it. */
#ifndef SVSHM_KERNEL_LIMITS_H
#define SVSHM_KERNEL_LIMITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Whether svshm__limits_check() knows anything about segments of SIZE bytes. */
bool svshm__limits_are_known(size_t size);

/*
 * After a failed shmget() of SIZE bytes, or semget() of COUNT semaphores: a
 * sentence that names the limit, with used and allowed, and the command that
 * raises it. "" where that cannot be measured or no limit is reached. Returns
 * BUFFER. Keeps errno.
 */
const char *svshm__limits_of_segments(size_t size, char *buffer,
				      size_t buffer_size);
const char *svshm__limits_of_sets(int count, char *buffer, size_t buffer_size);

/*
 * Would a segment of SIZE bytes be refused, in the place of one of OLD_SIZE?
 * SVSHM_INVALID_SIZE, SVSHM_OUT_OF_RESOURCES, or 0: no limit that can be
 * measured stands against it.
 */
int svshm__limits_check(size_t size, uint64_t old_size);

/* What Linux has: for who finds a limit of 0, which nothing is a multiple of. */
#define SVSHM__SHMMNI_DEFAULT 4096ULL
#define SVSHM__SHMMAX_DEFAULT (UINT64_MAX - (1ULL << 24))
#define SVSHM__SEMMSL_DEFAULT 32000
#define SVSHM__SEMMNS_DEFAULT 1024000000
#define SVSHM__SEMOPM_DEFAULT 500
#define SVSHM__SEMMNI_DEFAULT 32000

/* What is used, and the limits (..._max), of the whole system. */
struct svshm__limit_counts {
	uint64_t page_size;
	uint64_t segments, segments_max;
	uint64_t pages, pages_max;
	uint64_t segment_size_max;
	uint64_t sets, sets_max;
	uint64_t semaphores, semaphores_max;
	uint64_t set_size_max, operations_max, value_max;
};

/* False: the system does not tell. */
bool svshm__limits_count(struct svshm__limit_counts *counts);

#endif
