/* SPDX-License-Identifier: BSD-2-Clause */
/* P6: key directories that somebody may have prepared. */
#include <config.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "outside.h"

static bool is_empty(const char *directory)
{
	return rmdir(directory) == 0 && mkdir(directory, 0700) == 0;
}

START_TEST(key_directory_may_not_be_a_link)
{
	char *directory = strdup(use_key_directory("real", geteuid(), 0700));
	char *link = strdup(test_scratch("directory-link"));

	ck_assert_int_eq(symlink(directory, link), 0);
	setenv("SVSHM_KEYDIR", link, 1);
	expect_refused(test_key("link"), SVSHM_PERMISSION_DENIED,
		       SVSHM_PERMISSION_DENIED, "symbolic link");
	ck_assert(is_empty(directory));
	/* Nor with a slash behind it. */
	setenv("SVSHM_KEYDIR", test_scratch("directory-link/"), 1);
	expect_refused(test_key("link"), SVSHM_PERMISSION_DENIED,
		       SVSHM_PERMISSION_DENIED, "symbolic link");
	ck_assert(is_empty(directory));
	free(link);
	free(directory);
}
END_TEST

START_TEST(key_directory_may_not_be_another_users)
{
	if (test_skip_without_root())
		return;

	const char *key = test_key("others");
	char *directory = strdup(use_key_directory("alices", ALICE, 0777));
	struct actor bob;

	/* Root is careful as well. */
	expect_refused(key, SVSHM_PERMISSION_DENIED, SVSHM_PERMISSION_DENIED,
		       "65533");
	actor_enter_as(&bob, BOB, key);
	expect_act(&bob, act_create, SVSHM_PERMISSION_DENIED);
	expect_says(bob.message, "65533");
	expect_act(&bob, act_attach, SVSHM_PERMISSION_DENIED);
	actor_exit(&bob);
	ck_assert(is_empty(directory));
	free(directory);
}
END_TEST

START_TEST(key_directory_may_be_a_common_one_of_root)
{
	if (test_skip_without_root())
		return;
	use_key_directory("roots", 0, 01777);

	const char *key = test_key("roots");
	struct actor bob;

	actor_enter_as(&bob, BOB, key);
	expect_act(&bob, act_create, SVSHM_OK);
	expect_act(&bob, svshm_detach, SVSHM_OK);
	actor_exit(&bob);
	ck_assert(test_nothing_left(key));
}
END_TEST

START_TEST(key_directory_may_be_out_of_reach)
{
	if (test_skip_without_root())
		return;
	use_key_directory("shut", 0, 0700);

	struct actor bob;

	actor_enter_as(&bob, BOB, test_key("shut"));
	expect_act(&bob, act_create, SVSHM_PERMISSION_DENIED);
	expect_says(bob.message, "/shut");
	expect_act(&bob, act_attach, SVSHM_PERMISSION_DENIED);
	actor_exit(&bob);
}
END_TEST

START_TEST(key_directory_may_be_no_directory)
{
	char *path = make_file("file", "text", geteuid(), 0600);

	setenv("SVSHM_KEYDIR", path, 1);
	expect_refused(test_key("file"), SVSHM_KEY_ERROR, SVSHM_KEY_ERROR,
		       "not a directory");
	ck_assert(file_has(path, "text"));
	free(path);
}
END_TEST

START_TEST(key_directory_is_made_if_it_is_missing)
{
	const char *key = test_key("missing");
	struct stat status;
	struct svshm *handle;

	umask(0);
	setenv("SVSHM_KEYDIR", test_scratch("made"), 1);
	handle = svshm_new(key);
	expect_code(handle, act_attach(handle), SVSHM_NOT_FOUND);
	ck_assert_int_lt(stat(test_scratch("made"), &status), 0);
	expect_code(handle, act_create(handle), SVSHM_OK);
	svshm_free(handle);
	ck_assert_int_eq(stat(test_scratch("made"), &status), 0);
	ck_assert_uint_eq(status.st_mode & 07777, 0700);

	setenv("SVSHM_KEYDIR", test_scratch("no/where"), 1);
	expect_refused(key, SVSHM_KEY_ERROR, SVSHM_NOT_FOUND, "no/where");
}
END_TEST

/* In a child that is Alice, whom nobody knows: the directory is not in use. */
static int use_default_directory(void *context)
{
	const char *key = context;
	const char *directory = default_key_directory(ALICE);
	struct svshm *handle;

	become(ALICE);
	unsetenv("SVSHM_KEYDIR");
	handle = svshm_new(key);
	child_assert(act_create(handle) == SVSHM_OK);
	child_assert(svshm_detach(handle) == SVSHM_OK);
	for (unsigned bit = 1; bit <= 040; bit <<= 1) {
		child_assert(chmod(directory, 0700 | bit) == 0);
		child_assert(act_create(handle) == SVSHM_PERMISSION_DENIED);
		child_assert(strstr(svshm_error_string(handle), "0700"));
		child_assert(act_attach(handle) == SVSHM_PERMISSION_DENIED);
	}
	child_assert(chmod(directory, 0700) == 0);
	child_assert(act_create(handle) == SVSHM_OK);
	child_assert(svshm_detach(handle) == SVSHM_OK);
	svshm_free(handle);
	return 0;
}

static int find_default_directory_taken(void *context)
{
	struct svshm *handle;

	become(ALICE);
	unsetenv("SVSHM_KEYDIR");
	handle = svshm_new(context);
	child_assert(act_create(handle) == SVSHM_PERMISSION_DENIED);
	child_assert(act_attach(handle) == SVSHM_PERMISSION_DENIED);
	svshm_free(handle);
	return 0;
}

START_TEST(default_directory_must_be_shut)
{
	void *key = (void *)(uintptr_t)test_key("default");
	const char *directory = default_key_directory(ALICE);

	if (test_skip_without_root())
		return;

	int used = test_wait(test_fork(use_default_directory, key));

	/* Somebody may have been there first, in the public base. */
	ck_assert_int_eq(chown(directory, BOB, BOB), 0);
	ck_assert_int_eq(chmod(directory, 0777), 0);

	int others = test_wait(test_fork(find_default_directory_taken, key));

	ck_assert_int_eq(chown(directory, 0, 0), 0);

	int roots = test_wait(test_fork(find_default_directory_taken, key));

	ck_assert_int_eq(rmdir(directory), 0);
	ck_assert_int_eq(symlink(test_directory(), directory), 0);

	int link = test_wait(test_fork(find_default_directory_taken, key));

	ck_assert_int_eq(unlink(directory), 0);
	ck_assert_int_eq(used, 0);
	ck_assert_int_eq(others, 0);
	ck_assert_int_eq(roots, 0);
	ck_assert_int_eq(link, 0);
}
END_TEST

static Suite *make_suite(void)
{
	Suite *suite = suite_create("key directories of others");
	TCase *directory = tcase_create("key directory");

	tcase_add_test(directory, key_directory_may_not_be_a_link);
	tcase_add_test(directory, key_directory_may_not_be_another_users);
	tcase_add_test(directory, key_directory_may_be_a_common_one_of_root);
	tcase_add_test(directory, key_directory_may_be_out_of_reach);
	tcase_add_test(directory, key_directory_may_be_no_directory);
	tcase_add_test(directory, key_directory_is_made_if_it_is_missing);
	tcase_add_test(directory, default_directory_must_be_shut);
	tcase_set_timeout(directory, 60);
	suite_add_tcase(suite, directory);
	return suite;
}

int main(void)
{
	return test_main(make_suite);
}
