/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The attached handles of the Qt layout in this process. They are known by the
 * process for two reasons: exit(3) counts as detach, and where a process may
 * attach a segment once only (HP-UX), handles share a mapping.
 */
#include <config.h>

#include "qt/qt.h"

#include <string.h>

#include "kernel/segment.h"

static struct svshm__qt *first;

/*
 * [mutex] A second mapping was refused: another handle's will do, a writable one
 * also for a reader, as it cannot be had twice.
 */
static bool share(struct svshm__qt *qt, int segment_id, bool writable)
{
	const struct svshm__qt *other = first;

	while (other && (other->left || other->segment_id != segment_id ||
			 (writable && !other->writable)))
		other = other->next;
	if (!other)
		return false;
	qt->address = other->address;
	qt->writable = other->writable;
	return true;
}

/* [mutex] */
static bool is_shared(const struct svshm__qt *qt)
{
	const struct svshm__qt *other = first;

	while (other && (other == qt || other->address != qt->address))
		other = other->next;
	return other != NULL;
}

/* [mutex] */
static int attach(struct svshm__qt *qt, int segment_id, bool writable,
		  struct svshm__error *error)
{
	int code =
		svshm__segment_map(segment_id, !writable, &qt->address, error);

	qt->writable = writable;
	if (code == SVSHM_ALREADY_ATTACHED && share(qt, segment_id, writable))
		code = svshm__error_set(error, SVSHM_OK, "%s", "");
	if (code)
		return code;
	qt->segment_id = segment_id;
	qt->next = first;
	first = qt;
	return SVSHM_OK;
}

int svshm__qt_list_attach(struct svshm__qt *qt, int segment_id, bool writable,
			  struct svshm__error *error)
{
	svshm__attachment_mutex_lock();

	int code = attach(qt, segment_id, writable, error);

	svshm__attachment_mutex_unlock();
	return code;
}

void svshm__qt_list_detach(struct svshm__qt *qt)
{
	struct svshm__qt **link = &first;

	svshm__attachment_mutex_lock();
	while (*link && *link != qt)
		link = &(*link)->next;
	if (*link)
		*link = qt->next;
	/* What exit(3) has left is no object's memory any more. */
	if (!qt->left && !is_shared(qt))
		svshm__segment_unmap(qt->address);
	qt->address = NULL;
	svshm__attachment_mutex_unlock();
}

bool svshm__qt_list_leave_next(struct svshm__qt *copy, char **path)
{
	struct svshm__qt *next;

	svshm__attachment_mutex_lock();
	for (next = first; next && next->left; next = next->next)
		;
	if (next) {
		next->left = true;
		*copy = *next;
		*path = strdup(next->names.segment);
		copy->names.segment = copy->names.lock = NULL;
	}
	svshm__attachment_mutex_unlock();
	return next != NULL;
}
