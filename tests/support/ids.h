/* SPDX-License-Identifier: BSD-2-Clause */
/* Segments and sets by their ids: what the kernel has, not what svshm says. */
#ifndef SVSHM_TEST_IDS_H
#define SVSHM_TEST_IDS_H

#include "support.h"

/* Also one that is removed, while somebody still has it mapped. */
bool segment_is_there(int id);
bool set_is_there(int id);

/* The segment, or set, of KEY's object, which has to be there. */
int segment_of(const char *key);
int set_of(const char *key);

/* As by ipcrm(1): the segment of KEY's object, or its set. */
void remove_segment_of(const char *key);
void remove_set_of(const char *key);

#endif
