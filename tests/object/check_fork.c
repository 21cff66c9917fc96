/* SPDX-License-Identifier: BSD-2-Clause */
/* P10: fork and exit are defined. See check_exec.c and check_threads.c. */
#include <config.h>

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "actor.h"

static void expect_registered(const char *key, size_t alive, size_t died)
{
	struct test_object object;

	ck_assert(test_inspect(key, &object));
	ck_assert_int_eq(object.verdict, SVSHM_VERDICT_IN_USE);
	ck_assert_uint_eq(object.alive, alive);
	ck_assert_uint_eq(object.died, died);
}

/* Nobody was told so far, and nobody is: also not by an orphan. */
static void expect_usable(const char *key)
{
	struct actor other;

	actor_attach(&other, key);
	expect_act(&other, svshm_trylock, SVSHM_OK);
	expect_act(&other, svshm_detach, SVSHM_OK);
	actor_vanish(&other);
}

/* ---- Fork ---------------------------------------------------------------- */

static int act_data(struct svshm *handle)
{
	*(char *)svshm_data(handle) = 'c';
	return SVSHM_OK;
}

static int act_questions(struct svshm *handle)
{
	child_assert(svshm_is_attached(handle));
	child_assert(svshm_size(handle) == 100);
	child_assert(svshm_native_key(handle) != NULL);
	return svshm_error(handle);
}

/* What makes a child a user; each leaves the lock free. */
static actor_act *const uses[] = {
	act_data, svshm_unlock, svshm_make_consistent, svshm_trylock
};

START_TEST(child_that_uses_is_registered)
{
	actor_act *use = uses[_i];
	int code = use == svshm_unlock || use == svshm_make_consistent ?
			   SVSHM_NOT_OWNER : SVSHM_OK;
	const char *key = test_key("registered");
	struct svshm *handle = make_object(key, 100);
	struct actor child;

	actor_start(&child, handle);
	expect_act(&child, act_questions, SVSHM_OK);
	expect_registered(key, 1, 0);
	expect_act(&child, use, code);
	expect_registered(key, 2, 0);
	expect_act(&child, svshm_detach, SVSHM_OK);
	expect_registered(key, 1, 0);
	expect_usable(key);
	actor_vanish(&child);
	svshm_free(handle);
	ck_assert(test_nothing_left(key));
}
END_TEST

static int act_be_two(struct svshm *handle)
{
	static struct actor grandchild;

	actor_start(&grandchild, handle);
	return actor_do(&grandchild, svshm_trylock);
}

START_TEST(grandchild_that_uses_is_registered)
{
	const char *key = test_key("grandchild");
	struct svshm *handle = make_object(key, 100);
	struct actor child;

	actor_start(&child, handle);
	expect_act(&child, act_data, SVSHM_OK);
	expect_act(&child, act_be_two, SVSHM_OK);
	expect_registered(key, 3, 0);
	expect_act(&child, svshm_trylock, SVSHM_BUSY);
	expect_act(&child, svshm_unlock, SVSHM_NOT_OWNER);
	expect_code(handle, svshm_trylock(handle), SVSHM_BUSY);
	actor_kill(&child); /* the grandchild reads the end of its orders */
	expect_code(handle, svshm_lock(handle), SVSHM_OWNER_DIED);
	svshm_free(handle);
}
END_TEST

START_TEST(child_does_not_own_its_parents_lock)
{
	const char *key = test_key("not-child's");
	struct svshm *handle = make_object(key, 100);
	struct actor child, waiter;

	expect_code(handle, svshm_lock(handle), SVSHM_OK);
	actor_start(&child, handle);
	actor_start(&waiter, handle);
	expect_act(&child, svshm_unlock, SVSHM_NOT_OWNER);
	expect_act(&child, svshm_make_consistent, SVSHM_NOT_OWNER);
	expect_act(&child, svshm_trylock, SVSHM_BUSY);
	actor_block(&waiter, svshm_lock);
	expect_act(&child, svshm_detach, SVSHM_OK);
	expect_act(&child, act_attach, SVSHM_OK);
	expect_act(&child, svshm_trylock, SVSHM_BUSY);
	actor_kill(&child);
	expect_code(handle, svshm_trylock(handle), SVSHM_DEADLOCK);
	expect_code(handle, svshm_unlock(handle), SVSHM_OK);
	expect_end(&waiter, SVSHM_OK);
	expect_handover(&waiter, handle);
	actor_kill(&waiter);
	svshm_free(handle);
	ck_assert(test_nothing_left(key));
}
END_TEST

/* Another handle, at the address of one that owned the lock before the fork. */
static int act_unlock_by_a_new_handle(struct svshm *handle)
{
	char key[200];
	int code;

	snprintf(key, sizeof(key), "%s", svshm_key(handle));
	svshm_free(handle);
	handle = svshm_new(key);
	child_assert(act_attach(handle) == SVSHM_OK);
	code = svshm_unlock(handle);
	child_assert(svshm_trylock(handle) == SVSHM_BUSY);
	_exit(code == SVSHM_NOT_OWNER ? 0 : 1);
}

START_TEST(new_handle_in_a_child_does_not_own_it)
{
	const char *key = test_key("new-handle");
	struct svshm *handle = make_object(key, 100);
	struct actor child;

	expect_code(handle, svshm_lock(handle), SVSHM_OK);
	actor_start(&child, handle);
	actor_begin(&child, act_unlock_by_a_new_handle);
	ck_assert_int_eq(test_wait(child.pid), 0);
	expect_code(handle, svshm_unlock(handle), SVSHM_OK);
	expect_usable(key);
	svshm_free(handle);
}
END_TEST

START_TEST(death_of_a_child_is_its_own)
{
	const char *key = test_key("death");
	struct svshm *handle = make_object(key, 100);
	struct actor child;

	actor_start(&child, handle); /* and never uses it */
	actor_kill(&child);
	expect_registered(key, 1, 0);
	actor_start(&child, handle);
	expect_act(&child, act_data, SVSHM_OK);
	actor_kill(&child);
	expect_registered(key, 1, 1);
	expect_usable(key);
	actor_start(&child, handle);
	expect_act(&child, svshm_lock, SVSHM_OK);
	actor_kill(&child);
	expect_code(handle, svshm_lock(handle), SVSHM_OWNER_DIED);
	expect_code(handle, svshm_make_consistent(handle), SVSHM_OK);
	expect_code(handle, svshm_unlock(handle), SVSHM_OK);
	expect_usable(key);
	expect_code(handle, svshm_detach(handle), SVSHM_OK);
	svshm_free(handle);
	ck_assert(test_nothing_left(key));
}
END_TEST

static struct test_event ready, go, done;

static int outlive(void *context)
{
	struct svshm *handle = context;

	child_assert(svshm_trylock(handle) == SVSHM_OK);
	test_event_post(&ready);
	test_event_await(&go);
	child_assert(svshm_unlock(handle) == SVSHM_OK);
	child_assert(has_bytes(handle, 100, 0));
	child_assert(svshm_detach(handle) == SVSHM_OK);
	test_event_post(&done);
	return 0;
}

static int act_fork_a_survivor(struct svshm *handle)
{
	test_fork(outlive, handle);
	test_event_await(&ready);
	return SVSHM_OK;
}

START_TEST(death_of_the_parent_is_its_own)
{
	const char *key = test_key("parent-dies");
	struct actor parent;

	test_event_open(&ready);
	test_event_open(&go);
	test_event_open(&done);
	actor_enter(&parent, key);
	expect_act(&parent, act_create, SVSHM_OK);
	expect_act(&parent, act_fork_a_survivor, SVSHM_OK);
	actor_kill(&parent);
	expect_registered(key, 1, 1);
	test_event_post(&go);
	test_event_await(&done);
	ck_assert(test_nothing_left(key));
}
END_TEST

static int act_free_and_end(struct svshm *handle)
{
	svshm_free(handle);
	_exit(0);
}

START_TEST(free_in_a_child_takes_nothing_from_others)
{
	const char *key = test_key("free");
	struct svshm *handle = make_object(key, 100);
	struct test_object object;
	struct actor child;

	for (int used = 0; used < 2; used++) {
		actor_start(&child, handle);
		if (used)
			expect_act(&child, act_data, SVSHM_OK);
		actor_begin(&child, act_free_and_end);
		ck_assert_int_eq(test_wait(child.pid), 0);
		expect_registered(key, 1, 0);
		ck_assert(test_inspect(key, &object));
		ck_assert_uint_eq(object.mappings, 1);
	}
	expect_usable(key);
	svshm_free(handle);
	ck_assert(test_nothing_left(key));
}
END_TEST

START_TEST(parent_may_detach_first)
{
	const char *key = test_key("parent-first");
	struct svshm *handle = make_object(key, 100);
	struct actor user, sleeper;

	memset(svshm_data(handle), 'x', 100);
	actor_start(&user, handle);
	actor_start(&sleeper, handle);
	expect_act(&user, svshm_trylock, SVSHM_OK);
	expect_act(&user, svshm_unlock, SVSHM_OK);
	expect_code(handle, svshm_detach(handle), SVSHM_OK);
	expect_registered(key, 1, 0);
	expect_code(handle, act_attach(handle), SVSHM_OK);
	ck_assert(has_bytes(handle, 100, 'x'));
	expect_code(handle, svshm_detach(handle), SVSHM_OK);
	actor_exit(&user);
	/* The other child only maps it, but may come to use it. */
	expect_registered(key, 0, 0);
	expect_act(&sleeper, act_data, SVSHM_OK);
	expect_registered(key, 1, 0);
	actor_exit(&sleeper);
	ck_assert(test_nothing_left(key));
	svshm_free(handle);
}
END_TEST

/* With or without having used what it inherited: exit() detaches the child. */
START_TEST(exit_of_a_child_detaches_it)
{
	const char *key = test_key("child-exit");
	struct svshm *handle = make_object(key, 100);
	struct actor child;

	actor_start(&child, handle);
	if (_i)
		expect_act(&child, act_data, SVSHM_OK);
	actor_exit(&child);
	expect_registered(key, 1, 0);
	expect_usable(key);
	actor_start(&child, handle);
	if (_i)
		expect_act(&child, act_data, SVSHM_OK);
	expect_code(handle, svshm_detach(handle), SVSHM_OK);
	actor_exit(&child);
	ck_assert(test_nothing_left(key));
	svshm_free(handle);
}
END_TEST

START_TEST(child_is_told_of_a_removed_object)
{
	const char *key = test_key("removed");
	struct svshm *handle = make_object(key, 100);
	struct actor child;

	actor_start(&child, handle);
	expect_code(handle, act_questions(handle), SVSHM_OK);
	ck_assert_int_eq(recover_object(key, SVSHM_RECOVER_FORCE, NULL),
			 SVSHM_OK);
	expect_act(&child, svshm_lock, SVSHM_REMOVED);
	expect_act(&child, svshm_detach, SVSHM_REMOVED);
	actor_vanish(&child);
	svshm_free(handle);
}
END_TEST

/* ---- One handle ---------------------------------------------------------- */

START_TEST(attached_handles_stay_attached)
{
	const char *key = test_key("attached");
	struct svshm *handle = make_object(key, 100);
	char *data = svshm_data(handle);

	data[0] = 'x';
	expect_code(handle, act_attach(handle), SVSHM_ALREADY_ATTACHED);
	expect_code(handle, act_create(handle), SVSHM_ALREADY_ATTACHED);
	expect_code(handle, act_attach_read_only(handle),
		    SVSHM_ALREADY_ATTACHED);
	ck_assert_int_eq(svshm_error(handle), SVSHM_ALREADY_ATTACHED);
	ck_assert(svshm_is_attached(handle));
	ck_assert_ptr_eq(svshm_data(handle), data);
	data[0] = 'y';
	expect_code(handle, svshm_trylock(handle), SVSHM_OK);
	expect_registered(key, 1, 0);
	svshm_free(handle);
	ck_assert(test_nothing_left(key));
}
END_TEST

START_TEST(another_key_detaches)
{
	const char *key = test_key("key"), *other = test_key("other-key");
	struct svshm *handle = make_object(key, 100);

	expect_code(handle, svshm_lock(handle), SVSHM_OK);
	expect_code(handle, svshm_set_key(handle, key), SVSHM_OK);
	ck_assert(svshm_is_attached(handle));
	expect_code(handle, svshm_trylock(handle), SVSHM_DEADLOCK);
	expect_code(handle, svshm_set_key(handle, other), SVSHM_OK);
	ck_assert(!svshm_is_attached(handle));
	ck_assert_str_eq(svshm_key(handle), other);
	ck_assert(test_nothing_left(key));

	expect_code(handle, act_create(handle), SVSHM_OK);
	expect_code(handle, svshm_set_native_key(handle, test_directory()),
		    SVSHM_OK);
	ck_assert(!svshm_is_attached(handle));
	ck_assert(test_nothing_left(other));
	svshm_free(handle);
}
END_TEST

static Suite *make_suite(void)
{
	Suite *suite = suite_create("fork and exit");
	TCase *tests = tcase_create("fork");

	suite_add_tcase(suite, tests);
	tcase_set_timeout(tests, 120);
	tcase_add_loop_test(tests, child_that_uses_is_registered, 0,
			    sizeof(uses) / sizeof(*uses));
	tcase_add_test(tests, grandchild_that_uses_is_registered);
	tcase_add_test(tests, child_does_not_own_its_parents_lock);
	tcase_add_test(tests, new_handle_in_a_child_does_not_own_it);
	tcase_add_test(tests, death_of_a_child_is_its_own);
	tcase_add_test(tests, death_of_the_parent_is_its_own);
	tcase_add_test(tests, free_in_a_child_takes_nothing_from_others);
	tcase_add_test(tests, parent_may_detach_first);
	tcase_add_loop_test(tests, exit_of_a_child_detaches_it, 0, 2);
	tcase_add_test(tests, child_is_told_of_a_removed_object);
	tcase_add_test(tests, attached_handles_stay_attached);
	tcase_add_test(tests, another_key_detaches);
	return suite;
}

int main(void)
{
	return test_main(make_suite);
}
