/* SPDX-License-Identifier: BSD-2-Clause */
#include <config.h>

#include "kernel/segment.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <unistd.h>

#include "kernel/limits.h"
#include "kernel/process.h"

#ifndef MAP_ANONYMOUS
#define MAP_ANONYMOUS MAP_ANON
#endif

/*
 * HP-UX: without it, a 32-bit process cannot attach what a 64-bit one has made.
 * It takes the segment from a smaller part of the address space.
 */
#if defined(IPC_SHARE32) && defined(__LP64__)
#define SHARE_WITH_32_BITS IPC_SHARE32
#else
#define SHARE_WITH_32_BITS 0
#endif

bool svshm__segment_is_removable(const struct svshm__segment_status *status)
{
	uid_t us = geteuid();

	return us == 0 || us == status->uid || us == status->creator_uid;
}

int svshm__segment_find(key_t key, int *id, struct svshm__error *error)
{
	*id = shmget(key, 0, 0);
	if (*id >= 0)
		return SVSHM_OK;
	if (errno == ENOENT)
		return SVSHM_NOT_FOUND;
	return svshm__error_system(error, SVSHM__CALL_SHMGET, errno,
				   "shmget(key=0x%08lx, 0, 0)",
				   (unsigned long)key);
}

/*
 * A segment of that key comes first, whatever the answer is. The BSDs and macOS
 * say EINVAL if it is smaller, or EACCES, and look at EXCL then.
 */
static int segment_reason(key_t key, int errnum)
{
	return errnum != EEXIST && key != IPC_PRIVATE &&
	       shmget(key, 0, 0) >= 0 ? EEXIST : errnum;
}

/* 0, or the errno. That there is no segment now does not say that there was
   none: it may have gone since. So EINVAL is not believed at once. */
static int make_segment(key_t key, size_t size, int flags, int *id)
{
	int errnum = EINVAL;

	for (int i = 0; i < 3 && errnum == EINVAL; i++) {
		*id = shmget(key, size, IPC_CREAT | IPC_EXCL | flags);
		errnum = *id >= 0 ? 0 : segment_reason(key, errno);
	}
	return errnum;
}

int svshm__segment_make(key_t key, size_t size, mode_t mode, int *id,
			struct svshm__error *error)
{
	char limit[400];
	int errnum = make_segment(key, size, SHARE_WITH_32_BITS | (int)mode, id);

	/* What does not fit into their part need not be shared with them. */
	if (errnum && SHARE_WITH_32_BITS && errnum != EEXIST)
		errnum = make_segment(key, size, (int)mode, id);
	if (!errnum)
		return SVSHM_OK;

	int code = svshm__error_system(error, SVSHM__CALL_SHMGET, errnum,
				       "shmget(key=0x%08lx, size=%zu, "
				       "IPC_CREAT|IPC_EXCL|0%o)",
				       (unsigned long)key, size,
				       (unsigned)mode);

	if (errnum != EEXIST &&
	    *svshm__limits_of_segments(size, limit, sizeof(limit)))
		svshm__error_append(error, "; %s", limit);
	return code;
}

int svshm__segment_make_huge(key_t key, size_t size, mode_t mode, int *id)
{
#if HAVE_DECL_SHM_HUGETLB
	return make_segment(key, size, SHM_HUGETLB | (int)mode, id);
#else
	(void)key, (void)size, (void)mode, (void)id;
	return ENOSYS;
#endif
}

/* Shared anonymous memory is accounted as segments are. */
static bool there_is_memory(size_t size)
{
	void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE,
			    MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	return memory != MAP_FAILED && munmap(memory, size) == 0;
}

/*
 * Only what is greater than the old one can be too great. A process that is
 * killed between these two calls leaves a segment without a name, which the tool
 * finds; not to look would lose the orphan's data.
 */
static bool is_too_great(size_t size, uint64_t old_size)
{
	int id;

	if (svshm__limits_are_known(size) || size <= old_size)
		return false;
	id = shmget(IPC_PRIVATE, size, IPC_CREAT | 0600);
	if (id >= 0)
		shmctl(id, IPC_RMID, NULL);
	return id < 0 && errno == EINVAL;
}

int svshm__segment_try(size_t size, uint64_t old_size,
		       struct svshm__error *error)
{
	char limit[400];
	int code = svshm__limits_check(size, old_size);

	if (!code && is_too_great(size, old_size))
		code = SVSHM_INVALID_SIZE;
	/* What the old one gives back may be what is missing. */
	if (!code && !there_is_memory(size) &&
	    (size <= old_size || !there_is_memory(size - (size_t)old_size)))
		code = SVSHM_OUT_OF_RESOURCES;
	if (!code)
		return SVSHM_OK;
	svshm__limits_of_segments(size, limit, sizeof(limit));

	const char *why = *limit ? limit :
		code == SVSHM_INVALID_SIZE ?
			"the system allows none as large as that" :
			"not enough memory or address space";

	return svshm__error_set(error, code,
				"there is an orphan, which stays as it is, "
				"since a segment of %zu bytes is not possible: "
				"%s", size, why);
}

void svshm__segment_convert(const struct shmid_ds *from,
			    struct svshm__segment_status *to)
{
	memset(to, 0, sizeof(*to));
#if defined(HAVE_STRUCT_IPC_PERM___KEY)
	to->key = from->shm_perm.__key;
#elif defined(HAVE_STRUCT_IPC_PERM__KEY)
	to->key = from->shm_perm._key;
#elif defined(HAVE_STRUCT_IPC_PERM_KEY)
	to->key = from->shm_perm.key;
#endif
	to->size = (uint64_t)from->shm_segsz;
	to->mappings = (uint64_t)from->shm_nattch;
	to->uid = from->shm_perm.uid;
	to->creator_uid = from->shm_perm.cuid;
	to->gid = from->shm_perm.gid;
	to->mode = from->shm_perm.mode & 0777;
	to->creator_pid = from->shm_cpid;
	to->last_pid = from->shm_lpid;
	to->attach_time = from->shm_atime;
	to->detach_time = from->shm_dtime;
	to->change_time = from->shm_ctime;
#ifdef SHM_LOCKED
	to->locked = (from->shm_perm.mode & SHM_LOCKED) != 0;
#endif
	/* Elsewhere the key tells: a removed segment loses its own, and none
	   of ours had none. */
#if defined(SHM_DEST)
	to->removed = (from->shm_perm.mode & SHM_DEST) != 0;
#elif defined(HAVE_STRUCT_IPC_PERM__KEY) || defined(HAVE_STRUCT_IPC_PERM_KEY)
	to->removed = to->key == (int64_t)IPC_PRIVATE;
#endif
}

int svshm__segment_stat(int id, struct svshm__segment_status *status,
			struct svshm__error *error)
{
	struct shmid_ds from;

	if (shmctl(id, IPC_STAT, &from) < 0)
		return svshm__error_system(error, SVSHM__CALL_SHMCTL, errno,
					   "shmctl(id=%d, IPC_STAT)", id);
	svshm__segment_convert(&from, status);
	return SVSHM_OK;
}

int svshm__segment_map(int id, bool read_only, void **address,
		       struct svshm__error *error)
{
	void *result = shmat(id, NULL, read_only ? SHM_RDONLY : 0);

	if (result != (void *)-1) {
		*address = result;
		return SVSHM_OK;
	}
	*address = NULL;

	int errnum = errno;
	struct svshm__segment_status status;

	/* Gone, or here already: HP-UX allows one attachment a process. */
	if (errnum == EINVAL && !svshm__segment_stat(id, &status, NULL) &&
	    !status.removed)
		return svshm__error_set(
			error, SVSHM_ALREADY_ATTACHED,
			"shmat(id=%d) failed: %s (this system lets a process "
			"attach a segment once, and this process or a parent "
			"has attached it otherwise)", id, strerror(errnum));
	return svshm__error_system(error, SVSHM__CALL_SHMAT, errnum,
				   "shmat(id=%d, %s)", id,
				   read_only ? "SHM_RDONLY" : "read-write");
}

int svshm__segment_map_patiently(int id, bool read_only, void **address,
				 struct svshm__error *error)
{
	int code = svshm__segment_map(id, read_only, address, error);

	for (int i = 0; i < 100 && code == SVSHM_ALREADY_ATTACHED; i++) {
		svshm__process_pause(1);
		code = svshm__segment_map(id, read_only, address, error);
	}
	return code;
}

void svshm__segment_unmap(void *address)
{
	if (address && shmdt(address) < 0)
		svshm__debug("shmdt(%p): %s", address, strerror(errno));
}

void svshm__segment_vacate(void *address, size_t size)
{
#ifdef __linux__
	/* The kernel counts a mapping that is replaced as detached. */
	if (mmap(address, size, PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) != MAP_FAILED)
		return;
#else
	(void)size;
#endif
	svshm__segment_unmap(address);
}

bool svshm__segment_discard(void *address, size_t size)
{
#ifdef MADV_REMOVE
	size_t page = svshm__page_size();

	if (madvise(address, (size + page - 1) / page * page, MADV_REMOVE) == 0)
		return true;
	svshm__debug("madvise(%zu bytes, MADV_REMOVE): %s", size,
		     strerror(errno));
#else
	(void)address, (void)size;
#endif
	return false;
}

int svshm__segment_protect(void *address, size_t size, bool writable,
			   struct svshm__error *error)
{
	if (mprotect(address, size,
		     writable ? PROT_READ | PROT_WRITE : PROT_READ) == 0)
		return SVSHM_OK;

	int errnum = errno;

	/* POSIX has mprotect() for what mmap() has mapped only. */
	if (errnum == EINVAL || errnum == EACCES || errnum == ENOSYS ||
	    errnum == ENOTSUP) {
		svshm__debug("mprotect(%zu bytes): %s", size,
			     strerror(errnum));
		return SVSHM_NOT_SUPPORTED;
	}
	return svshm__error_system(error, SVSHM__CALL_SHMAT, errnum,
				   "mprotect(%zu bytes, %s)", size,
				   writable ? "read-write" : "PROT_READ");
}

int svshm__segment_change(int id, mode_t mode, uid_t uid, gid_t group,
			  struct svshm__error *error)
{
	struct shmid_ds change;

	if (shmctl(id, IPC_STAT, &change) == 0) {
		if (uid != (uid_t)-1)
			change.shm_perm.uid = uid;
		change.shm_perm.gid = group;
		change.shm_perm.mode = mode & 0777;
		if (shmctl(id, IPC_SET, &change) == 0)
			return SVSHM_OK;
	}
	return svshm__error_system(error, SVSHM__CALL_SHMCTL, errno,
				   "shmctl(id=%d, IPC_SET, mode 0%o, uid %ld, "
				   "gid %lu)", id, (unsigned)mode, (long)uid,
				   (unsigned long)group);
}

int svshm__segment_remove(int id, struct svshm__error *error)
{
	if (shmctl(id, IPC_RMID, NULL) == 0)
		return SVSHM_OK;
	/* Gone already, but not on one answer: who took it for gone would have
	   to wait for the turn that he has in it. */
	if ((errno == EINVAL || errno == EIDRM) &&
	    (shmctl(id, IPC_RMID, NULL) == 0 || errno == EINVAL ||
	     errno == EIDRM))
		return SVSHM_OK;
	return svshm__error_system(error, SVSHM__CALL_SHMCTL, errno,
				   "shmctl(id=%d, IPC_RMID)", id);
}

size_t svshm__page_size(void)
{
	return (size_t)sysconf(_SC_PAGESIZE);
}
