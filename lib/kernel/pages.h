/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The pages of a segment: how large, whether there, whether they may be swapped
 * out. No policy. What is not possible on a system says so.
 */
#ifndef SVSHM_KERNEL_PAGES_H
#define SVSHM_KERNEL_PAGES_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

/* Of one huge page, as segments can have; 0: this system has none for them. */
size_t svshm__pages_huge_size(void);

/* How many of them are free; -1: not known. */
long svshm__pages_huge_free(void);

/*
 * Ask for transparent huge pages in the SIZE bytes of a mapping, all of it: a
 * part would be a piece of its own, and the kernel counts pieces. False: the
 * system gives none to segments.
 */
bool svshm__pages_advise_huge(void *address, size_t size);

/*
 * Let every page of the SIZE bytes be there, in this process's page table, too.
 * ADDRESS is the start of a page. Changes nothing that others write. Memory that
 * is missing is SVSHM_OUT_OF_RESOURCES where the kernel can be asked for all
 * pages in one call; elsewhere it is what a first access makes of it.
 */
int svshm__pages_touch(void *address, size_t size, bool writable,
		       struct svshm__error *error);

/*
 * Never swapped from now on: the segment ID, for all, whoever has it mapped; or
 * where a segment cannot be locked, its SIZE bytes at ADDRESS, until they are
 * unmapped. Locked already is success.
 */
int svshm__pages_lock(int id, const void *address, size_t size,
		      struct svshm__error *error);

#endif
