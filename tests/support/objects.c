/* SPDX-License-Identifier: BSD-2-Clause */
/* What the tests ask about objects of any layout. */
#include <config.h>

#include <string.h>
#include <unistd.h>

#include "support.h"

enum svshm_layout test_layout = SVSHM_LAYOUT_NATIVE;

struct svshm *test_new(const char *key)
{
	struct svshm *handle = svshm_new(key);

	child_assert(handle != NULL);
	child_assert(svshm_set_layout(handle, test_layout) == 0);
	return handle;
}

static int copy_object(const struct svshm_object *from, void *context)
{
	struct test_object *to = context;

	child_assert(from->layout == test_layout);
	memset(to, 0, sizeof(*to));
	to->verdict = from->verdict;
	to->segment_id = from->segment_id;
	to->semaphore_id = from->semaphore_id;
	to->size = from->size;
	to->mappings = from->mappings;
	to->locked = from->locked;
	to->owner_died = from->owner_died;
	to->mode = from->mode;
	to->uid = from->uid;
	to->gid = from->gid;
	for (size_t i = 0; i < from->process_count; i++)
		*(from->processes[i].alive ? &to->alive : &to->died) += 1;
	return 0;
}

bool test_inspect(const char *key, struct test_object *object)
{
	struct svshm *handle = test_new(key);
	int code = svshm_inspect(handle, copy_object, object);

	svshm_free(handle);
	return code == SVSHM_OK;
}

struct count {
	const char *path;
	unsigned segments, sets;
};

static int count_object(const struct svshm_object *object, void *context)
{
	struct count *count = context;

	if (!object->native_key || strcmp(object->native_key, count->path) != 0)
		return 0;
	count->segments += object->segment_id >= 0;
	count->sets += object->semaphore_id >= 0;
	return 0;
}

static struct count count_objects(const char *key)
{
	struct svshm *handle = test_new(key);
	struct count count = { svshm_native_key(handle), 0, 0 };

	svshm_scan(0, count_object, &count);
	count.path = NULL;
	svshm_free(handle);
	return count;
}

unsigned test_count_segments(const char *key)
{
	return count_objects(key).segments;
}

bool test_nothing_left(const char *key)
{
	struct svshm *handle = test_new(key);
	struct count count = count_objects(key);
	struct test_object object;
	bool file = access(svshm_native_key(handle), F_OK) == 0;

	svshm_free(handle);
	return !file && !count.segments && !count.sets &&
	       !test_inspect(key, &object);
}
