/* SPDX-License-Identifier: BSD-2-Clause */
/* What is mapped for the handles that have an attachment. */
#ifndef SVSHM_MEMORY_MAPPING_H
#define SVSHM_MEMORY_MAPPING_H

#include "memory/attachment.h"

/*
 * A handle less. True: that was the last, and the entry, which is in the list
 * no more, is the caller's alone, with its mappings.
 */
bool svshm__mapping_release(struct svshm__attachment *attachment,
			    enum svshm_access access);

/* Take the mappings away. */
void svshm__mapping_unmap(struct svshm__attachment *attachment);

/* Free what svshm__mapping_release() has handed over, and its mappings. */
void svshm__mapping_free(struct svshm__attachment *attachment);

/*
 * Map the segment for ACCESS if it isn't mapped so, for a handle that has the
 * entry. *ADOPT, if not NULL, is a mapping that the caller has made (read-write,
 * or read-only for a mere reader): it is used instead of a new one, and becomes
 * NULL. A mapping stays until the last handle goes, also if none uses it any
 * more.
 */
int svshm__mapping_map(struct svshm__attachment *attachment,
		       enum svshm_access access, void **adopt,
		       struct svshm__error *error);

/*
 * How many of the kernel's count of mappings are this process's at the least:
 * Linux counts pieces, and a part that is protected is one.
 */
unsigned svshm__mapping_pieces(const struct svshm__attachment *attachment);

/*
 * The header, writable unless the process is a mere reader, as mapped for a
 * handle of ACCESS: other handles come and go without touching this mapping.
 */
struct svshm__header *svshm__mapping_header(
	const struct svshm__attachment *attachment, enum svshm_access access);

#endif
