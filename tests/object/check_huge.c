/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * P1, P2, P3, P5 and P6 with objects of huge pages, and what create says where
 * there are none. They have to be reserved: by an administrator, or, with
 * SVSHM_TEST_HUGE_PAGES=NUMBER, by this test as root, which takes them back at its
 * end. It wants 16.
 */
#include <config.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ids.h"
#include "kernel/pages.h"
#include "kernel/segment.h"
#include "memory/pages.h"
#include "puppet.h"
#include "stranger.h"

#define WANTED 16
#define NR_HUGEPAGES "/proc/sys/vm/nr_hugepages"

static size_t huge; /* the size of one */

/* Objects of 3 huge pages, of which the last is not full. */
static size_t data_size(void)
{
	return 3 * huge - 1000;
}

static bool test_skip_without_huge_pages(void)
{
	int id = -1;

	huge = svshm__pages_huge_size();
	if (!huge || svshm__pages_huge_free() < WANTED)
		return test_skip("16 free huge pages are wanted; "
				 "SVSHM_TEST_HUGE_PAGES=16 reserves them");
	if (svshm__segment_make_huge(IPC_PRIVATE, huge, 0600, &id) != 0)
		return test_skip("this user may not use huge pages");
	svshm__segment_remove(id, NULL);
	return false;
}

static int want_huge(struct svshm *handle)
{
	return svshm_set_memory(handle, SVSHM_MEMORY_HUGE);
}

static int create_huge(struct svshm *handle)
{
	svshm_set_memory(handle, SVSHM_MEMORY_HUGE);
	return svshm_create(handle, data_size(), SVSHM_READ_WRITE);
}

static int note_object(const struct svshm_object *object, void *copy)
{
	*(struct svshm_object *)copy = *object;
	return 0;
}

static struct svshm_object look(struct svshm *handle)
{
	struct svshm_object object;

	expect_code(handle, svshm_inspect(handle, note_object, &object), 0);
	return object;
}

static void expect_huge(struct svshm *handle)
{
	struct svshm_object object = look(handle);

	ck_assert_uint_eq(object.page_size, huge);
	ck_assert(object.memory_locked);
	ck_assert_uint_eq(object.size, data_size());
	ck_assert_uint_eq(object.segment_size, 4 * huge);
	ck_assert_uint_eq(svshm_size(handle), data_size());
	ck_assert_uint_eq((uintptr_t)svshm_const_data(handle) % huge, 0);
}

static struct svshm *make_huge(const char *key)
{
	struct svshm *handle = test_new(key);

	expect_code(handle, create_huge(handle), SVSHM_OK);
	ck_assert_str_eq(svshm_error_string(handle), "");
	expect_huge(handle);
	return handle;
}

static int die_with_huge(void *key)
{
	struct svshm *handle = test_new(key);

	child_assert(create_huge(handle) >= 0);
	memset(svshm_data(handle), 3, data_size());
	return 0;
}

static void make_huge_orphan(const char *key)
{
	ck_assert_int_eq(test_wait(test_fork(die_with_huge,
					     (void *)(uintptr_t)key)), 0);
}

/* ---- Without -------------------------------------------------------------- */

/* More than there is memory for: reserved ones are never enough. */
START_TEST(without_huge_pages_there_is_a_note)
{
	const char *key = test_key("without");
	struct svshm *handle = test_new(key);
	long unused = svshm__pages_huge_free();
	struct svshm_object object;
	size_t size;

	test_layout = _i ? SVSHM_LAYOUT_QT : SVSHM_LAYOUT_NATIVE;
	svshm_free(handle);
	handle = test_new(key);
	huge = svshm__pages_huge_size();
	size = huge ? ((size_t)(unused < 0 ? 0 : unused) + 1) * huge : 10000;
	expect_code(handle, want_huge(handle), SVSHM_OK);
	expect_code(handle, svshm_create(handle, size, SVSHM_READ_WRITE),
		    SVSHM_OK);
	ck_assert_int_eq(svshm_error(handle), SVSHM_OK);
	expect_says(svshm_error_string(handle), key);
	expect_says(svshm_error_string(handle), "huge pages");
	object = look(handle);
	ck_assert_uint_eq(object.page_size, _i ? 0 : svshm__page_size());
	expect_says(svshm_error_string(handle), "");
	expect_code(handle, svshm_detach(handle), SVSHM_OK);
	/* No note of an earlier create stays. */
	expect_code(handle, svshm_set_memory(handle, 0), SVSHM_OK);
	expect_code(handle, svshm_create(handle, 10, SVSHM_READ_WRITE),
		    SVSHM_OK);
	ck_assert_str_eq(svshm_error_string(handle), "");
	svshm_free(handle);
	ck_assert(test_nothing_left(key));
}
END_TEST

START_TEST(note_stands_beside_other_news)
{
	const char *key = test_key("news");
	struct svshm *handle = test_new(key);

	make_orphan(key, 100, 1);
	expect_code(handle, want_huge(handle), SVSHM_OK);
	expect_code(handle, svshm_create(handle, 200, SVSHM_READ_WRITE),
		    SVSHM_ORPHANED);
	expect_says(svshm_error_string(handle), "an orphan was replaced");
	expect_says(svshm_error_string(handle), "no huge pages");
	ck_assert_int_eq(svshm_error(handle), SVSHM_ORPHANED);
	svshm_free(handle);
	ck_assert(test_nothing_left(key));
}
END_TEST

/* P6: what a header says of its pages is shown, and nothing follows from it. */
START_TEST(forged_pages_are_harmless)
{
	uint32_t page = (uint32_t)svshm__page_size();

	ck_assert_uint_eq(svshm__pages_of(0, page), page);
	ck_assert_uint_eq(svshm__pages_of(svshm__pages_flags((size_t)1 << 21),
					  (uint64_t)1 << 21), 1 << 21);
	/* Data do not begin in the middle of a page. */
	ck_assert_uint_eq(svshm__pages_of(svshm__pages_flags((size_t)1 << 21),
					  page), 0);
	for (uint32_t flags = 0; flags < 1u << 16; flags += 0x100)
		ck_assert_uint_le(svshm__pages_of(flags, page), page);
	ck_assert_uint_le(svshm__pages_of(UINT32_MAX, page), page);
}
END_TEST

/* ---- With ------------------------------------------------------------------ */

static int write_behind(void *handle)
{
	char *data = svshm_data(handle);

	data[data_size() - 1] = 1;
	return 0;
}

/* P1, P2: one object, with a lock, for both kinds of handles; then nothing. */
START_TEST(huge_object_is_an_object)
{
	const char *key = test_key("object");
	struct svshm *handle, *reader;
	struct actor actor;

	if (test_skip_without_huge_pages())
		return;
	handle = make_huge(key);
	memset(svshm_data(handle), 1, data_size());
	reader = test_new(key);
	expect_code(reader, act_attach_read_only(reader), SVSHM_OK);
	ck_assert(has_bytes(reader, data_size(), 1));
	expect_usable_lock(reader);
	ck_assert_int_eq(test_wait(test_fork(write_behind, reader)),
			 256 + SIGSEGV);
	actor_enter(&actor, key);
	expect_act(&actor, create_huge, SVSHM_ALREADY_EXISTS);
	expect_act(&actor, act_attach, SVSHM_OK);
	expect_act(&actor, svshm_lock, SVSHM_OK);
	ck_assert_uint_eq(test_count_segments(key), 1);
	svshm_free(reader);
	svshm_free(handle);
	expect_act(&actor, svshm_unlock, SVSHM_OK);
	expect_act(&actor, svshm_detach, SVSHM_OK);
	actor_exit(&actor);
	ck_assert(test_nothing_left(key));
}
END_TEST

/* P2: exit(3), with a read-only handle beside. */
START_TEST(huge_object_goes_with_its_last_user)
{
	const char *key = test_key("exit");
	struct actor first, last;

	if (test_skip_without_huge_pages())
		return;
	actor_enter(&first, key);
	actor_enter(&last, key);
	expect_act(&first, create_huge, SVSHM_OK);
	expect_act(&last, _i ? act_attach : act_attach_read_only, SVSHM_OK);
	actor_begin(&first, act_exit);
	test_wait(first.pid);
	actor_begin(&last, act_exit);
	test_wait(last.pid);
	ck_assert(test_nothing_left(key));
}
END_TEST

/* P3 and P5: joined with its data, or replaced, by huge pages or others. */
START_TEST(huge_orphan_is_joined_or_replaced)
{
	const char *key = test_key("orphan");
	struct svshm *handle = test_new(key);

	if (test_skip_without_huge_pages())
		return;
	make_huge_orphan(key);
	expect_code(handle, act_attach(handle), SVSHM_ORPHANED);
	ck_assert(has_bytes(handle, data_size(), 3));
	expect_huge(handle);
	expect_code(handle, svshm_detach(handle), SVSHM_OK);
	ck_assert(test_nothing_left(key));
	make_huge_orphan(key);
	expect_code(handle, create_huge(handle), SVSHM_ORPHANED);
	ck_assert(has_bytes(handle, data_size(), 0));
	expect_huge(handle);
	expect_code(handle, svshm_detach(handle), SVSHM_OK);
	make_huge_orphan(key);
	svshm_set_memory(handle, 0);
	expect_code(handle, act_create(handle), SVSHM_ORPHANED);
	ck_assert_uint_eq(look(handle).page_size, svshm__page_size());
	svshm_free(handle);
	ck_assert(test_nothing_left(key));
}
END_TEST

/* P3: a death in the middle of create. */
START_TEST(half_made_huge_object_is_made_anew)
{
	const char *const points[] = { "create:segment made",
				       "create:before magic",
				       "create:published" };
	const char *key = test_key("half");
	struct puppet maker;
	struct svshm *handle;

	if (test_skip_without_huge_pages())
		return;
	puppet_start(&maker, key);
	puppet_arm(&maker, points[_i], SIGKILL);
	puppet_expect(&maker, create_huge, PUPPET_DIED);
	handle = make_huge(key);
	svshm_free(handle);
	ck_assert(test_nothing_left(key));
}
END_TEST

static int join_friends(struct svshm *handle)
{
	svshm_set_group(handle, FRIENDS);
	return svshm_set_mode(handle, 0660);
}

/* Who may not remove it, retires it: its pages are there for others. */
START_TEST(huge_object_is_retired)
{
	const char *key;
	struct svshm *handle;
	struct stranger bob;
	int segment_id;
	long unused;

	if (test_skip_without_root() || test_skip_without_huge_pages())
		return;
	use_key_directory("common", 0, 01777);
	key = test_key("retired");
	handle = test_new(key);
	join_friends(handle);
	unused = svshm__pages_huge_free();
	expect_code(handle, create_huge(handle), SVSHM_OK);
	memset(svshm_data(handle), 4, data_size());
	segment_id = look(handle).segment_id;
	stranger_enter_as(&bob, BOB, key);
	ck_assert_int_eq(stranger_do(&bob, "group %d", FRIENDS), SVSHM_OK);
	expect_order(&bob, "mode 660", SVSHM_OK);
	expect_order(&bob, "attach", SVSHM_OK);
	expect_order(&bob, "holds 4", SVSHM_OK);
	expect_code(handle, svshm_detach(handle), SVSHM_OK);
	expect_order(&bob, "detach", SVSHM_OK);
	ck_assert(segment_is_there(segment_id));
	/* Reserved for the segment still, but for its header's not in use. */
	ck_assert_int_ge(svshm__pages_huge_free(), unused - 1);
	expect_order(&bob, "create 10", SVSHM_OK);
	expect_code(handle, act_attach(handle), SVSHM_OK);
	ck_assert(!segment_is_there(segment_id));
	expect_code(handle, svshm_detach(handle), SVSHM_OK);
	expect_order(&bob, "detach", SVSHM_OK);
	/* And an observer of one has what he sees until he goes. */
	svshm_set_mode(handle, 0644);
	expect_code(handle, create_huge(handle), SVSHM_OK);
	memset(svshm_data(handle), 5, data_size());
	expect_order(&bob, "observe", SVSHM_OK);
	expect_order(&bob, "holds 5", SVSHM_OK);
	expect_code(handle, svshm_detach(handle), SVSHM_OK);
	expect_order(&bob, "holds 5", SVSHM_OK);
	expect_order(&bob, "detach", SVSHM_REMOVED);
	stranger_exit(&bob);
	svshm_free(handle);
	ck_assert(test_nothing_left(key));
	ck_assert_int_eq(svshm__pages_huge_free(), unused);
}
END_TEST

static Suite *make_suite(void)
{
	Suite *suite = suite_create("huge pages");
	TCase *tests = tcase_create("huge");

	suite_add_tcase(suite, tests);
	tcase_set_timeout(tests, 120);
	tcase_add_loop_test(tests, without_huge_pages_there_is_a_note, 0, 2);
	tcase_add_test(tests, note_stands_beside_other_news);
	tcase_add_test(tests, forged_pages_are_harmless);
	tcase_add_test(tests, huge_object_is_an_object);
	tcase_add_loop_test(tests, huge_object_goes_with_its_last_user, 0, 2);
	tcase_add_test(tests, huge_orphan_is_joined_or_replaced);
	tcase_add_loop_test(tests, half_made_huge_object_is_made_anew, 0, 3);
	tcase_add_test(tests, huge_object_is_retired);
	return suite;
}

/* ---- The machine's setting -------------------------------------------------- */

/* BY more than it is; what it was. */
static long reserve(long by)
{
	FILE *file = fopen(NR_HUGEPAGES, "r+");
	long before = -1;

	if (!file || fscanf(file, "%ld", &before) != 1)
		before = -1;
	if (before >= 0) {
		rewind(file);
		fprintf(file, "%ld\n", before + by);
	}
	if (file)
		fclose(file);
	return before;
}

int main(void)
{
	const char *number = getenv("SVSHM_TEST_HUGE_PAGES");
	long by = number && geteuid() == 0 ? strtol(number, NULL, 10) : 0;
	int status;

	if (by > 0 && reserve(by) < 0)
		by = 0;
	status = test_main(make_suite);
	if (by > 0)
		reserve(-by);
	return status;
}
