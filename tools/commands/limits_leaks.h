/* SPDX-License-Identifier: BSD-2-Clause */
/* Who fills the limits: leftovers, and what nobody has mapped. */
#ifndef SVSHM_TOOL_COMMANDS_LIMITS_LEAKS_H
#define SVSHM_TOOL_COMMANDS_LIMITS_LEAKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "commands/limits_figures.h"

/* Leftovers among what counts for a limit, and whose they are. */
struct share {
	uint64_t amount;
	struct {
		uid_t uid;
		uint64_t amount;
	} *owners;
	size_t owner_count;
};

struct shares {
	bool known;
	struct share ours[RESOURCES], foreign[RESOURCES];
	struct share idle[RESOURCES]; /* others' that nobody has mapped */
};

/* Look at all objects; begins as zeros. */
void shares_find(struct shares *shares);
void shares_free(struct shares *shares);

/* Leftovers of all programs among what counts for RESOURCE. */
uint64_t shares_left(const struct shares *shares, enum resource resource);

#endif
