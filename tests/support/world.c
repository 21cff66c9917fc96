/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The world that a test program runs in: its own System V IPC, other limits,
 * other PID namespaces, the other lock. .ci/run asks for most of it.
 */
#include <config.h>

#include "world.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#ifdef __linux__
#include <sys/prctl.h>
#endif
#include <unistd.h>

#include "lock/lock.h"
#include "support.h"

/*
 * Where it is permitted, each test program has System V IPC of its own: other
 * tests that run at the same time stop processes inside gates, fill limits and
 * so on, and whoever scans the whole system meets all that.
 */
static void isolate(void)
{
#ifdef CLONE_NEWIPC
	if (geteuid() == 0 && unshare(CLONE_NEWIPC) < 0)
		perror("unshare: goes on in the common IPC namespace");
#endif
}

/*
 * SVSHM_TEST_LIMITS="sem=60 60 5 10,shmmni=32": another world, by what stands
 * in /proc/sys/kernel of the IPC namespace.
 */
static void set_limits(void)
{
	const char *limits = getenv("SVSHM_TEST_LIMITS");
	char path[128], name[64], value[64];
	int length;

	while (limits && sscanf(limits, "%63[^=]=%63[^,]%n", name, value,
				&length) == 2) {
		snprintf(path, sizeof(path), "/proc/sys/kernel/%s", name);

		FILE *file = fopen(path, "w");

		if (!file || fputs(value, file) < 0 || fclose(file) != 0) {
			perror(path);
			exit(99);
		}
		limits += length;
		limits += *limits == ',';
	}
}

/*
 * SVSHM_TEST_PIDS=foreign: the children of a test live in two PID namespaces in
 * turn, so that makers and users see other numbers, and the same number is
 * another process.
 */
static int pid_namespaces[2] = { -1, -1 };

static int open_pid_namespace(pid_t pid)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%ld/ns/pid", (long)pid);
	return open(path, O_RDONLY | O_CLOEXEC);
}

static void make_pid_namespaces(void)
{
#ifdef CLONE_NEWPID
	const char *wanted = getenv("SVSHM_TEST_PIDS");

	if (!wanted || strcmp(wanted, "foreign") != 0)
		return;
	for (int i = 0; i < 2; i++) {
		int own = open_pid_namespace(getpid());
		pid_t init;

		if (unshare(CLONE_NEWPID) < 0 || (init = fork()) < 0) {
			perror("a PID namespace");
			exit(99);
		}
		/* As long as its first process lives, others can join it. */
		if (init == 0) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			for (;;)
				pause();
		}
		pid_namespaces[i] = open_pid_namespace(init);
		if (pid_namespaces[i] < 0 || setns(own, CLONE_NEWPID) < 0) {
			perror("setns");
			exit(99);
		}
		close(own);
	}
#endif
}

pid_t world_fork(bool in_child)
{
#ifdef CLONE_NEWPID
	static unsigned turn;

	if (pid_namespaces[0] >= 0 && !in_child) {
		int own = open_pid_namespace(getpid());

		ck_assert_int_eq(setns(pid_namespaces[turn++ % 2],
				       CLONE_NEWPID), 0);
		pid_t child = fork();

		/* In the child that is for its own children. */
		if (child != 0)
			ck_assert_int_eq(setns(own, CLONE_NEWPID), 0);
		close(own);
		return child;
	}
#endif
	return fork();
}

/* SVSHM_TEST_LOCK=portable: that engine also where the fast one is built in. */
static void choose_lock(void)
{
	const char *name = getenv("SVSHM_TEST_LOCK");

	if (name && strcmp(name, "portable") == 0)
		svshm__lock_engine_of_new = SVSHM__LOCK_PORTABLE;
}

bool test_pids_are_foreign(void)
{
	return pid_namespaces[0] >= 0;
}

bool test_fast_lock(void)
{
	return svshm__lock_engine_of_new != SVSHM__LOCK_PORTABLE;
}

void world_enter(void)
{
	isolate();
	set_limits();
	make_pid_namespaces();
	choose_lock();
}
