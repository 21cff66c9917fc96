/* SPDX-License-Identifier: BSD-2-Clause */
/* Names, and the lock, of a handle of the Qt layout. */
#include <config.h>

#include <stdlib.h>
#include <string.h>

#include "base/debug.h"
#include "qt/qt.h"

/* ---- Names ------------------------------------------------------------- */

/* Take NAMES, and KEY: both are the handle's from now on. */
static int change_names(struct svshm *handle, struct svshm__qt_names *names,
			char *key, bool native)
{
	char *path = names->segment ? strdup(names->segment) : NULL;

	if (names->segment && !path) {
		svshm__qt_names_free(names);
		free(key);
		return svshm__error_set(&handle->error, SVSHM_OUT_OF_RESOURCES,
					"no memory");
	}
	if (handle->qt->address)
		svshm__qt_detach(handle);
	handle->has_rights = false;
	svshm__qt_names_free(&handle->qt->names);
	free(handle->key);
	free(handle->native_key);
	handle->qt->names = *names;
	handle->key = key;
	handle->native_key = path;
	handle->native = native;
	return SVSHM_OK;
}

/* A key that cannot be one of Qt's is refused when it is used. */
static int names_of(struct svshm *handle, const char *key,
		    const char *native_key, struct svshm__qt_names *names)
{
	int code;

	memset(names, 0, sizeof(*names));
	if (native_key && *native_key)
		return svshm__qt_names_of_native(names, native_key,
						 &handle->error);
	if (!key)
		return SVSHM_OK;
	code = svshm__qt_names_of_key(names, key, &handle->error);
	return code == SVSHM_KEY_ERROR ? SVSHM_OK : code;
}

static int set_names(struct svshm *handle, const char *key,
		     const char *native_key, bool native)
{
	struct svshm__qt_names names;
	int code = names_of(handle, key, native_key, &names);
	char *copy = NULL;

	if (code)
		return code;
	if (!handle->native == !native && (key || native_key) &&
	    (handle->key ? key && strcmp(handle->key, key) == 0 : !key) &&
	    svshm__qt_names_same(&names, &handle->qt->names)) {
		svshm__qt_names_free(&names);
		return SVSHM_OK;
	}
	if (key) {
		copy = strdup(key);
		if (!copy) {
			svshm__qt_names_free(&names);
			return svshm__error_set(&handle->error,
						SVSHM_OUT_OF_RESOURCES,
						"no memory");
		}
	}
	return change_names(handle, &names, copy, native);
}

int svshm__qt_set_key(struct svshm *handle, const char *key)
{
	return svshm__finish(handle, set_names(handle, key, NULL, false),
			     "set key");
}

int svshm__qt_set_native_key(struct svshm *handle, const char *text)
{
	return svshm__finish(handle, set_names(handle, NULL, text, true),
			     "set native key");
}

int svshm__qt_explain_key(struct svshm *handle)
{
	struct svshm__qt_names names;

	svshm__qt_names_of_key(&names, handle->key, &handle->error);
	svshm__qt_names_free(&names);
	return SVSHM_KEY_ERROR;
}

int svshm__qt_choose(struct svshm *handle)
{
	char *native_key = handle->native ? handle->native_key : NULL;
	struct svshm__qt_names names;
	int code;

	if (handle->qt)
		return SVSHM_OK;
	code = names_of(handle, handle->key, native_key, &names);
	if (code)
		return code;
	handle->qt = calloc(1, sizeof(*handle->qt));
	if (!handle->qt) {
		svshm__qt_names_free(&names);
		return svshm__error_set(&handle->error, SVSHM_OUT_OF_RESOURCES,
					"no memory");
	}
	char *key = handle->key;

	handle->key = NULL;
	code = change_names(handle, &names, key, handle->native);
	if (code)
		svshm__qt_forget(handle);
	return code;
}

void svshm__qt_forget(struct svshm *handle)
{
	svshm__qt_names_free(&handle->qt->names);
	free(handle->qt);
	handle->qt = NULL;
}

/* ---- The lock ---------------------------------------------------------- */

void svshm__qt_set_owner(struct svshm__qt *qt, bool owner)
{
	if (owner)
		svshm__qt_owner_enter(&qt->owner, qt->lock.set_id,
				      &qt->lock.file);
	else
		svshm__qt_owner_leave(&qt->owner);
}

static int check_attached(struct svshm *handle, const char *tried)
{
	if (!handle->qt->address || handle->qt->left)
		return svshm__refuse(handle, SVSHM_NOT_ATTACHED, tried,
				     "attach or create first");
	svshm__clear(handle);
	return SVSHM_OK;
}

int svshm__qt_lock(struct svshm *handle, int timeout_ms, int if_timed_out)
{
	const char *tried = "cannot lock";
	struct svshm__qt *qt = handle->qt;
	int code = check_attached(handle, tried);

	if (code)
		return code;
	if (svshm__qt_owner_is(&qt->owner))
		return svshm__refuse(handle, SVSHM_DEADLOCK, tried,
				     "this thread owns the lock already; "
				     "unlock first");
	code = svshm__qt_lock_take(&qt->lock, &qt->names, timeout_ms,
				   &handle->error);
	if (!code)
		svshm__qt_set_owner(qt, true);
	return svshm__finish(handle, code == SVSHM_TIMED_OUT ? if_timed_out :
							       code, tried);
}

static int check_owner(struct svshm *handle, const char *tried)
{
	int code = check_attached(handle, tried);

	if (code)
		return code;
	if (!svshm__qt_owner_is(&handle->qt->owner))
		return svshm__refuse(handle, SVSHM_NOT_OWNER, tried,
				     "this handle does not own the lock");
	return SVSHM_OK;
}

int svshm__qt_unlock(struct svshm *handle)
{
	const char *tried = "unlock";
	int code = check_owner(handle, tried);

	if (code)
		return code;
	svshm__qt_set_owner(handle->qt, false);
	return svshm__finish(handle,
			     svshm__qt_lock_give(&handle->qt->lock,
						 &handle->error), tried);
}

/* Nobody is told of dead owners here, so there is nothing to take back. */
int svshm__qt_make_consistent(struct svshm *handle)
{
	return check_owner(handle, "cannot make consistent");
}

int svshm__qt_enter(struct svshm__qt *qt, int timeout_ms, bool *borrowed,
		    struct svshm__error *error)
{
	int code = svshm__qt_lock_take(&qt->lock, &qt->names, timeout_ms,
				       error);

	*borrowed = code == SVSHM_DEADLOCK;
	return *borrowed ? SVSHM_OK : code;
}

void svshm__qt_leave(struct svshm__qt *qt, bool borrowed)
{
	struct svshm__error error;

	if (!borrowed && svshm__qt_lock_give(&qt->lock, &error))
		svshm__debug("%s: %s", qt->names.segment, error.message);
}
