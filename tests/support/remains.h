/* SPDX-License-Identifier: BSD-2-Clause */
/* What makers leave who die. */
#ifndef SVSHM_TEST_REMAINS_H
#define SVSHM_TEST_REMAINS_H

#include "puppet.h"

/* The maker has made KEY's object by CREATE, and marked it. */
void leave_orphan(const char *key, actor_act *create);

/* The maker came to the crash point POINT of create. */
void leave_unfinished(const char *key, const char *point);

#endif
