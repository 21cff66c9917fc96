/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * P3: a lock of the Qt layout whose maker died before it was complete blocks
 * nobody, and lets one in at a time. A QSharedMemory would wait for it for
 * ever.
 */
#include <config.h>

#include <signal.h>
#include <stdlib.h>
#include <sys/ipc.h>
#include <sys/sem.h>

#include "kernel/process.h"
#include "outside.h"
#include "puppet.h"
#include "qtwire.h"

/* A set as it is between semget and SETVAL; its id. */
static int make_unused_set(const char *key)
{
	char *path = qt_lock_path(key);
	int id;

	qt_make_lock_file(key);
	id = semget(ftok(path, 'Q'), 1, IPC_CREAT | IPC_EXCL | 0600);
	ck_assert_int_ge(id, 0);
	free(path);
	return id;
}

START_TEST(qt_a_dead_maker_of_a_lock_blocks_nobody)
{
	const char *key = test_key("unmade");
	struct actor actors[2];

	make_unused_set(key);
	for (int i = 0; i < 2; i++)
		actor_enter(&actors[i], key);
	actor_begin(&actors[0], act_create);
	/* A QSharedMemory would wait here for ever. */
	expect_end(&actors[0], SVSHM_OK);
	ck_assert_int_eq(wire_value(key), 1);
	expect_act(&actors[1], act_attach, SVSHM_OK);
	expect_act(&actors[1], svshm_lock, SVSHM_OK);
	expect_act(&actors[0], svshm_trylock, SVSHM_BUSY);
	for (int i = 0; i < 2; i++)
		actor_exit(&actors[i]);
	ck_assert(qt_nothing_left(key));
}
END_TEST

/* Many wait for a dead maker: they come in one after the other. */
START_TEST(qt_a_dead_maker_lets_one_in_at_a_time)
{
	const char *key = test_key("many");
	struct actor actors[4];
	int created = 0;

	make_unused_set(key);
	for (int i = 0; i < 4; i++) {
		actor_enter(&actors[i], key);
		actor_begin(&actors[i], act_create);
	}
	for (int i = 0; i < 4; i++) {
		int code = actor_end(&actors[i]);

		ck_assert(code == 0 || code == SVSHM_ALREADY_EXISTS);
		created += code == 0;
	}
	ck_assert_int_eq(created, 1);
	ck_assert_int_eq(wire_value(key), 1);
	for (int i = 0; i < 4; i++)
		actor_exit(&actors[i]);
	ck_assert(qt_nothing_left(key));
}
END_TEST

static int act_stop_at_dead_maker(struct svshm *handle)
{
	test_crash_at("qt:maker died", SIGSTOP, 1);
	return act_create(handle);
}

/* Two have seen that the maker is dead. What the first one makes of the lock,
   the second one leaves alone. */
START_TEST(qt_a_dead_makers_lock_is_replaced_once)
{
	const char *key = test_key("replaced");
	struct actor first, second;

	make_unused_set(key);
	actor_enter(&first, key);
	actor_enter(&second, key);
	actor_begin(&second, act_stop_at_dead_maker);
	test_await_stopped(second.pid);
	expect_act(&first, act_create, SVSHM_OK);
	expect_act(&first, svshm_lock, SVSHM_OK);
	kill(second.pid, SIGCONT);
	test_await_blocked(second.pid);
	ck_assert_int_eq(wire_value(key), 0);
	expect_act(&first, svshm_unlock, SVSHM_OK);
	expect_end(&second, SVSHM_ALREADY_EXISTS);
	ck_assert_int_eq(wire_value(key), 1);
	actor_exit(&first);
	actor_exit(&second);
	ck_assert(qt_nothing_left(key));
}
END_TEST

/* Who would replace it can die as well, before and after. */
START_TEST(qt_who_replaces_a_dead_makers_lock_may_die)
{
	const char *points[] = { "qt:maker died", "qt:set made", "qt:locked" };
	const char *key = test_key("relay");
	struct svshm *handle = qt_handle(key);

	make_unused_set(key);
	for (int i = 0; i < 3; i++)
		ck_assert_msg(qt_die_at(points[i], key) == 256 + SIGKILL,
			      "at \"%s\"", points[i]);
	expect_code(handle, act_create(handle), SVSHM_OK);
	ck_assert_int_eq(wire_value(key), 1);
	svshm_free(handle);
	ck_assert(qt_nothing_left(key));
}
END_TEST

static int wait_as_qt_does(void *id)
{
	struct sembuf take = { 0, -1, SEM_UNDO };

	return semop(*(int *)id, &take, 1) == 0;
}

/* Who is killed while he waits for a dead maker has not used the lock: not a
   svshm program, and, as far as that can be known, not one of Qt. */
START_TEST(qt_who_waits_for_a_dead_maker_may_die)
{
	const char *key = test_key("in-vain");
	struct svshm *handle = qt_handle(key);
	struct actor actor;
	int id = make_unused_set(key);

	actor_enter(&actor, key);
	actor_block(&actor, act_create);
	actor_kill(&actor);
	if (svshm__process_sees_all()) {
		pid_t pid = test_fork(wait_as_qt_does, &id);

		test_await_blocked(pid);
		kill(pid, SIGKILL);
		ck_assert_int_ne(test_wait(pid), 0);
	}
	expect_code(handle, act_create(handle), SVSHM_OK);
	ck_assert_int_eq(wire_value(key), 1);
	svshm_free(handle);
	ck_assert(qt_nothing_left(key));
}
END_TEST

START_TEST(qt_a_dead_makers_lock_is_recovered_by_force)
{
	const char *key = test_key("forced");
	struct svshm_recovery look = { .flags = SVSHM_RECOVER_FORCE |
						SVSHM_RECOVER_DRY_RUN };

	make_unused_set(key);
	ck_assert_int_eq(recover_object(key, 0, &look), SVSHM_OK);
	ck_assert(!qt_nothing_left(key));
	ck_assert_int_eq(recover_object(key, SVSHM_RECOVER_FORCE, NULL),
			 SVSHM_OK);
	ck_assert(qt_nothing_left(key));
}
END_TEST

START_TEST(qt_a_slow_maker_of_a_lock_is_waited_for)
{
	const char *key = test_key("slow");
	struct sembuf give = { 0, +1, 0 };
	struct actor actor;
	int id = make_unused_set(key);

	actor_enter(&actor, key);
	actor_block(&actor, act_create);
	/* The maker comes to it, and owns the lock before the other one can:
	   both in one step here, as SETVAL would wake the other one up. */
	struct sembuf make[] = { { 0, +1, 0 }, { 0, -1, 0 } };

	ck_assert_int_eq(semop(id, make, 2), 0);
	test_await_blocked(actor.pid);
	ck_assert_int_eq(semctl(id, 0, GETVAL), 0);
	ck_assert_int_eq(semop(id, &give, 1), 0);
	expect_end(&actor, SVSHM_OK);
	actor_exit(&actor);
	ck_assert(qt_nothing_left(key));
}
END_TEST

static Suite *make_suite(void)
{
	Suite *suite = suite_create("A lock of the Qt layout whose maker died");
	TCase *tcase = tcase_create("dead_maker");

	tcase_set_timeout(tcase, 60);
	tcase_add_test(tcase, qt_a_dead_maker_of_a_lock_blocks_nobody);
	tcase_add_test(tcase, qt_a_dead_maker_lets_one_in_at_a_time);
	tcase_add_test(tcase, qt_a_dead_makers_lock_is_replaced_once);
	tcase_add_test(tcase, qt_who_replaces_a_dead_makers_lock_may_die);
	tcase_add_test(tcase, qt_who_waits_for_a_dead_maker_may_die);
	tcase_add_test(tcase, qt_a_dead_makers_lock_is_recovered_by_force);
	tcase_add_test(tcase, qt_a_slow_maker_of_a_lock_is_waited_for);
	suite_add_tcase(suite, tcase);
	return suite;
}

int main(void)
{
	return qt_main(make_suite);
}
