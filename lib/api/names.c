/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Handles, and what they are told before they are attached: names, layout, and
 * what create shall give the object.
 */
#include <config.h>

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "api/layout.h"
#include "key/key.h"
#include "memory/layout.h"
#include "qt/qt.h"

struct svshm *svshm_new(const char *key)
{
	struct svshm *handle = calloc(1, sizeof(*handle));

	if (!handle)
		return NULL;
	handle->layout = &svshm__layout_native;
	handle->mode = 0600;
	handle->group = (gid_t)-1;
	handle->owner = (uid_t)-1;
	handle->max_processes = DEFAULT_MAX_PROCESSES;
	if (svshm_set_key(handle, key) == SVSHM_OUT_OF_RESOURCES) {
		free(handle);
		return NULL;
	}
	return handle;
}

void svshm_free(struct svshm *handle)
{
	if (!handle)
		return;
	if (svshm_is_attached(handle))
		svshm_detach(handle);
	if (handle->qt)
		svshm__qt_forget(handle);
	free(handle->key);
	free(handle->native_key);
	free(handle);
}

int svshm_set_key(struct svshm *handle, const char *key)
{
	return handle ? handle->layout->set_key(handle, key) :
			SVSHM_INVALID_ARGUMENT;
}

const char *svshm_key(const struct svshm *handle)
{
	return handle ? handle->key : NULL;
}

int svshm_set_native_key(struct svshm *handle, const char *path)
{
	return handle ? handle->layout->set_native_key(handle, path) :
			SVSHM_INVALID_ARGUMENT;
}

const char *svshm_native_key(const struct svshm *handle)
{
	return handle ? handle->native_key : NULL;
}

static int choose_qt(struct svshm *handle)
{
	int code = svshm__qt_choose(handle);

	if (!code)
		handle->layout = &svshm__layout_qt;
	return code;
}

int svshm_set_layout(struct svshm *handle, enum svshm_layout layout)
{
	if (!handle)
		return SVSHM_INVALID_ARGUMENT;
	if (layout != SVSHM_LAYOUT_NATIVE && layout != SVSHM_LAYOUT_QT)
		return svshm__refuse(handle, SVSHM_INVALID_ARGUMENT, "set layout",
			      "there is no such layout");
	if (svshm_is_attached(handle))
		return svshm__refuse(handle, SVSHM_ALREADY_ATTACHED, "set layout",
			      "detach first");
	return svshm__finish(handle,
			     layout == SVSHM_LAYOUT_QT ?
				     choose_qt(handle) :
				     svshm__native_choose(handle),
			     "set layout");
}

int svshm_set_mode(struct svshm *handle, mode_t mode)
{
	if (!handle)
		return SVSHM_INVALID_ARGUMENT;
	if (mode & ~(mode_t)0666)
		return svshm__refuse(handle, SVSHM_INVALID_ARGUMENT, "set mode",
			      "only the read and write bits, 0666, have a "
			      "meaning");
	handle->mode = mode;
	svshm__clear(handle);
	return SVSHM_OK;
}

int svshm_set_group(struct svshm *handle, gid_t group)
{
	if (!handle)
		return SVSHM_INVALID_ARGUMENT;
	handle->group = group;
	svshm__clear(handle);
	return SVSHM_OK;
}

/* The key's file is another one: in the owner's directory. */
int svshm_set_owner(struct svshm *handle, uid_t owner)
{
	const char *tried = "set owner";
	uid_t before;

	if (!handle)
		return SVSHM_INVALID_ARGUMENT;
	if (svshm_is_attached(handle))
		return svshm__refuse(handle, SVSHM_ALREADY_ATTACHED, tried,
				     "detach first");
	svshm__clear(handle);
	if (owner != (uid_t)-1 && owner != geteuid() && geteuid() != 0) {
		svshm__error_set(&handle->error, SVSHM_PERMISSION_DENIED,
				 "only root can use the keys of uid %lu, or "
				 "give objects to it; this process is uid %lu",
				 (unsigned long)owner,
				 (unsigned long)geteuid());
		return svshm__finish(handle, SVSHM_PERMISSION_DENIED, tried);
	}
	before = handle->owner;
	handle->owner = owner;
	if (handle->qt || handle->native || !handle->key)
		return SVSHM_OK;

	char *path = svshm__key_path(handle->key, svshm__user(handle),
				     &handle->error);

	if (!path && handle->error.code == SVSHM_OUT_OF_RESOURCES) {
		handle->owner = before;
		return svshm__finish(handle, SVSHM_OUT_OF_RESOURCES, tried);
	}
	svshm__clear(handle);
	free(handle->native_key);
	handle->native_key = path;
	return SVSHM_OK;
}

int svshm_set_max_processes(struct svshm *handle, unsigned count)
{
	if (!handle)
		return SVSHM_INVALID_ARGUMENT;
	if (count > SVSHM__SLOT_SEMAPHORES_MAX * SVSHM__SLOTS_PER_SEMAPHORE)
		return svshm__refuse(handle, SVSHM_INVALID_ARGUMENT,
			      "set max processes",
			      "more than 3500 processes are not possible");
	handle->max_processes = count ? count : DEFAULT_MAX_PROCESSES;
	svshm__clear(handle);
	return SVSHM_OK;
}

#define MEMORY_FLAGS \
	(SVSHM_MEMORY_HUGE | SVSHM_MEMORY_TOUCHED | SVSHM_MEMORY_LOCKED)

int svshm_set_memory(struct svshm *handle, unsigned flags)
{
	const char *tried = "set memory";

	if (!handle)
		return SVSHM_INVALID_ARGUMENT;
	if (flags & ~MEMORY_FLAGS)
		return svshm__refuse(handle, SVSHM_INVALID_ARGUMENT, tried,
				     "there is no such flag");
	if (svshm_is_attached(handle))
		return svshm__refuse(handle, SVSHM_ALREADY_ATTACHED, tried,
				     "detach first");
	handle->pages.wish = flags;
	svshm__clear(handle);
	return SVSHM_OK;
}
