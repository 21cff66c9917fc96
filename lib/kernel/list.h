/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * All segments and sets that there are, as the kernel lists them. list_linux.c,
 * list_bsd.c and list_hpux.c ask it; a build without any of them has no list.
 */
#ifndef SVSHM_KERNEL_LIST_H
#define SVSHM_KERNEL_LIST_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "kernel/segment.h"
#include "kernel/semset.h"

struct svshm__list_item {
	int id;
	int64_t key;
	struct svshm__segment_status
		status; /* of a segment; size 0: not known */
	struct svshm__set_status set_status; /* of a set; count 0: not known */
};

struct svshm__list {
	struct svshm__list_item *items; /* to be freed */
	size_t count;
};

/*
 * All that the caller may know of. The list is empty before. SVSHM_NOT_SUPPORTED:
 * this kernel does not tell, and the list is empty still.
 */
int svshm__list_segments(struct svshm__list *list, struct svshm__error *error);
int svshm__list_sets(struct svshm__list *list, struct svshm__error *error);

/*
 * What the list tells of one, for who may not ask for it by id (and if nobody
 * has removed it meanwhile). Size, or count, 0: nothing.
 */
void svshm__listed_segment(int id, struct svshm__segment_status *status);
void svshm__listed_set(int id, struct svshm__set_status *status);

/* ---- For those who make lists --------------------------------------------- */

/* Append; SEGMENT and SET may be NULL. SVSHM_OUT_OF_RESOURCES. */
int svshm__list_add(struct svshm__list *list, int id, int64_t key,
		    const struct svshm__segment_status *segment,
		    const struct svshm__set_status *set);

void svshm__list_free(struct svshm__list *list);

/*
 * What the kernel's answer ERRNUM to the request for a list means: it may know
 * no such request, or keep it from us (SVSHM_NOT_SUPPORTED). LIST is empty then.
 */
int svshm__list_refused(struct svshm__list *list, int errnum,
			struct svshm__error *error, const char *call);

#endif
