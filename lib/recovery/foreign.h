/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Another program's segment or set is judged again and removed. There is no
 * gate to shut, so the last look comes right before the removal; who attaches
 * to a segment in between keeps the memory (IPC_RMID waits for the last
 * detach), but the segment has lost its key.
 */
#ifndef SVSHM_RECOVERY_FOREIGN_H
#define SVSHM_RECOVERY_FOREIGN_H

#include "recovery/lives.h"
#include "svshm.h"

/*
 * svshm_recover() of a foreign object, with SVSHM_RECOVER_FOREIGN. LIVES: those
 * of the scan that shows it, which thousands have in common; or NULL.
 */
int svshm__recover_foreign(const struct svshm_object *object,
			   struct svshm_recovery *recovery,
			   struct svshm__lives *lives);

#endif
