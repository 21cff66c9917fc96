/* SPDX-License-Identifier: BSD-2-Clause */
/* What somebody may have meant who has mistyped a word. */
#ifndef SVSHM_TOOL_ARGUMENTS_SUGGEST_H
#define SVSHM_TOOL_ARGUMENTS_SUGGEST_H

#include <stddef.h>

struct suggestion {
	const char *word; /* without dashes and value */
	size_t length;
	const char *nearest; /* NULL: nothing is near */
	size_t distance;     /* so far, or the first that is too far */
};

/* Look for what is near WORD: try each candidate, the most likely ones first. */
void suggest_begin(struct suggestion *suggestion, const char *word);
void suggest_try(struct suggestion *suggestion, const char *candidate);

#endif
