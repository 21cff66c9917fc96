/* SPDX-License-Identifier: BSD-2-Clause */
/* What there is to say of an object beside its verdict. */
#ifndef SVSHM_TOOL_OBJECTS_NOTES_H
#define SVSHM_TOOL_OBJECTS_NOTES_H

#include "svshm.h"

/* All in one text, or NULL if there is nothing; the caller frees it. */
char *notes_text(const struct svshm_object *object);

/* The member "notes". */
void notes_json(const struct svshm_object *object);

#endif
