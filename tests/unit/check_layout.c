/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * P9: what processes of all kinds agree on: the bytes of a header. Whoever
 * changes a number here changes SVSHM__FORMAT.
 */
#include <config.h>

#include <stddef.h>
#include <string.h>

#include "actor.h"
#include "forge.h"
#include "key/key.h"
#include "outside.h"

#define SIZE 100

static const struct {
	const char *name;
	size_t offset;
} offsets[] = {
	{ "magic", 0 }, { "byte_order", 4 }, { "format", 8 },
	{ "header_size", 12 }, { "segment_size", 16 }, { "data_offset", 24 },
	{ "data_size", 32 }, { "device", 40 }, { "inode", 48 },
	{ "project", 56 }, { "flags", 60 }, { "path_offset", 64 },
	{ "path_length", 68 }, { "key_offset", 72 }, { "key_length", 76 },
	{ "slots_offset", 80 }, { "slot_count", 84 }, { "create_time", 88 },
	{ "maker_pid", 96 }, { "lock_engine", 104 }, { "registrations", 112 },
	{ "directory_device", 128 }, { "directory_inode", 136 },
	{ "set_change_time", 144 }, { "set_id", 152 }, { "forks", 156 },
	{ "births", 160 }, { "bequeathed", 164 }, { "retired", 168 },
	{ "departures", 176 },
	{ "lock_word", 256 }, { "inconsistent", 260 }, { "removed", 264 },
	{ "rounds", 268 },
	{ "changes", 320 },
};

START_TEST(layout_header_has_fixed_offsets)
{
	for (size_t i = 0; i < field_count; i++) {
		size_t j = 0;

		while (j < field_count &&
		       strcmp(offsets[j].name, fields[i].name) != 0)
			j++;
		ck_assert_msg(j < field_count, "%s", fields[i].name);
		ck_assert_msg(offsets[j].offset == fields[i].offset, "%s",
			      fields[i].name);
		/* 32-bit and 64-bit compilers pad alike. */
		ck_assert_uint_eq(fields[i].offset % fields[i].size, 0);
	}
	ck_assert_uint_eq(sizeof(struct svshm__header), 384);
	ck_assert_uint_eq(SVSHM__FORMAT, 3);
	ck_assert_uint_eq(SVSHM__MAGIC, 0x6d687376);
	ck_assert_uint_eq(svshm__tag(1), 16384);
	ck_assert_uint_eq(svshm__tag(SVSHM__NAME_HASHES), 32767);
	ck_assert_int_eq(SVSHM__PROJECT_FIRST, 'v');
}
END_TEST

START_TEST(layout_slot_has_fixed_offsets)
{
	ck_assert_uint_eq(sizeof(struct svshm__slot), 64);
	ck_assert_uint_eq(offsetof(struct svshm__slot, used), 0);
	ck_assert_uint_eq(offsetof(struct svshm__slot, access), 4);
	ck_assert_uint_eq(offsetof(struct svshm__slot, pid), 8);
	ck_assert_uint_eq(offsetof(struct svshm__slot, start_time), 16);
	ck_assert_uint_eq(offsetof(struct svshm__slot, attach_time), 24);
	ck_assert_uint_eq(offsetof(struct svshm__slot, name), 32);
	ck_assert_uint_eq(offsetof(struct svshm__slot, start_ticks), 48);
	ck_assert_uint_eq(offsetof(struct svshm__slot, registration), 56);
	ck_assert_uint_eq(offsetof(struct svshm__slot, pid_space), 60);
}
END_TEST

START_TEST(layout_semaphores_have_fixed_places)
{
	ck_assert_int_eq(SVSHM__SEM_TAG, 0);
	ck_assert_int_eq(SVSHM__SEM_CHILDREN, 1);
	ck_assert_int_eq(SVSHM__SEM_GATE, 2);
	ck_assert_int_eq(SVSHM__SEM_LOCK, 3);
	ck_assert_int_eq(SVSHM__SEM_SLOTS, 4);
	ck_assert_int_eq(SVSHM__SLOTS_PER_SEMAPHORE, 14);
}
END_TEST

START_TEST(layout_data_are_as_asked_for)
{
	static const size_t sizes[] = { 1, 100, 4095, 4096, 4097, 1000003 };
	const char *key = test_key("data");
	struct svshm *handle = make_object(key, sizes[_i]);
	struct actor actor;

	ck_assert_uint_eq(svshm_size(handle), sizes[_i]);
	ck_assert(has_bytes(handle, sizes[_i], 0));
	ck_assert_uint_eq((uintptr_t)svshm_data(handle) % 4096, 0);
	act_fill(handle);
	actor_attach(&actor, key);
	expect_act(&actor, act_is_filled, SVSHM_OK);
	actor_exit(&actor);
	svshm_free(handle);
	ck_assert(test_nothing_left(key));
}
END_TEST

/* ---- Other kinds of svshm ----------------------------------------------- */

static const struct {
	size_t field; /* offset of 32 bits */
	uint32_t value;
	bool joined; /* as attach finds out only */
} kinds[] = {
	{ offsetof(struct svshm__header, byte_order), 0x04030201, false },
	{ offsetof(struct svshm__header, format), SVSHM__FORMAT - 1, false },
	{ offsetof(struct svshm__header, format), SVSHM__FORMAT + 1, false },
	{ offsetof(struct svshm__header, format), 255, false },
	{ offsetof(struct svshm__header, lock_engine), 99, true },
};

START_TEST(layout_of_another_kind_is_incompatible)
{
	const char *key = test_key("kind");
	struct svshm *handle = make_object(key, SIZE), *other = svshm_new(key);
	struct svshm__header *header = header_of(handle), good = *header;
	struct test_object object;

	act_fill(handle);
	memcpy((char *)header + kinds[_i].field, &kinds[_i].value, 4);
	expect_failure(other, act_attach(other), SVSHM_INCOMPATIBLE,
		       kinds[_i].joined ? "lock engine" : "incompatible");
	expect_code(other, act_attach_read_only(other), SVSHM_INCOMPATIBLE);
	expect_code(other, act_create(other),
		    kinds[_i].joined ? SVSHM_ALREADY_EXISTS :
				       SVSHM_INCOMPATIBLE);
	ck_assert(test_inspect(key, &object));
	ck_assert_int_eq(object.verdict,
			 kinds[_i].joined ? SVSHM_VERDICT_IN_USE :
					    SVSHM_VERDICT_UNKNOWN);
	ck_assert_int_eq(recover_object(key, 0, NULL), SVSHM_BUSY);
	/* Nothing has happened to it. */
	*header = good;
	ck_assert_int_eq(act_is_filled(handle), SVSHM_OK);
	expect_code(other, act_attach(other), SVSHM_OK);
	svshm_free(other);
	svshm_free(handle);
	ck_assert(test_nothing_left(key));
}
END_TEST

START_TEST(layout_of_another_kind_is_not_judged)
{
	const char *key = test_key("left");
	struct svshm *handle = svshm_new(key);
	struct svshm__header *header;
	struct test_object object;

	make_orphan(key, SIZE, 'o');
	ck_assert(test_inspect(key, &object));
	header = map_header(object.segment_id);
	header->format = SVSHM__FORMAT + 1;
	unmap_header(header);
	expect_code(handle, act_attach(handle), SVSHM_INCOMPATIBLE);
	expect_code(handle, act_create(handle), SVSHM_INCOMPATIBLE);
	ck_assert_int_eq(recover_object(key, 0, NULL), SVSHM_BUSY);
	ck_assert_int_eq(recover_object(key, SVSHM_RECOVER_FORCE, NULL),
			 SVSHM_OK);
	ck_assert(test_nothing_left(key));
	svshm_free(handle);
}
END_TEST

static Suite *make_suite(void)
{
	Suite *suite = suite_create("The layout of an object");
	TCase *layout = tcase_create("layout");
	TCase *kind = tcase_create("layout_kinds");

	tcase_add_test(layout, layout_header_has_fixed_offsets);
	tcase_add_test(layout, layout_slot_has_fixed_offsets);
	tcase_add_test(layout, layout_semaphores_have_fixed_places);
	tcase_add_loop_test(layout, layout_data_are_as_asked_for, 0, 6);
	tcase_set_timeout(layout, 60);
	suite_add_tcase(suite, layout);
	tcase_add_loop_test(kind, layout_of_another_kind_is_incompatible,
			    0, 5);
	tcase_add_test(kind, layout_of_another_kind_is_not_judged);
	tcase_set_timeout(kind, 60);
	suite_add_tcase(suite, kind);
	return suite;
}

int main(void)
{
	return test_main(make_suite);
}
