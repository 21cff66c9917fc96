/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * P3: a process may die anywhere. One, the victim, dies at each crash point of
 * each operation, alone or with another user of the object. Then the next one
 * creates, attaches or recovers, as if nothing had happened, and nothing is
 * left when all have gone. check_p3_calls.c has a death at every system call.
 */
#include <config.h>

#include <signal.h>
#include <string.h>

#include "puppet.h"

enum start {
	NOTHING,
	KEY_FILE,  /* alone, of a maker that died */
	HALF_MADE, /* all there, but the header isn't complete */
	ORPHAN,    /* marked */
	ORPHAN_SMALL, /* with room for fewer processes than create asks for */
	OWN,       /* the victim's object, marked */
	OTHERS,    /* somebody else's; and not the victim's */
	SHARED     /* somebody else's, and the victim's */
};

static const struct operation {
	const char *name;
	enum start start;
	actor_act *acts[2]; /* in turn; the second may be NULL */
} operations[] = {
	{ "create", NOTHING, { act_create, NULL } },
	{ "create with the key file there", KEY_FILE, { act_create, NULL } },
	{ "create over a half", HALF_MADE, { act_create, NULL } },
	{ "create over an orphan", ORPHAN, { act_create, NULL } },
	{ "create over a small orphan", ORPHAN_SMALL, { act_create, NULL } },
	{ "create what there is", OTHERS, { act_create, NULL } },
	{ "attach", OTHERS, { act_attach, NULL } },
	{ "attach to a lone key file", KEY_FILE, { act_attach, NULL } },
	{ "attach to a half", HALF_MADE, { act_attach, NULL } },
	{ "attach to an orphan", ORPHAN, { act_attach, NULL } },
	{ "lock", OWN, { svshm_lock, svshm_unlock } },
	{ "lock what is shared", SHARED, { svshm_lock, svshm_unlock } },
	{ "detach", SHARED, { svshm_detach, NULL } },
	{ "detach as the last", OWN, { svshm_detach, NULL } },
	{ "exit", SHARED, { act_exit, NULL } },
	{ "exit as the last", OWN, { act_exit, NULL } },
	{ "recover a half", HALF_MADE, { act_recover, NULL } },
	{ "recover an orphan", ORPHAN, { act_recover, NULL } },
	{ "recover in vain", OTHERS, { act_recover, NULL } },
};

#define OPERATIONS (int)(sizeof(operations) / sizeof(*operations))

/* ---- The death ----------------------------------------------------------------- */

/* One death. */
static struct {
	const struct operation *operation;
	const char *point;
	const char *key;
	struct puppet user; /* the other one, if .alive */
} scene;

#define expect(condition) \
	ck_assert_msg((condition), "%s, death at \"%s\": not so: %s", \
		      scene.operation->name, scene.point, #condition)

static void expect_answer(struct puppet *puppet, actor_act *act, int expected,
			  const char *what)
{
	int got = puppet_do(puppet, act);

	ck_assert_msg(got == expected,
		      "%s, death at \"%s\": then %s: %d (%s), expected %d "
		      "(%s): %s", scene.operation->name, scene.point, what, got,
		      svshm_strerror(got), expected, svshm_strerror(expected),
		      puppet->actor.message);
}

static int act_create_small(struct svshm *handle)
{
	svshm_set_max_processes(handle, 14);
	return act_create(handle);
}

static void leave_orphan_by(actor_act *create)
{
	struct puppet maker;

	puppet_start(&maker, scene.key);
	puppet_expect(&maker, create, SVSHM_OK);
	puppet_expect(&maker, act_mark, SVSHM_OK);
	puppet_kill(&maker);
}

static void die_creating_at(const char *where)
{
	struct puppet maker;

	puppet_start(&maker, scene.key);
	puppet_arm(&maker, where, SIGKILL);
	puppet_expect(&maker, act_create, PUPPET_DIED);
}

static void create_marked(struct puppet *puppet)
{
	puppet_expect(puppet, act_create, SVSHM_OK);
	puppet_expect(puppet, act_mark, SVSHM_OK);
}

static void set_scene(struct puppet *victim)
{
	enum start start = scene.operation->start;

	if (start == OTHERS || start == SHARED) {
		puppet_start(&scene.user, scene.key);
		create_marked(&scene.user);
	}
	if (start == KEY_FILE)
		die_creating_at("create:file made");
	else if (start == HALF_MADE)
		die_creating_at("create:before magic");
	else if (start == ORPHAN)
		leave_orphan_by(act_create);
	else if (start == ORPHAN_SMALL)
		leave_orphan_by(act_create_small);
	puppet_start(victim, scene.key);
	if (start == OWN)
		create_marked(victim);
	else if (start == SHARED)
		puppet_expect(victim, act_attach, SVSHM_OK);
}

/* Whether the victim has come to the point, and died there. */
static bool kill_victim(void)
{
	struct puppet victim;
	int code = SVSHM_OK;

	set_scene(&victim);
	for (int i = 0; i < 2 && victim.alive && scene.operation->acts[i];
	     i++) {
		puppet_arm(&victim, scene.point, SIGKILL);
		code = puppet_do(&victim, scene.operation->acts[i]);
	}
	if (victim.alive)
		puppet_leave(&victim);
	return code == PUPPET_DIED;
}

/* ---- What is next ---------------------------------------------------------------- */

static bool at(const char *prefix)
{
	return strncmp(scene.point, prefix, strlen(prefix)) == 0;
}

/* Whether the dead leave an object that somebody was registered in. */
static bool orphan_is_left(void)
{
	actor_act *act = scene.operation->acts[0];
	enum start start = scene.operation->start;
	bool orphan = start == ORPHAN || start == ORPHAN_SMALL;

	/* The note in the slot table is what a next user finds of the dead. */
	if (act == act_create)
		return at("register:") ||
		       (orphan && (at("enter:") || at("create:file made")));
	if (act == act_attach)
		return orphan;
	if (act == svshm_lock)
		return true;
	return act == svshm_detach && at("detach:in gate");
}

/* The data are as before. */
static bool mark_is_left(void)
{
	return orphan_is_left() &&
	       !(scene.operation->acts[0] == act_create && at("register:"));
}

static void expect_all_gone(void)
{
	expect(test_nothing_left(scene.key));
	/* A set without its key file is the tool's to find. */
	if (at("remove:file gone"))
		recover_leftovers(scene.key);
	expect(count_sets(scene.key) == 0);
}

static void next_creates(struct puppet *next)
{
	expect_answer(next, act_create,
		      orphan_is_left() ? SVSHM_ORPHANED : SVSHM_OK, "create");
	expect(next->mark == 0);
	expect_answer(next, svshm_lock, SVSHM_OK, "lock");
	puppet_leave(next);
}

static void next_attaches(struct puppet *next)
{
	bool orphan = orphan_is_left();

	expect_answer(next, act_attach,
		      orphan ? SVSHM_ORPHANED : SVSHM_NOT_FOUND, "attach");
	expect(next->mark == (mark_is_left() ? PUPPET_MARK : 0));
	if (orphan)
		expect_answer(next, svshm_lock,
			      at("lock:owned") ? SVSHM_OWNER_DIED : SVSHM_OK,
			      "lock");
	puppet_leave(next);
}

static void next_recovers(struct puppet *next)
{
	int code = puppet_do(next, act_recover);

	expect(code == SVSHM_OK || code == SVSHM_NOT_FOUND);
	puppet_leave(next);
	expect(count_sets(scene.key) == 0);
}

/* ---- What is next while somebody else is attached ---------------------------------- */

static void expect_user_unhurt(void)
{
	bool died_owning = at("lock:owned");

	expect_answer(&scene.user, svshm_lock,
		      died_owning ? SVSHM_OWNER_DIED : SVSHM_OK, "lock");
	expect(scene.user.mark == PUPPET_MARK);
	expect_answer(&scene.user, svshm_make_consistent, SVSHM_OK,
		      "make consistent");
	expect_answer(&scene.user, svshm_unlock, SVSHM_OK, "unlock");
	expect(test_count_segments(scene.key) == 1);
}

static void next_creates_in_vain(struct puppet *next)
{
	expect_answer(next, act_create, SVSHM_ALREADY_EXISTS, "create");
	puppet_leave(next);
	expect_user_unhurt();
	puppet_leave(&scene.user);
}

static void next_joins(struct puppet *next)
{
	expect_answer(next, act_attach, SVSHM_OK, "attach");
	expect(next->mark == PUPPET_MARK);
	expect_user_unhurt();
	/* The other one goes first. */
	puppet_leave(&scene.user);
	expect(test_count_segments(scene.key) == 1);
	puppet_leave(next);
}

static void next_recovers_in_vain(struct puppet *next)
{
	expect_answer(next, act_recover, SVSHM_BUSY, "recover");
	puppet_leave(next);
	expect_user_unhurt();
	puppet_leave(&scene.user);
}

/* ---- All of it ------------------------------------------------------------------------ */

typedef void next_step(struct puppet *next);

static next_step *const next_steps[][2] = {
	{ next_creates, next_creates_in_vain },
	{ next_attaches, next_joins },
	{ next_recovers, next_recovers_in_vain },
};

/* Whether the operation comes to the point at all. */
static bool die_and_go_on(next_step *const steps[2])
{
	struct puppet next;

	scene.key = test_key("death");
	scene.user.alive = false;

	bool died = kill_victim();

	if (died) {
		puppet_start(&next, scene.key);
		steps[scene.user.alive](&next);
	}
	if (scene.user.alive)
		puppet_leave(&scene.user);
	else if (!died)
		recover_leftovers(scene.key);
	expect_all_gone();
	return died;
}

START_TEST(p3_after_a_death_anywhere_the_next_one_works)
{
	unsigned deaths = 0;

	scene.operation = &operations[_i];
	for (int i = 0; test_crash_points[i]; i++) {
		scene.point = test_crash_points[i];
		if (!die_and_go_on(next_steps[0]))
			continue;
		ck_assert(die_and_go_on(next_steps[1]));
		ck_assert(die_and_go_on(next_steps[2]));
		deaths++;
	}
	ck_assert_uint_gt(deaths, 0);
}
END_TEST

static bool somebody_dies_there(void)
{
	for (int i = 0; i < OPERATIONS; i++) {
		scene.operation = &operations[i];
		if (die_and_go_on(next_steps[0]))
			return true;
	}
	return false;
}

START_TEST(p3_every_crash_point_is_reached)
{
	for (int i = 0; test_crash_points[i]; i++) {
		scene.point = test_crash_points[i];
		ck_assert_msg(somebody_dies_there(), "nobody reaches \"%s\"",
			      scene.point);
	}
}
END_TEST

static Suite *make_suite(void)
{
	Suite *suite = suite_create("P3: death at each crash point");
	TCase *tcase = tcase_create("death");

	tcase_set_timeout(tcase, 180);
	tcase_add_loop_test(tcase, p3_after_a_death_anywhere_the_next_one_works,
			    0, OPERATIONS);
	tcase_add_test(tcase, p3_every_crash_point_is_reached);
	suite_add_tcase(suite, tcase);
	return suite;
}

int main(void)
{
	return test_main(make_suite);
}
