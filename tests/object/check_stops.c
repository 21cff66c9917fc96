/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * P1: one name, one object, in interleavings made on purpose. One process, the
 * first, is stopped at each crash point of create, attach, detach and exit;
 * meanwhile another one, the second, uses the same key, to the end or until it
 * is seen to wait; then the first goes on.
 */
#include <config.h>

#include <signal.h>

#include "remains.h"

/* Where the first process stands while the second acts. */
static const char *point;

#define expect(condition) \
	ck_assert_msg((condition), "stopped at \"%s\": not so: %s", point, \
		      #condition)

enum start {
	NOTHING, /* up to HALF_MADE: there is no object */
	KEY_FILE,  /* alone, of a maker that died */
	HALF_MADE, /* all there, but the header isn't complete */
	ORPHAN,
	ORPHAN_SMALL,   /* with room for fewer processes than create asks for */
	FIRST_ATTACHED, /* alone */
	SECOND_ATTACHED,
	BOTH_ATTACHED
};

static const struct scene {
	enum start start;
	actor_act *first, *second;
} scenes[] = {
	{ NOTHING, act_create, act_create },
	{ NOTHING, act_create, act_attach },
	{ KEY_FILE, act_attach, act_create },
	{ HALF_MADE, act_create, act_create },
	{ HALF_MADE, act_create, act_attach },
	{ HALF_MADE, act_attach, act_create },
	{ ORPHAN, act_create, act_create },
	{ ORPHAN, act_create, act_attach },
	{ ORPHAN, act_attach, act_create },
	{ ORPHAN, act_attach, act_attach },
	{ ORPHAN_SMALL, act_create, act_create },
	{ ORPHAN_SMALL, act_create, act_attach },
	{ SECOND_ATTACHED, act_create, svshm_detach },
	{ SECOND_ATTACHED, act_create, act_exit },
	{ SECOND_ATTACHED, act_attach, svshm_detach },
	{ SECOND_ATTACHED, act_attach, act_exit },
	{ FIRST_ATTACHED, svshm_detach, act_create },
	{ FIRST_ATTACHED, svshm_detach, act_attach },
	{ FIRST_ATTACHED, act_exit, act_create },
	{ FIRST_ATTACHED, act_exit, act_attach },
	{ BOTH_ATTACHED, svshm_detach, svshm_detach },
	{ BOTH_ATTACHED, svshm_detach, act_exit },
	{ BOTH_ATTACHED, act_exit, svshm_detach },
	{ BOTH_ATTACHED, act_exit, act_exit },
};

static int act_create_small(struct svshm *handle)
{
	svshm_set_max_processes(handle, 14);
	return act_create(handle);
}

static void set_scene(enum start start, const char *key, struct puppet *first,
		      struct puppet *second)
{
	switch (start) {
	case NOTHING:
		break;
	case KEY_FILE:
		leave_unfinished(key, "create:file made");
		break;
	case HALF_MADE:
		leave_unfinished(key, "create:before magic");
		break;
	case ORPHAN:
		leave_orphan(key, act_create);
		break;
	case ORPHAN_SMALL:
		leave_orphan(key, act_create_small);
		break;
	case FIRST_ATTACHED:
		puppet_expect(first, act_create, SVSHM_OK);
		break;
	case BOTH_ATTACHED:
		puppet_expect(first, act_create, SVSHM_OK);
		puppet_expect(second, act_attach, SVSHM_OK);
		break;
	case SECOND_ATTACHED:
		puppet_expect(second, act_create, SVSHM_OK);
		break;
	}
}

static bool allowed(actor_act *act, int code)
{
	if (act == svshm_detach)
		return code == SVSHM_OK;
	if (act == act_exit)
		return code == PUPPET_ENDED;
	return code == SVSHM_OK || code == SVSHM_ORPHANED ||
	       code == (act == act_create ? SVSHM_ALREADY_EXISTS :
					    SVSHM_NOT_FOUND);
}

/* Whatever the order in which the two came, it was one of these outcomes. */
static void check_codes(const struct scene *scene, int first, int second)
{
	bool orphan = scene->start == ORPHAN || scene->start == ORPHAN_SMALL;
	int created = (scene->first == act_create && first >= 0) +
		      (scene->second == act_create && second >= 0);

	expect(allowed(scene->first, first));
	expect(allowed(scene->second, second));
	/* The orphan's next user is told, and nobody finds nothing. */
	expect((first == SVSHM_ORPHANED) + (second == SVSHM_ORPHANED) ==
	       orphan);
	expect(!orphan ||
	       (first != SVSHM_NOT_FOUND && second != SVSHM_NOT_FOUND));
	/* Nobody creates what there is. */
	expect(created <= 1);
	expect(created == 1 || scene->start > HALF_MADE);
}

static void check_objects(const char *key, const struct puppet *first,
			  const struct puppet *second)
{
	expect(test_count_segments(key) ==
	       (first->attached || second->attached));
	expect(!first->attached || !second->attached ||
	       first->segment_id == second->segment_id);
}

/* Whether the first process did stop. */
static bool play(const struct scene *scene)
{
	const char *key = test_key("stops");
	struct puppet first, second;

	puppet_start(&first, key);
	puppet_start(&second, key);
	set_scene(scene->start, key, &first, &second);

	puppet_arm(&first, point, SIGSTOP);
	int first_code = puppet_do(&first, scene->first);
	bool stopped = first_code == PUPPET_STOPPED;

	puppet_begin(&second, scene->second);
	int second_code = puppet_end_or_block(&second);

	if (stopped) {
		puppet_continue(&first);
		first_code = puppet_end(&first);
	}
	if (second_code == PUPPET_BLOCKED)
		second_code = puppet_end(&second);

	check_codes(scene, first_code, second_code);
	check_objects(key, &first, &second);
	puppet_leave(&first);
	check_objects(key, &first, &second);
	puppet_leave(&second);
	expect(test_nothing_left(key));
	expect(count_sets(key) == 0);
	return stopped;
}

START_TEST(one_object_whoever_stops_where)
{
	unsigned stops = 0;

	for (int i = 0; test_crash_points[i]; i++) {
		point = test_crash_points[i];
		stops += play(&scenes[_i]);
	}
	ck_assert_uint_gt(stops, 0);
}
END_TEST

static Suite *make_suite(void)
{
	Suite *suite = suite_create("one name, one object: stops");
	TCase *tcase = tcase_create("stops");

	tcase_set_timeout(tcase, 180);
	tcase_add_loop_test(tcase, one_object_whoever_stops_where, 0,
			    (int)(sizeof(scenes) / sizeof(*scenes)));
	suite_add_tcase(suite, tcase);
	return suite;
}

int main(void)
{
	return test_main(make_suite);
}
