/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * P4, P5: what svshm_snapshot() says when an owner of the lock has died, and when the
 * object is removed, or its header forged.
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

/* ---- Death ---------------------------------------------------------------------- */

/* An owner has died: once the data are whole again, a snapshot is as ever. */
static void expect_mended(struct svshm *handle)
{
	expect_code(handle, svshm_lock(handle), SVSHM_OWNER_DIED);
	expect_code(handle, svshm_make_consistent(handle), SVSHM_OK);
	expect_code(handle, svshm_unlock(handle), SVSHM_OK);
	expect_code(handle, look(handle), SVSHM_OK);
}

START_TEST(snapshot_tells_of_a_dead_owner)
{
	const char *key;
	struct svshm *mine = make(_i, &key, "dead");
	struct actor owner;

	if (!mine)
		return;
	actor_own(&owner, key);
	expect_act(&owner, act_spoil, SVSHM_OK);
	actor_kill(&owner);
	/* Nobody has the lock, or comes for it: it says what was left. */
	for (int i = 0; i < 2; i++) {
		memset(copy, 0, sizeof(copy));
		expect_failure(mine, i ? act_snapshot(mine) : look(mine),
			       SVSHM_OWNER_DIED, "make_consistent");
		ck_assert(memcmp(copy, svshm_data(mine), SIZE) == 0);
		ck_assert(copy[0] == 9 && copy[SIZE - 1] == 0);
	}
	expect_code(mine, svshm_lock(mine), SVSHM_OWNER_DIED);
	expect_code(mine, svshm_unlock(mine), SVSHM_OK);
	expect_code(mine, look(mine), SVSHM_OWNER_DIED);
	expect_mended(mine);
	svshm_free(mine);
}
END_TEST

/* All have died: who takes the orphan over clears the dead owner's word. */
START_TEST(snapshot_tells_of_a_dead_owner_of_an_orphan)
{
	const char *key;
	struct svshm *mine = make(_i, &key, "orphan");
	struct actor owner;

	if (!mine)
		return;
	actor_own(&owner, key);
	svshm_free(mine);
	actor_kill(&owner);
	mine = svshm_new(key);
	expect_code(mine, svshm_attach(mine, SVSHM_READ_WRITE), SVSHM_ORPHANED);
	expect_code(mine, look(mine), SVSHM_OWNER_DIED);
	expect_mended(mine);
	svshm_free(mine);
	ck_assert(test_nothing_left(key));
}
END_TEST

/* ---- Removed, or forged ----------------------------------------------------------- */

START_TEST(snapshot_tells_that_it_was_removed)
{
	const char *key;
	struct svshm *mine = make(_i, &key, "removed");
	int64_t end = test_now() + 30 * TEST_SECOND;
	int code;

	if (!mine)
		return;
	ck_assert_int_eq(shmctl(mine->attachment->segment_id, IPC_RMID, NULL),
			 0);
	do {
		code = look(mine);
	} while (code == SVSHM_OK && test_now() < end);
	expect_failure(mine, code, SVSHM_REMOVED, "removed segment");
	svshm_free(mine);
	recover_leftovers(key);
}
END_TEST

START_TEST(snapshot_tells_that_it_was_removed_by_force)
{
	const char *key;
	struct svshm *mine = make(_i, &key, "force");

	if (!mine)
		return;
	expect_code(mine, look(mine), SVSHM_OK);
	ck_assert_int_eq(recover_object(key, SVSHM_RECOVER_FORCE, NULL),
			 SVSHM_OK);
	expect_code(mine, look(mine), SVSHM_REMOVED);
	svshm_free(mine);
}
END_TEST

START_TEST(snapshot_ends_beside_a_forged_header)
{
	const char *key;
	struct svshm *mine = make(_i, &key, "forged");
	struct svshm__header *header;

	if (!mine)
		return;
	header = header_of(mine);
	for (size_t i = 0; i < bad_value_count; i++) {
		header->rounds = (uint32_t)bad_values[i];
		expect_code(mine, svshm_snapshot(mine, 0, copy, SIZE, 1),
			    SVSHM_OK);
		expect_usable_lock(mine);
	}
	header->lock_word = SVSHM__LOCK_SLOT_MASK;
	expect_failure(mine, look(mine), SVSHM_CORRUPT, "names no owner");
	expect_failure(mine, act_snapshot(mine), SVSHM_CORRUPT,
		       "names no owner");
	header->lock_word = mine->attachment->lock_mark;
	expect_code(mine, svshm_snapshot(mine, 0, copy, SIZE, 1),
		    SVSHM_TIMED_OUT);
	header->lock_word = 0;
	expect_code(mine, look(mine), SVSHM_OK);
	svshm_free(mine);
}
END_TEST

static Suite *make_suite(void)
{
	Suite *suite = suite_create("Reading without the lock: owners and objects that end");
	TCase *tests = tcase_create("snapshot");

	suite_add_tcase(suite, tests);
	tcase_set_timeout(tests, 120);
	tcase_add_loop_test(tests, snapshot_tells_of_a_dead_owner, 0, 2);
	tcase_add_loop_test(tests, snapshot_tells_of_a_dead_owner_of_an_orphan,
			    0, 2);
	tcase_add_loop_test(tests, snapshot_tells_that_it_was_removed, 0, 2);
	tcase_add_loop_test(tests, snapshot_tells_that_it_was_removed_by_force,
			    0, 2);
	tcase_add_loop_test(tests, snapshot_ends_beside_a_forged_header, 0, 2);
	return suite;
}

int main(void)
{
	return test_main(make_suite);
}
