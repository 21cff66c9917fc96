/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A world with the limits of all systems at once, for LD_PRELOAD on Linux:
 * .ci/run builds the library as it is built elsewhere, and runs the whole suite
 * in it. What a system does not have, or does otherwise:
 *
 *   HP-UX            a second shmat() of a segment by a process, which its
 *                    children inherit: EINVAL; mprotect() of a segment: EINVAL
 *   HP-UX, macOS,    shmat() and IPC_STAT of a segment that was removed but is
 *   NetBSD           still mapped: EINVAL
 *   FreeBSD, OpenBSD, macOS
 *                    no semtimedop(); shmctl(SHM_LOCK): EINVAL
 *   all but Linux    SHM_STAT, SHM_INFO, IPC_INFO, SEM_STAT, SEM_INFO: EINVAL,
 *                    though the macros are there (FreeBSD)
 *   macOS            5 operations in a semop(), 10 undo entries a process
 *   NetBSD, OpenBSD  10 sets, 60 semaphores; sem_otime is never set
 *   all BSDs, macOS  shmget() of a segment that exists but is smaller, semget()
 *                    of a set with fewer semaphores: EINVAL, also with IPC_EXCL
 *   OpenBSD          semget() with IPC_CREAT of a set that exists, while there is
 *                    no room for another: ENOSPC
 *   all BSDs         over shmall: ENOMEM
 *
 * SMALLWORLD=list: SHM_STAT and its kind work, for a build that takes them for
 * another system's way to list (tests/worlds/hpux); sets and semaphores are few then.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/syscall.h>
#include <unistd.h>

#define REAL(name) ((__typeof__(&(name)))dlsym(RTLD_NEXT, #name))

static int fail(int errnum)
{
	errno = errnum;
	return -1;
}

static long real_shmctl(int id, int command, void *buffer)
{
	return syscall(SYS_shmctl, id, command, buffer);
}

/* ---- Attachments --------------------------------------------------------- */

/* A child inherits the table, as it does the mappings. Entries are claimed by
   compare-and-swap: a fork may come at any time. */
#define ATTACHMENTS 512
static struct attachment {
	uint32_t claimed;
	int id;
	uintptr_t address;
	size_t size;
} attachments[ATTACHMENTS];

static bool is_attached(int id)
{
	for (size_t i = 0; i < ATTACHMENTS; i++)
		if (attachments[i].address && attachments[i].id == id)
			return true;
	return false;
}

static void note_attachment(int id, void *address, size_t size)
{
	for (size_t i = 0; i < ATTACHMENTS; i++) {
		struct attachment *entry = &attachments[i];
		uint32_t unclaimed = 0;

		if (!__atomic_compare_exchange_n(&entry->claimed, &unclaimed, 1,
						 false, __ATOMIC_ACQ_REL,
						 __ATOMIC_RELAXED))
			continue;
		entry->id = id;
		entry->size = size;
		__atomic_store_n(&entry->address, (uintptr_t)address,
				 __ATOMIC_RELEASE);
		return;
	}
	abort();
}

/* 0: it is there, and not removed. */
static int look(int id, struct shmid_ds *status)
{
	if (real_shmctl(id, IPC_STAT, status) < 0)
		return -1;
	return status->shm_perm.mode & SHM_DEST ? fail(EINVAL) : 0;
}

void *shmat(int id, const void *address, int flags)
{
	struct shmid_ds status;
	void *result;

	if (is_attached(id) ||
	    (real_shmctl(id, IPC_STAT, &status) == 0 &&
	     (status.shm_perm.mode & SHM_DEST))) {
		errno = EINVAL;
		return (void *)-1;
	}
	result = (void *)syscall(SYS_shmat, id, address, flags);
	if (result != (void *)-1)
		note_attachment(id, result, status.shm_segsz);
	return result;
}

int shmdt(const void *address)
{
	for (size_t i = 0; i < ATTACHMENTS; i++) {
		struct attachment *entry = &attachments[i];

		if (entry->address != (uintptr_t)address)
			continue;
		entry->address = 0;
		__atomic_store_n(&entry->claimed, 0, __ATOMIC_RELEASE);
		break;
	}
	return (int)syscall(SYS_shmdt, address);
}

int mprotect(void *address, size_t size, int protection)
{
	uintptr_t start = (uintptr_t)address;

	for (size_t i = 0; i < ATTACHMENTS; i++)
		if (attachments[i].address &&
		    start < attachments[i].address + attachments[i].size &&
		    start + size > attachments[i].address)
			return fail(EINVAL);
	return (int)syscall(SYS_mprotect, address, size, protection);
}

/* ---- Segments ------------------------------------------------------------ */

static bool may_list(void)
{
	const char *wish = getenv("SMALLWORLD");

	return wish && strcmp(wish, "list") == 0;
}

int shmctl(int id, int command, struct shmid_ds *buffer)
{
	struct shmid_ds status;

	switch (command) {
	case IPC_INFO:
	case SHM_INFO:
	case SHM_STAT:
	case SHM_STAT_ANY:
		return may_list() ? (int)real_shmctl(id, command, buffer) :
				    fail(EINVAL);
	case SHM_LOCK:
		return fail(EINVAL);
	case IPC_STAT:
		return look(id, buffer);
	case IPC_SET:
		if (real_shmctl(id, IPC_STAT, &status) == 0 &&
		    look(id, &status) < 0)
			return -1;
	}
	return (int)real_shmctl(id, command, buffer);
}

int shmget(key_t key, size_t size, int flags)
{
	int id = (int)syscall(SYS_shmget, key, size, flags), other;
	int errnum = errno;
	struct shmid_ds status;
	struct shm_info used;
	struct shminfo limits;

	if (id >= 0)
		return id;
	if (errnum == EEXIST) {
		other = (int)syscall(SYS_shmget, key, 0, 0);
		if (other >= 0 && real_shmctl(other, IPC_STAT, &status) == 0 &&
		    status.shm_segsz < size)
			return fail(EINVAL);
	}
	if (errnum == ENOSPC && real_shmctl(0, SHM_INFO, &used) >= 0 &&
	    real_shmctl(0, IPC_INFO, &limits) >= 0 &&
	    (unsigned long)used.used_ids < limits.shmmni)
		return fail(ENOMEM);
	return fail(errnum);
}

/* ---- Semaphores ---------------------------------------------------------- */

#define UNDO_ENTRIES 10
static struct undo {
	int id, semaphore, adjustment;
} undo[UNDO_ENTRIES];
static pid_t undo_of;
static uint32_t undo_lock;

static struct undo *find_undo(struct undo *table, int id, int semaphore)
{
	struct undo *unused = NULL;

	for (size_t i = 0; i < UNDO_ENTRIES; i++) {
		if (table[i].adjustment && table[i].id == id &&
		    table[i].semaphore == semaphore)
			return &table[i];
		if (!table[i].adjustment)
			unused = &table[i];
	}
	if (unused) {
		unused->id = id;
		unused->semaphore = semaphore;
	}
	return unused;
}

/* With the entries of sets that have gone given back. */
static void sweep(void)
{
	struct semid_ds status;

	for (size_t i = 0; i < UNDO_ENTRIES; i++)
		if (undo[i].adjustment &&
		    syscall(SYS_semctl, undo[i].id, 0, IPC_STAT, &status) < 0 &&
		    errno != EACCES)
			undo[i].adjustment = 0;
}

/* What the table would be after these operations; false: it is too small. */
static bool add_undo(struct undo *table, int id,
		     const struct sembuf *operations, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct undo *entry;

		if (!(operations[i].sem_flg & SEM_UNDO))
			continue;
		entry = find_undo(table, id, operations[i].sem_num);
		if (!entry)
			return false;
		entry->adjustment -= operations[i].sem_op;
	}
	return true;
}

static void lock_undo(void)
{
	uint32_t owner = 0;
	uint32_t self = (uint32_t)getpid();

	/* A lock that a fork has copied is nobody's. */
	while (!__atomic_compare_exchange_n(&undo_lock, &owner, self, false,
					    __ATOMIC_ACQ_REL,
					    __ATOMIC_RELAXED)) {
		if (owner != self)
			__atomic_compare_exchange_n(&undo_lock, &owner, 0,
						    false, __ATOMIC_ACQ_REL,
						    __ATOMIC_RELAXED);
		owner = 0;
		sched_yield();
	}
	/* fork() does not copy undo entries. */
	if (undo_of != getpid())
		memset(undo, 0, sizeof(undo));
	undo_of = getpid();
}

static void unlock_undo(void)
{
	__atomic_store_n(&undo_lock, 0, __ATOMIC_RELEASE);
}

int semget(key_t key, int count, int flags)
{
	int id = (int)syscall(SYS_semget, key, count, flags), other;
	int errnum = errno;
	struct semid_ds status;
	struct seminfo used, limits;

	if (id >= 0 || errnum != EEXIST)
		return id;
	other = (int)syscall(SYS_semget, key, 0, 0);
	if (other >= 0 &&
	    syscall(SYS_semctl, other, 0, IPC_STAT, &status) == 0 &&
	    (int)status.sem_nsems < count)
		return fail(EINVAL);
	if (syscall(SYS_semctl, 0, 0, SEM_INFO, &used) >= 0 &&
	    syscall(SYS_semctl, 0, 0, IPC_INFO, &limits) >= 0 &&
	    (used.semusz >= limits.semmni ||
	     used.semaem + count > limits.semmns))
		return fail(ENOSPC);
	return fail(errnum);
}

int semop(int id, struct sembuf *operations, size_t count)
{
	struct undo after[UNDO_ENTRIES];
	bool fits;
	int result, errnum;

	if (count > 5)
		return fail(E2BIG);
	lock_undo();
	sweep();
	memcpy(after, undo, sizeof(after));
	fits = add_undo(after, id, operations, count);
	unlock_undo();
	if (!fits)
		return fail(EINVAL);
	result = (int)syscall(SYS_semtimedop, id, operations, count, NULL);
	errnum = errno;
	if (result == 0) {
		lock_undo();
		add_undo(undo, id, operations, count);
		unlock_undo();
	}
	errno = errnum;
	return result;
}

int semtimedop(int id, struct sembuf *operations, size_t count,
	       const struct timespec *timeout)
{
	(void)id, (void)operations, (void)count, (void)timeout;
	return fail(ENOSYS);
}

int semctl(int id, int number, int command, ...)
{
	va_list arguments;
	void *argument;
	int result;

	va_start(arguments, command);
	argument = va_arg(arguments, void *);
	va_end(arguments);
	switch (command) {
	case IPC_INFO:
	case SEM_INFO:
	case SEM_STAT:
	case SEM_STAT_ANY:
		if (!may_list())
			return fail(EINVAL);
	}
	result = (int)syscall(SYS_semctl, id, number, command, argument);
	if (result >= 0 && command == IPC_STAT)
		((struct semid_ds *)argument)->sem_otime = 0;
	return result;
}

/* ---- Namespaces ---------------------------------------------------------- */

/* Each has limits of its own, in which a test finds itself from then on. */
int unshare(int flags)
{
	static const char limits[] = "60 60 5 10";
	int result = REAL(unshare)(flags), file;

	/* Who cannot list has no way to find what the dead left: those systems
	   have room for more. */
	if (result < 0 || !(flags & CLONE_NEWIPC) || !may_list())
		return result;
	file = open("/proc/sys/kernel/sem", O_WRONLY | O_CLOEXEC);
	if (file < 0 ||
	    write(file, limits, sizeof(limits) - 1) != sizeof(limits) - 1)
		abort();
	close(file);
	return result;
}
