/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What ThreadSanitizer does not know: that a semaphore orders what threads do,
 * and that an address that was given back is another memory when it is had
 * again. .ci/run links this into a build with -fsanitize=thread, where it stands
 * in front of the C library's functions.
 */
#define _GNU_SOURCE
#include <sanitizer/tsan_interface.h>
#include <stddef.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define SETS 64
static char sets[SETS], addresses;

int semtimedop(int id, struct sembuf *operations, size_t count,
	       const struct timespec *timeout)
{
	char *set = &sets[id % SETS];
	int result;

	__tsan_release(set);
	result = (int)syscall(SYS_semtimedop, id, operations, count, timeout);
	__tsan_acquire(set);
	return result;
}

int semop(int id, struct sembuf *operations, size_t count)
{
	return semtimedop(id, operations, count, NULL);
}

void *shmat(int id, const void *address, int flags)
{
	/* On Linux the result is an address, or -1 with errno set. */
	void *result = (void *)syscall(SYS_shmat, id, address, flags);

	__tsan_acquire(&addresses);
	return result;
}

int shmdt(const void *address)
{
	__tsan_release(&addresses);
	return (int)syscall(SYS_shmdt, address);
}
