/* SPDX-License-Identifier: BSD-2-Clause */
#include <config.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "commands/get_destination.h"
#include "common/message.h"
#include "common/signals.h"
#include "common/status.h"

#ifndef PATH_MAX
#define PATH_MAX 4096
#endif

/* A new file gets the rights of the one it replaces, or any new file's. */
static mode_t file_mode(const struct stat *old)
{
	mode_t mask = umask(0);

	umask(mask);
	return old ? old->st_mode & 0777 : 0666 & ~mask;
}

static int write_failed(const struct destination *destination)
{
	/* Who has interrupted it knows why. */
	if (!signals_caught())
		message("cannot write %s: %s", destination->name,
			strerror(errno));
	return TOOL_FAILED;
}

/*
 * A regular file is replaced when all is written. Anything else with a name (a
 * device, a FIFO) is written to: replacing /dev/null would be a disaster.
 */
static int open_named(struct destination *destination)
{
	char resolved[PATH_MAX];
	const char *path = destination->name;
	struct stat old;
	bool exists = stat(path, &old) == 0;

	if (exists && !S_ISREG(old.st_mode)) {
		destination->slow = true;
		destination->fd = open(path, O_WRONLY);
		return destination->fd < 0 ? write_failed(destination) :
					     TOOL_DONE;
	}
	/* A link stays: the file it leads to is replaced. */
	if (exists && realpath(path, resolved))
		path = resolved;
	if (new_file_begin(&destination->file, path) != 0)
		return write_failed(destination);
	destination->is_new = true;
	destination->fd = destination->file.fd;
	if (fchmod(destination->fd, file_mode(exists ? &old : NULL)) != 0)
		return write_failed(destination);
	return TOOL_DONE;
}

int destination_open(struct destination *destination, const char *path)
{
	struct stat status;

	if (path && strcmp(path, "-") != 0) {
		destination->name = path;
		return open_named(destination);
	}
	destination->name = "standard output";
	destination->fd = STDOUT_FILENO;
	destination->slow = fstat(destination->fd, &status) != 0 ||
			    !S_ISREG(status.st_mode);
	return TOOL_DONE;
}

int destination_write(const struct destination *destination, const void *data,
		      size_t size)
{
	if (write_all(destination->fd, data, size, NULL) == 0)
		return TOOL_DONE;
	return write_failed(destination);
}

int destination_commit(struct destination *destination)
{
	if (destination->is_new &&
	    new_file_commit(&destination->file, true) != 0)
		return write_failed(destination);
	return TOOL_DONE;
}

void destination_close(struct destination *destination)
{
	if (destination->is_new)
		new_file_end(&destination->file);
}
