/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * All segments and sets: by the kernel's list, if there is one. Whether there is
 * is decided at run time: the BSDs have macros of Linux that their kernels refuse,
 * jails and filters of system calls hide what the kernel would tell, and
 * emulations lack it.
 *
 * Else by what works on every system: trying the keys that the key files in a
 * user's key directory lead to. Objects whose key file is lost, and other
 * programs' segments, are not seen then.
 */
#ifndef SVSHM_KEY_LIST_H
#define SVSHM_KEY_LIST_H

#include "kernel/list.h"
#include "key/key.h"

/*
 * All segments, or sets, that the caller may know of; where the kernel does not
 * tell, those that USER's key files lead to.
 */
int svshm__list_all_segments(struct svshm__list *list, uid_t user,
			     struct svshm__error *error);
int svshm__list_all_sets(struct svshm__list *list, uid_t user,
			 struct svshm__error *error);

#endif
