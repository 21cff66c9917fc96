/* SPDX-License-Identifier: BSD-2-Clause */
#include <config.h>

#include "failures.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "svshm.h"

static const struct failure failures[] = {
	{ "shmget", { EACCES, EEXIST, EINVAL, ENFILE, ENOENT, ENOMEM, ENOSPC,
		      EPERM }, { "shmget(" } },
	{ "shmat", { EACCES, EIDRM, EINVAL, ENOMEM }, { "shmat(", "mode" } },
	{ "shmctl", { EACCES, EIDRM, EINVAL, ENOMEM, EOVERFLOW, EPERM },
	  { "shmctl(" } },
	{ "semget", { EACCES, EEXIST, EINVAL, ENOENT, ENOMEM, ENOSPC },
	  { "semget(" } },
	{ "semctl", { EACCES, EIDRM, EINVAL, EPERM, ERANGE },
	  { "semctl(", "mode" } },
	{ "semtimedop", { E2BIG, EACCES, EAGAIN, EFBIG, EIDRM, EINTR, EINVAL,
			  ENOMEM, ENOSPC, ERANGE },
	  { "semop(", "semtimedop(", "mode", "had reset the lock" } },
	{ "semop", { E2BIG, EACCES, EAGAIN, EFBIG, EIDRM, EINTR, EINVAL,
		     ENOMEM, ENOSPC, ERANGE }, { "semop(" } },
	{ "openat", { EACCES, EDQUOT, EEXIST, EINTR, EISDIR, ELOOP, EMFILE,
		      ENFILE, ENOENT, ENOMEM, ENOSPC, ENOTDIR, EPERM, EROFS },
	  { "open(", "key file" } },
	{ "newfstatat", { EACCES, ELOOP, ENOENT, ENOMEM, ENOTDIR, EOVERFLOW },
	  { "stat(", "realpath(", "key file", "setting mode", "ftok(" } },
	{ "lstat", { EACCES, ELOOP, ENOENT, ENOMEM, ENOTDIR, EOVERFLOW },
	  { "stat(", "key file" } },
	{ "fchmod", { EIO, EPERM, EROFS }, { "setting mode" } },
	{ "fchown", { EIO, EPERM, EROFS }, { "setting mode" } },
	{ "mkdir", { EACCES, EDQUOT, EEXIST, ENOENT, ENOSPC, EROFS },
	  { "mkdir(" } },
	{ "unlink", { EACCES, EBUSY, EIO, ENOENT, EPERM, EROFS }, { "" } },
	{ "unlinkat", { EACCES, EBUSY, EIO, ENOENT, EPERM, EROFS }, { "" } },
	{ "read", { EINTR, EIO, EISDIR }, { "key file", "read" } },
	{ "write", { EDQUOT, EINTR, EIO, ENOSPC }, { "" } },
	{ "close", { EINTR, EIO }, { "" } },
	{ "readlink", { EACCES, EINVAL, ENOENT }, { "realpath", "key" } },
	{ "mmap", { EAGAIN, ENOMEM }, { "memory" } },
	{ "mprotect", { EACCES, ENOMEM }, { "mprotect(" } },
	{ "madvise", { EAGAIN, EINTR, EINVAL, ENOMEM, EPERM },
	  { "MADV_POPULATE" } },
	{ "futex", { EAGAIN, EINTR, EINVAL, ENOMEM, ENOSYS, EPERM, ETIMEDOUT },
	  { "" } },
	{ "clock_nanosleep", { EINTR }, { "" } },
};

const struct failure *failure_of(const char *call)
{
	for (size_t i = 0; i < sizeof(failures) / sizeof(*failures); i++)
		if (strcmp(failures[i].call, call) == 0)
			return &failures[i];
	return NULL;
}

bool failure_is_said(const struct failure *failure, const char *message)
{
	for (int i = 0; i < 5 && failure->said[i]; i++)
		if (strstr(message, failure->said[i]))
			return true;
	return false;
}

bool code_fits(int code, int errnum)
{
	switch (errnum) {
	case EDQUOT:
	case EMFILE:
	case ENFILE:
	case ENOMEM:
		return code == SVSHM_OUT_OF_RESOURCES;
	case EACCES:
	case EPERM:
	case EROFS:
		return code == SVSHM_PERMISSION_DENIED;
	default:
		return true;
	}
}
