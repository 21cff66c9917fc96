/* SPDX-License-Identifier: BSD-2-Clause */
#include <config.h>

#include "process.h"

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "atomic.h"

#ifdef HAVE_LINUX_PROC

/* Field 22 of /proc/self/stat, in clock ticks since the system started. */
static long long start_ticks(void)
{
	char text[1024];
	long long ticks = -1;
	FILE *file = fopen("/proc/self/stat", "re");

	if (!file)
		return -1;

	size_t size = fread(text, 1, sizeof(text) - 1, file);

	fclose(file);
	text[size] = '\0';

	/* The name in field 2 can contain anything, also ") ". */
	char *field = strrchr(text, ')');

	for (int i = 2; field && i < 22; i++)
		field = strchr(field + 1, ' ');
	if (field)
		ticks = strtoll(field, NULL, 10);
	return ticks;
}

static int64_t read_start_time(void)
{
	struct timespec up;
	long long ticks = start_ticks();
	long hertz = sysconf(_SC_CLK_TCK);

	if (ticks < 0 || hertz <= 0 || clock_gettime(CLOCK_BOOTTIME, &up) < 0)
		return 0;
	return svshm__process_time() - (int64_t)up.tv_sec + ticks / hertz;
}

/* Lines "from-to perms offset device INODE /SYSV...": the inode is the id. */
uint64_t svshm__process_mappings(int segment_id)
{
	char line[512];
	uint64_t count = 0;
	FILE *file = fopen("/proc/self/maps", "re");

	if (!file)
		return 0;
	while (fgets(line, sizeof(line), file)) {
		char *field = line;

		for (int i = 0; field && i < 4; i++)
			field = strchr(field + 1, ' ');
		if (field && strstr(field, " /SYSV") &&
		    strtol(field, NULL, 10) == segment_id)
			count++;
		/* The rest of an overlong line: no digits to be taken for an
		   inode may start the next. */
		while (!strchr(line, '\n') && fgets(line, sizeof(line), file))
			;
	}
	fclose(file);
	return count;
}

/* The number of the namespace that all others are below: the kernel's
   PROC_PID_INIT_INO. */
bool svshm__process_sees_all(void)
{
	struct stat status;

	return stat("/proc/self/ns/pid", &status) == 0 &&
	       status.st_ino == 0xEFFFFFFC;
}

#else

static int64_t read_start_time(void)
{
	return 0;
}

uint64_t svshm__process_mappings(int segment_id)
{
	(void)segment_id;
	return 0;
}

bool svshm__process_sees_all(void)
{
	return false;
}

#endif

/*
 * Reading it takes longer than all the rest of an attach, so it is read once a
 * process. Two threads that come here at once store the same, and read_by last.
 * (32 bits last until 2106; people read it.)
 */
int64_t svshm__process_start_time(void)
{
	static uint32_t read_by;
	static uintptr_t start_time;
	uint32_t self = (uint32_t)getpid();

	if (svshm__load(&read_by) != self) {
		svshm__store_relaxed(&start_time, (uintptr_t)read_start_time());
		svshm__store(&read_by, self);
	}
	return (int64_t)svshm__load_relaxed(&start_time);
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

int64_t svshm__process_clock(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int64_t svshm__process_tick(void)
{
#ifdef CLOCK_MONOTONIC_COARSE
	struct timespec now;

	if (clock_gettime(CLOCK_MONOTONIC_COARSE, &now) == 0)
		return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
#endif
	return svshm__process_clock() / 4;
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

int64_t svshm__process_time(void)
{
	return (int64_t)time(NULL);
}

void svshm__process_pause(int milliseconds)
{
	struct timespec pause = { milliseconds / 1000,
				  (milliseconds % 1000) * 1000000L };

	nanosleep(&pause, NULL);
}
