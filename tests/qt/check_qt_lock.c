/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * P4: the lock of the Qt layout excludes, times out, survives its owner, and
 * tells what Qt's programs do to it. For makers that die see
 * check_qt_dead_maker.c.
 */
#include <config.h>

#include <stdlib.h>
#include <string.h>

#include "outside.h"
#include "puppet.h"
#include "qtwire.h"

/* ---- Owners ------------------------------------------------------------ */

START_TEST(qt_lock_excludes_both_kinds)
{
	if (wire_skip())
		return;

	const char *key = test_key("excludes");
	struct svshm *handle = qt_make(key, 8);
	struct actor actor;
	struct wire wire;

	wire_begin(&wire, key);
	ck_assert(wire_attach(&wire));
	actor_attach(&actor, key);
	wire_lock(&wire);
	expect_act(&actor, svshm_trylock, SVSHM_BUSY);
	/* Of another PID namespace, he has no name here. */
	ck_assert(strstr(actor.message, "was the last to take") ||
		  getenv("SVSHM_TEST_PIDS"));
	actor_block(&actor, svshm_lock);
	wire_unlock(&wire);
	expect_end(&actor, SVSHM_OK);
	expect_code(handle, svshm_trylock(handle), SVSHM_BUSY);
	ck_assert_int_eq(wire_value(key), 0);
	expect_act(&actor, svshm_unlock, SVSHM_OK);
	ck_assert_int_eq(wire_value(key), 1);
	actor_vanish(&actor);
	wire_end(&wire);
	svshm_free(handle);
	ck_assert(qt_nothing_left(key));
}
END_TEST

START_TEST(qt_lock_times_out)
{
	const char *key = test_key("timeout");
	struct svshm *handle = qt_make(key, 8);
	struct actor owner;
	int64_t start;

	actor_own(&owner, key);
	start = test_now();
	expect_code(handle, svshm_timedlock(handle, 50), SVSHM_TIMED_OUT);
	ck_assert_int_ge(test_now() - start, 50 * TEST_MILLISECOND);
	expect_code(handle, svshm_timedlock(handle, 0), SVSHM_TIMED_OUT);
	expect_code(handle, svshm_timedlock(handle, -1),
		    SVSHM_INVALID_ARGUMENT);
	expect_act(&owner, svshm_unlock, SVSHM_OK);
	expect_code(handle, svshm_timedlock(handle, 10000), 0);
	expect_code(handle, svshm_unlock(handle), 0);
	actor_vanish(&owner);
	svshm_free(handle);
}
END_TEST

START_TEST(qt_lock_knows_its_owner)
{
	const char *key = test_key("owner");
	struct svshm *first = qt_make(key, 8), *second = qt_handle(key);

	expect_code(first, svshm_unlock(first), SVSHM_NOT_OWNER);
	expect_code(first, svshm_make_consistent(first), SVSHM_NOT_OWNER);
	expect_code(first, svshm_lock(first), 0);
	expect_code(first, svshm_lock(first), SVSHM_DEADLOCK);
	expect_code(first, svshm_make_consistent(first), 0);
	/* A QSharedMemory would wait for itself: attach takes the lock too. */
	expect_code(second, svshm_attach(second, SVSHM_READ_WRITE), 0);
	ck_assert_int_eq(wire_value(key), 0);
	expect_code(second, svshm_lock(second), SVSHM_DEADLOCK);
	expect_code(second, svshm_trylock(second), SVSHM_DEADLOCK);
	expect_code(second, svshm_unlock(second), SVSHM_NOT_OWNER);
	expect_code(second, svshm_detach(second), 0);
	ck_assert_int_eq(wire_value(key), 0);
	expect_code(first, svshm_unlock(first), 0);
	ck_assert_int_eq(wire_value(key), 1);
	svshm_free(first);
	svshm_free(second);
	ck_assert(qt_nothing_left(key));
}
END_TEST

START_TEST(qt_detach_gives_the_lock_back)
{
	const char *key = test_key("detach");
	struct svshm *handle = qt_handle(key);
	struct actor owner;

	/* Forked first, it has no mapping of ours. */
	actor_enter(&owner, key);
	expect_code(handle, svshm_create(handle, 8, SVSHM_READ_WRITE), 0);
	expect_act(&owner, act_attach, SVSHM_OK);
	expect_act(&owner, svshm_lock, SVSHM_OK);
	expect_act(&owner, svshm_detach, SVSHM_OK);
	expect_code(handle, svshm_trylock(handle), 0);
	svshm_free(handle);
	ck_assert(qt_nothing_left(key));
	actor_vanish(&owner);
}
END_TEST

START_TEST(qt_create_locked_keeps_others_out)
{
	const char *key = test_key("locked");
	struct svshm *handle = qt_handle(key);
	struct actor actor;

	expect_code(handle, svshm_create_locked(handle, 8, SVSHM_READ_WRITE),
		    0);
	actor_enter(&actor, key);
	actor_block(&actor, act_attach);
	*(char *)svshm_data(handle) = 'x';
	expect_code(handle, svshm_unlock(handle), 0);
	expect_end(&actor, SVSHM_OK);
	svshm_free(handle);
	actor_exit(&actor);
	ck_assert(qt_nothing_left(key));
}
END_TEST

START_TEST(qt_a_dead_owner_is_no_owner)
{
	const char *key = test_key("dead");
	struct svshm *handle = qt_make(key, 8);
	struct actor owner, waiter;

	actor_attach(&waiter, key);
	actor_own(&owner, key);
	actor_block(&waiter, svshm_lock);
	actor_kill(&owner);
	/* Not OWNER_DIED: nobody can know. */
	expect_end(&waiter, SVSHM_OK);
	actor_kill(&waiter);
	expect_code(handle, svshm_lock(handle), 0);
	ck_assert_int_eq(wire_value(key), 0);
	expect_code(handle, svshm_unlock(handle), 0);
	svshm_free(handle);
	ck_assert(qt_nothing_left(key));
}
END_TEST

/* ---- Qt's faults ------------------------------------------------------- */

START_TEST(qt_a_reset_under_the_owner_is_told)
{
	const char *key = test_key("reset");
	struct svshm *handle = qt_make(key, 8);
	struct wire wire;

	wire_begin(&wire, key);
	expect_code(handle, svshm_lock(handle), 0);
	/* It forces the lock open, finds that there is a segment, and goes. */
	ck_assert(!wire_create(&wire, 10));
	ck_assert_int_eq(wire_value(key), 1);
	expect_code(handle, svshm_unlock(handle), SVSHM_LOCK_ERROR);
	expect_says(svshm_error_string(handle), "reset");
	/* The lock goes on to work. */
	expect_code(handle, svshm_lock(handle), 0);
	svshm_unlock(handle);
	svshm_free(handle);
	ck_assert(qt_nothing_left(key));
	wire_end(&wire);
}
END_TEST

static int reason_says(const struct svshm_object *object, void *context)
{
	return strstr(object->reason, context) ? 7 : 0;
}

START_TEST(qt_a_lock_that_two_can_own_is_told)
{
	if (wire_skip())
		return;

	const char *key = test_key("two");
	struct svshm *handle = qt_make(key, 8);
	struct wire holder, maker;

	wire_begin(&holder, key);
	wire_begin(&maker, key);
	ck_assert(wire_attach(&holder));
	wire_lock(&holder);
	ck_assert(!wire_create(&maker, 10));
	wire_unlock(&holder);
	ck_assert_int_eq(wire_value(key), 2);
	ck_assert_int_eq(svshm_inspect(handle, reason_says,
				       (void *)"value 2"), 7);
	wire_end(&maker);
	wire_end(&holder);
	svshm_free(handle);
	ck_assert(qt_nothing_left(key));
}
END_TEST

START_TEST(qt_a_lock_removed_under_the_owner_is_told)
{
	const char *key = test_key("removed");
	struct svshm *handle = qt_make(key, 8);
	struct actor waiter;
	struct wire wire;

	wire_begin(&wire, key);
	wire_open_lock(&wire, true);
	actor_attach(&waiter, key);
	expect_code(handle, svshm_lock(handle), 0);
	actor_block(&waiter, svshm_lock);
	/* An owner that never attached goes, and takes the set with it. */
	wire_end(&wire);
	expect_end(&waiter, SVSHM_OK);
	expect_code(handle, svshm_unlock(handle), SVSHM_LOCK_ERROR);
	expect_says(svshm_error_string(handle), "removed the lock");
	expect_code(handle, svshm_trylock(handle), SVSHM_BUSY);
	expect_act(&waiter, svshm_unlock, SVSHM_OK);
	expect_usable_lock(handle);
	svshm_free(handle);
	actor_exit(&waiter);
	ck_assert(qt_nothing_left(key));
}
END_TEST

/* ---- Storm ------------------------------------------------------------- */

#define WORKERS 4
#define ROUNDS 3000

static int work(void *context)
{
	count_under_lock(context, ROUNDS, NULL);
	return 0;
}

static int work_by_wire(void *context)
{
	wire_count(context, ROUNDS, NULL);
	return 0;
}

START_TEST(qt_no_update_is_lost)
{
	const char *key = test_key("storm");
	struct svshm *handle = qt_make(key, sizeof(long));
	pid_t workers[WORKERS];

	for (int i = 0; i < WORKERS; i++)
		workers[i] = i % 2 || system_attaches_once() ?
			test_fork(work, handle) :
			test_fork(work_by_wire, (void *)key);
	for (int i = 0; i < WORKERS; i++)
		ck_assert_int_eq(test_wait(workers[i]), 0);
	ck_assert_int_eq(*(long *)svshm_data(handle), WORKERS * ROUNDS);
	svshm_free(handle);
	ck_assert(qt_nothing_left(key));
}
END_TEST

static Suite *make_suite(void)
{
	Suite *suite = suite_create("The lock of the Qt layout");
	TCase *tcase = tcase_create("lock");

	tcase_set_timeout(tcase, 60);
	tcase_add_test(tcase, qt_lock_excludes_both_kinds);
	tcase_add_test(tcase, qt_lock_times_out);
	tcase_add_test(tcase, qt_lock_knows_its_owner);
	tcase_add_test(tcase, qt_detach_gives_the_lock_back);
	tcase_add_test(tcase, qt_create_locked_keeps_others_out);
	tcase_add_test(tcase, qt_a_dead_owner_is_no_owner);
	tcase_add_test(tcase, qt_a_reset_under_the_owner_is_told);
	tcase_add_test(tcase, qt_a_lock_that_two_can_own_is_told);
	tcase_add_test(tcase, qt_a_lock_removed_under_the_owner_is_told);
	tcase_add_test(tcase, qt_no_update_is_lost);
	suite_add_tcase(suite, tcase);
	return suite;
}

int main(void)
{
	return qt_main(make_suite);
}
