/* SPDX-License-Identifier: BSD-2-Clause */
#include <config.h>

#include "support.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#ifdef __linux__
#include <sys/prctl.h>
#endif
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "lock/lock.h"

#define PATIENCE_MS 30000

#ifdef SVSHM_COVERAGE
void __gcov_dump(void);
#endif

extern const char *svshm__crashpoint_name;
extern int svshm__crashpoint_signal;
extern int svshm__crashpoint_count;

static char base[256], directory[300];
static bool in_child; /* of a test: assertions end it */

/* ---- The suite ---------------------------------------------------------------- */

static int remove_ours(const struct svshm_object *object, void *context)
{
	struct svshm_recovery force = { .flags = SVSHM_RECOVER_FORCE };

	(void)context;
	if (object->native_key &&
	    strncmp(object->native_key, base, strlen(base)) == 0)
		svshm_recover(object, &force);
	return 0;
}

static void empty(const char *path)
{
	DIR *stream = opendir(path);
	struct dirent *entry;
	char name[600];

	while (stream && (entry = readdir(stream))) {
		if (strcmp(entry->d_name, ".") == 0 ||
		    strcmp(entry->d_name, "..") == 0)
			continue;
		snprintf(name, sizeof(name), "%s/%s", path, entry->d_name);
		if (unlink(name) < 0) {
			empty(name);
			rmdir(name);
		}
	}
	if (stream)
		closedir(stream);
}

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

static pid_t fork_elsewhere(void)
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

int test_main(Suite *(*make)(void))
{
	const char *parent = getenv("TMPDIR");
	int failed;

	isolate();
	set_limits();
	make_pid_namespaces();
	choose_lock();
	snprintf(base, sizeof(base), "%s/svshm-test.XXXXXX",
		 parent && *parent ? parent : "/tmp");
	if (!mkdtemp(base)) {
		perror(base);
		return 99;
	}
	/* A link in the parents would not match what the library resolves. */
	char *resolved = realpath(base, NULL);

	if (resolved)
		snprintf(base, sizeof(base), "%s", resolved);
	free(resolved);
	snprintf(directory, sizeof(directory), "%s/keys", base);
	mkdir(directory, 0700);
	setenv("SVSHM_KEYDIR", directory, 1);

	SRunner *runner = srunner_create(make());

	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);

	svshm_scan(0, remove_ours, NULL);
	empty(base);
	rmdir(base);
	return failed ? 1 : 0;
}

const char *test_directory(void)
{
	return directory;
}

const char *test_scratch(const char *name)
{
	static char path[400];

	snprintf(path, sizeof(path), "%s/%s", base, name);
	return path;
}

const char *test_key(const char *name)
{
	/* All of them stay in a list, so that they are no leaks. */
	static struct key {
		struct key *next;
		char text[];
	} *keys;
	static unsigned count;
	struct key *key = malloc(sizeof(*key) + strlen(name) + 64);

	if (!key)
		abort();
	key->next = keys;
	keys = key;
	sprintf(key->text, "svshm-test-%ld-%u-%s", (long)getpid(), count++,
		name);
	return key->text;
}

/* ---- Children ------------------------------------------------------------------- */

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

	pid_t child = fork_elsewhere();

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

static long long now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
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
	long long deadline = now_ms() + PATIENCE_MS;
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

/* ---- Events ---------------------------------------------------------------------- */

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
	long long deadline = now_ms() + milliseconds;
	char byte;

	for (;;) {
		long long left = deadline - now_ms();
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
	long long deadline = now_ms() + PATIENCE_MS;

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

/* ---- Objects ------------------------------------------------------------------------ */

enum svshm_layout test_layout = SVSHM_LAYOUT_NATIVE;

struct svshm *test_new(const char *key)
{
	struct svshm *handle = svshm_new(key);

	child_assert(handle != NULL);
	child_assert(svshm_set_layout(handle, test_layout) == 0);
	return handle;
}

static int copy_object(const struct svshm_object *from, void *context)
{
	struct test_object *to = context;

	memset(to, 0, sizeof(*to));
	to->verdict = from->verdict;
	to->segment_id = from->segment_id;
	to->semaphore_id = from->semaphore_id;
	to->size = from->size;
	to->mappings = from->mappings;
	to->locked = from->locked;
	to->owner_died = from->owner_died;
	to->mode = from->mode;
	to->uid = from->uid;
	to->gid = from->gid;
	for (size_t i = 0; i < from->process_count; i++)
		*(from->processes[i].alive ? &to->alive : &to->died) += 1;
	return 0;
}

bool test_inspect(const char *key, struct test_object *object)
{
	struct svshm *handle = test_new(key);
	int code = svshm_inspect(handle, copy_object, object);

	svshm_free(handle);
	return code == SVSHM_OK;
}

struct count {
	const char *path;
	unsigned segments, sets;
};

static int count_object(const struct svshm_object *object, void *context)
{
	struct count *count = context;

	if (!object->native_key || strcmp(object->native_key, count->path) != 0)
		return 0;
	count->segments += object->segment_id >= 0;
	count->sets += object->semaphore_id >= 0;
	return 0;
}

static struct count count_objects(const char *key)
{
	struct svshm *handle = test_new(key);
	struct count count = { svshm_native_key(handle), 0, 0 };

	svshm_scan(0, count_object, &count);
	count.path = NULL;
	svshm_free(handle);
	return count;
}

unsigned test_count_segments(const char *key)
{
	return count_objects(key).segments;
}

bool test_nothing_left(const char *key)
{
	struct svshm *handle = test_new(key);
	struct count count = count_objects(key);
	struct test_object object;
	bool file = access(svshm_native_key(handle), F_OK) == 0;

	svshm_free(handle);
	return !file && !count.segments && !count.sets &&
	       !test_inspect(key, &object);
}

/* ---- Crash points --------------------------------------------------------------------- */

void test_crash_at(const char *name, int signal, int count)
{
	svshm__crashpoint_signal = signal;
	svshm__crashpoint_count = count;
	svshm__crashpoint_name = name;
}

const char *const test_crash_points[] = {
	"create:file made",
	"enter:set made",
	"enter:before gate",
	"enter:in gate",
	"create:marked",
	"create:leftover gone",
	"create:segment made",
	"create:before magic",
	"create:published",
	"register:noted",
	"register:claimed",
	"lock:taken",
	"lock:owned",
	"unlock:clean",
	"detach:in gate",
	"detach:bequeathed",
	"detach:entry cleared",
	"detach:unmapped",
	"detach:slot released",
	"turn:taken",
	"turn:said",
	"remove:segment gone",
	"remove:file gone",
	"remove:done",
	"exit:leaving",
	NULL
};
