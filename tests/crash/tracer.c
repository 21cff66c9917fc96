/* SPDX-License-Identifier: BSD-2-Clause */
#include <config.h>

#include "tracer.h"

#include <stdio.h>

#ifdef __linux__
#include <sys/ptrace.h>
#endif

#ifdef PTRACE_GET_SYSCALL_INFO

#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/sem.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef SYS_futex
#define SYS_futex (-2) /* none of that number */
#endif
/* Who is traced can't look for leaks at exit, as AddressSanitizer does. */
const char *__asan_default_options(void);

const char *__asan_default_options(void)
{
	return "detect_leaks=0";
}

/* Shared with the puppets. */
static struct shared {
	actor_act *act;
	volatile bool released;
} *shared;

static int act_traced(struct svshm *handle)
{
	if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) < 0)
		return SVSHM_NOT_SUPPORTED;
	raise(SIGSTOP);
	int code = shared->act(handle);

	if (!shared->released)
		raise(SIGSTOP);
	return code;
}

static int try_trace(void *context)
{
	(void)context;
	return ptrace(PTRACE_TRACEME, 0, NULL, NULL) < 0 ? errno : 0;
}

bool tracer_permitted(void)
{
	int errnum = test_wait(test_fork(try_trace, NULL));

	if (errnum) {
		printf("SKIP: ptrace: %s\n", strerror(errnum));
		return false;
	}
	shared = test_shared(sizeof(*shared));
	return true;
}

static const struct call {
	long number;
	bool shared; /* others may notice it */
	const char *name;
} calls[] = {
	{ SYS_shmget, true, "shmget" },
	{ SYS_shmat, true, "shmat" },
	{ SYS_shmdt, true, "shmdt" },
	{ SYS_shmctl, true, "shmctl" },
	{ SYS_semget, true, "semget" },
	{ SYS_semctl, true, "semctl" },
	{ SYS_futex, true, "futex" },
	{ SYS_openat, true, "openat" },
	{ SYS_unlinkat, true, "unlinkat" },
	{ SYS_fchmod, true, "fchmod" },
	{ SYS_fchown, true, "fchown" },
	{ SYS_write, true, "write" },
	{ SYS_read, false, "read" },
	{ SYS_close, false, "close" },
	{ SYS_lseek, false, "lseek" },
	{ SYS_munmap, false, "munmap" },
	{ SYS_mprotect, false, "mprotect" },
	{ SYS_brk, false, "brk" },
	{ SYS_getpid, false, "getpid" },
	{ SYS_gettid, false, "gettid" },
	{ SYS_tgkill, false, "tgkill" },
	{ SYS_geteuid, false, "geteuid" },
	{ SYS_getegid, false, "getegid" },
	{ SYS_clock_nanosleep, false, "clock_nanosleep" },
	{ SYS_getrandom, false, "getrandom" },
	{ SYS_fcntl, false, "fcntl" },
	{ SYS_getdents64, false, "getdents64" },
	{ SYS_madvise, false, "madvise" },
	{ SYS_prctl, false, "prctl" },
	{ SYS_exit_group, true, "exit_group" },
	/* What differs between processors. */
#ifdef SYS_ipc
	{ SYS_ipc, true, "ipc" },
#endif
#ifdef SYS_semtimedop
	{ SYS_semtimedop, true, "semtimedop" },
#endif
#ifdef SYS_semtimedop_time64
	{ SYS_semtimedop_time64, true, "semtimedop_time64" },
#endif
#ifdef SYS_mmap
	{ SYS_mmap, false, "mmap" },
#endif
#ifdef SYS_mmap2
	{ SYS_mmap2, false, "mmap2" },
#endif
#ifdef SYS_newfstatat
	{ SYS_newfstatat, true, "newfstatat" },
#endif
#ifdef SYS_fstatat64
	{ SYS_fstatat64, true, "fstatat64" },
#endif
#ifdef SYS_semop
	{ SYS_semop, true, "semop" },
#endif
#ifdef SYS_unlink
	{ SYS_unlink, true, "unlink" },
	{ SYS_mkdir, true, "mkdir" },
	{ SYS_lstat, true, "lstat" },
	{ SYS_stat, true, "stat" },
	{ SYS_readlink, false, "readlink" },
	{ SYS_access, true, "access" },
#endif
	{ SYS_fstat, false, "fstat" },
};

static const struct call *find_call(long number)
{
	static const struct call other = { -1, false, "call" };

	for (size_t i = 0; i < sizeof(calls) / sizeof(*calls); i++)
		if (calls[i].number == number)
			return &calls[i];
	return &other;
}

const char *tracer_call_name(long number)
{
	return find_call(number)->name;
}

/*
 * The signal that it stops with; SIGTRAP | 0x80 at a call; 0: it has ended; -1:
 * it sleeps. The end itself is left for puppet_end().
 */
static int next_signal(const struct tracer *tracer, bool may_sleep)
{
	pid_t pid = tracer->puppet->actor.pid;
	int options = WEXITED | WSTOPPED | WNOWAIT;
	siginfo_t info;
	int status;

	for (;;) {
		info.si_pid = 0;
		ck_assert_int_eq(waitid(P_PID, (id_t)pid, &info,
					options | (may_sleep ? WNOHANG : 0)),
				 0);
		if (info.si_pid == pid)
			break;
		if (test_is_blocked(pid))
			return -1;
		usleep(100);
	}
	if (info.si_code == CLD_EXITED || info.si_code == CLD_KILLED)
		return 0;
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	return WSTOPSIG(status);
}

static struct __ptrace_syscall_info ask(const struct tracer *tracer)
{
	struct __ptrace_syscall_info info;

	ck_assert_int_gt(ptrace(PTRACE_GET_SYSCALL_INFO,
				tracer->puppet->actor.pid,
				(void *)sizeof(info), &info), 0);
	return info;
}

/* Of libc's own locks: FUTEX_PRIVATE_FLAG. It aborts if one of these fails. */
static bool is_libcs(const struct __ptrace_syscall_info *info)
{
	return (long)info->entry.nr == SYS_futex && (info->entry.args[1] & 128);
}

static void look_at_call(struct tracer *tracer)
{
	struct __ptrace_syscall_info info = ask(tracer);

	if (info.op == PTRACE_SYSCALL_INFO_ENTRY) {
		tracer->stop = TRACER_ENTRY;
		tracer->number = is_libcs(&info) ? -1 : (long)info.entry.nr;
	} else {
		tracer->stop = TRACER_EXIT;
	}
	snprintf(tracer->where, sizeof(tracer->where), "stop %u, %s %s",
		 tracer->stops,
		 tracer->stop == TRACER_ENTRY ? "before" : "after",
		 tracer_call_name(tracer->number));
}

void tracer_begin(struct tracer *tracer, struct puppet *puppet, actor_act *act)
{
	tracer->puppet = puppet;
	tracer->stops = 0;
	tracer->number = 0;
	tracer->code = 0;
	tracer->stop = TRACER_EXIT;
	strcpy(tracer->where, "its start");
	shared->act = act;
	shared->released = false;
	puppet_begin(puppet, act_traced);
	ck_assert_int_eq(next_signal(tracer, false), SIGSTOP);
	ck_assert_int_eq(ptrace(PTRACE_SETOPTIONS, puppet->actor.pid, NULL,
				(void *)PTRACE_O_TRACESYSGOOD), 0);
}

static void end(struct tracer *tracer)
{
	tracer->stop = TRACER_ENDED;
	strcpy(tracer->where, "its end");
	tracer->code = puppet_end(tracer->puppet);
}

static enum tracer_stop next_stop(struct tracer *tracer)
{
	pid_t pid = tracer->puppet->actor.pid;
	bool slept = tracer->stop == TRACER_ASLEEP;

	if (!slept)
		ck_assert_int_eq(ptrace(PTRACE_SYSCALL, pid, NULL, NULL), 0);

	/* Sleeps are only watched for in a call. */
	int signal = next_signal(tracer, tracer->may_sleep && !slept &&
					 tracer->stop == TRACER_ENTRY);

	switch (signal) {
	case SIGTRAP | 0x80:
		look_at_call(tracer);
		break;
	case -1:
		tracer->stop = TRACER_ASLEEP;
		snprintf(tracer->where, sizeof(tracer->where),
			 "stop %u, asleep in %s", tracer->stops,
			 tracer_call_name(tracer->number));
		break;
	case SIGSTOP:
		ck_assert_int_eq(ptrace(PTRACE_DETACH, pid, NULL, NULL), 0);
		end(tracer);
		break;
	case 0:
		end(tracer);
		break;
	default:
		ck_abort_msg("%s: signal %d", tracer->where, signal);
	}
	return tracer->stop;
}

enum tracer_stop tracer_next(struct tracer *tracer)
{
	enum tracer_stop stop;

	tracer->stops++;
	do {
		stop = next_stop(tracer);
	} while (tracer->shared_only &&
		 (stop == TRACER_ENTRY || stop == TRACER_EXIT) &&
		 !find_call(tracer->number)->shared);
	return stop;
}

void tracer_release(struct tracer *tracer)
{
	shared->released = true;
	ck_assert_int_eq(ptrace(PTRACE_DETACH, tracer->puppet->actor.pid, NULL,
				NULL), 0);
}

void tracer_kill(struct tracer *tracer)
{
	puppet_kill(tracer->puppet);
}

bool tracer_gives_back(const struct tracer *tracer)
{
	uintptr_t operations = (uintptr_t)ask(tracer).entry.args[1];
	struct sembuf first;
	long words[(sizeof(first) + sizeof(long) - 1) / sizeof(long)];

	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++) {
		errno = 0;
		words[i] = ptrace(PTRACE_PEEKDATA, tracer->puppet->actor.pid,
				  (void *)(operations + i * sizeof(long)),
				  NULL);
		ck_assert_int_eq(errno, 0);
	}
	memcpy(&first, words, sizeof(first));
	return first.sem_op < 0 && (first.sem_flg & SEM_UNDO);
}

#if defined(__x86_64__) && defined(__LP64__)

static bool poke(pid_t pid, size_t offset, long value)
{
	return ptrace(PTRACE_POKEUSER, pid, (void *)offset, (void *)value) == 0;
}

bool tracer_fail(struct tracer *tracer, int errnum)
{
	pid_t pid = tracer->puppet->actor.pid;
	long number = tracer->number;

	/* A call of no number is none. */
	ck_assert(poke(pid, offsetof(struct user_regs_struct, orig_rax), -1));
	ck_assert_int_eq(ptrace(PTRACE_SYSCALL, pid, NULL, NULL), 0);
	ck_assert_int_eq(next_signal(tracer, false), SIGTRAP | 0x80);
	ck_assert(poke(pid, offsetof(struct user_regs_struct, rax), -errnum));
	tracer->stops++;
	tracer->stop = TRACER_EXIT;
	tracer->number = number;
	return true;
}

#else

bool tracer_fail(struct tracer *tracer, int errnum)
{
	(void)tracer;
	(void)errnum;
	return false;
}

#endif

#else

bool tracer_permitted(void)
{
	printf("SKIP: no ptrace that tells system calls on this system\n");
	return false;
}

void tracer_begin(struct tracer *tracer, struct puppet *puppet, actor_act *act)
{
	tracer->puppet = puppet;
	puppet_begin(puppet, act);
}

enum tracer_stop tracer_next(struct tracer *tracer)
{
	tracer->code = puppet_end(tracer->puppet);
	return TRACER_ENDED;
}

void tracer_release(struct tracer *tracer)
{
	(void)tracer;
}

void tracer_kill(struct tracer *tracer)
{
	puppet_kill(tracer->puppet);
}

bool tracer_fail(struct tracer *tracer, int errnum)
{
	(void)tracer;
	(void)errnum;
	return false;
}

bool tracer_gives_back(const struct tracer *tracer)
{
	(void)tracer;
	return false;
}

const char *tracer_call_name(long number)
{
	(void)number;
	return "call";
}

#endif
