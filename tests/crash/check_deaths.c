/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * P3: a process may die anywhere. The victim, alone or with another live
 * process in every state that matters, is killed before and after each system
 * call of each operation, and while it sleeps in one. Then the next one
 * creates, attaches or recovers within a second; whoever else is attached has
 * lost nothing; and nothing is left when all have gone.
 */
#include <config.h>

#include <stdio.h>

#include "scene.h"
#include "tracer.h"

static const struct scene scenes[] = {
	{ NOTHING, OUTSIDE, ABSENT, act_create },
	{ NOTHING, OUTSIDE, ABSENT, act_create_locked },
	{ KEY_FILE, OUTSIDE, ABSENT, act_create },
	{ HALF_MADE, OUTSIDE, ABSENT, act_create },
	{ ORPHAN, OUTSIDE, ABSENT, act_create },
	{ ORPHAN, OUTSIDE, ABSENT, act_create_locked },
	{ ORPHAN_SMALL, OUTSIDE, ABSENT, act_create },
	{ LIVE, OUTSIDE, ATTACHED, act_create },
	{ LIVE, OUTSIDE, OWNER, act_create },
	{ LOST_FILE, OUTSIDE, ATTACHED, act_create },
	{ NOTHING, OUTSIDE, ABSENT, act_attach },
	{ KEY_FILE, OUTSIDE, ABSENT, act_attach },
	{ HALF_MADE, OUTSIDE, ABSENT, act_attach },
	{ ORPHAN, OUTSIDE, ABSENT, act_attach },
	{ ORPHAN, OUTSIDE, ABSENT, act_attach_read_only },
	{ LIVE, OUTSIDE, ATTACHED, act_attach },
	{ LIVE, OUTSIDE, ATTACHED, act_attach_read_only },
	{ LIVE, OUTSIDE, OWNER, act_attach },
	{ LOST_FILE, OUTSIDE, ATTACHED, act_attach },
	{ LIVE, ATTACHED, ABSENT, svshm_lock },
	{ LIVE, ATTACHED, ATTACHED, svshm_lock },
	{ LIVE, ATTACHED, OWNER, svshm_lock },
	{ LIVE, ATTACHED, OWNER, svshm_trylock },
	{ LIVE, ATTACHED, ATTACHED, act_timedlock },
	{ LIVE, ATTACHED, OWNER, act_timedlock },
	{ LIVE, OWNER, ABSENT, svshm_unlock },
	{ LIVE, OWNER, ATTACHED, svshm_unlock },
	{ LIVE, OWNER, WAITER, svshm_unlock },
	{ LIVE, ATTACHED, ATTACHED, act_ring },
	{ LIVE, ATTACHED, ATTACHED, act_wait_shortly },
	{ LIVE, ATTACHED, ABSENT, svshm_detach },
	{ LIVE, ATTACHED, ATTACHED, svshm_detach },
	{ LIVE, ATTACHED, OWNER, svshm_detach },
	{ LIVE, OWNER, ABSENT, svshm_detach },
	{ LIVE, OWNER, WAITER, svshm_detach },
	{ LOST_FILE, ATTACHED, ABSENT, svshm_detach },
	{ LIVE, ATTACHED, ABSENT, act_exit },
	{ LIVE, ATTACHED, ATTACHED, act_exit },
	{ LIVE, ATTACHED, OWNER, act_exit },
	{ LIVE, OWNER, ABSENT, act_exit },
	{ LIVE, OWNER, WAITER, act_exit },
	{ HALF_MADE, OUTSIDE, ABSENT, act_recover },
	{ ORPHAN, OUTSIDE, ABSENT, act_recover },
	{ LIVE, OUTSIDE, ATTACHED, act_recover },
	{ LIVE, OUTSIDE, OWNER, act_recover },
	{ ORPHAN, OUTSIDE, ABSENT, act_look_at_it },
	{ LIVE, OUTSIDE, ATTACHED, act_look_at_it },
	{ ORPHAN, OUTSIDE, ABSENT, act_remove_force },
	{ LIVE, OUTSIDE, ATTACHED, act_remove_force },
	{ LIVE, OUTSIDE, OWNER, act_remove_force },
};
#define SCENES ((int)(sizeof(scenes) / sizeof(*scenes)))

enum next_step { CREATES, ATTACHES, RECOVERS, STEPS };
static const char *const step_names[] = { "create", "attach", "recover" };

/* The case under way. */
static struct {
	const struct world *world;
	const struct scene *scene;
	enum next_step step;
	const char *key;
	struct tracer tracer; /* of the victim */
	struct puppet victim, company, next;
	bool company_owns; /* the lock */
} now;

#define CASE "%s; %s (ground %d, company %d), death at %s, then %s: "
#define CASE_VALUES \
	now.world->name, act_name(now.scene->act), (int)now.scene->ground, \
	(int)now.scene->company, now.tracer.where, step_names[now.step]

#define expect(condition) \
	ck_assert_msg((condition), CASE "not so: %s", CASE_VALUES, #condition)

static int expect_one_of(const struct puppet *puppet, int got, int one,
			 int other, const char *what)
{
	ck_assert_msg(got == one || got == other,
		      CASE "%s: %d (%s), expected %d or %d: %s", CASE_VALUES,
		      what, got, puppet_answer_string(got), one, other,
		      puppet->actor.message);
	return got;
}

#define next_expect(puppet, act, one, other) \
	expect_one_of((puppet), next_act((puppet), (act)), (one), (other), #act)

/* ---- What may be left ---------------------------------------------------- */

static bool on_orphan(void)
{
	return now.scene->ground == ORPHAN || now.scene->ground == ORPHAN_SMALL;
}

/* Whoever died making it: only a header could tell. */
static bool on_unmarked(void)
{
	return in_qt_world() && now.scene->ground == HALF_MADE;
}

/* The operation takes nothing away: the data are there after it. */
static bool takes_nothing(void)
{
	actor_act *act = now.scene->act;

	return act == svshm_lock || act == svshm_trylock ||
	       act == act_timedlock || act == svshm_unlock ||
	       (on_orphan() && (act == act_attach ||
				act == act_attach_read_only ||
				act == act_look_at_it));
}

static bool may_leave_orphan(void)
{
	return now.scene->ground >= ORPHAN || on_unmarked() ||
	       act_creates(now.scene->act);
}

static bool may_own_lock(void)
{
	actor_act *act = now.scene->act;

	return now.scene->victim == OWNER || act == svshm_lock ||
	       act == act_timedlock || act == act_create_locked;
}

/* ---- Alone --------------------------------------------------------------- */

static void next_creates(void)
{
	int code = next_expect(&now.next, act_create, SVSHM_OK, SVSHM_ORPHANED);

	expect(code != SVSHM_OK || !takes_nothing());
	expect(code != SVSHM_ORPHANED || may_leave_orphan());
	expect(now.next.mark == 0);
	next_expect(&now.next, svshm_lock, SVSHM_OK, SVSHM_OK);
}

static void next_attaches(void)
{
	int code = next_expect(&now.next, act_attach, SVSHM_NOT_FOUND,
			       SVSHM_ORPHANED);

	expect(code != SVSHM_NOT_FOUND || !takes_nothing());
	expect(code != SVSHM_ORPHANED || may_leave_orphan());
	if (code != SVSHM_ORPHANED) {
		use_up(now.key);
		return;
	}
	/* Its own data, or those of the object that was being made. */
	expect(now.next.mark == PUPPET_MARK ||
	       ((act_creates(now.scene->act) || on_unmarked()) &&
		now.next.mark == 0));
	next_expect(&now.next, svshm_lock, SVSHM_OK,
		    may_own_lock() ? owner_died() : SVSHM_OK);
}

static void next_recovers(void)
{
	int code = next_expect(&now.next, act_recover, SVSHM_OK,
			       SVSHM_NOT_FOUND);

	expect(count_sets(now.key) == 0);
	if (code == SVSHM_OK)
		expect(nothing_left(now.key));
	else
		use_up(now.key);
}

static void next_alone(void)
{
	switch (now.step) {
	case CREATES:
		next_creates();
		break;
	case ATTACHES:
		next_attaches();
		break;
	case RECOVERS:
	case STEPS:
		next_recovers();
		break;
	}
	puppet_leave(&now.next);
}

/* ---- In company ---------------------------------------------------------- */

static void company_unlocks(void)
{
	if (!now.company_owns)
		return;
	puppet_expect(&now.company, svshm_unlock, SVSHM_OK);
	now.company_owns = false;
}

static void expect_lock_works(void)
{
	if (now.company_owns) {
		if (now.next.attached)
			next_expect(&now.next, svshm_trylock, SVSHM_BUSY,
				    SVSHM_BUSY);
		company_unlocks();
	}
	next_expect(&now.company, svshm_lock, SVSHM_OK,
		    may_own_lock() ? owner_died() : SVSHM_OK);
	if (now.next.attached)
		next_expect(&now.next, svshm_trylock, SVSHM_BUSY, SVSHM_BUSY);
	puppet_expect(&now.company, svshm_make_consistent, SVSHM_OK);
	puppet_expect(&now.company, svshm_unlock, SVSHM_OK);
	if (!now.next.attached)
		return;
	next_expect(&now.next, svshm_lock, SVSHM_OK, SVSHM_OK);
	puppet_expect(&now.next, svshm_unlock, SVSHM_OK);
}

static void next_in_company(void)
{
	if (now.scene->company == WAITER) {
		expect_one_of(&now.company, puppet_end(&now.company), SVSHM_OK,
			      owner_died(), "wait");
		now.company_owns = true;
	}
	/* Who comes, or recovers, waits for the lock. */
	if (in_qt_world())
		company_unlocks();
	switch (now.step) {
	case CREATES:
		next_expect(&now.next, act_create, SVSHM_ALREADY_EXISTS,
			    SVSHM_ALREADY_EXISTS);
		break;
	case ATTACHES:
		next_expect(&now.next, act_attach, SVSHM_OK, SVSHM_OK);
		expect(same_object(&now.next, &now.company));
		expect(now.next.mark == PUPPET_MARK &&
		       now.company.mark == PUPPET_MARK);
		break;
	case RECOVERS:
	case STEPS:
		/* Of a lost key file, there may be a successor to remove. */
		next_expect(&now.next, act_recover, SVSHM_BUSY,
			    now.scene->ground == LOST_FILE ? SVSHM_OK :
							     SVSHM_BUSY);
		break;
	}
	expect_lock_works();
	if (now.scene->ground != LOST_FILE)
		expect(test_count_segments(now.key) == 1);
	/* The last one of them removes it all. */
	puppet_leave(&now.company);
	if (now.next.attached) {
		expect(test_count_segments(now.key) == 1);
		puppet_expect(&now.next, act_look, SVSHM_OK);
		expect(now.next.mark == PUPPET_MARK);
	}
	puppet_leave(&now.next);
}

/* By force, under somebody: he keeps his bytes, and knows. */
static void next_after_force(void)
{
	puppet_expect(&now.company, act_look, SVSHM_OK);
	expect(now.company.mark == PUPPET_MARK);
	next_expect(&now.company, svshm_detach, SVSHM_OK, SVSHM_REMOVED);
	puppet_leave(&now.company);
	if (now.step == ATTACHES)
		next_expect(&now.next, act_attach, SVSHM_NOT_FOUND,
			    SVSHM_NOT_FOUND);
	next_expect(&now.next, act_create, SVSHM_OK, SVSHM_OK);
	puppet_leave(&now.next);
}

/* ---- All of it ----------------------------------------------------------- */

static void set_scene(void)
{
	const struct scene *scene = now.scene;

	now.key = test_key("death");
	scene_set(scene, now.key, &now.victim, &now.company);
	now.company_owns = scene->company == OWNER;
	/* With Qt, nearly everything waits for the lock. */
	now.tracer.may_sleep = now.company_owns &&
		(in_qt_world() || scene->act == svshm_lock ||
		 scene->act == act_timedlock);
}

/* False: the act has come to its end before that many stops. */
static bool die_at(unsigned stop)
{
	struct tracer *tracer = &now.tracer;

	tracer_begin(tracer, &now.victim, now.scene->act);
	while (tracer->stops < stop) {
		/* Somebody has to let it go on. */
		if (tracer->stop == TRACER_ASLEEP)
			company_unlocks();
		if (tracer_next(tracer) == TRACER_ENDED)
			return false;
		holes_note(tracer);
	}
	tracer_kill(tracer);
	case_may_take(in_waiting_hole() ? 3000 : 1000);
	return true;
}

static bool play(unsigned stop)
{
	bool died;

	set_scene();
	died = die_at(stop);
	if (died) {
		puppet_start(&now.next, now.key);
		if (!now.company.alive)
			next_alone();
		else if (now.scene->act == act_remove_force)
			next_after_force();
		else
			next_in_company();
	} else {
		if (now.company.alive && now.scene->company == WAITER)
			puppet_end(&now.company);
		if (now.company.alive)
			puppet_kill(&now.company);
		puppet_leave(&now.victim);
	}
	const char *left = what_is_left(now.key, now.scene->ground, died, died);

	ck_assert_msg(!left, CASE "left: %s", CASE_VALUES, left);
	return died;
}

static bool play_in_time(unsigned stop)
{
	bool died, in_time;

	case_begin();
	in_time = case_play(play, stop, &died);
	expect(in_time);
	case_end(died);
	return died;
}

START_TEST(next_one_works_after_death_at_any_call)
{
	unsigned stop = 0;
	bool died;

	now.world = &worlds[_i / SCENES];
	now.scene = &scenes[_i % SCENES];
	if (!row_wanted(_i) || !tracer_permitted() || !now.world->enter() ||
	    !ground_possible(now.scene->ground))
		return;
	puppet_reuse();
	do {
		died = true;
		for (int step = 0; step < STEPS; step++) {
			now.step = (enum next_step)step;
			if (case_wanted(stop * STEPS + (unsigned)step))
				died = play_in_time(stop);
		}
		stop++;
	} while (died);
	/* The tracer itself makes as many; the fast lock may make none. */
	ck_assert_uint_gt(stop, 2);
}
END_TEST

static Suite *make_suite(void)
{
	TCase *tests;
	Suite *suite = cases_suite("death at each system call", &tests);

	tcase_add_loop_test(tests, next_one_works_after_death_at_any_call, 0,
			    SCENES * world_count);
	return suite;
}

int main(void)
{
	return cases_main(make_suite, "deaths at system calls", 13, 3);
}
