/* SPDX-License-Identifier: BSD-2-Clause */
/* What the system does, and its limits: that part of outside.h. */
#include <config.h>

#include "outside.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <unistd.h>

#include "kernel/limits.h"
#include "kernel/segment.h"
#include "kernel/list.h"

/* ---- What the system does ----------------------------------------------- */

bool system_lists(void)
{
	struct svshm__list list;
	int code = svshm__list_segments(&list, NULL);

	svshm__list_free(&list);
	return code == SVSHM_OK;
}

/* What ATTACHED says of a segment that is attached; it may attach it again. */
static bool try_segment(bool (*attached)(int id, void *address, size_t size))
{
	size_t size = 2 * svshm__page_size();
	int id = shmget(IPC_PRIVATE, size, IPC_CREAT | 0600);
	void *address = shmat(id, NULL, 0);

	ck_assert(address != (void *)-1);

	bool result = attached(id, address, size);

	shmdt(address);
	shmctl(id, IPC_RMID, NULL);
	return result;
}

static bool refuses_a_second(int id, void *address, size_t size)
{
	void *second = shmat(id, NULL, 0);

	(void)address, (void)size;
	if (second != (void *)-1)
		shmdt(second);
	return second == (void *)-1;
}

static bool is_protected(int id, void *address, size_t size)
{
	(void)id;
	return mprotect((char *)address + size / 2, size / 2, PROT_READ) == 0;
}

bool system_attaches_once(void)
{
	return try_segment(refuses_a_second);
}

bool system_protects(void)
{
	return try_segment(is_protected);
}

int system_undo_entries(int enough)
{
	int id = semget(IPC_PRIVATE, enough, IPC_CREAT | 0600), entries = 0;
	struct sembuf take = { 0, 1, SEM_UNDO | IPC_NOWAIT };

	ck_assert_int_ge(id, 0);
	while (entries < enough) {
		take.sem_num = (unsigned short)entries;
		if (semop(id, &take, 1) < 0)
			break;
		entries++;
	}
	semctl(id, 0, IPC_RMID);
	return entries;
}

bool system_makes_set(int count)
{
	int id = semget(IPC_PRIVATE, count, IPC_CREAT | 0600);

	return id >= 0 && semctl(id, 0, IPC_RMID) == 0;
}

/* Else an observer can't be told from a child that was forked. */
bool test_skip_without_counted_children(void)
{
#ifdef HAVE_PTHREAD_ATFORK
	return false;
#else
	return test_skip("this system does not tell of forks");
#endif
}

bool test_skip_without_lists(void)
{
	return !system_lists() &&
	       test_skip("the system does not list what there is");
}

bool test_skip_without_protection(void)
{
	return !system_protects() &&
	       test_skip("the system protects no part of a segment");
}

bool test_skip_without_known_limits(void)
{
	return !svshm__limits_are_known(1) &&
	       test_skip("the system does not tell its limits");
}

/* ---- Limits ------------------------------------------------------------- */

#ifdef CLONE_NEWIPC

static bool write_text(const char *path, const char *text)
{
	int descriptor = open(path, O_WRONLY);

	if (descriptor < 0)
		return false;

	bool done = write(descriptor, text, strlen(text)) ==
		    (ssize_t)strlen(text);

	return close(descriptor) == 0 && done;
}

/* A user of a user namespace of his own is root in it. */
static bool own_user_namespace(void)
{
	char uids[64], gids[64];

	snprintf(uids, sizeof(uids), "0 %lu 1", (unsigned long)geteuid());
	snprintf(gids, sizeof(gids), "0 %lu 1", (unsigned long)getegid());
	return unshare(CLONE_NEWUSER | CLONE_NEWIPC) == 0 &&
	       write_text("/proc/self/uid_map", uids) &&
	       write_text("/proc/self/setgroups", "deny") &&
	       write_text("/proc/self/gid_map", gids);
}

bool own_ipc_namespace(void)
{
	if (geteuid() == 0 ? unshare(CLONE_NEWIPC) < 0 : !own_user_namespace())
		return !test_skip("no IPC namespace of its own is permitted");
	return true;
}

void set_limit(const char *name, const char *value)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/sys/kernel/%s", name);
	ck_assert_msg(write_text(path, value), "%s: %s", path,
		      strerror(errno));
}

/* Lines but the heading. */
static unsigned count_lines(const char *path)
{
	FILE *file = fopen(path, "r");
	unsigned lines = 0;
	int c;

	ck_assert_ptr_nonnull(file);
	while ((c = getc(file)) != EOF)
		lines += c == '\n';
	fclose(file);
	return lines - 1;
}

unsigned segments_in_use(void)
{
	return count_lines("/proc/sysvipc/shm");
}

unsigned sets_in_use(void)
{
	return count_lines("/proc/sysvipc/sem");
}

#else

bool own_ipc_namespace(void)
{
	return !test_skip("this system has no IPC namespaces");
}

void set_limit(const char *name, const char *value)
{
	ck_abort_msg("cannot set %s to %s", name, value);
}

unsigned segments_in_use(void)
{
	return 0;
}

unsigned sets_in_use(void)
{
	return 0;
}

#endif
