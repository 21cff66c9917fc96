/* SPDX-License-Identifier: BSD-2-Clause */
/* svshm_limits(): from what the kernel counts to plain structs. */
#include <config.h>

#include <stdio.h>

#include "kernel/limits.h"
#include "svshm.h"

/* Twice as much as there is; never less. Nothing is shut off: the default. */
static uint64_t more(uint64_t limit, uint64_t if_zero)
{
	if (limit == 0)
		return if_zero;
	return limit > UINT64_MAX / 2 ? limit : 2 * limit;
}

static uint64_t times(uint64_t count, uint64_t size)
{
	return size && count > UINT64_MAX / size ? UINT64_MAX : count * size;
}

/* Near the end of its range, a limit is none. */
static uint64_t or_none(uint64_t limit)
{
	return limit >= UINT64_MAX / 4 ? UINT64_MAX : limit;
}

struct visiting {
	svshm_limit_visit *visit;
	void *context;
	int result;
};

static void show(struct visiting *visiting, const struct svshm_limit *limit)
{
	if (!visiting->result)
		visiting->result = visiting->visit(limit, visiting->context);
}

static void show_shared_memory(struct visiting *visiting,
			       const struct svshm__limit_counts *counts)
{
	char ids[64], pages[64], size[64];
	const struct svshm_limit limits[] = {
		{ "segments", "segments", "kernel.shmmni", true,
		  counts->segments, counts->segments_max, ids },
		{ "memory", "bytes", "kernel.shmall", true,
		  times(counts->pages, counts->page_size),
		  or_none(times(counts->pages_max, counts->page_size)),
		  pages },
		{ "segment-size", "bytes", "kernel.shmmax", false, 0,
		  or_none(counts->segment_size_max), size },
	};

	snprintf(ids, sizeof(ids), "sysctl -w kernel.shmmni=%llu",
		 (unsigned long long)more(counts->segments_max,
				      SVSHM__SHMMNI_DEFAULT));
	snprintf(pages, sizeof(pages), "sysctl -w kernel.shmall=%llu",
		 (unsigned long long)more(counts->pages_max,
				      SVSHM__SHMMAX_DEFAULT));
	snprintf(size, sizeof(size), "sysctl -w kernel.shmmax=%llu",
		 (unsigned long long)more(counts->segment_size_max,
				      SVSHM__SHMMAX_DEFAULT));
	for (size_t i = 0; i < sizeof(limits) / sizeof(*limits); i++)
		show(visiting, &limits[i]);
}

/* One parameter has four numbers: each command raises one of them. */
static void print_sem(char *buffer, size_t buffer_size,
		      const struct svshm__limit_counts *counts, int raised)
{
	uint64_t numbers[] = { counts->set_size_max, counts->semaphores_max,
			       counts->operations_max, counts->sets_max };

	static const uint64_t defaults[] = {
		SVSHM__SEMMSL_DEFAULT, SVSHM__SEMMNS_DEFAULT,
		SVSHM__SEMOPM_DEFAULT, SVSHM__SEMMNI_DEFAULT
	};

	numbers[raised] = more(numbers[raised], defaults[raised]);
	snprintf(buffer, buffer_size,
		 "sysctl -w kernel.sem='%llu %llu %llu %llu'",
		 (unsigned long long)numbers[0],
		 (unsigned long long)numbers[1],
		 (unsigned long long)numbers[2],
		 (unsigned long long)numbers[3]);
}

static void show_semaphores(struct visiting *visiting,
			    const struct svshm__limit_counts *counts)
{
	char commands[4][128];
	const struct svshm_limit limits[] = {
		{ "sets", "sets", "kernel.sem, 4th number", true, counts->sets,
		  counts->sets_max, commands[3] },
		{ "semaphores", "semaphores", "kernel.sem, 2nd number", true,
		  counts->semaphores, counts->semaphores_max, commands[1] },
		{ "set-size", "semaphores", "kernel.sem, 1st number", false, 0,
		  counts->set_size_max, commands[0] },
		{ "operations", "operations", "kernel.sem, 3rd number", false,
		  0, counts->operations_max, commands[2] },
		{ "value", "units", "SEMVMX", false, 0, counts->value_max,
		  NULL },
	};

	for (int i = 0; i < 4; i++)
		print_sem(commands[i], sizeof(commands[i]), counts, i);
	for (size_t i = 0; i < sizeof(limits) / sizeof(*limits); i++)
		show(visiting, &limits[i]);
}

int svshm_limits(svshm_limit_visit *visit, void *context)
{
	struct visiting visiting = { visit, context, SVSHM_OK };
	struct svshm__limit_counts counts;

	if (!visit)
		return SVSHM_INVALID_ARGUMENT;
	if (!svshm__limits_count(&counts))
		return SVSHM_NOT_SUPPORTED;
	show_shared_memory(&visiting, &counts);
	show_semaphores(&visiting, &counts);
	return visiting.result;
}
