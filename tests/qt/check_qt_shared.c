/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * P4: two keys of Qt's with one lock exclude each other, and lose no update and
 * no lock by who dies. Between two users there is nothing to share, and that is
 * told. See one_lock.h.
 */
#include <config.h>

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "one_lock.h"
#include "outside.h"
#include "puppet.h"

/* ---- Who is inside ----------------------------------------------------- */

START_TEST(qt_shared_lock_excludes_both_keys)
{
	make_keys();

	struct svshm *handle = qt_handle(keys[ONE]);
	struct actor actor;

	/* Forked first, it has no mapping of ours. */
	actor_enter(&actor, keys[TWO]);
	expect_code(handle, svshm_create(handle, 8, SVSHM_READ_WRITE), 0);
	expect_act(&actor, act_create, SVSHM_OK);
	ck_assert_int_ge(qt_set_of(keys[ONE]), 0);
	ck_assert_int_eq(qt_set_of(keys[ONE]), qt_set_of(keys[TWO]));
	expect_act(&actor, act_fill, SVSHM_OK);
	ck_assert(has_bytes(handle, 8, 0));

	expect_act(&actor, svshm_lock, SVSHM_OK);
	expect_code(handle, svshm_trylock(handle), SVSHM_BUSY);
	expect_code(handle, svshm_timedlock(handle, 1), SVSHM_TIMED_OUT);
	expect_act(&actor, svshm_unlock, SVSHM_OK);
	expect_code(handle, svshm_lock(handle), 0);
	expect_act(&actor, svshm_trylock, SVSHM_BUSY);
	actor_block(&actor, svshm_lock);
	expect_code(handle, svshm_unlock(handle), 0);
	expect_end(&actor, SVSHM_OK);
	expect_act(&actor, svshm_unlock, SVSHM_OK);
	ck_assert_int_eq(wire_value(keys[ONE]), 1);

	svshm_free(handle);
	ck_assert(qt_nothing_left(keys[ONE]));
	expect_act(&actor, act_is_filled, SVSHM_OK);
	expect_act(&actor, svshm_lock, SVSHM_OK);
	expect_act(&actor, svshm_unlock, SVSHM_OK);
	expect_act(&actor, svshm_detach, SVSHM_OK);
	actor_exit(&actor);
	expect_nothing();
}
END_TEST

/* Create, attach and the last detach go by the lock, too. */
START_TEST(qt_shared_lock_keeps_changes_apart)
{
	make_keys();

	struct svshm *handle = qt_make(keys[ONE], 8);
	struct actor actor;

	actor_enter(&actor, keys[TWO]);
	expect_code(handle, svshm_lock(handle), 0);
	actor_block(&actor, act_create);
	expect_code(handle, svshm_unlock(handle), 0);
	expect_end(&actor, SVSHM_OK);
	expect_code(handle, svshm_lock(handle), 0);
	actor_block(&actor, svshm_detach);
	expect_code(handle, svshm_unlock(handle), 0);
	expect_end(&actor, SVSHM_OK);
	ck_assert(qt_nothing_left(keys[TWO]));
	/* He has taken the set along: it is made anew. */
	expect_usable_lock(handle);
	svshm_free(handle);
	actor_exit(&actor);
	expect_nothing();
}
END_TEST

START_TEST(qt_shared_lock_of_a_dead_owner)
{
	make_keys();

	struct svshm *handle = qt_make(keys[TWO], 8);
	struct actor owner, waiter;

	actor_enter(&owner, keys[ONE]);
	expect_act(&owner, act_create, SVSHM_OK);
	actor_attach(&waiter, keys[TWO]);
	expect_act(&owner, svshm_lock, SVSHM_OK);
	actor_block(&waiter, svshm_lock);
	actor_kill(&owner);
	expect_end(&waiter, SVSHM_OK);
	expect_code(handle, svshm_trylock(handle), SVSHM_BUSY);
	actor_kill(&waiter);
	expect_usable_lock(handle);
	ck_assert_int_eq(wire_value(keys[TWO]), 1);
	/* What the dead one left is removed, and the lock lives on. */
	ck_assert_int_eq(recover_object(keys[ONE], 0, NULL), SVSHM_OK);
	ck_assert(qt_nothing_left(keys[ONE]));
	expect_usable_lock(handle);
	svshm_free(handle);
	expect_nothing();
}
END_TEST

static int refused_to_bob(void *context)
{
	struct svshm *handle;

	(void)context;
	become(BOB);
	handle = qt_handle(keys[TWO]);
	child_assert(svshm_create(handle, 10, SVSHM_READ_WRITE) ==
		     SVSHM_PERMISSION_DENIED);
	child_assert(strstr(svshm_error_string(handle),
			    strrchr(paths[ONE], '/') + 1));
	return 0;
}

static int alice_makes(void *context)
{
	struct svshm *handle;
	struct test_event *events = context;

	become(ALICE);
	handle = qt_handle(keys[ONE]);
	child_assert(svshm_create(handle, 10, SVSHM_READ_WRITE) == 0);
	test_event_post(&events[0]);
	test_event_await(&events[1]);
	child_assert(svshm_trylock(handle) == 0);
	child_assert(svshm_detach(handle) == 0);
	return 0;
}

/* Between two users there is nothing to share, nor is there for Qt; it is told
   why. */
START_TEST(qt_shared_lock_is_one_users)
{
	struct test_event events[2];
	pid_t alice;

	if (test_skip_without_root())
		return;
	make_keys();
	qt_make_lock_file(keys[ONE]);
	qt_make_lock_file(keys[TWO]);
	open_scratch();
	ck_assert_int_eq(chmod(test_scratch("qt"), 01777), 0);
	ck_assert_int_eq(chown(paths[ONE], ALICE, (gid_t)-1), 0);
	ck_assert_int_eq(chown(paths[TWO], BOB, (gid_t)-1), 0);
	test_event_open(&events[0]);
	test_event_open(&events[1]);
	alice = test_fork(alice_makes, events);
	test_event_await(&events[0]);
	ck_assert_int_eq(test_wait(test_fork(refused_to_bob, NULL)), 0);
	test_event_post(&events[1]);
	ck_assert_int_eq(test_wait(alice), 0);
	ck_assert(qt_nothing_left(keys[ONE]));
	unlink(paths[TWO]);
	expect_nothing();
}
END_TEST

/* ---- Storm ------------------------------------------------------------- */

#define ROUNDS 2000

/* Each counts in its own memory, and, as all have one lock, here. */
static volatile long *common;

static int work(void *context)
{
	int number = *(int *)context;
	const char *key = keys[number % 2];
	struct svshm *handle;

	if (number / 2 && !system_attaches_once()) {
		wire_count(key, ROUNDS, common);
		return 0;
	}
	handle = qt_handle(key);
	child_assert(svshm_attach(handle, SVSHM_READ_WRITE) == 0);
	count_under_lock(handle, ROUNDS, common);
	return 0;
}

START_TEST(qt_shared_lock_loses_no_update)
{
	struct svshm *handles[2];
	pid_t workers[4];

	make_keys();
	common = test_shared(sizeof(long));
	for (int i = 0; i < 2; i++)
		handles[i] = qt_make(keys[i], sizeof(long));
	for (int i = 0; i < 4; i++)
		workers[i] = test_fork(work, &i);
	for (int i = 0; i < 4; i++)
		ck_assert_int_eq(test_wait(workers[i]), 0);
	for (int i = 0; i < 2; i++)
		ck_assert_int_eq(*(long *)svshm_data(handles[i]), 2 * ROUNDS);
	ck_assert_int_eq(*common, 4 * ROUNDS);
	ck_assert_int_eq(wire_value(keys[ONE]), 1);
	for (int i = 0; i < 2; i++)
		svshm_free(handles[i]);
	expect_nothing();
}
END_TEST

static Suite *make_suite(void)
{
	Suite *suite = suite_create("One lock of two keys of Qt's");
	TCase *tcase = tcase_create("shared");

	tcase_set_timeout(tcase, 120);
	tcase_add_test(tcase, qt_shared_lock_excludes_both_keys);
	tcase_add_test(tcase, qt_shared_lock_keeps_changes_apart);
	tcase_add_test(tcase, qt_shared_lock_of_a_dead_owner);
	tcase_add_test(tcase, qt_shared_lock_is_one_users);
	tcase_add_test(tcase, qt_shared_lock_loses_no_update);
	suite_add_tcase(suite, tcase);
	return suite;
}

int main(void)
{
	return one_lock_main(make_suite);
}
