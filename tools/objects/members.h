/* SPDX-License-Identifier: BSD-2-Clause */
/* An object in JSON. */
#ifndef SVSHM_TOOL_OBJECTS_MEMBERS_H
#define SVSHM_TOOL_OBJECTS_MEMBERS_H

#include "svshm.h"

/* Its members, without the brackets. */
void object_json(const struct svshm_object *object);

#endif
