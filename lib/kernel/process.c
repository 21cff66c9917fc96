/* SPDX-License-Identifier: BSD-2-Clause */
#include <config.h>

#include "kernel/process.h"

#include <dirent.h>
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/atomic.h"

bool svshm__process_exists(pid_t pid)
{
	return kill(pid, 0) == 0 || errno != ESRCH;
}

#ifdef __linux__

/* Fields 3, 4, 20 and 22 of /proc/PID/stat: state, parent, threads, ticks from
   the boot to the start. The name in field 2 can contain anything, also ") ". */
bool svshm__process_stat(const char *pid, struct svshm__process_stat *stat)
{
	char path[64], text[1024];
	unsigned long long start_ticks;
	long parent;

	snprintf(path, sizeof(path), "/proc/%.20s/stat", pid);

	FILE *file = fopen(path, "re");

	if (!file)
		return false;

	size_t size = fread(text, 1, sizeof(text) - 1, file);

	fclose(file);
	text[size] = '\0';

	char *field = strrchr(text, ')');

	if (!field || sscanf(field, ") %c %ld", &stat->state, &parent) != 2)
		return false;
	for (int i = 2; field && i < 20; i++)
		field = strchr(field + 1, ' ');
	if (!field || sscanf(field, "%ld %*s %llu", &stat->threads,
			     &start_ticks) != 2)
		return false;
	stat->parent = (pid_t)parent;
	stat->start_ticks = start_ticks;
	return true;
}

int64_t svshm__process_ticks_time(uint64_t ticks)
{
	struct timespec up;
	long hertz = sysconf(_SC_CLK_TCK);

	if (hertz <= 0 || clock_gettime(CLOCK_BOOTTIME, &up) < 0)
		return 0;
	return svshm__process_time() - (int64_t)up.tv_sec +
	       (int64_t)(ticks / (uint64_t)hertz);
}

#else

bool svshm__process_stat(const char *pid, struct svshm__process_stat *stat)
{
	(void)pid, (void)stat;
	return false;
}

int64_t svshm__process_ticks_time(uint64_t ticks)
{
	(void)ticks;
	return 0;
}

#endif

#ifdef HAVE_LINUX_PROC

static uint32_t read_pid_space(void)
{
	struct stat status;

	return stat("/proc/self/ns/pid", &status) == 0 ?
		(uint32_t)status.st_ino : 0;
}

static void read_self(struct svshm__process_self *self)
{
	struct svshm__process_stat stat;

	self->start_time = 0;
	self->start_ticks = 0;
	self->pid_space = 0;
	if (!svshm__process_stat("self", &stat))
		return;
	self->start_ticks = stat.start_ticks;
	self->start_time = svshm__process_ticks_time(stat.start_ticks);
	self->pid_space = read_pid_space();
}

/*
 * Lines "from-to perms offset device INODE /SYSV...": the inode is the id.
 * Pieces, or, with WRITABLE, pieces that can be written to.
 */
static uint64_t count_mappings(const char *pid, int segment_id, bool writable,
			       bool *readable)
{
	char path[64], line[512];
	uint64_t count = 0;

	snprintf(path, sizeof(path), "/proc/%.20s/maps", pid);

	FILE *file = fopen(path, "re");

	*readable = file || errno == ENOENT || errno == ESRCH;
	if (!file)
		return 0;
	while (fgets(line, sizeof(line), file)) {
		char *permissions = strchr(line, ' '), *field = permissions;

		for (int i = 1; field && i < 4; i++)
			field = strchr(field + 1, ' ');
		if (field && strstr(field, " /SYSV") &&
		    strtol(field, NULL, 10) == segment_id)
			count += !writable || permissions[2] == 'w';
		/* The rest of an overlong line: no digits to be taken for an
		   inode may start the next. */
		while (!strchr(line, '\n') && fgets(line, sizeof(line), file))
			;
	}
	fclose(file);
	return count;
}

/*
 * This process's number in /proc: another one than its pid, where a pid
 * namespace was made without a /proc of its own. 0: not known.
 */
static long number_in_proc(void)
{
	char text[24];
	ssize_t length = readlink("/proc/self", text, sizeof(text) - 1);

	if (length <= 0)
		return 0;
	text[length] = '\0';
	return atol(text);
}

/*
 * The kernel takes a process's mappings away before it applies what is undone,
 * so who has lost its slot by dying has none. With a leader that has ended, its
 * other threads may go on.
 */
enum svshm__fate svshm__process_fate(int64_t pid, uint64_t start_ticks,
				     uint32_t pid_space, int segment_id)
{
	struct svshm__process_self self;
	struct svshm__process_stat stat;
	bool readable;
	char text[24];

	svshm__process_self(&self);
	if (pid <= 0 || pid > INT32_MAX || !start_ticks || !pid_space ||
	    pid_space != self.pid_space)
		return SVSHM__FATE_UNKNOWN;
	if (!svshm__process_exists((pid_t)pid))
		return SVSHM__FATE_DEAD;
	snprintf(text, sizeof(text), "%ld", (long)pid);
	/* Hidden from us, or just gone; or /proc tells of other pids. */
	if (number_in_proc() != (long)getpid() ||
	    !svshm__process_stat(text, &stat))
		return SVSHM__FATE_UNKNOWN;
	if (stat.start_ticks != start_ticks ||
	    ((stat.state == 'Z' || stat.state == 'X') && stat.threads <= 1))
		return SVSHM__FATE_DEAD;
	if (segment_id < 0)
		return SVSHM__FATE_ALIVE;
	return count_mappings(text, segment_id, false, &readable) ||
			       !readable ?
		SVSHM__FATE_ALIVE : SVSHM__FATE_DEAD;
}

uint64_t svshm__process_mappings(int segment_id)
{
	bool readable;

	return count_mappings("self", segment_id, false, &readable);
}

/* Kernel threads have no memory, but their maps may not be read either. */
pid_t svshm__process_writer(int segment_id, uint64_t ours, bool *complete)
{
	DIR *directory = opendir("/proc");
	struct dirent *entry;
	long us = number_in_proc();
	pid_t found = 0;
	bool init = false;

	*complete = directory != NULL && svshm__process_sees_all();
	while (directory && !found && (entry = readdir(directory))) {
		const char *pid = entry->d_name;
		bool readable, self = atol(pid) == us;

		if (*pid < '0' || *pid > '9')
			continue;
		init |= strcmp(pid, "1") == 0;
		if (count_mappings(pid, segment_id, true, &readable) >
		    (self ? ours : 0))
			found = self ? getpid() : (pid_t)atol(pid);
		if (!readable)
			*complete = false;
	}
	if (directory)
		closedir(directory);
	/* Others' processes may be hidden. */
	if (!init)
		*complete = false;
	return found;
}

/* The number of the namespace that all others are below: the kernel's
   PROC_PID_INIT_INO. */
bool svshm__process_sees_all(void)
{
	return read_pid_space() == 0xEFFFFFFC;
}

#else

static void read_self(struct svshm__process_self *self)
{
	memset(self, 0, sizeof(*self));
}

/* A pid that exists may be another's by now; one that does not may be in a
   jail that this process does not see. */
enum svshm__fate svshm__process_fate(int64_t pid, uint64_t start_ticks,
				     uint32_t pid_space, int segment_id)
{
	(void)pid, (void)start_ticks, (void)pid_space, (void)segment_id;
	return SVSHM__FATE_UNKNOWN;
}

uint64_t svshm__process_mappings(int segment_id)
{
	(void)segment_id;
	return 0;
}

pid_t svshm__process_writer(int segment_id, uint64_t ours, bool *complete)
{
	(void)segment_id, (void)ours;
	*complete = false;
	return 0;
}

bool svshm__process_sees_all(void)
{
	return false;
}

#endif

/*
 * To read it takes longer than all the rest of an attach, so it is read once a
 * process. A forked child is another one, and the mutex may have been
 * another thread's as it was forked: so it has none, but a row of words that are
 * valid once read_by names this process. Two threads that come here at once
 * store the same.
 */
void svshm__process_self(struct svshm__process_self *self)
{
	static uint32_t read_by, words[5];
	pid_t us = getpid();
	uint32_t pid = (uint32_t)us;

	self->pid = us;
	if (svshm__load(&read_by) != pid) {
		read_self(self);
		svshm__store(&words[0], (uint32_t)self->start_time);
		svshm__store(&words[1],
			     (uint32_t)((uint64_t)self->start_time >> 32));
		svshm__store(&words[2], (uint32_t)self->start_ticks);
		svshm__store(&words[3], (uint32_t)(self->start_ticks >> 32));
		svshm__store(&words[4], self->pid_space);
		svshm__store(&read_by, pid);
		return;
	}
	self->start_time = (int64_t)((uint64_t)svshm__load(&words[1]) << 32 |
				     svshm__load(&words[0]));
	self->start_ticks = (uint64_t)svshm__load(&words[3]) << 32 |
			    svshm__load(&words[2]);
	self->pid_space = svshm__load(&words[4]);
}

void svshm__process_name(char *name, size_t size)
{
	memset(name, 0, size);
#if defined(HAVE_GETPROGNAME)
	snprintf(name, size, "%s", getprogname());
#elif defined(__GLIBC__)
	snprintf(name, size, "%s", program_invocation_short_name);
#elif defined(HAVE_LINUX_PROC)
	FILE *file = fopen("/proc/self/comm", "re");

	if (!file)
		return;
	if (fgets(name, (int)size, file))
		name[strcspn(name, "\n")] = '\0';
	fclose(file);
#endif
}

static bool ask_parallel(void)
{
#ifdef HAVE_SCHED_GETAFFINITY
	cpu_set_t set;

	if (sched_getaffinity(0, sizeof(set), &set) == 0)
		return CPU_COUNT(&set) > 1;
#endif
#ifdef _SC_NPROCESSORS_ONLN
	return sysconf(_SC_NPROCESSORS_ONLN) != 1;
#else
	return true;
#endif
}

/* Asked once: two threads that come here at once store the same. */
bool svshm__process_parallel(void)
{
	static uintptr_t answer;
	enum { UNASKED, SINGLE, PARALLEL };

	if (svshm__load_relaxed(&answer) == UNASKED)
		svshm__store_relaxed(&answer,
				     ask_parallel() ? PARALLEL : SINGLE);
	return svshm__load_relaxed(&answer) == PARALLEL;
}

int svshm__cancel_forbidden(void)
{
	int state;

	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &state);
	return state;
}

void svshm__cancel_allowed(int state)
{
	pthread_setcancelstate(state, NULL);
}
