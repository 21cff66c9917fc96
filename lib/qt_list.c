/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The attached handles of the Qt layout in this process. They are known by the
 * process for two reasons: exit(3) counts as detach, and a thread that owns an
 * object's lock by one handle must not wait for itself with another.
 */
#include <config.h>

#include "qt.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

static struct svshm__qt *first;

static bool watch_exit(void)
{
	static bool watched;

	if (!watched)
		watched = atexit(svshm__qt_exit) == 0;
	return watched;
}

int svshm__qt_list_insert(struct svshm__qt *qt, struct svshm__error *error)
{
	svshm__mapping_mutex_lock();

	bool watched = watch_exit();

	if (watched) {
		qt->next = first;
		first = qt;
	}
	svshm__mapping_mutex_unlock();
	if (watched)
		return SVSHM_OK;
	return svshm__error_set(error, SVSHM_OUT_OF_RESOURCES,
				"atexit() has no room for another handler");
}

void svshm__qt_list_drop(struct svshm__qt *qt)
{
	struct svshm__qt **link = &first;

	svshm__mapping_mutex_lock();
	while (*link && *link != qt)
		link = &(*link)->next;
	if (*link)
		*link = qt->next;
	svshm__mapping_mutex_unlock();
}

bool svshm__qt_list_leave_next(struct svshm__qt *copy, char **path)
{
	struct svshm__qt *next;

	svshm__mapping_mutex_lock();
	for (next = first; next && next->left; next = next->next)
		;
	if (next) {
		next->left = true;
		*copy = *next;
		*path = strdup(next->names.segment);
		copy->names.segment = copy->names.lock = NULL;
	}
	svshm__mapping_mutex_unlock();
	return next != NULL;
}

void svshm__qt_set_owner(struct svshm__qt *qt, bool owner)
{
	uint32_t generation = svshm__fork_generation();

	svshm__mapping_mutex_lock();
	qt->held = owner ? generation : 0;
	qt->thread = (uintptr_t)pthread_self();
	svshm__mapping_mutex_unlock();
}

bool svshm__qt_owns(const struct svshm__qt *qt)
{
	return qt->held == svshm__fork_generation();
}

bool svshm__qt_is_inside(const struct svshm__qt *qt, bool any_thread)
{
	uint32_t generation = svshm__fork_generation();
	uintptr_t self = (uintptr_t)pthread_self();
	const struct svshm__qt *other;

	svshm__mapping_mutex_lock();
	for (other = first; other; other = other->next)
		if (other->held == generation &&
		    other->lock.set_id == qt->lock.set_id &&
		    (any_thread || other->thread == self))
			break;
	svshm__mapping_mutex_unlock();
	return other != NULL;
}
