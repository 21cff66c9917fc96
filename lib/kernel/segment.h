/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * System V segments: the only caller of shmget, shmat, shmdt and shmctl but
 * for the enumeration in list_linux.c, and SHM_LOCK in pages_lock.c. No policy. Every function returns a code
 * and, on failure, records a message if ERROR is not NULL.
 */
#ifndef SVSHM_KERNEL_SEGMENT_H
#define SVSHM_KERNEL_SEGMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/ipc.h>
#include <sys/shm.h> /* struct shmid_ds: a macro on macOS */
#include <sys/types.h>

#include "base/error.h"

struct svshm__segment_status {
	int64_t key; /* 0 where the system does not tell it */
	uint64_t size;
	uint64_t mappings; /* times processes */
	uid_t uid, creator_uid;
	gid_t gid;
	mode_t mode; /* permission bits */
	pid_t creator_pid, last_pid;
	int64_t attach_time, detach_time, change_time;
	bool removed; /* marked for destruction, but still mapped */
	bool locked;  /* its pages are never swapped, by SHM_LOCK */
};

/*
 * Who answers for what it says of itself: its creator, who can give it to
 * others; or, if root has made it for another, that one.
 */
static inline uid_t svshm__segment_author(
	const struct svshm__segment_status *status)
{
	return status->creator_uid == 0 ? status->uid : status->creator_uid;
}

/* Whether the kernel lets this process remove it. */
bool svshm__segment_is_removable(const struct svshm__segment_status *status);

/* SVSHM_NOT_FOUND, without a message: no segment has this key. Needs no
   permission. */
int svshm__segment_find(key_t key, int *id, struct svshm__error *error);

/* SVSHM_ALREADY_EXISTS: some segment has this key, whoever's it is. */
int svshm__segment_make(key_t key, size_t size, mode_t mode, int *id,
			struct svshm__error *error);

/*
 * The same of huge pages: 0, or the errno, EEXIST as above; whatever else it is,
 * one of ordinary pages may be possible.
 */
int svshm__segment_make_huge(key_t key, size_t size, mode_t mode, int *id);

/* SVSHM_REMOVED: no segment has this id (any more). */
int svshm__segment_stat(int id, struct svshm__segment_status *status,
			struct svshm__error *error);

/*
 * Would there be memory and address space for a segment of SIZE bytes, in the
 * place of one of OLD_SIZE? Where the system's limits can be asked for, tried
 * without making a segment, which a process that is killed just then would
 * leave behind, without a name.
 */
int svshm__segment_try(size_t size, uint64_t old_size,
		       struct svshm__error *error);

/* From what the kernel says to what we keep. */
void svshm__segment_convert(const struct shmid_ds *from,
			    struct svshm__segment_status *to);

/*
 * *ADDRESS is NULL on failure. SVSHM_REMOVED; SVSHM_ALREADY_ATTACHED: it is
 * there, but the system allows this process no second mapping of it.
 */
int svshm__segment_map(int id, bool read_only, void **address,
		       struct svshm__error *error);

/* The same; where the system allows one mapping only, another thread's look at
   it is waited for. */
int svshm__segment_map_patiently(int id, bool read_only, void **address,
				 struct svshm__error *error);
void svshm__segment_unmap(void *address);

/* The same, and where possible zeros take its place, so that who still reads
   or writes there does not crash. */
void svshm__segment_vacate(void *address, size_t size);

/*
 * Give the memory of the SIZE bytes back to the system; what is read there is
 * zeros then. False: this system can't, or not here.
 */
bool svshm__segment_discard(void *address, size_t size);

/*
 * From here on, writing to the SIZE bytes at ADDRESS is a SIGSEGV, or not.
 * SVSHM_NOT_SUPPORTED: the system protects no part of a segment.
 */
int svshm__segment_protect(void *address, size_t size, bool writable,
			   struct svshm__error *error);

/* UID (uid_t)-1: stays. */
int svshm__segment_change(int id, mode_t mode, uid_t uid, gid_t group,
			  struct svshm__error *error);

/* Gone already is success. */
int svshm__segment_remove(int id, struct svshm__error *error);

size_t svshm__page_size(void);

#endif
