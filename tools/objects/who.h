/* SPDX-License-Identifier: BSD-2-Clause */
/* Who has an object mapped, and what its maker has to do with them. */
#ifndef SVSHM_TOOL_OBJECTS_WHO_H
#define SVSHM_TOOL_OBJECTS_WHO_H

#include <sys/types.h>

#include "objects/mappers.h"

#include "svshm.h"

enum maker { MAKER_UNKNOWN, MAKER_ALIVE, MAKER_DEAD };

/* What a process that has a segment mapped is to the one that made it. */
enum relation {
	RELATION_NONE,    /* or it can't be told */
	RELATION_MAKER,
	RELATION_CHILD,   /* of the living maker */
	RELATION_ORPHAN,  /* the dead maker's child */
	RELATION_ADOPTED  /* somebody's who has died: perhaps the maker's */
};

struct who {
	enum maker maker;
	pid_t maker_pid;
	struct mappers mappers;
	enum relation *relations; /* one for each of them */
};

void who_find(struct who *who, const struct svshm_object *object);
void who_print(const struct who *who);
void who_json(const struct who *who);
void who_free(struct who *who);

#endif
