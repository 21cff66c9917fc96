/* SPDX-License-Identifier: BSD-2-Clause */
/* Qt's objects for svshm_scan() and svshm_inspect(). */
#ifndef SVSHM_RECOVERY_SCAN_QT_H
#define SVSHM_RECOVERY_SCAN_QT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "qt/key.h"

/* What a scan has shown: it need not be shown again as somebody's. */
struct svshm__qt_shown {
	int *segments, *sets; /* ids */
	size_t segment_count, set_count;
};

/*
 * Visit the objects whose key files lie where Qt puts them: in the caller's
 * directory for temporary files and in /tmp, and, if they are used, in his
 * $XDG_RUNTIME_DIR. ALONE_TOO: also locks without memory. SHOWN is to be freed
 * also after a failure.
 */
int svshm__qt_scan(bool alone_too, svshm_visit *visit, void *context,
		   struct svshm__qt_shown *shown);
bool svshm__qt_shown_segment(const struct svshm__qt_shown *shown, int id);
bool svshm__qt_shown_set(const struct svshm__qt_shown *shown, int id);
void svshm__qt_shown_free(struct svshm__qt_shown *shown);

/* The one with these names. NOT_FOUND... */
int svshm__qt_inspect(const struct svshm__qt_names *names, svshm_visit *visit,
		      void *context, struct svshm__error *error);

#endif
