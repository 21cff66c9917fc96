/* SPDX-License-Identifier: BSD-2-Clause */
/* Values as people read them: sizes, times, users, rights. */
#ifndef SVSHM_TOOL_OUTPUT_VALUES_H
#define SVSHM_TOOL_OUTPUT_VALUES_H

#include <stdint.h>
#include <sys/types.h>

/* A short text by value, so that it can be used inside a call of printf. */
struct text {
	char bytes[64];
};

struct text text_size(uint64_t bytes);            /* "4.0K" */
struct text text_since(int64_t time);             /* its age, "12m", or "-" */
struct text text_date(int64_t time);              /* "2026-11-30 02:26:25" */
struct text text_time(int64_t time);              /* with age, or "never" */
struct text text_user(uid_t uid);                 /* "-": (uid_t)-1 */
struct text text_group(gid_t gid);                /* "-": (gid_t)-1 */
struct text text_mode(mode_t mode);               /* "0640", "-" */

#endif
