/* SPDX-License-Identifier: BSD-2-Clause */
/* The crash points: arming one, and the list of all. */
#include <config.h>

#include "support.h"

extern const char *svshm__crashpoint_name;
extern int svshm__crashpoint_signal;
extern int svshm__crashpoint_count;

void test_crash_at(const char *name, int signal, int count)
{
	svshm__crashpoint_signal = signal;
	svshm__crashpoint_count = count;
	svshm__crashpoint_name = name;
}

const char *const test_crash_points[] = {
	"create:file made",
	"enter:set made",
	"enter:before gate",
	"enter:in gate",
	"create:marked",
	"create:leftover gone",
	"create:segment made",
	"create:before magic",
	"create:published",
	"register:noted",
	"register:claimed",
	"lock:taken",
	"lock:owned",
	"unlock:clean",
	"detach:in gate",
	"detach:bequeathed",
	"detach:entry cleared",
	"detach:unmapped",
	"detach:slot released",
	"turn:taken",
	"turn:said",
	"detach:in turn",
	"remove:segment gone",
	"remove:file gone",
	"remove:done",
	"exit:leaving",
	NULL
};
