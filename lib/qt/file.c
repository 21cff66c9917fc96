/* SPDX-License-Identifier: BSD-2-Clause */
#include <config.h>

#include "qt/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "key/key.h"
#include "qt/key.h"

#ifndef PATH_MAX
#define PATH_MAX 4096
#endif
#ifndef O_CLOEXEC
#define O_CLOEXEC 0 /* closed within the call that opened it */
#endif
#ifndef O_NOFOLLOW
#define O_NOFOLLOW 0 /* O_EXCL does not follow, and lstat looks elsewhere */
#endif

static int check_owner(const struct stat *status, const char *path,
		       struct svshm__error *error)
{
	uid_t us = geteuid();

	if (status->st_uid == us || status->st_uid == 0 || us == 0)
		return SVSHM_OK;
	return svshm__error_set(error, SVSHM_PERMISSION_DENIED,
				"the key file %.300s belongs to uid %lu, and "
				"Qt's objects are shared by one user's "
				"processes only; put the user into the key, or "
				"set TMPDIR", path,
				(unsigned long)status->st_uid);
}

static bool is_trusted(const struct svshm__qt_file *file, uid_t uid)
{
	return uid == file->owner || uid == 0 || uid == geteuid();
}

bool svshm__qt_file_trusts(const struct svshm__qt_file *file, uid_t uid,
			   uid_t creator_uid)
{
	return is_trusted(file, uid) && is_trusted(file, creator_uid);
}

/*
 * Links to a file of a user's key would hide which lock its other users take.
 * A directory has many links, and is no such file.
 */
static int check_kind(const struct stat *status, const char *path, bool legacy,
		      struct svshm__error *error)
{
	if (S_ISLNK(status->st_mode))
		return svshm__error_set(error, SVSHM_PERMISSION_DENIED,
					"the key file %.300s is a symbolic "
					"link, which could lead anywhere; name "
					"the file itself", path);
	if (!S_ISREG(status->st_mode) && (legacy || !S_ISDIR(status->st_mode)))
		return svshm__error_set(error, SVSHM_KEY_ERROR,
					"the key file %.300s is not a regular "
					"file", path);
	if (!legacy && S_ISREG(status->st_mode) && status->st_nlink > 1)
		return svshm__error_set(error, SVSHM_KEY_ERROR,
					"the key file %.300s has other names, "
					"so it is not known which lock its "
					"users have; use the name that Qt uses",
					path);
	return SVSHM_OK;
}

static int look(struct svshm__qt_file *file, const char *path, int project,
		bool legacy, struct svshm__error *error)
{
	struct stat status;

	if (lstat(path, &status) < 0) {
		int errnum = errno;
		int code = svshm__error_system(error, SVSHM__CALL_FILE, errnum,
					       "lstat(\"%.300s\")", path);

		return errnum == ENOENT ? SVSHM_NOT_FOUND : code;
	}
	int code = check_kind(&status, path, legacy, error);

	if (!code)
		code = check_owner(&status, path, error);
	if (!code)
		code = svshm__key_of(path, project, &file->key, error);
	if (code)
		return code;
	file->device = (uint64_t)status.st_dev;
	file->inode = (uint64_t)status.st_ino;
	file->owner = status.st_uid;
	/* ftok has looked again, by the name. */
	return svshm__qt_file_same(file, path) ? SVSHM_OK : SVSHM_NOT_FOUND;
}

static int refuse_directory(struct svshm__error *error, int code)
{
	if (code == SVSHM_KEY_ERROR || code == SVSHM_PERMISSION_DENIED)
		svshm__error_append(error, "; Qt's key files are in the "
				    "directory TMPDIR, or /tmp: make it one "
				    "that you can write to, or name another, "
				    "in all programs that share the object");
	return code;
}

/* As Qt does: 0640 less the umask. That it is there already is fine. */
static int make_file(struct svshm__qt_file *file, const char *path,
		     struct svshm__error *error)
{
	int descriptor = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC |
				    O_NOFOLLOW, 0640);

	if (descriptor < 0 && errno == EEXIST)
		return SVSHM_OK;
	if (descriptor < 0)
		return refuse_directory(error, svshm__error_system(
			error, SVSHM__CALL_FILE, errno,
			"open(\"%.300s\", O_CREAT)", path));
	close(descriptor);
	file->made = true;
	return SVSHM_OK;
}

int svshm__qt_file_look(struct svshm__qt_file *file, const char *path,
			int project, bool legacy, bool make,
			struct svshm__error *error)
{
	memset(file, 0, sizeof(*file));

	/* A file that comes and goes while we look is tried again. */
	for (int i = 0; i < 100; i++) {
		int code = look(file, path, project, legacy, error);

		if (code != SVSHM_NOT_FOUND || !make)
			return code;
		code = make_file(file, path, error);
		if (code)
			return code;
	}
	return svshm__error_set(error, SVSHM_KEY_ERROR,
				"the key file %.300s keeps vanishing: is "
				"something cleaning up its directory?", path);
}

static bool is_same(const struct svshm__qt_file *file,
		    const struct stat *status)
{
	return (uint64_t)status->st_dev == file->device &&
	       (uint64_t)status->st_ino == file->inode;
}

bool svshm__qt_file_same(const struct svshm__qt_file *file, const char *path)
{
	struct stat status;

	return lstat(path, &status) == 0 && is_same(file, &status);
}

void svshm__qt_file_unlink(const struct svshm__qt_file *file, const char *path)
{
	struct stat status;

	if (lstat(path, &status) < 0 || !is_same(file, &status) ||
	    !S_ISREG(status.st_mode) || status.st_size != 0)
		return;
	/* A relative name has no directory to be checked: Qt's way, then. */
	if (!strchr(path, '/')) {
		if (status.st_uid == geteuid())
			unlink(path);
		return;
	}
	svshm__key_file_unlink(path, file->device, file->inode, file->owner);
}

/* ---- Collisions -------------------------------------------------------- */

/* Whether DIRECTORY/NAME is another regular file with FILE's IPC key. */
static bool collides(const struct svshm__qt_file *file, const char *directory,
		     const char *name, int project)
{
	char other[PATH_MAX + 256];
	struct stat status;
	key_t key;

	snprintf(other, sizeof(other), "%s/%s", directory, name);
	return lstat(other, &status) == 0 && S_ISREG(status.st_mode) &&
	       !is_same(file, &status) &&
	       svshm__key_of(other, project, &key, NULL) == SVSHM_OK &&
	       key == file->key;
}

/* The first such NAME that begins with PREFIX, in the directory of PATH. */
static bool find_collision(const struct svshm__qt_file *file, const char *path,
			   const char *prefix, int project, char *name,
			   size_t size)
{
	char directory[PATH_MAX];
	const char *slash = strrchr(path, '/');
	const struct dirent *entry;
	bool found = false;

	snprintf(directory, sizeof(directory), "%.*s",
		 slash ? (int)(slash - path) : 1, slash ? path : ".");

	DIR *stream = opendir(*directory ? directory : "/");

	/* What cannot be read cannot be told. */
	while (stream && !found && (entry = readdir(stream))) {
		found = strncmp(entry->d_name, prefix, strlen(prefix)) == 0 &&
			collides(file, directory, entry->d_name, project);
		if (found && name)
			snprintf(name, size, "%s", entry->d_name);
	}
	if (stream)
		closedir(stream);
	return found;
}

int svshm__qt_file_check_collision(const struct svshm__qt_file *file,
				   const char *path, int project,
				   struct svshm__error *error)
{
	char other[SVSHM__QT_NAME_SIZE];

	if (!find_collision(file, path, SVSHM__QT_SEGMENT_PREFIX, project,
			    other, sizeof(other)))
		return SVSHM_OK;
	return svshm__error_set(
		error, SVSHM_KEY_ERROR,
		"the key files %.200s and %.200s have the same IPC key, "
		"0x%08lx, since ftok uses 16 bits of an inode's number: what "
		"is there could be either's. If nobody uses one of the two, "
		"remove that file", path, other,
		(unsigned long)file->key & 0xffffffffUL);
}

/* All lock files of users' keys are of the one project. */
bool svshm__qt_file_shares_lock(const struct svshm__qt_file *file,
				const char *path, char *other, size_t size)
{
	return find_collision(file, path, SVSHM__QT_LOCK_PREFIX,
			      SVSHM__QT_PROJECT, other, size);
}
