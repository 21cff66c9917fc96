/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Who has a segment mapped, registered or not, svshm's or not. On Linux
 * /proc/PID/maps shows a System V segment as "/SYSVkkkkkkkk" with the segment's
 * id in the inode column. Other systems have no public interface for it.
 */
#include <config.h>

#include <stdlib.h>

#include "objects/mappers.h"

#ifdef __linux__

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "common/memory.h"
#include "common/text.h"

/* Room for the fields before the name and for a short name. */
#define LINE_SIZE 512

/* /proc/PID/NAME, or NULL. */
static FILE *open_file(const char *pid, const char *name)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%.20s/%s", pid, name);
	return fopen(path, "r");
}

static void read_command(const char *pid, struct mapper *mapper)
{
	FILE *file = open_file(pid, "comm");

	mapper->command[0] = '\0';
	if (!file)
		return;
	if (fgets(mapper->command, sizeof(mapper->command), file))
		mapper->command[strcspn(mapper->command, "\n")] = '\0';
	fclose(file);
}

/* The time that was so many ticks after the boot. */
static int64_t time_of_ticks(long long ticks)
{
	struct timespec up;
	long hertz = sysconf(_SC_CLK_TCK);

	if (hertz <= 0 || clock_gettime(CLOCK_BOOTTIME, &up) != 0)
		return 0;
	return (int64_t)time(NULL) - (int64_t)up.tv_sec + ticks / hertz;
}

/*
 * From /proc/PID/stat: relatives, and field 22, the start, in ticks from the
 * boot. False: there is none, or it has ended, but its parent has not waited
 * for it yet.
 */
static bool read_stat(const char *pid, struct mapper *mapper)
{
	char text[1024], state;
	long parent, group, session;
	long long ticks;
	FILE *file = open_file(pid, "stat");

	if (!file)
		return false;
	size_t size = fread(text, 1, sizeof(text) - 1, file);

	fclose(file);
	text[size] = '\0';
	/* The name in field 2 can contain anything, also ") ". */
	const char *field = strrchr(text, ')');

	if (!field || sscanf(field + 1, " %c %ld %ld %ld %*s %*s %*s %*s %*s "
			     "%*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %lld",
			     &state, &parent, &group, &session, &ticks) != 5)
		return true;
	mapper->parent = (pid_t)parent;
	mapper->group = (pid_t)group;
	mapper->session = (pid_t)session;
	mapper->start_time = time_of_ticks(ticks);
	return state != 'Z' && state != 'X';
}

bool mapper_look(struct mapper *mapper, pid_t pid)
{
	struct stat status;
	char number[24], path[64];

	*mapper = (struct mapper){ .pid = pid };
	snprintf(number, sizeof(number), "%ld", (long)pid);
	snprintf(path, sizeof(path), "/proc/%s", number);
	if (stat(path, &status) != 0 || !read_stat(number, mapper))
		return false;
	mapper->uid = status.st_uid;
	read_command(number, mapper);
	return true;
}

/* People may know it by that: servers write into it what they do. */
static char *read_command_line(const char *pid)
{
	char text[256];
	FILE *file = open_file(pid, "cmdline");

	if (!file)
		return NULL;
	size_t size = fread(text, 1, sizeof(text) - 1, file);

	fclose(file);
	while (size > 0 && (text[size - 1] == '\0' || text[size - 1] == ' '))
		size--;
	for (size_t i = 0; i < size; i++)
		if (text[i] == '\0')
			text[i] = ' ';
	text[size] = '\0';
	return size ? text_print("%s", text) : NULL;
}

/* What is not asked of everybody, as it takes time. */
static void read_more(const char *pid, struct mapper *mapper)
{
	struct mapper parent;

	mapper->command_line = read_command_line(pid);
	if (mapper->parent > 0 && mapper_look(&parent, mapper->parent))
		mapper->parent_session = parent.session;
}

/*
 * Is PID in our IPC namespace, so that segment ids mean the same? If it can't
 * be told, its maps can't be read either.
 */
static bool same_namespace(const char *pid)
{
	char path[64], ours[64] = "", theirs[64] = "";

	snprintf(path, sizeof(path), "/proc/%.20s/ns/ipc", pid);
	if (readlink("/proc/self/ns/ipc", ours, sizeof(ours) - 1) < 0 ||
	    readlink(path, theirs, sizeof(theirs) - 1) < 0)
		return true;
	return strcmp(ours, theirs) == 0;
}

/*
 * Does the line show the segment? The pages of a svshm object may have more
 * than one line: the header, then the data, which a read-only user has write
 * protected. What lies at the highest offset decides about the access.
 */
static bool parse_line(const char *line, int segment_id,
		       unsigned long long *offset, bool *writable)
{
	char permissions[5];
	unsigned long long inode;
	int end = 0;

	if (sscanf(line, "%*x-%*x %4s %llx %*x:%*x %llu %n", permissions,
		   offset, &inode, &end) != 3 || end == 0)
		return false;
	*writable = permissions[1] == 'w';
	return inode == (unsigned long long)segment_id &&
	       strncmp(line + end, "/SYSV", 5) == 0;
}

static bool read_maps(FILE *maps, int segment_id, struct mapper *mapper)
{
	char line[LINE_SIZE];
	bool found = false, whole_line = true;
	unsigned long long highest = 0;

	while (fgets(line, sizeof(line), maps)) {
		unsigned long long offset;
		bool writable;
		/* What fgets() gives may be the rest of a long line. */
		bool begins = whole_line;

		whole_line = strchr(line, '\n') != NULL;
		if (!begins ||
		    !parse_line(line, segment_id, &offset, &writable))
			continue;
		if (!found || offset > highest) {
			mapper->writable = writable;
			highest = offset;
		} else if (offset == highest) {
			mapper->writable |= writable;
		}
		found = true;
	}
	return found;
}

static void look_at(struct mappers *mappers, const char *pid, int segment_id)
{
	struct mapper mapper = { .pid = (pid_t)strtol(pid, NULL, 10) };

	if (!same_namespace(pid))
		return;
	FILE *maps = open_file(pid, "maps");

	if (!maps) {
		/* Any other error: the process has ended meanwhile. */
		mappers->unreadable += errno == EACCES || errno == EPERM;
		return;
	}
	bool found = read_maps(maps, segment_id, &mapper);

	/* Of some processes it can be opened, but not read. */
	mappers->unreadable += ferror(maps) &&
			       (errno == EACCES || errno == EPERM);
	fclose(maps);
	if (!found)
		return;
	bool writable = mapper.writable;

	if (!mapper_look(&mapper, mapper.pid))
		return;
	mapper.writable = writable;
	read_more(pid, &mapper);
	mappers->list = must_grow(mappers->list, mappers->count,
				  sizeof(*mappers->list));
	mappers->list[mappers->count++] = mapper;
}

void mappers_find(struct mappers *mappers, int segment_id)
{
	*mappers = (struct mappers){ .known = false };
	DIR *directory = opendir("/proc");

	if (!directory)
		return;
	for (;;) {
		const struct dirent *entry = readdir(directory);

		if (!entry)
			break;
		if (!isdigit((unsigned char)entry->d_name[0]))
			continue;
		mappers->known = true;
		/* To look at an object, the library maps it here, too. */
		if (strtol(entry->d_name, NULL, 10) == (long)getpid())
			continue;
		look_at(mappers, entry->d_name, segment_id);
	}
	closedir(directory);
}

#else

void mappers_find(struct mappers *mappers, int segment_id)
{
	(void)segment_id;
	*mappers = (struct mappers){ .known = false };
}

bool mapper_look(struct mapper *mapper, pid_t pid)
{
	*mapper = (struct mapper){ .pid = pid };
	return false;
}

#endif

void mappers_free(struct mappers *mappers)
{
	for (size_t i = 0; i < mappers->count; i++)
		free(mappers->list[i].command_line);
	free(mappers->list);
}
