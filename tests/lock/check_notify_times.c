/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * P4, P10: a wait for a change is not shorter than its time-out, signals neither end
 * nor stretch it, and it costs no processor time; also where a sandbox refuses the
 * futex.
 */
#include <config.h>

#include <signal.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/time.h>
#ifdef HAVE_FUTEX
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#endif

#include "changes.h"
#include "kernel/futex.h"
#include "outside.h"

/* ---- Time ------------------------------------------------------------------ */

static volatile sig_atomic_t signals;

static void count_signal(int signal)
{
	(void)signal;
	signals++;
}

static void signal_every(int milliseconds)
{
	struct sigaction action = { .sa_handler = count_signal };
	struct itimerval timer = { { 0, milliseconds * 1000 },
				   { 0, milliseconds * 1000 } };

	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &timer, NULL);
}

START_TEST(signals_neither_end_nor_shorten_a_wait)
{
	svshm__futex_usable = svshm__futex_usable && _i == 0;

	const char *key = test_key("signals");
	struct svshm *handle = make_object(key, 100);

	signal_every(2);
	for (int length = 0; length <= 60; length += 20) {
		uint32_t seen = 0;
		int64_t start = test_now();

		expect_code(handle, svshm_wait(handle, &seen, length),
			    SVSHM_TIMED_OUT);

		int64_t elapsed = test_now() - start;

		ck_assert_int_ge(elapsed, length * TEST_MILLISECOND);
		ck_assert_int_lt(elapsed, 20 * TEST_SECOND);
	}
	signal_every(0);
	/* On a busy machine several look like one. */
	ck_assert_int_gt(signals, 0);
	svshm_free(handle);
}
END_TEST

#define LONG_WAIT_MS 400

static int wait_and_count_costs(void *context)
{
	struct svshm *handle = svshm_new(context);
	struct rusage before, after;
	uint32_t seen = 0;
	long sleeps, spent;

	child_assert(svshm_attach(handle, SVSHM_READ_WRITE) == SVSHM_OK);
	getrusage(RUSAGE_SELF, &before);
	child_assert(svshm_wait(handle, &seen, LONG_WAIT_MS) ==
		     SVSHM_TIMED_OUT);
	getrusage(RUSAGE_SELF, &after);
	sleeps = after.ru_nvcsw - before.ru_nvcsw;
	spent = (after.ru_utime.tv_sec - before.ru_utime.tv_sec +
		 after.ru_stime.tv_sec - before.ru_stime.tv_sec) * 1000000 +
		after.ru_utime.tv_usec - before.ru_utime.tv_usec +
		after.ru_stime.tv_usec - before.ru_stime.tv_usec;
	/* One sleep; or pauses of 1 ms to 20. A spinner needs all of the time. */
	child_assert(sleeps <= (svshm__futex_usable ? 5 : 120));
	child_assert(spent < LONG_WAIT_MS * 1000 / 8);
	svshm_free(handle);
	return 0;
}

START_TEST(wait_costs_no_processor_time)
{
	svshm__futex_usable = svshm__futex_usable && _i == 0;

	const char *key = test_key("idle");
	struct svshm *handle = make_object(key, 100);

	ck_assert_int_eq(test_wait(test_fork(wait_and_count_costs,
					     (void *)(uintptr_t)key)), 0);
	svshm_free(handle);
}
END_TEST

/* ---- In a sandbox ---------------------------------------------------------- */

#ifdef HAVE_FUTEX

/* From now on futex() is not permitted to this process. */
static bool refuse_futex(void)
{
	struct sock_filter rules[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
			 offsetof(struct seccomp_data, nr)),
#ifdef SYS_futex
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_futex, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
#endif
#ifdef SYS_futex_time64
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_futex_time64, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
#endif
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = {
		.len = sizeof(rules) / sizeof(*rules),
		.filter = rules,
	};

	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
	       prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

#define NO_FILTER 77

static int act_refuse_futex(struct svshm *handle)
{
	(void)handle;
	return refuse_futex() ? SVSHM_OK : NO_FILTER;
}

static int act_is_refused(struct svshm *handle)
{
	(void)handle;
	return (int)!svshm__futex_usable;
}

START_TEST(who_is_refused_the_futex_waits_and_notifies)
{
	const char *key = test_key("sandbox");
	struct svshm *handle = make_object(key, 100);
	struct actor inside, outside;

	if (!svshm__futex_usable)
		return;
	actor_attach(&inside, key);
	actor_attach(&outside, key);
	if (actor_do(&inside, act_refuse_futex) != SVSHM_OK) {
		test_skip("no seccomp here");
	} else {
		actor_begin(&inside, act_wait_beyond_0);
		expect_code(handle, act_write_and_notify(handle), SVSHM_OK);
		expect_end(&inside, PUPPET_MARK);
		/* Who sleeps meanwhile sees it within a second. */
		actor_begin(&outside, act_wait_beyond_1);
		await_sleepers(handle);
		expect_act(&inside, svshm_notify, SVSHM_OK);
		expect_end(&outside, PUPPET_MARK);
		expect_act(&inside, act_is_refused, 1);
	}
	actor_kill(&outside);
	actor_kill(&inside);
	svshm_free(handle);
}
END_TEST

#endif

static Suite *make_suite(void)
{
	Suite *suite = suite_create("Waiting for a change: times");
	TCase *tests = tcase_create("notify times");

	suite_add_tcase(suite, tests);
	tcase_set_timeout(tests, 120);
	tcase_add_loop_test(tests, signals_neither_end_nor_shorten_a_wait, 0,
			    WORLDS);
	tcase_add_loop_test(tests, wait_costs_no_processor_time, 0, WORLDS);
#ifdef HAVE_FUTEX
	tcase_add_test(tests, who_is_refused_the_futex_waits_and_notifies);
#endif
	return suite;
}

int main(void)
{
	return test_main(make_suite);
}
