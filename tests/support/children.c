/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Children, and waiting: for a child to end, for an event, for a process to
 * block. Each wait has an end, so that no test hangs.
 */
#include <config.h>

#include "support.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "world.h"

#define PATIENCE_MS 30000

#ifdef SVSHM_COVERAGE
void __gcov_dump(void);
#endif

static bool in_child; /* of a test: assertions end it */

/* What the coverage stage counts is written at exit, which _exit() isn't. */
static void write_coverage(void)
{
#ifdef SVSHM_COVERAGE
	__gcov_dump();
#endif
}

pid_t test_fork(int (*body)(void *context), void *context)
{
	fflush(NULL);

	pid_t child = world_fork(in_child);

	if (child != 0) {
		ck_assert_int_gt(child, 0);
		return child;
	}
	in_child = true;

	int status = body(context);

	fflush(NULL);
	write_coverage();
	_exit(status);
}

static int decode(int status)
{
	return WIFEXITED(status) ? WEXITSTATUS(status) : 256 + WTERMSIG(status);
}

int64_t test_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * TEST_SECOND + now.tv_nsec;
}

static int64_t now_ms(void)
{
	return test_now() / TEST_MILLISECOND;
}

static void give_up(const char *what)
{
	fprintf(stderr, "gave up waiting for %s\n", what);
	if (in_child)
		_exit(98);
	ck_abort_msg("gave up waiting for %s", what);
}

static void pause_us(long microseconds)
{
	struct timespec pause = { 0, microseconds * 1000L };

	nanosleep(&pause, NULL);
}

int test_wait(pid_t child)
{
	int64_t deadline = now_ms() + PATIENCE_MS;
	int status;

	/* waitpid() has no time-out; to look again and again is as good. */
	for (;;) {
		pid_t result = waitpid(child, &status, WNOHANG);

		if (result == child)
			return decode(status);
		if (result < 0 && errno != EINTR)
			give_up("a child that is not ours");
		if (now_ms() > deadline) {
			kill(child, SIGKILL);
			waitpid(child, &status, 0);
			give_up("a child to end");
		}
		pause_us(100);
	}
}

void test_await_stopped(pid_t child)
{
	int status;

	ck_assert_int_eq(waitpid(child, &status, WUNTRACED), child);
	ck_assert_msg(WIFSTOPPED(status), "it has not stopped: %#x",
		      (unsigned)status);
}

void test_kill(pid_t child)
{
	kill(child, SIGKILL);
	test_wait(child);
}

void child_assert_that(bool condition, const char *text, const char *file,
		       int line)
{
	if (condition)
		return;
	fprintf(stderr, "%s:%d: in child %ld: %s\n", file, line,
		(long)getpid(), text);
	fflush(NULL);
	_exit(99);
}

/* ---- Events ------------------------------------------------------------- */

void test_event_open(struct test_event *event)
{
	ck_assert_int_eq(pipe(event->ends), 0);
}

void test_event_post(struct test_event *event)
{
	if (write(event->ends[1], "", 1) != 1)
		give_up("a pipe to take a byte");
}

bool test_event_await_for(struct test_event *event, int milliseconds)
{
	struct pollfd wanted = { event->ends[0], POLLIN, 0 };
	int64_t deadline = now_ms() + milliseconds;
	char byte;

	for (;;) {
		int64_t left = deadline - now_ms();
		int result = poll(&wanted, 1, left > 0 ? (int)left : 0);

		if (result > 0)
			return read(event->ends[0], &byte, 1) == 1;
		if (result == 0)
			return false;
		if (errno != EINTR)
			give_up("poll");
	}
}

void test_event_await(struct test_event *event)
{
	if (!test_event_await_for(event, PATIENCE_MS))
		give_up("an event");
}

void test_event_close(struct test_event *event)
{
	close(event->ends[0]);
	close(event->ends[1]);
}

/* Field 3 of /proc/PID/stat is S while it sleeps; which call it sleeps in, is
   the first number of /proc/PID/syscall, or what wchan says. */
bool test_is_blocked(pid_t pid)
{
	char path[64], text[128] = "";
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%ld/wchan", (long)pid);
	file = fopen(path, "r");
	if (!file)
		return false;
	if (!fgets(text, sizeof(text), file))
		text[0] = '\0';
	fclose(file);
#if !defined(HAVE_SEMTIMEDOP) || !HAVE_DECL_SEMTIMEDOP
	/* A wait with a deadline pauses between tries. */
	if (strstr(text, "nanosleep"))
		return true;
#endif
	return strstr(text, "sem") != NULL;
}

void test_await_blocked(pid_t pid)
{
	int64_t deadline = now_ms() + PATIENCE_MS;

	if (access("/proc/self/wchan", R_OK) < 0) {
		pause_us(200000);
		return;
	}
	while (!test_is_blocked(pid)) {
		if (now_ms() > deadline)
			give_up("a process to block in semop");
		pause_us(1000);
	}
}
