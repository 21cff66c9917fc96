/* SPDX-License-Identifier: BSD-2-Clause */
/* P9: handles of one process share one mapping per access mode. */
#include <config.h>

#include "actor.h"
#include "outside.h"

#define SIZE 100

START_TEST(handles_of_one_process_share_a_mapping)
{
	const char *key = test_key("share");
	struct svshm *first = make_object(key, SIZE), *second = svshm_new(key);
	struct svshm *third = svshm_new(key);
	struct test_object object;
	char *data = svshm_data(first);

	expect_code(second, act_attach(second), SVSHM_OK);
	expect_code(third, act_attach(third), SVSHM_OK);
	ck_assert_ptr_eq(svshm_data(second), data);
	ck_assert_ptr_eq(svshm_data(third), data);
	ck_assert(test_inspect(key, &object));
	ck_assert_uint_eq(object.mappings, 1);
	ck_assert_uint_eq(object.alive, 1);

	/* It stays where it is until the last of them has gone. */
	expect_code(first, svshm_detach(first), SVSHM_OK);
	data[0] = 'x';
	expect_code(second, svshm_detach(second), SVSHM_OK);
	ck_assert_ptr_eq(svshm_data(third), data);
	ck_assert_int_eq(data[0], 'x');
	expect_code(first, act_attach(first), SVSHM_OK);
	ck_assert_ptr_eq(svshm_data(first), data);
	svshm_free(first);
	svshm_free(second);
	svshm_free(third);
	ck_assert(test_nothing_left(key));
}
END_TEST

START_TEST(read_only_handles_share_a_mapping_of_their_own)
{
	const char *key = test_key("readers");
	struct svshm *writer = make_object(key, SIZE);
	struct svshm *first = svshm_new(key), *second = svshm_new(key);
	struct test_object object;

	expect_code(first, act_attach_read_only(first), SVSHM_OK);
	expect_code(second, act_attach_read_only(second), SVSHM_OK);
	ck_assert_ptr_eq(svshm_const_data(first), svshm_const_data(second));
	/* HP-UX: one mapping for all. */
	ck_assert_int_eq(svshm_const_data(first) == svshm_const_data(writer),
			 system_attaches_once());
	act_fill(writer);
	ck_assert_int_eq(act_is_filled(first), SVSHM_OK);
	ck_assert(test_inspect(key, &object));
	ck_assert_uint_eq(object.alive, 1);
	/* One lock for all of them. */
	expect_code(first, svshm_lock(first), SVSHM_OK);
	expect_code(second, svshm_trylock(second), SVSHM_DEADLOCK);
	expect_code(writer, svshm_trylock(writer), SVSHM_DEADLOCK);
	expect_code(first, svshm_unlock(first), SVSHM_OK);
	svshm_free(writer);
	ck_assert_int_eq(act_is_filled(second), SVSHM_OK);
	svshm_free(second);
	ck_assert_int_eq(act_is_filled(first), SVSHM_OK);
	svshm_free(first);
	ck_assert(test_nothing_left(key));
}
END_TEST

static Suite *make_suite(void)
{
	Suite *suite = suite_create("handles of one process");
	TCase *tcase = tcase_create("handles");

	tcase_add_test(tcase, handles_of_one_process_share_a_mapping);
	tcase_add_test(tcase,
		       read_only_handles_share_a_mapping_of_their_own);
	tcase_set_timeout(tcase, 60);
	suite_add_tcase(suite, tcase);
	return suite;
}

int main(void)
{
	return test_main(make_suite);
}
