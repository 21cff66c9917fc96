/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Who is about to remove a segment M, and those who come by another gate
 * meanwhile: "Removers" at the head of native.c.
 */
#ifndef SVSHM_REMOVAL_H
#define SVSHM_REMOVAL_H

#include <stdbool.h>

#include "error.h"
#include "layout.h"

/*
 * Inside the gate, before M is removed or retired: say so in its header. False:
 * the gate is gone, so others may be using M, and it must stay; or another is
 * about to do the same.
 */
bool svshm__removal_begin(struct svshm__header *header, int segment_id,
			  int set_id);

/* The same for M that is not mapped, and IPC_RMID. SVSHM__AGAIN: as above. */
int svshm__removal_carry_out(int segment_id, int set_id,
			     struct svshm__error *error);

/*
 * After the claim of a slot: is M about to be removed by somebody who is in a
 * gate that is no more? Waits until he is seen to have done it, or to be dead.
 */
bool svshm__removal_awaits(struct svshm__header *header, int segment_id,
			   int set_id);

#endif
