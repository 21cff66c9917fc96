/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The only caller of futex. Its words are not PRIVATE: the kernel finds a sleeper
 * by the page of the segment, not by the address in one process. FUTEX_WAIT
 * needs read permission alone.
 *
 * FUTEX_WAKE_OP is given the same word twice: it changes the word, and then wakes
 * who sleeps on it, with the queue locked throughout. Death comes to a process
 * between two system calls or between two instructions of its own, never in there.
 */
#include <config.h>

#include "kernel/futex.h"

#include "base/atomic.h"

#ifdef HAVE_FUTEX

#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "kernel/process.h"

uint32_t svshm__futex_usable = 1;

/* As the kernel reads it: not the C library's timespec, whose time_t may be wider. */
#if defined(__x86_64__) && defined(__ILP32__)
typedef int64_t kernel_long;
#else
typedef long kernel_long;
#endif

struct old_time {
	kernel_long seconds, nanoseconds;
};

struct new_time {
	int64_t seconds, nanoseconds;
};

static long wait_for(const uint32_t *word, uint32_t value, int64_t length)
{
	struct new_time time = { length / 1000000000, length % 1000000000 };
	long result = -1;

#ifdef SYS_futex_time64
	result = syscall(SYS_futex_time64, word, FUTEX_WAIT, value, &time, NULL,
			 0);
	if (result == 0 || errno != ENOSYS)
		return result;
#endif
#ifdef SYS_futex
	struct old_time old;

	old.seconds = (kernel_long)time.seconds;
	old.nanoseconds = (kernel_long)time.nanoseconds;
	result = syscall(SYS_futex, word, FUTEX_WAIT, value, &old, NULL, 0);
#endif
	return result;
}

/* For good, or only this time, as memory is short. */
static bool refused(void)
{
	if (errno == ENOSYS || errno == EPERM || errno == EACCES ||
	    errno == EINVAL)
		svshm__store(&svshm__futex_usable, 0);
	return false;
}

bool svshm__futex_wait(const uint32_t *word, uint32_t value, int64_t end)
{
	int64_t length = end - svshm__process_now();

	if (!svshm__load(&svshm__futex_usable))
		return false;
	if (length <= 0 || wait_for(word, value, length) == 0 ||
	    errno == EAGAIN || errno == EINTR || errno == ETIMEDOUT)
		return true;
	return refused();
}

/* No timespec in it, so the old number does, where it exists. */
static bool wake(uint32_t *word, int operation, unsigned operand, int *woken)
{
	/* And a comparison, which asks whether to wake more: there are none. */
	int encoded = FUTEX_OP(operation, (int)operand, FUTEX_OP_CMP_EQ, 0);
	long result;

	if (!svshm__load(&svshm__futex_usable))
		return false;
	/* What this thread wrote before is seen by who sees the word change. */
	svshm__add(word, 0);
#ifdef SYS_futex
	result = syscall(SYS_futex, word, FUTEX_WAKE_OP, INT_MAX, NULL, word,
			 encoded);
#else
	result = syscall(SYS_futex_time64, word, FUTEX_WAKE_OP, INT_MAX, NULL,
			 word, encoded);
#endif
	if (result < 0)
		return refused();
	*woken = (int)result;
	return true;
}

bool svshm__futex_add(uint32_t *word, unsigned summand, int *woken)
{
	return wake(word, FUTEX_OP_ADD, summand, woken);
}

bool svshm__futex_clear(uint32_t *word, unsigned bits, int *woken)
{
	return wake(word, FUTEX_OP_ANDN, bits, woken);
}

#else

uint32_t svshm__futex_usable = 0;

bool svshm__futex_wait(const uint32_t *word, uint32_t value, int64_t end)
{
	(void)word;
	(void)value;
	(void)end;
	return false;
}

bool svshm__futex_add(uint32_t *word, unsigned summand, int *woken)
{
	(void)word;
	(void)summand;
	(void)woken;
	return false;
}

bool svshm__futex_clear(uint32_t *word, unsigned bits, int *woken)
{
	(void)word;
	(void)bits;
	(void)woken;
	return false;
}

#endif
