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

#include "base/debug.h"
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

static int check_owner(struct svshm__qt_file *file, const struct stat *status,
		       const char *path, struct svshm__error *error)
{
	uid_t us = geteuid();

	file->owner = status->st_uid;
	file->ours = status->st_uid == us;
	if (file->ours || status->st_uid == 0 || us == 0)
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

/* STATUS is what PATH led to just now. NOT_FOUND: it does no more. */
static int note(struct svshm__qt_file *file, const struct stat *status,
		const char *path, int project, bool legacy,
		struct svshm__error *error)
{
	int code = check_kind(status, path, legacy, error);

	if (!code)
		code = check_owner(file, status, path, error);
	if (!code)
		code = svshm__key_of_status(path, status, project, &file->key,
					    error);
	if (code)
		return code;
	file->device = (uint64_t)status->st_dev;
	file->inode = (uint64_t)status->st_ino;
	return SVSHM_OK;
}

static int look(struct svshm__qt_file *file, const char *path, int project,
		bool legacy, struct svshm__error *error)
{
	struct stat status;

	if (lstat(path, &status) == 0)
		return note(file, &status, path, project, legacy, error);

	int errnum = errno;
	int code = svshm__error_system(error, SVSHM__CALL_FILE, errnum,
				       "lstat(\"%.300s\")", path);

	return errnum == ENOENT ? SVSHM_NOT_FOUND : code;
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

/* As Qt does: 0640 less the umask. 0, or an errno. */
static int make_file(const char *path, struct stat *status)
{
	int descriptor = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC |
				    O_NOFOLLOW, 0640);
	int errnum = errno;

	if (descriptor < 0)
		return errnum;
	errnum = fstat(descriptor, status) == 0 ? 0 : errno;
	close(descriptor);
	return errnum;
}

static int make(struct svshm__qt_file *file, const char *path, int project,
		bool legacy, struct svshm__error *error)
{
	struct stat status;
	int errnum = make_file(path, &status);

	/* Somebody was faster. */
	if (errnum == EEXIST)
		return SVSHM_NOT_FOUND;
	if (errnum)
		return refuse_directory(error, svshm__error_system(
			error, SVSHM__CALL_FILE, errnum,
			"open(\"%.300s\", O_CREAT)", path));
	file->made = true;
	return note(file, &status, path, project, legacy, error);
}

int svshm__qt_file_look(struct svshm__qt_file *file, const char *path,
			int project, bool legacy, enum svshm__qt_making making,
			struct svshm__error *error)
{
	struct stat status;

	memset(file, 0, sizeof(*file));
	if (making == SVSHM__QT_MAKE_OR_LOOK && make_file(path, &status) == 0) {
		int code;

		file->made = true;
		code = note(file, &status, path, project, legacy, error);
		if (code != SVSHM_NOT_FOUND)
			return code;
	}

	/* A file that comes and goes while we look is tried again. */
	for (int i = 0; i < 100; i++) {
		int code = look(file, path, project, legacy, error);

		if (code != SVSHM_NOT_FOUND || making == SVSHM__QT_LOOK)
			return code;
		code = make(file, path, project, legacy, error);
		if (code != SVSHM_NOT_FOUND)
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

/* ---- Unlinking ----------------------------------------------------------- */

/* How long the directory in PATH is; 0: a relative name has none. */
static size_t directory_length(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? (size_t)(slash - path) + 1 : 0;
}

/*
 * The directory is opened, so that it is the same one whose owner is asked and in
 * which is looked and unlinked: see svshm__key_file_unlink().
 */
void svshm__qt_place_open(struct svshm__qt_place *place, const char *path)
{
	char directory[PATH_MAX];
	struct stat status;

	place->path = path;
	place->descriptor = -1;
	if (directory_length(path) == 0)
		return;
	svshm__key_directory_of(path, directory, sizeof(directory));
	place->descriptor = open(directory, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (place->descriptor >= 0 &&
	    (fstat(place->descriptor, &status) < 0 || !S_ISDIR(status.st_mode)))
		svshm__qt_place_close(place);
	else if (place->descriptor >= 0)
		place->owner = status.st_uid;
}

void svshm__qt_place_close(struct svshm__qt_place *place)
{
	if (place->descriptor >= 0)
		close(place->descriptor);
	place->descriptor = -1;
}

/* Its owner could have unlinked it, or root. */
static bool unlink_here(const struct svshm__qt_place *place,
			const struct svshm__qt_file *file, const char *path)
{
	const char *name = svshm__key_base_name(path);
	struct stat status;

	if (fstatat(place->descriptor, name, &status, AT_SYMLINK_NOFOLLOW) < 0 ||
	    !is_same(file, &status))
		return false;
	if (S_ISREG(status.st_mode) && status.st_size == 0 &&
	    status.st_uid == file->owner &&
	    (place->owner == file->owner || place->owner == 0) &&
	    unlinkat(place->descriptor, name, 0) < 0)
		svshm__debug("unlink %s: %s", path, strerror(errno));
	return true;
}

/* Its directory cannot be checked: Qt's way, then. */
static bool unlink_relative(const struct svshm__qt_file *file, const char *path)
{
	struct stat status;

	if (lstat(path, &status) < 0 || !is_same(file, &status))
		return false;
	if (S_ISREG(status.st_mode) && status.st_size == 0 &&
	    status.st_uid == geteuid())
		unlink(path);
	return true;
}

bool svshm__qt_place_unlink(const struct svshm__qt_place *place,
			    const struct svshm__qt_file *file, const char *path)
{
	size_t length = directory_length(path);
	struct svshm__qt_place own;
	bool same;

	if (length == 0)
		return unlink_relative(file, path);
	if (place && place->descriptor >= 0 &&
	    directory_length(place->path) == length &&
	    memcmp(place->path, path, length) == 0)
		return unlink_here(place, file, path);
	svshm__qt_place_open(&own, path);
	/* What may not be opened stays, and is what it was or not. */
	if (own.descriptor < 0)
		return svshm__qt_file_same(file, path);
	same = unlink_here(&own, file, path);
	svshm__qt_place_close(&own);
	return same;
}

bool svshm__qt_file_unlink(const struct svshm__qt_file *file, const char *path)
{
	return svshm__qt_place_unlink(NULL, file, path);
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
	       svshm__key_of_status(other, &status, project, &key, NULL) ==
		       SVSHM_OK &&
	       key == file->key;
}

/*
 * The first such NAME that begins with PREFIX, in the directory of PATH. Its own
 * name is looked at by all who call, when they are inside.
 */
static bool find_collision(const struct svshm__qt_file *file, const char *path,
			   const char *prefix, int project, char *name,
			   size_t size)
{
	char directory[PATH_MAX];
	const char *own = svshm__key_base_name(path);
	size_t length = strlen(prefix);
	const struct dirent *entry;
	bool found = false;

	svshm__key_directory_of(path, directory, sizeof(directory));
	if (!*directory)
		memcpy(directory, ".", 2);

	DIR *stream = opendir(directory);

	/* What cannot be read cannot be told. */
	while (stream && !found && (entry = readdir(stream))) {
		found = strncmp(entry->d_name, prefix, length) == 0 &&
			strcmp(entry->d_name, own) != 0 &&
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
