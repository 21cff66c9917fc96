/* SPDX-License-Identifier: BSD-2-Clause */
/* P5: no data lost in silence: by attach and create. See check_recover.c. */
#include <config.h>

#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/shm.h>
#include <unistd.h>

#include "actor.h"
#include "outside.h"
#include "memory/layout.h"

static const size_t sizes[] = { 1, 100, 5000, 200000 };
#define SIZES (sizeof(sizes) / sizeof(*sizes))

/* ---- Orphans ------------------------------------------------------------- */

START_TEST(attach_to_an_orphan_keeps_and_tells)
{
	size_t size = sizes[_i];
	const char *key = test_key("attach");
	struct svshm *first = svshm_new(key), *second = svshm_new(key);
	struct actor third;

	make_orphan(key, size, 'x');
	expect_code(first, act_attach(first), SVSHM_ORPHANED);
	ck_assert(has_bytes(first, size, 'x'));
	expect_code(second, act_attach(second), SVSHM_OK);
	actor_attach(&third, key);
	/* Told once, also after the first has gone. */
	expect_code(first, svshm_detach(first), SVSHM_OK);
	expect_code(second, svshm_detach(second), SVSHM_OK);
	expect_code(first, act_attach(first), SVSHM_OK);
	ck_assert(has_bytes(first, size, 'x'));
	expect_act(&third, svshm_detach, SVSHM_OK);
	actor_vanish(&third);
	svshm_free(first);
	svshm_free(second);
	ck_assert(test_nothing_left(key));
}
END_TEST

START_TEST(orphaned_again_is_told_again)
{
	const char *key = test_key("again");
	struct actor actor;

	make_orphan(key, 100, 'y');
	for (int i = 0; i < 3; i++) {
		actor_enter(&actor, key);
		expect_act(&actor, act_attach, SVSHM_ORPHANED);
		actor_kill(&actor);
	}
	expect_orphan(key, 100, 'y');
}
END_TEST

START_TEST(attach_read_only_to_an_orphan_keeps_and_tells)
{
	const char *key = test_key("read-only");
	struct svshm *handle = svshm_new(key);

	make_orphan(key, 100, 'x');
	expect_code(handle, act_attach_read_only(handle), SVSHM_ORPHANED);
	ck_assert(has_bytes(handle, 100, 'x'));
	svshm_free(handle);
}
END_TEST

START_TEST(create_over_an_orphan_tells)
{
	size_t size = sizes[(size_t)_i / SIZES];
	const char *key = test_key("create");
	struct svshm *handle = svshm_new(key), *other = svshm_new(key);

	make_orphan(key, sizes[(size_t)_i % SIZES], 'x');
	/* With room for another number of processes, too. */
	if (_i % 2)
		svshm_set_max_processes(handle, 28);
	expect_code(handle, svshm_create(handle, size, SVSHM_READ_WRITE),
		    SVSHM_ORPHANED);
	ck_assert(has_bytes(handle, size, 0));
	ck_assert_uint_eq(test_count_segments(key), 1);
	expect_code(other, act_attach(other), SVSHM_OK);
	svshm_free(other);
	svshm_free(handle);
	ck_assert(test_nothing_left(key));
}
END_TEST

static int ignore(const struct svshm_object *object, void *context)
{
	(void)object;
	return *(int *)context;
}

/* create looks for duplicates of its object, as a scan does. */
static int look_around(void *context)
{
	struct svshm *handle = svshm_new(test_key("bystander"));
	int result = 0;

	while (!test_event_await_for(context, 0)) {
		child_assert(act_create(handle) == SVSHM_OK);
		child_assert(svshm_detach(handle) == SVSHM_OK);
		child_assert(svshm_scan(0, ignore, &result) == 0);
	}
	svshm_free(handle);
	return 0;
}

#define BYSTANDERS 6

/* Who only looks has the orphan mapped for a moment. More of them than there are
   processors: the moment can be long. */
START_TEST(create_over_an_orphan_that_others_look_at_tells)
{
	struct test_event end;
	pid_t bystanders[BYSTANDERS];

	test_event_open(&end);
	for (int i = 0; i < BYSTANDERS; i++)
		bystanders[i] = test_fork(look_around, &end);
	for (int i = 0; i < 100; i++) {
		const char *key = test_key("looked-at");
		struct svshm *handle = svshm_new(key);

		make_orphan(key, 100, 'x');
		if (i % 2)
			svshm_set_max_processes(handle, 28);
		expect_code(handle, act_create(handle), SVSHM_ORPHANED);
		svshm_free(handle);
		ck_assert(test_nothing_left(key));
	}
	for (int i = 0; i < BYSTANDERS; i++)
		test_event_post(&end);
	for (int i = 0; i < BYSTANDERS; i++)
		ck_assert_int_eq(test_wait(bystanders[i]), 0);
	test_event_close(&end);
}
END_TEST

START_TEST(create_of_an_impossible_size_leaves_the_orphan)
{
	/* With 32 bits, half of all addresses can be had. */
	static const size_t too_much[] = {
		0, SIZE_MAX, SIZE_MAX - 100000, SIZE_MAX / 16 * 15,
#if SIZE_MAX > 0xffffffff
		SIZE_MAX / 2, (size_t)1 << 56, (size_t)1 << 46
#endif
	};
	const char *key = test_key("impossible");
	struct svshm *handle = svshm_new(key);

	make_orphan(key, 5000, 'x');
	for (size_t i = 0; i < sizeof(too_much) / sizeof(*too_much); i++) {
		int code = svshm_create(handle, too_much[i],
					SVSHM_READ_WRITE);

		ck_assert_msg(code == SVSHM_INVALID_SIZE ||
			      code == SVSHM_OUT_OF_RESOURCES,
			      "%zu bytes: %d: %s", too_much[i], code,
			      svshm_error_string(handle));
		ck_assert(!svshm_is_attached(handle));
	}
	svshm_free(handle);
	expect_orphan(key, 5000, 'x');
}
END_TEST

/* ---- create takes nothing that lives ------------------------------------- */

static void expect_no_create(const char *key, int expected)
{
	struct svshm *handle = svshm_new(key);

	expect_code(handle, svshm_create(handle, 200, SVSHM_READ_WRITE),
		    expected);
	ck_assert(!svshm_is_attached(handle));
	svshm_free(handle);
}

START_TEST(create_leaves_live_objects)
{
	const char *key = test_key("live");
	struct svshm *handle = make_object(key, 100);
	struct actor child;

	memset(svshm_data(handle), 'x', 100);
	expect_no_create(key, SVSHM_ALREADY_EXISTS);
	actor_start(&child, handle); /* maps it, and isn't registered */
	svshm_free(handle);
	expect_no_create(key, SVSHM_ALREADY_EXISTS);
	expect_act(&child, svshm_trylock, SVSHM_OK);
	expect_no_create(key, SVSHM_ALREADY_EXISTS);

	handle = svshm_new(key);
	expect_code(handle, act_attach_read_only(handle), SVSHM_OK);
	actor_kill(&child);
	expect_no_create(key, SVSHM_ALREADY_EXISTS);
	ck_assert(has_bytes(handle, 100, 'x'));
	svshm_free(handle);
}
END_TEST

START_TEST(what_a_child_of_the_dead_maps_is_left)
{
	const char *key = test_key("child-maps");
	struct svshm *handle = svshm_new(key);
	struct test_object object;
	struct actor parent, other;
	char *base;

	if (system_attaches_once() &&
	    test_skip("this process maps the segment, and may not do so twice"))
		return;
	actor_enter(&parent, key);
	expect_act(&parent, act_create, SVSHM_OK);
	ck_assert(test_inspect(key, &object));
	/* As a child of the actor's would have it. */
	base = shmat(object.segment_id, NULL, 0);
	ck_assert_ptr_ne(base, (void *)-1);
	actor_attach(&other, key);
	actor_kill(&parent);
	actor_kill(&other);

	ck_assert(test_inspect(key, &object));
	ck_assert_int_eq(object.verdict, SVSHM_VERDICT_IN_USE);
	expect_no_create(key, SVSHM_ALREADY_EXISTS);
	ck_assert_int_eq(recover_object(key, 0, NULL), SVSHM_BUSY);
	expect_code(handle, act_attach(handle), SVSHM_ORPHANED);
	expect_code(handle, svshm_detach(handle), SVSHM_OK);
	/* Once told is told: that user is gone, but did not die. */
	expect_code(handle, act_attach(handle), SVSHM_OK);
	svshm_free(handle);
	shmdt(base);
}
END_TEST

static int die_before_the_magic(void *context)
{
	test_crash_at("create:before magic", SIGKILL, 1);
	svshm_create(svshm_new(context), 100, SVSHM_READ_WRITE);
	return 0;
}

/* The segment of KEY, mapped behind the library's back. */
static struct svshm__header *map_header(const char *key, int *segment_id)
{
	struct test_object object;
	struct svshm__header *header;

	ck_assert(test_inspect(key, &object));
	*segment_id = object.segment_id;
	header = shmat(*segment_id, NULL, 0);
	ck_assert_ptr_ne(header, (void *)-1);
	return header;
}

START_TEST(unfinished_and_still_mapped_is_left)
{
	const char *key = test_key("unfinished");
	struct svshm *handle = svshm_new(key);
	int segment_id;

	if (system_attaches_once() &&
	    test_skip("this process maps the segment, and may not do so twice"))
		return;
	ck_assert_int_eq(test_wait(test_fork(die_before_the_magic,
					     (void *)(uintptr_t)key)),
			 256 + SIGKILL);

	struct svshm__header *header = map_header(key, &segment_id);

	expect_no_create(key, SVSHM_ALREADY_EXISTS);
	ck_assert_int_eq(recover_object(key, 0, NULL), SVSHM_BUSY);
	expect_code(handle, act_attach(handle), SVSHM_NOT_FOUND);
	shmdt(header);
	expect_code(handle, act_create(handle), SVSHM_OK);
	svshm_free(handle);
	ck_assert(test_nothing_left(key));
}
END_TEST

/* What nobody can read is nobody's to take, orphan or not. */
static void expect_left(const char *key, int code, int recovery)
{
	struct svshm *handle = svshm_new(key);

	expect_no_create(key, code);
	expect_code(handle, act_attach(handle), code);
	ck_assert_int_eq(recover_object(key, 0, NULL), recovery);
	svshm_free(handle);
}

START_TEST(what_cannot_be_judged_is_left)
{
	const char *key = test_key("unjudged");
	int segment_id;

	make_orphan(key, 100, 'x');

	struct svshm__header *header = map_header(key, &segment_id);
	struct svshm__header good = *header;

	header->format = SVSHM__FORMAT + 1;
	shmdt(header);
	expect_left(key, SVSHM_INCOMPATIBLE, SVSHM_BUSY);

	header = shmat(segment_id, NULL, 0);
	ck_assert_ptr_ne(header, (void *)-1);
	*header = good;
	header->data_offset = 1;
	shmdt(header);
	expect_left(key, SVSHM_CORRUPT, SVSHM_CORRUPT);

	header = shmat(segment_id, NULL, 0);
	ck_assert_ptr_ne(header, (void *)-1);
	*header = good;
	shmdt(header);
	expect_orphan(key, 100, 'x');
}
END_TEST

static Suite *make_suite(void)
{
	Suite *suite = suite_create("no data lost in silence");
	TCase *tests = tcase_create("data");

	suite_add_tcase(suite, tests);
	tcase_set_timeout(tests, 120);
	tcase_add_loop_test(tests, attach_to_an_orphan_keeps_and_tells, 0,
			    SIZES);
	tcase_add_test(tests, orphaned_again_is_told_again);
	tcase_add_test(tests, attach_read_only_to_an_orphan_keeps_and_tells);
	tcase_add_loop_test(tests, create_over_an_orphan_tells, 0,
			    SIZES * SIZES);
	tcase_add_test(tests, create_over_an_orphan_that_others_look_at_tells);
	tcase_add_test(tests,
		       create_of_an_impossible_size_leaves_the_orphan);
	tcase_add_test(tests, create_leaves_live_objects);
	tcase_add_test(tests, what_a_child_of_the_dead_maps_is_left);
	tcase_add_test(tests, unfinished_and_still_mapped_is_left);
	tcase_add_test(tests, what_cannot_be_judged_is_left);
	return suite;
}

int main(void)
{
	return test_main(make_suite);
}
