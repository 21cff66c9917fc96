/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Who is shown to a visitor just now, so that svshm_recover(), called from
 * within the visit, finds on what the object was judged. Callers can only hand
 * it the object, or a copy, of which nothing is known here.
 */
#ifndef SVSHM_RECOVERY_VISIT_H
#define SVSHM_RECOVERY_VISIT_H

#include "object/judge.h"
#include "recovery/pids.h"

/*
 * Call VISIT. EVIDENCE: of an object that has a valid header, and was judged
 * inside its gate; else NULL. PIDS: of the scan, if it is one.
 */
int svshm__visit(const struct svshm_object *object,
		 const struct svshm__evidence *evidence,
		 struct svshm__pids *pids, svshm_visit *visit, void *context);

/* That evidence, if OBJECT is being visited; else NULL. */
const struct svshm__evidence *
svshm__visit_evidence(const struct svshm_object *object);

/* Those pids, if OBJECT is being visited by this thread; else NULL. */
struct svshm__pids *svshm__visit_pids(const struct svshm_object *object);

#endif
