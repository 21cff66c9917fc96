/* SPDX-License-Identifier: BSD-2-Clause */
/* One segment or set of another program, and what svshm_recover() does to it. */
#ifndef SVSHM_RECOVERY_AIM_H
#define SVSHM_RECOVERY_AIM_H

#include "ids.h"

struct aim {
	int segment_id, set_id; /* -1: not that */
	struct svshm_recovery recovery;
	/* What came of it. */
	bool seen; /* by a scan */
	int code;
	enum svshm_certainty certainty;
};

/* For svshm_scan(): recover what AIM says, and nothing else. */
int aim_at(const struct svshm_object *object, void *aim);

/* Scan for it; SECONDS are .unmapped_for. It has to be there. */
struct aim recover_segment(int id, unsigned flags, int64_t seconds);
struct aim recover_set(int id, unsigned flags, int64_t seconds);

#define expect_recovery(aim, expected, words) \
	ck_assert_msg((aim).code == (expected) && \
		      strstr((aim).recovery.message, words), "%d: %s", \
		      (aim).code, (aim).recovery.message)

/* A .save that does not. */
int fail_to_save(const struct svshm_object *object, const void *data,
		 size_t size, void *context);

#endif
