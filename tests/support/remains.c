/* SPDX-License-Identifier: BSD-2-Clause */
#include <config.h>

#include "remains.h"

#include <signal.h>

void leave_orphan(const char *key, actor_act *create)
{
	struct puppet maker;

	puppet_start(&maker, key);
	puppet_expect(&maker, create, SVSHM_OK);
	puppet_expect(&maker, act_mark, SVSHM_OK);
	puppet_kill(&maker);
}

void leave_unfinished(const char *key, const char *point)
{
	struct puppet maker;

	puppet_start(&maker, key);
	puppet_arm(&maker, point, SIGKILL);
	puppet_expect(&maker, act_create, PUPPET_DIED);
}
