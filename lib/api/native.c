/* SPDX-License-Identifier: BSD-2-Clause */
/* The native layout, for the public functions. */
#include <config.h>

#include <stdlib.h>
#include <string.h>

#include "api/layout.h"
#include "kernel/process.h"
#include "key/key.h"
#include "lock/notify.h"
#include "memory/mapping.h"
#include "object/object.h"
#include "qt/qt.h"
#include "recovery/inspect.h"

/* ---- Names ------------------------------------------------------------------ */

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

static int set_key(struct svshm *handle, const char *key)
{
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

static int set_native_key(struct svshm *handle, const char *path)
{
	if (handle->native && path && same(handle->native_key, path)) {
		svshm__clear(handle);
		return SVSHM_OK;
	}

	char *copy = path && *path ? strdup(path) : NULL;

	if (path && *path && !copy)
		return svshm__refuse(handle, SVSHM_OUT_OF_RESOURCES,
				     "set native key", "no memory");
	change_names(handle, NULL, copy, true);
	return SVSHM_OK;
}

int svshm__native_choose(struct svshm *handle)
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
	handle->layout = &svshm__layout_native;
	return SVSHM_OK;
}

static int explain_key(struct svshm *handle)
{
	free(svshm__key_path(handle->key, svshm__user(handle), &handle->error));
	return SVSHM_KEY_ERROR;
}

/* ---- The object --------------------------------------------------------------- */

static int detach(struct svshm *handle)
{
	const struct svshm__attachment *attachment = handle->attachment;

	if (!attachment->reader && !svshm__attachment_left(attachment) &&
	    svshm__lock_held(&handle->locker))
		svshm__lock_give(&handle->locker, NULL);
	return svshm__object_detach(handle);
}

static int inspect(struct svshm *handle, svshm_visit *visit, void *context,
		   struct svshm__error *error)
{
	return svshm__inspect(handle->native_key, handle->native,
			      svshm__user(handle), visit, context, error);
}

/* ---- What is attached ----------------------------------------------------------- */

static bool is_attached(const struct svshm *handle)
{
	return handle->attachment != NULL;
}

/*
 * A forked child that starts to use the memory becomes a user. If that fails,
 * the next call that returns a code will try again, and say so.
 */
static void register_quietly(struct svshm *handle)
{
	if (handle->attachment->reader ||
	    svshm__attachment_registered(handle->attachment))
		return;

	struct svshm__error last = handle->error;
	int state = svshm__cancel_forbidden();

	svshm__object_register(handle);
	svshm__cancel_allowed(state);
	handle->error = last;
}

static void *data(struct svshm *handle)
{
	register_quietly(handle);
	return (char *)handle->attachment->base[handle->access] +
	       handle->attachment->data_offset;
}

static const void *const_data(const struct svshm *handle)
{
	return (const char *)handle->attachment->base[handle->access] +
	       handle->attachment->data_offset;
}

static size_t size(const struct svshm *handle)
{
	return handle->attachment->data_size;
}

static int segment_id(const struct svshm *handle)
{
	return handle->attachment->segment_id;
}

/* ---- The lock ------------------------------------------------------------------- */

/* 0: the handle is attached, registered and has a lock; a mere reader hasn't. */
static int check_locker(struct svshm *handle, int if_reader, const char *tried)
{
	if (!handle->attachment)
		return svshm__refuse(handle, SVSHM_NOT_ATTACHED, tried,
				     "attach or create first");
	svshm__clear(handle);
	if (handle->attachment->reader) {
		if (svshm__lock_look(handle->attachment,
				     svshm__mapping_header(handle->attachment,
							   handle->access),
				     &handle->error))
			return svshm__finish(handle, SVSHM_REMOVED, tried);
		return svshm__refuse(
			handle, if_reader, tried,
			"the object's mode lets this process read only, "
			"and locking takes write permission");
	}

	int code = svshm__object_register(handle);

	return code ? svshm__finish(handle, code, tried) : SVSHM_OK;
}

static int lock(struct svshm *handle, int timeout_ms, int if_timed_out)
{
	const char *tried = "cannot lock";
	int code = check_locker(handle, SVSHM_PERMISSION_DENIED, tried);

	if (code)
		return code;
	code = svshm__lock_take(&handle->locker, timeout_ms, &handle->error);
	if (code == SVSHM_TIMED_OUT)
		return svshm__refuse(
			handle, if_timed_out, tried,
			timeout_ms > 0 ?
				"another owner has kept the lock for all "
				"the time allowed" :
				"another owner has the lock");
	return svshm__finish(handle, code, code > 0 ? "locked" : tried);
}

static int unlock(struct svshm *handle)
{
	const char *tried = "cannot unlock";
	int code = check_locker(handle, SVSHM_NOT_OWNER, tried);

	if (code)
		return code;
	return svshm__finish(handle,
			     svshm__lock_give(&handle->locker, &handle->error),
			     tried);
}

static int make_consistent(struct svshm *handle)
{
	const char *tried = "cannot make consistent";
	int code = check_locker(handle, SVSHM_NOT_OWNER, tried);

	if (code)
		return code;

	return svshm__finish(
		handle,
		svshm__lock_make_consistent(&handle->locker, &handle->error),
		tried);
}

/* ---- Changes ---------------------------------------------------------------------- */

/* 0: the handle is attached, and registered, unless it is a mere reader's. */
static int check_attached(struct svshm *handle, const char *tried)
{
	int code;

	if (!handle->attachment)
		return svshm__refuse(handle, SVSHM_NOT_ATTACHED, tried,
				     "attach or create first");
	svshm__clear(handle);
	if (handle->attachment->reader)
		return SVSHM_OK;
	code = svshm__object_register(handle);
	return code ? svshm__finish(handle, code, tried) : SVSHM_OK;
}

static int notify(struct svshm *handle)
{
	const char *tried = "cannot notify those who wait for";
	int code = check_attached(handle, tried);

	if (code)
		return code;
	if (handle->attachment->reader)
		return svshm__refuse(
			handle, SVSHM_PERMISSION_DENIED, tried,
			"the object's mode lets this process read only, "
			"and the count of changes is part of the object");
	return svshm__finish(handle,
			     svshm__notify(&handle->locker, &handle->error),
			     tried);
}

static int wait_for_change(struct svshm *handle, uint32_t *seen, int timeout_ms)
{
	const char *tried = "cannot wait for a change of";
	int code = check_attached(handle, tried);

	if (code)
		return code;
	code = svshm__wait_for_change(
		handle->attachment,
		svshm__mapping_header(handle->attachment, handle->access),
		&handle->locker.waited, seen, timeout_ms, &handle->error);
	if (code == SVSHM_TIMED_OUT)
		return svshm__refuse(handle, code, tried,
				     "there was none in the time allowed");
	return svshm__finish(handle, code, tried);
}

static uint32_t changes(const struct svshm *handle)
{
	const struct svshm__header *header =
		svshm__mapping_header(handle->attachment, handle->access);

	return svshm__change_count(svshm__load(&header->changes));
}

/*
 * Registers nobody: a forked child that only reads snapshots is counted as its
 * parent's child, as one that calls svshm_const_data().
 */
static int snapshot(struct svshm *handle, size_t offset, void *buffer,
		    size_t length, int timeout_ms)
{
	const char *tried = "cannot take a snapshot";
	const struct svshm__attachment *attachment = handle->attachment;

	if (!attachment)
		return svshm__refuse(handle, SVSHM_NOT_ATTACHED, tried,
				     "attach or create first");
	if (offset > attachment->data_size ||
	    length > attachment->data_size - offset)
		return svshm__refuse(handle, SVSHM_INVALID_ARGUMENT, tried,
				     "it would end behind the data");

	struct svshm__snapshot one = {
		.attachment = attachment,
		.header = svshm__mapping_header(attachment, handle->access),
		.from = (const char *)const_data(handle) + offset,
		.to = buffer,
		.length = length,
		.looks = &handle->looks,
	};
	int code;

	svshm__clear(handle);
	code = svshm__snapshot_take(&one, timeout_ms, &handle->error);
	return code ? svshm__finish(handle, code,
				    code > 0 ? "copied" : tried) : SVSHM_OK;
}

const struct svshm__layout svshm__layout_native = {
	.set_key = set_key,
	.set_native_key = set_native_key,
	.explain_key = explain_key,
	.create = svshm__object_create,
	.attach = svshm__object_attach,
	.open = svshm__object_open,
	.detach = detach,
	.inspect = inspect,
	.is_attached = is_attached,
	.data = data,
	.const_data = const_data,
	.size = size,
	.segment_id = segment_id,
	.lock = lock,
	.unlock = unlock,
	.make_consistent = make_consistent,
	.notify = notify,
	.wait = wait_for_change,
	.changes = changes,
	.snapshot = snapshot,
};
