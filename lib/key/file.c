/* SPDX-License-Identifier: BSD-2-Clause */
/* Key files: looked at, made, written to, unlinked. */
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

#include "base/debug.h"

#ifndef PATH_MAX
#define PATH_MAX 4096
#endif
#ifndef O_CLOEXEC
#define O_CLOEXEC 0 /* closed within the call that opened it */
#endif
#ifndef O_NOFOLLOW
#define O_NOFOLLOW 0 /* O_EXCL does not follow; lstat has looked elsewhere */
#endif

static bool is_inode(const struct stat *status, uint64_t device, uint64_t inode)
{
	return (uint64_t)status->st_dev == device &&
	       (uint64_t)status->st_ino == inode;
}

static void note_identity(struct svshm__key_file *file,
			  const struct stat *status)
{
	file->exists = true;
	file->identity.device = (uint64_t)status->st_dev;
	file->identity.inode = (uint64_t)status->st_ino;
	file->owner = status->st_uid;
}

/*
 * Root, for another user, makes it in the very directory that was checked: that
 * user could have put a link in its place meanwhile.
 */
static int open_new(const struct svshm__key_file *file, mode_t mode)
{
	int flags = O_WRONLY | O_APPEND | O_CREAT | O_EXCL | O_CLOEXEC |
		    O_NOFOLLOW;
	char directory[PATH_MAX];
	int result, errnum;

	if (file->user == file->us)
		return open(file->path, flags, mode & 0666);
	svshm__key_directory_of(file->path, directory, sizeof(directory));

	int parent = open(directory, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	struct stat status;

	if (parent < 0)
		return -1;
	errno = ESTALE;
	result = fstat(parent, &status) == 0 &&
			 is_inode(&status, file->identity.directory_device,
				  file->identity.directory_inode) ?
		openat(parent, svshm__key_base_name(file->path), flags,
		       mode & 0666) : -1;
	errnum = errno;
	close(parent);
	errno = errnum;
	return result;
}

/* The umask is not asked: the mode was, and a peer must see the file. */
static int give(int descriptor, const struct svshm__key_file *file,
		mode_t mode, gid_t group, struct stat *status)
{
	uid_t user = file->user == file->us ? (uid_t)-1 : file->user;
	bool given = user != (uid_t)-1 || group != (gid_t)-1;
	bool changed;

	if (fstat(descriptor, status) < 0)
		return -1;
	if (given && fchown(descriptor, user, group) < 0)
		return -1;
	changed = (status->st_mode & 0777) != (mode & 0666);
	if (changed && fchmod(descriptor, mode & 0666) < 0)
		return -1;
	return given || changed ? fstat(descriptor, status) : 0;
}

/* The file that is open, if it is that still: root follows no link that the
   other user has put there. */
static void take_back(int descriptor, const struct svshm__key_file *file)
{
	struct svshm__key_identity identity = { 0 };
	struct stat status;

	if (fstat(descriptor, &status) < 0)
		return;
	identity.device = (uint64_t)status.st_dev;
	identity.inode = (uint64_t)status.st_ino;
	svshm__key_file_unlink(file->path, &identity, status.st_uid);
}

/* SVSHM_ALREADY_EXISTS: somebody else has made it. */
static int make_file(struct svshm__key_file *file, mode_t mode, gid_t group,
		     struct svshm__error *error)
{
	struct stat status;
	int descriptor = open_new(file, mode);

	if (descriptor < 0 && errno == EEXIST)
		return SVSHM_ALREADY_EXISTS;
	if (descriptor < 0) {
		int errnum = errno;
		int failure = svshm__error_system(error, SVSHM__CALL_FILE,
						  errnum,
						  "open(\"%.200s\", O_CREAT)",
						  file->path);

		return errnum == EACCES || errnum == EPERM || errnum == EROFS ?
			svshm__key_directory_refuse(error, failure) : failure;
	}
	if (give(descriptor, file, mode, group, &status) < 0) {
		int code = svshm__error_system(error, SVSHM__CALL_FILE, errno,
					       "setting mode 0%o and owner of "
					       "%.200s", (unsigned)mode,
					       file->path);

		take_back(descriptor, file);
		close(descriptor);
		return code;
	}
	note_identity(file, &status);
	file->made = true;
	file->descriptor = descriptor;
	return SVSHM_OK;
}

static int look_at_file(struct svshm__key_file *file,
			struct svshm__error *error)
{
	struct stat status;

	if (lstat(file->path, &status) < 0) {
		int code = svshm__error_system(error, SVSHM__CALL_FILE, errno,
					       "lstat(\"%.200s\")", file->path);

		return errno == ENOENT ? SVSHM_NOT_FOUND : code;
	}
	if (!S_ISREG(status.st_mode))
		return svshm__error_set(error,
					S_ISLNK(status.st_mode) ?
						SVSHM_PERMISSION_DENIED :
						SVSHM_KEY_ERROR,
					"the key file %.200s is %s, not a "
					"regular file", file->path,
					S_ISLNK(status.st_mode) ?
						"a symbolic link" :
						"something else");
	note_identity(file, &status);
	return SVSHM_OK;
}

static int look_at_native(struct svshm__key_file *file, const char *path,
			  bool make, struct svshm__error *error)
{
	char resolved[PATH_MAX], directory[PATH_MAX];
	struct stat status;

	if (!realpath(path, resolved) || stat(resolved, &status) < 0) {
		int errnum = errno;
		int code = svshm__error_system(error, SVSHM__CALL_FILE, errnum,
					       "realpath(\"%.300s\")", path);

		if (errnum == ENOENT)
			svshm__error_append(error, "; a native key is the path "
					    "of a file that is there: make it, "
					    "or use a key instead");
		return errnum == ENOENT && !make ? SVSHM_NOT_FOUND : code;
	}
	free(file->path);
	file->path = strdup(resolved);
	if (!file->path)
		return svshm__error_set(error, SVSHM_OUT_OF_RESOURCES,
					"no memory");
	note_identity(file, &status);
	svshm__key_directory_of(file->path, directory, sizeof(directory));
	if (stat(directory, &status) == 0)
		svshm__key_directory_note(file, &status);
	return SVSHM_OK;
}

static int look_at_directory(struct svshm__key_file *file, const char *path,
			     bool make, struct svshm__error *error)
{
	file->path = strdup(path);
	if (!file->path)
		return svshm__error_set(error, SVSHM_OUT_OF_RESOURCES,
					"no memory");
	return svshm__key_directory_check(file, make, error);
}

static int start(struct svshm__key_file *file, const char *path, bool native,
		 uid_t user, bool make, struct svshm__error *error)
{
	int code;

	memset(file, 0, sizeof(*file));
	file->descriptor = -1;
	file->native = native;
	file->us = geteuid();
	file->user = user == (uid_t)-1 ? file->us : user;
	code = native ? look_at_native(file, path, make, error) :
			look_at_directory(file, path, make, error);
	return code ? code :
		      svshm__key_first(file->path, &file->first_key, error);
}

int svshm__key_file_name(struct svshm__key_file *file, const char *path,
			 bool native, uid_t user, struct svshm__error *error)
{
	return start(file, path, native, user, false, error);
}

int svshm__key_file_find(struct svshm__key_file *file,
			 struct svshm__error *error)
{
	return file->exists ? SVSHM_OK :
	       file->native ? SVSHM_NOT_FOUND :
			      look_at_file(file, error);
}

int svshm__key_file_look(struct svshm__key_file *file, const char *path,
			 bool native, uid_t user, struct svshm__error *error)
{
	int code = svshm__key_file_name(file, path, native, user, error);

	return code ? code : svshm__key_file_find(file, error);
}

int svshm__key_file_make(struct svshm__key_file *file, const char *path,
			 bool native, uid_t user, mode_t mode, gid_t group,
			 struct svshm__error *error)
{
	int code = start(file, path, native, user, true, error);

	if (code || native)
		return code;
	/* A file that comes and goes while we look is tried again. */
	for (int i = 0; i < 100; i++) {
		code = make_file(file, mode, group, error);
		if (code == SVSHM_ALREADY_EXISTS) {
			code = look_at_file(file, error);
			if (!code)
				code = svshm__key_file_check(path, error);
		}
		if (code != SVSHM_NOT_FOUND)
			return code;
	}
	return svshm__error_set(error, SVSHM_KEY_ERROR,
				"the key file %.200s keeps vanishing: is "
				"something cleaning up its directory?",
				file->path);
}

void svshm__key_file_free(struct svshm__key_file *file)
{
	if (file->descriptor >= 0)
		close(file->descriptor);
	file->descriptor = -1;
	free(file->path);
	file->path = NULL;
}

enum svshm__key_file_state svshm__key_file_state(const char *path,
						 uint64_t device,
						 uint64_t inode)
{
	struct stat status;

	if (lstat(path, &status) < 0)
		return errno == ENOENT ? SVSHM__KEY_FILE_GONE :
					 SVSHM__KEY_FILE_UNKNOWN;
	return device == (uint64_t)status.st_dev &&
	       inode == (uint64_t)status.st_ino ? SVSHM__KEY_FILE_SAME :
						  SVSHM__KEY_FILE_REPLACED;
}

bool svshm__key_directory_is(const char *path, uint64_t device, uint64_t inode)
{
	char directory[PATH_MAX];
	struct stat status;

	svshm__key_directory_of(path, directory, sizeof(directory));
	return stat(directory, &status) == 0 &&
	       (uint64_t)status.st_dev == device &&
	       (uint64_t)status.st_ino == inode;
}

/* One that is open has lost its name, or has it still: nobody renames it. */
bool svshm__key_file_same(const struct svshm__key_file *file)
{
	struct stat status;

	if (file->descriptor >= 0)
		return fstat(file->descriptor, &status) == 0 &&
		       status.st_nlink > 0;

	int result = file->native ? stat(file->path, &status) :
				    lstat(file->path, &status);

	if (result < 0)
		return !file->exists;
	return file->exists && is_inode(&status, file->identity.device,
					file->identity.inode);
}

/* ---- Unlinking -------------------------------------------------------------- */

void svshm__key_file_unlink_own(const char *path,
				const struct svshm__key_identity *identity)
{
	struct stat status;

	if (lstat(path, &status) == 0 && S_ISREG(status.st_mode) &&
	    (is_inode(&status, identity->device, identity->inode) ||
	     svshm__key_directory_is(path, identity->directory_device,
				     identity->directory_inode)) &&
	    unlink(path) < 0)
		svshm__debug("unlink %s: %s", path, strerror(errno));
}

/*
 * The path may have been written by somebody who wants root to unlink a file
 * of his choice. So the directory is opened once, and must belong to the
 * object's creator, or to root with the file the creator's: then he could have
 * unlinked the file himself.
 */
void svshm__key_file_unlink(const char *path,
			    const struct svshm__key_identity *identity,
			    uid_t owner)
{
	const char *name = svshm__key_base_name(path);
	char path_of_directory[PATH_MAX];
	struct stat directory, file;

	svshm__key_directory_of(path, path_of_directory,
				sizeof(path_of_directory));

	int descriptor = open(path_of_directory,
			      O_RDONLY | O_NOFOLLOW | O_CLOEXEC);

	if (descriptor < 0)
		return;
	if (fstat(descriptor, &directory) == 0 && S_ISDIR(directory.st_mode) &&
	    (directory.st_uid == owner || directory.st_uid == 0) &&
	    fstatat(descriptor, name, &file, AT_SYMLINK_NOFOLLOW) == 0 &&
	    S_ISREG(file.st_mode) && file.st_uid == owner &&
	    (is_inode(&file, identity->device, identity->inode) ||
	     is_inode(&directory, identity->directory_device,
		      identity->directory_inode)) &&
	    unlinkat(descriptor, name, 0) < 0)
		svshm__debug("unlink %s: %s", path, strerror(errno));
	close(descriptor);
}
