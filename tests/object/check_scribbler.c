/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * P6: a peer of another user, who may write to the object, scribbles over all
 * of it as fast as he can, or takes the lock and sleeps. Nobody else crashes or
 * hangs; each answer is of the closed list; the owner gets rid of it all.
 */
#include <config.h>

#include <signal.h>
#include <string.h>
#include <sys/shm.h>

#include "outside.h"

#define ROUNDS 200

static int create_for_friends(struct svshm *handle)
{
	svshm_set_group(handle, FRIENDS);
	svshm_set_mode(handle, 0660);
	return act_create(handle);
}

struct scribbler {
	const char *key;
	struct test_event begun;
};

/* Header, slot table and data. The magic stays most of the time, or nobody
   would look at the rest. */
static int scribble_for_ever(void *context)
{
	struct scribbler *self = context;
	struct test_object object;
	volatile unsigned char *bytes;
	unsigned seed = 1;

	become(BOB);
	child_assert(test_inspect(self->key, &object));
	bytes = shmat(object.segment_id, NULL, 0);
	child_assert((const void *)bytes != (void *)-1);
	test_event_post(&self->begun);
	for (;;) {
		seed = seed * 1103515245 + 12345;
		bytes[4 + (seed >> 8) % 8000] = (unsigned char)(seed >> 24);
	}
	return 0;
}

static int act_use(struct svshm *handle)
{
	int code = act_attach(handle);

	if (code < 0)
		return code;
	svshm_timedlock(handle, 10);
	svshm_unlock(handle);
	return svshm_detach(handle);
}

static bool in_closed_list(int code)
{
	return code >= SVSHM_NOT_SUPPORTED && code <= SVSHM_ORPHANED;
}

START_TEST(scribbling_peer_crashes_and_hangs_nobody)
{
	if (test_skip_without_root())
		return;
	use_key_directory("shared", 0, 01777);

	struct scribbler self = { .key = test_key("scribbler") };
	struct svshm *handle = svshm_new(self.key);
	struct actor alice, user;
	int code;

	actor_enter_as(&alice, ALICE, self.key);
	actor_enter_as(&user, ALICE, self.key);
	expect_act(&alice, create_for_friends, SVSHM_OK);
	test_event_open(&self.begun);

	pid_t bob = test_fork(scribble_for_ever, &self);

	test_event_await(&self.begun);
	for (int i = 0; i < ROUNDS; i++) {
		code = actor_do(&user, act_use);
		ck_assert_msg(in_closed_list(code), "%d", code);
		code = svshm_inspect(handle, visit_nothing, NULL);
		ck_assert_msg(in_closed_list(code), "%d", code);
		code = svshm_scan(0, visit_nothing, NULL);
		ck_assert_int_eq(code, SVSHM_OK);
	}
	code = actor_do(&alice, svshm_trylock);
	ck_assert(in_closed_list(code));
	test_kill(bob);
	code = actor_do(&alice, svshm_detach);
	ck_assert(in_closed_list(code));
	actor_exit(&user);
	actor_exit(&alice);
	/* Whatever it looks like now, force removes it. */
	recover_object(self.key, SVSHM_RECOVER_FORCE, NULL);
	expect_code(handle, act_create(handle), SVSHM_OK);
	expect_code(handle, svshm_detach(handle), SVSHM_OK);
	svshm_free(handle);
	test_event_close(&self.begun);
	ck_assert(test_nothing_left(self.key));
}
END_TEST

static int act_timedlock_a_little(struct svshm *handle)
{
	return svshm_timedlock(handle, 20);
}

START_TEST(peer_who_sleeps_with_the_lock_stops_no_look)
{
	if (test_skip_without_root())
		return;
	use_key_directory("shared", 0, 01777);

	const char *key = test_key("sleeper");
	struct svshm_recovery recovery = { .flags = 0 };
	struct test_object object;
	struct actor alice, bob;

	actor_enter_as(&alice, ALICE, key);
	actor_enter_as(&bob, BOB, key);
	expect_act(&alice, create_for_friends, SVSHM_OK);
	expect_act(&bob, act_attach, SVSHM_OK);
	expect_act(&bob, svshm_lock, SVSHM_OK);
	ck_assert_int_eq(kill(bob.pid, SIGSTOP), 0);
	expect_act(&alice, act_timedlock_a_little, SVSHM_TIMED_OUT);
	expect_act(&alice, svshm_trylock, SVSHM_BUSY);
	ck_assert(test_inspect(key, &object));
	ck_assert(object.locked);
	ck_assert_uint_eq(object.alive, 2);
	ck_assert_int_eq(recover_object(key, 0, &recovery), SVSHM_BUSY);
	ck_assert_int_eq(recovery.verdict, SVSHM_VERDICT_IN_USE);
	/* He dies in his sleep. */
	actor_kill(&bob);
	expect_act(&alice, svshm_lock, SVSHM_OWNER_DIED);
	expect_act(&alice, svshm_make_consistent, SVSHM_OK);
	expect_act(&alice, svshm_unlock, SVSHM_OK);
	expect_act(&alice, svshm_detach, SVSHM_OK);
	actor_exit(&alice);
	ck_assert(test_nothing_left(key));
}
END_TEST

static Suite *make_suite(void)
{
	Suite *suite = suite_create("a peer who scribbles");
	TCase *peers = tcase_create("peers");

	tcase_add_test(peers, scribbling_peer_crashes_and_hangs_nobody);
	tcase_add_test(peers, peer_who_sleeps_with_the_lock_stops_no_look);
	tcase_set_timeout(peers, 120);
	suite_add_tcase(suite, peers);
	return suite;
}

int main(void)
{
	return test_main(make_suite);
}
