/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sharedimage - two programs look at one picture through shared memory.
 *
 *   sharedimage load KEY FILE     share FILE until a reader has come and gone
 *   sharedimage show KEY [FILE]   draw the shared picture, or copy it to FILE
 *   sharedimage hold KEY          take the lock and keep it, until killed
 *
 * An example to copy from. What to look at:
 *
 *   load  create, lock, write, mark as ready, unlock, wait, detach
 *   show  attach, lock, check, copy out, unlock, detach, and only then work:
 *         nobody should have to wait for the lock while a picture is drawn
 *
 * Any file can be shared; PGM and PPM pictures can be drawn as well. That is
 * done in picture.c, which knows nothing of shared memory.
 */
#define _POSIX_C_SOURCE 200809L /* also for compilers told to be strict */

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <svshm.h>

#include "picture.h"

#define LOCK_TIMEOUT_MS 10000
#define READY_TRIES 100 /* of 50 ms */

/*
 * What stands at the start of the data; the file's bytes follow. The members
 * have fixed widths, for a 32-bit and a 64-bit program may share an object.
 *
 * svshm_create() makes the object visible while it is still empty: a reader
 * can get the lock before the writer does. It finds ready == 0 then (new
 * memory is zero), and knows that it has to wait.
 */
struct shared_file {
	uint32_t ready;
	uint32_t reserved;
	uint64_t length;
	uint64_t checksum;
};

struct bytes {
	unsigned char *start;
	size_t length;
};

static volatile sig_atomic_t stop;

static void on_signal(int number)
{
	(void)number;
	stop = 1;
}

static bool complain(const char *what, const char *why)
{
	fprintf(stderr, "sharedimage: %s: %s\n", what, why);
	return false;
}

/*
 * Negative codes are failures. The handle knows what was tried, why it failed,
 * and what to do.
 */
static bool works(int code, const struct svshm *handle)
{
	return code >= 0 ||
	       complain("shared memory", svshm_error_string(handle));
}

/* FNV-1a: notices a torn write, but not a forged one. */
static uint64_t checksum_of(const unsigned char *start, size_t length)
{
	uint64_t sum = 0xcbf29ce484222325u;

	for (size_t i = 0; i < length; i++)
		sum = (sum ^ start[i]) * 0x100000001b3u;
	return sum;
}

static void pause_ms(long ms)
{
	struct timespec time = { .tv_nsec = ms * 1000000 };

	nanosleep(&time, NULL); /* shorter if a signal comes, as it should be */
}

/* ---- Files -------------------------------------------------------------- */

static bool read_all(FILE *stream, struct bytes *file)
{
	size_t room = 0;

	while (!feof(stream) && !ferror(stream)) {
		if (file->length == room) {
			room = room == 0 ? 65536 : room * 2;
			void *grown = realloc(file->start, room);
			if (grown == NULL)
				return false;
			file->start = grown;
		}
		file->length += fread(file->start + file->length, 1,
				      room - file->length, stream);
	}
	return !ferror(stream);
}

static bool read_file(const char *path, struct bytes *file)
{
	FILE *stream = fopen(path, "rb");

	if (stream == NULL)
		return complain(path, strerror(errno));
	bool ok = read_all(stream, file) || complain(path, strerror(errno));
	fclose(stream);
	return ok;
}

static bool write_file(const char *path, const struct bytes *file)
{
	FILE *stream = fopen(path, "wb");

	if (stream == NULL)
		return complain(path, strerror(errno));
	bool ok = fwrite(file->start, 1, file->length, stream) == file->length;
	if (fclose(stream) != 0 || !ok)
		return complain(path, strerror(errno));
	printf("%zu bytes written to %s.\n", file->length, path);
	return true;
}

/* ---- The lock ----------------------------------------------------------- */

/* *DIED: the last owner was killed inside, so the data may be half written. */
static bool take_lock(struct svshm *handle, bool *died)
{
	int code = svshm_trylock(handle);

	if (code == SVSHM_BUSY) {
		fprintf(stderr, "The lock is taken. Waiting for it.\n");
		code = svshm_timedlock(handle, LOCK_TIMEOUT_MS);
	}
	*died = code == SVSHM_OWNER_DIED;
	if (*died)
		fprintf(stderr, "SVSHM_OWNER_DIED: the last owner was killed "
			"with the lock in its hands.\n");
	return works(code, handle);
}

static bool release_lock(struct svshm *handle)
{
	return works(svshm_unlock(handle), handle);
}

/*
 * After SVSHM_OWNER_DIED. Only who knows that the data are whole may say so;
 * until somebody does, every next owner gets the same code.
 */
static bool declare_whole(struct svshm *handle)
{
	fprintf(stderr, "The data are whole.\n");
	return works(svshm_make_consistent(handle), handle);
}

/* ---- load --------------------------------------------------------------- */

static bool copy_in(struct svshm *handle, const struct bytes *file)
{
	struct shared_file *shared = svshm_data(handle);
	bool died;

	if (!take_lock(handle, &died))
		return false;
	if (file->length > 0)
		memcpy(shared + 1, file->start, file->length);
	shared->length = file->length;
	shared->checksum = checksum_of(file->start, file->length);
	shared->ready = 1;
	bool ok = !died || declare_whole(handle); /* all is written anew */
	return release_lock(handle) && ok;
}

struct visitors {
	bool seen; /* since the object was made */
	bool here;
};

static int count_visitors(const struct svshm_object *object, void *context)
{
	struct visitors *visitors = context;
	size_t alive = 0;

	for (size_t i = 0; i < object->process_count; i++)
		alive += object->processes[i].alive;
	visitors->seen = object->registrations > 1; /* the first was ours */
	visitors->here = alive > 1;
	return 0;
}

/*
 * The last to detach takes the picture away, so stay until somebody has seen
 * it. A reader that leaves rings no bell: look five times a second.
 */
static bool wait_for_reader(struct svshm *handle)
{
	struct visitors visitors = { false, false };

	while (!stop && (!visitors.seen || visitors.here)) {
		pause_ms(200);
		if (!works(svshm_inspect(handle, count_visitors, &visitors),
			   handle))
			return false;
	}
	puts(stop ? "Stopped by a signal." : "A reader came and went.");
	return true;
}

static bool share(struct svshm *handle, const char *path,
		  const struct bytes *file)
{
	int code = svshm_create(handle, sizeof(struct shared_file) +
				file->length, SVSHM_READ_WRITE);

	if (!works(code, handle))
		return false;
	if (code == SVSHM_ORPHANED)
		fprintf(stderr, "SVSHM_ORPHANED: killed programs had left "
			"something here. It has been replaced.\n");
	if (!copy_in(handle, file))
		return false;
	printf("Process %ld shares %s, %zu bytes, until a reader has come.\n",
	       (long)getpid(), path, file->length);
	return wait_for_reader(handle) &&
	       works(svshm_detach(handle), handle);
}

static bool load(struct svshm *handle, const char *path)
{
	struct sigaction action = { .sa_handler = on_signal };
	struct bytes file = { NULL, 0 };

	sigaction(SIGHUP, &action, NULL);
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	bool ok = read_file(path, &file) && share(handle, path, &file);
	free(file.start);
	return ok;
}

/* ---- show --------------------------------------------------------------- */

/*
 * With the lock held. Another program wrote these bytes, perhaps a broken one:
 * copy each word once, check the copy, and believe nothing before that. What
 * svshm_size() says is checked by the library against the kernel.
 */
static bool copy_out(struct svshm *handle, struct bytes *file)
{
	const unsigned char *data = svshm_const_data(handle);
	size_t size = svshm_size(handle);
	struct shared_file head;

	if (size < sizeof(head))
		return complain("shared data", "too few for a picture");
	memcpy(&head, data, sizeof(head));
	if (head.ready == 0)
		return true; /* file->start stays NULL */
	if (head.length > size - sizeof(head))
		return complain("shared data", "the length is wrong");
	file->length = (size_t)head.length;
	file->start = malloc(file->length + 1);
	if (file->start == NULL)
		return complain("shared data", "no memory for a copy");
	memcpy(file->start, data + sizeof(head), file->length);
	if (checksum_of(file->start, file->length) != head.checksum)
		return complain("shared data", "torn: the checksum is wrong");
	return true;
}

/* One look, under the lock. If nothing is ready, file->start stays NULL. */
static bool look(struct svshm *handle, struct bytes *file)
{
	bool died;

	if (!take_lock(handle, &died))
		return false;
	bool ok = copy_out(handle, file);
	if (ok && died && file->start != NULL)
		ok = declare_whole(handle); /* the checksum says so */
	return release_lock(handle) && ok;
}

/* Wait for the writer, but not for ever: it may have died before it wrote. */
static bool look_until_ready(struct svshm *handle, struct bytes *file)
{
	for (int i = 0; i < READY_TRIES; i++) {
		if (!look(handle, file))
			return false;
		if (file->start != NULL)
			return true;
		pause_ms(50); /* without the lock: the writer needs it */
	}
	return complain("shared data", "nobody has written any");
}

static bool fetch(struct svshm *handle, struct bytes *file)
{
	int code = svshm_attach(handle, SVSHM_READ_ONLY);

	if (!works(code, handle))
		return false;
	if (code == SVSHM_ORPHANED)
		fprintf(stderr, "SVSHM_ORPHANED: all who used this picture were "
			"killed. It is still here.\n");
	return look_until_ready(handle, file) &&
	       works(svshm_detach(handle), handle);
}

static bool show(struct svshm *handle, const char *path)
{
	struct bytes file = { NULL, 0 };
	bool ok = fetch(handle, &file);

	if (ok && path != NULL)
		ok = write_file(path, &file);
	else if (ok && !picture_draw(file.start, file.length))
		ok = complain("shared data", "no PGM or PPM picture; give a "
			      "FILE to copy them to");
	free(file.start);
	return ok;
}

/* ---- hold, main --------------------------------------------------------- */

static bool hold(struct svshm *handle)
{
	bool died;

	if (!works(svshm_attach(handle, SVSHM_READ_WRITE), handle) ||
	    !take_lock(handle, &died))
		return false;
	printf("Process %ld has the lock and keeps it.\n", (long)getpid());
	for (;;)
		pause(); /* until a signal kills us, lock in hand */
}

static bool run(struct svshm *handle, int count, char **words)
{
	if (count == 3 && strcmp(words[0], "load") == 0)
		return load(handle, words[2]);
	if (count >= 2 && count <= 3 && strcmp(words[0], "show") == 0)
		return show(handle, count == 3 ? words[2] : NULL);
	if (count == 2 && strcmp(words[0], "hold") == 0)
		return hold(handle);
	return complain("usage", "load KEY FILE | show KEY [FILE] | hold KEY");
}

int main(int argc, char **argv)
{
	struct svshm *handle = svshm_new(argc > 2 ? argv[2] : NULL);

	if (handle == NULL) {
		complain("start", "no memory");
		return EXIT_FAILURE;
	}
	setvbuf(stdout, NULL, _IOLBF, 0); /* a script waits for our lines */
	bool ok = run(handle, argc - 1, argv + 1);
	svshm_free(handle); /* detaches, if something failed on the way */
	return ok ? EXIT_SUCCESS : EXIT_FAILURE;
}
