/* SPDX-License-Identifier: BSD-2-Clause */
#include <config.h>

#include "stranger.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "lock/lock.h"

#define PATIENCE_MS 60000

/* Nobody that is exec'ed later has these, or an end would not be seen. */
static void make_pipe(int ends[2])
{
	ck_assert_int_eq(pipe(ends), 0);
	for (int i = 0; i < 2; i++)
		ck_assert_int_eq(fcntl(ends[i], F_SETFD, FD_CLOEXEC), 0);
}

static void start(struct stranger *stranger, const char *option,
		  const char *name)
{
	const char *directory = getenv("builddir");
	const char *arguments[5] = { "user" };
	int orders[2], answers[2], count = 1;
	char program[4096];

	snprintf(program, sizeof(program), "%s/tests/support/user",
		 directory ? directory : ".");
	if (svshm__lock_engine_of_new == SVSHM__LOCK_PORTABLE)
		arguments[count++] = "--portable";
	if (option)
		arguments[count++] = option;
	arguments[count++] = name;
	arguments[count] = NULL;
	make_pipe(orders);
	make_pipe(answers);
	stranger->pid = fork();
	ck_assert_int_ge(stranger->pid, 0);
	if (stranger->pid == 0) {
		if (dup2(orders[0], 0) < 0 || dup2(answers[1], 1) < 0)
			_exit(127);
		execv(program, (char **)(uintptr_t)arguments);
		perror(program);
		_exit(127);
	}
	close(orders[0]);
	close(answers[1]);
	stranger->orders = fdopen(orders[1], "w");
	stranger->answers = fdopen(answers[0], "r");
	ck_assert(stranger->orders && stranger->answers);
}

void stranger_enter(struct stranger *stranger, const char *key)
{
	start(stranger, NULL, key);
}

void stranger_enter_native(struct stranger *stranger, const char *path)
{
	start(stranger, "--native-key", path);
}

void stranger_enter_as(struct stranger *stranger, uid_t user, const char *key)
{
	start(stranger, NULL, key);
	ck_assert_int_eq(stranger_do(stranger, "become %lu %lu %lu",
				     (unsigned long)user, (unsigned long)user,
				     (unsigned long)FRIENDS), SVSHM_OK);
	/* As a user's program is: his, from its first moment. */
	stranger_begin(stranger, "exec");
}

void stranger_begin(struct stranger *stranger, const char *order)
{
	fprintf(stranger->orders, "%s\n", order);
	ck_assert_int_eq(fflush(stranger->orders), 0);
}

int stranger_end(struct stranger *stranger)
{
	struct pollfd answer = { fileno(stranger->answers), POLLIN, 0 };
	char line[1200], *rest;

	ck_assert_msg(poll(&answer, 1, PATIENCE_MS) == 1,
		      "no answer in a minute");
	ck_assert_msg(fgets(line, sizeof(line), stranger->answers),
		      "it has ended instead of an answer");
	line[strcspn(line, "\n")] = '\0';

	long code = strtol(line, &rest, 10);

	snprintf(stranger->message, sizeof(stranger->message), "%s",
		 *rest ? rest + 1 : "");
	return (int)code;
}

int stranger_do(struct stranger *stranger, const char *order, ...)
{
	char line[400];
	va_list arguments;

	va_start(arguments, order);
	vsnprintf(line, sizeof(line), order, arguments);
	va_end(arguments);
	stranger_begin(stranger, line);
	return stranger_end(stranger);
}

void stranger_expect(struct stranger *stranger, const char *order, int expected,
		     const char *file, int line)
{
	int code;

	stranger_begin(stranger, order);
	code = stranger_end(stranger);
	ck_assert_msg(code == expected, "%s:%d: \"%s\": %d (%s), expected %d: "
		      "%s", file, line, order, code, svshm_strerror(code),
		      expected, stranger->message);
}

static void reap(struct stranger *stranger)
{
	test_wait(stranger->pid);
	fclose(stranger->orders);
	fclose(stranger->answers);
	stranger->pid = 0;
}

void stranger_kill(struct stranger *stranger)
{
	kill(stranger->pid, SIGKILL);
	reap(stranger);
}

void stranger_exit(struct stranger *stranger)
{
	stranger_begin(stranger, "exit");
	reap(stranger);
}

/* Whoever adopts it reaps it: until then it is a zombie, and dead. */
static bool is_dead(pid_t pid)
{
	char path[64], text[512] = "";
	FILE *file;

	if (kill(pid, 0) < 0 && errno == ESRCH)
		return true;
	snprintf(path, sizeof(path), "/proc/%ld/stat", (long)pid);
	file = fopen(path, "r");
	if (!file)
		return errno == ENOENT;
	(void)!fread(text, 1, sizeof(text) - 1, file);
	fclose(file);

	const char *state = strrchr(text, ')');

	return !state || state[2] == 'Z' || state[2] == 'X';
}

void await_death(pid_t pid)
{
	struct timespec pause = { 0, 1000000 };

	for (int i = 0; !is_dead(pid); i++) {
		ck_assert_msg(i < PATIENCE_MS, "pid %ld lives", (long)pid);
		nanosleep(&pause, NULL);
	}
}
