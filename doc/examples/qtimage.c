/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Exchange pictures with Qt's own example "sharedmemory" (Debian's package
 * qtbase5-examples has it), without Qt:
 *
 *	qtimage put FILE.png	lend the picture until ^C; the dialog's button
 *				"Display Image From Shared Memory" shows it
 *	qtimage get FILE.png	save the picture that its button "Load Image
 *				From File..." has put there
 *
 * The dialog's memory has the key QSharedMemoryExample, and in it a QImage as
 * QDataStream writes it: a 32-bit number, most significant byte first, 0 for
 * no image and 1 for one, then the image as a PNG file. The memory may be
 * longer than that. Who has put it there may be anybody who knows the key, so
 * every length is checked before it is believed.
 */
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <svshm.h>

#define KEY "QSharedMemoryExample"
#define MARK_SIZE 4
#define FILE_SIZE_MAX (64L << 20)

static const unsigned char signature[8] = { 0x89, 'P',	'N',  'G',
					    '\r', '\n', 0x1a, '\n' };

static int fail(const char *what, const char *why)
{
	fprintf(stderr, "qtimage: %s: %s\n", what, why);
	return 1;
}

static uint32_t read_number(const unsigned char *bytes)
{
	return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 |
	       (uint32_t)bytes[2] << 8 | bytes[3];
}

/*
 * How long the PNG file is that begins at BYTES, where there are SIZE of them;
 * 0: there is none, or it is cut off. It is made of chunks: the length of the
 * contents, four letters, the contents, a checksum; the last one is IEND.
 */
static size_t measure_png(const unsigned char *bytes, size_t size)
{
	const size_t around = 4 + 4 + 4;
	size_t used = sizeof(signature);

	if (size < used || memcmp(bytes, signature, used) != 0)
		return 0;
	while (size - used >= around) {
		size_t length = read_number(bytes + used);
		bool last = memcmp(bytes + used + 4, "IEND", 4) == 0;

		if (length > size - used - around)
			return 0;
		used += around + length;
		if (last)
			return used;
	}
	return 0;
}

/* ---- Put --------------------------------------------------------------- */

/* Read all of the file into memory to be freed; NULL and a message. */
static unsigned char *read_file(const char *path, size_t *size)
{
	FILE *file = fopen(path, "rb");
	unsigned char *bytes = NULL;
	long length;

	if (!file || fseek(file, 0, SEEK_END) != 0 ||
	    (length = ftell(file)) < 0) {
		fail(path, strerror(errno));
		goto out;
	}
	if (length == 0 || length > FILE_SIZE_MAX) {
		fail(path, "empty, or larger than 64 MiB");
		goto out;
	}
	rewind(file);
	bytes = malloc((size_t)length);
	*size = (size_t)length;
	if (!bytes || fread(bytes, 1, *size, file) != *size) {
		fail(path, "cannot be read");
		free(bytes);
		bytes = NULL;
	}
out:
	if (file)
		fclose(file);
	return bytes;
}

/* Block until one of these comes; blocked before, so that none is missed. */
static void wait_for_signal(const sigset_t *signals)
{
	int got;

	while (sigwait(signals, &got) != 0)
		;
}

static int lend(struct svshm *memory, const unsigned char *png, size_t size)
{
	static const unsigned char mark[MARK_SIZE] = { 0, 0, 0, 1 };
	sigset_t signals;
	unsigned char *data;

	sigemptyset(&signals);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGTERM);
	sigprocmask(SIG_BLOCK, &signals, NULL);

	/* Nobody sees it, under the lock, before it is complete. */
	int code = svshm_create_locked(memory, MARK_SIZE + size,
				       SVSHM_READ_WRITE);

	if (code < 0)
		return fail(KEY, svshm_error_string(memory));
	if (code == SVSHM_ORPHANED)
		fprintf(stderr, "qtimage: replaces what a crash had left\n");
	data = svshm_data(memory);
	memcpy(data, mark, MARK_SIZE);
	memcpy(data + MARK_SIZE, png, size);
	if (svshm_unlock(memory) < 0)
		return fail(KEY, svshm_error_string(memory));
	printf("lent; ^C takes it back\n");
	fflush(stdout);
	wait_for_signal(&signals);
	if (svshm_detach(memory) < 0)
		return fail(KEY, svshm_error_string(memory));
	return 0;
}

static int put(struct svshm *memory, const char *path)
{
	size_t size, length;
	unsigned char *png = read_file(path, &size);
	int status;

	if (!png)
		return 1;
	length = measure_png(png, size);
	status = length ? lend(memory, png, length) :
			  fail(path, "not a PNG file, or cut off");
	free(png);
	return status;
}

/* ---- Get --------------------------------------------------------------- */

/*
 * Copy the PNG file out of the memory, to be freed. It is measured in the copy:
 * who does not care for the lock could change it under us.
 */
static unsigned char *take_copy(struct svshm *memory, size_t *length)
{
	size_t size = svshm_size(memory);
	unsigned char *copy;

	if (size < MARK_SIZE || size - MARK_SIZE > (size_t)FILE_SIZE_MAX) {
		fail(KEY, "too small, or larger than 64 MiB");
		return NULL;
	}
	copy = malloc(size);
	if (!copy || svshm_lock(memory) < 0) {
		fail(KEY, copy ? svshm_error_string(memory) : "no memory");
		free(copy);
		return NULL;
	}
	memcpy(copy, svshm_const_data(memory), size);
	if (svshm_unlock(memory) < 0)
		fail(KEY, svshm_error_string(memory));
	*length = 0;
	if (read_number(copy) == 1)
		*length = measure_png(copy + MARK_SIZE, size - MARK_SIZE);
	if (*length == 0)
		fail(KEY, read_number(copy) == 0 ? "there is no image in it" :
		     "what is in it is no image, or cut off");
	memmove(copy, copy + MARK_SIZE, *length);
	return copy;
}

static int save(const char *path, const unsigned char *png, size_t size)
{
	FILE *file = fopen(path, "wb");

	if (!file)
		return fail(path, strerror(errno));
	size_t written = fwrite(png, 1, size, file);

	if (fclose(file) != 0 || written != size)
		return fail(path, "cannot be written");
	printf("saved %lu bytes\n", (unsigned long)size);
	return 0;
}

static int get(struct svshm *memory, const char *path)
{
	size_t length = 0;
	unsigned char *png;
	int status = 1;

	if (svshm_attach(memory, SVSHM_READ_ONLY) < 0)
		return fail(KEY, svshm_error_string(memory));
	png = take_copy(memory, &length);
	if (length > 0)
		status = save(path, png, length);
	free(png);
	return status;
}

int main(int argc, char **argv)
{
	struct svshm *memory = svshm_new(KEY);
	int status = 2;

	if (!memory || svshm_set_layout(memory, SVSHM_LAYOUT_QT) < 0)
		return fail(KEY, svshm_error_string(memory));
	if (argc == 3 && strcmp(argv[1], "put") == 0)
		status = put(memory, argv[2]);
	else if (argc == 3 && strcmp(argv[1], "get") == 0)
		status = get(memory, argv[2]);
	else
		fprintf(stderr, "usage: qtimage put|get FILE.png\n");
	svshm_free(memory);
	return status;
}
