/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * P1 to P5 under an administrator: each part of an object is removed, replaced,
 * or changed from outside, before and after each system call of an operation that
 * others may notice. Then others come. Whoever was in the middle goes on, or dies.
 *
 * In the Qt layout less can be told: there is no header, and a set of one
 * semaphore. What holds there all the same: nobody is told that all had died whose
 * memory he shares, nobody fails without a reason or waits for ever, and in the
 * end the name can be used. See also check_qt_bad.c.
 */
#include <config.h>

#include <string.h>

#include "deeds.h"
#include "qtwire.h"
#include "scene.h"
#include "tracer.h"

/* ---- In the middle of what ----------------------------------------------- */

static const struct scene scenes[] = {
	{ NOTHING, OUTSIDE, ABSENT, act_create },
	{ ORPHAN, OUTSIDE, ABSENT, act_create },
	{ ORPHAN, OUTSIDE, ABSENT, act_attach },
	{ LIVE, OUTSIDE, ATTACHED, act_attach },
	{ LIVE, OUTSIDE, OWNER, act_attach },
	{ LIVE, ATTACHED, ABSENT, svshm_detach },
	{ LIVE, ATTACHED, OWNER, svshm_detach },
	{ LIVE, ATTACHED, ABSENT, act_exit },
	{ LIVE, ATTACHED, ATTACHED, svshm_lock },
	{ LIVE, OWNER, WAITER, svshm_unlock },
};

#define SCENES (int)(sizeof(scenes) / sizeof(*scenes))

/* In the Qt layout, who attaches waits for the lock: if nobody keeps it. */
static bool is_possible(const struct scene *scene)
{
	return !in_qt_world() || (scene->victim != OWNER &&
				  scene->company != OWNER &&
				  scene->act != svshm_lock);
}

static struct {
	const struct world *world;
	const struct scene *scene;
	const struct deed *deed;
	enum fate fate;
	const char *key;
	struct tracer tracer;
	struct puppet victim, company, comer, maker;
	bool victim_told, company_owns;
	int came, locked, made; /* codes */
} now;

#define CASE "%s; ground %d; %s at %s (company %d): %s; then it %s; attach " \
	     "%d, lock %d, create %d: "
#define CASE_VALUES \
	now.world->name, (int)now.scene->ground, act_name(now.scene->act), \
	now.tracer.where, (int)now.scene->company, now.deed->name, \
	now.fate == DIES ? "dies" : "goes on", now.came, now.locked, now.made

#define expect(condition) \
	ck_assert_msg((condition), CASE "not so: %s", CASE_VALUES, #condition)

static void set_scene(void)
{
	const struct scene *scene = now.scene;
	bool first = scene->ground == LIVE;

	memset(&now.victim, 0, sizeof(now.victim));
	now.key = test_key("admin");
	now.came = now.locked = now.made = 0;
	ground_make(now.key, scene->ground);
	role_come(&now.company, now.key, scene->company, first);
	role_come(&now.victim, now.key, scene->victim,
		  first && scene->company == ABSENT);
	role_come(&now.comer, now.key, OUTSIDE, false);
	role_come(&now.maker, now.key, OUTSIDE, false);
	role_lock(&now.victim, scene->victim);
	role_lock(&now.company, scene->company);
	now.company_owns = scene->company == OWNER;
	now.tracer.shared_only = true;
	now.tracer.may_sleep = scene->act == svshm_lock;
	now.tracer.stop = TRACER_ENTRY;
	holes_open(now.key);
	tracer_begin(&now.tracer, &now.victim, scene->act);
}

/* On to the Nth stop; false: it ends before. */
static bool go_to_stop(unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		enum tracer_stop stop = tracer_next(&now.tracer);

		if (stop == TRACER_ENDED)
			return false;
		if (stop == TRACER_ASLEEP)
			return i + 1 == n;
	}
	return true;
}

static bool lives_with(const struct puppet *puppet, int segment_id)
{
	return puppet->alive && puppet->attached &&
	       puppet->segment_id == segment_id;
}

/*
 * Somebody comes; he may have to wait for the one who stands there. He is not to
 * be told that all had died whose memory he shares, nor get their lock.
 */
static void expect_newcomer_honest(void)
{
	bool victim_in = now.scene->victim != OUTSIDE &&
			 lives_with(&now.victim, now.comer.segment_id);

	expect(now.came == SVSHM_OK || now.came == SVSHM_ORPHANED ||
	       now.came < 0);
	expect(now.came != SVSHM_UNKNOWN_ERROR);
	/* Who stands there, about to change it, is waited for. */
	expect(now.came != SVSHM_TIMED_OUT ||
	       strstr(now.comer.actor.message, "is changing the object"));
	if (now.came == SVSHM_ORPHANED) {
		expect(!lives_with(&now.company, now.comer.segment_id));
		expect(!victim_in || now.scene->act == act_exit ||
		       now.scene->act == svshm_detach || now.fate == DIES);
	}
	/* In the Qt layout who comes next would have to wait for it. */
	if (now.came < 0 || in_qt_world())
		return;
	now.locked = puppet_do(&now.comer, svshm_trylock);
	if (now.company_owns &&
	    lives_with(&now.company, now.comer.segment_id))
		expect(now.locked < 0);
}

static void let_victim_end(void)
{
	if (now.fate == DIES) {
		tracer_kill(&now.tracer);
	} else {
		tracer_release(&now.tracer);
		/* It may wait for a lock whose owner is the company. */
		if (puppet_end_or_block(&now.victim) == PUPPET_BLOCKED)
			puppet_kill(&now.victim);
	}
}

static void play_on(void)
{
	int code;

	deed_prepare(now.key);
	deed_do(now.deed);
	puppet_begin(&now.comer, act_attach);
	code = puppet_end_or_block(&now.comer);
	if (code != PUPPET_BLOCKED) {
		now.came = code;
		expect_newcomer_honest();
	}
	let_victim_end();
	if (code == PUPPET_BLOCKED) {
		now.came = puppet_end(&now.comer);
		expect_newcomer_honest();
	}
	now.made = puppet_do(&now.maker, act_create);
	if (in_qt_world())
		expect(now.made != SVSHM_UNKNOWN_ERROR &&
		       now.made != SVSHM_TIMED_OUT);
	else
		expect(now.made >= 0 || now.made == SVSHM_ALREADY_EXISTS ||
		       now.made == SVSHM_KEY_ERROR);
}

/* ---- The end ------------------------------------------------------------- */

static void let_go(struct puppet *puppet)
{
	if (puppet->alive)
		puppet_kill(puppet);
}

/* All have gone. The name can be used, and then nothing is left. */
static void check_the_end(void)
{
	struct puppet last;

	let_go(&now.company);
	let_go(&now.comer);
	let_go(&now.victim);
	let_go(&now.maker);
	deed_put_back();
	memset(&last, 0, sizeof(last));
	puppet_start(&last, now.key);
	now.made = puppet_do(&last, act_create);
	expect(now.made >= 0);
	puppet_leave(&last);
	deed_clean_up(now.deed, now.key);
	expect(in_qt_world() ? qt_nothing_left(now.key) :
			       test_nothing_left(now.key));
}

static bool play(unsigned stop)
{
	set_scene();
	if (!go_to_stop(stop)) {
		now.victim.alive = now.scene->act != act_exit;
		if (now.victim.alive)
			tracer_kill(&now.tracer);
		let_go(&now.company);
		let_go(&now.comer);
		let_go(&now.maker);
		recover_leftovers(now.key);
		return false;
	}
	play_on();
	check_the_end();
	return true;
}

START_TEST(admin_at_each_system_call)
{
	unsigned number = 0;

	now.scene = &scenes[_i / deed_count % SCENES];
	now.world = &worlds[_i / deed_count / SCENES];
	if (!row_wanted(_i) || !tracer_permitted() || !now.world->enter() ||
	    !is_possible(now.scene))
		return;
	now.deed = deed_of_number(_i % deed_count);
	if (!now.deed)
		return;
	for (unsigned stop = 1;; stop++) {
		bool there_is = true;

		for (int fate = GOES_ON; fate < FATES && there_is; fate++) {
			now.fate = (enum fate)fate;
			if (!case_wanted(number++))
				continue;
			case_begin();
			there_is = play(stop);
			case_end(there_is);
		}
		if (!there_is || stop > 200)
			break;
	}
}
END_TEST

static Suite *make_suite(void)
{
	TCase *tests;
	Suite *suite = cases_suite("an administrator at system calls", &tests);

	tcase_add_loop_test(tests, admin_at_each_system_call, 0,
			    world_count * SCENES * deed_count);
	return suite;
}

int main(void)
{
	return cases_main(make_suite, "an administrator at system calls", 7, 9);
}
