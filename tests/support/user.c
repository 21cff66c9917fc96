/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A program that uses svshm as it is told, line by line on its standard input;
 * each line is answered by one: a code, and a message. So that tests have users
 * that were exec'ed, have uids, roots and pid namespaces of their own, and know
 * of each other nothing but the key.
 *
 *   user [--portable] KEY | --native-key PATH
 */
#include <config.h>

#include <grp.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lock/lock.h"
#include "svshm.h"

static struct svshm *handle;
static char **arguments;
/* Of an order: its word is gone from it. */
static long number;
static const char *word;

static int create(void)
{
	return svshm_create(handle, (size_t)number, SVSHM_READ_WRITE);
}

static int attach(void)
{
	return svshm_attach(handle, SVSHM_READ_WRITE);
}

static int observe(void)
{
	return svshm_attach(handle, SVSHM_READ_ONLY);
}

#define MADE 5000

/* MADE, if it was. */
static int open_as(enum svshm_access access)
{
	bool made;
	int code = svshm_open(handle, (size_t)number, access, &made);

	return made ? MADE + code : code;
}

static int open_(void)
{
	return open_as(SVSHM_READ_WRITE);
}

static int open_to_read(void)
{
	return open_as(SVSHM_READ_ONLY);
}

static int detach(void)
{
	return svshm_detach(handle);
}

static int lock(void)
{
	return svshm_lock(handle);
}

static int trylock(void)
{
	return svshm_trylock(handle);
}

static int timedlock(void)
{
	return svshm_timedlock(handle, (int)number);
}

static int unlock(void)
{
	return svshm_unlock(handle);
}

static int consistent(void)
{
	return svshm_make_consistent(handle);
}

static int mode(void)
{
	return svshm_set_mode(handle, (mode_t)strtoul(word, NULL, 8));
}

static int group(void)
{
	return svshm_set_group(handle, (gid_t)number);
}

static int owner(void)
{
	return svshm_set_owner(handle, (uid_t)number);
}

static int layout(void)
{
	return svshm_set_layout(handle, (enum svshm_layout)number);
}

static int fill(void)
{
	memset(svshm_data(handle), (int)number, svshm_size(handle));
	return SVSHM_OK;
}

/* All bytes are NUMBER: 0. Does not call svshm_data(), which registers. */
static int holds(void)
{
	const unsigned char *data = svshm_const_data(handle);

	for (size_t i = 0; i < svshm_size(handle); i++)
		if (data[i] != number)
			return data[i] + 1000;
	return SVSHM_OK;
}

static int size(void)
{
	return (int)svshm_size(handle);
}

static int recover_one(const struct svshm_object *object, void *context)
{
	(void)context;
	return svshm_recover(object, NULL);
}

static int recover(void)
{
	return svshm_inspect(handle, recover_one, NULL);
}

/* ---- Other processes ---------------------------------------------------- */

/* Has the memory, and never calls. It ends when nobody can give orders. */
static void be_silent(void)
{
	int ends[2];
	char byte;

	(void)!pipe(ends);
	signal(SIGTERM, SIG_DFL);
	for (;;)
		(void)!read(ends[0], &byte, 1);
}

static int fork_silent(void)
{
	pid_t pid = fork();

	if (pid == 0)
		be_silent();
	return (int)pid;
}

/* The child of a child, which has ended. */
static int fork_twice(void)
{
	int ends[2], answer = -1, status;
	pid_t pid;

	(void)!pipe(ends);
	pid = fork();
	if (pid == 0) {
		pid = fork();
		if (pid == 0)
			be_silent();
		answer = (int)pid;
		(void)!write(ends[1], &answer, sizeof(answer));
		_exit(0);
	}
	waitpid(pid, &status, 0);
	(void)!read(ends[0], &answer, sizeof(answer));
	return answer;
}

/* Past the library's handlers, as by clone(2). */
static int fork_bare(void)
{
#ifdef SYS_fork
	int pid = (int)syscall(SYS_fork);
#elif defined(SYS_clone)
	int pid = (int)syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
#else
	int pid = fork();
#endif

	if (pid == 0)
		be_silent();
	return pid;
}

static int fork_exit(void)
{
	int status = -1;
	pid_t pid = fork();

	if (pid == 0)
		exit(0);
	waitpid(pid, &status, 0);
	return status;
}

static int fork_exec(void)
{
	pid_t pid = fork();

	if (pid == 0) {
		execl("/bin/sleep", "sleep", "600", (char *)NULL);
		_exit(127);
	}
	return (int)pid;
}

static int run(void)
{
	FILE *pipe = popen(word, "r");
	char byte;

	if (!pipe || system(word) != 0)
		return SVSHM_UNKNOWN_ERROR;
	while (fread(&byte, 1, 1, pipe) == 1)
		;
	return pclose(pipe) == 0 ? SVSHM_OK : SVSHM_UNKNOWN_ERROR;
}

static int reap(void)
{
	int status;

	return waitpid((pid_t)number, &status, 0) == (pid_t)number ?
		SVSHM_OK : SVSHM_UNKNOWN_ERROR;
}

/* ---- This process ------------------------------------------------------- */

static int root(void)
{
	return chroot(word) == 0 && chdir("/") == 0 ? SVSHM_OK :
						     SVSHM_UNKNOWN_ERROR;
}

/* "UID GID [GROUP]" */
static int become(void)
{
	char *rest;
	uid_t uid = (uid_t)strtoul(word, &rest, 10);
	gid_t gid = (gid_t)strtoul(rest, &rest, 10);
	gid_t groups[] = { (gid_t)strtoul(rest, NULL, 10) };

	return setgroups(groups[0] ? 1 : 0, groups) == 0 &&
	       setresgid(gid, gid, gid) == 0 &&
	       setresuid(uid, uid, uid) == 0 ? SVSHM_OK :
					       SVSHM_PERMISSION_DENIED;
}

/* Go on as the first process of a new pid namespace. */
static int pids(void)
{
#ifdef CLONE_NEWPID
	int status;
	pid_t pid;

	if (unshare(CLONE_NEWPID) != 0)
		return SVSHM_NOT_SUPPORTED;
	pid = fork();
	if (pid == 0)
		return SVSHM_OK;
	waitpid(pid, &status, 0);
	_exit(0);
#else
	return SVSHM_NOT_SUPPORTED;
#endif
}

static int pid(void)
{
	return (int)getpid();
}

/* No file may grow beyond NUMBER bytes. */
static int file_size(void)
{
	struct rlimit limit = { (rlim_t)number, RLIM_INFINITY };

	return setrlimit(RLIMIT_FSIZE, &limit) == 0 ? SVSHM_OK :
						      SVSHM_UNKNOWN_ERROR;
}

static int again(void)
{
	execv("/proc/self/exe", arguments);
	return SVSHM_UNKNOWN_ERROR;
}

static int leave(void)
{
	exit(0);
}

static int vanish(void)
{
	_exit(0);
}

/* A new handle for the same name. */
static int another(void)
{
	struct svshm *old = handle;
	const char *name = arguments[1];

	handle = svshm_new(NULL);
	if (svshm_key(old))
		return svshm_set_key(handle, svshm_key(old));
	(void)name;
	return svshm_set_native_key(handle, svshm_native_key(old));
}

static const struct order {
	const char *name;
	int (*act)(void);
} orders[] = {
	{ "create", create }, { "attach", attach }, { "observe", observe },
	{ "detach", detach }, { "lock", lock }, { "trylock", trylock },
	{ "timedlock", timedlock }, { "unlock", unlock },
	{ "consistent", consistent }, { "mode", mode }, { "group", group },
	{ "layout", layout }, { "open", open_ },
	{ "open-to-read", open_to_read }, { "owner", owner },
	{ "fill", fill }, { "holds", holds }, { "size", size },
	{ "recover", recover }, { "fork", fork_silent },
	{ "fork-twice", fork_twice }, { "fork-bare", fork_bare },
	{ "fork-exit", fork_exit }, { "fork-exec", fork_exec },
	{ "run", run }, { "reap", reap }, { "chroot", root },
	{ "become", become }, { "pids", pids }, { "pid", pid },
	{ "exec", again }, { "exit", leave }, { "_exit", vanish },
	{ "another", another }, { "file-size", file_size },
};

static int obey(char *line)
{
	char *space = strchr(line, ' ');

	if (space)
		*space = '\0';
	word = space ? space + 1 : "";
	number = strtol(word, NULL, 10);
	for (size_t i = 0; i < sizeof(orders) / sizeof(*orders); i++)
		if (strcmp(orders[i].name, line) == 0)
			return orders[i].act();
	return -1000;
}

int main(int argc, char **argv)
{
	char line[400];
	int i = 1;

	arguments = argv;
	if (argc > i && strcmp(argv[i], "--portable") == 0) {
		svshm__lock_engine_of_new = SVSHM__LOCK_PORTABLE;
		i++;
	}
	if (argc > i + 1 && strcmp(argv[i], "--native-key") == 0) {
		handle = svshm_new(NULL);
		svshm_set_native_key(handle, argv[i + 1]);
	} else {
		handle = svshm_new(argc > i ? argv[i] : NULL);
	}
	/* What follows "exec" is for the next program. */
	setvbuf(stdin, NULL, _IONBF, 0);
	while (fgets(line, sizeof(line), stdin)) {
		line[strcspn(line, "\n")] = '\0';

		int code = obey(line);

		printf("%d %s\n", code, svshm_error_string(handle));
		fflush(stdout);
	}
	/* Nobody gives orders any more: die. */
	_exit(0);
}
