/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * HP-UX: pstat_getshm() and pstat_getsem() fill in as many entries as there is
 * room for, from an index on that the last entry tells; 0 is the end. No
 * permission is needed.
 */
#include <config.h>

/* Sizes of segments in 64 bits, whatever the program's own. */
#define _PSTAT64

#include "kernel/list.h"

#include <errno.h>
#include <string.h>
#include <sys/param.h>
#include <sys/pstat.h>

#define AT_ONCE 32

static void convert(const struct pst_shminfo *from,
		    struct svshm__segment_status *to)
{
	memset(to, 0, sizeof(*to));
	/* Both are unsigned in pstat, and wider than a key may be: what ftok
	   gives, and shmget takes, is a key_t. */
	to->key = (int64_t)(key_t)from->psh_key;
	to->size = (uint64_t)from->psh_segsz;
	to->mappings = (uint64_t)from->psh_nattch;
	to->uid = (uid_t)from->psh_uid;
	to->creator_uid = (uid_t)from->psh_cuid;
	to->gid = (gid_t)from->psh_gid;
	to->mode = (mode_t)(from->psh_mode & 0777);
	to->creator_pid = (pid_t)from->psh_cpid;
	to->last_pid = (pid_t)from->psh_lpid;
	to->attach_time = (int64_t)from->psh_atime;
	to->detach_time = (int64_t)from->psh_dtime;
	to->change_time = (int64_t)from->psh_ctime;
	to->removed = (from->psh_flags & PS_SHM_DEST) != 0;
}

int svshm__list_segments(struct svshm__list *list, struct svshm__error *error)
{
	struct pst_shminfo entries[AT_ONCE];
	struct svshm__segment_status status;
	int index = 0, count;

	memset(list, 0, sizeof(*list));
	while ((count = pstat_getshm(entries, sizeof(*entries), AT_ONCE,
				     index)) > 0) {
		for (int i = 0; i < count; i++) {
			convert(&entries[i], &status);
			if (!(entries[i].psh_flags & PS_SHM_ALLOC))
				continue;
			if (svshm__list_add(list, (int)entries[i].psh_shmid,
					    status.key, &status, NULL))
				return svshm__error_set(
					error, SVSHM_OUT_OF_RESOURCES,
					"no memory");
		}
		index = (int)entries[count - 1].psh_idx + 1;
	}
	if (count < 0)
		return svshm__list_refused(list, errno, error,
					   "pstat_getshm()");
	return SVSHM_OK;
}

int svshm__list_sets(struct svshm__list *list, struct svshm__error *error)
{
	struct pst_seminfo entries[AT_ONCE];
	int index = 0, count;

	memset(list, 0, sizeof(*list));
	while ((count = pstat_getsem(entries, sizeof(*entries), AT_ONCE,
				     index)) > 0) {
		for (int i = 0; i < count; i++) {
			int64_t key = (int64_t)(key_t)entries[i].pse_key;

			if (!(entries[i].pse_flags & PS_SEM_ALLOC))
				continue;
			if (svshm__list_add(list, (int)entries[i].pse_semid,
					    key, NULL, NULL))
				return svshm__error_set(
					error, SVSHM_OUT_OF_RESOURCES,
					"no memory");
		}
		index = (int)entries[count - 1].pse_idx + 1;
	}
	if (count < 0)
		return svshm__list_refused(list, errno, error,
					   "pstat_getsem()");
	return SVSHM_OK;
}
