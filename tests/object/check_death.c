/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * P3: a process may die anywhere: at each crash point of each operation.
 * crash/check_deaths.c has a death at every system call.
 */
#include <config.h>

#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "deaths.h"
#include "memory/turn.h"

static const char *point;

static bool at(const char *prefix)
{
	return strncmp(point, prefix, strlen(prefix)) == 0;
}

/* Whether the dead leave an object that somebody was registered in. */
static bool leaves_orphan(const struct operation *operation)
{
	actor_act *act = operation->acts[0];
	bool orphan = operation->start == ORPHAN ||
		      operation->start == ORPHAN_SMALL;

	if (act == act_create_locked)
		return at("register:") || at("lock:");
	/* The note in the slot table is what a next user finds of the dead. */
	if (act == act_create)
		return at("register:") ||
		       (orphan && (at("enter:") || at("create:file made") ||
				   at("turn:")));
	if (act == act_attach)
		return orphan;
	if (act == svshm_lock)
		return true;
	if (act == act_recover)
		return orphan && at("turn:");
	/* It is on the table yet. */
	return (act == svshm_detach && at("detach:in gate")) ||
	       at("detach:bequeathed") || at("turn:");
}

static bool die_at_point(struct puppet *victim, actor_act *act)
{
	puppet_arm(victim, point, SIGKILL);
	return puppet_do(victim, act) == PUPPET_DIED;
}

static bool die_there(const struct operation *operation, enum next_step step)
{
	static char where[64];
	bool created = operation->acts[0] == act_create_locked ||
		       (operation->acts[0] == act_create && at("register:"));

	snprintf(where, sizeof(where), "\"%s\"", point);
	death.operation = operation;
	death.where = where;
	death.orphan = leaves_orphan(operation) ? YES : NO;
	death.mark = created ? NO : YES;
	death.owner_died = at("lock:owned") ? YES : NO;
	death.lone_set = at("remove:file gone") ? YES : NO;
	return die_and_go_on(die_at_point, step);
}

START_TEST(next_one_works_after_death_at_any_point)
{
	const struct operation *operation = &operations[_i];
	unsigned deaths = 0;

	for (int i = 0; test_crash_points[i]; i++) {
		point = test_crash_points[i];
		if (!die_there(operation, NEXT_CREATES))
			continue;
		ck_assert(die_there(operation, NEXT_ATTACHES));
		ck_assert(die_there(operation, NEXT_RECOVERS));
		deaths++;
	}
	ck_assert_uint_gt(deaths, 0);
}
END_TEST

static bool is_reached(void)
{
	for (int i = 0; i < operation_count; i++)
		if (die_there(&operations[i], NEXT_CREATES))
			return true;
	return false;
}

START_TEST(every_crash_point_is_reached)
{
	for (int i = 0; test_crash_points[i]; i++) {
		point = test_crash_points[i];
		if (test_fast_lock() && (strcmp(point, "lock:taken") == 0 ||
					 strcmp(point, "unlock:clean") == 0))
			continue;
		ck_assert_msg(is_reached(), "nobody reaches \"%s\"", point);
	}
}
END_TEST

static Suite *make_suite(void)
{
	Suite *suite = suite_create("death at each crash point");
	TCase *tcase = tcase_create("death");

	tcase_set_timeout(tcase, 180);
	tcase_add_loop_test(
		tcase, next_one_works_after_death_at_any_point, 0,
		operation_count);
	tcase_add_test(tcase, every_crash_point_is_reached);
	suite_add_tcase(suite, tcase);
	return suite;
}

int main(void)
{
	svshm__turn_patience_ms = 100;
	return test_main(make_suite);
}
