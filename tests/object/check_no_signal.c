/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * P8: what goes wrong is an error, not a signal. Programs whose files may not
 * grow (RLIMIT_FSIZE), as daemons and sandboxes set it, with all that they may
 * have said of SIGXFSZ; and those whose standard error nobody reads.
 */
#include <config.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "outside.h"
#include "stranger.h"
#include "base/write.h"

#define SIZE 100

/* ---- The program's signals ----------------------------------------------- */

static volatile sig_atomic_t handled;

static void on_signal(int number)
{
	handled = number;
}

/* What a program may have said, and done, before. */
enum wish { DEFAULT, IGNORED, HANDLED, BLOCKED, PENDING, WISHES };

static void make_wish(enum wish wish, int number)
{
	sigset_t one;

	sigemptyset(&one);
	sigaddset(&one, number);
	signal(number, wish == IGNORED ? SIG_IGN :
		       wish == HANDLED ? on_signal : SIG_DFL);
	if (wish == BLOCKED || wish == PENDING)
		child_assert(sigprocmask(SIG_BLOCK, &one, NULL) == 0);
	if (wish == PENDING)
		child_assert(raise(number) == 0);
}

/* All is as it was. */
static bool is_untouched(enum wish wish, int number)
{
	struct sigaction action;
	sigset_t pending, blocked;

	child_assert(sigpending(&pending) == 0);
	child_assert(sigprocmask(SIG_BLOCK, NULL, &blocked) == 0);
	child_assert(sigaction(number, NULL, &action) == 0);
	return !handled &&
	       sigismember(&pending, number) == (wish == PENDING) &&
	       sigismember(&blocked, number) == (wish == BLOCKED ||
						 wish == PENDING) &&
	       action.sa_handler == (wish == IGNORED ? SIG_IGN :
				     wish == HANDLED ? on_signal : SIG_DFL);
}

static void limit_files(rlim_t size)
{
	struct rlimit limit = { size, RLIM_INFINITY };

	child_assert(setrlimit(RLIMIT_FSIZE, &limit) == 0);
}

/* ---- The library's writing ----------------------------------------------- */

/* Into a file that may not grow, and into a pipe that nobody reads. */
static int write_in_vain(void *context)
{
	enum wish wish = *(enum wish *)context;
	int file = open(test_scratch("grows"), O_WRONLY | O_CREAT, 0600);
	struct svshm__write before;
	int ends[2];

	child_assert(file >= 0 && pipe(ends) == 0 && close(ends[0]) == 0);
	make_wish(wish, SIGPIPE);
	make_wish(wish, SIGXFSZ);
	limit_files(0);
	/* The call itself, as if the limit were another thread's doing. */
	svshm__write_begin(&before);
	child_assert(write(file, "x", 1) < 0 && errno == EFBIG);
	svshm__write_end(&before, EFBIG);
	child_assert(errno == EFBIG);
	child_assert(svshm__write_all(file, "x", 1) == EFBIG);
	child_assert(svshm__write_all(ends[1], "x", 1) == EPIPE);
	return is_untouched(wish, SIGXFSZ) && is_untouched(wish, SIGPIPE) ?
		0 : 1;
}

START_TEST(writing_raises_no_signal)
{
	enum wish wish = (enum wish)_i;

	ck_assert_int_eq(test_wait(test_fork(write_in_vain, &wish)), 0);
}
END_TEST

/* Sent by somebody meanwhile: it is the program's. */
static int write_and_be_sent(void *context)
{
	struct svshm__write before;

	(void)context;
	signal(SIGPIPE, on_signal);
	svshm__write_begin(&before);
	child_assert(raise(SIGPIPE) == 0);
	svshm__write_end(&before, 0);
	return handled == SIGPIPE ? 0 : 1;
}

START_TEST(writing_keeps_others_signals)
{
	ck_assert_int_eq(test_wait(test_fork(write_and_be_sent, NULL)), 0);
}
END_TEST

static int write_where_there_is_room(void *context)
{
	int file = open(test_scratch("room"), O_RDWR | O_CREAT | O_APPEND,
			0600);
	char text[8];

	(void)context;
	child_assert(file >= 0);
	limit_files(8);
	child_assert(svshm__write_all(file, "12345678", 9) == EFBIG);
	child_assert(svshm__write_all(file, "12345", 5) == 0);
	child_assert(svshm__write_all(file, "6789", 4) == EFBIG);
	child_assert(svshm__write_all(file, "678", 3) == 0);
	child_assert(pread(file, text, 8, 0) == 8);
	return memcmp(text, "12345678", 8) == 0 ? 0 : 1;
}

START_TEST(what_fits_is_written_what_does_not_is_not_begun)
{
	ck_assert_int_eq(test_wait(test_fork(write_where_there_is_room, NULL)),
			 0);
}
END_TEST

/* ---- Programs ------------------------------------------------------------ */

struct program {
	const char *key;
	enum wish wish;
};

/* All that an object's life is; the key file stays empty. */
static int use_object(void *context)
{
	const struct program *program = context;
	struct svshm *handle = test_new(program->key);

	make_wish(program->wish, SIGXFSZ);
	limit_files(0);
	child_assert(svshm_create(handle, SIZE, SVSHM_READ_WRITE) == SVSHM_OK);
	child_assert(svshm_lock(handle) == SVSHM_OK);
	child_assert(svshm_unlock(handle) == SVSHM_OK);
	child_assert(svshm_detach(handle) == SVSHM_OK);
	child_assert(svshm_create(handle, SIZE, SVSHM_READ_WRITE) == SVSHM_OK);
	svshm_free(handle);
	return is_untouched(program->wish, SIGXFSZ) ? 0 : 1;
}

START_TEST(no_file_may_grow)
{
	struct program program = { test_key("limit"), (enum wish)(_i % WISHES) };

	test_layout = _i < WISHES ? SVSHM_LAYOUT_NATIVE : SVSHM_LAYOUT_QT;
	ck_assert_int_eq(test_wait(test_fork(use_object, &program)), 0);
	ck_assert(test_nothing_left(program.key));
}
END_TEST

/* However much of the text there is room for: the name can be used, by all. */
START_TEST(key_file_is_cut_nowhere)
{
	const char *key = test_key("cut");
	struct stranger limited, other;
	char order[40];

	for (int size = 0; size <= 60; size += size < 10 ? 1 : 10) {
		stranger_enter(&limited, key);
		stranger_enter(&other, key);
		snprintf(order, sizeof(order), "file-size %d", size);
		expect_order(&limited, order, SVSHM_OK);
		expect_order(&limited, "create 100", SVSHM_OK);
		expect_order(&other, "attach", SVSHM_OK);
		expect_order(&other, "detach", SVSHM_OK);
		/* An orphan, with that key file; or no more than that. */
		stranger_kill(&limited);
		ck_assert_int_ge(stranger_do(&other, "create 100"), 0);
		stranger_exit(&other);
		ck_assert(test_nothing_left(key));
	}
}
END_TEST

/* Where it can't be done without: others would not trust what he makes. */
START_TEST(who_must_sign_is_told_why_he_can_not)
{
	struct stranger bob;
	const char *key;
	char *file;

	if (test_skip_without_root())
		return;
	open_scratch();
	use_key_directory("shared", 0, 01777);
	key = test_key("sign");
	file = make_key_file(key, "svshm 1\n", ALICE);
	ck_assert_int_eq(chmod(file, 0666), 0);
	stranger_enter_as(&bob, BOB, key);
	expect_order(&bob, "file-size 3", SVSHM_OK);
	expect_order(&bob, "create 100", SVSHM_OUT_OF_RESOURCES);
	expect_says(bob.message, file);
	expect_says(bob.message, "ulimit -f");
	ck_assert(file_has(file, "svshm 1\n"));
	expect_order(&bob, "file-size 1000000", SVSHM_OK);
	expect_order(&bob, "create 100", SVSHM_OK);
	stranger_exit(&bob);
	ck_assert_int_eq(unlink(file), 0);
	free(file);
}
END_TEST

/* ---- What SVSHM_DEBUG says ----------------------------------------------- */

/* A stranger that traces, with DESCRIPTOR as its standard error. */
static void enter_tracing(struct stranger *stranger, const char *key,
			  int descriptor)
{
	int before = dup(STDERR_FILENO);

	ck_assert_int_ge(before, 0);
	ck_assert_int_eq(setenv("SVSHM_DEBUG", "1", 1), 0);
	ck_assert_int_ge(dup2(descriptor, STDERR_FILENO), 0);
	stranger_enter(stranger, key);
	ck_assert_int_ge(dup2(before, STDERR_FILENO), 0);
	close(before);
}

START_TEST(nobody_need_read_the_traces)
{
	const char *key = test_key("traces");
	struct stranger stranger;
	int ends[2];

	ck_assert_int_eq(pipe(ends), 0);
	ck_assert_int_eq(fcntl(ends[0], F_SETFD, FD_CLOEXEC), 0);
	enter_tracing(&stranger, key, ends[1]);
	close(ends[0]);
	close(ends[1]);
	expect_order(&stranger, "create 100", SVSHM_OK);
	expect_order(&stranger, "detach", SVSHM_OK);
	stranger_exit(&stranger);
	ck_assert(test_nothing_left(key));
}
END_TEST

START_TEST(traces_go_to_a_file_that_may_not_grow)
{
	const char *key = test_key("traces");
	int file = open(test_scratch("traces"), O_WRONLY | O_CREAT, 0600);
	struct stranger stranger;

	ck_assert_int_ge(file, 0);
	enter_tracing(&stranger, key, file);
	expect_order(&stranger, "file-size 0", SVSHM_OK);
	expect_order(&stranger, "create 100", SVSHM_OK);
	ck_assert_int_eq(lseek(file, 0, SEEK_END), 0);
	expect_order(&stranger, "file-size 1000000", SVSHM_OK);
	expect_order(&stranger, "detach", SVSHM_OK);
	ck_assert_int_gt(lseek(file, 0, SEEK_END), 0);
	close(file);
	stranger_exit(&stranger);
	ck_assert(test_nothing_left(key));
}
END_TEST

static Suite *make_suite(void)
{
	Suite *suite = suite_create("errors are no signals");
	TCase *tests = tcase_create("no signal");

	suite_add_tcase(suite, tests);
	tcase_set_timeout(tests, 120);
	tcase_add_loop_test(tests, writing_raises_no_signal, 0, WISHES);
	tcase_add_test(tests, writing_keeps_others_signals);
	tcase_add_test(tests,
		       what_fits_is_written_what_does_not_is_not_begun);
	tcase_add_loop_test(tests, no_file_may_grow, 0, 2 * WISHES);
	tcase_add_test(tests, key_file_is_cut_nowhere);
	tcase_add_test(tests, who_must_sign_is_told_why_he_can_not);
	tcase_add_test(tests, nobody_need_read_the_traces);
	tcase_add_test(tests, traces_go_to_a_file_that_may_not_grow);
	return suite;
}

int main(void)
{
	return test_main(make_suite);
}
