/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * P1 to P5 where an administrator has removed or reset an object's semaphores
 * while programs use it: "died" is said with proof only.
 */
#include <config.h>

#include <stdio.h>
#include <string.h>
#include <sys/sem.h>
#include <time.h>
#include <unistd.h>

#include "memory/layout.h"
#include "lock/lock.h"
#include "kernel/semun.h"
#include "stranger.h"

#define SIZE "create 3000"

/* ---- What an administrator does ------------------------------------------ */

static int set_id;

static void set_value(int semaphore, int value)
{
	union semun argument = { .val = value };

	ck_assert_int_eq(semctl(set_id, semaphore, SETVAL, argument), 0);
}

static void set_all(const unsigned short *values)
{
	union semun argument;

	argument.array = (unsigned short *)(uintptr_t)values;
	ck_assert_int_eq(semctl(set_id, 0, SETALL, argument), 0);
}

static void remove_set(void)
{
	ck_assert_int_eq(semctl(set_id, 0, IPC_RMID), 0);
}

static void reset_slots(void)
{
	set_value(SVSHM__SEM_SLOTS, 0);
}

static void reset_slots_and_lock(void)
{
	set_value(SVSHM__SEM_SLOTS, 0);
	set_value(SVSHM__SEM_LOCK, 0);
}

static void reset_all(void)
{
	static const unsigned short zeros[SVSHM__SEMAPHORES_MAX];

	set_all(zeros);
}

/* Nobody sees a difference, but nothing is undone any more. */
static void reset_to_the_same(void)
{
	unsigned short values[SVSHM__SEMAPHORES_MAX];
	union semun argument = { .array = values };

	ck_assert_int_eq(semctl(set_id, 0, GETALL, argument), 0);
	set_all(values);
}

static void reset_tag(void)
{
	set_value(SVSHM__SEM_TAG, 0);
}

static void reset_gate(void)
{
	set_value(SVSHM__SEM_GATE, 0);
}

static void reset_lock(void)
{
	set_value(SVSHM__SEM_LOCK, 0);
}

/* Another program's in its place. */
static void usurp(void)
{
	struct semid_ds status;
	union semun argument = { .buf = &status };
	key_t key;

	ck_assert_int_eq(semctl(set_id, 0, IPC_STAT, argument), 0);
#if defined(HAVE_STRUCT_IPC_PERM___KEY)
	key = status.sem_perm.__key;
#else
	key = -1;
#endif
	remove_set();
	set_id = semget(key, 6, IPC_CREAT | IPC_EXCL | 0666);
	ck_assert_int_ge(set_id, 0);
}

static const struct deed {
	const char *name;
	void (*act)(void);
	bool strands; /* the living lose what tells of them */
	bool foreign; /* a set of another program's is left */
} deeds[] = {
	{ "ipcrm -s", remove_set, true, false },
	{ "slots to 0", reset_slots, true, false },
	{ "slots and lock to 0", reset_slots_and_lock, true, false },
	{ "all to 0", reset_all, true, false },
	{ "another program's set", usurp, true, true },
	{ "all to the same", reset_to_the_same, false, false },
	{ "tag to 0", reset_tag, true, false },
	{ "gate to 0", reset_gate, false, false },
	{ "lock to 0", reset_lock, false, false },
};

#define DEEDS (int)(sizeof(deeds) / sizeof(*deeds))

/* A loop's number: which deed, which lock, and whether the second passes. */
static const struct deed *choose(int loop)
{
	svshm__lock_engine_of_new = loop / DEEDS % 2 ? SVSHM__LOCK_PORTABLE :
						       SVSHM__LOCK_FAST;
	if (!svshm__lock_engine(svshm__lock_engine_of_new))
		svshm__lock_engine_of_new = SVSHM__LOCK_PORTABLE;
	return &deeds[loop % DEEDS];
}

static void note_set(const char *key)
{
	struct test_object object;

	ck_assert(test_inspect(key, &object));
	set_id = object.semaphore_id;
}

/* The time of a set's changes counts seconds, by the clock of time(2). */
static void let_a_second_pass(void)
{
	struct timespec pause = { 0, 1000000 };
	time_t start = time(NULL);

	while (time(NULL) == start)
		nanosleep(&pause, NULL);
}

static void clean_up(const struct deed *deed)
{
	if (deed->foreign)
		semctl(set_id, 0, IPC_RMID);
}

/* ---- Users, and one who comes -------------------------------------------- */

/* Nobody comes in while FIRST lives, if his slot is gone; and never is it said
   that he had died. */
static void expect_shut(const struct deed *deed, struct stranger *first,
			struct stranger *comer)
{
	char pid[24];
	int code = stranger_do(comer, "attach");

	ck_assert_msg(deed->strands ? code < 0 : code == 0, "%s: %d: %s",
		      deed->name, code, comer->message);
	if (deed->strands && !deed->foreign) {
		snprintf(pid, sizeof(pid), "%ld", (long)first->pid);
		ck_assert_msg(strstr(comer->message, pid), "%s: %s",
			      deed->name, comer->message);
	}
	if (code == 0) {
		code = stranger_do(comer, "trylock");
		ck_assert_msg(code == SVSHM_BUSY || code == SVSHM_REMOVED,
			      "%s: trylock: %d", deed->name, code);
		stranger_do(comer, "detach");
	}
	code = stranger_do(comer, SIZE);
	ck_assert_msg(code < 0, "%s: create: %d", deed->name, code);
}

/* By force: who comes is told, unless another program's set is in the way. */
static void first_dies(const struct deed *deed, struct stranger *first,
		       struct stranger *comer)
{
	int code;

	stranger_kill(first);
	code = stranger_do(comer, "attach");
	ck_assert_msg(code == SVSHM_ORPHANED || deed->foreign, "%s: %d: %s",
		      deed->name, code, comer->message);
	if (deed->foreign)
		return;
	expect_order(comer, "holds 7", SVSHM_OK);
	expect_order(comer, "lock", SVSHM_OWNER_DIED);
	expect_order(comer, "consistent", SVSHM_OK);
	expect_order(comer, "unlock", SVSHM_OK);
	expect_order(comer, "lock", SVSHM_OK);
	expect_order(comer, "detach", SVSHM_OK);
}

static void first_leaves(const struct deed *deed, struct stranger *first,
			 struct stranger *comer)
{
	int code = stranger_do(first, "unlock");

	ck_assert_msg(code == SVSHM_REMOVED ||
		      (!deed->strands && (code == SVSHM_OK ||
					  code == SVSHM_LOCK_ERROR)),
		      "%s: unlock: %d: %s", deed->name, code, first->message);
	stranger_do(first, "detach");
	expect_order(comer, "attach", deed->foreign ? SVSHM_BUSY :
						      SVSHM_NOT_FOUND);
	stranger_exit(first);
}

/*
 * FIRST owns the lock. What is done to the set lets nobody in beside him. He
 * leaves as he is told to, or dies.
 */
static void play(int loop, bool late)
{
	const struct deed *deed = choose(loop);
	bool dies = loop / DEEDS / 2 % 2;
	const char *key = test_key("set");
	struct stranger first, comer;

	stranger_enter(&first, key);
	stranger_enter(&comer, key);
	expect_order(&first, SIZE, SVSHM_OK);
	expect_order(&first, "fill 7", SVSHM_OK);
	expect_order(&first, "lock", SVSHM_OK);
	note_set(key);
	if (late)
		let_a_second_pass();
	deed->act();
	expect_shut(deed, &first, &comer);
	(dies ? first_dies : first_leaves)(deed, &first, &comer);
	clean_up(deed);
	/* That set kept him from going in order, too. */
	if (deed->foreign)
		expect_order(&comer, SIZE, dies ? SVSHM_ORPHANED : SVSHM_OK);
	stranger_exit(&comer);
	ck_assert_msg(test_nothing_left(key), "%s: something is left",
		      deed->name);
}

START_TEST(set_may_go_under_an_owner)
{
	play(_i, false);
}
END_TEST

START_TEST(set_may_go_under_an_owner_later)
{
	play(_i, true);
}
END_TEST

/* A third one sleeps at the lock: he is woken, or sees it by himself. */
START_TEST(set_may_go_under_a_sleeper)
{
	const struct deed *deed = choose(_i);
	bool dies = _i / DEEDS / 2 % 2;
	const char *key = test_key("sleeper");
	struct stranger first, sleeper;
	int code;

	stranger_enter(&first, key);
	stranger_enter(&sleeper, key);
	expect_order(&first, SIZE, SVSHM_OK);
	expect_order(&sleeper, "attach", SVSHM_OK);
	expect_order(&first, "lock", SVSHM_OK);
	note_set(key);
	stranger_begin(&sleeper, "timedlock 20000");
	test_await_blocked(sleeper.pid);
	deed->act();
	if (dies)
		stranger_kill(&first);
	else
		expect_order(&first, "holds 0", SVSHM_OK);
	if (!dies && !deed->strands)
		stranger_do(&first, "unlock");
	code = stranger_end(&sleeper);
	ck_assert_msg(code == SVSHM_REMOVED ||
		      (code == SVSHM_OWNER_DIED && dies) ||
		      (code == SVSHM_OK && !dies && !deed->strands) ||
		      (code == SVSHM_TIMED_OUT && !dies && deed->strands),
		      "%s: %d: %s", deed->name, code, sleeper.message);
	if (code >= 0)
		stranger_do(&sleeper, "unlock");
	if (!dies) {
		stranger_do(&first, "detach");
		stranger_exit(&first);
	}
	stranger_do(&sleeper, "detach");
	stranger_exit(&sleeper);
	clean_up(deed);
	/* Who comes next clears up what those could not. */
	stranger_enter(&first, key);
	code = stranger_do(&first, SIZE);
	ck_assert_msg(code >= 0, "%s: create: %d: %s", deed->name, code,
		      first.message);
	stranger_exit(&first);
	ck_assert_msg(test_nothing_left(key), "%s: something is left",
		      deed->name);
}
END_TEST

/* The pids of one in another pid namespace say nothing here. */
START_TEST(set_may_go_across_pid_namespaces)
{
	const char *key = test_key("pids");
	struct stranger first, comer;

	choose(0);
	stranger_enter(&first, key);
	stranger_enter(&comer, key);
	if (stranger_do(&first, "pids") != SVSHM_OK) {
		test_skip("no pid namespace of its own permitted here");
		stranger_kill(&first);
		stranger_exit(&comer);
		return;
	}
	expect_order(&first, SIZE, SVSHM_OK);
	expect_order(&first, "fill 7", SVSHM_OK);
	expect_order(&first, "lock", SVSHM_OK);
	note_set(key);
	if (_i == 0) {
		remove_set();
	} else {
		let_a_second_pass();
		reset_slots();
	}
	ck_assert_int_lt(stranger_do(&comer, "attach"), 0);
	ck_assert_int_lt(stranger_do(&comer, SIZE), 0);
	expect_order(&first, "unlock", SVSHM_REMOVED);
	/* It dies: the last one of its namespace. */
	stranger_begin(&first, "_exit");
	test_wait(first.pid);
	expect_order(&comer, "attach", SVSHM_ORPHANED);
	expect_order(&comer, "holds 7", SVSHM_OK);
	stranger_exit(&comer);
	ck_assert(test_nothing_left(key));
}
END_TEST

/* Of two that are stranded, the last one to leave takes all along. */
START_TEST(two_leave_after_ipcrm)
{
	const char *key = test_key("two");
	struct stranger one, two, comer;

	choose(_i * DEEDS);
	stranger_enter(&one, key);
	stranger_enter(&two, key);
	stranger_enter(&comer, key);
	expect_order(&one, SIZE, SVSHM_OK);
	expect_order(&two, "attach", SVSHM_OK);
	note_set(key);
	remove_set();
	expect_order(&one, "detach", SVSHM_REMOVED);
	expect_order(&comer, "attach", SVSHM_BUSY);
	expect_order(&comer, SIZE, SVSHM_ALREADY_EXISTS);
	if (_i == 0)
		expect_order(&two, "detach", SVSHM_REMOVED);
	stranger_exit(&two);
	expect_order(&comer, "attach", SVSHM_NOT_FOUND);
	stranger_exit(&one);
	stranger_exit(&comer);
	ck_assert(test_nothing_left(key));
}
END_TEST

static Suite *make_suite(void)
{
	Suite *suite = suite_create("sets removed or reset");
	TCase *tests = tcase_create("sets");

	suite_add_tcase(suite, tests);
	tcase_set_timeout(tests, 120);
	tcase_add_loop_test(tests, set_may_go_under_an_owner, 0, 4 * DEEDS);
	tcase_add_loop_test(tests, set_may_go_under_an_owner_later, 2 * DEEDS,
			    4 * DEEDS);
	tcase_add_loop_test(tests, set_may_go_under_a_sleeper, 0, 4 * DEEDS);
	tcase_add_loop_test(tests, set_may_go_across_pid_namespaces, 0, 2);
	tcase_add_loop_test(tests, two_leave_after_ipcrm, 0, 2);
	return suite;
}

int main(void)
{
	return test_main(make_suite);
}
