/* SPDX-License-Identifier: BSD-2-Clause */
/* P6: what the mode lets other users do. */
#include <config.h>

#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include "outside.h"

static int create_with(struct svshm *handle, mode_t mode)
{
	int code = svshm_set_mode(handle, mode);

	return code ? code : act_create(handle);
}

static int act_create_0444(struct svshm *handle)
{
	return create_with(handle, 0444);
}

static int act_create_for_friends(struct svshm *handle)
{
	svshm_set_group(handle, FRIENDS);
	return create_with(handle, 0660);
}

static int act_create_for_strangers(struct svshm *handle)
{
	svshm_set_group(handle, 4711);
	return create_with(handle, 0660);
}

static int act_write_locked(struct svshm *handle)
{
	int code = svshm_lock(handle);

	act_fill(handle);
	return code ? code : svshm_unlock(handle);
}

static int act_wipe(struct svshm *handle)
{
	memset(svshm_data(handle), 0, 100);
	return SVSHM_OK;
}

static int act_is_attached(struct svshm *handle)
{
	return svshm_is_attached(handle);
}

START_TEST(default_mode_shuts_others_out)
{
	if (test_skip_without_root())
		return;
	use_key_directory("shared", 0, 01777);

	const char *key = test_key("0600");
	struct test_object object;
	struct actor alice, bob;

	actor_enter_as(&alice, ALICE, key);
	actor_enter_as(&bob, BOB, key);
	expect_act(&alice, act_create, SVSHM_OK);
	ck_assert(test_inspect(key, &object));
	ck_assert_uint_eq(object.mode, 0600);
	ck_assert_uint_eq(object.uid, ALICE);
	expect_act(&alice, act_fill, SVSHM_OK);
	expect_act(&bob, act_attach, SVSHM_PERMISSION_DENIED);
	expect_act(&bob, act_attach_read_only, SVSHM_PERMISSION_DENIED);
	expect_act(&bob, act_create, SVSHM_PERMISSION_DENIED);
	expect_act(&alice, act_is_filled, SVSHM_OK);
	expect_act(&alice, svshm_detach, SVSHM_OK);
	actor_exit(&bob);
	actor_exit(&alice);
	ck_assert(test_nothing_left(key));
}
END_TEST

#define FAULT 77

static void on_fault(int signal)
{
	(void)signal;
	_exit(FAULT);
}

static int bob_writes(void *context)
{
	struct sigaction fault = { .sa_handler = on_fault };
	struct svshm *handle = svshm_new(context);

	become(BOB);
	child_assert(sigaction(SIGSEGV, &fault, NULL) == 0 &&
		     sigaction(SIGBUS, &fault, NULL) == 0);
	child_assert(act_attach_read_only(handle) == SVSHM_OK);
	act_fill(handle);
	return 0;
}

START_TEST(mode_0444_lets_others_read_and_nothing_else)
{
	if (test_skip_without_root() || test_skip_without_counted_children())
		return;
	use_key_directory("shared", 0, 01777);

	const char *key = test_key("0444");
	struct test_object object;
	struct actor alice, bob;

	actor_enter_as(&alice, ALICE, key);
	actor_enter_as(&bob, BOB, key);
	expect_act(&alice, act_create_0444, SVSHM_OK);
	expect_act(&alice, act_write_locked, SVSHM_OK);
	expect_act(&bob, act_attach, SVSHM_PERMISSION_DENIED);
	expect_says(bob.message, "SVSHM_READ_ONLY");
	expect_act(&bob, act_create, SVSHM_PERMISSION_DENIED);
	expect_act(&bob, act_attach_read_only, SVSHM_OK);
	expect_act(&bob, act_is_filled, SVSHM_OK);
	expect_act(&bob, svshm_lock, SVSHM_PERMISSION_DENIED);
	expect_act(&bob, svshm_trylock, SVSHM_PERMISSION_DENIED);
	expect_act(&bob, svshm_unlock, SVSHM_NOT_OWNER);
	ck_assert_int_eq(test_wait(test_fork(bob_writes,
					     (void *)(uintptr_t)key)), FAULT);
	/* The reader is nobody to wait for, but keeps what it has. */
	expect_act(&alice, act_write_locked, SVSHM_OK);
	expect_act(&alice, svshm_detach, SVSHM_OK);
	expect_act(&bob, act_is_filled, SVSHM_OK);
	/* The object is gone; what the reader sees, goes with it. */
	ck_assert(!test_inspect(key, &object));
	expect_act(&alice, act_create, SVSHM_OK);
	expect_act(&bob, svshm_trylock, SVSHM_REMOVED);
	expect_act(&bob, act_is_filled, SVSHM_OK);
	expect_act(&bob, svshm_detach, SVSHM_REMOVED);
	expect_act(&bob, act_attach_read_only, SVSHM_OK);
	expect_act(&bob, svshm_detach, SVSHM_OK);
	expect_act(&alice, svshm_detach, SVSHM_OK);
	actor_exit(&bob);
	actor_exit(&alice);
	ck_assert(test_nothing_left(key));
}
END_TEST

static int act_recover(struct svshm *handle)
{
	return recover_object(svshm_key(handle), 0, NULL);
}

static int act_attach_in_vain(struct svshm *handle)
{
	return act_attach(handle) == SVSHM_NOT_FOUND ? SVSHM_OK :
						       svshm_error(handle);
}

START_TEST(mode_0660_lets_the_group_do_all_but_remove)
{
	static actor_act *const ends[] = { act_create_for_friends, act_recover,
					   act_attach_in_vain };

	if (test_skip_without_root())
		return;
	use_key_directory("shared", 0, 01777);

	const char *key = test_key("0660");
	struct test_object object;
	struct actor alice, bob;

	actor_enter_as(&alice, ALICE, key);
	actor_enter_as(&bob, BOB, key);
	expect_act(&alice, act_create_for_friends, SVSHM_OK);
	ck_assert(test_inspect(key, &object));
	ck_assert_uint_eq(object.mode, 0660);
	ck_assert_uint_eq(object.gid, FRIENDS);
	expect_act(&bob, act_attach, SVSHM_OK);
	expect_act(&bob, act_write_locked, SVSHM_OK);
	expect_act(&alice, act_is_filled, SVSHM_OK);
	expect_act(&alice, act_wipe, SVSHM_OK);
	expect_act(&alice, act_write_locked, SVSHM_OK);
	expect_act(&bob, act_is_filled, SVSHM_OK);

	expect_act(&alice, svshm_detach, SVSHM_OK);
	expect_act(&bob, act_is_filled, SVSHM_OK);
	expect_act(&bob, svshm_detach, SVSHM_OK);
	expect_act(&bob, act_is_attached, false);
	ck_assert(test_inspect(key, &object));
	/* Where segments go with their last mapping, its set is left. */
	ck_assert(object.verdict == SVSHM_VERDICT_HALF_REMOVED ||
		  object.verdict == SVSHM_VERDICT_HALF_MADE);
	expect_act(&bob, act_attach, SVSHM_NOT_FOUND);
	expect_act(&alice, ends[_i], SVSHM_OK);
	if (ends[_i] == act_create_for_friends)
		expect_act(&alice, svshm_detach, SVSHM_OK);
	actor_exit(&bob);
	actor_exit(&alice);
	ck_assert(test_nothing_left(key));
}
END_TEST

START_TEST(lock_goes_from_user_to_user)
{
	if (test_skip_without_root())
		return;
	use_key_directory("shared", 0, 01777);

	const char *key = test_key("lock");
	struct actor alice, bob;

	actor_enter_as(&alice, ALICE, key);
	actor_enter_as(&bob, BOB, key);
	expect_act(&bob, act_create_for_friends, SVSHM_OK);
	expect_act(&alice, act_attach, SVSHM_OK);
	expect_act(&bob, svshm_lock, SVSHM_OK);
	expect_act(&alice, svshm_trylock, SVSHM_BUSY);
	actor_block(&alice, svshm_lock);
	expect_act(&bob, svshm_unlock, SVSHM_OK);
	expect_end(&alice, SVSHM_OK);
	actor_block(&bob, svshm_lock);
	actor_kill(&alice);
	expect_end(&bob, SVSHM_OWNER_DIED);
	expect_act(&bob, svshm_make_consistent, SVSHM_OK);
	expect_act(&bob, svshm_unlock, SVSHM_OK);
	expect_act(&bob, svshm_detach, SVSHM_OK);
	actor_exit(&bob);
	ck_assert(test_nothing_left(key));
}
END_TEST

START_TEST(group_that_one_is_not_in_is_refused)
{
	if (test_skip_without_root())
		return;
	use_key_directory("shared", 0, 01777);

	const char *key = test_key("group");
	struct actor alice;

	actor_enter_as(&alice, ALICE, key);
	expect_act(&alice, act_create_for_strangers, SVSHM_PERMISSION_DENIED);
	ck_assert(test_nothing_left(key));
	actor_exit(&alice);
}
END_TEST

static Suite *make_suite(void)
{
	Suite *suite = suite_create("what modes let others do");
	TCase *modes = tcase_create("modes");

	tcase_add_test(modes, default_mode_shuts_others_out);
	tcase_add_test(modes, mode_0444_lets_others_read_and_nothing_else);
	tcase_add_loop_test(modes, mode_0660_lets_the_group_do_all_but_remove,
			    0, 3);
	tcase_add_test(modes, lock_goes_from_user_to_user);
	tcase_add_test(modes, group_that_one_is_not_in_is_refused);
	tcase_set_timeout(modes, 120);
	suite_add_tcase(suite, modes);
	return suite;
}

int main(void)
{
	return test_main(make_suite);
}
