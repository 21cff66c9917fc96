/* SPDX-License-Identifier: BSD-2-Clause */
/* The internal build's crash points; see lib/base/crashpoint.h. */
#include <config.h>

#include "base/crashpoint.h"

#include <signal.h>
#include <string.h>
#include <unistd.h>

const char *svshm__crashpoint_name;
int svshm__crashpoint_signal;
int svshm__crashpoint_count;

void svshm__crashpoint(const char *name)
{
	const char *wanted = svshm__crashpoint_name;

	if (!wanted || strcmp(wanted, name) != 0 ||
	    --svshm__crashpoint_count > 0)
		return;
	svshm__crashpoint_name = NULL;
	kill(getpid(), svshm__crashpoint_signal);
}
