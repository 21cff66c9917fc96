/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * They are written under a temporary name in the same directory, made durable,
 * then given their name in one step.
 */
#include <config.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/signals.h"
#include "common/text.h"
#include "output/ahead.h"
#include "output/file.h"

/* How much write() gets at a time, so that a signal is seen soon. */
#define WRITE_CHUNK ((size_t)1 << 20)

/* The directory of PATH; the caller frees it. */
static char *directory_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	if (!slash)
		return text_print(".");
	if (slash == path)
		return text_print("/");
	return text_print("%.*s", (int)(slash - path), path);
}

int new_file_begin(struct new_file *file, const char *path)
{
	char *directory = directory_of(path);

	file->path = text_print("%s", path);
	file->temporary = text_print("%s/.svshm-XXXXXX", directory);
	free(directory);
	file->fd = mkstemp(file->temporary);
	if (file->fd >= 0)
		return 0;
	int error = errno;

	free(file->temporary);
	free(file->path);
	file->temporary = NULL;
	file->path = NULL;
	errno = error;
	return -1;
}

int directory_secure(const char *directory)
{
	int fd = open(directory, O_RDONLY);

	/* One that may be written to, but not read, cannot be opened. */
	if (fd < 0)
		return errno == EACCES ? 0 : -1;
	int result = fsync(fd);
	int error = errno;

	close(fd);
	/* Some file systems can't do it for directories, and say so. */
	if (result != 0 && error != EINVAL && error != EBADF &&
	    error != EROFS) {
		errno = error;
		return -1;
	}
	return 0;
}

/* A name is durable only after the directory that holds it is. */
static int sync_directory(const char *path)
{
	char *directory = directory_of(path);
	int result = directory_secure(directory);
	int error = errno;

	free(directory);
	errno = error;
	return result;
}

/* rename() would replace a file that is there; link() never does. */
static int give_name(const struct new_file *file, bool replace)
{
	if (replace)
		return rename(file->temporary, file->path);
	if (link(file->temporary, file->path) != 0)
		return -1;
	return unlink(file->temporary);
}

int new_file_secure(struct new_file *file)
{
	if (fsync(file->fd) != 0)
		return -1;
	/* NFS reports a full disk as late as this. */
	int fd = file->fd;

	file->fd = -1;
	return close(fd);
}

int new_file_name(struct new_file *file, bool replace)
{
	if (give_name(file, replace) != 0)
		return -1;
	free(file->temporary);
	file->temporary = NULL;
	return 0;
}

int new_file_commit(struct new_file *file, bool replace)
{
	if (new_file_secure(file) != 0 || new_file_name(file, replace) != 0)
		return -1;
	return sync_directory(file->path);
}

static bool holds(int fd, const char *bytes, size_t size)
{
	static char buffer[1 << 16];
	size_t done = 0;
	ssize_t length;

	while ((length = read(fd, buffer, sizeof(buffer))) > 0) {
		if ((size_t)length > size - done ||
		    memcmp(buffer, bytes + done, (size_t)length) != 0)
			return false;
		done += (size_t)length;
	}
	return length == 0 && done == size;
}

bool new_file_holds(const struct new_file *file, const void *data, size_t size)
{
	int fd = open(file->path, O_RDONLY);
	bool result = fd >= 0 && holds(fd, data, size);

	if (fd >= 0)
		close(fd);
	return result;
}

void new_file_end(struct new_file *file)
{
	if (file->fd >= 0)
		close(file->fd);
	if (file->temporary)
		unlink(file->temporary);
	free(file->temporary);
	free(file->path);
	*file = (struct new_file){ .fd = -1 };
}

static int write_pieces(int fd, const void *data, size_t size,
			struct progress *progress, struct ahead *ahead)
{
	const char *bytes = data;
	size_t all = size;

	while (size > 0) {
		if (signals_caught()) {
			errno = EINTR;
			return -1;
		}
		ahead_reach(ahead, all - size + WRITE_CHUNK);

		ssize_t written = write(fd, bytes, size < WRITE_CHUNK ? size :
					WRITE_CHUNK);

		if (written < 0 && errno != EINTR)
			return -1;
		if (written > 0) {
			bytes += written;
			size -= (size_t)written;
			if (progress)
				progress_show(progress, all - size, all, "");
		}
	}
	return 0;
}

int write_all(int fd, const void *data, size_t size,
	      struct progress *progress)
{
	struct ahead ahead;
	int result, error;

	ahead_begin(&ahead, data, size, false);
	result = write_pieces(fd, data, size, progress, &ahead);
	error = errno;
	ahead_end(&ahead);
	errno = error;
	return result;
}
