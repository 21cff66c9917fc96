/* SPDX-License-Identifier: BSD-2-Clause */
#include <config.h>

#include <stdlib.h>

#include "commands/limits_leaks.h"
#include "common/memory.h"
#include "objects/object.h"
#include "objects/scan.h"

static void count_in(struct share *share, uid_t uid, uint64_t amount)
{
	share->amount += amount;
	for (size_t i = 0; i < share->owner_count; i++) {
		if (share->owners[i].uid == uid) {
			share->owners[i].amount += amount;
			return;
		}
	}
	share->owners = must_grow(share->owners, share->owner_count,
				  sizeof(*share->owners));
	share->owners[share->owner_count].uid = uid;
	share->owners[share->owner_count++].amount = amount;
}

/* Segments only: a set is used for moments, and then by nobody. */
static bool is_idle(const struct svshm_object *object)
{
	return object->verdict == SVSHM_VERDICT_FOREIGN &&
	       object->segment_id >= 0 && object->mappings == 0;
}

static int count_object(const struct svshm_object *object, void *context)
{
	struct shares *shares = context;
	struct share *share = object->certainty ? shares->foreign :
			      object_is_leftover(object) ? shares->ours :
			      is_idle(object) ? shares->idle : NULL;

	scan_keep_fast();
	if (!share)
		return 0;
	if (object->segment_id >= 0) {
		count_in(&share[SEGMENTS], object->uid, 1);
		count_in(&share[MEMORY], object->uid, object->segment_size);
	}
	if (object->semaphore_id >= 0) {
		count_in(&share[SETS], object->uid, 1);
		count_in(&share[SEMAPHORES], object->uid,
			 object->semaphore_count);
	}
	return 0;
}

void shares_find(struct shares *shares)
{
	shares->known = svshm_scan(SVSHM_SCAN_FOREIGN, count_object,
				   shares) >= 0;
}

uint64_t shares_left(const struct shares *shares, enum resource resource)
{
	return shares->ours[resource].amount + shares->foreign[resource].amount;
}

void shares_free(struct shares *shares)
{
	for (int i = 0; i < RESOURCES; i++) {
		free(shares->ours[i].owners);
		free(shares->foreign[i].owners);
		free(shares->idle[i].owners);
	}
}
