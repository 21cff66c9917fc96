/* SPDX-License-Identifier: BSD-2-Clause */
/* P10: a signal that is handled ends no wait. */
#include <config.h>

#include <signal.h>
#include <sys/wait.h>

#include "actor.h"

static struct test_event handled;

static void on_signal(int number)
{
	(void)number;
	test_event_post(&handled);
}

static void handle_signal(int flags)
{
	struct sigaction action = { .sa_handler = on_signal, .sa_flags = flags };

	ck_assert_int_eq(sigaction(SIGUSR1, &action, NULL), 0);
}

/* It waits; each signal interrupts it, and then it waits again. */
static void interrupt(const struct actor *actor)
{
	for (int i = 0; i < 5; i++) {
		kill(actor->pid, SIGUSR1);
		test_event_await(&handled);
		test_await_blocked(actor->pid);
	}
}

static int act_timedlock(struct svshm *handle)
{
	return svshm_timedlock(handle, 1000000);
}

static const int signal_flags[] = { 0, SA_RESTART };

START_TEST(signals_do_not_end_a_wait_for_the_lock)
{
	const char *key = test_key("signals");
	struct svshm *handle = make_object(key, 100);
	actor_act *waits[] = { svshm_lock, act_timedlock };
	struct actor actor;

	test_event_open(&handled);
	handle_signal(signal_flags[_i]);
	actor_attach(&actor, key);
	for (int i = 0; i < 2; i++) {
		expect_code(handle, svshm_lock(handle), SVSHM_OK);
		actor_block(&actor, waits[i]);
		interrupt(&actor);
		expect_code(handle, svshm_unlock(handle), SVSHM_OK);
		expect_end(&actor, SVSHM_OK);
		expect_act(&actor, svshm_unlock, SVSHM_OK);
	}
	actor_kill(&actor);
	svshm_free(handle);
	test_event_close(&handled);
}
END_TEST

static int act_stop_in_the_gate(struct svshm *handle)
{
	test_crash_at("enter:in gate", SIGSTOP, 1);
	return act_attach(handle);
}

START_TEST(signals_do_not_end_a_wait_for_the_gate)
{
	const char *key = test_key("gate");
	struct svshm *handle = make_object(key, 100);
	struct actor stopped, waiter;
	int status;

	test_event_open(&handled);
	handle_signal(signal_flags[_i]);
	actor_enter(&stopped, key);
	actor_enter(&waiter, key);
	actor_begin(&stopped, act_stop_in_the_gate);
	ck_assert_int_eq(waitpid(stopped.pid, &status, WUNTRACED), stopped.pid);
	ck_assert(WIFSTOPPED(status));
	actor_block(&waiter, act_attach);
	interrupt(&waiter);
	kill(stopped.pid, SIGCONT);
	expect_end(&stopped, SVSHM_OK);
	expect_end(&waiter, SVSHM_OK);
	actor_kill(&stopped);
	actor_kill(&waiter);
	svshm_free(handle);
	test_event_close(&handled);
}
END_TEST

static Suite *make_suite(void)
{
	Suite *suite = suite_create("signals end no wait");
	TCase *tests = tcase_create("signals");

	suite_add_tcase(suite, tests);
	tcase_set_timeout(tests, 120);
	tcase_add_loop_test(tests, signals_do_not_end_a_wait_for_the_lock,
			    0, 2);
	tcase_add_loop_test(tests, signals_do_not_end_a_wait_for_the_gate,
			    0, 2);
	return suite;
}

int main(void)
{
	return test_main(make_suite);
}
