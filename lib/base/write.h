/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Writing without a signal: a program must not die of what its library writes.
 * With the limit on file sizes at 0, as daemons and sandboxes have it, a write
 * to a file is a SIGXFSZ; to a pipe that nobody reads, a SIGPIPE. What the
 * program does with these is its own affair, so no disposition is touched.
 */
#ifndef SVSHM_BASE_WRITE_H
#define SVSHM_BASE_WRITE_H

#include <signal.h>
#include <stddef.h>

/* The calling thread's signals as they were. */
struct svshm__write {
	sigset_t mask, pending;
};

/*
 * What is written between the two raises no signal. _end() wants the errno of
 * what failed (0: nothing did), and leaves errno alone.
 */
void svshm__write_begin(struct svshm__write *before);
void svshm__write_end(const struct svshm__write *before, int errnum);

/*
 * All of it, in one write() if the system takes it. 0, or the errno: EFBIG
 * where the limit leaves no room.
 */
int svshm__write_all(int descriptor, const void *data, size_t size);

/* The same to what is known to be a file: without a limit there is no signal. */
int svshm__write_file(int descriptor, const void *data, size_t size);

#endif
