/* SPDX-License-Identifier: BSD-2-Clause */
/* P7: somebody removes parts of an object by ipcrm(1). */
#include <config.h>

#include <signal.h>
#include <stdio.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <time.h>

#include "actor.h"
#include "ids.h"
#include "outside.h"
#include "puppet.h"

#define SIZE 100

/* REMOVED is what it is; and nothing has to be done, where that was known. */
static int act_detach_removed(struct svshm *handle)
{
	int code = svshm_detach(handle);

	if (svshm_is_attached(handle))
		return SVSHM_ALREADY_ATTACHED;
	return code == SVSHM_REMOVED ? SVSHM_OK : code;
}

/* The fast lock looks when the kernel's clock has moved on: a few milliseconds,
   or up to 31 locks of a handle that locks all the time. */
static int act_lock_until_removed(struct svshm *handle)
{
	time_t end = time(NULL) + 30;
	int code;

	while ((code = svshm_lock(handle)) >= 0 && time(NULL) < end)
		if ((code = svshm_unlock(handle)) < 0)
			break;
	return code;
}

START_TEST(nobody_comes_after_ipcrm_of_the_set)
{
	const char *key = test_key("set");
	bool dies = _i;
	struct svshm *old;
	struct actor older, late;
	char pid[40];

	actor_enter(&older, key);
	actor_enter(&late, key);
	old = make_object(key, SIZE);
	act_fill(old);
	expect_act(&older, act_attach, SVSHM_OK);
	remove_set_of(key);
	expect_code(old, act_lock_until_removed(old), SVSHM_REMOVED);
	expect_says(svshm_error_string(old), "remove");
	ck_assert_int_eq(act_is_filled(old), SVSHM_OK);

	/* As long as one from before may live, nobody comes. */
	expect_act(&late, act_create, SVSHM_ALREADY_EXISTS);
	expect_act(&late, act_attach, SVSHM_BUSY);
	if (test_pids_are_foreign())
		snprintf(pid, sizeof(pid), "in another pid namespace");
	else
		snprintf(pid, sizeof(pid), "%ld (", (long)older.pid);
	expect_says(late.message, "removed or reset");
	expect_says(late.message, pid);
	expect_act(&older, act_lock_until_removed, SVSHM_REMOVED);
	ck_assert_int_eq(act_detach_removed(old), SVSHM_OK);
	expect_act(&late, act_attach, SVSHM_BUSY);
	if (dies) {
		actor_kill(&older);
		expect_act(&late, act_attach, SVSHM_ORPHANED);
		expect_act(&late, act_is_filled, SVSHM_OK);
		expect_act(&late, svshm_lock, SVSHM_OK);
		expect_act(&late, svshm_detach, SVSHM_OK);
	} else {
		expect_act(&older, act_detach_removed, SVSHM_OK);
		expect_act(&late, act_attach, SVSHM_NOT_FOUND);
		actor_exit(&older);
	}
	actor_exit(&late);
	svshm_free(old);
	ck_assert(test_nothing_left(key));
}
END_TEST

START_TEST(owner_who_lost_the_set_keeps_others_out)
{
	const char *key = test_key("owner");
	struct actor owner, late;

	actor_enter(&owner, key);
	actor_enter(&late, key);
	expect_act(&owner, act_create, SVSHM_OK);
	expect_act(&owner, svshm_lock, SVSHM_OK);
	remove_set_of(key);
	/* He may be writing yet. */
	expect_act(&late, act_attach, SVSHM_BUSY);
	expect_act(&owner, svshm_unlock, SVSHM_REMOVED);
	expect_act(&late, act_attach, SVSHM_BUSY);
	actor_kill(&owner);
	expect_act(&late, act_attach, SVSHM_ORPHANED);
	expect_act(&late, svshm_detach, SVSHM_OK);

	/* One who died with the lock is told of, once. */
	actor_enter(&owner, key);
	expect_act(&owner, act_create, SVSHM_OK);
	expect_act(&owner, svshm_lock, SVSHM_OK);
	remove_set_of(key);
	actor_kill(&owner);
	expect_act(&late, act_attach, SVSHM_ORPHANED);
	expect_act(&late, svshm_lock, SVSHM_OWNER_DIED);
	expect_act(&late, svshm_make_consistent, SVSHM_OK);
	expect_act(&late, svshm_unlock, SVSHM_OK);
	expect_act(&late, svshm_lock, SVSHM_OK);
	expect_act(&late, svshm_detach, SVSHM_OK);
	actor_exit(&late);
	ck_assert(test_nothing_left(key));
}
END_TEST

START_TEST(orphan_is_found_without_its_set)
{
	static actor_act *const acts[] = { act_attach, act_create };
	const char *key = test_key("orphan");
	struct svshm *handle = svshm_new(key);

	make_orphan(key, SIZE, 'o');
	remove_set_of(key);
	expect_code(handle, acts[_i](handle), SVSHM_ORPHANED);
	ck_assert(has_bytes(handle, SIZE, _i ? 0 : 'o'));
	svshm_free(handle);
	ck_assert(test_nothing_left(key));
	make_orphan(key, SIZE, 'o');
	remove_set_of(key);
	ck_assert_int_eq(recover_object(key, 0, NULL), SVSHM_OK);
	ck_assert(test_nothing_left(key));
}
END_TEST

START_TEST(set_may_go_while_one_comes)
{
	static actor_act *const acts[] = { act_attach, act_create };
	const char *key = test_key("comes");
	struct puppet comer;

	if (_i == 0)
		make_orphan(key, SIZE, 'o');
	puppet_start(&comer, key);
	puppet_arm(&comer, "register:noted", SIGSTOP);
	puppet_expect(&comer, acts[_i], PUPPET_STOPPED);
	remove_set_of(key);
	puppet_continue(&comer);
	ck_assert_int_eq(puppet_end(&comer), _i == 0 ? SVSHM_ORPHANED :
						       SVSHM_OK);
	puppet_expect(&comer, svshm_lock, SVSHM_OK);
	ck_assert_uint_eq(test_count_segments(key), 1);
	puppet_leave(&comer);
	ck_assert(test_nothing_left(key));
}
END_TEST

static int die_in_the_gate(const struct svshm_object *object, const void *data,
			   size_t size, void *context)
{
	(void)object, (void)data, (void)size, (void)context;
	raise(SIGKILL);
	return SVSHM_UNKNOWN_ERROR;
}

static int recover_and_die(void *key)
{
	struct svshm_recovery recovery = { .save = die_in_the_gate };

	return recover_object(key, 0, &recovery);
}

static int note_semaphores(const struct svshm_object *object, void *context)
{
	*(unsigned *)context = object->semaphore_count;
	return 0;
}

static unsigned semaphores_of(const char *key)
{
	struct svshm *handle = svshm_new(key);
	unsigned count = 0;

	expect_code(handle, svshm_inspect(handle, note_semaphores, &count),
		    SVSHM_OK);
	svshm_free(handle);
	return count;
}

/* The set that it had made to have a gate is the next users' set. */
START_TEST(recover_that_dies_leaves_room_for_all)
{
	const char *key = test_key("room");
	struct svshm *handle = svshm_new(key);
	unsigned before;

	make_orphan(key, SIZE, 'o');
	before = semaphores_of(key);
	remove_set_of(key);
	ck_assert_int_ne(test_wait(test_fork(recover_and_die, (void *)key)), 0);
	expect_code(handle, act_attach(handle), SVSHM_ORPHANED);
	ck_assert_uint_eq(semaphores_of(key), before);
	ck_assert(has_bytes(handle, SIZE, 'o'));
	svshm_free(handle);
	ck_assert(test_nothing_left(key));
}
END_TEST

START_TEST(new_users_come_after_ipcrm_of_the_segment)
{
	const char *key = test_key("segment");
	struct svshm *old;
	struct actor older, late, later;

	actor_enter(&older, key);
	actor_enter(&late, key);
	actor_enter(&later, key);
	old = make_object(key, SIZE);
	act_fill(old);
	expect_act(&older, act_attach, SVSHM_OK);
	remove_segment_of(key);
	expect_act(&late, act_attach, SVSHM_NOT_FOUND);
	expect_act(&late, act_create, SVSHM_OK);
	expect_act(&later, act_attach, SVSHM_OK);
	ck_assert_uint_eq(test_count_segments(key), 1);

	/* The old ones notice, keep their bytes, and disturb nobody. */
	expect_code(old, act_lock_until_removed(old), SVSHM_REMOVED);
	ck_assert_int_eq(act_is_filled(old), SVSHM_OK);
	ck_assert_int_eq(act_detach_removed(old), SVSHM_OK);
	expect_act(&older, act_is_filled, SVSHM_OK);
	expect_act(&older, act_detach_removed, SVSHM_OK);
	expect_act(&late, svshm_lock, SVSHM_OK);
	expect_act(&later, svshm_trylock, SVSHM_BUSY);
	expect_act(&late, svshm_unlock, SVSHM_OK);
	expect_act(&older, act_attach, SVSHM_OK);
	expect_act(&older, svshm_detach, SVSHM_OK);
	expect_act(&later, svshm_detach, SVSHM_OK);
	expect_act(&late, svshm_detach, SVSHM_OK);
	actor_exit(&later);
	actor_exit(&late);
	actor_exit(&older);
	svshm_free(old);
	ck_assert(test_nothing_left(key));
}
END_TEST

START_TEST(last_detach_removes_what_ipcrm_has_left)
{
	const char *key = test_key("rest");
	struct svshm *old;
	struct actor older;

	actor_enter(&older, key);
	old = make_object(key, SIZE);
	expect_act(&older, act_attach, SVSHM_OK);
	remove_segment_of(key);
	ck_assert_int_eq(act_detach_removed(old), SVSHM_OK);
	expect_act(&older, act_detach_removed, SVSHM_OK);
	actor_exit(&older);
	svshm_free(old);
	ck_assert(test_nothing_left(key));
}
END_TEST

START_TEST(leftover_without_its_segment_goes)
{
	const char *key = test_key("leftover");
	struct svshm *handle = svshm_new(key);

	make_orphan(key, SIZE, 'o');
	remove_segment_of(key);
	expect_code(handle, act_attach(handle), SVSHM_NOT_FOUND);
	ck_assert(test_nothing_left(key));
	make_orphan(key, SIZE, 'o');
	remove_segment_of(key);
	expect_code(handle, act_create(handle), SVSHM_OK);
	svshm_free(handle);
	ck_assert(test_nothing_left(key));
	make_orphan(key, SIZE, 'o');
	remove_segment_of(key);
	ck_assert_int_eq(recover_object(key, 0, NULL), SVSHM_OK);
	ck_assert(test_nothing_left(key));
}
END_TEST

START_TEST(new_users_come_after_ipcrm_of_both)
{
	const char *key = test_key("both");
	struct test_object object;
	struct svshm *old;
	struct actor late;

	actor_enter(&late, key);
	old = make_object(key, SIZE);
	ck_assert(test_inspect(key, &object));
	ck_assert_int_eq(shmctl(object.segment_id, IPC_RMID, NULL), 0);
	ck_assert_int_eq(semctl(object.semaphore_id, 0, IPC_RMID), 0);
	expect_code(old, act_lock_until_removed(old), SVSHM_REMOVED);
	expect_act(&late, act_attach, SVSHM_NOT_FOUND);
	expect_act(&late, act_create, SVSHM_OK);
	ck_assert_int_eq(act_detach_removed(old), SVSHM_OK);
	expect_code(old, act_attach(old), SVSHM_OK);
	svshm_free(old);
	expect_act(&late, svshm_detach, SVSHM_OK);
	actor_exit(&late);
	ck_assert(test_nothing_left(key));
}
END_TEST

static Suite *make_suite(void)
{
	Suite *suite = suite_create("after ipcrm");
	TCase *ipcrm = tcase_create("ipcrm");

	tcase_add_test(ipcrm, nobody_comes_after_ipcrm_of_the_set);
	tcase_add_test(ipcrm, owner_who_lost_the_set_keeps_others_out);
	tcase_add_loop_test(ipcrm, orphan_is_found_without_its_set, 0, 2);
	tcase_add_loop_test(ipcrm, set_may_go_while_one_comes, 0, 2);
	tcase_add_test(ipcrm, recover_that_dies_leaves_room_for_all);
	tcase_add_test(ipcrm, new_users_come_after_ipcrm_of_the_segment);
	tcase_add_test(ipcrm, last_detach_removes_what_ipcrm_has_left);
	tcase_add_test(ipcrm, leftover_without_its_segment_goes);
	tcase_add_test(ipcrm, new_users_come_after_ipcrm_of_both);
	tcase_set_timeout(ipcrm, 120);
	suite_add_tcase(suite, ipcrm);
	return suite;
}

int main(void)
{
	return test_main(make_suite);
}
