/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * P2, P3 and P5 where not everybody is registered: observers, who may only read;
 * children that never call. check_team.c has users of one group.
 */
#include <config.h>

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ids.h"
#include "stranger.h"

/* ---- Observers ----------------------------------------------------------- */

#define OBSERVERS 30

static struct stranger daemon_, observers[OBSERVERS];

/* ALICE's daemon, and observers of BOB's. */
static const char *set_scene(const char *name, int count)
{
	const char *key;

	use_key_directory("shared", 0, 01777);
	key = test_key(name);
	stranger_enter_as(&daemon_, ALICE, key);
	expect_order(&daemon_, "mode 644", SVSHM_OK);
	expect_order(&daemon_, "create 3000", SVSHM_OK);
	expect_order(&daemon_, "fill 1", SVSHM_OK);
	for (int i = 0; i < count; i++) {
		stranger_enter_as(&observers[i], BOB, key);
		expect_order(&observers[i], "observe", SVSHM_OK);
	}
	return key;
}

static void restart_daemon(const char *key)
{
	stranger_kill(&daemon_);
	stranger_enter_as(&daemon_, ALICE, key);
	expect_order(&daemon_, "mode 644", SVSHM_OK);
}

START_TEST(daemon_restarts_beside_observers)
{
	const char *key;

	if (test_skip_without_root())
		return;
	key = set_scene("restart", OBSERVERS);
	/* Whatever it forked, none of it is left. */
	for (int i = 0; i < 3 && _i; i++) {
		int pid = stranger_do(&daemon_, "fork");

		ck_assert_int_gt(pid, 0);
		kill(pid, SIGKILL);
		ck_assert_int_eq(stranger_do(&daemon_, "reap %d", pid), 0);
	}
	restart_daemon(key);
	expect_order(&daemon_, "create 9000", SVSHM_ORPHANED);
	expect_order(&daemon_, "fill 2", SVSHM_OK);
	for (int i = 0; i < OBSERVERS; i++) {
		/* What they see is theirs. */
		expect_order(&observers[i], "holds 1", SVSHM_OK);
		expect_order(&observers[i], "size", 3000);
		if (i % 2)
			expect_order(&observers[i], "trylock", SVSHM_REMOVED);
		expect_order(&observers[i], "detach", SVSHM_REMOVED);
		expect_order(&observers[i], "observe", SVSHM_OK);
		expect_order(&observers[i], "holds 2", SVSHM_OK);
		expect_order(&observers[i], "trylock",
			     SVSHM_PERMISSION_DENIED);
		stranger_kill(&observers[i]);
	}
	expect_order(&daemon_, "detach", SVSHM_OK);
	stranger_exit(&daemon_);
	ck_assert(test_nothing_left(key));
}
END_TEST

START_TEST(last_owner_leaves_beside_observers)
{
	const char *key;
	int segment_id;

	if (test_skip_without_root())
		return;
	key = set_scene("leave", 2);
	segment_id = segment_of(key);
	if (_i == 0)
		expect_order(&daemon_, "detach", SVSHM_OK);
	stranger_exit(&daemon_);
	ck_assert(test_nothing_left(key));
	expect_order(&observers[0], "holds 1", SVSHM_OK);
	expect_order(&observers[0], "detach", SVSHM_REMOVED);
	expect_order(&observers[0], "observe", SVSHM_NOT_FOUND);
	ck_assert(segment_is_there(segment_id));
	expect_order(&observers[1], "holds 1", SVSHM_OK);
	stranger_kill(&observers[1]);
	ck_assert(!segment_is_there(segment_id));
	stranger_exit(&observers[0]);
}
END_TEST

/* An observer beside a child that never called: then it is in use. */
START_TEST(child_beside_an_observer_is_a_user)
{
	static const char *const ways[] = { "fork", "fork-twice", "fork-bare" };
	const char *key;
	int pid;

	if (test_skip_without_root())
		return;
	key = set_scene("both", 1);
	pid = stranger_do(&daemon_, "%s", ways[_i]);
	ck_assert_int_gt(pid, 0);
	restart_daemon(key);
	expect_order(&daemon_, "create 9000", SVSHM_ALREADY_EXISTS);
	kill(pid, SIGKILL);
	await_death(pid);
	expect_order(&daemon_, "create 9000", SVSHM_ORPHANED);
	expect_order(&observers[0], "holds 1", SVSHM_OK);
	stranger_kill(&observers[0]);
	stranger_exit(&daemon_);
	ck_assert(test_nothing_left(key));
}
END_TEST

/* A helper that was exec'ed has none of it. */
START_TEST(helper_is_no_child)
{
	const char *key = test_key("helper");
	struct stranger maker, next;
	int pid;

	stranger_enter(&maker, key);
	stranger_enter(&next, key);
	expect_order(&maker, "create 3000", SVSHM_OK);
	pid = stranger_do(&maker, "fork-exec");
	ck_assert_int_gt(pid, 0);
	expect_order(&maker, "run true", SVSHM_OK);
	if (_i == 0)
		stranger_exit(&maker);
	else
		stranger_kill(&maker);
	if (_i == 0)
		ck_assert(test_nothing_left(key));
	expect_order(&next, "create 5000", _i == 0 ? SVSHM_OK :
						     SVSHM_ORPHANED);
	kill(pid, SIGKILL);
	stranger_exit(&next);
	ck_assert(test_nothing_left(key));
}
END_TEST

/* ---- Children ------------------------------------------------------------ */

/* The launcher leaves in order, or dies; the child holds the object. */
START_TEST(child_that_never_called_is_a_user)
{
	static const char *const ways[] = { "fork", "fork-twice" };
	const char *key = test_key("child");
	bool launcher_dies = _i & 1, create = _i & 2;
	struct stranger launcher, next;
	int pid;

	stranger_enter(&launcher, key);
	stranger_enter(&next, key);
	expect_order(&launcher, "create 3000", SVSHM_OK);
	expect_order(&launcher, "fill 9", SVSHM_OK);
	pid = stranger_do(&launcher, "%s", ways[_i / 4]);
	ck_assert_int_gt(pid, 0);
	if (launcher_dies)
		stranger_kill(&launcher);
	else
		stranger_exit(&launcher);
	expect_order(&next, "create 100", SVSHM_ALREADY_EXISTS);
	expect_order(&next, "recover", SVSHM_BUSY);
	kill(pid, SIGKILL);
	await_death(pid);
	if (create) {
		expect_order(&next, "create 100", SVSHM_ORPHANED);
	} else {
		expect_order(&next, "attach", SVSHM_ORPHANED);
		expect_order(&next, "holds 9", SVSHM_OK);
	}
	stranger_exit(&next);
	ck_assert(test_nothing_left(key));
}
END_TEST

/* Users come and go beside it; the last one leaves it to the child again. */
START_TEST(users_come_and_go_beside_a_child)
{
	const char *key = test_key("beside");
	struct stranger launcher, next;
	int pid;

	stranger_enter(&launcher, key);
	stranger_enter(&next, key);
	expect_order(&launcher, "create 3000", SVSHM_OK);
	expect_order(&launcher, "fill 9", SVSHM_OK);
	pid = stranger_do(&launcher, "fork");
	expect_order(&launcher, "detach", SVSHM_OK);
	expect_order(&next, "attach", SVSHM_OK);
	expect_order(&next, "holds 9", SVSHM_OK);
	expect_order(&next, "detach", SVSHM_OK);
	kill(pid, SIGKILL);
	await_death(pid);
	expect_order(&next, "attach", SVSHM_ORPHANED);
	expect_order(&next, "holds 9", SVSHM_OK);
	stranger_exit(&next);
	stranger_exit(&launcher);
	ck_assert(test_nothing_left(key));
}
END_TEST

/* A child that ends by exit(3) detaches; system(3) and popen(3) leave nothing. */
START_TEST(child_that_exits_leaves_no_trace)
{
	const char *key = test_key("exits");
	struct stranger launcher, next;

	stranger_enter(&launcher, key);
	stranger_enter(&next, key);
	expect_order(&launcher, "create 3000", SVSHM_OK);
	expect_order(&launcher, "fork-exit", 0);
	expect_order(&launcher, "run true", SVSHM_OK);
	expect_order(&next, "attach", SVSHM_OK);
	expect_order(&next, "detach", SVSHM_OK);
	expect_order(&launcher, "detach", SVSHM_OK);
	ck_assert(test_nothing_left(key));
	stranger_exit(&next);
	stranger_exit(&launcher);
}
END_TEST

/* Of another pid namespace, where the one who comes cannot see it. */
START_TEST(child_in_another_pid_namespace_is_a_user)
{
	const char *key = test_key("far");
	struct stranger launcher, next;

	stranger_enter(&launcher, key);
	stranger_enter(&next, key);
	if (stranger_do(&next, "pids") != SVSHM_OK) {
		test_skip("no pid namespace of its own permitted here");
		stranger_exit(&launcher);
		stranger_kill(&next);
		return;
	}
	expect_order(&launcher, "create 3000", SVSHM_OK);
	expect_order(&launcher, "fill 9", SVSHM_OK);

	int pid = stranger_do(&launcher, "fork");

	stranger_exit(&launcher);
	expect_order(&next, "create 100", SVSHM_ALREADY_EXISTS);
	kill(pid, SIGKILL);
	await_death(pid);
	expect_order(&next, "attach", SVSHM_ORPHANED);
	expect_order(&next, "holds 9", SVSHM_OK);
	expect_order(&next, "detach", SVSHM_OK);
	stranger_begin(&next, "_exit");
	test_wait(next.pid);
	ck_assert(test_nothing_left(key));
}
END_TEST

static Suite *make_suite(void)
{
	Suite *suite = suite_create("users who are not registered");
	TCase *tests = tcase_create("users");

	suite_add_tcase(suite, tests);
	tcase_set_timeout(tests, 120);
	tcase_add_loop_test(tests, daemon_restarts_beside_observers, 0,
			    2);
	tcase_add_loop_test(tests, last_owner_leaves_beside_observers, 0,
			    2);
	tcase_add_loop_test(tests, child_beside_an_observer_is_a_user, 0, 3);
	tcase_add_loop_test(tests, helper_is_no_child, 0, 2);
	tcase_add_loop_test(tests, child_that_never_called_is_a_user, 0, 8);
	tcase_add_test(tests, users_come_and_go_beside_a_child);
	tcase_add_test(tests, child_that_exits_leaves_no_trace);
	tcase_add_test(tests, child_in_another_pid_namespace_is_a_user);
	return suite;
}

int main(void)
{
	return test_main(make_suite);
}
