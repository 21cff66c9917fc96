/* SPDX-License-Identifier: BSD-2-Clause */
#include <config.h>

#include "kernel/limits.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <sys/ipc.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <unistd.h>

#include "kernel/semun.h"
#include "svshm.h"

/* A program may ask for these two on Linux only; glibc wants _GNU_SOURCE. */
#if defined(__linux__) && HAVE_DECL_SHM_INFO && HAVE_DECL_SEM_INFO && \
	defined(HAVE_STRUCT_SHM_INFO_USED_IDS)
#define MEASURABLE 1
#endif

#ifdef MEASURABLE

static void say_full(char *buffer, size_t size, const char *what,
		     unsigned long long used, unsigned long long limit,
		     const char *command)
{
	if (limit == 0)
		snprintf(buffer, size,
			 "no %s are allowed here: the limit is 0, as an "
			 "administrator or a container sets it to shut them "
			 "off; root allows some with \"%s\"", what, command);
	else
		snprintf(buffer, size,
			 "%s: %llu of %llu used; remove leftovers with \"svshm "
			 "recover\", or raise the limit with \"%s\"",
			 what, used, limit, command);
}

/* A kernel with 64 bits tells a process with 32 no limit above INT_MAX. */
static bool is_told(size_t size)
{
	return sizeof(long) > 4 || size <= INT_MAX;
}

static bool is_above(size_t size, unsigned long long shmmax)
{
	return is_told(size) && size > shmmax;
}

static void measure_segments(size_t size, char *buffer, size_t buffer_size)
{
	struct shminfo limit;
	struct shm_info used;
	unsigned long long page = (unsigned long long)sysconf(_SC_PAGESIZE);
	unsigned long long pages = size / page + (size % page != 0);
	char command[96];

	if (shmctl(0, IPC_INFO, (struct shmid_ds *)(void *)&limit) < 0 ||
	    shmctl(0, SHM_INFO, (struct shmid_ds *)(void *)&used) < 0)
		return;
	if (is_above(size, limit.shmmax)) {
		snprintf(buffer, buffer_size,
			 "%zu bytes wanted, one segment may have %llu; raise "
			 "the limit with \"sysctl -w kernel.shmmax=%zu\"",
			 size, (unsigned long long)limit.shmmax, size);
	} else if ((unsigned long long)used.used_ids >= limit.shmmni) {
		snprintf(command, sizeof(command),
			 "sysctl -w kernel.shmmni=%llu",
			 limit.shmmni ? 2ULL * limit.shmmni :
					SVSHM__SHMMNI_DEFAULT);
		say_full(buffer, buffer_size, "segments",
			 (unsigned long long)used.used_ids, limit.shmmni,
			 command);
	} else if (pages > limit.shmall ||
		   used.shm_tot > limit.shmall - pages) {
		snprintf(command, sizeof(command),
			 "sysctl -w kernel.shmall=%llu",
			 used.shm_tot + pages);
		say_full(buffer, buffer_size,
			 "pages of shared memory", used.shm_tot, limit.shmall,
			 command);
	}
}

bool svshm__limits_are_known(size_t size)
{
	struct shminfo limit;

	return is_told(size) &&
	       shmctl(0, IPC_INFO, (struct shmid_ds *)(void *)&limit) >= 0;
}

int svshm__limits_check(size_t size, uint64_t old_size)
{
	struct shminfo limit;
	struct shm_info used;
	unsigned long long page = (unsigned long long)sysconf(_SC_PAGESIZE);
	unsigned long long pages = size / page + (size % page != 0);
	unsigned long long free_pages;

	if (shmctl(0, IPC_INFO, (struct shmid_ds *)(void *)&limit) < 0 ||
	    shmctl(0, SHM_INFO, (struct shmid_ds *)(void *)&used) < 0)
		return SVSHM_OK;
	if (is_above(size, limit.shmmax))
		return SVSHM_INVALID_SIZE;
	free_pages = limit.shmall > used.shm_tot ?
		limit.shmall - used.shm_tot : 0;
	free_pages += (old_size + page - 1) / page;
	return pages > free_pages ? SVSHM_OUT_OF_RESOURCES : SVSHM_OK;
}

static void measure_sets(int count, char *buffer, size_t buffer_size)
{
	struct seminfo limit, used;
	union semun argument;
	char command[128];

	argument.__buf = &limit;
	if (semctl(0, 0, IPC_INFO, argument) < 0)
		return;
	argument.__buf = &used;
	if (semctl(0, 0, SEM_INFO, argument) < 0)
		return;

	/* SEM_INFO puts the sets in use into semusz, the semaphores into
	   semaem: semctl(2). */
	int semmni = limit.semmni, semmns = limit.semmns;
	bool sets = used.semusz >= semmni;

	if (count <= limit.semmsl && !sets && used.semaem + count <= semmns)
		return;
	/* Whichever is too small: the command is for all four. */
	if (sets)
		semmni = semmni ? 2 * semmni : SVSHM__SEMMNI_DEFAULT;
	else if (count <= limit.semmsl)
		semmns = 2 * (semmns + count);
	snprintf(command, sizeof(command),
		 "sysctl -w kernel.sem='%d %d %d %d'",
		 count > limit.semmsl ? count : limit.semmsl,
		 used.semaem + count > semmns ? used.semaem + count : semmns,
		 limit.semopm, semmni);
	if (count > limit.semmsl) {
		snprintf(buffer, buffer_size,
			 "%d semaphores wanted, one set may have %d; raise the "
			 "limit with \"%s\"", count, limit.semmsl, command);
		return;
	}
	say_full(buffer, buffer_size, sets ? "semaphore sets" : "semaphores",
		 (unsigned long long)(sets ? used.semusz : used.semaem),
		 (unsigned long long)(sets ? limit.semmni : limit.semmns),
		 command);
}

static void count_segments(struct svshm__limit_counts *counts,
			   const struct shm_info *used,
			   const struct shminfo *limit)
{
	counts->page_size = (uint64_t)sysconf(_SC_PAGESIZE);
	counts->segments = (uint64_t)used->used_ids;
	counts->segments_max = limit->shmmni;
	counts->pages = used->shm_tot;
	counts->pages_max = limit->shmall;
	counts->segment_size_max = limit->shmmax;
}

static void count_sets(struct svshm__limit_counts *counts,
		       const struct seminfo *used, const struct seminfo *limit)
{
	counts->sets = (uint64_t)used->semusz;
	counts->sets_max = (uint64_t)limit->semmni;
	counts->semaphores = (uint64_t)used->semaem;
	counts->semaphores_max = (uint64_t)limit->semmns;
	counts->set_size_max = (uint64_t)limit->semmsl;
	counts->operations_max = (uint64_t)limit->semopm;
	counts->value_max = (uint64_t)limit->semvmx;
}

bool svshm__limits_count(struct svshm__limit_counts *counts)
{
	struct shminfo shm_limit;
	struct shm_info shm_used;
	struct seminfo sem_limit, sem_used;
	union semun limit, used;

	limit.__buf = &sem_limit;
	used.__buf = &sem_used;
	if (shmctl(0, IPC_INFO, (struct shmid_ds *)(void *)&shm_limit) < 0 ||
	    shmctl(0, SHM_INFO, (struct shmid_ds *)(void *)&shm_used) < 0 ||
	    semctl(0, 0, IPC_INFO, limit) < 0 ||
	    semctl(0, 0, SEM_INFO, used) < 0)
		return false;
	count_segments(counts, &shm_used, &shm_limit);
	count_sets(counts, &sem_used, &sem_limit);
	return true;
}

#else

bool svshm__limits_count(struct svshm__limit_counts *counts)
{
	(void)counts;
	return false;
}

bool svshm__limits_are_known(size_t size)
{
	(void)size;
	return false;
}

int svshm__limits_check(size_t size, uint64_t old_size)
{
	(void)size, (void)old_size;
	return SVSHM_OK;
}

static void measure_segments(size_t size, char *buffer, size_t buffer_size)
{
	(void)size, (void)buffer, (void)buffer_size;
}

static void measure_sets(int count, char *buffer, size_t buffer_size)
{
	(void)count, (void)buffer, (void)buffer_size;
}

#endif

const char *svshm__limits_of_segments(size_t size, char *buffer,
				      size_t buffer_size)
{
	int saved = errno;

	buffer[0] = '\0';
	measure_segments(size, buffer, buffer_size);
	errno = saved;
	return buffer;
}

const char *svshm__limits_of_sets(int count, char *buffer, size_t buffer_size)
{
	int saved = errno;

	buffer[0] = '\0';
	measure_sets(count, buffer, buffer_size);
	errno = saved;
	return buffer;
}
