/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * P2: exit(3) without detach counts as detach: the last one to exit removes
 * all, and who exits takes nothing away from others.
 */
#include <config.h>

#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/shm.h>
#include <unistd.h>

#include "handle.h"
#include "object/object.h"
#include "puppet.h"

static bool all_gone(const char *key)
{
	return test_nothing_left(key) && count_sets(key) == 0;
}

/* ---- One after the other ------------------------------------------------- */

static int act_create_read_only(struct svshm *handle)
{
	return svshm_create(handle, 100, SVSHM_READ_ONLY);
}

static int act_create_with_two_handles(struct svshm *handle)
{
	static struct svshm *other;
	int code = act_create(handle);

	other = svshm_new(svshm_key(handle));
	return code ? code : svshm_attach(other, SVSHM_READ_ONLY);
}

static int act_create_and_lock(struct svshm *handle)
{
	int code = act_create(handle);

	return code ? code : svshm_lock(handle);
}

static actor_act *const ways_to_create[] = {
	act_create, act_create_read_only, act_create_with_two_handles,
	act_create_and_lock
};

#define WAYS_TO_CREATE (int)(sizeof(ways_to_create) / sizeof(*ways_to_create))

START_TEST(exit_of_the_last_removes_all)
{
	const char *key = test_key("exit");
	struct puppet user;

	puppet_start(&user, key);
	puppet_expect(&user, ways_to_create[_i], SVSHM_OK);
	puppet_expect(&user, act_exit, PUPPET_ENDED);
	ck_assert(all_gone(key));
}
END_TEST

START_TEST(exit_takes_nothing_from_others)
{
	const char *key = test_key("stay");
	struct puppet leaver, user;

	puppet_start(&leaver, key);
	puppet_start(&user, key);
	puppet_expect(&leaver, ways_to_create[_i], SVSHM_OK);
	puppet_expect(&user, act_attach, SVSHM_OK);
	puppet_expect(&user, act_mark, SVSHM_OK);
	puppet_expect(&leaver, act_exit, PUPPET_ENDED);
	puppet_expect(&user, act_look, SVSHM_OK);
	ck_assert_int_eq(user.mark, PUPPET_MARK);
	/* All but this: a lock that was held is reported. */
	puppet_expect(&user, svshm_lock,
		      ways_to_create[_i] == act_create_and_lock ?
			      SVSHM_OWNER_DIED : SVSHM_OK);
	ck_assert_uint_eq(test_count_segments(key), 1);
	puppet_leave(&user);
	ck_assert(all_gone(key));
}
END_TEST

/* ---- Forked children ----------------------------------------------------- */

static int just_exit(void *context)
{
	(void)context;
	exit(0);
}

START_TEST(exit_of_a_child_that_never_used_its_handle)
{
	const char *key = test_key("child");
	struct svshm *handle = make_object(key, 100);
	struct test_object object;

	for (int i = 0; i < 20; i++)
		ck_assert_int_eq(test_wait(test_fork(just_exit, NULL)), 0);
	ck_assert(test_inspect(key, &object));
	ck_assert_uint_eq(object.alive, 1);
	ck_assert_uint_eq(object.died, 0);
	ck_assert(has_bytes(handle, 100, 0));
	expect_code(handle, svshm_detach(handle), SVSHM_OK);
	ck_assert(all_gone(key));
	svshm_free(handle);
}
END_TEST

static int use_and_exit(void *context)
{
	child_assert(svshm_lock(context) == SVSHM_OK);
	child_assert(svshm_unlock(context) == SVSHM_OK);
	exit(0);
}

START_TEST(exit_of_a_child_that_used_its_handle)
{
	const char *key = test_key("child");
	struct svshm *handle = make_object(key, 100);
	struct test_object object;

	for (int i = 0; i < 20; i++)
		ck_assert_int_eq(test_wait(test_fork(use_and_exit, handle)), 0);
	ck_assert(test_inspect(key, &object));
	ck_assert_uint_eq(object.alive, 1);
	expect_code(handle, svshm_detach(handle), SVSHM_OK);
	ck_assert(all_gone(key));
	svshm_free(handle);
}
END_TEST

/* ---- At the same time ---------------------------------------------------- */

#define ROUNDS 60
#define LEAVERS_MAX 8

static struct meeting {
	const char *key;
	unsigned expected;
	atomic_uint arrived;
} *meeting; /* shared by all leavers */

/* All go on at the same moment, as far as there are processors. */
static void meet(void)
{
	atomic_fetch_add(&meeting->arrived, 1);
	while (atomic_load(&meeting->arrived) < meeting->expected)
		sched_yield();
}

/* What exits attached still has its handle: no leak. */
static struct svshm *joined;

static struct svshm *join(enum svshm_access access)
{
	struct svshm *handle = svshm_new(meeting->key);
	int code;

	joined = handle;
	do {
		code = svshm_create(handle, 100, access);
		if (code == SVSHM_ALREADY_EXISTS)
			code = svshm_attach(handle, access);
	} while (code == SVSHM_NOT_FOUND);
	child_assert(code == SVSHM_OK);
	return handle;
}

static int exit_together(void *context)
{
	(void)context;
	join(SVSHM_READ_WRITE);
	meet();
	exit(0);
}

static int exit_together_read_only(void *context)
{
	(void)context;
	join(SVSHM_READ_ONLY);
	meet();
	exit(0);
}

static int detach_together(void *context)
{
	struct svshm *handle = join(SVSHM_READ_WRITE);

	(void)context;
	meet();
	child_assert(svshm_detach(handle) == SVSHM_OK);
	return 0;
}

static int exit_together_unregistered(void *context)
{
	(void)context;
	meet();
	exit(0);
}

/* With a child that has it mapped, and may end after its parent. */
static int exit_together_with_child(void *context)
{
	(void)context;
	join(SVSHM_READ_WRITE);
	test_fork(exit_together_unregistered, NULL);
	meet();
	exit(0);
}

typedef int body(void *context);

static const struct crowd {
	unsigned count;
	unsigned children; /* of theirs */
	body *bodies[2];   /* in turns */
} crowds[] = {
	{ 2, 0, { exit_together, exit_together } },
	{ 2, 0, { exit_together, detach_together } },
	{ 2, 0, { exit_together, exit_together_read_only } },
	{ 2, 0, { exit_together_read_only, exit_together_read_only } },
	{ 1, 1, { exit_together_with_child, NULL } },
	{ 2, 1, { exit_together, exit_together_with_child } },
	{ 4, 2, { exit_together_with_child, detach_together } },
	{ LEAVERS_MAX, 0, { exit_together, exit_together } },
	{ LEAVERS_MAX, 0, { exit_together_read_only, detach_together } },
};

static void leave_together(const struct crowd *crowd)
{
	pid_t children[LEAVERS_MAX];
	int ends[2];
	char byte;

	meeting->key = test_key("together");
	meeting->expected = crowd->count + crowd->children;
	atomic_store(&meeting->arrived, 0);
	ck_assert_int_eq(pipe(ends), 0);
	for (unsigned i = 0; i < crowd->count; i++)
		children[i] = test_fork(crowd->bodies[i % 2], NULL);
	for (unsigned i = 0; i < crowd->count; i++)
		ck_assert_int_eq(test_wait(children[i]), 0);
	/* At the end of the last process that has the other end. */
	close(ends[1]);
	ck_assert_int_eq(read(ends[0], &byte, 1), 0);
	close(ends[0]);
	ck_assert(all_gone(meeting->key));
}

START_TEST(who_leaves_at_the_same_time_leaves_nothing)
{
	meeting = test_shared(sizeof(*meeting));
	for (int i = 0; i < ROUNDS; i++)
		leave_together(&crowds[_i]);
}
END_TEST

/* ---- Between two steps of the kernel ------------------------------------- */

/*
 * A process that ends loses its mappings first, and its slot after that. This
 * one stands in between.
 */
static int act_end_halfway(struct svshm *handle)
{
	void *base = handle->attachment->base[handle->access];

	svshm__object_exit();
	handle->attachment = NULL;
	return shmdt(base) < 0 ? SVSHM_UNKNOWN_ERROR : SVSHM_OK;
}

static actor_act *const ways_to_leave[] = { svshm_detach, act_exit };

START_TEST(who_has_almost_ended_hides_nobody)
{
	const char *key = test_key("halfway");
	struct puppet ending, leaver, user;
	bool exits = ways_to_leave[_i] == act_exit;

	puppet_start(&ending, key);
	puppet_start(&leaver, key);
	puppet_start(&user, key);
	puppet_expect(&user, act_create, SVSHM_OK);
	puppet_expect(&ending, act_attach, SVSHM_OK);
	puppet_expect(&leaver, act_attach, SVSHM_OK);
	puppet_expect(&ending, act_end_halfway, SVSHM_OK);
	puppet_expect(&leaver, ways_to_leave[_i],
		      exits ? PUPPET_ENDED : SVSHM_OK);
	ck_assert_uint_eq(test_count_segments(key), 1);
	puppet_leave(&user);
	puppet_leave(&leaver);
	puppet_leave(&ending);
	ck_assert(all_gone(key));
}
END_TEST

static Suite *make_suite(void)
{
	Suite *suite = suite_create("exit counts as detach");
	TCase *tcase = tcase_create("exit");

	tcase_set_timeout(tcase, 120);
	tcase_add_loop_test(tcase, exit_of_the_last_removes_all, 0,
			    WAYS_TO_CREATE);
	tcase_add_loop_test(tcase, exit_takes_nothing_from_others, 0,
			    WAYS_TO_CREATE);
	tcase_add_test(tcase, exit_of_a_child_that_never_used_its_handle);
	tcase_add_test(tcase, exit_of_a_child_that_used_its_handle);
	tcase_add_loop_test(tcase,
			    who_leaves_at_the_same_time_leaves_nothing, 0,
			    (int)(sizeof(crowds) / sizeof(*crowds)));
	tcase_add_loop_test(tcase, who_has_almost_ended_hides_nobody, 0, 2);
	suite_add_tcase(suite, tcase);
	return suite;
}

int main(void)
{
	return test_main(make_suite);
}
