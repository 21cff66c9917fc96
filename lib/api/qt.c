/* SPDX-License-Identifier: BSD-2-Clause */
/* The Qt layout, for the public functions. */
#include <config.h>

#include "api/layout.h"
#include "qt/qt.h"
#include "recovery/scan_qt.h"

static int inspect(struct svshm *handle, svshm_visit *visit, void *context,
		   struct svshm__error *error)
{
	return svshm__qt_inspect(&handle->qt->names, visit, context, error);
}

static bool is_attached(const struct svshm *handle)
{
	return handle->qt->address != NULL;
}

static void *data(struct svshm *handle)
{
	return handle->qt->address;
}

static const void *const_data(const struct svshm *handle)
{
	return handle->qt->address;
}

static size_t size(const struct svshm *handle)
{
	return handle->qt->size;
}

static int segment_id(const struct svshm *handle)
{
	return handle->qt->segment_id;
}

/* Its memory is all the users', and its semaphore is Qt's: there is no room. */
static int refuse_changes(struct svshm *handle, const char *tried)
{
	return svshm__refuse(handle, SVSHM_NOT_SUPPORTED, tried,
			     "an object of the Qt layout has no count of "
			     "changes");
}

static int notify(struct svshm *handle)
{
	return refuse_changes(handle, "cannot notify");
}

static int wait_for_change(struct svshm *handle, uint32_t *seen, int timeout_ms)
{
	(void)seen;
	(void)timeout_ms;
	return refuse_changes(handle, "cannot wait for a change of");
}

static uint32_t changes(const struct svshm *handle)
{
	(void)handle;
	return 0;
}

const struct svshm__layout svshm__layout_qt = {
	.set_key = svshm__qt_set_key,
	.set_native_key = svshm__qt_set_native_key,
	.explain_key = svshm__qt_explain_key,
	.create = svshm__qt_create,
	.attach = svshm__qt_attach,
	.open = svshm__qt_open,
	.detach = svshm__qt_detach,
	.inspect = inspect,
	.is_attached = is_attached,
	.data = data,
	.const_data = const_data,
	.size = size,
	.segment_id = segment_id,
	.lock = svshm__qt_lock,
	.unlock = svshm__qt_unlock,
	.make_consistent = svshm__qt_make_consistent,
	.notify = notify,
	.wait = wait_for_change,
	.changes = changes,
	.snapshot = svshm__qt_snapshot,
};
