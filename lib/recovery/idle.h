/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Other programs' segments and sets that nobody has used for long, whoever made
 * them. Where pids say nothing, the estimate (estimate.h) keeps everything: a
 * container that was started again has new ones, and what its predecessor made
 * is of "another pid namespace" for ever. Here only the kernel's counts and
 * times are asked, which are the same in all namespaces. That nobody wants the
 * object any more does not follow: the caller has to say after how long that is
 * so.
 */
#ifndef SVSHM_RECOVERY_IDLE_H
#define SVSHM_RECOVERY_IDLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "recovery/estimate.h"
#include "recovery/pids.h"
#include "kernel/segment.h"
#include "kernel/semset.h"

/*
 * Nobody has had the segment mapped for more than so many SECONDS: true. Why,
 * or why not, in a sentence, into REASON. Not one whose key may be ours: every
 * scan maps it, to look, and that is all its times tell.
 */
bool svshm__idle_segment(const struct svshm__segment_status *segment,
			 int64_t seconds, char *reason, size_t size);

/*
 * Nobody waits for the set, and nobody has changed it for so long. The kernel
 * does not tell who has only its id; so who changed it last keeps it if he is
 * known to live.
 */
bool svshm__idle_set(struct svshm__pids *pids,
		     const struct svshm__set_status *set,
		     const struct svshm__set_use *use, int64_t seconds,
		     char *reason, size_t size);

#endif
