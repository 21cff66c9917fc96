/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * P8: bad input: the code, a message that says what to do, nothing made. See
 * check_wrong_state.c for calls in the wrong state, check_system_limits.c and
 * check_process_limits.c for limits.
 */
#include <config.h>

#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "actor.h"
#include "outside.h"

#define SIZE 100

/* ---- Arguments ----------------------------------------------------------- */

START_TEST(null_handle_is_refused)
{
	const int bad = SVSHM_INVALID_ARGUMENT;

	svshm_free(NULL);
	ck_assert_int_eq(svshm_set_key(NULL, "key"), bad);
	ck_assert_ptr_null(svshm_key(NULL));
	ck_assert_int_eq(svshm_set_native_key(NULL, "/"), bad);
	ck_assert_ptr_null(svshm_native_key(NULL));
	ck_assert_int_eq(svshm_set_layout(NULL, SVSHM_LAYOUT_NATIVE), bad);
	ck_assert_int_eq(svshm_set_mode(NULL, 0600), bad);
	ck_assert_int_eq(svshm_set_group(NULL, 0), bad);
	ck_assert_int_eq(svshm_set_max_processes(NULL, 14), bad);
	ck_assert_int_eq(svshm_create(NULL, 1, SVSHM_READ_WRITE), bad);
	ck_assert_int_eq(svshm_create_locked(NULL, 1, SVSHM_READ_WRITE), bad);
	ck_assert_int_eq(svshm_attach(NULL, SVSHM_READ_WRITE), bad);
	ck_assert_int_eq(svshm_detach(NULL), bad);
	ck_assert(!svshm_is_attached(NULL));
	ck_assert_ptr_null(svshm_data(NULL));
	ck_assert_ptr_null(svshm_const_data(NULL));
	ck_assert_uint_eq(svshm_size(NULL), 0);
	ck_assert_int_eq(svshm_lock(NULL), bad);
	ck_assert_int_eq(svshm_trylock(NULL), bad);
	ck_assert_int_eq(svshm_timedlock(NULL, 1), bad);
	ck_assert_int_eq(svshm_unlock(NULL), bad);
	ck_assert_int_eq(svshm_make_consistent(NULL), bad);
	ck_assert_int_eq(svshm_error(NULL), bad);
	ck_assert_str_ne(svshm_error_string(NULL), "");
	ck_assert_int_eq(svshm_inspect(NULL, visit_nothing, NULL), bad);
	ck_assert_int_eq(svshm_scan(0, NULL, NULL), bad);
	ck_assert_int_eq(svshm_scan(~SVSHM_SCAN_FOREIGN, visit_nothing, NULL),
			 bad);
	ck_assert_int_eq(svshm_recover(NULL, NULL), bad);
}
END_TEST

START_TEST(no_key_is_an_error)
{
	static const char *const keys[] = { NULL, "" };
	struct svshm *handle = svshm_new(keys[_i]);

	ck_assert_ptr_nonnull(handle);
	ck_assert_ptr_null(svshm_native_key(handle));
	expect_failure(handle, act_create(handle), SVSHM_KEY_ERROR,
		       _i ? "empty" : "svshm_set_key");
	expect_failure(handle, act_attach(handle), SVSHM_KEY_ERROR,
		       _i ? "empty" : "svshm_set_key");
	expect_failure(handle, svshm_inspect(handle, visit_nothing, NULL),
		       SVSHM_KEY_ERROR, "key");
	ck_assert_int_eq(svshm_set_native_key(handle, keys[_i]), SVSHM_OK);
	expect_failure(handle, act_create(handle), SVSHM_KEY_ERROR, "key");
	expect_failure(handle, act_attach(handle), SVSHM_KEY_ERROR, "key");
	ck_assert(!svshm_is_attached(handle));
	svshm_free(handle);
}
END_TEST

static char long_key[5001];

static const char *const odd_keys[] = {
	"/", "..", ".", "../../up", "a b", " ", "line\nbreak\n", "\x1b[31mred",
	"M\xc3\xbcll", "\xff\xfe", "100%", "%2F", "-rf", "*", "$HOME", "~",
	"a'b\"c`d\\", long_key,
};

/* They work, stay inside the key directory, and are told from one another. */
START_TEST(odd_keys_are_keys)
{
	char key[5100];
	const char *path;
	struct svshm *handle;
	struct actor actor;

	memset(long_key, 'k', sizeof(long_key) - 1);
	snprintf(key, sizeof(key), "%s%s%s", _i % 2 ? test_key("x") : "",
		 odd_keys[_i], _i % 2 ? "" : test_key("x"));
	handle = svshm_new(key);
	actor_enter(&actor, key);
	ck_assert_str_eq(svshm_key(handle), key);
	expect_code(handle, svshm_attach(handle, SVSHM_READ_WRITE),
		    SVSHM_NOT_FOUND);
	ck_assert_ptr_null(strpbrk(svshm_error_string(handle), "\n\x1b"));
	expect_code(handle, act_create(handle), SVSHM_OK);
	act_fill(handle);
	path = svshm_native_key(handle);
	ck_assert_int_eq(access(path, F_OK), 0);
	ck_assert_int_eq(strncmp(path, test_directory(),
				 strlen(test_directory())), 0);
	ck_assert_ptr_eq(strrchr(path, '/'), path + strlen(test_directory()));
	expect_act(&actor, act_attach, SVSHM_OK);
	expect_act(&actor, act_is_filled, SVSHM_OK);
	expect_act(&actor, svshm_detach, SVSHM_OK);
	actor_exit(&actor);
	svshm_free(handle);
	ck_assert(test_nothing_left(key));
}
END_TEST

START_TEST(impossible_size_is_refused)
{
	static const struct {
		size_t size;
		const char *says;
	} sizes[] = {
		{ 0, "at least one byte" },
		{ SIZE_MAX, "address space" },
		{ SIZE_MAX - 4000, "address space" },
#if SIZE_MAX > 0xffffffff /* else it can be, with a kernel of 64 bits */
		{ SIZE_MAX - 100000, "shmget(" },
#endif
	};
	const char *key = test_key("size");
	struct svshm *handle = svshm_new(key);

	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		expect_failure(handle, svshm_create(handle, sizes[i].size,
						    SVSHM_READ_WRITE),
			       SVSHM_INVALID_SIZE, sizes[i].says);
		ck_assert(!svshm_is_attached(handle));
		ck_assert(test_nothing_left(key));
	}
	expect_code(handle, act_create(handle), SVSHM_OK);
	ck_assert_str_eq(svshm_error_string(handle), "");
	svshm_free(handle);
}
END_TEST

START_TEST(missing_object_is_told)
{
	const char *key = test_key("missing");
	struct svshm *handle = svshm_new(key);

	expect_failure(handle, act_attach(handle), SVSHM_NOT_FOUND, key);
	expect_says(svshm_error_string(handle), svshm_native_key(handle));
	expect_failure(handle, act_attach_read_only(handle), SVSHM_NOT_FOUND,
		       key);
	expect_failure(handle, svshm_inspect(handle, visit_nothing, NULL),
		       SVSHM_NOT_FOUND, key);
	ck_assert(!svshm_is_attached(handle));
	ck_assert(test_nothing_left(key));
	svshm_free(handle);
}
END_TEST

static const struct {
	const char *name;
	int create, attach;
} bad_paths[] = {
	{ "no-such-file", SVSHM_KEY_ERROR, SVSHM_NOT_FOUND },
	{ "no-such-directory/file", SVSHM_KEY_ERROR, SVSHM_NOT_FOUND },
	{ "plain-file/file", SVSHM_KEY_ERROR, SVSHM_KEY_ERROR },
};

START_TEST(native_key_out_of_reach_is_told)
{
	char *file = make_file("plain-file", "", geteuid(), 0600);
	char *path = strdup(test_scratch(bad_paths[_i].name));
	struct svshm *handle = svshm_new(NULL);

	ck_assert_int_eq(svshm_set_native_key(handle, path), SVSHM_OK);
	ck_assert_str_eq(svshm_native_key(handle), path);
	ck_assert_ptr_null(svshm_key(handle));
	expect_failure(handle, act_create(handle), bad_paths[_i].create, path);
	expect_failure(handle, act_attach(handle), bad_paths[_i].attach, path);
	expect_failure(handle, svshm_inspect(handle, visit_nothing, NULL),
		       bad_paths[_i].attach, path);
	ck_assert_int_lt(access(path, F_OK), 0);
	svshm_free(handle);
	free(path);
	free(file);
}
END_TEST

START_TEST(native_key_behind_a_shut_directory_is_told)
{
	if (test_skip_without_root())
		return;
	use_key_directory("shut", 0, 0700);

	char *path = make_file("shut/file", "", 0, 0666);
	struct actor bob;

	actor_enter_native_as(&bob, BOB, path);
	expect_act(&bob, act_create, SVSHM_PERMISSION_DENIED);
	expect_says(bob.message, path);
	expect_act(&bob, act_attach, SVSHM_PERMISSION_DENIED);
	actor_exit(&bob);
	free(path);
}
END_TEST

START_TEST(arguments_outside_their_range_are_refused)
{
	const char *key = test_key("range");
	struct svshm *handle = svshm_new(key);
	const int bad = SVSHM_INVALID_ARGUMENT;

	expect_failure(handle, svshm_set_mode(handle, 0700), bad, "0666");
	expect_failure(handle, svshm_set_mode(handle, 04600), bad, "0666");
	expect_failure(handle, svshm_set_max_processes(handle, 3501), bad,
		       "3500");
	expect_failure(handle, svshm_set_max_processes(handle, UINT_MAX), bad,
		       "3500");
	expect_failure(handle, svshm_set_layout(handle,
						(enum svshm_layout)77),
		       bad, "layout");
	expect_failure(handle, svshm_create(handle, SIZE,
					    (enum svshm_access)77),
		       bad, "access");
	expect_failure(handle, svshm_attach(handle, (enum svshm_access)77),
		       bad, "access");
	expect_failure(handle, svshm_inspect(handle, NULL, NULL), bad,
		       "function");
	ck_assert(test_nothing_left(key));
	/* None of it has stuck. */
	expect_code(handle, act_create(handle), SVSHM_OK);
	expect_failure(handle, svshm_timedlock(handle, -1), bad, "negative");
	expect_code(handle, svshm_timedlock(handle, 0), SVSHM_OK);
	svshm_free(handle);
}
END_TEST

static int recover_with_nonsense(const struct svshm_object *object,
				 void *context)
{
	struct svshm_recovery recovery = { .flags = 1u << 31 };

	(void)context;
	return svshm_recover(object, &recovery);
}

START_TEST(unknown_flags_are_refused)
{
	const char *key = test_key("flags");
	struct svshm *handle = svshm_new(key);

	make_orphan(key, SIZE, 'o');
	expect_failure(handle, svshm_inspect(handle, recover_with_nonsense,
					     NULL),
		       SVSHM_INVALID_ARGUMENT, "");
	expect_code(handle, act_attach(handle), SVSHM_ORPHANED);
	svshm_free(handle);
}
END_TEST

/* ---- Codes --------------------------------------------------------------- */

START_TEST(every_code_has_words_of_its_own)
{
	for (int code = SVSHM_NOT_SUPPORTED; code <= SVSHM_ORPHANED; code++) {
		const char *words = svshm_strerror(code);

		ck_assert_uint_gt(strlen(words), 3);
		ck_assert_str_ne(words, svshm_strerror(1000));
		for (int other = SVSHM_NOT_SUPPORTED; other < code; other++)
			ck_assert_str_ne(words, svshm_strerror(other));
	}
	ck_assert_str_eq(svshm_strerror(INT_MIN), svshm_strerror(1000));
	ck_assert_str_eq(svshm_strerror(3), svshm_strerror(1000));
	for (int verdict = 0; verdict <= SVSHM_VERDICT_UNKNOWN; verdict++)
		ck_assert_uint_gt(strlen(svshm_verdict_string(
					  (enum svshm_verdict)verdict)), 3);
	ck_assert_str_eq(svshm_verdict_string((enum svshm_verdict)77),
			 "unknown");
	ck_assert_str_eq(svshm_version(), PACKAGE_VERSION);
}
END_TEST

/* The first nine are QSharedMemory's errors, in its order. */
START_TEST(codes_are_fixed)
{
	static const int codes[] = {
		SVSHM_PERMISSION_DENIED, SVSHM_INVALID_SIZE, SVSHM_KEY_ERROR,
		SVSHM_ALREADY_EXISTS, SVSHM_NOT_FOUND, SVSHM_LOCK_ERROR,
		SVSHM_OUT_OF_RESOURCES, SVSHM_UNKNOWN_ERROR,
		SVSHM_NOT_ATTACHED, SVSHM_ALREADY_ATTACHED, SVSHM_TIMED_OUT,
		SVSHM_BUSY, SVSHM_DEADLOCK, SVSHM_NOT_OWNER, SVSHM_REMOVED,
		SVSHM_CORRUPT, SVSHM_INCOMPATIBLE, SVSHM_INVALID_ARGUMENT,
		SVSHM_NOT_SUPPORTED,
	};

	for (int i = 0; i < (int)(sizeof(codes) / sizeof(*codes)); i++)
		ck_assert_int_eq(codes[i], -1 - i);
	ck_assert_int_eq(SVSHM_OK, 0);
	ck_assert_int_eq(SVSHM_OWNER_DIED, 1);
	ck_assert_int_eq(SVSHM_ORPHANED, 2);
}
END_TEST

#define COUNT(array) ((int)(sizeof(array) / sizeof(*(array))))

static Suite *make_suite(void)
{
	Suite *suite = suite_create("bad input");
	TCase *input = tcase_create("input");
	TCase *codes = tcase_create("codes");

	tcase_add_test(input, null_handle_is_refused);
	tcase_add_loop_test(input, no_key_is_an_error, 0, 2);
	tcase_add_loop_test(input, odd_keys_are_keys, 0, COUNT(odd_keys));
	tcase_add_test(input, impossible_size_is_refused);
	tcase_add_test(input, missing_object_is_told);
	tcase_add_loop_test(input, native_key_out_of_reach_is_told, 0,
			    COUNT(bad_paths));
	tcase_add_test(input, native_key_behind_a_shut_directory_is_told);
	tcase_add_test(input, arguments_outside_their_range_are_refused);
	tcase_add_test(input, unknown_flags_are_refused);
	tcase_set_timeout(input, 60);
	suite_add_tcase(suite, input);
	tcase_add_test(codes, every_code_has_words_of_its_own);
	tcase_add_test(codes, codes_are_fixed);
	tcase_set_timeout(codes, 60);
	suite_add_tcase(suite, codes);
	return suite;
}

int main(void)
{
	return test_main(make_suite);
}
