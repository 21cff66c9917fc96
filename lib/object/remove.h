/* SPDX-License-Identifier: BSD-2-Clause */
/* How an object goes, or is retired. */
#ifndef SVSHM_OBJECT_REMOVE_H
#define SVSHM_OBJECT_REMOVE_H

#include <stdbool.h>
#include <stdint.h>

#include "object/judge.h"

struct svshm__removal {
	int segment_id;               /* -1: there is none */
	struct svshm__turn *turn;     /* NULL: by force, or it has no header */
	const struct svshm__set *set; /* whose gate we are in */
	/* The key file; path NULL: there is none to unlink. */
	const char *path;
	struct svshm__key_identity identity;
	uid_t owner;
	bool alone; /* nobody else can change its directory, or makes objects
		       there: else other keys of the file may lead to some */
	key_t key;  /* 0; or if it leads to another segment by then, the file
		       stays: the name goes on under its next key */
};

/*
 * Inside the gate: segment, key file, set, in this order; the gate goes with the
 * set. Whatever the code of a failure, what has not gone yet stays, and the gate
 * is still ours: SVSHM__RETRY, others have changed the object since we looked at
 * it; SVSHM_PERMISSION_DENIED, with the segment gone: the set is not ours to
 * remove, and the key file stays with it, so that the set's owner finds it.
 */
int svshm__object_remove(const struct svshm__removal *removal,
			 struct svshm__error *error);

/* Only the segment that was judged, in our turn. */
int svshm__object_remove_segment(struct svshm__evidence *evidence,
				 struct svshm__error *error);

/*
 * Inside the gate: mark the object as retired, and, unless others have it mapped
 * (readers, who shall keep what they see), give its pages back.
 */
void svshm__object_retire(struct svshm__header *header, void *data,
			  uint64_t size, bool mapped_by_others);

#endif
