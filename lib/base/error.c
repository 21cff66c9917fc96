/* SPDX-License-Identifier: BSD-2-Clause */
#include <config.h>

#include "base/error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

struct meaning {
	enum svshm__call call;
	int errnum;
	int code;
	const char *hint; /* what it means here and what to do, or NULL */
};

/*
 * What each errno means for each call. What is not listed falls through to
 * the common rows below, then to SVSHM_UNKNOWN_ERROR: the safe side, as no
 * caller takes that for "gone" or "free".
 */
static const struct meaning meanings[] = {
	{ SVSHM__CALL_SHMGET, EEXIST, SVSHM_ALREADY_EXISTS, NULL },
	{ SVSHM__CALL_SHMGET, ENOENT, SVSHM_NOT_FOUND, NULL },
	{ SVSHM__CALL_SHMGET, EINVAL, SVSHM_INVALID_SIZE,
	  "the size is outside what the system allows for one "
	  "segment: \"svshm limits\" shows it" },
	{ SVSHM__CALL_SHMGET, ENOSPC, SVSHM_OUT_OF_RESOURCES,
	  "this is not disk space: a limit on shared memory is "
	  "reached; \"svshm limits\" says which, and of what it is "
	  "full" },
	{ SVSHM__CALL_SHMGET, ENOMEM, SVSHM_OUT_OF_RESOURCES,
	  "not enough memory, or a limit on shared memory is "
	  "reached; \"svshm limits\" says which" },
	{ SVSHM__CALL_SHMGET, ENFILE, SVSHM_OUT_OF_RESOURCES,
	  "the system has too many open files; root raises that "
	  "limit" },
	/* Exists, is marked for removal, and still has its key (not Linux). */
	{ SVSHM__CALL_SHMGET, EIDRM, SVSHM_REMOVED,
	  "somebody has removed the object under its users; it can "
	  "be made anew when they have gone" },

	{ SVSHM__CALL_SHMAT, EINVAL, SVSHM_REMOVED,
	  "somebody has removed the object; start again" },
	{ SVSHM__CALL_SHMAT, EIDRM, SVSHM_REMOVED,
	  "somebody has removed the object; start again" },
	{ SVSHM__CALL_SHMAT, ENOMEM, SVSHM_OUT_OF_RESOURCES,
	  "no room in this process's address space; see ulimit -v" },
	{ SVSHM__CALL_SHMAT, EMFILE, SVSHM_OUT_OF_RESOURCES,
	  "this process has attached as many segments as the system "
	  "allows; detach others first" },

	{ SVSHM__CALL_SHMCTL, EINVAL, SVSHM_REMOVED,
	  "somebody has removed the object; detach, and start again" },
	{ SVSHM__CALL_SHMCTL, EIDRM, SVSHM_REMOVED,
	  "somebody has removed the object; detach, and start again" },
	{ SVSHM__CALL_SHMCTL, EPERM, SVSHM_PERMISSION_DENIED,
	  "only the object's owner, its creator and root may do "
	  "that; let one of them do it" },

	{ SVSHM__CALL_SEMGET, EEXIST, SVSHM_ALREADY_EXISTS, NULL },
	{ SVSHM__CALL_SEMGET, ENOENT, SVSHM_NOT_FOUND, NULL },
	{ SVSHM__CALL_SEMGET, EIDRM, SVSHM_REMOVED,
	  "somebody has just removed the object; try again" },
	{ SVSHM__CALL_SEMGET, EINVAL, SVSHM_OUT_OF_RESOURCES,
	  "more semaphores than the system allows in one set; "
	  "svshm_set_max_processes() asks for fewer" },
	{ SVSHM__CALL_SEMGET, ENOSPC, SVSHM_OUT_OF_RESOURCES,
	  "this is not disk space: a limit on semaphores is reached; "
	  "\"svshm limits\" says which, and of what it is full" },

	{ SVSHM__CALL_SEMOP, EIDRM, SVSHM_REMOVED,
	  "somebody has removed the object; detach, and start again" },
	{ SVSHM__CALL_SEMOP, EINVAL, SVSHM_REMOVED,
	  "somebody has removed the object; detach, and start again" },
	{ SVSHM__CALL_SEMOP, EAGAIN, SVSHM_BUSY, NULL },
	{ SVSHM__CALL_SEMOP, ERANGE, SVSHM_LOCK_ERROR,
	  "a semaphore has a value that svshm never gives it: "
	  "somebody else changes it; \"svshm remove --force\" "
	  "removes the object" },
	{ SVSHM__CALL_SEMOP, EFBIG, SVSHM_CORRUPT,
	  "the set has fewer semaphores than it should; \"svshm "
	  "remove --force\" removes the object" },
	{ SVSHM__CALL_SEMOP, ENOSPC, SVSHM_OUT_OF_RESOURCES,
	  "this is not disk space: too many processes use SEM_UNDO; "
	  "detach others, or raise the kernel's semmnu" },
	{ SVSHM__CALL_SEMOP, E2BIG, SVSHM_OUT_OF_RESOURCES,
	  "more operations than the system allows in one call; raise the "
	  "third number of kernel.sem, or the kernel's semopm" },
	{ SVSHM__CALL_SEMOP, ENOMEM, SVSHM_OUT_OF_RESOURCES,
	  "the kernel has no memory for it now; try again later" },

	{ SVSHM__CALL_SEMCTL, EINVAL, SVSHM_REMOVED,
	  "somebody has removed the object; detach, and start again" },
	{ SVSHM__CALL_SEMCTL, EIDRM, SVSHM_REMOVED,
	  "somebody has removed the object; detach, and start again" },
	{ SVSHM__CALL_SEMCTL, EPERM, SVSHM_PERMISSION_DENIED,
	  "only the object's owner, its creator and root may do "
	  "that; let one of them do it" },

	{ SVSHM__CALL_FTOK, ENOENT, SVSHM_NOT_FOUND, NULL },

	{ SVSHM__CALL_FILE, ENOENT, SVSHM_KEY_ERROR, NULL },
	{ SVSHM__CALL_FILE, ENOTDIR, SVSHM_KEY_ERROR,
	  "a part of the path is a file and no directory" },
	{ SVSHM__CALL_FILE, ENAMETOOLONG, SVSHM_KEY_ERROR,
	  "use a shorter path or key" },
	{ SVSHM__CALL_FILE, ELOOP, SVSHM_PERMISSION_DENIED,
	  "a symbolic link is not followed there; name what it leads "
	  "to" },
	{ SVSHM__CALL_FILE, EROFS, SVSHM_PERMISSION_DENIED, NULL },
	{ SVSHM__CALL_FILE, ENOSPC, SVSHM_OUT_OF_RESOURCES,
	  "no room for the key file on its file system: make some" },
	{ SVSHM__CALL_FILE, EDQUOT, SVSHM_OUT_OF_RESOURCES,
	  "the disk quota leaves no room for the key file" },
	{ SVSHM__CALL_FILE, EFBIG, SVSHM_OUT_OF_RESOURCES,
	  "the limit on the size of this process's files leaves no room for the "
	  "key file; see ulimit -f" },
	{ SVSHM__CALL_FILE, EMFILE, SVSHM_OUT_OF_RESOURCES,
	  "this process has too many open files; see ulimit -n" },
	{ SVSHM__CALL_FILE, ENFILE, SVSHM_OUT_OF_RESOURCES,
	  "the system has too many open files; root raises that "
	  "limit" },
};

static const struct meaning *find_meaning(enum svshm__call call, int errnum)
{
	static const struct meaning denied = { SVSHM__CALL_FILE, EACCES,
		SVSHM_PERMISSION_DENIED, NULL };
	static const struct meaning no_memory = { SVSHM__CALL_FILE, ENOMEM,
		SVSHM_OUT_OF_RESOURCES, NULL };
	static const struct meaning no_system_call = { SVSHM__CALL_FILE, ENOSYS,
		SVSHM_NOT_SUPPORTED,
		"System V IPC is not in this kernel, or shut off for this "
		"container or jail: its administrator can allow it" };
	static const struct meaning unknown = { SVSHM__CALL_FILE, 0,
		SVSHM_UNKNOWN_ERROR, NULL };

	for (size_t i = 0; i < sizeof(meanings) / sizeof(*meanings); i++)
		if (meanings[i].call == call && meanings[i].errnum == errnum)
			return &meanings[i];
	switch (errnum) {
	case EACCES:
	case EPERM:
		return &denied;
	case ENOMEM:
		return &no_memory;
	case ENOSYS:
		return &no_system_call;
	default:
		return &unknown;
	}
}

static void append(struct svshm__error *error, const char *format,
		   va_list arguments)
{
	size_t used = strlen(error->message);

	vsnprintf(error->message + used, sizeof(error->message) - used, format,
		  arguments);
}

int svshm__error_set(struct svshm__error *error, int code, const char *format,
		     ...)
{
	if (!error)
		return code;

	va_list arguments;

	error->code = code;
	error->errnum = 0;
	error->message[0] = '\0';
	va_start(arguments, format);
	append(error, format, arguments);
	va_end(arguments);
	return code;
}

void svshm__error_append(struct svshm__error *error, const char *format, ...)
{
	if (!error)
		return;

	va_list arguments;

	va_start(arguments, format);
	append(error, format, arguments);
	va_end(arguments);
}

int svshm__error_system(struct svshm__error *error, enum svshm__call call,
			int errnum, const char *format, ...)
{
	const struct meaning *meaning = find_meaning(call, errnum);

	if (!error)
		return meaning->code;

	va_list arguments;

	error->code = meaning->code;
	error->errnum = errnum;
	error->call = call;
	error->message[0] = '\0';
	va_start(arguments, format);
	append(error, format, arguments);
	va_end(arguments);
	svshm__error_append(error, " failed: %s", strerror(errnum));
	if (meaning->hint)
		svshm__error_append(error, " (%s)", meaning->hint);
	errno = errnum;
	return meaning->code;
}

void svshm__error_refused(struct svshm__error *error, enum svshm__call call)
{
	if (!error)
		return;
	error->errnum = EACCES;
	error->call = call;
}

const char *svshm__printable(const char *text, char *buffer, size_t size)
{
	size_t i = 0;

	for (; text[i] && i + 1 < size; i++) {
		unsigned char byte = (unsigned char)text[i];

		buffer[i] = byte < 0x20 || byte == 0x7f ? '?' : text[i];
	}
	buffer[i] = '\0';
	return buffer;
}

const char *svshm_strerror(int code)
{
	switch (code) {
	case SVSHM_ORPHANED:
		return "all earlier users had died";
	case SVSHM_OWNER_DIED:
		return "locked, but an earlier owner died holding the lock";
	case SVSHM_OK:
		return "no error";
	case SVSHM_PERMISSION_DENIED:
		return "permission denied";
	case SVSHM_INVALID_SIZE:
		return "invalid size";
	case SVSHM_KEY_ERROR:
		return "invalid or unusable key";
	case SVSHM_ALREADY_EXISTS:
		return "the object already exists";
	case SVSHM_NOT_FOUND:
		return "the object does not exist";
	case SVSHM_LOCK_ERROR:
		return "the lock failed";
	case SVSHM_OUT_OF_RESOURCES:
		return "out of resources";
	case SVSHM_UNKNOWN_ERROR:
		return "unexpected answer from the system";
	case SVSHM_NOT_ATTACHED:
		return "not attached";
	case SVSHM_ALREADY_ATTACHED:
		return "already attached";
	case SVSHM_TIMED_OUT:
		return "timed out";
	case SVSHM_BUSY:
		return "busy";
	case SVSHM_DEADLOCK:
		return "the calling thread owns the lock already";
	case SVSHM_NOT_OWNER:
		return "not the owner of the lock";
	case SVSHM_REMOVED:
		return "the object was removed under its users";
	case SVSHM_CORRUPT:
		return "the object is corrupt";
	case SVSHM_INCOMPATIBLE:
		return "the object was made by an incompatible svshm";
	case SVSHM_INVALID_ARGUMENT:
		return "invalid argument";
	case SVSHM_NOT_SUPPORTED:
		return "not supported";
	default:
		return "no such code";
	}
}

const char *svshm_verdict_string(enum svshm_verdict verdict)
{
	switch (verdict) {
	case SVSHM_VERDICT_GONE:
		return "gone";
	case SVSHM_VERDICT_FOREIGN:
		return "foreign";
	case SVSHM_VERDICT_HALF_MADE:
		return "half-made";
	case SVSHM_VERDICT_IN_USE:
		return "in use";
	case SVSHM_VERDICT_ORPHAN:
		return "orphan";
	case SVSHM_VERDICT_HALF_REMOVED:
		return "half-removed";
	case SVSHM_VERDICT_CORRUPT:
		return "corrupt";
	case SVSHM_VERDICT_UNKNOWN:
		break;
	}
	return "unknown";
}
