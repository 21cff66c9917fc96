/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * P8: each system call of each operation fails once, with each errno that its
 * manual lists. The result is of the closed list and fits the errno, and its
 * message names the call; what claims to have worked has worked; what has
 * failed can be tried again, and nobody else is hurt; and nothing is left when
 * all have gone.
 */
#include <config.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "failures.h"
#include "scene.h"
#include "tracer.h"

static const struct scene scenes[] = {
	{ NOTHING, OUTSIDE, ABSENT, act_create },
	{ NOTHING, OUTSIDE, ABSENT, act_create_locked },
	{ NOTHING, OUTSIDE, ABSENT, act_create_prepared },
	{ ORPHAN, OUTSIDE, ABSENT, act_attach_prepared },
	{ LIVE, OUTSIDE, ATTACHED, act_attach_prepared },
	{ HALF_MADE, OUTSIDE, ABSENT, act_create },
	{ ORPHAN, OUTSIDE, ABSENT, act_create },
	{ ORPHAN_SMALL, OUTSIDE, ABSENT, act_create },
	{ LIVE, OUTSIDE, ATTACHED, act_create },
	{ NOTHING, OUTSIDE, ABSENT, act_attach },
	{ HALF_MADE, OUTSIDE, ABSENT, act_attach },
	{ ORPHAN, OUTSIDE, ABSENT, act_attach },
	{ LIVE, OUTSIDE, ATTACHED, act_attach },
	{ LIVE, OUTSIDE, ATTACHED, act_attach_read_only },
	{ LOST_FILE, OUTSIDE, ATTACHED, act_attach },
	{ LOST_FILE, OUTSIDE, ATTACHED, act_create },
	{ LIVE, ATTACHED, ATTACHED, svshm_lock },
	{ LIVE, ATTACHED, ATTACHED, svshm_trylock },
	{ LIVE, ATTACHED, ATTACHED, act_timedlock },
	{ LIVE, ATTACHED, ATTACHED, act_wait_shortly },
	{ LIVE, ATTACHED, ATTACHED, act_ring },
	{ LIVE, OWNER, ATTACHED, svshm_unlock },
	{ LIVE, ATTACHED, ATTACHED, svshm_detach },
	{ LIVE, OWNER, ATTACHED, svshm_detach },
	{ LIVE, ATTACHED, ABSENT, svshm_detach },
	{ LIVE, ATTACHED, ATTACHED, act_exit },
	{ LIVE, ATTACHED, ABSENT, act_exit },
	{ ORPHAN, OUTSIDE, ABSENT, act_recover },
	{ HALF_MADE, OUTSIDE, ABSENT, act_recover },
	{ LIVE, OUTSIDE, ATTACHED, act_recover },
	{ LIVE, OUTSIDE, ATTACHED, act_look_at_it },
};

#define SCENES ((int)(sizeof(scenes) / sizeof(*scenes)))

/* The case under way. */
static struct {
	const struct world *world;
	const struct scene *scene;
	const char *key;
	const struct failure *failure;
	int errnum, errno_index;
	unsigned entry; /* which of the calls that can fail */
	struct tracer tracer; /* of the victim */
	struct puppet victim, company, next;
	int code; /* of the act */
	char message[256];
	bool failed; /* the case has */
} now;

/* Goes on, so that one run shows all that is wrong. */
static bool check_that(bool condition, const char *what, int line)
{
	if (condition)
		return true;
	printf("FAIL line %d: %s; %s (ground %d, company %d): %s number %u "
	       "gives %s; code %d (%s), \"%s\": not so: %s\n", line,
	       now.world->name, act_name(now.scene->act),
	       (int)now.scene->ground, (int)now.scene->company,
	       now.failure->call, now.entry, strerror(now.errnum),
	       now.code, puppet_answer_string(now.code), now.message, what);
	now.failed = true;
	return false;
}

#define check(condition) check_that((condition), #condition, __LINE__)

/* ---- The code and the message -------------------------------------------- */

static bool in_closed_list(int code)
{
	return code >= SVSHM_NOT_SUPPORTED && code <= SVSHM_ORPHANED;
}

/* Codes that tell of the object, not of a system call. */
static bool is_about_object(int code)
{
	return code == SVSHM_NOT_FOUND || code == SVSHM_ALREADY_EXISTS ||
	       code == SVSHM_REMOVED || code == SVSHM_BUSY ||
	       code == SVSHM_TIMED_OUT;
}

static void check_code(void)
{
	if (now.scene->act == act_exit) {
		check(now.code == PUPPET_ENDED);
		return;
	}
	if (!check(in_closed_list(now.code)))
		return;
	/* svshm_recover()'s messages are its own. */
	if (now.code >= 0 || now.scene->act == act_recover)
		return;
	if (!check(*now.message))
		return;
	if (is_about_object(now.code))
		return;
	check(failure_is_said(now.failure, now.message));
	check(code_fits(now.code, now.errnum));
}

/* ---- What it has done ---------------------------------------------------- */

static bool begins(void)
{
	actor_act *act = now.scene->act;

	return act_creates(act) || act == act_attach ||
	       act == act_attach_prepared || act == act_attach_read_only;
}

static bool next_gives(struct puppet *puppet, actor_act *act, int one,
		       int other)
{
	int code = next_act(puppet, act);

	if (code == one || code == other)
		return true;
	printf("%s then: %d (%s): %s\n", act_name(act), code,
	       puppet_answer_string(code), puppet->actor.message);
	return false;
}

static void unlock_if_owned(void)
{
	if (now.victim.attached)
		puppet_do(&now.victim, svshm_unlock);
}

/* What had failed works now, or is what it would have been. */
static void try_again(void)
{
	actor_act *act = now.scene->act;
	int code;

	check(!now.victim.attached);
	code = next_act(&now.victim, act);
	check(code == SVSHM_OK || code == SVSHM_ORPHANED ||
	      (now.company.attached && code == SVSHM_ALREADY_EXISTS) ||
	      (now.scene->ground < LIVE && code == SVSHM_NOT_FOUND));
}

/* Another process comes, shares the bytes, and gets the lock. */
static void next_joins(void)
{
	bool ours = now.victim.attached;
	struct puppet *other = ours ? &now.victim : &now.company;

	if (!check(next_gives(&now.next, act_attach, SVSHM_OK, SVSHM_OK)))
		return;
	check(same_object(&now.next, other));
	check(next_gives(&now.next, svshm_lock, SVSHM_OK, SVSHM_OWNER_DIED));
	/* A mere reader has no lock. */
	check(next_gives(other, svshm_trylock, SVSHM_BUSY,
			 now.scene->act == act_attach_read_only &&
					 (now.errnum == EACCES ||
					  now.errnum == EPERM) ?
				 SVSHM_PERMISSION_DENIED : SVSHM_BUSY));
	check(next_gives(&now.next, svshm_unlock, SVSHM_OK, SVSHM_OK));
}

static void next_takes_over(void)
{
	check(next_gives(&now.next, act_create, SVSHM_OK, SVSHM_ORPHANED));
	check(next_gives(&now.next, svshm_lock, SVSHM_OK, SVSHM_OK));
}

static void check_company_unhurt(void)
{
	if (!now.company.attached)
		return;
	puppet_expect(&now.company, act_look, SVSHM_OK);
	check(now.company.mark == PUPPET_MARK);
	check(next_gives(&now.company, svshm_lock, SVSHM_OK, SVSHM_OWNER_DIED));
	puppet_do(&now.company, svshm_make_consistent);
	check(next_gives(&now.company, svshm_unlock, SVSHM_OK, SVSHM_OK));
}

static void check_lock(void)
{
	actor_act *act = now.scene->act;

	int wanted = now.code < 0 ? SVSHM_OK : SVSHM_BUSY;

	if (act != svshm_lock && act != svshm_trylock && act != act_timedlock)
		return;
	check(next_gives(&now.company, svshm_trylock, wanted, wanted));
	if (now.code < 0)
		puppet_do(&now.company, svshm_unlock);
}

static void leave(struct puppet *puppet)
{
	if (!puppet->alive)
		return;
	if (puppet->attached)
		check(next_gives(puppet, svshm_detach, SVSHM_OK, SVSHM_OK));
	puppet->attached = false;
	puppet_leave(puppet);
}

/* Who was told that what he had was gone, when it wasn't, may hold it as long
   as he lives. */
static void kill_if_deceived(void)
{
	if (now.victim.alive && (now.errnum == EINVAL || now.errnum == EIDRM))
		puppet_kill(&now.victim);
}

static void check_aftermath(void)
{
	check_code();
	check_lock();
	if (begins() && now.code < 0)
		try_again();
	unlock_if_owned();
	if (!now.victim.attached)
		kill_if_deceived();
	puppet_start(&now.next, now.key);
	if (now.company.attached || now.victim.attached)
		next_joins();
	else
		next_takes_over();
	check_company_unhurt();
	leave(&now.next);
	if (now.victim.attached)
		check(next_gives(&now.victim, svshm_detach, SVSHM_OK,
				 SVSHM_OK));
	leave(&now.company);
	kill_if_deceived();
	puppet_leave(&now.victim);
	recover_leftovers(now.key);
	use_up(now.key);
	check(nothing_left(now.key));
	/* The call that did not remove it may be the one that failed. */
	check(set_is_gone(strcmp(now.failure->call, "semctl") == 0));
	check(count_sets(now.key) == 0);
}

/* ---- All of it ----------------------------------------------------------- */

static void set_scene(void)
{
	const struct scene *scene = now.scene;

	now.key = test_key("errno");
	now.tracer.shared_only = now.tracer.may_sleep = false;
	scene_set(scene, now.key, &now.victim, &now.company);
}

/* To before the call of that number, of those that can fail. */
static bool go_to_entry(unsigned entry)
{
	unsigned seen = 0;
	enum tracer_stop stop;

	tracer_begin(&now.tracer, &now.victim, now.scene->act);
	while ((stop = tracer_next(&now.tracer)) != TRACER_ENDED) {
		holes_note(&now.tracer);
		if (stop != TRACER_ENTRY)
			continue;
		now.failure = failure_of(tracer_call_name(now.tracer.number));
		if (now.failure && seen++ == entry)
			return true;
	}
	return false;
}

static void end_act(void)
{
	tracer_release(&now.tracer);
	now.code = puppet_end(&now.victim);
	snprintf(now.message, sizeof(now.message), "%s",
		 now.victim.actor.message);
}

static void clean_up(void)
{
	struct puppet *puppets[] = { &now.victim, &now.company, &now.next };

	for (int i = 0; i < 3; i++)
		if (puppets[i]->alive)
			puppet_kill(puppets[i]);
	recover_object(now.key, SVSHM_RECOVER_FORCE, NULL);
	recover_leftovers(now.key);
}

/* False: there is no such call. */
static bool play(unsigned entry)
{
	now.entry = entry;
	now.failed = false;
	now.next.alive = false;
	set_scene();
	if (!go_to_entry(entry)) {
		clean_up();
		return false;
	}
	now.errnum = now.failure->errnums[now.errno_index];
	/* Another call than before: it has waited for somebody meanwhile. */
	if (!now.errnum)
		now.errnum = now.failure->errnums[0];
	/* In the Qt layout to take is the same operation, and may wait. */
	if (now.errnum == EAGAIN && !in_qt_world() &&
	    strncmp(now.failure->call, "sem", 3) == 0 &&
	    tracer_gives_back(&now.tracer))
		now.errnum = EINTR;
	tracer_fail(&now.tracer, now.errnum);
	end_act();
	check_aftermath();
	if (now.failed)
		clean_up();
	return true;
}

static bool play_in_time(unsigned entry, int errno_index)
{
	bool there, in_time;

	case_begin();
	now.errno_index = errno_index;
	in_time = case_play(play, entry, &there);
	if (!there) {
		case_end(false);
		return false;
	}
	check(in_time);
	if (!now.failed)
		case_end(true);
	return true;
}

START_TEST(each_call_may_fail_in_each_way)
{
	unsigned failed = 0, number = 0;

	now.world = &worlds[_i / SCENES];
	now.scene = &scenes[_i % SCENES];
	if (!row_wanted(_i) || !tracer_permitted() || !now.world->enter() ||
	    !ground_possible(now.scene->ground))
		return;
	puppet_reuse();
	for (unsigned entry = 0;; entry++) {
		bool there = true;

		for (int i = 0; there && i < ERRNUMS_MAX; i++) {
			if (i && !now.failure->errnums[i])
				break;
			if (i && !case_wanted(number++))
				continue;
			there = play_in_time(entry, i);
			failed += now.failed;
		}
		if (!there)
			break;
	}
	ck_assert_uint_eq(failed, 0);
}
END_TEST

static Suite *make_suite(void)
{
	TCase *tests;
	Suite *suite = cases_suite("failing system calls", &tests);

	tcase_add_loop_test(tests, each_call_may_fail_in_each_way, 0,
			    SCENES * world_count);
	return suite;
}

int main(void)
{
	return cases_main(make_suite, "failing system calls", 11, 5);
}
