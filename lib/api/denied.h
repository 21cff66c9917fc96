/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * "Permission denied" tells nobody what to do. Whose is it that was in the way,
 * and who does what about it?
 */
#ifndef SVSHM_API_DENIED_H
#define SVSHM_API_DENIED_H

#include <stdbool.h>
#include <sys/types.h>

#include "handle.h"

/* Whether the system has refused a call on HANDLE's segment or set. */
bool svshm__denied_by_system(const struct svshm *handle, int code);

/* Whose the object is, as svshm_inspect() shows it; nobody's is (uid_t)-1. */
struct svshm__denial {
	uid_t uid;
	mode_t mode;
};

int svshm__denied_note(const struct svshm_object *object, void *denial);

/* Append to HANDLE's message whose it is, and the command that removes it. */
void svshm__denied_explain(struct svshm *handle,
			   const struct svshm__denial *denial);

#endif
