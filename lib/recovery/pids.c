/* SPDX-License-Identifier: BSD-2-Clause */
#include <config.h>

#include "recovery/pids.h"

#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "kernel/process.h"

/* Each of the clocks and counters drops what is less than its unit. */
#define ROUNDING 2

#ifdef __linux__

/* When the system was started, seconds since the Epoch as the clock is now. */
static int64_t boot_time(void)
{
	struct timespec up;

	if (clock_gettime(CLOCK_BOOTTIME, &up) < 0)
		return 0;
	return (int64_t)time(NULL) - (int64_t)up.tv_sec;
}

/* False: it can't be read, or it is nonsense. */
static bool read_stat(const char *pid, char *state,
		      struct svshm__process_seen *seen)
{
	struct svshm__process_stat stat;

	if (!svshm__process_stat(pid, &stat))
		return false;
	*state = stat.state;
	seen->parent = stat.parent;
	seen->start_time = svshm__process_ticks_time(stat.start_ticks);
	return true;
}

/* Does the process exist, and since when? A zombie uses nothing any more. */
static bool look(pid_t pid, int64_t *start_time)
{
	struct svshm__process_seen seen;
	char text[24], state;

	*start_time = 0;
	if (kill(pid, 0) < 0 && errno == ESRCH)
		return false;
	snprintf(text, sizeof(text), "%ld", (long)pid);
	if (!read_stat(text, &state, &seen))
		return true;
	*start_time = seen.start_time;
	return state != 'Z' && state != 'X';
}

static bool is_old(int64_t start_time, int64_t time)
{
	return start_time <= time + ROUNDING || start_time == 0 || time == 0 ||
	       time < boot_time() - ROUNDING;
}

/* One more process; false: no memory. */
static bool note(struct svshm__pids *pids, const char *pid)
{
	struct svshm__process_seen seen = { .pid = (pid_t)atol(pid) };
	struct stat status;
	char path[64], state;

	snprintf(path, sizeof(path), "/proc/%.20s", pid);
	if (stat(path, &status) < 0)
		return true;
	seen.uid = status.st_uid;
	/* Not to be read: of unknown age, so it will count as old. */
	if (read_stat(pid, &state, &seen) && (state == 'Z' || state == 'X'))
		return true;
	if ((pids->count & (pids->count - 1)) == 0) {
		size_t room = pids->count ? 2 * pids->count : 1;
		struct svshm__process_seen *all =
			realloc(pids->all, room * sizeof(*all));

		if (!all)
			return false;
		pids->all = all;
	}
	pids->all[pids->count++] = seen;
	return true;
}

/*
 * The first pid namespace has all processes, every other one only its own; and
 * these may share the objects with others, as the containers of a pod do. Linux
 * gives the first one always the same number.
 */
static bool sees_all(void)
{
	static const char first[] = "pid:[4026531836]";
	char link[sizeof(first)];

	return readlink("/proc/self/ns/pid", link, sizeof(link)) ==
		       (ssize_t)sizeof(first) - 1 &&
	       memcmp(link, first, sizeof(first) - 1) == 0;
}

/*
 * All processes. Those of others may be hidden (hidepid): if init is, the list
 * proves nothing.
 */
static void list(struct svshm__pids *pids)
{
	DIR *directory = opendir("/proc");
	struct dirent *entry;
	bool complete = directory != NULL && sees_all(), init = false;

	pids->listed = true;
	while (complete && (entry = readdir(directory))) {
		if (entry->d_name[0] < '0' || entry->d_name[0] > '9')
			continue;
		init |= strcmp(entry->d_name, "1") == 0;
		complete = note(pids, entry->d_name);
	}
	if (directory)
		closedir(directory);
	if (complete && init)
		return;
	free(pids->all);
	pids->all = NULL;
	pids->count = 0;
}

#else

static bool look(pid_t pid, int64_t *start_time)
{
	*start_time = 0;
	return kill(pid, 0) == 0 || errno != ESRCH;
}

static bool is_old(int64_t start_time, int64_t time)
{
	(void)start_time, (void)time;
	return true;
}

static void list(struct svshm__pids *pids)
{
	pids->listed = true;
}

#endif

void svshm__pids_free(struct svshm__pids *pids)
{
	free(pids->all);
	pids->all = NULL;
}

#define LIST_KEPT (1000 * SVSHM__MILLISECOND)

void svshm__pids_renew(struct svshm__pids *pids, int64_t time)
{
	memset(pids->kept, 0, sizeof(pids->kept));
	if (!pids->listed ||
	    (svshm__process_now() - pids->listed_at < LIST_KEPT &&
	     time + 2 * ROUNDING < pids->listed_time))
		return;
	svshm__pids_free(pids);
	pids->listed = pids->answered = false;
	pids->count = 0;
}

enum svshm__life svshm__pids_of(struct svshm__pids *pids, pid_t pid,
				int64_t time)
{
	size_t place = (size_t)pid % SVSHM__PIDS_KEPT;

	/* 0: of another pid namespace. */
	if (pid <= 0)
		return SVSHM__LIFE_UNKNOWN;
	if (pids->kept[place].pid != pid) {
		pids->kept[place].pid = pid;
		pids->kept[place].exists =
			look(pid, &pids->kept[place].start_time);
	}
	if (!pids->kept[place].exists ||
	    !is_old(pids->kept[place].start_time, time))
		return SVSHM__LIFE_DEAD;
	return SVSHM__LIFE_ALIVE;
}

static bool has_child_of(const struct svshm__pids *pids, pid_t pid, uid_t uid)
{
	for (size_t i = 0; i < pids->count; i++)
		if (pids->all[i].parent == pid && pids->all[i].uid == uid)
			return true;
	return false;
}

static bool may_be_maker(const struct svshm__pids *pids,
			 const struct svshm__process_seen *one, uid_t user,
			 uid_t creator)
{
	bool handed_on = creator == 0 && user != 0;

	if (one->pid == getpid())
		return false;
	if (one->uid == user || (one->uid == creator && !handed_on))
		return true;
	/* Init, too, which adopts others' children: in a container, it can be
	   the server itself. */
	return handed_on && has_child_of(pids, one->pid, user);
}

/* Of unknown age is the oldest of all. */
static void find_eldest(struct svshm__pids *pids, uid_t user, uid_t creator)
{
	pids->user = user;
	pids->creator = creator;
	pids->answered = true;
	pids->eldest = NULL;
	for (size_t i = 0; i < pids->count; i++) {
		const struct svshm__process_seen *one = &pids->all[i];

		if ((!pids->eldest ||
		     one->start_time < pids->eldest->start_time) &&
		    may_be_maker(pids, one, user, creator))
			pids->eldest = one;
	}
}

enum svshm__life svshm__pids_older(struct svshm__pids *pids, uid_t user,
				   uid_t creator, int64_t time, pid_t *pid)
{
	if (!pids->listed) {
		pids->listed_time = svshm__process_time();
		pids->listed_at = svshm__process_now();
		list(pids);
	}
	if (!pids->all)
		return SVSHM__LIFE_UNKNOWN;
	if (!pids->answered || user != pids->user || creator != pids->creator)
		find_eldest(pids, user, creator);
	if (!pids->eldest || !is_old(pids->eldest->start_time, time))
		return SVSHM__LIFE_DEAD;
	*pid = pids->eldest->pid;
	return SVSHM__LIFE_ALIVE;
}
