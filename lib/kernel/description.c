/* SPDX-License-Identifier: BSD-2-Clause */
#include <config.h>

#include "kernel/description.h"

#include <limits.h>
#include <string.h>
#include <sys/stat.h>

void svshm__description_init(struct svshm_object *object)
{
	memset(object, 0, sizeof(*object));
	object->segment_id = -1;
	object->semaphore_id = -1;
	object->uid = (uid_t)-1;
	object->gid = (gid_t)-1;
	object->creator_uid = (uid_t)-1;
	object->mode = (mode_t)-1;
	object->waiters = UINT_MAX;
}

void svshm__description_by_segment(struct svshm_object *object,
				   const struct svshm__segment_status *segment)
{
	if (segment->size == 0) {
		object->mappings = UINT64_MAX;
		return;
	}
	object->uid = segment->uid;
	object->gid = segment->gid;
	object->creator_uid = segment->creator_uid;
	object->mode = segment->mode & 0777;
	object->segment_size = segment->size;
	object->mappings = segment->mappings;
	object->create_time = segment->change_time;
	object->attach_time = segment->attach_time;
	object->detach_time = segment->detach_time;
	object->creator_pid = segment->creator_pid;
	object->last_pid = segment->last_pid;
	object->memory_locked = segment->locked;
}

void svshm__description_by_set(struct svshm_object *object,
			       const struct svshm__set_status *set)
{
	if (set->count == 0)
		return;
	object->uid = set->uid;
	object->gid = set->gid;
	object->creator_uid = set->creator_uid;
	object->mode = set->mode & 0666;
	object->create_time = set->change_time;
}

void svshm__description_by_key_file(struct svshm_object *object,
				    const char *path)
{
	struct stat status;

	if (lstat(path, &status) < 0)
		return;
	object->uid = status.st_uid;
	object->gid = status.st_gid;
	object->mode = status.st_mode & 0777;
	/* It is written to as it is made. */
	object->create_time = (int64_t)status.st_mtime;
}
