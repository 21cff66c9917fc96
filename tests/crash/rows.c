/* SPDX-License-Identifier: BSD-2-Clause */
#include <config.h>

#include "rows.h"

struct row rows[ROWS_MAX];
int row_count;

/* What a process in that role can do; NULL terminated. */
static actor_act *const *acts_of(enum role role)
{
	static actor_act *const outside[] = { act_create, act_create_locked,
					      act_attach, act_recover, NULL };
	static actor_act *const attached[] = { svshm_lock, svshm_detach,
					       act_exit, NULL };
	static actor_act *const owner[] = { svshm_unlock, svshm_detach,
					    act_exit, NULL };

	return role == OUTSIDE ? outside : role == OWNER ? owner : attached;
}

static void add_rows(enum ground ground, enum role first, enum role second,
		     bool third)
{
	for (actor_act *const *a = acts_of(first); *a; a++)
		for (actor_act *const *b = acts_of(second); *b; b++) {
			struct row row = { ground, first, second, third,
					   { *a, *b } };

			rows[row_count++] = row;
		}
}

void make_rows(void)
{
	static const enum role roles[] = { OUTSIDE, ATTACHED, OWNER };

	for (int ground = NOTHING; ground < LIVE; ground++)
		add_rows((enum ground)ground, OUTSIDE, OUTSIDE, false);
	add_rows(LOST_FILE, OUTSIDE, OUTSIDE, true);
	add_rows(LOST_FILE, OUTSIDE, ATTACHED, false);
	for (int i = 0; i < 9; i++) {
		enum role first = roles[i / 3], second = roles[i % 3];

		if (first == OWNER && second == OWNER)
			continue;
		add_rows(LIVE, first, second, true);
		if (first != OUTSIDE || second != OUTSIDE)
			add_rows(LIVE, first, second, false);
	}
}
