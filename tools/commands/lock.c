/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * svshm lock: run a command while holding an object's lock, as flock(1) does
 * with a file's. The owner of the lock is this process, which waits for the
 * command; if it is killed, the next owner is told.
 */
#include <config.h>

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "arguments/options.h"
#include "arguments/target.h"
#include "commands/commands.h"
#include "common/clock.h"
#include "common/message.h"
#include "common/signals.h"
#include "common/status.h"
#include "objects/waiting.h"
#include "svshm.h"

#define NOT_EXECUTABLE 126
#define NOT_FOUND 127
#define OWNER_DIED_VARIABLE "SVSHM_OWNER_DIED"

struct lock_run {
	struct svshm *handle;
	char **command;
	int64_t deadline;
	bool made; /* this process made the object, and owns the lock already */
	bool keep; /* it holds data that a dead process left: they stay */
};

static volatile sig_atomic_t child;

/*
 * A signal that somebody sent to this process alone is meant for the command.
 * One that the terminal sent has reached the command already.
 */
static void pass_on(int signal_number, siginfo_t *information, void *context)
{
	(void)context;
	if (child > 0 && (information->si_code == SI_USER ||
			  information->si_code == SI_QUEUE)) {
		int error = errno;

		kill((pid_t)child, signal_number);
		errno = error;
	}
}

static const int passed_signals[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT };

#define PASSED_COUNT (sizeof(passed_signals) / sizeof(*passed_signals))

/* How signals were before, for the command. */
struct dispositions {
	struct sigaction passed[PASSED_COUNT];
	struct sigaction pipe, file_size;
	sigset_t mask;
};

static void save_dispositions(struct dispositions *before)
{
	for (size_t i = 0; i < PASSED_COUNT; i++)
		sigaction(passed_signals[i], NULL, &before->passed[i]);
	sigaction(SIGPIPE, NULL, &before->pipe);
	sigaction(SIGXFSZ, NULL, &before->file_size);
	sigprocmask(SIG_SETMASK, NULL, &before->mask);
}

static void restore_dispositions(const struct dispositions *before)
{
	for (size_t i = 0; i < PASSED_COUNT; i++)
		sigaction(passed_signals[i], &before->passed[i], NULL);
	sigaction(SIGPIPE, &before->pipe, NULL);
	sigaction(SIGXFSZ, &before->file_size, NULL);
	sigprocmask(SIG_SETMASK, &before->mask, NULL);
}

static void pass_signals_on(const struct dispositions *before)
{
	struct sigaction action;

	for (size_t i = 0; i < PASSED_COUNT; i++) {
		if (before->passed[i].sa_handler == SIG_IGN)
			continue;
		action.sa_sigaction = pass_on;
		action.sa_flags = SA_SIGINFO | SA_RESTART;
		sigemptyset(&action.sa_mask);
		sigaction(passed_signals[i], &action, NULL);
	}
}

static void execute(char **command)
{
	execvp(command[0], command);
	int error = errno;

	message("cannot run %s: %s", command[0], strerror(error));
	/* Not exit(3): handlers and buffers are the parent's. */
	_exit(error == ENOENT ? NOT_FOUND : NOT_EXECUTABLE);
}

static int wait_for(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) < 0) {
		if (errno == EINTR)
			continue;
		message("cannot wait for the command: %s", strerror(errno));
		return TOOL_FAILED;
	}
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) :
	       WEXITSTATUS(status);
}

static int run_command(char **command, const struct dispositions *before)
{
	sigset_t all;

	/* No signal may come between fork() and the pid being known. */
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	pid_t pid = signals_caught() ? -1 : fork();

	if (pid == 0) {
		restore_dispositions(before);
		execute(command);
	}
	if (pid < 0 && !signals_caught())
		message("cannot run %s: %s", command[0], strerror(errno));
	child = (sig_atomic_t)pid;
	pass_signals_on(before);
	sigprocmask(SIG_SETMASK, &before->mask, NULL);
	return pid < 0 ? TOOL_FAILED : wait_for(pid);
}

static int reach_object(struct lock_run *run)
{
	int code = svshm_open(run->handle, 1, SVSHM_READ_WRITE, &run->made);

	/* This command makes objects of one byte, which is no data. */
	run->keep = code == SVSHM_ORPHANED && svshm_size(run->handle) > 1;
	return code < 0 ? fail(run->handle) : TOOL_DONE;
}

static int take_lock(struct lock_run *run)
{
	int code = run->made ? SVSHM_OK :
			       lock_until(run->handle, run->deadline);

	unsetenv(OWNER_DIED_VARIABLE);
	if (code == LOCK_INTERRUPTED)
		return code;
	if (code < 0)
		fail(run->handle);
	if (code == SVSHM_OWNER_DIED) {
		message("an owner of the lock died holding it: what it guards "
			"may be half done");
		setenv(OWNER_DIED_VARIABLE, "1", 1);
	}
	return code;
}

static int run_locked(struct lock_run *run, const struct dispositions *before)
{
	int code = take_lock(run);

	if (code == LOCK_INTERRUPTED || code < 0)
		return TOOL_FAILED;
	int status = run_command(run->command, before);

	/* The command was told, and says that all is right now. */
	if (code == SVSHM_OWNER_DIED && status == 0 &&
	    svshm_make_consistent(run->handle) < 0)
		status = fail(run->handle);
	if (svshm_unlock(run->handle) < 0)
		fail(run->handle);
	return status;
}

static int lock(struct lock_run *run)
{
	struct dispositions before;

	save_dispositions(&before);
	signals_catch();
	int status = reach_object(run);

	if (status == TOOL_DONE)
		status = run_locked(run, &before);
	/* Being the last to detach would remove the data. */
	if (run->keep && svshm_is_attached(run->handle)) {
		if (signals_caught())
			signals_die();
		_exit(status);
	}
	svshm_free(run->handle);
	if (signals_caught())
		signals_die();
	return status;
}

static int lock_run(int argc, char **argv)
{
	struct target target = TARGET_INIT;
	int64_t timeout = -1;
	const struct tool_option options[] = {
		{ "layout", OPTION_LAYOUT, &target.layout },
		{ "native-key", OPTION_TEXT, &target.native_key },
		{ "timeout", OPTION_DURATION, &timeout },
		{ NULL, OPTION_FLAG, NULL },
	};
	struct operands operands;
	int status = options_parse(&command_lock, argc, argv, options,
				   &operands);

	if (status != OPTIONS_READ)
		return status;
	struct lock_run run = { .deadline = deadline_after(timeout) };

	run.handle = target_handle_and_command(&command_lock, &target,
					       &operands, &run.command,
					       &status);
	if (!run.handle)
		return status;
	if (!run.command) {
		svshm_free(run.handle);
		return usage_error(&command_lock, "give one KEY, then -- and "
				   "the command to run");
	}
	return lock(&run);
}

const struct command command_lock = {
	.name = "lock",
	.run = lock_run,
	.help = "run a command while holding the lock of an object",
	.usage =
	"usage: svshm lock KEY [--timeout T] -- CMD [ARGUMENT...]\n"
	"       svshm lock --native-key PATH [--timeout T] -- CMD "
	"[ARGUMENT...]\n"
	"\n"
	"Run CMD holding the lock of the object, which is created if there is "
	"none. The\nexit status is that of CMD, 128 + N if signal N ended it, "
	"1 if there was no\nlock. SVSHM_OWNER_DIED=1 in CMD's environment: the "
	"last owner died holding it.\n"
	"\n"
	"  --layout LAYOUT    native, or qt: the object of a Qt program\n"
	"  --native-key PATH  the object of the key file PATH\n"
	"  --timeout T        wait so long at most: 30s, 10m, 2h; 0: do not "
	"wait\n",
};
