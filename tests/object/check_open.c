/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * P1: svshm_open(): attach, or make it, without a gap. With programs that were
 * exec'ed; the races with children of the test, which begin together.
 */
#include <config.h>

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/atomic.h"
#include "handle.h"
#include "stranger.h"

#define MADE 5000 /* tests/support/user.c */

static enum svshm_layout layouts[] = { SVSHM_LAYOUT_NATIVE, SVSHM_LAYOUT_QT };

static void enter(struct stranger *stranger, const char *key, int layout)
{
	stranger_enter(stranger, key);
	ck_assert_int_eq(stranger_do(stranger, "layout %d",
				     (int)layouts[layout]), SVSHM_OK);
}

static bool nothing_left(const char *key, int layout)
{
	struct svshm *handle = svshm_new(key);
	int code;

	svshm_set_layout(handle, layouts[layout]);
	code = svshm_inspect(handle, visit_nothing, NULL);
	svshm_free(handle);
	return code == SVSHM_NOT_FOUND;
}

START_TEST(open_makes_then_attaches)
{
	const char *key = test_key("first");
	struct stranger first, second;

	enter(&first, key, _i);
	enter(&second, key, _i);
	expect_order(&first, "open 3000", MADE);
	expect_order(&first, "holds 0", SVSHM_OK);
	/* Who comes meanwhile sees nothing of it under the lock; in Qt's layout
	   he waits for it already as he attaches. */
	stranger_begin(&second, "open 3000");
	if (layouts[_i] == SVSHM_LAYOUT_NATIVE) {
		ck_assert_int_eq(stranger_end(&second), SVSHM_OK);
		expect_order(&second, "trylock", SVSHM_BUSY);
	}
	expect_order(&first, "fill 7", SVSHM_OK);
	expect_order(&first, "unlock", SVSHM_OK);
	if (layouts[_i] == SVSHM_LAYOUT_QT)
		ck_assert_int_eq(stranger_end(&second), SVSHM_OK);
	expect_order(&second, "lock", SVSHM_OK);
	expect_order(&second, "holds 7", SVSHM_OK);
	expect_order(&second, "unlock", SVSHM_OK);
	expect_order(&second, "open 3000", SVSHM_ALREADY_ATTACHED);
	expect_order(&first, "detach", SVSHM_OK);
	expect_order(&second, "detach", SVSHM_OK);
	/* And again, as if nothing had been. */
	expect_order(&second, "open 10", MADE);
	expect_order(&second, "detach", SVSHM_OK);
	stranger_exit(&first);
	stranger_exit(&second);
	ck_assert(nothing_left(key, _i));
}
END_TEST

START_TEST(open_takes_what_is_large_enough)
{
	const char *key = test_key("size");
	struct stranger first, second;

	enter(&first, key, _i);
	enter(&second, key, _i);
	expect_order(&first, "create 8192", SVSHM_OK);
	expect_order(&second, "open 100", SVSHM_OK);
	expect_order(&second, "size", 8192);
	expect_order(&second, "detach", SVSHM_OK);
	expect_order(&second, "open 8192", SVSHM_OK);
	expect_order(&second, "detach", SVSHM_OK);
	expect_order(&second, "open 8193", SVSHM_INVALID_SIZE);
	expect_says(second.message, "8192 bytes");
	expect_says(second.message, "8193");
	expect_order(&second, "detach", SVSHM_NOT_ATTACHED);
	expect_order(&second, "open 0", SVSHM_INVALID_SIZE);
	/* Who was refused has changed nothing. */
	expect_order(&first, "lock", SVSHM_OK);
	stranger_exit(&first);
	stranger_exit(&second);
	ck_assert(nothing_left(key, _i));
}
END_TEST

/* The object's users have died: their data are there, and are not replaced. */
START_TEST(open_joins_an_orphan)
{
	const char *key = test_key("orphan");
	struct stranger first, second;

	enter(&first, key, _i);
	enter(&second, key, _i);
	expect_order(&first, "open 5000", MADE);
	expect_order(&first, "fill 3", SVSHM_OK);
	expect_order(&first, "unlock", SVSHM_OK);
	stranger_kill(&first);
	expect_order(&second, "open 9000", SVSHM_INVALID_SIZE);
	expect_order(&second, "open 5000", SVSHM_ORPHANED);
	expect_order(&second, "holds 3", SVSHM_OK);
	expect_order(&second, "lock", SVSHM_OK);
	expect_order(&second, "unlock", SVSHM_OK);
	stranger_exit(&second);
	ck_assert(nothing_left(key, _i));
}
END_TEST

/* Its maker died with the lock, before he had filled it in. */
START_TEST(open_tells_of_a_maker_who_died)
{
	const char *key = test_key("maker");
	struct stranger first, second;

	stranger_enter(&first, key);
	stranger_enter(&second, key);
	expect_order(&first, "open 5000", MADE);
	stranger_kill(&first);
	expect_order(&second, "open 5000", SVSHM_ORPHANED);
	expect_order(&second, "lock", SVSHM_OWNER_DIED);
	expect_order(&second, "consistent", SVSHM_OK);
	stranger_exit(&second);
	ck_assert(test_nothing_left(key));
}
END_TEST

START_TEST(open_to_read_makes_it_too)
{
	const char *key = test_key("read");
	struct stranger first, second;

	stranger_enter(&first, key);
	stranger_enter(&second, key);
	expect_order(&first, "open-to-read 100", MADE);
	expect_order(&second, "open-to-read 100", SVSHM_OK);
	expect_order(&second, "trylock", SVSHM_BUSY);
	expect_order(&first, "unlock", SVSHM_OK);
	expect_order(&second, "trylock", SVSHM_OK);
	stranger_exit(&first);
	stranger_exit(&second);
	ck_assert(test_nothing_left(key));
}
END_TEST

/* Who may only read, observes; too small is told to him, too. */
START_TEST(open_observes)
{
	const char *key;
	struct stranger alice, bob;

	if (test_skip_without_root())
		return;
	use_key_directory("shared", 0, 01777);
	key = test_key("observe");
	stranger_enter_as(&alice, ALICE, key);
	stranger_enter_as(&bob, BOB, key);
	expect_order(&alice, "mode 644", SVSHM_OK);
	expect_order(&alice, "open 100", MADE);
	expect_order(&alice, "fill 4", SVSHM_OK);
	expect_order(&alice, "unlock", SVSHM_OK);
	expect_order(&bob, "open-to-read 101", SVSHM_INVALID_SIZE);
	expect_order(&bob, "open-to-read 100", SVSHM_OK);
	expect_order(&bob, "holds 4", SVSHM_OK);
	expect_order(&bob, "detach", SVSHM_OK);
	expect_order(&bob, "open 100", SVSHM_PERMISSION_DENIED);
	stranger_exit(&alice);
	stranger_exit(&bob);
	ck_assert(test_nothing_left(key));
}
END_TEST

/* Its key file is lost: open meets it all the same, and makes no other. */
START_TEST(open_meets_what_has_lost_its_key_file)
{
	const char *key = test_key("lost");
	struct stranger first, second;
	char *path = NULL;
	struct svshm *handle;

	if (test_skip_without_lists())
		return;
	handle = svshm_new(key);
	path = strdup(svshm_native_key(handle));
	svshm_free(handle);
	stranger_enter(&first, key);
	stranger_enter(&second, key);
	expect_order(&first, "create 100", SVSHM_OK);
	expect_order(&first, "fill 9", SVSHM_OK);
	ck_assert_int_eq(unlink(path), 0);
	expect_order(&second, "open 100", SVSHM_OK);
	expect_order(&second, "holds 9", SVSHM_OK);
	if (_i) {
		/* An orphan, too. */
		expect_order(&second, "detach", SVSHM_OK);
		stranger_kill(&first);
		expect_order(&second, "open 100", SVSHM_ORPHANED);
		expect_order(&second, "holds 9", SVSHM_OK);
	} else {
		stranger_exit(&first);
	}
	stranger_exit(&second);
	ck_assert(test_nothing_left(key));
	free(path);
}
END_TEST

START_TEST(open_wants_to_tell_who_made_it)
{
	struct svshm *handle = svshm_new(test_key("arguments"));
	bool made = true;

	expect_failure(handle, svshm_open(handle, 10, SVSHM_READ_WRITE, NULL),
		       SVSHM_INVALID_ARGUMENT, "MADE");
	expect_failure(handle, svshm_open(handle, 10, (enum svshm_access)7,
					  &made),
		       SVSHM_INVALID_ARGUMENT, "access");
	ck_assert(!made);
	made = true;
	ck_assert_int_eq(svshm_open(NULL, 10, SVSHM_READ_WRITE, &made),
			 SVSHM_INVALID_ARGUMENT);
	ck_assert(!made);
	made = true;
	svshm_set_key(handle, NULL);
	expect_failure(handle, svshm_open(handle, 10, SVSHM_READ_WRITE, &made),
		       SVSHM_KEY_ERROR, "no key");
	ck_assert(!made);
	svshm_free(handle);
}
END_TEST

/* ---- Races ------------------------------------------------------------------------ */

#define RACERS 8
#define ROUNDS 400

/* In shared memory of the test's. */
static struct race {
	uint32_t arrived, failed, made;
	int code;
	char message[300];
} *race;

static void wait_for_all(uint32_t count)
{
	svshm__add(&race->arrived, 1);
	while (svshm__load(&race->arrived) < count)
		sched_yield();
}

static void report(struct svshm *handle, int code)
{
	if (svshm__exchange_if(&race->failed, 0, 1)) {
		race->code = code;
		snprintf(race->message, sizeof(race->message), "%.290s",
			 svshm_error_string(handle));
	}
}

/* Come and go: all but the first of each object find it filled in. */
static void run_races(const char *key, int layout)
{
	struct svshm *handle = svshm_new(key);
	uint32_t *data;
	bool made;

	svshm_set_layout(handle, layouts[layout]);
	wait_for_all(RACERS);
	for (int i = 0; i < ROUNDS && !svshm__load(&race->failed); i++) {
		int code = svshm_open(handle, sizeof(*data), SVSHM_READ_WRITE,
				      &made);

		/* In Qt's layout several who leave together can look dead: see
		   svshm(7). */
		if (code != SVSHM_OK && (code != SVSHM_ORPHANED ||
					 layouts[layout] != SVSHM_LAYOUT_QT)) {
			report(handle, code);
			break;
		}
		data = svshm_data(handle);
		if (made) {
			svshm__add(&race->made, 1);
			if (*data != 0)
				report(handle, -2000);
			*data = 1;
			svshm_unlock(handle);
		} else if (svshm_lock(handle) == SVSHM_OK) {
			if (*data != 1)
				report(handle, -2001);
			svshm_unlock(handle);
		} else {
			report(handle, -2002);
		}
		svshm_detach(handle);
	}
	svshm_free(handle);
	_exit(0);
}

START_TEST(open_without_a_gap)
{
	const char *key = test_key("race");
	pid_t racers[RACERS];
	int status;

	race = mmap(NULL, sizeof(*race), PROT_READ | PROT_WRITE,
		    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ck_assert_ptr_ne(race, MAP_FAILED);
	for (int i = 0; i < RACERS; i++) {
		racers[i] = fork();
		ck_assert_int_ge(racers[i], 0);
		if (racers[i] == 0)
			run_races(key, _i);
	}
	for (int i = 0; i < RACERS; i++)
		ck_assert_int_eq(waitpid(racers[i], &status, 0), racers[i]);
	ck_assert_msg(!race->failed, "%d: %s", race->code, race->message);
	ck_assert_uint_gt(race->made, 0);
	ck_assert(nothing_left(key, _i));
}
END_TEST

static Suite *make_suite(void)
{
	Suite *suite = suite_create("open");
	TCase *tcase = tcase_create("open");

	tcase_set_timeout(tcase, 120);
	tcase_add_loop_test(tcase, open_makes_then_attaches, 0, 2);
	tcase_add_loop_test(tcase, open_takes_what_is_large_enough, 0, 2);
	tcase_add_loop_test(tcase, open_joins_an_orphan, 0, 2);
	tcase_add_test(tcase, open_tells_of_a_maker_who_died);
	tcase_add_test(tcase, open_to_read_makes_it_too);
	tcase_add_test(tcase, open_observes);
	tcase_add_loop_test(tcase, open_meets_what_has_lost_its_key_file, 0, 2);
	tcase_add_test(tcase, open_wants_to_tell_who_made_it);
	tcase_add_loop_test(tcase, open_without_a_gap, 0, 2);
	suite_add_tcase(suite, tcase);
	return suite;
}

int main(void)
{
	return test_main(make_suite);
}
