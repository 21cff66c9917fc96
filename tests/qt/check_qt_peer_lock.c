/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * P3 and P4: svshm and the real QSharedMemory exclude each other, and each of
 * them goes on when the other one dies. See check_qt_peer.c.
 */
#include <config.h>

#include <stdio.h>
#include <string.h>

#include "outside.h"
#include "qtpeer.h"
#include "qtwire.h"

/* ---- The lock ---------------------------------------------------------- */

START_TEST(peer_and_we_wait_for_each_other)
{
	const char *key = test_key("wait");
	struct svshm *handle = qt_make(key, 64);
	struct qt_peer peer;
	struct actor actor;

	qt_peer_start(&peer, _i, key);
	actor_enter(&actor, key);
	expect_act(&actor, act_attach, SVSHM_OK);
	qt_expect(&peer, "attach rw", "ok");

	qt_expect(&peer, "lock", "ok");
	expect_act(&actor, svshm_trylock, SVSHM_BUSY);
	actor_block(&actor, svshm_lock);
	qt_expect(&peer, "unlock", "ok");
	expect_end(&actor, SVSHM_OK);

	qt_peer_block(&peer, "lock");
	expect_act(&actor, svshm_unlock, SVSHM_OK);
	qt_expect_end(&peer, "ok");
	expect_code(handle, svshm_timedlock(handle, 20), SVSHM_TIMED_OUT);
	qt_expect(&peer, "unlock", "ok");
	expect_usable_lock(handle);

	qt_peer_leave(&peer);
	svshm_free(handle);
	actor_exit(&actor);
	ck_assert(qt_nothing_left(key));
}
END_TEST

#define PAIRS 4000 /* of each of two Qt programs and of two of ours */

static int add(void *context)
{
	count_under_lock(context, PAIRS, NULL);
	return 0;
}

START_TEST(peer_no_update_is_lost)
{
	const char *key = test_key("count");
	struct svshm *handle = qt_make(key, sizeof(long));
	struct qt_peer peers[2];
	pid_t ours[2];
	char order[32];

	snprintf(order, sizeof(order), "add %d", PAIRS);
	for (int i = 0; i < 2; i++) {
		qt_peer_start(&peers[i], (_i + i) % qt_program_count, key);
		qt_expect(&peers[i], "attach rw", "ok");
	}
	for (int i = 0; i < 2; i++) {
		qt_peer_begin(&peers[i], order);
		ours[i] = test_fork(add, handle);
	}
	for (int i = 0; i < 2; i++) {
		qt_expect_end(&peers[i], "ok");
		ck_assert_int_eq(test_wait(ours[i]), 0);
		qt_peer_leave(&peers[i]);
	}
	ck_assert_int_eq(*(long *)svshm_data(handle), 4 * PAIRS);
	ck_assert_int_eq(wire_value(key), 1);
	svshm_free(handle);
	ck_assert(qt_nothing_left(key));
}
END_TEST

/* ---- Deaths ------------------------------------------------------------ */

START_TEST(peer_is_killed_with_the_lock)
{
	const char *key = test_key("killed");
	struct svshm *handle = qt_handle(key);
	struct actor actor;
	struct qt_peer peer;

	qt_peer_start(&peer, _i, key);
	qt_expect(&peer, "create 100", "ok");
	qt_expect(&peer, "fill 5", "ok");
	qt_expect(&peer, "lock", "ok");
	actor_enter(&actor, key);
	actor_block(&actor, act_attach);
	qt_peer_kill(&peer);
	expect_end(&actor, SVSHM_ORPHANED);
	expect_code(handle, svshm_attach(handle, SVSHM_READ_WRITE), 0);
	ck_assert(has_bytes(handle, 100, 5));
	svshm_free(handle);
	actor_exit(&actor);
	ck_assert(qt_nothing_left(key));
}
END_TEST

/* A crash of a Qt program: create() of the next Qt program would fail. */
START_TEST(peer_left_an_orphan)
{
	const char *key = test_key("crash");
	struct svshm *handle = qt_handle(key);
	struct test_object object;
	struct qt_peer peer;

	qt_peer_start(&peer, _i, key);
	qt_expect(&peer, "create 100", "ok");
	qt_peer_kill(&peer);
	ck_assert(test_inspect(key, &object));
	ck_assert_int_eq(object.verdict, SVSHM_VERDICT_ORPHAN);
	expect_code(handle, svshm_create(handle, 50, SVSHM_READ_WRITE),
		    SVSHM_ORPHANED);
	qt_peer_start(&peer, _i, key);
	qt_expect(&peer, "attach rw", "ok");
	qt_expect(&peer, "size", "50");
	qt_peer_kill(&peer);
	svshm_free(handle);
	ck_assert(qt_nothing_left(key));

	qt_peer_start(&peer, _i, key);
	qt_expect(&peer, "create 100", "ok");
	qt_peer_kill(&peer);
	ck_assert_int_eq(recover_object(key, 0, NULL), 0);
	ck_assert(qt_nothing_left(key));
	qt_peer_start(&peer, _i, key);
	qt_expect(&peer, "create 100", "ok");
	ck_assert_int_eq(recover_object(key, 0, NULL), SVSHM_BUSY);
	qt_expect(&peer, "fill 1", "ok");
	qt_peer_leave(&peer);
	ck_assert(qt_nothing_left(key));
}
END_TEST

static int own_and_die(void *context)
{
	struct svshm *handle = qt_make(context, 100);

	memset(svshm_data(handle), 3, 100);
	child_assert(svshm_lock(handle) == 0);
	return 0;
}

START_TEST(peer_takes_over_from_our_dead)
{
	const char *key = test_key("dead");
	struct qt_peer peer;

	ck_assert_int_eq(test_wait(test_fork(own_and_die, (void *)key)), 0);
	qt_peer_start(&peer, _i, key);
	/* Qt 6.6 and later remove an orphan here; older ones join it. */
	if (strcmp(qt_peer_do(&peer, "attach rw"), "ok") == 0) {
		qt_expect(&peer, "filled 3", "yes");
		qt_expect(&peer, "lock", "ok");
		qt_expect(&peer, "unlock", "ok");
		qt_expect(&peer, "detach", "ok");
	}
	qt_expect(&peer, "create 10", "ok");
	qt_peer_leave(&peer);
	ck_assert(qt_nothing_left(key));
}
END_TEST

/* What its create() does to a lock that we own: no hang, and told. */
START_TEST(peer_resets_our_lock)
{
	const char *key = test_key("reset");
	struct svshm *handle = qt_make(key, 64);
	struct qt_peer peer;

	qt_peer_start(&peer, _i, key);
	expect_code(handle, svshm_lock(handle), 0);
	qt_expect(&peer, "create 10", QT_ALREADY_EXISTS);
	expect_code(handle, svshm_unlock(handle), SVSHM_LOCK_ERROR);
	/* Its object owns the set now, and takes it along. */
	expect_code(handle, svshm_lock(handle), 0);
	qt_expect(&peer, "renew", "ok");
	expect_code(handle, svshm_unlock(handle), SVSHM_LOCK_ERROR);
	expect_usable_lock(handle);
	qt_peer_leave(&peer);
	svshm_free(handle);
	ck_assert(qt_nothing_left(key));
}
END_TEST

static Suite *make_suite(void)
{
	Suite *suite = suite_create("The lock with the real QSharedMemory");
	TCase *tcase = tcase_create("peer_lock");

	tcase_set_timeout(tcase, 120);
	qt_peer_add(tcase, peer_and_we_wait_for_each_other);
	qt_peer_add(tcase, peer_no_update_is_lost);
	qt_peer_add(tcase, peer_is_killed_with_the_lock);
	qt_peer_add(tcase, peer_left_an_orphan);
	qt_peer_add(tcase, peer_takes_over_from_our_dead);
	qt_peer_add(tcase, peer_resets_our_lock);
	suite_add_tcase(suite, tcase);
	return suite;
}

int main(void)
{
	return qt_peer_main(make_suite);
}
