/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The public functions on handles: arguments, then the handle's state, then the
 * work, then code and message. What they promise stands in svshm.h.
 */
#include <config.h>

#include "api/denied.h"
#include "api/layout.h"
#include "api/memory.h"
#include "kernel/process.h"

/* ---- Results ------------------------------------------------------------- */

int svshm_error(const struct svshm *handle)
{
	return handle ? handle->error.code : SVSHM_INVALID_ARGUMENT;
}

const char *svshm_error_string(const struct svshm *handle)
{
	return handle ? handle->error.message : "the handle is NULL";
}

const char *svshm_version(void)
{
	return PACKAGE_VERSION;
}

/* ---- The object -------------------------------------------------------------- */

/* What create and attach have to ask first; 0: go on. */
static int check_start(struct svshm *handle, enum svshm_access access,
		       const char *tried)
{
	if (access != SVSHM_READ_ONLY && access != SVSHM_READ_WRITE)
		return svshm__refuse(handle, SVSHM_INVALID_ARGUMENT, tried,
			      "there is no such access mode");
	if (svshm_is_attached(handle))
		return svshm__refuse(handle, SVSHM_ALREADY_ATTACHED, tried,
			      "this handle is attached already; detach it "
			      "first, or use another handle");
	svshm__clear(handle);
	handle->pages.note[0] = '\0';
	if (handle->native_key)
		return SVSHM_OK;
	if (handle->key && *handle->key)
		return svshm__finish(
			handle, handle->layout->explain_key(handle), tried);
	return svshm__refuse(handle, SVSHM_KEY_ERROR, tried,
		      handle->key ? "the key is empty" :
				    "no key is set; see svshm_set_key()");
}

/* The result of create and attach: CODE. */
static int begin(struct svshm *handle, int code, const char *done,
		 const char *tried)
{
	struct svshm__denial denial = { (uid_t)-1, (mode_t)-1 };
	struct svshm__error ignored;

	if (code >= 0) {
		svshm__note_rights(handle);
	} else if (svshm__denied_by_system(handle, code)) {
		handle->layout->inspect(handle, svshm__denied_note, &denial,
					&ignored);
		svshm__denied_explain(handle, &denial);
	}
	svshm__finish(handle, code, code > 0 ? done : tried);
	if (code >= 0)
		svshm__add_note(handle, done);
	return code;
}

/* What makes an object asks first for a size as well. */
static int check_size(struct svshm *handle, size_t size, const char *tried)
{
	return size ? SVSHM_OK :
		      svshm__refuse(handle, SVSHM_INVALID_SIZE, tried,
				    "an object has at least one byte");
}

static int create(struct svshm *handle, size_t size, enum svshm_access access,
		  bool locked)
{
	const char *tried = "cannot create";
	int code, state;

	if (!handle)
		return SVSHM_INVALID_ARGUMENT;
	code = check_start(handle, access, tried);
	if (!code)
		code = check_size(handle, size, tried);
	if (code)
		return code;
	state = svshm__cancel_forbidden();
	code = handle->layout->create(handle, size, access, locked);
	code = svshm__memory_prepare(handle, code, true);
	code = begin(handle, code, "created", tried);
	svshm__cancel_allowed(state);
	return code;
}

int svshm_create(struct svshm *handle, size_t size, enum svshm_access access)
{
	return create(handle, size, access, false);
}

int svshm_create_locked(struct svshm *handle, size_t size,
			enum svshm_access access)
{
	return create(handle, size, access, true);
}

int svshm_open(struct svshm *handle, size_t size, enum svshm_access access,
	       bool *made)
{
	const char *tried = "cannot open";
	int code, state;

	if (made)
		*made = false;
	if (!handle)
		return SVSHM_INVALID_ARGUMENT;

	code = check_start(handle, access, tried);
	if (!code && !made)
		code = svshm__refuse(handle, SVSHM_INVALID_ARGUMENT, tried,
				     "without MADE, nobody knows who has to "
				     "fill it in and unlock it");
	if (!code)
		code = check_size(handle, size, tried);
	if (code || !made)
		return code;
	state = svshm__cancel_forbidden();
	code = handle->layout->open(handle, size, access, made);
	code = svshm__memory_prepare(handle, code, *made);
	*made = *made && code >= 0;
	code = begin(handle, code, "opened", tried);
	svshm__cancel_allowed(state);
	return code;
}

int svshm_attach(struct svshm *handle, enum svshm_access access)
{
	const char *tried = "cannot attach to";

	if (!handle)
		return SVSHM_INVALID_ARGUMENT;

	int code = check_start(handle, access, tried);

	if (code)
		return code;

	int state = svshm__cancel_forbidden();

	code = handle->layout->attach(handle, access);
	code = svshm__memory_prepare(handle, code, false);
	code = begin(handle, code, "attached to", tried);
	svshm__cancel_allowed(state);
	return code;
}

int svshm_detach(struct svshm *handle)
{
	const char *tried = "detach from";

	if (!handle)
		return SVSHM_INVALID_ARGUMENT;
	if (!svshm_is_attached(handle))
		return svshm__refuse(handle, SVSHM_NOT_ATTACHED, tried,
			      "this handle is not attached");
	svshm__clear(handle);

	int state = svshm__cancel_forbidden();
	int code = handle->layout->detach(handle);

	svshm__cancel_allowed(state);
	code = svshm__finish(handle, code, tried);
	handle->has_rights = false;
	return code;
}

bool svshm_is_attached(const struct svshm *handle)
{
	return handle && handle->layout->is_attached(handle);
}

void *svshm_data(struct svshm *handle)
{
	return svshm_is_attached(handle) ? handle->layout->data(handle) : NULL;
}

const void *svshm_const_data(const struct svshm *handle)
{
	return svshm_is_attached(handle) ? handle->layout->const_data(handle) :
					   NULL;
}

size_t svshm_size(const struct svshm *handle)
{
	return svshm_is_attached(handle) ? handle->layout->size(handle) : 0;
}

/* ---- Looking -------------------------------------------------------------------- */

int svshm_inspect(struct svshm *handle, svshm_visit *visit, void *context)
{
	const char *tried = "cannot look at";

	if (!handle)
		return SVSHM_INVALID_ARGUMENT;
	if (!visit)
		return svshm__refuse(handle, SVSHM_INVALID_ARGUMENT, tried,
			      "there is no function to call");
	svshm__clear(handle);
	if (!handle->native_key)
		return svshm__refuse(handle, SVSHM_KEY_ERROR, tried, "no key is set");

	int state = svshm__cancel_forbidden();
	int code =
		handle->layout->inspect(handle, visit, context, &handle->error);

	svshm__cancel_allowed(state);
	return svshm__finish(handle, code, tried);
}
