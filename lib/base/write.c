/* SPDX-License-Identifier: BSD-2-Clause */
#include <config.h>

#include "base/write.h"

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* In this thread alone: the others' signals are none of ours. */
void svshm__write_begin(struct svshm__write *before)
{
	sigset_t ours;

	sigemptyset(&ours);
	sigaddset(&ours, SIGPIPE);
	sigaddset(&ours, SIGXFSZ);
	sigemptyset(&before->pending);
	pthread_sigmask(SIG_BLOCK, &ours, &before->mask);
	sigpending(&before->pending);
}

/*
 * One that is pending, not to be delivered when it is let through. Without
 * sigtimedwait() there is only a wait, which one that another thread takes
 * before us must not make one without end: so there is one for us.
 */
static void take_away(int number)
{
	sigset_t one, pending;

	sigemptyset(&one);
	sigaddset(&one, number);
#ifdef HAVE_SIGTIMEDWAIT
	struct timespec at_once = { 0, 0 };

	(void)pending;
	while (sigtimedwait(&one, NULL, &at_once) < 0 && errno == EINTR)
		;
#else
	if (sigpending(&pending) == 0 && sigismember(&pending, number) == 1 &&
	    pthread_kill(pthread_self(), number) == 0)
		sigwait(&one, &number);
#endif
}

void svshm__write_end(const struct svshm__write *before, int errnum)
{
	int saved = errno;
	int number = errnum == EPIPE ? SIGPIPE :
		     errnum == EFBIG ? SIGXFSZ : 0;

	/* One that was pending is the program's. */
	if (number && sigismember(&before->pending, number) == 0)
		take_away(number);
	pthread_sigmask(SIG_SETMASK, &before->mask, NULL);
	errno = saved;
}

/*
 * Some systems send SIGXFSZ to the process, so that any thread gets it: the
 * limit is better not run into.
 */
static bool has_room(int descriptor, const struct rlimit *limit, size_t size)
{
	struct stat status;

	if (fstat(descriptor, &status) < 0 || !S_ISREG(status.st_mode))
		return true;
	return (rlim_t)status.st_size <= limit->rlim_cur &&
	       (uint64_t)(limit->rlim_cur - (rlim_t)status.st_size) >= size;
}

static bool has_no_limit(struct rlimit *limit)
{
	return getrlimit(RLIMIT_FSIZE, limit) < 0 ||
	       limit->rlim_cur == RLIM_INFINITY;
}

static int write_rest(int descriptor, const char *data, size_t size)
{
	while (size > 0) {
		ssize_t written = write(descriptor, data, size);

		if (written < 0 && errno == EINTR)
			continue;
		if (written < 0)
			return errno;
		data += written;
		size -= (size_t)written;
	}
	return 0;
}

int svshm__write_all(int descriptor, const void *data, size_t size)
{
	struct svshm__write before;
	struct rlimit limit;
	int errnum;

	if (!has_no_limit(&limit) && !has_room(descriptor, &limit, size))
		return EFBIG;
	svshm__write_begin(&before);
	errnum = write_rest(descriptor, data, size);
	svshm__write_end(&before, errnum);
	return errnum;
}

int svshm__write_file(int descriptor, const void *data, size_t size)
{
	struct rlimit limit;

	return has_no_limit(&limit) ? write_rest(descriptor, data, size) :
				      svshm__write_all(descriptor, data, size);
}
