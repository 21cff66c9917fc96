/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * P4: a time-out is as long as it was asked for, to a fifth of a millisecond,
 * and never shorter; and so is each other wait. On a busy machine nobody can
 * measure that. So the parts of the library that read the clock and wait are
 * built into this test, with a clock that only waiting moves: as far as the
 * kernel was asked to wait. make bench-times has the real one.
 */
#include <config.h>

#include <errno.h>
#include <signal.h>
#include <time.h>

#include "actor.h"
#include "memory/layout.h"
#include "lock/lock.h"
#include "kernel/process.h"
#include "kernel/semset.h"

/* ---- The clock ---------------------------------------------------------- */

#define MILLISECOND 1000000LL
#define SECOND (1000 * MILLISECOND)
#define TOO_LONG (MILLISECOND / 5)
/* To look at the clock takes its time, too. */
#define LOOK 50

static bool unreal;    /* the clock is ours, in this process */
static int64_t clock_now;
static int64_t signal_every; /* so often a signal ends what waits; 0: never */
static int waits;

static int read_clock(clockid_t id, struct timespec *now)
{
	if (!unreal)
		return clock_gettime(id, now);
	clock_now += LOOK;
	now->tv_sec = (time_t)(clock_now / SECOND);
	now->tv_nsec = (long)(clock_now % SECOND);
	return 0;
}

/* The time passes; or a part of it, and a signal comes. */
static int let_pass(const struct timespec *length)
{
	int64_t left = (int64_t)length->tv_sec * SECOND + length->tv_nsec;
	bool interrupted = signal_every && left > signal_every;

	ck_assert_int_ge(left, 0);
	ck_assert_int_lt(length->tv_nsec, SECOND);
	waits++;
	clock_now += interrupted ? signal_every : left;
	errno = EINTR;
	return interrupted ? -1 : 0;
}

static int pass_pause(const struct timespec *length, struct timespec *rest)
{
	return unreal ? let_pass(length) : nanosleep(length, rest);
}

#if defined(HAVE_SEMTIMEDOP) && HAVE_DECL_SEMTIMEDOP
static int pass_wait(int id, struct sembuf *operations, size_t count,
		     const struct timespec *timeout)
{
	const struct timespec none = { 0, 0 };

	if (!unreal)
		return semtimedop(id, operations, count, timeout);

	int result = semtimedop(id, operations, count, &none);

	if (result < 0 && errno == EAGAIN && let_pass(timeout) == 0)
		errno = EAGAIN;
	return result;
}

#define semtimedop pass_wait
#endif

#define clock_gettime read_clock
#define nanosleep pass_pause
#include "kernel/clock.c"
#include "kernel/semset_wait.c"
#undef clock_gettime
#undef nanosleep

/* How long ACT waits, by the clock that starts at START. */
static int64_t time_of(struct svshm *handle, actor_act *act, int64_t start,
		       int expected)
{
	clock_now = start;
	waits = 0;
	unreal = true;

	int code = act(handle);

	unreal = false;
	expect_code(handle, code, expected);
	return clock_now - start;
}

static void expect_time(int64_t took, int64_t asked)
{
	ck_assert_msg(took >= asked && took <= asked + TOO_LONG,
		      "%lld ns were asked for, %lld waited",
		      (long long)asked, (long long)took);
}

/* ---- The locks ---------------------------------------------------------- */

enum kind { FAST, PORTABLE, QT, KINDS };

/* False: not in this build. */
static bool choose(enum kind kind)
{
	test_layout = kind == QT ? SVSHM_LAYOUT_QT : SVSHM_LAYOUT_NATIVE;
	svshm__lock_engine_of_new = kind == FAST ? SVSHM__LOCK_FAST :
						   SVSHM__LOCK_PORTABLE;
	return kind == QT || svshm__lock_engine(svshm__lock_engine_of_new);
}

static int timeout_ms;

static int act_timedlock(struct svshm *handle)
{
	return svshm_timedlock(handle, timeout_ms);
}

/* What the clock shows at the start: also a moment before the next millisecond,
   and before the next second. */
static const int64_t starts[] = {
	5 * SECOND, 5 * SECOND + 1, 5 * SECOND + 500000, 5 * SECOND + 999999,
	6 * SECOND - 1, 1000000 * SECOND + 123456789,
};
static const int timeouts[] = { 1, 2, 10, 999, 1000, 1001, 2500, 100000 };

#define COUNT(array) ((int)(sizeof(array) / sizeof(*(array))))

START_TEST(lock_time_out_is_as_asked)
{
	const char *key = test_key("times");
	struct svshm *handle;
	struct actor actor;

	if (!choose((enum kind)(_i % KINDS)))
		return;
	handle = make_object(key, 100);
	actor_own(&actor, key);
	for (int i = 0; i < COUNT(timeouts); i++) {
		timeout_ms = timeouts[i];
		signal_every = _i < KINDS ? 0 :
					    timeout_ms * MILLISECOND / 7 + 1;
		for (int j = 0; j < COUNT(starts); j++) {
			expect_time(time_of(handle, act_timedlock, starts[j],
					    SVSHM_TIMED_OUT),
				    timeout_ms * MILLISECOND);
			ck_assert_int_ge(waits, 1);
		}
	}
	expect_act(&actor, svshm_unlock, SVSHM_OK);
	expect_code(handle, svshm_timedlock(handle, 1), SVSHM_OK);
	expect_code(handle, svshm_unlock(handle), SVSHM_OK);
	actor_exit(&actor);
	svshm_free(handle);
	ck_assert(test_nothing_left(key));
}
END_TEST

/* The real clock, which no other load can make earlier. */
START_TEST(lock_time_out_is_not_shorter)
{
	const char *key = test_key("real");
	struct svshm *handle;
	struct actor actor;

	if (!choose((enum kind)_i))
		return;
	handle = make_object(key, 100);
	actor_own(&actor, key);
	for (timeout_ms = 1; timeout_ms <= 12; timeout_ms++) {
		int64_t start = svshm__process_now();

		expect_code(handle, act_timedlock(handle), SVSHM_TIMED_OUT);
		ck_assert_int_ge(svshm__process_now() - start,
				 timeout_ms * MILLISECOND);
	}
	actor_kill(&actor);
	svshm_free(handle);
}
END_TEST

/* ---- Other waits -------------------------------------------------------- */

static int act_stop_in_the_gate(struct svshm *handle)
{
	test_crash_at("enter:in gate", SIGSTOP, 1);
	return act_attach(handle);
}

/* Cut into slices, in which one looks who is inside. */
START_TEST(gate_is_waited_for_as_long_as_said)
{
	const char *key = test_key("gate");
	struct svshm *handle = make_object(key, 100), *other = test_new(key);
	struct actor stopped;

	actor_enter(&stopped, key);
	actor_begin(&stopped, act_stop_in_the_gate);
	test_await_stopped(stopped.pid);
	for (int i = 0; i < COUNT(starts); i++)
		expect_time(time_of(other, act_attach, starts[i],
				    SVSHM_TIMED_OUT), 30 * SECOND);
	ck_assert_int_ge(waits, 60);
	kill(stopped.pid, SIGCONT);
	expect_end(&stopped, SVSHM_OK);
	actor_exit(&stopped);
	svshm_free(other);
	svshm_free(handle);
	ck_assert(test_nothing_left(key));
}
END_TEST

/* Its gate is the lock. */
START_TEST(qt_gate_is_waited_for_as_long_as_said)
{
	const char *key;
	struct svshm *handle, *other;
	struct actor actor;

	choose(QT);
	key = test_key("gate");
	handle = make_object(key, 100);
	other = test_new(key);
	actor_own(&actor, key);
	for (int i = 0; i < COUNT(starts); i++)
		expect_time(time_of(other, act_attach, starts[i],
				    SVSHM_TIMED_OUT), 30 * SECOND);
	expect_act(&actor, svshm_unlock, SVSHM_OK);
	actor_exit(&actor);
	svshm_free(other);
	svshm_free(handle);
	ck_assert(test_nothing_left(key));
}
END_TEST

static int act_pause(struct svshm *handle)
{
	(void)handle;
	svshm__process_pause(timeout_ms);
	return SVSHM_OK;
}

START_TEST(pause_is_as_asked)
{
	struct svshm *handle = test_new(test_key("pause"));

	for (int i = 0; i < COUNT(timeouts); i++) {
		timeout_ms = timeouts[i];
		ck_assert_int_eq(time_of(handle, act_pause, starts[0],
					 SVSHM_OK), timeout_ms * MILLISECOND);
	}
	svshm_free(handle);
}
END_TEST

START_TEST(deadline_is_not_rounded)
{
	unreal = true;
	for (int i = 0; i < COUNT(starts); i++) {
		clock_now = starts[i];
		ck_assert_int_eq(svshm__process_deadline(7),
				 starts[i] + LOOK + 7 * MILLISECOND);
		clock_now = starts[i];
		ck_assert_int_eq(svshm__process_now(), starts[i] + LOOK);
	}
	/* The longest there is, and none. */
	ck_assert_int_gt(svshm__process_deadline(INT32_MAX),
			 INT32_MAX * MILLISECOND);
	ck_assert_int_lt(svshm__process_deadline(INT32_MAX),
			 SVSHM__NO_DEADLINE);
	ck_assert_int_eq(svshm__process_deadline(-1), SVSHM__NO_DEADLINE);
	unreal = false;
}
END_TEST

static Suite *make_suite(void)
{
	Suite *suite = suite_create("Times");
	TCase *tests = tcase_create("times");

	suite_add_tcase(suite, tests);
	tcase_set_timeout(tests, 120);
	tcase_add_loop_test(tests, lock_time_out_is_as_asked, 0, 2 * KINDS);
	tcase_add_loop_test(tests, lock_time_out_is_not_shorter, 0, KINDS);
	tcase_add_test(tests, gate_is_waited_for_as_long_as_said);
	tcase_add_test(tests, qt_gate_is_waited_for_as_long_as_said);
	tcase_add_test(tests, pause_is_as_asked);
	tcase_add_test(tests, deadline_is_not_rounded);
	return suite;
}

int main(void)
{
	return test_main(make_suite);
}
