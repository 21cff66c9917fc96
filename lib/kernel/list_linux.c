/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Linux: SHM_INFO and SEM_INFO tell the highest index in use, SHM_STAT and
 * SEM_STAT go by index. The _ANY variants (Linux 4.17) need no read permission,
 * so that the ids at least of everybody's objects are seen.
 */
#include <config.h>

#include "kernel/list.h"

#include <errno.h>
#include <string.h>
#include <sys/sem.h>
#include <sys/shm.h>

#include "base/atomic.h"
#include "kernel/semun.h"

#ifndef SHM_STAT_ANY
#define SHM_STAT_ANY 15
#endif
#ifndef SEM_STAT_ANY
#define SEM_STAT_ANY 20
#endif

/*
 * An older kernel answers EINVAL to the _ANY command, as every kernel does to
 * an index that is free. So the plain command is tried too until one of them
 * has told something.
 */
static int segment_at(int index, struct shmid_ds *status)
{
	static uintptr_t decided;
	int id, command = (int)svshm__load_relaxed(&decided);

	if (command)
		return shmctl(index, command, status);
	id = shmctl(index, SHM_STAT_ANY, status);
	if (id >= 0) {
		svshm__store_relaxed(&decided, SHM_STAT_ANY);
		return id;
	}
	id = shmctl(index, SHM_STAT, status);
	if (id >= 0)
		svshm__store_relaxed(&decided, SHM_STAT);
	return id;
}

static int set_at(int index, struct semid_ds *status)
{
	static uintptr_t decided;
	union semun argument;
	int id, command = (int)svshm__load_relaxed(&decided);

	argument.buf = status;
	if (command)
		return semctl(index, 0, command, argument);
	id = semctl(index, 0, SEM_STAT_ANY, argument);
	if (id >= 0) {
		svshm__store_relaxed(&decided, SEM_STAT_ANY);
		return id;
	}
	id = semctl(index, 0, SEM_STAT, argument);
	if (id >= 0)
		svshm__store_relaxed(&decided, SEM_STAT);
	return id;
}

int svshm__list_segments(struct svshm__list *list, struct svshm__error *error)
{
	struct shmid_ds status;
	struct svshm__segment_status converted;
	struct shm_info info;
	int last = shmctl(0, SHM_INFO, (struct shmid_ds *)(void *)&info);

	memset(list, 0, sizeof(*list));
	/* valgrind does not know that SHM_STAT_ANY fills it in. */
	memset(&status, 0, sizeof(status));
	if (last < 0)
		return svshm__list_refused(list, errno, error,
					   "shmctl(SHM_INFO)");
	for (int i = 0; i <= last; i++) {
		int id = segment_at(i, &status);

		if (id < 0)
			continue;
		svshm__segment_convert(&status, &converted);
		int code = svshm__list_add(list, id, converted.key, &converted,
					   NULL);

		if (code)
			return svshm__error_set(error, code, "no memory");
	}
	return SVSHM_OK;
}

int svshm__list_sets(struct svshm__list *list, struct svshm__error *error)
{
	struct semid_ds status;
	struct svshm__set_status converted;
	struct seminfo info;
	union semun argument;
	int last;

	memset(list, 0, sizeof(*list));
	memset(&status, 0, sizeof(status));
	argument.__buf = &info;
	last = semctl(0, 0, SEM_INFO, argument);
	if (last < 0)
		return svshm__list_refused(list, errno, error,
					   "semctl(SEM_INFO)");
	for (int i = 0; i <= last; i++) {
		int id = set_at(i, &status);

		if (id < 0)
			continue;
		svshm__semset_convert(&status, &converted);

		int code = svshm__list_add(list, id, converted.key, NULL,
					   &converted);

		if (code)
			return svshm__error_set(error, code, "no memory");
	}
	return SVSHM_OK;
}
