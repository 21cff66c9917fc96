/* SPDX-License-Identifier: BSD-2-Clause */
#include <config.h>

#include "qt/known.h"

#include <string.h>

#include "memory/attachment.h"

/* An id comes again after a very long time; with the same maker and in the same
   second, never. */
struct known {
	int segment_id;
	int64_t creator_pid, change_time;
	int64_t key;
	uint64_t device, inode;
};

#define KNOWN_MAX 8

/* [attachment mutex] The next one takes the place of the oldest. */
static struct known known[KNOWN_MAX];
static unsigned known_count;

static struct known describe(int segment_id,
			     const struct svshm__segment_status *segment,
			     const struct svshm__qt_file *file)
{
	struct known one = { .segment_id = segment_id,
			     .creator_pid = segment->creator_pid,
			     .change_time = segment->change_time,
			     .key = file->key,
			     .device = file->device,
			     .inode = file->inode };

	return one;
}

static bool is_same(const struct known *a, const struct known *b)
{
	return a->segment_id == b->segment_id &&
	       a->creator_pid == b->creator_pid &&
	       a->change_time == b->change_time && a->key == b->key &&
	       a->device == b->device && a->inode == b->inode;
}

bool svshm__qt_known(int segment_id,
		     const struct svshm__segment_status *segment,
		     const struct svshm__qt_file *file)
{
	struct known one = describe(segment_id, segment, file);
	bool found = false;

	svshm__attachment_mutex_lock();
	for (unsigned i = 0; i < known_count && i < KNOWN_MAX; i++)
		found = found || is_same(&known[i], &one);
	svshm__attachment_mutex_unlock();
	return found;
}

void svshm__qt_remember(int segment_id,
			const struct svshm__segment_status *segment,
			const struct svshm__qt_file *file)
{
	if (svshm__qt_known(segment_id, segment, file))
		return;
	svshm__attachment_mutex_lock();
	known[known_count % KNOWN_MAX] = describe(segment_id, segment, file);
	/* It stays above KNOWN_MAX when it starts again. */
	known_count++;
	if (known_count == 2 * KNOWN_MAX)
		known_count = KNOWN_MAX;
	svshm__attachment_mutex_unlock();
}
