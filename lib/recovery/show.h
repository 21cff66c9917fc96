/* SPDX-License-Identifier: BSD-2-Clause */
/* From evidence to the plain struct that visitors get. */
#ifndef SVSHM_RECOVERY_SHOW_H
#define SVSHM_RECOVERY_SHOW_H

#include <stdbool.h>

#include "recovery/describe.h"

/*
 * Judge, inside the gate if it is free, and show it to VISIT. Returns what
 * VISIT returned; 0 also if there was nothing, or FOREIGN_TOO is false and it
 * is not ours. SHOWN, if not NULL: whether it was shown.
 */
int svshm__show(const struct svshm__candidate *candidate, bool foreign_too,
		svshm_visit *visit, void *context, bool *shown);

#endif
