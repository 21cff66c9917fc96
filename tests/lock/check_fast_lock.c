/* SPDX-License-Identifier: BSD-2-Clause */
/* P4: the fast lock in the situations that it is made for. Its protocol, with
   the names of the steps, stands at the head of lib/lock/fast.c. */
#include <config.h>

#include <signal.h>
#include <stdio.h>
#include <sys/sem.h>
#include <time.h>

#include "actor.h"
#include "forge.h"
#include "ids.h"
#include "lock/lock.h"
#include "outside.h"
#include "puppet.h"

#define SIZE 100

static int act_timedlock(struct svshm *handle)
{
	return svshm_timedlock(handle, 300);
}

static uint32_t *word_of(struct svshm *handle)
{
	return &header_of(handle)->lock_word;
}

static int tokens(const char *key)
{
	return semctl(set_of(key), SVSHM__SEM_LOCK, GETVAL);
}

static void start_attached(struct puppet *puppet, const char *key)
{
	puppet_start(puppet, key);
	puppet_expect(puppet, act_attach, SVSHM_OK);
}

/* ---- What the word may say ---------------------------------------------- */

START_TEST(lock_word_that_names_nobody_there_can_be)
{
	const char *key = test_key("nobody");
	struct svshm *mine = make_object(key, SIZE);
	static const uint32_t words[] = {
		SVSHM__LOCK_SLOT_MASK, 0x7ffff001u & ~0xfffu,
		0xffffffffu, 0x80000800u
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++) {
		*word_of(mine) = words[i];
		expect_code(mine, svshm_lock(mine), SVSHM_CORRUPT);
		expect_says(svshm_error_string(mine), "remove --force");
		expect_code(mine, svshm_trylock(mine), SVSHM_CORRUPT);
		expect_code(mine, svshm_timedlock(mine, 1), SVSHM_CORRUPT);
		expect_code(mine, svshm_unlock(mine), SVSHM_NOT_OWNER);
	}
	*word_of(mine) = 0;
	svshm_free(mine);
	ck_assert(test_nothing_left(key));
}
END_TEST

START_TEST(lock_word_of_a_free_slot_is_a_dead_owner)
{
	static actor_act *const acts[] = { svshm_lock, svshm_trylock,
					   act_timedlock };
	const char *key = test_key("free-slot");
	struct svshm *mine = make_object(key, SIZE);

	for (size_t i = 0; i < 3; i++) {
		/* A slot that nobody holds; ours, by an earlier registration. */
		*word_of(mine) = i == 1 ? svshm__lock_mark(0, 77) :
					  svshm__lock_mark(5, 77);
		expect_code(mine, acts[i](mine), SVSHM_OWNER_DIED);
		expect_code(mine, svshm_make_consistent(mine), SVSHM_OK);
		expect_code(mine, svshm_unlock(mine), SVSHM_OK);
		expect_usable_lock(mine);
	}
	/* That somebody waits is no owner. */
	static const uint32_t waiters[] = {
		SVSHM__LOCK_SLEEPERS, SVSHM__LOCK_SPINNER,
		SVSHM__LOCK_SLEEPERS | SVSHM__LOCK_SPINNER
	};

	for (size_t i = 0; i < sizeof(waiters) / sizeof(*waiters); i++) {
		*word_of(mine) = waiters[i];
		expect_usable_lock(mine);
		ck_assert_uint_eq(*word_of(mine), 0);
	}
	svshm_free(mine);
	ck_assert(test_nothing_left(key));
}
END_TEST

START_TEST(lock_word_that_was_taken_is_told)
{
	const char *key = test_key("taken");
	struct svshm *mine = make_object(key, SIZE);

	expect_code(mine, svshm_lock(mine), SVSHM_OK);
	*word_of(mine) = svshm__lock_mark(3, 9);
	expect_code(mine, svshm_unlock(mine), SVSHM_LOCK_ERROR);
	ck_assert_uint_eq(*word_of(mine), svshm__lock_mark(3, 9));
	expect_code(mine, svshm_unlock(mine), SVSHM_NOT_OWNER);
	*word_of(mine) = 0;
	svshm_free(mine);
	ck_assert(test_nothing_left(key));
}
END_TEST

/* ---- Slots that are used again ------------------------------------------ */

START_TEST(lock_tells_of_a_death_after_the_slot_is_reused)
{
	const char *key = test_key("hidden");
	struct svshm *mine = make_object(key, SIZE);
	struct actor owner, next;

	actor_own(&owner, key);
	uint32_t dead = *word_of(mine);

	actor_kill(&owner);
	actor_attach(&next, key);
	/* The first free slot is the dead one's. */
	expect_act(&next, svshm_trylock, SVSHM_OWNER_DIED);
	ck_assert_uint_eq(*word_of(mine) & SVSHM__LOCK_SLOT_MASK,
			  dead & SVSHM__LOCK_SLOT_MASK);
	ck_assert_uint_ne(*word_of(mine), dead);
	expect_act(&next, svshm_make_consistent, SVSHM_OK);
	expect_handover(&next, mine);
	actor_kill(&next);
	svshm_free(mine);
	ck_assert(test_nothing_left(key));
}
END_TEST

START_TEST(lock_is_taken_late_from_the_dead_only)
{
	const char *key = test_key("late");
	struct svshm *mine = make_object(key, SIZE);
	struct puppet late;
	struct actor owner, next;

	/* F4: it knows that the owner is dead, and stands before the exchange. */
	start_attached(&late, key);
	actor_own(&owner, key);
	actor_kill(&owner);
	puppet_arm(&late, "lock:owner asked", SIGSTOP);
	puppet_begin(&late, svshm_lock);
	ck_assert_int_eq(puppet_end(&late), PUPPET_STOPPED);
	/* Meanwhile somebody gets slot and lock. */
	actor_attach(&next, key);
	expect_act(&next, svshm_lock, SVSHM_OWNER_DIED);
	expect_act(&next, svshm_make_consistent, SVSHM_OK);
	puppet_continue(&late);
	ck_assert_int_eq(puppet_end_or_block(&late), PUPPET_BLOCKED);
	expect_act(&next, svshm_unlock, SVSHM_OK);
	ck_assert_int_eq(puppet_end(&late), SVSHM_OK);
	puppet_expect(&late, svshm_unlock, SVSHM_OK);
	puppet_leave(&late);
	actor_kill(&next);
	svshm_free(mine);
	ck_assert(test_nothing_left(key));
}
END_TEST

/* ---- Sleepers ----------------------------------------------------------- */

/* Between the word and the token, and between the token and the word. */
START_TEST(lock_wakes_when_who_should_wake_dies)
{
	const char *key = test_key("waker");
	struct svshm *mine = make_object(key, SIZE);
	struct puppet first;
	struct actor sleeper;
	bool waker = _i == 0;

	start_attached(&first, key);
	actor_attach(&sleeper, key);
	if (waker) {
		puppet_expect(&first, svshm_lock, SVSHM_OK);
		puppet_arm(&first, "unlock:given", SIGKILL);
	} else {
		expect_code(mine, svshm_lock(mine), SVSHM_OK);
		puppet_arm(&first, "lock:woken", SIGKILL);
		puppet_begin(&first, svshm_lock);
		ck_assert_int_eq(puppet_end_or_block(&first), PUPPET_BLOCKED);
	}
	actor_block(&sleeper, svshm_lock);
	if (waker)
		puppet_begin(&first, svshm_unlock);
	else
		expect_code(mine, svshm_unlock(mine), SVSHM_OK);
	ck_assert_int_eq(puppet_end(&first), PUPPET_DIED);
	expect_end(&sleeper, SVSHM_OK);
	expect_handover(&sleeper, mine);
	actor_kill(&sleeper);
	svshm_free(mine);
	ck_assert(test_nothing_left(key));
}
END_TEST

/* F3: the word says that somebody may be asleep, and nobody is. */
START_TEST(lock_is_given_to_nobody_asleep)
{
	const char *key = test_key("asleep");
	struct svshm *mine = make_object(key, SIZE);
	struct puppet first;
	struct actor next;

	start_attached(&first, key);
	actor_attach(&next, key);
	expect_code(mine, svshm_lock(mine), SVSHM_OK);
	puppet_arm(&first, "lock:sleepers set", SIGKILL);
	puppet_expect(&first, svshm_lock, PUPPET_DIED);
	expect_code(mine, svshm_unlock(mine), SVSHM_OK);
	expect_act(&next, svshm_lock, SVSHM_OK);
	expect_handover(&next, mine);
	actor_kill(&next);
	svshm_free(mine);
	ck_assert(test_nothing_left(key));
}
END_TEST

START_TEST(lock_token_is_passed_on_by_who_gives_up)
{
	const char *key = test_key("pass");
	struct svshm *mine = make_object(key, SIZE);
	struct puppet hasty;
	struct actor sleeper;

#ifndef HAVE_SEMTIMEDOP
	/* Who tries again and again gets no token while somebody sleeps. */
	svshm_free(mine);
	if (test_skip("no semtimedop() here"))
		return;
#endif
	start_attached(&hasty, key);
	actor_attach(&sleeper, key);
	expect_code(mine, svshm_lock(mine), SVSHM_OK);
	puppet_arm(&hasty, "lock:woken", SIGSTOP);
	puppet_begin(&hasty, act_timedlock);
	ck_assert_int_eq(puppet_end_or_block(&hasty), PUPPET_BLOCKED);
	actor_block(&sleeper, svshm_lock);
	/* Woken; somebody else is faster; its time is up as it looks. */
	expect_code(mine, svshm_unlock(mine), SVSHM_OK);
	ck_assert_int_eq(puppet_end(&hasty), PUPPET_STOPPED);
	expect_code(mine, svshm_lock(mine), SVSHM_OK);
	test_await_blocked(sleeper.pid);
	nanosleep(&(struct timespec){ 0, 320000000 }, NULL); /* its time-out */
	puppet_continue(&hasty);
	ck_assert_int_eq(puppet_end(&hasty), SVSHM_TIMED_OUT);
	expect_code(mine, svshm_unlock(mine), SVSHM_OK);
	expect_end(&sleeper, SVSHM_OK);
	expect_handover(&sleeper, mine);
	puppet_leave(&hasty);
	actor_kill(&sleeper);
	svshm_free(mine);
	ck_assert(test_nothing_left(key));
}
END_TEST

START_TEST(lock_tokens_do_not_pile_up)
{
	const char *key = test_key("tokens");
	struct svshm *mine;
	struct actor sleeper, dying, guest;
	struct sembuf fill = { SVSHM__SEM_LOCK, 0, IPC_NOWAIT };
	int set;

	actor_enter(&guest, key); /* inherits nothing */
	mine = make_object(key, SIZE);
	set = set_of(key);

	/* Each contended unlock posts one, and each sleeper takes one. */
	actor_attach(&sleeper, key);
	for (int i = 0; i < 20; i++) {
		expect_code(mine, svshm_lock(mine), SVSHM_OK);
		actor_block(&sleeper, svshm_lock);
		expect_code(mine, svshm_unlock(mine), SVSHM_OK);
		expect_end(&sleeper, SVSHM_OK);
		expect_act(&sleeper, svshm_unlock, SVSHM_OK);
		ck_assert_int_le(tokens(key), 1);
	}
	/* Each death nobody waited for leaves one. */
	for (int i = 0; i < 3; i++) {
		actor_attach(&dying, key);
		actor_kill(&dying);
	}
	ck_assert_int_le(tokens(key), 4);
	/* A full semaphore keeps nobody out, nor in. */
	fill.sem_op = (short)(32767 - tokens(key));
	ck_assert_int_eq(semop(set, &fill, 1), 0);
	expect_act(&guest, act_attach, SVSHM_OK);
	ck_assert_int_le(tokens(key), 2);
	fill.sem_op = (short)(32767 - tokens(key));
	ck_assert_int_eq(semop(set, &fill, 1), 0);
	expect_act(&guest, svshm_detach, SVSHM_OK);
	ck_assert_int_le(tokens(key), 2);
	actor_kill(&guest);
	expect_code(mine, svshm_lock(mine), SVSHM_OK);
	actor_block(&sleeper, svshm_lock);
	expect_code(mine, svshm_unlock(mine), SVSHM_OK);
	expect_end(&sleeper, SVSHM_OK);
	actor_kill(&sleeper);
	svshm_free(mine);
	ck_assert(test_nothing_left(key));
}
END_TEST

/* ---- Removed under its users -------------------------------------------- */

START_TEST(lock_notices_a_forced_removal_at_once)
{
	const char *key = test_key("forced");
	struct svshm *mine = make_object(key, SIZE);

	for (int i = 0; i < 100; i++) {
		expect_usable_lock(mine);
	}
	expect_code(mine, svshm_lock(mine), SVSHM_OK);
	ck_assert_int_eq(recover_object(key, SVSHM_RECOVER_FORCE, NULL),
			 SVSHM_OK);
	expect_code(mine, svshm_unlock(mine), SVSHM_REMOVED);
	expect_code(mine, svshm_lock(mine), SVSHM_REMOVED);
	expect_says(svshm_error_string(mine), "remove");
	expect_code(mine, svshm_unlock(mine), SVSHM_NOT_OWNER);
	expect_code(mine, svshm_detach(mine), SVSHM_REMOVED);
	svshm_free(mine);
	ck_assert(test_nothing_left(key));
}
END_TEST

/* ---- Which engine ------------------------------------------------------- */

START_TEST(lock_engine_is_the_makers_choice)
{
	const char *key = test_key("engine");
	struct svshm *mine = svshm_new(key), *other = svshm_new(key);

	for (unsigned engine = SVSHM__LOCK_PORTABLE; engine <= SVSHM__LOCK_FAST;
	     engine++) {
		svshm__lock_engine_of_new = engine;
		expect_code(mine, act_create(mine), SVSHM_OK);
		/* Whoever attaches obeys the header. */
		svshm__lock_engine_of_new =
			SVSHM__LOCK_PORTABLE + SVSHM__LOCK_FAST - engine;
		ck_assert_uint_eq(header_of(mine)->lock_engine, engine);
		expect_code(other, act_attach_read_only(other), SVSHM_OK);
		expect_code(other, svshm_lock(other), SVSHM_OK);
		ck_assert_int_eq(semctl(set_of(key), SVSHM__SEM_LOCK, GETVAL),
				 engine == SVSHM__LOCK_PORTABLE);
		expect_code(other, svshm_unlock(other), SVSHM_OK);
		expect_code(other, svshm_detach(other), SVSHM_OK);
		expect_code(mine, svshm_detach(mine), SVSHM_OK);
	}
	svshm_free(other);
	svshm_free(mine);
	ck_assert(test_nothing_left(key));
}
END_TEST

static Suite *make_suite(void)
{
	Suite *suite = suite_create("The fast lock");
	TCase *tcase = tcase_create("fast");

	tcase_add_test(tcase, lock_word_that_names_nobody_there_can_be);
	tcase_add_test(tcase, lock_word_of_a_free_slot_is_a_dead_owner);
	tcase_add_test(tcase, lock_word_that_was_taken_is_told);
	tcase_add_test(tcase, lock_tells_of_a_death_after_the_slot_is_reused);
	tcase_add_test(tcase, lock_is_taken_late_from_the_dead_only);
	tcase_add_loop_test(tcase, lock_wakes_when_who_should_wake_dies, 0, 2);
	tcase_add_test(tcase, lock_is_given_to_nobody_asleep);
	tcase_add_test(tcase, lock_token_is_passed_on_by_who_gives_up);
	tcase_add_test(tcase, lock_tokens_do_not_pile_up);
	tcase_add_test(tcase, lock_notices_a_forced_removal_at_once);
	tcase_add_test(tcase, lock_engine_is_the_makers_choice);
	tcase_set_timeout(tcase, 120);
	suite_add_tcase(suite, tcase);
	return suite;
}

int main(void)
{
#ifndef FAST_LOCK
	(void)make_suite;
	puts("SKIP: built without the fast lock");
	return 77;
#else
	return test_main(make_suite);
#endif
}
