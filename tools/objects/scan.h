/* SPDX-License-Identifier: BSD-2-Clause */
/* What a scan of thousands of objects needs to be fast. */
#ifndef SVSHM_TOOL_OBJECTS_SCAN_H
#define SVSHM_TOOL_OBJECTS_SCAN_H

/* To be called at each visit. */
void scan_keep_fast(void);

#endif
