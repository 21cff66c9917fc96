/* SPDX-License-Identifier: BSD-2-Clause */
/* Processes: who has a segment mapped. */
#ifndef SVSHM_TOOL_OBJECTS_MAPPERS_H
#define SVSHM_TOOL_OBJECTS_MAPPERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct mapper {
	pid_t pid;
	pid_t parent, group, session; /* 0: not known */
	pid_t parent_session;
	uid_t uid;
	int64_t start_time; /* 0: not known */
	bool writable;
	char command[64];
	char *command_line; /* NULL: not known; of mappers_find() only */
};

struct mappers {
	bool known;        /* this system can tell */
	size_t count;
	struct mapper *list;
	size_t unreadable; /* processes that the caller may not look into */
};

void mappers_find(struct mappers *mappers, int segment_id);
void mappers_free(struct mappers *mappers);

/*
 * A process of this pid: its user, start and command. False: there is none that
 * still does anything, or it can't be told.
 */
bool mapper_look(struct mapper *mapper, pid_t pid);

#endif
