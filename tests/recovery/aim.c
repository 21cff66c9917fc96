/* SPDX-License-Identifier: BSD-2-Clause */
#include <config.h>

#include "aim.h"

int aim_at(const struct svshm_object *object, void *context)
{
	struct aim *aim = context;

	if (aim->segment_id >= 0 ? object->segment_id != aim->segment_id :
				   object->semaphore_id != aim->set_id)
		return 0;
	aim->seen = true;
	ck_assert_int_eq(object->verdict, SVSHM_VERDICT_FOREIGN);
	aim->certainty = object->certainty;
	aim->code = svshm_recover(object, &aim->recovery);
	return 1;
}

static struct aim recover_one(int segment_id, int set_id, unsigned flags,
			      int64_t seconds)
{
	struct aim aim = {
		.segment_id = segment_id,
		.set_id = set_id,
		.recovery = { .flags = flags, .unmapped_for = seconds },
	};

	ck_assert_int_ge(svshm_scan(SVSHM_SCAN_FOREIGN, aim_at, &aim), 0);
	ck_assert(aim.seen);
	return aim;
}

struct aim recover_segment(int id, unsigned flags, int64_t seconds)
{
	return recover_one(id, -1, flags, seconds);
}

struct aim recover_set(int id, unsigned flags, int64_t seconds)
{
	return recover_one(-1, id, flags, seconds);
}

int fail_to_save(const struct svshm_object *object, const void *data,
		 size_t size, void *context)
{
	(void)object, (void)data, (void)size, (void)context;
	return SVSHM_UNKNOWN_ERROR;
}
