/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the public functions do differently in each layout, as a table. They have
 * looked at their arguments by then, and at the handle's state; what is returned
 * goes through svshm__finish(), unless it says so.
 */
#ifndef SVSHM_API_LAYOUT_H
#define SVSHM_API_LAYOUT_H

#include <stdbool.h>
#include <stddef.h>

#include "handle.h"

struct svshm__layout {
	/* ---- Names; the result is finished. ---- */
	int (*set_key)(struct svshm *handle, const char *key);
	int (*set_native_key)(struct svshm *handle, const char *text);
	/* Why a handle with a key has no key file: KEY_ERROR, and a message. */
	int (*explain_key)(struct svshm *handle);

	/* ---- The object ---- */
	int (*create)(struct svshm *handle, size_t size,
		      enum svshm_access access, bool locked);
	int (*attach)(struct svshm *handle, enum svshm_access access);
	int (*open)(struct svshm *handle, size_t size, enum svshm_access access,
		    bool *made);
	int (*detach)(struct svshm *handle);
	/* With ERROR instead of the handle's. */
	int (*inspect)(struct svshm *handle, svshm_visit *visit, void *context,
		       struct svshm__error *error);

	/* ---- What is attached ---- */
	bool (*is_attached)(const struct svshm *handle);
	/* Of a handle that is attached. */
	void *(*data)(struct svshm *handle);
	const void *(*const_data)(const struct svshm *handle);
	size_t (*size)(const struct svshm *handle);
	int (*segment_id)(const struct svshm *handle);

	/* ---- The lock; the result is finished. ---- */
	int (*lock)(struct svshm *handle, int timeout_ms, int if_timed_out);
	int (*unlock)(struct svshm *handle);
	int (*make_consistent)(struct svshm *handle);
	int (*snapshot)(struct svshm *handle, size_t offset, void *buffer,
			size_t length, int timeout_ms);

	/* ---- Changes; the result is finished. ---- */
	int (*notify)(struct svshm *handle);
	int (*wait)(struct svshm *handle, uint32_t *seen, int timeout_ms);
	/* Of a handle that is attached. */
	uint32_t (*changes)(const struct svshm *handle);
};

extern const struct svshm__layout svshm__layout_native;
extern const struct svshm__layout svshm__layout_qt;

/* Back to the native layout, where a key has another key file. */
int svshm__native_choose(struct svshm *handle);

#endif
