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
	.snapshot = svshm__qt_snapshot,
};
