/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * To look at an object safely the library enters its gate, with SEM_UNDO. Linux
 * keeps an undo structure for each set that a process has ever used so, in one
 * list, and searches that list at each first use of another: a scan of n
 * objects takes time that grows as n * n. unshare(CLONE_SYSVSEM) starts a new
 * list, and gives back what the old one holds: nothing, during a visit, as the
 * tool holds no lock and is in no gate while it scans. It needs no privilege.
 * A program that uses semaphores of its own could not do so, so the library
 * doesn't.
 */
#include <config.h>

#include <sched.h>

#include "objects/scan.h"

#define VISITS 128

void scan_keep_fast(void)
{
#if defined(HAVE_UNSHARE) && defined(CLONE_SYSVSEM)
	static unsigned visits;

	/* If it is not permitted, the scan is slower: no harm. */
	if (++visits % VISITS == 0)
		(void)unshare(CLONE_SYSVSEM);
#endif
}
