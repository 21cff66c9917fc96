/* SPDX-License-Identifier: BSD-2-Clause */
#include <config.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "commands/put_source.h"
#include "common/memory.h"
#include "common/message.h"
#include "common/signals.h"
#include "common/status.h"
#include "output/ahead.h"

/* How much read() gets at a time, so that a signal is seen soon. */
#define CHUNK ((size_t)1 << 20)

static void show_progress(struct source *source, size_t done)
{
	progress_show(&source->progress, done, source->size, "");
}

/* Read some; the bytes read, 0 at the end, or -1 after a message. */
static ssize_t read_some(struct source *source, char *into, size_t room)
{
	for (;;) {
		if (signals_caught()) {
			progress_end(&source->progress);
			message("interrupted while reading %s", source->name);
			return -1;
		}
		ssize_t length = read(source->fd, into, room < CHUNK ? room :
				      CHUNK);

		if (length >= 0)
			return length;
		if (errno == EINTR)
			continue;
		int error = errno;

		progress_end(&source->progress);
		message("cannot read %s: %s", source->name, strerror(error));
		return -1;
	}
}

/* Read all of a source whose size is not known. */
static int load(struct source *source)
{
	size_t room = CHUNK, done = 0;
	ssize_t length;

	source->memory = must_allocate(room);
	while ((length = read_some(source, source->memory + done,
				   room - done)) > 0) {
		done += (size_t)length;
		if (done == room) {
			room *= 2;
			source->memory = must_reallocate(source->memory, room);
		}
		show_progress(source, done);
	}
	source->size = done;
	return length < 0 ? TOOL_FAILED : TOOL_DONE;
}

/*
 * The size if it is known without reading, as of a regular file; else 0. A
 * pipe has to be read, and so have the files of /proc, which say that they are
 * empty.
 */
static uint64_t size_left(int fd)
{
	struct stat status;

	if (fstat(fd, &status) != 0 || !S_ISREG(status.st_mode))
		return 0;
	off_t offset = lseek(fd, 0, SEEK_CUR);

	if (offset < 0 || offset >= status.st_size)
		return 0;
	return (uint64_t)(status.st_size - offset);
}

static int measure(struct source *source)
{
	uint64_t size = size_left(source->fd);

	if (size > SIZE_MAX) {
		message("%s is too large for a segment", source->name);
		return TOOL_FAILED;
	}
	source->size = (size_t)size;
	if (size == 0 && load(source) != TOOL_DONE)
		return TOOL_FAILED;
	if (source->size > 0)
		return TOOL_DONE;
	message("%s is empty, and an object cannot be: nothing is created",
		source->name);
	return TOOL_FAILED;
}

int source_open(struct source *source, const char *path)
{
	progress_begin(&source->progress, "read");
	source->name = "standard input";
	source->fd = STDIN_FILENO;
	if (path && strcmp(path, "-") != 0) {
		source->name = path;
		source->fd = open(path, O_RDONLY);
	}
	if (source->fd < 0) {
		message("cannot read %s: %s", path, strerror(errno));
		return TOOL_FAILED;
	}
	int status = measure(source);

	progress_end(&source->progress);
	return status;
}

static int read_into(struct source *source, char *data, struct ahead *ahead)
{
	size_t done = 0;

	while (done < source->size) {
		ahead_reach(ahead, done + CHUNK);

		ssize_t length = read_some(source, data + done,
					   source->size - done);

		if (length < 0)
			return TOOL_FAILED;
		if (length == 0) {
			progress_end(&source->progress);
			message("%s became shorter while it was read",
				source->name);
			return TOOL_FAILED;
		}
		done += (size_t)length;
		show_progress(source, done);
	}
	progress_end(&source->progress);
	return TOOL_DONE;
}

static int read_with_help(struct source *source, char *data)
{
	struct ahead ahead;
	int status;

	ahead_begin(&ahead, data, source->size, true);
	status = read_into(source, data, &ahead);
	ahead_end(&ahead);
	return status;
}

int source_copy(struct source *source, char *data)
{
	if (!source->memory)
		return read_with_help(source, data);
	memcpy(data, source->memory, source->size);
	/* It may be large, and put may wait for long. */
	free(source->memory);
	source->memory = NULL;
	return TOOL_DONE;
}

void source_close(struct source *source)
{
	free(source->memory);
	if (source->fd > STDIN_FILENO)
		close(source->fd);
}
