/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The gate of an object: how it is entered, by newcomers and by those who have
 * the object. Who has entered it leaves it, by svshm__gate_leave(), unless the
 * set has gone.
 */
#ifndef SVSHM_OBJECT_GATE_H
#define SVSHM_OBJECT_GATE_H

#include <stdbool.h>
#include <stdint.h>

#include "memory/attachment.h"
#include "memory/slots.h"

/*
 * Enter the gate of SET, which svshm__set_look() has looked at, of the object
 * under KEY. If the gate stays shut, and the header says that somebody has reset
 * the set, the set is removed: its gate may be shut for ever, and those who are
 * registered there have lost it anyway. SVSHM__RETRY then, or if it is gone.
 */
int svshm__gate_pass(const struct svshm__set *set, key_t key,
		     unsigned name_hash, int64_t deadline,
		     struct svshm__error *error);

/* The same, and read the set's values again. */
int svshm__gate_pass_and_look(struct svshm__set *set, key_t key,
			      unsigned name_hash, int64_t deadline,
			      struct svshm__error *error);

/*
 * The gate of the set in which ATTACHMENT's process is registered, or its parent;
 * its values are not read. SVSHM_REMOVED: there is none any more.
 */
int svshm__gate_pass_own(const struct svshm__attachment *attachment,
			 struct svshm__set *set, int64_t deadline,
			 struct svshm__error *error);

/*
 * The same for who leaves. SVSHM_REMOVED: somebody has removed the set; INSIDE
 * tells whether we are in a gate all the same: SET's, which may be a new one. That
 * he has reset it svshm__gate_check_own() tells, when SET's values have been read.
 */
int svshm__gate_pass_to_leave(const struct svshm__attachment *attachment,
			      struct svshm__set *set, int timeout_ms,
			      bool *inside, struct svshm__error *error);
int svshm__gate_check_own(const struct svshm__attachment *attachment,
			  const struct svshm__set *set,
			  struct svshm__error *error);

#endif
