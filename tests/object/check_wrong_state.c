/* SPDX-License-Identifier: BSD-2-Clause */
/* P8: calls in the wrong state: the code, a message, nothing lost. */
#include <config.h>

#include "actor.h"
#include "outside.h"

#define SIZE 100

static void expect_success(const struct svshm *handle)
{
	ck_assert_int_eq(svshm_error(handle), SVSHM_OK);
	ck_assert_str_eq(svshm_error_string(handle), "");
}

START_TEST(calls_before_attach_are_refused)
{
	const char *key = test_key("before");
	struct svshm *handle = svshm_new(key);

	expect_failure(handle, svshm_lock(handle), SVSHM_NOT_ATTACHED,
		       "attach or create");
	expect_failure(handle, svshm_trylock(handle), SVSHM_NOT_ATTACHED,
		       "attach or create");
	expect_failure(handle, svshm_timedlock(handle, 1), SVSHM_NOT_ATTACHED,
		       "attach or create");
	expect_failure(handle, svshm_unlock(handle), SVSHM_NOT_ATTACHED, "");
	expect_failure(handle, svshm_make_consistent(handle),
		       SVSHM_NOT_ATTACHED, "");
	expect_failure(handle, svshm_detach(handle), SVSHM_NOT_ATTACHED,
		       "not attached");
	ck_assert_ptr_null(svshm_data(handle));
	ck_assert_ptr_null(svshm_const_data(handle));
	ck_assert_uint_eq(svshm_size(handle), 0);
	ck_assert(test_nothing_left(key));
	svshm_free(handle);
}
END_TEST

START_TEST(calls_while_attached_are_refused)
{
	const char *key = test_key("while");
	struct svshm *handle = make_object(key, SIZE);
	void *data = svshm_data(handle);

	act_fill(handle);
	expect_failure(handle, act_create(handle), SVSHM_ALREADY_ATTACHED,
		       "detach it first");
	expect_failure(handle, act_attach(handle), SVSHM_ALREADY_ATTACHED,
		       "detach it first");
	expect_failure(handle, svshm_set_layout(handle, SVSHM_LAYOUT_NATIVE),
		       SVSHM_ALREADY_ATTACHED, "detach first");
	expect_failure(handle, svshm_unlock(handle), SVSHM_NOT_OWNER, "");
	expect_failure(handle, svshm_make_consistent(handle), SVSHM_NOT_OWNER,
		       "");
	expect_code(handle, svshm_lock(handle), SVSHM_OK);
	expect_success(handle);
	expect_failure(handle, svshm_lock(handle), SVSHM_DEADLOCK, "");
	expect_failure(handle, svshm_trylock(handle), SVSHM_DEADLOCK, "");
	expect_failure(handle, svshm_timedlock(handle, 1), SVSHM_DEADLOCK, "");
	expect_code(handle, svshm_unlock(handle), SVSHM_OK);
	expect_failure(handle, svshm_unlock(handle), SVSHM_NOT_OWNER, "");

	/* Nothing lost, nothing moved. */
	ck_assert(svshm_is_attached(handle));
	ck_assert_ptr_eq(svshm_data(handle), data);
	ck_assert_int_eq(act_is_filled(handle), SVSHM_OK);
	expect_code(handle, svshm_set_key(handle, key), SVSHM_OK);
	ck_assert(svshm_is_attached(handle));
	ck_assert_uint_eq(test_count_segments(key), 1);
	expect_code(handle, svshm_detach(handle), SVSHM_OK);
	expect_failure(handle, svshm_detach(handle), SVSHM_NOT_ATTACHED,
		       "not attached");
	ck_assert(test_nothing_left(key));
	svshm_free(handle);
}
END_TEST

START_TEST(another_key_while_attached_detaches)
{
	const char *key = test_key("old"), *other = test_key("new");
	struct svshm *handle = make_object(key, SIZE);

	expect_code(handle, svshm_set_key(handle, other), SVSHM_OK);
	ck_assert(!svshm_is_attached(handle));
	ck_assert(test_nothing_left(key));
	expect_code(handle, act_create(handle), SVSHM_OK);
	expect_code(handle, svshm_set_key(handle, NULL), SVSHM_OK);
	ck_assert(!svshm_is_attached(handle));
	ck_assert(test_nothing_left(other));
	svshm_free(handle);
}
END_TEST

static Suite *make_suite(void)
{
	Suite *suite = suite_create("calls in the wrong state");
	TCase *tcase = tcase_create("state");

	tcase_add_test(tcase, calls_before_attach_are_refused);
	tcase_add_test(tcase, calls_while_attached_are_refused);
	tcase_add_test(tcase, another_key_while_attached_detaches);
	tcase_set_timeout(tcase, 60);
	suite_add_tcase(suite, tcase);
	return suite;
}

int main(void)
{
	return test_main(make_suite);
}
