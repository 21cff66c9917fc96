/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * P4, P5: what svshm_snapshot() copies is of one moment at which nobody owned the
 * lock, or it says that an owner died; and it ends when it is told to.
 * check_snapshot_ends.c has owners that die, and objects that are removed or forged;
 * check_snapshot_storm.c has readers and writers who do not wait for each other.
 */
#include <config.h>

#include <signal.h>
#include <string.h>
#include <sys/shm.h>

#include "forge.h"
#include "handle.h"
#include "lock/lock.h"
#include "outside.h"
#include "puppet.h"
#include "snapshot.h"

/* ---- Arguments ---------------------------------------------------------------- */

START_TEST(snapshot_checks_its_arguments)
{
	const char *key;
	struct svshm *mine = make(_i, &key, "arguments"), *other;

	if (!mine)
		return;
	ck_assert_int_eq(svshm_snapshot(NULL, 0, copy, 1, 0),
			 SVSHM_INVALID_ARGUMENT);
	other = svshm_new(key);
	expect_code(other, look(other), SVSHM_NOT_ATTACHED);
	svshm_free(other);
	expect_failure(mine, svshm_snapshot(mine, 0, NULL, 1, 0),
		       SVSHM_INVALID_ARGUMENT, "buffer");
	expect_failure(mine, svshm_snapshot(mine, 0, copy, 1, -2),
		       SVSHM_INVALID_ARGUMENT, "SVSHM_FOREVER");
	expect_failure(mine, svshm_snapshot(mine, 0, copy, SIZE + 1, 0),
		       SVSHM_INVALID_ARGUMENT, "behind the data");
	expect_failure(mine, svshm_snapshot(mine, SIZE, copy, 1, 0),
		       SVSHM_INVALID_ARGUMENT, "behind the data");
	expect_failure(mine, svshm_snapshot(mine, 2, copy, (size_t)-1, 0),
		       SVSHM_INVALID_ARGUMENT, "behind the data");
	expect_failure(mine, svshm_snapshot(mine, (size_t)-1, copy, 2, 0),
		       SVSHM_INVALID_ARGUMENT, "behind the data");
	expect_code(mine, svshm_snapshot(mine, SIZE, NULL, 0, 0), SVSHM_OK);
	expect_code(mine, svshm_snapshot(mine, SIZE - 1, copy, 1,
					 SVSHM_FOREVER), SVSHM_OK);
	ck_assert_str_eq(svshm_error_string(mine), "");
	svshm_free(mine);
}
END_TEST

START_TEST(snapshot_copies_any_bytes)
{
	const char *key;
	struct svshm *mine = make(_i, &key, "bytes");
	unsigned char *data;

	if (!mine)
		return;
	data = svshm_data(mine);
	scribble(data, SIZE, 1);
	for (size_t offset = 4080; offset < 4110; offset++)
		for (size_t length = 0; length < 40; length++)
			for (size_t to = 1; to < 9; to++) {
				memset(copy, 0xee, sizeof(copy));
				expect_code(mine,
					    svshm_snapshot(mine, offset,
							   copy + to, length,
							   0), SVSHM_OK);
				ck_assert(memcmp(copy + to, data + offset,
						 length) == 0);
				ck_assert_uint_eq(copy[to - 1], 0xee);
				ck_assert_uint_eq(copy[to + length], 0xee);
			}
	expect_code(mine, svshm_snapshot(mine, 0, copy + 1, SIZE, 0), SVSHM_OK);
	ck_assert(memcmp(copy + 1, data, SIZE) == 0);
	svshm_free(mine);
}
END_TEST

START_TEST(snapshot_is_not_of_the_qt_layout)
{
	struct svshm *handle = svshm_new(test_key("qt"));

	expect_code(handle, svshm_set_layout(handle, SVSHM_LAYOUT_QT),
		    SVSHM_OK);
	expect_code(handle, look(handle), SVSHM_NOT_ATTACHED);
	expect_code(handle, svshm_create(handle, SIZE, SVSHM_READ_WRITE),
		    SVSHM_OK);
	expect_failure(handle, look(handle), SVSHM_NOT_SUPPORTED,
		       "take the lock");
	svshm_free(handle);
}
END_TEST

/* ---- Owners -------------------------------------------------------------------- */

static int act_snapshot_of_3(struct svshm *handle)
{
	int code = act_snapshot(handle);

	return code || copy_has(3) ? code : -1000;
}

START_TEST(snapshot_waits_for_the_owner)
{
	const char *key;
	struct svshm *mine = make(_i, &key, "waits");
	struct actor owner, reader;
	int64_t start;

	if (!mine)
		return;
	actor_own(&owner, key);
	actor_attach(&reader, key);
	expect_act(&owner, act_spoil, SVSHM_OK);
	expect_failure(mine, look(mine), SVSHM_TIMED_OUT, "moment");
	start = test_now();
	expect_code(mine, svshm_snapshot(mine, 0, copy, SIZE, 50),
		    SVSHM_TIMED_OUT);
	ck_assert_int_ge(test_now() - start, 50 * TEST_MILLISECOND);
	/* Whenever it looks, the lock is free, and all is 3. */
	actor_begin(&reader, act_snapshot_of_3);
	memset(svshm_data(mine), 3, SIZE);
	expect_act(&owner, svshm_unlock, SVSHM_OK);
	expect_end(&reader, SVSHM_OK);
	expect_code(mine, look(mine), SVSHM_OK);
	ck_assert(copy_has(3));
	actor_kill(&owner);
	actor_kill(&reader);
	svshm_free(mine);
	ck_assert(test_nothing_left(key));
}
END_TEST

START_TEST(snapshot_knows_its_own_lock)
{
	const char *key;
	struct svshm *mine = make(_i, &key, "own"), *other;
	struct actor child;

	if (!mine)
		return;
	other = svshm_new(key);
	expect_code(other, svshm_attach(other, SVSHM_READ_ONLY), SVSHM_OK);
	expect_code(mine, svshm_lock(mine), SVSHM_OK);
	expect_code(mine, act_snapshot(mine), SVSHM_DEADLOCK);
	expect_code(other, act_snapshot(other), SVSHM_DEADLOCK);
	/* A child has not inherited it. */
	actor_start(&child, mine);
	expect_act(&child, look, SVSHM_TIMED_OUT);
	expect_code(mine, svshm_unlock(mine), SVSHM_OK);
	expect_act(&child, act_snapshot, SVSHM_OK);
	expect_code(other, act_snapshot(other), SVSHM_OK);
	actor_kill(&child);
	svshm_free(other);
	svshm_free(mine);
}
END_TEST

START_TEST(snapshot_registers_nobody)
{
	const char *key;
	struct svshm *mine = make(_i, &key, "child");
	struct test_object object;
	struct actor child;

	if (!mine)
		return;
	actor_start(&child, mine);
	expect_act(&child, look, SVSHM_OK);
	ck_assert(test_inspect(key, &object));
	ck_assert_uint_eq(object.alive, 1);
	expect_act(&child, svshm_lock, SVSHM_OK);
	ck_assert(test_inspect(key, &object));
	ck_assert_uint_eq(object.alive, 2);
	actor_kill(&child);
	svshm_free(mine);
}
END_TEST

/* ---- Between two looks at the lock ----------------------------------------------- */

static int act_look_for_3(struct svshm *handle)
{
	int code = look(handle);

	return code || copy_has(3) ? code : -1000;
}

/* The reader has copied, and stands still before it looks whether it may. */
static const char *stop_reader(struct puppet *reader, int which,
			       struct svshm **mine, const char *name,
			       actor_act *act)
{
	const char *key;

	*mine = make(which, &key, name);
	if (!*mine)
		return NULL;
	puppet_start(reader, key);
	puppet_expect(reader, act_attach_read_only, SVSHM_OK);
	puppet_arm(reader, "snapshot:copied", SIGSTOP);
	ck_assert_int_eq(puppet_do(reader, act), PUPPET_STOPPED);
	return key;
}

static void end_reader(struct puppet *reader, struct svshm *mine)
{
	puppet_kill(reader);
	svshm_free(mine);
}

START_TEST(snapshot_notices_who_was_inside)
{
	struct svshm *mine;
	struct puppet reader;

	if (!stop_reader(&reader, _i, &mine, "was", act_look_for_3))
		return;
	expect_code(mine, svshm_lock(mine), SVSHM_OK);
	memset(svshm_data(mine), 3, SIZE);
	expect_code(mine, svshm_unlock(mine), SVSHM_OK);
	puppet_continue(&reader);
	ck_assert_int_eq(puppet_end(&reader), SVSHM_TIMED_OUT);
	end_reader(&reader, mine);
}
END_TEST

static int act_fill_and_leave(struct svshm *handle)
{
	child_assert(svshm_lock(handle) == SVSHM_OK);
	memset(svshm_data(handle), 3, SIZE);
	return svshm_detach(handle);
}

START_TEST(snapshot_notices_who_has_detached_inside)
{
	struct svshm *mine;
	struct puppet reader;
	struct actor owner;
	const char *key = stop_reader(&reader, _i, &mine, "left", act_look_for_3);

	if (!key)
		return;
	actor_attach(&owner, key);
	expect_act(&owner, act_fill_and_leave, SVSHM_OK);
	puppet_continue(&reader);
	ck_assert_int_eq(puppet_end(&reader), SVSHM_TIMED_OUT);
	actor_kill(&owner);
	end_reader(&reader, mine);
}
END_TEST

START_TEST(snapshot_notices_who_is_inside)
{
	struct svshm *mine;
	struct puppet reader;

	if (!stop_reader(&reader, _i, &mine, "is", act_look_for_3))
		return;
	expect_code(mine, svshm_lock(mine), SVSHM_OK);
	memset(svshm_data(mine), 3, SIZE);
	puppet_continue(&reader);
	ck_assert_int_eq(puppet_end(&reader), SVSHM_TIMED_OUT);
	expect_code(mine, svshm_unlock(mine), SVSHM_OK);
	puppet_expect(&reader, act_look_for_3, SVSHM_OK);
	end_reader(&reader, mine);
}
END_TEST

START_TEST(snapshot_begins_again)
{
	struct svshm *mine;
	struct puppet reader;

	if (!stop_reader(&reader, _i, &mine, "again", act_snapshot_of_3))
		return;
	expect_code(mine, svshm_lock(mine), SVSHM_OK);
	memset(svshm_data(mine), 3, SIZE);
	expect_code(mine, svshm_unlock(mine), SVSHM_OK);
	puppet_continue(&reader);
	ck_assert_int_eq(puppet_end(&reader), SVSHM_OK);
	end_reader(&reader, mine);
}
END_TEST

/* And who has put it right since: then the word is free before and after. */
START_TEST(snapshot_notices_who_died_inside)
{
	struct svshm *mine;
	struct puppet reader;
	struct actor owner;
	const char *key = stop_reader(&reader, _i % 2, &mine, "died",
				      _i >= 2 ? act_snapshot_of_3 :
							act_snapshot);

	if (!key)
		return;
	actor_own(&owner, key);
	expect_act(&owner, act_spoil, SVSHM_OK);
	actor_kill(&owner);
	if (_i >= 2) {
		expect_code(mine, svshm_lock(mine), SVSHM_OWNER_DIED);
		memset(svshm_data(mine), 3, SIZE);
		expect_code(mine, svshm_make_consistent(mine), SVSHM_OK);
		expect_code(mine, svshm_unlock(mine), SVSHM_OK);
	}
	puppet_continue(&reader);
	ck_assert_int_eq(puppet_end(&reader),
			 _i >= 2 ? SVSHM_OK : SVSHM_OWNER_DIED);
	end_reader(&reader, mine);
}
END_TEST

static Suite *make_suite(void)
{
	Suite *suite = suite_create("Reading without the lock");
	TCase *tests = tcase_create("snapshot");

	suite_add_tcase(suite, tests);
	tcase_set_timeout(tests, 120);
	tcase_add_loop_test(tests, snapshot_checks_its_arguments, 0, 2);
	tcase_add_loop_test(tests, snapshot_copies_any_bytes, 0, 2);
	tcase_add_test(tests, snapshot_is_not_of_the_qt_layout);
	tcase_add_loop_test(tests, snapshot_waits_for_the_owner, 0, 2);
	tcase_add_loop_test(tests, snapshot_knows_its_own_lock, 0, 2);
	tcase_add_loop_test(tests, snapshot_registers_nobody, 0, 2);
	tcase_add_loop_test(tests, snapshot_notices_who_was_inside, 0, 2);
	tcase_add_loop_test(tests, snapshot_notices_who_has_detached_inside, 0,
			    2);
	tcase_add_loop_test(tests, snapshot_notices_who_is_inside, 0, 2);
	tcase_add_loop_test(tests, snapshot_begins_again, 0, 2);
	tcase_add_loop_test(tests, snapshot_notices_who_died_inside, 0, 4);
	return suite;
}

int main(void)
{
	return test_main(make_suite);
}
