/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Kills one of a command's processes before or after one of its system calls,
 * for tests from outside:
 *
 *   kill_at P N COMMAND...   of COMMAND; its process 0 is itself, 1 the first
 *                            that it forks, and so on
 *   kill_at PID N            of a process that runs; "ready" is printed first
 *
 * N counts stops, from 1: the calls of poll(2), by which the example waits, are
 * left out. The last line says where it was, or "not reached". The others go
 * on, until each has ended or polls. The status is COMMAND's, or that of PID,
 * where it is ours to wait for: 128 + N if a signal N has ended it; 77: no
 * ptrace here.
 */
#include <config.h>

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#ifdef __linux__
#include <sys/ptrace.h>
#endif

#ifdef PTRACE_GET_SYSCALL_INFO

#include <sys/syscall.h>
#include <sys/wait.h>

/* Whoever is traced dies with us. */
#define OPTIONS (PTRACE_O_EXITKILL | PTRACE_O_TRACESYSGOOD | \
		 PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | \
		 PTRACE_O_TRACECLONE)
#define PROCESSES_MAX 8

static pid_t processes[PROCESSES_MAX];
static int known;
static int victim;           /* its number */
static long stops_left;
static bool attached;        /* to one that ran before us */
static int status_of_first;
static char where[80] = "not reached";

static int number_of(pid_t pid)
{
	for (int i = 0; i < known; i++)
		if (processes[i] == pid)
			return i;
	if (known == PROCESSES_MAX) {
		fprintf(stderr, "kill_at: too many processes\n");
		exit(99);
	}
	processes[known] = pid;
	return known++;
}

static bool is_poll(long number)
{
#ifdef SYS_poll
	if (number == SYS_poll)
		return true;
#endif
#ifdef SYS_restart_syscall
	if (number == SYS_restart_syscall) /* poll, after a stop */
		return true;
#endif
#ifdef SYS_ppoll_time64
	if (number == SYS_ppoll_time64)
		return true;
#endif
	return number == SYS_ppoll;
}

static void go_on(pid_t pid, int signal)
{
	ptrace(PTRACE_SYSCALL, pid, NULL, (void *)(long)signal);
}

/* At a system call. False: it is of no interest any more. */
static bool at_call(pid_t pid, int number)
{
	static long last[PROCESSES_MAX];
	struct __ptrace_syscall_info info;

	if (ptrace(PTRACE_GET_SYSCALL_INFO, pid, (void *)sizeof(info),
		   &info) <= 0)
		return true;
	bool before = info.op == PTRACE_SYSCALL_INFO_ENTRY;

	if (before)
		last[number] = (long)info.entry.nr;
	if (is_poll(last[number])) {
		if (attached)
			return true;
		ptrace(PTRACE_DETACH, pid, NULL, NULL);
		return false;
	}
	if (number == victim && stops_left > 0 && --stops_left == 0) {
		snprintf(where, sizeof(where), "killed %s call %ld",
			 before ? "before" : "after", last[number]);
		kill(pid, SIGKILL);
	}
	return true;
}

/* What PID has stopped for. False: it is gone, or on its own. */
static bool handle_stop(pid_t pid, int number, int status)
{
	int signal = WSTOPSIG(status);

	if (WIFEXITED(status) || WIFSIGNALED(status)) {
		if (number == 0)
			status_of_first = WIFEXITED(status) ?
				WEXITSTATUS(status) : 128 + WTERMSIG(status);
		return false;
	}
	if (signal == (SIGTRAP | 0x80)) {
		if (!at_call(pid, number))
			return false;
		signal = 0;
	} else if (signal == SIGTRAP || signal == SIGSTOP) {
		/* exec, fork, or the beginning of a child */
		signal = 0;
	}
	go_on(pid, signal);
	return true;
}

static void trace(void)
{
	bool here[PROCESSES_MAX] = { true };
	int count = 1;

	while (count > 0) {
		int status;
		pid_t pid = waitpid(-1, &status, __WALL);

		if (pid < 0)
			break;
		int before = known, number = number_of(pid);

		if (known > before) {
			here[number] = true;
			count++;
		}
		if (!handle_stop(pid, number, status) && here[number]) {
			here[number] = false;
			count--;
		}
	}
}

static int give_up(const char *what)
{
	fprintf(stderr, "kill_at: %s: %s\n", what, strerror(errno));
	return 77;
}

static pid_t start(char **command)
{
	pid_t pid = fork();

	if (pid == 0) {
		if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) < 0)
			_exit(give_up("ptrace"));
		raise(SIGSTOP);
		execv(command[0], command);
		_exit(127);
	}
	return pid;
}

int main(int argc, char **argv)
{
	int status;

	if (argc < 3)
		return 2;
	attached = argc == 3;
	stops_left = strtol(argv[2], NULL, 10);
	victim = attached ? 0 : atoi(argv[1]);

	pid_t first = attached ? (pid_t)atol(argv[1]) : start(argv + 3);

	if (attached && ptrace(PTRACE_ATTACH, first, NULL, NULL) < 0)
		return give_up(argv[1]);
	if (waitpid(first, &status, __WALL) != first)
		return give_up("waitpid");
	if (!WIFSTOPPED(status)) /* it has said why */
		return WEXITSTATUS(status);
	number_of(first);
	if (ptrace(PTRACE_SETOPTIONS, first, NULL, (void *)OPTIONS) < 0)
		return give_up("options");
	if (attached) {
		puts("ready");
		fflush(stdout);
	}
	go_on(first, 0);
	trace();
	puts(where);
	return status_of_first;
}

#else

int main(void)
{
	puts("no ptrace that tells system calls on this system");
	return 77;
}

#endif
