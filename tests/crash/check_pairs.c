/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * P1 to P4 in pairs: the first process is stopped before and after each system
 * call of one operation that others may notice, while the second runs another
 * operation to its end, or until it is seen to wait. Then the first one goes on,
 * or dies. All pairs, on all grounds, with and without a third one that is
 * attached.
 */
#include <config.h>

#include <stdio.h>

#include "rows.h"
#include "scene.h"
#include "tracer.h"

/* ---- The case under way -------------------------------------------------- */

struct player {
	struct puppet puppet;
	actor_act *act;
	int code;  /* of its act */
	bool owns; /* the lock */
};

static struct {
	const struct world *world;
	const struct row *row;
	enum fate fate;
	const char *key;
	struct tracer tracer; /* of the first */
	struct player first, second, third, next;
} now;

#define CASE "%s; ground %d, third %d: %s (role %d) at %s, %s (role %d), " \
	     "then the first %s; codes %d (%s), %d (%s): "
#define CASE_VALUES \
	now.world->name, (int)now.row->ground, (int)now.row->third, \
	act_name(now.first.act), (int)now.row->first, now.tracer.where, \
	act_name(now.second.act), (int)now.row->second, \
	now.fate == DIES ? "dies" : "goes on", now.first.code, \
	puppet_answer_string(now.first.code), now.second.code, \
	puppet_answer_string(now.second.code)

#define expect(condition) \
	ck_assert_msg((condition), CASE "not so: %s", CASE_VALUES, #condition)

/* With Qt, nearly everything does: lock(), and whoever comes or recovers. */
static bool waits_for_lock(const struct player *player)
{
	return player->act == svshm_lock || in_qt_world();
}

/* Whoever joins an object that isn't there yet, makes it. */
static void take_role(struct player *player, enum role role, bool *first)
{
	role_come(&player->puppet, now.key, role, *first);
	player->owns = role == OWNER;
	if (role > OUTSIDE)
		*first = false;
}

static void set_scene(void)
{
	const struct row *row = now.row;
	bool first = true;

	now.key = test_key("pair");
	ground_make(now.key, row->ground);
	take_role(&now.third, row->third ? ATTACHED : ABSENT, &first);
	take_role(&now.first, row->first, &first);
	take_role(&now.second, row->second, &first);
	role_lock(&now.first.puppet, row->first);
	role_lock(&now.second.puppet, row->second);
	now.next.puppet.alive = false;
	now.next.owns = false;
	if (row->ground == LOST_FILE)
		lose_key_file(now.key);
	now.first.act = row->acts[0];
	now.second.act = row->acts[1];
	now.first.code = now.second.code = 0;
	now.tracer.shared_only = true;
	now.tracer.may_sleep = row->second == OWNER &&
			       waits_for_lock(&now.first);
	holes_open(now.key);
}

/* ---- What the codes mean ------------------------------------------------- */

static bool takes_lock(const struct player *player)
{
	return player->act == svshm_lock ||
	       (player->act == act_create_locked &&
		player->puppet.attached);
}

/* The player's act has ended with CODE. */
static void ended(struct player *player, int code)
{
	player->code = code;
	if (code >= PUPPET_STOPPED || player->act == svshm_unlock ||
	    player->act == svshm_detach)
		player->owns = false;
	else if (takes_lock(player) && code >= 0)
		player->owns = true;
	expect(!now.first.owns || !now.second.owns);
}

static bool on_orphan(void)
{
	return now.row->ground == ORPHAN || now.row->ground == ORPHAN_SMALL ||
	       (now.row->ground == HALF_MADE && in_qt_world());
}

static bool allowed(const struct player *player, int code)
{
	bool death = now.fate == DIES || on_orphan();

	if (player->act == act_exit)
		return code == PUPPET_ENDED;
	if (player->act == act_recover)
		return code == SVSHM_OK || code == SVSHM_NOT_FOUND ||
		       code == SVSHM_BUSY;
	if (code == SVSHM_OK)
		return true;
	if (act_creates(player->act))
		return code == SVSHM_ALREADY_EXISTS ||
		       (death && code == SVSHM_ORPHANED);
	if (player->act == act_attach)
		return code == SVSHM_NOT_FOUND ||
		       (death && code == SVSHM_ORPHANED);
	/* exit(3) with the lock held is reported, too. */
	return player->act == svshm_lock && code == owner_died() &&
	       (now.fate == DIES || now.first.act == act_exit ||
		now.second.act == act_exit);
}

/* Whatever the order in which the two came, it was one of these outcomes. */
static void check_codes(void)
{
	const struct player *first = &now.first, *second = &now.second;
	bool recovers = first->act == act_recover || second->act == act_recover;
	int created = (act_creates(first->act) && first->code >= 0) +
		      (act_creates(second->act) && second->code >= 0);
	int orphaned = (first->code == SVSHM_ORPHANED) +
		       (second->code == SVSHM_ORPHANED);

	expect(allowed(second, second->code));
	if (now.fate == DIES)
		return;
	expect(allowed(first, first->code));
	/* Who takes an orphan over is told, once. */
	expect(orphaned <= 1);
	expect(!on_orphan() || recovers || orphaned == 1);
	/* Nobody creates what there is; somebody does what there isn't. */
	expect(created <= 1 || now.row->ground >= LIVE);
	expect(created >= 1 || now.row->ground >= LIVE ||
	       (!act_creates(first->act) && !act_creates(second->act)) ||
	       (on_orphan() && orphaned == 1));
	expect(!created || !now.third.puppet.alive);
}

/* ---- The play ------------------------------------------------------------ */

/* False: the first one's act has no such stop. */
static bool first_stops_at(unsigned stop)
{
	struct tracer *tracer = &now.tracer;

	tracer_begin(tracer, &now.first.puppet, now.first.act);
	while (tracer->stops < stop) {
		/* It sleeps until the second one acts: its last stop. */
		if (tracer->stop == TRACER_ASLEEP)
			return false;
		if (tracer_next(tracer) == TRACER_ENDED)
			return false;
		holes_note(tracer);
	}
	case_may_take(in_waiting_hole() ? 3000 : 1000);
	return true;
}

static void second_acts(void)
{
	/* Whoever is about to give the lock away may have done so. */
	if (now.first.act != svshm_lock)
		now.first.owns = false;
	puppet_begin(&now.second.puppet, now.second.act);
	int code = puppet_end_or_block(&now.second.puppet);

	if (code == PUPPET_BLOCKED)
		now.second.code = code;
	else
		ended(&now.second, code);
}

static void unlock(struct player *player)
{
	if (!player->owns)
		return;
	puppet_expect(&player->puppet, svshm_unlock, SVSHM_OK);
	player->owns = false;
}

static void first_goes_on(void)
{
	int code;

	/* The second one has woken it. */
	if (now.tracer.stop == TRACER_ASLEEP &&
	    tracer_next(&now.tracer) == TRACER_ENDED) {
		ended(&now.first, now.tracer.code);
		return;
	}
	tracer_release(&now.tracer);
	code = puppet_end_or_block(&now.first.puppet);
	/* It had come to the stop behind the act. */
	if (code == PUPPET_STOPPED) {
		puppet_continue(&now.first.puppet);
		code = puppet_end_or_block(&now.first.puppet);
	}
	if (code == PUPPET_BLOCKED) {
		/* For the lock; or for a gate, and then not for long. */
		if (waits_for_lock(&now.first))
			unlock(&now.second);
		code = puppet_end(&now.first.puppet);
	}
	ended(&now.first, code);
}

static void first_dies(void)
{
	tracer_kill(&now.tracer);
	now.first.code = PUPPET_DIED;
	now.first.owns = false;
}

static void second_ends(void)
{
	if (now.second.code != PUPPET_BLOCKED)
		return;
	if (waits_for_lock(&now.second))
		unlock(&now.first);
	ended(&now.second, puppet_end(&now.second.puppet));
}

/* ---- What holds afterwards ----------------------------------------------- */

static void expect_same(struct player *one, struct player *other)
{
	if (!one->puppet.attached || !other->puppet.attached)
		return;
	expect(same_object(&one->puppet, &other->puppet));
}

static bool anybody_attached(void)
{
	return now.first.puppet.attached || now.second.puppet.attached ||
	       now.third.puppet.attached;
}

static void expect_one_object(void)
{
	expect_same(&now.first, &now.second);
	expect_same(&now.first, &now.third);
	expect_same(&now.second, &now.third);
	if (now.fate == GOES_ON)
		expect(test_count_segments(now.key) == anybody_attached());
	if (now.row->ground >= LIVE && now.third.puppet.attached)
		expect(now.third.puppet.mark == PUPPET_MARK);
}

static void next_creates(void)
{
	int code;

	if (in_qt_world()) {
		unlock(&now.first);
		unlock(&now.second);
	}
	puppet_start(&now.next.puppet, now.key);
	code = next_act(&now.next.puppet, act_create);
	ck_assert_msg(code == (anybody_attached() ? SVSHM_ALREADY_EXISTS :
						    SVSHM_OK) ||
			      (code == SVSHM_ORPHANED && !anybody_attached()),
		      CASE "next create: %d (%s): %s", CASE_VALUES, code,
		      puppet_answer_string(code),
		      now.next.puppet.actor.message);
	puppet_leave(&now.next.puppet);
}

/* Who is left can have the lock, and leaves. */
static void leave(struct player *player)
{
	int code;

	if (player->puppet.attached) {
		unlock(&now.first);
		unlock(&now.second);
		code = puppet_do(&player->puppet, svshm_lock);
		expect(code == SVSHM_OK || code == owner_died());
		puppet_expect(&player->puppet, svshm_make_consistent, SVSHM_OK);
		puppet_expect(&player->puppet, svshm_unlock, SVSHM_OK);
	}
	puppet_leave(&player->puppet);
}

static void dismiss(struct player *player)
{
	if (player->puppet.alive)
		puppet_kill(&player->puppet);
}

static bool play(unsigned stop)
{
	const char *left;
	bool stops;

	set_scene();
	stops = first_stops_at(stop);
	if (stops) {
		second_acts();
		if (now.fate == DIES)
			first_dies();
		else
			first_goes_on();
		second_ends();
		check_codes();
		expect_one_object();
		next_creates();
		leave(&now.first);
		leave(&now.second);
		leave(&now.third);
	} else {
		dismiss(&now.first);
		dismiss(&now.second);
		dismiss(&now.third);
	}
	left = what_is_left(now.key, now.row->ground, stops, now.fate == DIES);
	ck_assert_msg(!left, CASE "left: %s", CASE_VALUES, left);
	return stops;
}

static bool play_in_time(unsigned stop)
{
	bool stops, in_time;

	case_begin();
	in_time = case_play(play, stop, &stops);
	expect(in_time);
	case_end(stops);
	return stops;
}

START_TEST(pair_whose_first_stops_or_dies_meanwhile)
{
	unsigned stop = 0;
	bool stops;

	now.world = &worlds[_i / row_count];
	now.row = &rows[_i % row_count];
	if (!row_wanted(_i) || !tracer_permitted() || !now.world->enter() ||
	    !ground_possible(now.row->ground))
		return;
	puppet_reuse();
	do {
		stops = true;
		for (int fate = 0; fate < FATES; fate++) {
			now.fate = (enum fate)fate;
			if (case_wanted(stop * FATES + (unsigned)fate +
					(unsigned)_i))
				stops = play_in_time(stop);
		}
		stop++;
	} while (stops);
	/* The fast lock may make no call that others notice. */
	ck_assert_uint_gt(stop, 1);
}
END_TEST

static Suite *make_suite(void)
{
	TCase *tests;
	Suite *suite = cases_suite("pairs at system calls", &tests);

	tcase_add_loop_test(tests, pair_whose_first_stops_or_dies_meanwhile, 0,
			    row_count * world_count);
	return suite;
}

int main(void)
{
	make_rows();
	return cases_main(make_suite, "pairs at system calls", 13, 17);
}
