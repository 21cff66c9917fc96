/* SPDX-License-Identifier: BSD-2-Clause */
#include <config.h>

#include "deaths.h"

#include "remains.h"

int act_create_locked(struct svshm *handle)
{
	return svshm_create_locked(handle, 100, SVSHM_READ_WRITE);
}

const struct operation operations[] = {
	{ "create", NOTHING, { act_create, NULL } },
	{ "create locked", NOTHING, { act_create_locked, NULL } },
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
};

const int operation_count = (int)(sizeof(operations) / sizeof(*operations));

struct death death;

#define expect(condition) \
	ck_assert_msg((condition), "%s, death at %s: not so: %s", \
		      death.operation->name, death.where, #condition)

static int expect_answer(struct puppet *puppet, actor_act *act, int expected,
			 int or_else, const char *what)
{
	int got = puppet_do(puppet, act);

	ck_assert_msg(got == expected || got == or_else,
		      "%s, death at %s: then %s: %d (%s), expected %d (%s): %s",
		      death.operation->name, death.where, what, got,
		      puppet_answer_string(got), expected,
		      puppet_answer_string(expected), puppet->actor.message);
	return got;
}

/* The expected code, and the other one if both are possible. */
static int code_if(enum certainty certainty, int yes, int no)
{
	return certainty == NO ? no : yes;
}

static int other_code_if(enum certainty certainty, int yes, int no)
{
	return certainty == YES ? yes : no;
}

#define expect_if(certainty, puppet, act, yes, no) \
	expect_answer((puppet), (act), code_if((certainty), (yes), (no)), \
		      other_code_if((certainty), (yes), (no)), #act)

/* ---- The scene ----------------------------------------------------------- */

static int act_create_small(struct svshm *handle)
{
	svshm_set_max_processes(handle, 14);
	return act_create(handle);
}

static void create_marked(struct puppet *puppet, actor_act *create)
{
	puppet_expect(puppet, create, SVSHM_OK);
	puppet_expect(puppet, act_mark, SVSHM_OK);
}

static void start_user(void)
{
	puppet_start(&death.user, death.key);
	create_marked(&death.user, act_create);
}

static void set_scene(struct puppet *victim)
{
	switch (death.operation->start) {
	case NOTHING:
	case OWN:
		break;
	case KEY_FILE:
		leave_unfinished(death.key, "create:file made");
		break;
	case HALF_MADE:
		leave_unfinished(death.key, "create:before magic");
		break;
	case ORPHAN:
		leave_orphan(death.key, act_create);
		break;
	case ORPHAN_SMALL:
		leave_orphan(death.key, act_create_small);
		break;
	case OTHERS:
	case SHARED:
		start_user();
		break;
	}
	puppet_start(victim, death.key);
	if (death.operation->start == OWN)
		create_marked(victim, act_create);
	else if (death.operation->start == SHARED)
		puppet_expect(victim, act_attach, SVSHM_OK);
}

/* ---- What is next -------------------------------------------------------- */

static void expect_all_gone(void)
{
	expect(test_nothing_left(death.key));
	/* A set without its key file is the tool's to find. */
	if (death.lone_set != NO)
		recover_leftovers(death.key);
	expect(count_sets(death.key) == 0);
}

static void next_creates(struct puppet *next)
{
	expect_if(death.orphan, next, act_create, SVSHM_ORPHANED, SVSHM_OK);
	expect(next->mark == 0);
	expect_answer(next, svshm_lock, SVSHM_OK, SVSHM_OK, "lock");
	puppet_leave(next);
}

static void next_attaches(struct puppet *next)
{
	int code = expect_if(death.orphan, next, act_attach, SVSHM_ORPHANED,
			     SVSHM_NOT_FOUND);

	if (code == SVSHM_ORPHANED) {
		expect(death.mark == NO || next->mark == PUPPET_MARK ||
		       (death.mark == MAYBE && next->mark == 0));
		expect_if(death.owner_died, next, svshm_lock, SVSHM_OWNER_DIED,
			  SVSHM_OK);
	}
	puppet_leave(next);
}

static void next_recovers(struct puppet *next)
{
	expect_answer(next, act_recover, SVSHM_OK, SVSHM_NOT_FOUND, "recover");
	puppet_leave(next);
	death.lone_set = NO;
}

/* ---- What is next while somebody else is attached ------------------------ */

static void expect_user_unhurt(void)
{
	expect_if(death.owner_died, &death.user, svshm_lock, SVSHM_OWNER_DIED,
		  SVSHM_OK);
	expect(death.user.mark == PUPPET_MARK);
	puppet_expect(&death.user, svshm_make_consistent, SVSHM_OK);
	puppet_expect(&death.user, svshm_unlock, SVSHM_OK);
	expect(test_count_segments(death.key) == 1);
}

static void next_creates_in_vain(struct puppet *next)
{
	expect_answer(next, act_create, SVSHM_ALREADY_EXISTS,
		      SVSHM_ALREADY_EXISTS, "create");
	puppet_leave(next);
	expect_user_unhurt();
}

static void next_joins(struct puppet *next)
{
	expect_answer(next, act_attach, SVSHM_OK, SVSHM_OK, "attach");
	expect(next->mark == PUPPET_MARK);
	expect_user_unhurt();
	/* The other one goes first. */
	puppet_leave(&death.user);
	expect(test_count_segments(death.key) == 1);
	puppet_leave(next);
}

static void next_recovers_in_vain(struct puppet *next)
{
	expect_answer(next, act_recover, SVSHM_BUSY, SVSHM_BUSY, "recover");
	puppet_leave(next);
	expect_user_unhurt();
}

/* ---- All of it ----------------------------------------------------------- */

typedef void go_on(struct puppet *next);

static go_on *const steps[NEXT_STEPS][2] = { /* alone; not alone */
	[NEXT_CREATES] = { next_creates, next_creates_in_vain },
	[NEXT_ATTACHES] = { next_attaches, next_joins },
	[NEXT_RECOVERS] = { next_recovers, next_recovers_in_vain },
};

bool die_and_go_on(die_function *die, enum next_step step)
{
	struct puppet victim, next;
	bool died = false;

	death.key = test_key("death");
	death.user.alive = false;
	set_scene(&victim);
	for (int i = 0; i < 2 && !died && death.operation->acts[i]; i++)
		died = die(&victim, death.operation->acts[i]);
	if (died) {
		puppet_start(&next, death.key);
		steps[step][death.user.alive](&next);
	}
	puppet_leave(&victim);
	puppet_leave(&death.user);
	/* What the scene had, and the operation was not to take away. */
	if (!died)
		recover_leftovers(death.key);
	expect_all_gone();
	return died;
}
