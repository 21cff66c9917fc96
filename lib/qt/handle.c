/* SPDX-License-Identifier: BSD-2-Clause */
/* The names of a handle of the Qt layout. */
#include <config.h>

#include <stdlib.h>
#include <string.h>

#include "qt/qt.h"

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
