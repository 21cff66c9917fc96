/* SPDX-License-Identifier: BSD-2-Clause */
/* The lock of the Qt layout, and what Qt's programs do to it. */
#include <config.h>

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/sem.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "outside.h"
#include "kernel/process.h"
#include "puppet.h"
#include "qtwire.h"

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

/* ---- Owners ------------------------------------------------------------ */

START_TEST(qt_lock_excludes_both_kinds)
{
	if (system_attaches_once() &&
	    test_skip("a second program's part cannot be played here"))
		return;

	const char *key = test_key("excludes");
	struct svshm *handle = qt_make(key, 8);
	struct actor actor;
	struct wire wire;

	wire_begin(&wire, key);
	ck_assert(wire_attach(&wire));
	qt_actor_attach(&actor, key);
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

	qt_actor_own(&owner, key);
	start = now_ms();
	expect_code(handle, svshm_timedlock(handle, 50), SVSHM_TIMED_OUT);
	ck_assert_int_ge(now_ms() - start, 50);
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
	qt_actor_enter(&owner, key);
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
	qt_actor_enter(&actor, key);
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

	qt_actor_attach(&waiter, key);
	qt_actor_own(&owner, key);
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

/* ---- Makers that die --------------------------------------------------- */

/* A set as it is between semget and SETVAL; its id. */
static int make_unused_set(const char *key)
{
	char *path = qt_lock_path(key);
	int file = open(path, O_CREAT | O_EXCL | O_RDWR, 0640);
	int id;

	ck_assert_int_ge(file, 0);
	close(file);
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
		qt_actor_enter(&actors[i], key);
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
		qt_actor_enter(&actors[i], key);
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
	int status;

	make_unused_set(key);
	qt_actor_enter(&first, key);
	qt_actor_enter(&second, key);
	actor_begin(&second, act_stop_at_dead_maker);
	ck_assert_int_eq(waitpid(second.pid, &status, WUNTRACED), second.pid);
	ck_assert(WIFSTOPPED(status));
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
	int status;

	make_unused_set(key);
	for (int i = 0; i < 3; i++) {
		pid_t pid = fork();

		ck_assert_int_ge(pid, 0);
		if (pid == 0) {
			test_crash_at(points[i], SIGKILL, 1);
			svshm_create(handle, 100, SVSHM_READ_WRITE);
			_exit(1);
		}
		ck_assert_int_eq(waitpid(pid, &status, 0), pid);
		ck_assert_msg(WIFSIGNALED(status), "at \"%s\": %d", points[i],
			      status);
	}
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

	qt_actor_enter(&actor, key);
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
	ck_assert_int_eq(qt_recover(key, 0, &look), SVSHM_OK);
	ck_assert(!qt_nothing_left(key));
	ck_assert_int_eq(qt_recover(key, SVSHM_RECOVER_FORCE, NULL), SVSHM_OK);
	ck_assert(qt_nothing_left(key));
}
END_TEST

START_TEST(qt_a_slow_maker_of_a_lock_is_waited_for)
{
	const char *key = test_key("slow");
	struct sembuf give = { 0, +1, 0 };
	struct actor actor;
	int id = make_unused_set(key);

	qt_actor_enter(&actor, key);
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
	if (system_attaches_once() &&
	    test_skip("a second program's part cannot be played here"))
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
	qt_actor_attach(&waiter, key);
	expect_code(handle, svshm_lock(handle), 0);
	actor_block(&waiter, svshm_lock);
	/* An owner that never attached goes, and takes the set with it. */
	wire_end(&wire);
	expect_end(&waiter, SVSHM_OK);
	expect_code(handle, svshm_unlock(handle), SVSHM_LOCK_ERROR);
	expect_says(svshm_error_string(handle), "removed the lock");
	expect_code(handle, svshm_trylock(handle), SVSHM_BUSY);
	expect_act(&waiter, svshm_unlock, SVSHM_OK);
	expect_code(handle, svshm_lock(handle), 0);
	expect_code(handle, svshm_unlock(handle), 0);
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
	struct svshm *handle = context;
	volatile long *count = svshm_data(handle);

	for (int i = 0; i < ROUNDS; i++) {
		child_assert(svshm_lock(handle) == 0);
		long value = *count;

		for (volatile int pause = 0; pause < 50; pause = pause + 1)
			;
		*count = value + 1;
		child_assert(svshm_unlock(handle) == 0);
	}
	return 0;
}

static int work_by_wire(void *context)
{
	struct wire wire;

	wire_begin(&wire, context);
	child_assert(wire_attach(&wire));

	volatile long *count = wire.data;

	for (int i = 0; i < ROUNDS; i++) {
		wire_lock(&wire);
		*count = *count + 1;
		wire_unlock(&wire);
	}
	wire_end(&wire);
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

	qt_use_directory();
	tcase_set_timeout(tcase, 60);
	tcase_add_test(tcase, qt_lock_excludes_both_kinds);
	tcase_add_test(tcase, qt_lock_times_out);
	tcase_add_test(tcase, qt_lock_knows_its_owner);
	tcase_add_test(tcase, qt_detach_gives_the_lock_back);
	tcase_add_test(tcase, qt_create_locked_keeps_others_out);
	tcase_add_test(tcase, qt_a_dead_owner_is_no_owner);
	tcase_add_test(tcase, qt_a_dead_maker_of_a_lock_blocks_nobody);
	tcase_add_test(tcase, qt_a_dead_maker_lets_one_in_at_a_time);
	tcase_add_test(tcase, qt_a_dead_makers_lock_is_replaced_once);
	tcase_add_test(tcase, qt_who_replaces_a_dead_makers_lock_may_die);
	tcase_add_test(tcase, qt_who_waits_for_a_dead_maker_may_die);
	tcase_add_test(tcase, qt_a_dead_makers_lock_is_recovered_by_force);
	tcase_add_test(tcase, qt_a_slow_maker_of_a_lock_is_waited_for);
	tcase_add_test(tcase, qt_a_reset_under_the_owner_is_told);
	tcase_add_test(tcase, qt_a_lock_that_two_can_own_is_told);
	tcase_add_test(tcase, qt_a_lock_removed_under_the_owner_is_told);
	tcase_add_test(tcase, qt_no_update_is_lost);
	suite_add_tcase(suite, tcase);
	return suite;
}

int main(void)
{
	return test_main(make_suite);
}
