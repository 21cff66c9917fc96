/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Segments that this process knows to belong to a key file: it has made them for
 * that file, or has seen that there was no other file with the same IPC key. Whose
 * a segment is does not change while it lives, whatever files come later. So who
 * attaches again need not read the directory again (P7).
 */
#ifndef SVSHM_QT_KNOWN_H
#define SVSHM_QT_KNOWN_H

#include <stdbool.h>

#include "kernel/segment.h"
#include "qt/file.h"

bool svshm__qt_known(int segment_id,
		     const struct svshm__segment_status *segment,
		     const struct svshm__qt_file *file);
void svshm__qt_remember(int segment_id,
			const struct svshm__segment_status *segment,
			const struct svshm__qt_file *file);

#endif
