/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Handles, and what they are told before they are attached: names, layout, and
 * what create shall give the object.
 */
#include <config.h>

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "handle.h"
#include "key/key.h"
#include "memory/layout.h"
#include "qt/qt.h"

struct svshm *svshm_new(const char *key)
{
	struct svshm *handle = calloc(1, sizeof(*handle));

	if (!handle)
		return NULL;
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

/* Both strings are the handle's from now on. */
static void change_names(struct svshm *handle, char *key, char *native_key,
			 bool native)
{
	if (handle->attachment)
		svshm_detach(handle);
	free(handle->key);
	free(handle->native_key);
	handle->key = key;
	handle->native_key = native_key;
	handle->native = native;
	svshm__clear(handle);
}

static bool same(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

int svshm_set_key(struct svshm *handle, const char *key)
{
	if (!handle)
		return SVSHM_INVALID_ARGUMENT;
	if (handle->qt)
		return svshm__qt_set_key(handle, key);
	if (!handle->native && key && same(handle->key, key)) {
		svshm__clear(handle);
		return SVSHM_OK;
	}

	char *copy = key ? strdup(key) : NULL;

	if (key && !copy)
		return svshm__refuse(handle, SVSHM_OUT_OF_RESOURCES, "set key",
			      "no memory");

	/* A key without a key file is refused when it is used. */
	char *path = svshm__key_path(key, svshm__user(handle), &handle->error);

	if (key && !path && handle->error.code == SVSHM_OUT_OF_RESOURCES) {
		free(copy);
		return svshm__finish(handle, SVSHM_OUT_OF_RESOURCES, "set key");
	}
	change_names(handle, copy, path, false);
	return SVSHM_OK;
}

const char *svshm_key(const struct svshm *handle)
{
	return handle ? handle->key : NULL;
}

int svshm_set_native_key(struct svshm *handle, const char *path)
{
	if (!handle)
		return SVSHM_INVALID_ARGUMENT;
	if (handle->qt)
		return svshm__qt_set_native_key(handle, path);
	if (handle->native && path && same(handle->native_key, path)) {
		svshm__clear(handle);
		return SVSHM_OK;
	}

	char *copy = path && *path ? strdup(path) : NULL;

	if (path && *path && !copy)
		return svshm__refuse(handle, SVSHM_OUT_OF_RESOURCES, "set native key",
			      "no memory");
	change_names(handle, NULL, copy, true);
	return SVSHM_OK;
}

const char *svshm_native_key(const struct svshm *handle)
{
	return handle ? handle->native_key : NULL;
}

/* Back to the native layout, where a key has another key file. */
static int choose_native(struct svshm *handle)
{
	char *path = NULL;

	if (!handle->qt)
		return SVSHM_OK;
	if (!handle->native && handle->key) {
		path = svshm__key_path(handle->key, svshm__user(handle),
				       &handle->error);
		if (!path && handle->error.code == SVSHM_OUT_OF_RESOURCES)
			return SVSHM_OUT_OF_RESOURCES;
		free(handle->native_key);
		handle->native_key = path;
	}
	svshm__qt_forget(handle);
	return SVSHM_OK;
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
	return svshm__finish(handle, layout == SVSHM_LAYOUT_QT ?
			     svshm__qt_choose(handle) : choose_native(handle),
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

