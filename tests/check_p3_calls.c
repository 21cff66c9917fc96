/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * P3: a process may die anywhere: before and after each system call of each
 * operation. The crash points are the moments that somebody has thought of;
 * these are all at which the kernel's part of an object changes.
 */
#include <config.h>

#include <signal.h>
#include <stdio.h>
#include <sys/types.h>

#include "deaths.h"

#ifdef __linux__

#include <errno.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/wait.h>

/* Who is traced can't look for leaks at exit, as AddressSanitizer does. */
const char *__asan_default_options(void);

const char *__asan_default_options(void)
{
	return "detect_leaks=0";
}

/* Shared with the victims: their act while they are traced. */
static actor_act **traced_act;

/* How many stops, two a call, the victim may yet make. */
static unsigned stops_left;

static int act_traced(struct svshm *handle)
{
	if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) < 0)
		return SVSHM_NOT_SUPPORTED;
	raise(SIGSTOP);
	int code = (*traced_act)(handle);
	raise(SIGSTOP);
	return code;
}

/* The signal it stops with; SIGTRAP | 0x80 at a call; 0: it has ended. */
static int next_stop(pid_t pid)
{
	siginfo_t info;
	int status;

	/* The end itself is left for puppet_end(). */
	ck_assert_int_eq(waitid(P_PID, (id_t)pid, &info,
				WEXITED | WSTOPPED | WNOWAIT), 0);
	if (info.si_code == CLD_EXITED || info.si_code == CLD_KILLED)
		return 0;
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	return WSTOPSIG(status);
}

static bool die_when_no_stops_are_left(struct puppet *victim, actor_act *act)
{
	pid_t pid = victim->actor.pid;
	int stop;

	*traced_act = act;
	puppet_begin(victim, act_traced);
	ck_assert_int_eq(next_stop(pid), SIGSTOP);
	ck_assert_int_eq(ptrace(PTRACE_SETOPTIONS, pid, NULL,
				(void *)PTRACE_O_TRACESYSGOOD), 0);
	do {
		if (stops_left-- == 0) {
			puppet_kill(victim);
			return true;
		}
		ck_assert_int_eq(ptrace(PTRACE_SYSCALL, pid, NULL, NULL), 0);
		stop = next_stop(pid);
	} while (stop == (SIGTRAP | 0x80));
	if (stop) {
		ck_assert_int_eq(stop, SIGSTOP);
		ck_assert_int_eq(ptrace(PTRACE_DETACH, pid, NULL, NULL), 0);
	}
	puppet_end(victim);
	return false;
}

static enum certainty leaves_orphan(const struct operation *operation)
{
	actor_act *act = operation->acts[0];

	/* To attach takes nothing away, nor does the lock. */
	if (act == act_attach)
		return operation->start == ORPHAN ? YES : NO;
	return act == svshm_lock ? YES : MAYBE;
}

static bool die_there(const struct operation *operation, unsigned stop)
{
	static char where[64];
	actor_act *act = operation->acts[0];
	bool locks = act == svshm_lock || act == act_create_locked;

	snprintf(where, sizeof(where), "stop %u", stop);
	death.operation = operation;
	death.where = where;
	death.orphan = leaves_orphan(operation);
	death.mark = act == act_create ? MAYBE :
		     act == act_create_locked ? NO : YES;
	death.owner_died = locks ? MAYBE : NO;
	death.lone_set = MAYBE;
	stops_left = stop;
	return die_and_go_on(die_when_no_stops_are_left,
			     (enum next_step)(stop % NEXT_STEPS));
}

static int try_trace(void *context)
{
	(void)context;
	return ptrace(PTRACE_TRACEME, 0, NULL, NULL) < 0 ? errno : 0;
}

START_TEST(p3_after_death_at_any_system_call_the_next_one_works)
{
	unsigned stops = 0;
	int errnum = test_wait(test_fork(try_trace, NULL));

	if (errnum) {
		printf("SKIP p3_after_death_at_any_system_call: ptrace: %s\n",
		       strerror(errnum));
		return;
	}
	traced_act = test_shared(sizeof(*traced_act));
	while (die_there(&operations[_i], stops))
		stops++;
	/* Less than that is no operation at all. */
	ck_assert_uint_gt(stops, 8);
}
END_TEST

#else

START_TEST(p3_after_death_at_any_system_call_the_next_one_works)
{
	printf("SKIP p3_after_death_at_any_system_call: Linux only\n");
}
END_TEST

#endif

static Suite *make_suite(void)
{
	Suite *suite = suite_create("P3: death at each system call");
	TCase *tcase = tcase_create("death");

	tcase_set_timeout(tcase, 300);
	tcase_add_loop_test(
		tcase, p3_after_death_at_any_system_call_the_next_one_works, 0,
		operation_count);
	suite_add_tcase(suite, tcase);
	return suite;
}

int main(void)
{
	return test_main(make_suite);
}
