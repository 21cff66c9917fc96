/* SPDX-License-Identifier: BSD-2-Clause */
/* Memory that is there, or stays: the same in both layouts. */
#include <config.h>

#include "api/memory.h"

#include "api/layout.h"

/* Nobody is told of what was detached: the failure before it counts. */
static void take_back(struct svshm *handle, bool was_orphan)
{
	struct svshm__error failure = handle->error;

	handle->leaves_orphan = was_orphan;
	handle->layout->detach(handle);
	handle->leaves_orphan = false;
	handle->error = failure;
}

int svshm__memory_prepare(struct svshm *handle, int code, bool made)
{
	if (code < 0 || !(handle->pages.wish & ~SVSHM_MEMORY_HUGE))
		return code;

	struct svshm__error before = handle->error;
	void *data = handle->layout->data(handle);
	int failure;

	failure = svshm__pages_prepare(&handle->pages,
				       handle->layout->segment_id(handle),
				       data, handle->layout->size(handle),
				       handle->access == SVSHM_READ_WRITE,
				       &handle->error);
	if (!failure) {
		handle->error = before;
		return code;
	}
	take_back(handle, code == SVSHM_ORPHANED && !made);
	if (code == SVSHM_ORPHANED && made)
		svshm__error_append(&handle->error, "; an orphan was removed "
				    "before, its data are gone");
	handle->pages.note[0] = '\0';
	return failure;
}
