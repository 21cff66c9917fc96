/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * P4: two keys whose lock files collide in ftok, by their inodes, have one lock
 * that excludes, wakes and survives: the one key is used by svshm, the other
 * one by the real QSharedMemory, or both are by both.
 */
#include <config.h>

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#ifdef __linux__
#include <sched.h>
#include <sys/mount.h>
#endif

#include "foreign.h"
#include "outside.h"
#include "puppet.h"
#include "qtpeer.h"
#include "qtwire.h"

static const char *ours, *theirs; /* keys */

/*
 * A file system whose inodes have numbers in a row, for this test and its
 * children, if it may mount one.
 */
static void use_memory(void)
{
#if defined(__linux__) && defined(CLONE_NEWNS)
	if (geteuid() == 0 && unshare(CLONE_NEWNS) == 0 &&
	    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
	    mount("tmpfs", test_scratch("qt"), "tmpfs", 0, NULL) < 0)
		perror("mount");
#endif
}

/* False: no two files collide, and it says so. */
static bool make_keys(void)
{
	char *lock, *other;
	bool made;

	use_memory();
	ours = test_key("ours");
	theirs = test_key("theirs");
	lock = qt_lock_path(ours);
	other = qt_lock_path(theirs);
	made = make_colliding_files(lock, other);
	free(lock);
	free(other);
	return made;
}

START_TEST(peer_of_another_key_shares_our_lock)
{
	struct svshm *handle;
	struct qt_peer peer;

	if (!make_keys())
		return;
	handle = qt_make(ours, 64);
	qt_peer_start(&peer, _i, theirs);
	qt_expect(&peer, "create 10", "ok");
	qt_expect(&peer, "fill 7", "ok");
	ck_assert_int_ge(qt_set_of(ours), 0);
	ck_assert_int_eq(qt_set_of(ours), qt_set_of(theirs));
	ck_assert(has_bytes(handle, 64, 0));

	qt_expect(&peer, "lock", "ok");
	expect_code(handle, svshm_trylock(handle), SVSHM_BUSY);
	qt_expect(&peer, "unlock", "ok");
	expect_code(handle, svshm_lock(handle), 0);
	qt_peer_block(&peer, "lock");
	expect_code(handle, svshm_unlock(handle), 0);
	qt_expect_end(&peer, "ok");
	expect_code(handle, svshm_timedlock(handle, 1), SVSHM_TIMED_OUT);
	qt_expect(&peer, "unlock", "ok");

	/* It has called create(), so it takes the set along. */
	qt_expect(&peer, "renew", "ok");
	ck_assert(qt_nothing_left(theirs));
	expect_usable_lock(handle);
	ck_assert_int_eq(wire_value(ours), 1);
	qt_peer_leave(&peer);
	svshm_free(handle);
	ck_assert(qt_nothing_left(ours));
}
END_TEST

START_TEST(peer_of_another_key_dies_with_the_lock)
{
	struct svshm *handle;
	struct actor actor;
	struct qt_peer peer;

	if (!make_keys())
		return;
	handle = qt_make(ours, 64);
	actor_attach(&actor, ours);
	qt_peer_start(&peer, _i, theirs);
	qt_expect(&peer, "create 10", "ok");
	qt_expect(&peer, "lock", "ok");
	actor_block(&actor, svshm_lock);
	qt_peer_kill(&peer);
	expect_end(&actor, SVSHM_OK);
	expect_code(handle, svshm_trylock(handle), SVSHM_BUSY);
	expect_act(&actor, svshm_unlock, SVSHM_OK);
	ck_assert_int_eq(recover_object(theirs, 0, NULL), 0);
	ck_assert(qt_nothing_left(theirs));
	expect_usable_lock(handle);
	actor_exit(&actor);
	svshm_free(handle);
	ck_assert(qt_nothing_left(ours));
}
END_TEST

static int own_and_die(void *context)
{
	struct svshm *handle = qt_handle(context);

	child_assert(svshm_attach(handle, SVSHM_READ_WRITE) == 0);
	child_assert(svshm_lock(handle) == 0);
	return 0;
}

/* We die, and then leave, while it waits for the lock that it has not made. */
START_TEST(peer_of_another_key_outlives_our_lock)
{
	struct svshm *handle;
	struct actor other;
	struct qt_peer peer;

	if (!make_keys())
		return;
	actor_enter(&other, theirs);
	handle = qt_make(ours, 64);
	expect_act(&other, act_create, SVSHM_OK);
	qt_peer_start(&peer, _i, theirs);
	qt_expect(&peer, "attach rw", "ok");
	ck_assert_int_eq(test_wait(test_fork(own_and_die, (void *)ours)), 0);
	qt_expect(&peer, "lock", "ok");
	qt_expect(&peer, "unlock", "ok");

	expect_code(handle, svshm_lock(handle), 0);
	qt_peer_block(&peer, "lock");
	expect_code(handle, svshm_detach(handle), 0);
	ck_assert(qt_nothing_left(ours));
	qt_expect_end(&peer, "ok");
	expect_act(&other, svshm_trylock, SVSHM_BUSY);
	actor_block(&other, svshm_lock);
	qt_expect(&peer, "unlock", "ok");
	expect_end(&other, SVSHM_OK);
	qt_peer_block(&peer, "lock");
	expect_act(&other, svshm_unlock, SVSHM_OK);
	qt_expect_end(&peer, "ok");
	qt_expect(&peer, "unlock", "ok");
	ck_assert_int_eq(wire_value(theirs), 1);
	qt_peer_leave(&peer);
	expect_act(&other, svshm_detach, SVSHM_OK);
	actor_exit(&other);
	svshm_free(handle);
	ck_assert(qt_nothing_left(theirs));
}
END_TEST

/* It leaves while we wait, and takes the set along. */
START_TEST(peer_of_another_key_leaves_under_waiters)
{
	struct svshm *handle;
	struct actor actor;
	struct qt_peer peer;

	if (!make_keys())
		return;
	handle = qt_make(ours, 64);
	actor_attach(&actor, ours);
	qt_peer_start(&peer, _i, theirs);
	qt_expect(&peer, "create 10", "ok");
	qt_expect(&peer, "detach", "ok");
	expect_code(handle, svshm_lock(handle), 0);
	actor_block(&actor, svshm_lock);
	/* Not attached, its end does not wait for the lock. */
	qt_expect(&peer, "renew", "ok");
	expect_end(&actor, SVSHM_OK);
	expect_code(handle, svshm_unlock(handle), SVSHM_LOCK_ERROR);
	expect_code(handle, svshm_trylock(handle), SVSHM_BUSY);
	expect_act(&actor, svshm_unlock, SVSHM_OK);
	expect_usable_lock(handle);
	qt_peer_leave(&peer);
	actor_exit(&actor);
	svshm_free(handle);
	ck_assert(qt_nothing_left(ours));
	ck_assert(qt_nothing_left(theirs));
}
END_TEST

#define PAIRS 2000

static volatile long *common; /* by ours only: both keys have one lock */

static int add(void *context)
{
	struct svshm *handle = qt_handle(context);

	child_assert(svshm_attach(handle, SVSHM_READ_WRITE) == 0);
	count_under_lock(handle, PAIRS, common);
	return 0;
}

START_TEST(peers_of_both_keys_lose_no_update)
{
	struct svshm *handles[2];
	struct qt_peer peers[2];
	pid_t children[2];
	char order[32];

	if (!make_keys())
		return;
	common = test_shared(sizeof(long));
	snprintf(order, sizeof(order), "add %d", PAIRS);
	for (int i = 0; i < 2; i++) {
		const char *key = i ? theirs : ours;

		handles[i] = qt_make(key, sizeof(long));
		qt_peer_start(&peers[i], (_i + i) % qt_program_count, key);
		qt_expect(&peers[i], "attach rw", "ok");
	}
	for (int i = 0; i < 2; i++) {
		qt_peer_begin(&peers[i], order);
		children[i] = test_fork(add, (void *)(i ? theirs : ours));
	}
	for (int i = 0; i < 2; i++) {
		qt_expect_end(&peers[i], "ok");
		ck_assert_int_eq(test_wait(children[i]), 0);
		qt_peer_leave(&peers[i]);
	}
	for (int i = 0; i < 2; i++)
		ck_assert_int_eq(*(long *)svshm_data(handles[i]), 2 * PAIRS);
	ck_assert_int_eq(*common, 2 * PAIRS);
	ck_assert_int_eq(wire_value(ours), 1);
	for (int i = 0; i < 2; i++)
		svshm_free(handles[i]);
	ck_assert(qt_nothing_left(ours));
	ck_assert(qt_nothing_left(theirs));
}
END_TEST

static Suite *make_suite(void)
{
	Suite *suite = suite_create("QSharedMemory with another key");
	TCase *tcase = tcase_create("peer");

	tcase_set_timeout(tcase, 120);
	qt_peer_add(tcase, peer_of_another_key_shares_our_lock);
	qt_peer_add(tcase, peer_of_another_key_dies_with_the_lock);
	qt_peer_add(tcase, peer_of_another_key_outlives_our_lock);
	qt_peer_add(tcase, peer_of_another_key_leaves_under_waiters);
	qt_peer_add(tcase, peers_of_both_keys_lose_no_update);
	suite_add_tcase(suite, tcase);
	return suite;
}

int main(void)
{
	return qt_peer_main(make_suite);
}
