/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What all check_*.c share. Every test program works in a key directory of its
 * own, $TMPDIR/svshm-test.XXXXXX, and cleans up in the parent: Check kills a
 * test's children, but not their IPC objects.
 */
#ifndef SVSHM_TEST_SUPPORT_H
#define SVSHM_TEST_SUPPORT_H

#include <check.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "svshm.h"

/*
 * Run the suite that MAKE builds: sets SVSHM_KEYDIR to a directory of this
 * program, runs, removes directory and leftovers. The exit status for main().
 */
int test_main(Suite *(*make)(void));

/* Whether children are in other pid namespaces than the test, as .ci/run does. */
bool test_pids_are_foreign(void);

/* Whether objects that the test makes get the fast lock. */
bool test_fast_lock(void);

/* The key directory, and a file name in a scratch directory beside it. */
const char *test_directory(void);
const char *test_scratch(const char *name);

/* A key "svshm-test-PID-NAME", different for each call; valid for good. */
const char *test_key(const char *name);

/* Fail the test unless CODE is EXPECTED; says the message of HANDLE. */
#define expect_code(handle, call, expected) \
	do { \
		int expect_code_got = (call); \
		ck_assert_msg(expect_code_got == (expected), \
			      "%s: %d (%s), expected %d (%s): %s", #call, \
			      expect_code_got, svshm_strerror(expect_code_got), \
			      (expected), svshm_strerror(expected), \
			      svshm_error_string(handle)); \
	} while (0)

/* Fail the test unless HANDLE can take the lock, and give it back. */
#define expect_usable_lock(handle) \
	do { \
		expect_code(handle, svshm_lock(handle), SVSHM_OK); \
		expect_code(handle, svshm_unlock(handle), SVSHM_OK); \
	} while (0)

/* ---- Children ----------------------------------------------------------- */

/*
 * Fork a child that runs BODY and then _exit()s with what it returned: no exit
 * handler runs, so what is still attached dies as if killed. A child that
 * fails an assertion exits with 99 and prints it. (A body may call exit().)
 */
pid_t test_fork(int (*body)(void *context), void *context);

/* Wait, 30 seconds at most; the exit status, or 256 + the signal. */
int test_wait(pid_t child);

/* Wait until CHILD stands still by SIGSTOP. */
void test_await_stopped(pid_t child);

/* SIGKILL and wait until it is gone. */
void test_kill(pid_t child);

/* Assert in a child, where Check's macros would report to nobody. */
#define child_assert(condition) \
	child_assert_that((condition), #condition, __FILE__, __LINE__)
void child_assert_that(bool condition, const char *text, const char *file,
		       int line);

/* Nanoseconds, of a clock that nobody sets. */
#define TEST_MILLISECOND INT64_C(1000000)
#define TEST_SECOND INT64_C(1000000000)
int64_t test_now(void);

/*
 * Events between processes: a pipe. post() sends one byte; await() takes one,
 * waiting 30 seconds at most, and fails the test (exits the child with 98)
 * after that; await_for() tells false after MILLISECONDS instead.
 */
struct test_event {
	int ends[2];
};

void test_event_open(struct test_event *event);
void test_event_post(struct test_event *event);
void test_event_await(struct test_event *event);
bool test_event_await_for(struct test_event *event, int milliseconds);
void test_event_close(struct test_event *event);

/* Wait, 30 seconds at most, until PID blocks in a semop (Linux: /proc), so that
   a test knows that a waiter waits. Elsewhere: a short pause. */
void test_await_blocked(pid_t pid);

/* Whether it does so now. Where that can't be told: false. */
bool test_is_blocked(pid_t pid);

/* ---- Objects ------------------------------------------------------------ */

/*
 * A handle for KEY, of the layout that this process's tests have chosen: the
 * native one at first. What takes a key, here and in actor.h and puppet.h, makes
 * its handles so.
 */
extern enum svshm_layout test_layout;
struct svshm *test_new(const char *key);

/* What svshm_inspect() shows of KEY, copied; false: nothing. */
struct test_object {
	enum svshm_verdict verdict;
	int segment_id, semaphore_id;
	unsigned long long size, mappings;
	size_t alive, died; /* registered processes */
	bool locked, owner_died;
	mode_t mode;
	uid_t uid;
	gid_t gid;
};

bool test_inspect(const char *key, struct test_object *object);

/* Segments on the whole machine whose header names KEY's key file, whatever
   their IPC key and verdict: P1 says at most one is alive. */
unsigned test_count_segments(const char *key);

/* Nothing of KEY is left: no segment, no set, no key file. */
bool test_nothing_left(const char *key);

/* ---- Crash points (points.c) -------------------------------------------- */

/*
 * From now on this process (and its children, unless they say otherwise) gets
 * SIGNAL from itself when it comes to the point NAME for the COUNTth time.
 * SIGKILL to die there, SIGSTOP to stand there until SIGCONT. NULL: never.
 */
void test_crash_at(const char *name, int signal, int count);

/*
 * Those of create, attach, detach and exit, and of the lock when nobody waits, NULL
 * terminated: check_death.c's test sees that each of them is reached. "lock:taken"
 * and "unlock:clean" are the portable lock's. All others have tests of their own.
 */
extern const char *const test_crash_points[];

#endif
