/* SPDX-License-Identifier: BSD-2-Clause */
#include <config.h>

#include <stdlib.h>
#include <string.h>

#include "common/memory.h"
#include "objects/object.h"
#include "objects/snapshot.h"

static void *copy(const void *bytes, size_t size)
{
	if (!bytes)
		return NULL;
	return memcpy(must_allocate(size), bytes, size);
}

static char *copy_text(const char *text)
{
	return copy(text, text ? strlen(text) + 1 : 0);
}

void snapshot_add(struct snapshot *snapshot, const struct svshm_object *object)
{
	snapshot->list = must_grow(snapshot->list, snapshot->count,
				   sizeof(*snapshot->list));
	struct seen *seen = &snapshot->list[snapshot->count++];
	struct svshm_object *kept = &seen->object;

	/* Members that a later library appends are no business of ours. */
	*kept = *object;
	kept->key = copy_text(object->key);
	kept->native_key = copy_text(object->native_key);
	kept->reason = copy_text(object->reason);
	kept->processes = copy(object->processes, object->process_count *
			       sizeof(*object->processes));
	kept->semaphore_pids = copy(object->semaphore_pids,
				    object->semaphore_pid_count *
				    sizeof(*object->semaphore_pids));
	seen->owner = text_user(object->uid);
}

void snapshot_free(struct snapshot *snapshot)
{
	for (size_t i = 0; i < snapshot->count; i++) {
		struct svshm_object *kept = &snapshot->list[i].object;

		free((void *)kept->key);
		free((void *)kept->native_key);
		free((void *)kept->reason);
		free((void *)kept->processes);
		free((void *)kept->semaphore_pids);
	}
	free(snapshot->list);
	*snapshot = (struct snapshot){ .count = 0 };
}

/* ---- Order --------------------------------------------------------------- */

static int order(int64_t a, int64_t b)
{
	return (a > b) - (a < b);
}

/* Those without a name come last, segments before sets. */
static int order_names(const struct svshm_object *a,
		       const struct svshm_object *b)
{
	const char *a_name = a->key ? a->key : a->native_key;
	const char *b_name = b->key ? b->key : b->native_key;

	if (!a_name != !b_name)
		return a_name ? -1 : 1;
	int result = a_name ? strcmp(a_name, b_name) : 0;

	if (result == 0)
		result = order(a->segment_id < 0, b->segment_id < 0);
	if (result == 0)
		result = order(a->segment_id, b->segment_id);
	return result ? result : order(a->semaphore_id, b->semaphore_id);
}

static int by_key(const void *a, const void *b)
{
	const struct svshm_object *one = &((const struct seen *)a)->object;
	const struct svshm_object *other = &((const struct seen *)b)->object;
	int result = order(one->verdict == SVSHM_VERDICT_FOREIGN,
			   other->verdict == SVSHM_VERDICT_FOREIGN);

	return result ? result : order_names(one, other);
}

static int by_size(const void *a, const void *b)
{
	uint64_t one = object_size(&((const struct seen *)a)->object);
	uint64_t other = object_size(&((const struct seen *)b)->object);

	/* The largest first. */
	return one != other ? (one < other ? 1 : -1) : by_key(a, b);
}

static int by_age(const void *a, const void *b)
{
	int64_t one = ((const struct seen *)a)->object.create_time;
	int64_t other = ((const struct seen *)b)->object.create_time;

	/* The oldest first, and last what is of unknown age. */
	int result = order(one <= 0, other <= 0);

	if (result == 0)
		result = order(one, other);
	return result ? result : by_key(a, b);
}

static int by_owner(const void *a, const void *b)
{
	const struct seen *one = a, *other = b;
	int result = strcmp(one->owner.bytes, other->owner.bytes);

	return result ? result : by_key(a, b);
}

/* What somebody should look at comes first. */
static int urgency(const struct svshm_object *object)
{
	switch (object->verdict) {
	case SVSHM_VERDICT_CORRUPT:
		return 0;
	case SVSHM_VERDICT_HALF_MADE:
		return 1;
	case SVSHM_VERDICT_HALF_REMOVED:
		return 2;
	case SVSHM_VERDICT_ORPHAN:
		return 3;
	case SVSHM_VERDICT_UNKNOWN:
		return 4;
	case SVSHM_VERDICT_IN_USE:
		return 5;
	case SVSHM_VERDICT_FOREIGN:
		return object->certainty ? 6 : 7;
	case SVSHM_VERDICT_GONE:
		break;
	}
	return 8;
}

static int by_verdict(const void *a, const void *b)
{
	int result = order(urgency(&((const struct seen *)a)->object),
			   urgency(&((const struct seen *)b)->object));

	return result ? result : by_key(a, b);
}

void snapshot_sort(struct snapshot *snapshot, enum sort_order by)
{
	static int (*const functions[])(const void *, const void *) = {
		[SORT_KEY] = by_key,
		[SORT_SIZE] = by_size,
		[SORT_AGE] = by_age,
		[SORT_OWNER] = by_owner,
		[SORT_VERDICT] = by_verdict,
	};

	if (snapshot->count > 1)
		qsort(snapshot->list, snapshot->count, sizeof(*snapshot->list),
		      functions[by]);
}
