/* SPDX-License-Identifier: BSD-2-Clause */
/* Retiring: see "Teams" at the head of object.c. */
#include <config.h>

#include "object/remove.h"

#include "base/atomic.h"
#include "base/crashpoint.h"
#include "key/key.h"

void svshm__object_retire(struct svshm__header *header, void *data,
			  uint64_t size, bool mapped_by_others)
{
	svshm__store(&header->removed, 1);
	svshm__announce(&header->retired, SVSHM__RETIRED);
	CRASHPOINT("retire:marked");
	if (!mapped_by_others && svshm__segment_discard(data, (size_t)size))
		svshm__store(&header->retired, SVSHM__RETIRED_EMPTY);
}

int svshm__object_remove_segment(struct svshm__evidence *evidence,
				 struct svshm__error *error)
{
	if (evidence->header == SVSHM__HEADER_VALID ||
	    evidence->header == SVSHM__HEADER_UNPUBLISHED)
		return svshm__turn_remove(&evidence->turn, evidence->segment_id,
					  &evidence->set, error);
	return svshm__segment_remove(evidence->segment_id, error);
}

static int remove_segment(const struct svshm__removal *removal,
			  struct svshm__error *error)
{
	if (removal->segment_id < 0)
		return SVSHM_OK;
	return removal->turn ?
		       svshm__turn_remove(removal->turn, removal->segment_id,
					  removal->set, error) :
		       svshm__segment_remove(removal->segment_id, error);
}

static void unlink_key_file(const struct svshm__removal *removal)
{
	int id;

	if (!removal->path || !svshm__set_is_removable(removal->set))
		return;
	if (removal->key &&
	    svshm__segment_find(removal->key, &id, NULL) != SVSHM_NOT_FOUND)
		return;
	if (removal->alone)
		svshm__key_file_unlink_own(removal->path, &removal->identity);
	else if (svshm__keys_unused(removal->path, removal->set->id))
		svshm__key_file_unlink(removal->path, &removal->identity,
				       removal->owner);
}

int svshm__object_remove(const struct svshm__removal *removal,
			 struct svshm__error *error)
{
	int code = remove_segment(removal, error);

	if (code)
		return code;
	CRASHPOINT("remove:segment gone");
	unlink_key_file(removal);
	CRASHPOINT("remove:file gone");
	return svshm__semset_remove(removal->set->id, error);
}
