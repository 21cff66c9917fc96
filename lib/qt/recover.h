/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SVSHM_QT_RECOVER_H
#define SVSHM_QT_RECOVER_H

#include "base/error.h"

/*
 * svshm_recover() of an object of the Qt layout, for recover.c: judged again
 * inside its lock. Sets recovery->verdict.
 */
int svshm__qt_recover(const struct svshm_object *object,
		      struct svshm_recovery *recovery,
		      struct svshm__error *error);

#endif
