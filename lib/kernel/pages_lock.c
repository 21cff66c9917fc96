/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Pages that are never swapped. Linux, HP-UX and NetBSD lock a segment by
 * SHM_LOCK. FreeBSD, OpenBSD and macOS have the name or not, and answer EINVAL:
 * there mlock(2) locks what this process has mapped.
 */
#include <config.h>

#include "kernel/pages.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "kernel/segment.h"

/* The limit of the process, and how to raise it. */
static void explain_limit(struct svshm__error *error, size_t size)
{
#ifdef RLIMIT_MEMLOCK
	struct rlimit limit;
	char value[40] = "unlimited";

	if (getrlimit(RLIMIT_MEMLOCK, &limit) < 0)
		return;
	if (limit.rlim_cur != RLIM_INFINITY)
		snprintf(value, sizeof(value), "%llu bytes",
			 (unsigned long long)limit.rlim_cur);
	svshm__error_append(error, "; RLIMIT_MEMLOCK, what this user's "
			    "processes may lock, is %s, and %zu are to be "
			    "locked: \"ulimit -l\" in a shell, LimitMEMLOCK= in "
			    "a systemd unit, or memlock in "
			    "/etc/security/limits.conf raises it, and a process "
			    "with CAP_IPC_LOCK needs none", value, size);
#else
	(void)error, (void)size;
#endif
}

/* No errno is recorded: whose the object is does not explain it. */
static int refused(int errnum, const char *call, size_t size,
		   struct svshm__error *error)
{
	int code = errnum == EPERM || errnum == EACCES ?
			   SVSHM_PERMISSION_DENIED :
		   errnum == ENOMEM || errnum == EAGAIN ?
			   SVSHM_OUT_OF_RESOURCES :
		   errnum == ENOSYS || errnum == EINVAL ?
			   SVSHM_NOT_SUPPORTED :
			   SVSHM_UNKNOWN_ERROR;

	svshm__error_set(error, code, "%s failed: %s", call, strerror(errnum));
	if (code == SVSHM_NOT_SUPPORTED)
		svshm__error_append(error, "; this system locks no shared "
				    "memory: do without SVSHM_MEMORY_LOCKED");
	else if (code != SVSHM_UNKNOWN_ERROR)
		explain_limit(error, size);
	return code;
}

static int lock_mapping(const void *address, size_t size,
			struct svshm__error *error)
{
	char call[100];

	if (mlock(address, size) == 0)
		return SVSHM_OK;

	int errnum = errno;

	snprintf(call, sizeof(call), "mlock(%zu bytes)", size);
	return refused(errnum, call, size, error);
}

#if HAVE_DECL_SHM_LOCK

static int lock_refused(int errnum, int id,
			const struct svshm__segment_status *status,
			struct svshm__error *error)
{
	char call[100];

	snprintf(call, sizeof(call), "shmctl(id=%d, SHM_LOCK)", id);
	if (errnum != EPERM || svshm__segment_is_removable(status))
		return refused(errnum, call, (size_t)status->size, error);
	return svshm__error_set(
		error, SVSHM_PERMISSION_DENIED,
		"%s failed: %s (only the segment's owner, uid %lu, its creator, "
		"and processes with CAP_IPC_LOCK may lock it: let the owner do "
		"it, for all)", call, strerror(errnum),
		(unsigned long)status->uid);
}

int svshm__pages_lock(int id, const void *address, size_t size,
		      struct svshm__error *error)
{
	struct svshm__segment_status status;
	int errnum, code = svshm__segment_stat(id, &status, NULL);

	/* Somebody has removed it: every later call says so. */
	if (code == SVSHM_REMOVED || (!code && (status.removed ||
						status.locked)))
		return SVSHM_OK;
	if (shmctl(id, SHM_LOCK, NULL) == 0)
		return SVSHM_OK;
	errnum = errno;
	code = svshm__segment_stat(id, &status, error);
	if (code == SVSHM_REMOVED)
		return SVSHM_OK;
	if (code)
		return code;
	return errnum == EINVAL || errnum == ENOSYS ?
		       lock_mapping(address, size, error) :
		       lock_refused(errnum, id, &status, error);
}

#else

int svshm__pages_lock(int id, const void *address, size_t size,
		      struct svshm__error *error)
{
	(void)id;
	return lock_mapping(address, size, error);
}

#endif
