/* SPDX-License-Identifier: BSD-2-Clause */
/* The directory that a key file is in: whose it must be, and how it is made. */
#include <config.h>

#include "key/key.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/crashpoint.h"
#include "base/debug.h"

#ifndef PATH_MAX
#define PATH_MAX 4096
#endif

/* Split PATH; the directory goes into BUFFER. */
void svshm__key_directory_of(const char *path, char *buffer, size_t size)
{
	const char *slash = strrchr(path, '/');
	size_t length = slash ? (size_t)(slash - path) : 0;

	if (length >= size)
		length = size - 1;
	memcpy(buffer, path, length);
	buffer[length] = '\0';
	if (!length && slash)
		memcpy(buffer, "/", 2);
}

void svshm__key_directory_note(struct svshm__key_file *file,
			       const struct stat *status)
{
	file->identity.directory_device = (uint64_t)status->st_dev;
	file->identity.directory_inode = (uint64_t)status->st_ino;
}

/* A directory that is of no use is none that the caller has to keep. */
int svshm__key_directory_refuse(struct svshm__error *error, int code)
{
	const char *named = svshm__environment("SVSHM_KEYDIR");

	svshm__error_append(error, named && *named ?
		"; SVSHM_KEYDIR names it: make it a directory of yours with "
		"mode 0700 (or root's with mode 01777, to share), or name "
		"another, in all programs that share the object" :
		"; set SVSHM_KEYDIR to a directory of yours, in all programs "
		"that share the object, or build svshm with --with-keydir");
	return code;
}

/* Not in the place of one that somebody has made meanwhile. */
static int rename_new(const char *from, const char *to)
{
#ifdef HAVE_RENAMEAT2
	int result = renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE);

	/* Not all file systems know how. */
	if (result == 0 || errno != EINVAL)
		return result;
#endif
	/* An empty one gives way: its user's, with nothing in it. */
	return rename(from, to);
}

/*
 * By root, for another user: under its name it is his from the first moment, or
 * he could not use what root left of it by dying.
 */
static int make_for(const char *path, uid_t user)
{
	char made[PATH_MAX + 8];
	int errnum;

	snprintf(made, sizeof(made), "%s.XXXXXX", path);
	if (!mkdtemp(made))
		return -1;
	CRASHPOINT("directory:made");
	if (lchown(made, user, (gid_t)-1) == 0 && rename_new(made, path) == 0) {
		CRASHPOINT("directory:given");
		return 0;
	}
	errnum = errno;
	rmdir(made);
	/* That there is one by now, rename() says otherwise. */
	errno = errnum == ENOTEMPTY ? EEXIST : errnum;
	return -1;
}

static int make_directory(const char *path, uid_t user)
{
	return user == geteuid() ? mkdir(path, 0700) : make_for(path, user);
}

/* Look at it; with MAKE, make it if it is missing. */
static int look(const char *directory, uid_t user, bool make,
		struct stat *status, struct svshm__error *error)
{
	int result = lstat(directory, status), errnum, code;

	if (result < 0 && errno == ENOENT && make) {
		if (make_directory(directory, user) < 0 && errno != EEXIST) {
			code = svshm__error_system(
				error, SVSHM__CALL_FILE, errno,
				"the key directory cannot be made: "
				"mkdir(\"%.200s\")", directory);
			return svshm__key_directory_refuse(error, code);
		}
		result = lstat(directory, status);
	}
	if (result == 0)
		return SVSHM_OK;
	errnum = errno;
	code = svshm__error_system(error, SVSHM__CALL_FILE, errnum,
				   "lstat(\"%.200s\")", directory);
	return errnum == ENOENT ? SVSHM_NOT_FOUND :
				  svshm__key_directory_refuse(error, code);
}

/* Nobody but USER and root may be able to swap key files in it. */
static int check_owner(const char *directory, uid_t user,
		       const struct stat *status, struct svshm__error *error)
{
	int code;

	if (S_ISLNK(status->st_mode))
		return svshm__error_set(error, SVSHM_PERMISSION_DENIED,
					"the key directory %.200s is a "
					"symbolic link, which could lead "
					"anywhere; name the directory itself",
					directory);
	if (!S_ISDIR(status->st_mode)) {
		code = svshm__error_set(error, SVSHM_KEY_ERROR,
					"the key directory %.200s is not a "
					"directory", directory);
		return svshm__key_directory_refuse(error, code);
	}
	if (status->st_uid == user || status->st_uid == 0)
		return SVSHM_OK;
	code = svshm__error_set(error, SVSHM_PERMISSION_DENIED,
				"the key directory %.200s belongs to uid %lu; "
				"it must belong to uid %lu or to root",
				directory, (unsigned long)status->st_uid,
				(unsigned long)user);
	return svshm__key_directory_refuse(error, code);
}

/* The default one, in a public place, is USER's alone. */
static int check_shut(const char *directory, uid_t user,
		      const struct stat *status, struct svshm__error *error)
{
	char standard[128];

	snprintf(standard, sizeof(standard), "%s/svshm-%lu", SVSHM_KEYDIR_BASE,
		 (unsigned long)user);
	if (strcmp(directory, standard) != 0 ||
	    (status->st_uid == user && (status->st_mode & 0077) == 0))
		return SVSHM_OK;
	return svshm__error_set(error, SVSHM_PERMISSION_DENIED,
				"the key directory %.200s is open to others "
				"(uid %lu, mode 0%o); it must be uid %lu, mode "
				"0700: %s chown and chmod do that", directory,
				(unsigned long)status->st_uid,
				(unsigned)status->st_mode & 07777,
				(unsigned long)user,
				status->st_uid == user ? "your" : "root's");
}

int svshm__key_directory_check(struct svshm__key_file *file, bool make,
			       struct svshm__error *error)
{
	char directory[PATH_MAX];
	struct stat status;
	int code;

	svshm__key_directory_of(file->path, directory, sizeof(directory));
	code = look(directory, file->user, make, &status, error);
	if (!code)
		code = check_owner(directory, file->user, &status, error);
	if (code)
		return code;
	svshm__key_directory_note(file, &status);
	file->private = status.st_uid == file->user &&
			(status.st_mode & (S_IWGRP | S_IWOTH | S_IXGRP |
					   S_IXOTH)) == 0;
	return check_shut(directory, file->user, &status, error);
}
