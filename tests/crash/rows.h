/* SPDX-License-Identifier: BSD-2-Clause */
/* What pairs of processes do at a time: all that their roles allow. */
#ifndef SVSHM_CRASH_ROWS_H
#define SVSHM_CRASH_ROWS_H

#include "scene.h"

struct row {
	enum ground ground;
	enum role first, second;
	bool third; /* somebody else is attached */
	actor_act *acts[2];
};

/* All of them, once make_rows() has been called. */
#define ROWS_MAX 400
extern struct row rows[ROWS_MAX];
extern int row_count;

void make_rows(void);

#endif
