/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SVSHM_RECOVERY_INSPECT_H
#define SVSHM_RECOVERY_INSPECT_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/error.h"

/*
 * svshm_inspect() in the native layout: visit the object of USER's key file PATH.
 * NOT_FOUND; what VISIT returned.
 */
int svshm__inspect(const char *path, bool native, uid_t user,
		   svshm_visit *visit, void *context,
		   struct svshm__error *error);

#endif
