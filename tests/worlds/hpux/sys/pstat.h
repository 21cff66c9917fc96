/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A double of HP-UX's <sys/pstat.h>, with what lib/kernel/list_hpux.c uses of it, on
 * top of Linux's lists: so that the file is compiled and run at least here
 * (CPPFLAGS=-I.../tests/worlds/hpux --with-scan=hpux). As in HP-UX 11i v2, a call tells
 * ELEMENTS entries at most, from INDEX on, of which those in use have a flag;
 * the last one's index tells where to go on; 0 is the end.
 */
#ifndef SVSHM_TEST_PSTAT_H
#define SVSHM_TEST_PSTAT_H

#include <string.h>
#include <sys/ipc.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/types.h>

#define PS_SHM_ALLOC 1
#define PS_SHM_DEST 2
#define PS_SEM_ALLOC 1

struct pst_shminfo {
	unsigned long long psh_idx;
	long long psh_uid, psh_gid, psh_cuid, psh_cgid;
	unsigned long long psh_mode, psh_seq, psh_key, psh_segsz;
	long long psh_cpid, psh_lpid;
	unsigned long long psh_nattch;
	long long psh_atime, psh_dtime, psh_ctime;
	unsigned long long psh_flags;
	long long psh_shmid;
};

struct pst_seminfo {
	unsigned long long pse_idx;
	unsigned long long pse_key, pse_flags;
	long long pse_semid;
};

static inline void pstat_segment(const struct shmid_ds *from,
				 struct pst_shminfo *to)
{
	to->psh_uid = from->shm_perm.uid;
	to->psh_gid = from->shm_perm.gid;
	to->psh_cuid = from->shm_perm.cuid;
	to->psh_cgid = from->shm_perm.cgid;
	to->psh_mode = from->shm_perm.mode & 0777;
	to->psh_key = (unsigned long long)from->shm_perm.__key;
	to->psh_segsz = from->shm_segsz;
	to->psh_cpid = from->shm_cpid;
	to->psh_lpid = from->shm_lpid;
	to->psh_nattch = from->shm_nattch;
	to->psh_atime = from->shm_atime;
	to->psh_dtime = from->shm_dtime;
	to->psh_ctime = from->shm_ctime;
	to->psh_flags = PS_SHM_ALLOC |
			(from->shm_perm.mode & SHM_DEST ? PS_SHM_DEST : 0);
}

/* Entries that are free are told, too, without the flag. */
static inline int pstat_getshm(struct pst_shminfo *entries, size_t size,
			       size_t elements, int index)
{
	struct shm_info info;
	struct shmid_ds status;
	int last = shmctl(0, SHM_INFO, (struct shmid_ds *)(void *)&info);
	int count = 0;

	(void)size;
	if (last < 0)
		return -1;
	for (; index <= last && count < (int)elements; index++) {
		int id = shmctl(index, SHM_STAT_ANY, &status);

		memset(&entries[count], 0, sizeof(*entries));
		entries[count].psh_idx = (unsigned long long)index;
		entries[count].psh_shmid = id;
		if (id >= 0)
			pstat_segment(&status, &entries[count]);
		count++;
	}
	return count;
}

static inline int pstat_getsem(struct pst_seminfo *entries, size_t size,
			       size_t elements, int index)
{
	struct seminfo info;
	struct semid_ds status;
	union {
		int val;
		struct semid_ds *buf;
		struct seminfo *information;
	} argument;
	int last, count = 0;

	(void)size;
	argument.information = &info;
	last = semctl(0, 0, SEM_INFO, argument);
	if (last < 0)
		return -1;
	for (; index <= last && count < (int)elements; index++) {
		int id;

		argument.buf = &status;
		id = semctl(index, 0, SEM_STAT_ANY, argument);
		memset(&entries[count], 0, sizeof(*entries));
		entries[count].pse_idx = (unsigned long long)index;
		entries[count].pse_semid = id;
		entries[count].pse_key = id < 0 ? 0 :
			(unsigned long long)status.sem_perm.__key;
		entries[count].pse_flags = id < 0 ? 0 : PS_SEM_ALLOC;
		count++;
	}
	return count;
}

#endif
