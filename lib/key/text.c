/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What stands in a key file. For people, but for the makers:
 *
 *   svshm 1
 *   project 118
 *   key cache
 *   maker 1001
 */
#include <config.h>

#include "key/key.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/debug.h"
#include "base/write.h"

#ifndef O_CLOEXEC
#define O_CLOEXEC 0 /* closed within the call that opened it */
#endif
#ifndef O_NOFOLLOW
#define O_NOFOLLOW 0 /* O_EXCL does not follow; lstat has looked elsewhere */
#endif

#ifndef O_DIRECTORY
#define O_DIRECTORY 0 /* openat() refuses what is none */
#endif
#ifndef PATH_MAX
#define PATH_MAX 4096
#endif

#define MARK "svshm "

static ssize_t read_some(int descriptor, void *buffer, size_t size)
{
	ssize_t result;

	do {
		result = read(descriptor, buffer, size);
	} while (result < 0 && errno == EINTR);
	return result;
}

#define FLAGS (O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)

/*
 * For root, PATH is somebody else's word, in a header or by links in a
 * directory of his: it could lead to a device, which does something as it is
 * opened. So it is looked at first, in the very directory in which it is opened
 * then; who may change that one meanwhile has no devices to put there.
 */
static int open_regular(const char *path)
{
	char directory[PATH_MAX];
	struct stat status;
	int parent, descriptor = -1, errnum;

	if (geteuid() != 0)
		return open(path, FLAGS);
	svshm__key_directory_of(path, directory, sizeof(directory));
	parent = open(*directory ? directory : ".", FLAGS | O_DIRECTORY);
	if (parent < 0)
		return -1;
	if (fstatat(parent, svshm__key_base_name(path), &status,
		    AT_SYMLINK_NOFOLLOW) == 0) {
		errno = S_ISLNK(status.st_mode) ? ELOOP : EINVAL;
		if (S_ISREG(status.st_mode))
			descriptor = openat(parent, svshm__key_base_name(path),
					    FLAGS);
	}
	errnum = errno;
	close(parent);
	errno = errnum;
	return descriptor;
}

int svshm__key_file_check(const char *path, struct svshm__error *error)
{
	char text[sizeof(MARK) - 1];
	int descriptor = open_regular(path);

	/* What we may not read, we can't overwrite either. */
	if (descriptor < 0 && (errno == EACCES || errno == ENOENT))
		return SVSHM_OK;
	if (descriptor < 0)
		return svshm__error_system(error, SVSHM__CALL_FILE, errno,
					   "opening the key file %.200s", path);

	ssize_t size = read_some(descriptor, text, sizeof(text));
	int errnum = errno;

	close(descriptor);
	if (size < 0)
		return svshm__error_system(error, SVSHM__CALL_FILE, errnum,
					   "read(\"%.200s\")", path);
	if (size == 0 || (size == (ssize_t)sizeof(text) &&
			  memcmp(text, MARK, sizeof(text)) == 0))
		return SVSHM_OK;
	return svshm__error_set(error, SVSHM_KEY_ERROR,
				"the file %.200s is not a key file that svshm "
				"has made; use another key or key directory",
				path);
}

static int open_same(const struct svshm__key_file *file, int flags,
		     struct stat *status)
{
	int descriptor = open(file->path, flags | O_NOFOLLOW | O_NONBLOCK |
						  O_CLOEXEC);

	if (descriptor < 0)
		return -1;
	if (fstat(descriptor, status) == 0 && S_ISREG(status->st_mode) &&
	    (uint64_t)status->st_dev == file->identity.device &&
	    (uint64_t)status->st_ino == file->identity.inode)
		return descriptor;
	close(descriptor);
	errno = ESTALE;
	return -1;
}

#define TEXT_MAX 4096
#define MAKER "\nmaker "

bool svshm__key_file_names_maker(const struct svshm__key_file *file, uid_t uid)
{
	char text[TEXT_MAX + 1], wanted[40];
	struct stat status;

	if (file->native || !file->exists || file->private)
		return false;

	int descriptor = open_same(file, O_RDONLY, &status);

	if (descriptor < 0)
		return false;

	ssize_t size = read_some(descriptor, text, TEXT_MAX);

	close(descriptor);
	text[size > 0 ? size : 0] = '\0';
	snprintf(wanted, sizeof(wanted), MAKER "%lu\n", (unsigned long)uid);
	return strncmp(text, MARK, sizeof(MARK) - 1) == 0 &&
	       strstr(text, wanted);
}

/*
 * 0, or an errno. A file with a part of the mark, as a full disk may leave it,
 * would be taken for somebody else's; an empty one is ours.
 */
static int write_text(int descriptor, const char *text)
{
	int errnum = svshm__write_file(descriptor, text, strlen(text));
	struct stat status;

	if (errnum && fstat(descriptor, &status) == 0 &&
	    status.st_size < (off_t)sizeof(MARK) - 1 &&
	    ftruncate(descriptor, 0) < 0)
		svshm__debug("ftruncate: %s", strerror(errno));
	return errnum;
}

/* One line, in one write to the end: several may do so at once. */
int svshm__key_file_name_maker(const struct svshm__key_file *file,
			       struct svshm__error *error)
{
	char text[80];
	struct stat status;
	uid_t us = file->us;

	if (file->native || file->private || !file->exists || us == 0 ||
	    us == file->owner || svshm__key_file_names_maker(file, us))
		return SVSHM_OK;

	int descriptor = open_same(file, O_WRONLY | O_APPEND, &status);
	int errnum = descriptor < 0 ? errno : 0;

	if (descriptor >= 0) {
		/* Its maker has died before he wrote anything. */
		snprintf(text, sizeof(text), "%s" MAKER "%lu\n",
			 status.st_size ? "" : MARK "1", (unsigned long)us);
		errnum = write_text(descriptor, text);
		close(descriptor);
	}
	if (!errnum)
		return SVSHM_OK;
	return svshm__error_system(error, SVSHM__CALL_FILE, errnum,
				   "writing \"maker %lu\" to %.200s, so that "
				   "others trust what we make",
				   (unsigned long)us, file->path);
}

void svshm__key_file_write(const struct svshm__key_file *file, const char *key,
			   int project)
{
	char text[512], printable[256];
	struct stat status;

	/* Root's own text goes into no file that may be a link to another's. */
	if (file->native || !key ||
	    (file->user != file->us && file->owner != file->user))
		return;

	int descriptor = file->descriptor >= 0 ? file->descriptor :
		open_same(file, O_WRONLY | O_APPEND, &status);

	if (descriptor < 0) {
		svshm__debug("%s: %s", file->path, strerror(errno));
		return;
	}

	/* What stands there already stays: it may name makers. */
	snprintf(text, sizeof(text), MARK "1\nproject %d\nkey %s\n", project,
		 svshm__printable(key, printable, sizeof(printable)));

	int errnum = 0;

	if (descriptor == file->descriptor || status.st_size == 0)
		errnum = write_text(descriptor, text);
	if (errnum)
		svshm__debug("%s: %s", file->path, strerror(errnum));
	if (descriptor != file->descriptor)
		close(descriptor);
}
