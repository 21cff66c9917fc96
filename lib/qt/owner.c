/* SPDX-License-Identifier: BSD-2-Clause */
#include <config.h>

#include "qt/owner.h"

#include <pthread.h>

#include "memory/attachment.h"

static struct svshm__qt_owner *first;

/* [mutex] */
static void unlink_owner(const struct svshm__qt_owner *owner)
{
	struct svshm__qt_owner **link = &first;

	while (*link && *link != owner)
		link = &(*link)->next;
	if (*link)
		*link = owner->next;
}

void svshm__qt_owner_enter(struct svshm__qt_owner *owner, int set_id,
			   const struct svshm__qt_file *file)
{
	uint32_t generation = svshm__fork_generation();

	svshm__attachment_mutex_lock();
	/* It may be there from before a fork. */
	unlink_owner(owner);
	owner->set_id = set_id;
	owner->file = *file;
	owner->generation = generation;
	owner->thread = (uintptr_t)pthread_self();
	owner->next = first;
	first = owner;
	svshm__attachment_mutex_unlock();
}

void svshm__qt_owner_leave(struct svshm__qt_owner *owner)
{
	svshm__attachment_mutex_lock();
	unlink_owner(owner);
	owner->generation = 0;
	svshm__attachment_mutex_unlock();
}

bool svshm__qt_owner_is(const struct svshm__qt_owner *owner)
{
	return owner->generation == svshm__fork_generation();
}

static bool same_file(const struct svshm__qt_file *a,
		      const struct svshm__qt_file *b)
{
	return a->device == b->device && a->inode == b->inode;
}

enum svshm__qt_inside svshm__qt_owner_look(int set_id,
					   const struct svshm__qt_file *file,
					   bool any_thread)
{
	uint32_t generation = svshm__fork_generation();
	uintptr_t self = (uintptr_t)pthread_self();
	enum svshm__qt_inside inside = SVSHM__QT_OUTSIDE;
	const struct svshm__qt_owner *owner;

	svshm__attachment_mutex_lock();
	for (owner = first; owner && set_id >= 0; owner = owner->next)
		if (owner->generation == generation &&
		    owner->set_id == set_id &&
		    (any_thread || owner->thread == self))
			break;
	if (owner && set_id >= 0)
		inside = same_file(&owner->file, file) ? SVSHM__QT_INSIDE :
							 SVSHM__QT_INSIDE_OTHER;
	svshm__attachment_mutex_unlock();
	return inside;
}
