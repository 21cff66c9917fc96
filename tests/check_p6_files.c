/* SPDX-License-Identifier: BSD-2-Clause */
/* P6: key directories and key files that somebody may have prepared. */
#include <config.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "forge.h"
#include "handle.h"
#include "key.h"
#include "outside.h"

#define SIZE 100

static int ignore(const struct svshm_object *object, void *context)
{
	(void)object;
	(void)context;
	return 0;
}

/* Whatever a new handle for KEY tries. CREATE, ATTACH: the codes. */
static void expect_refused(const char *key, int create, int attach,
			   const char *why)
{
	struct svshm *handle = svshm_new(key);

	expect_code(handle, act_create(handle), create);
	expect_says(svshm_error_string(handle), why);
	expect_code(handle, act_attach(handle), attach);
	expect_code(handle, svshm_inspect(handle, ignore, NULL), attach);
	svshm_free(handle);
}

static void expect_usable(const char *key)
{
	struct svshm *handle = make_object(key, SIZE);

	expect_code(handle, svshm_detach(handle), SVSHM_OK);
	svshm_free(handle);
	ck_assert(test_nothing_left(key));
}

static bool is_empty(const char *directory)
{
	return rmdir(directory) == 0 && mkdir(directory, 0700) == 0;
}

/* ---- Key directories -------------------------------------------------------------- */

START_TEST(p6_key_directory_may_not_be_a_link)
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

START_TEST(p6_key_directory_may_not_be_another_users)
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

START_TEST(p6_key_directory_may_be_a_common_one_of_root)
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

START_TEST(p6_key_directory_may_be_out_of_reach)
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

START_TEST(p6_key_directory_may_be_no_directory)
{
	char *path = make_file("file", "text", geteuid(), 0600);

	setenv("SVSHM_KEYDIR", path, 1);
	expect_refused(test_key("file"), SVSHM_KEY_ERROR, SVSHM_KEY_ERROR,
		       "not a directory");
	ck_assert(file_has(path, "text"));
	free(path);
}
END_TEST

START_TEST(p6_key_directory_is_made_if_it_is_missing)
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
	char directory[100];
	struct svshm *handle;

	snprintf(directory, sizeof(directory), "%s/svshm-%d",
		 SVSHM_KEYDIR_BASE, ALICE);
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

START_TEST(p6_default_directory_must_be_shut)
{
	void *key = (void *)(uintptr_t)test_key("default");
	char directory[100];

	if (test_skip_without_root())
		return;
	snprintf(directory, sizeof(directory), "%s/svshm-%d",
		 SVSHM_KEYDIR_BASE, ALICE);

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

/* ---- Key files ---------------------------------------------------------------------- */

START_TEST(p6_key_file_may_not_be_a_link)
{
	const char *key = test_key("link");
	char *victim = make_file("victim", "precious", geteuid(), 0600);
	char *path = svshm__key_path(key, NULL);

	ck_assert_int_eq(symlink(victim, path), 0);
	expect_refused(key, SVSHM_PERMISSION_DENIED, SVSHM_PERMISSION_DENIED,
		       "symbolic link");
	ck_assert(file_has(victim, "precious"));
	/* Nor one that leads nowhere, yet. */
	ck_assert_int_eq(unlink(victim), 0);
	expect_refused(key, SVSHM_PERMISSION_DENIED, SVSHM_PERMISSION_DENIED,
		       "symbolic link");
	ck_assert_int_lt(access(victim, F_OK), 0);
	ck_assert_int_eq(unlink(path), 0);
	expect_usable(key);
	free(path);
	free(victim);
}
END_TEST

START_TEST(p6_key_file_may_not_be_something_else)
{
	const char *key = test_key("special");
	char *path = svshm__key_path(key, NULL);

	ck_assert_int_eq(mkdir(path, 0700), 0);
	expect_refused(key, SVSHM_KEY_ERROR, SVSHM_KEY_ERROR,
		       "not a regular file");
	ck_assert_int_eq(rmdir(path), 0);
	/* To open it would block. */
	ck_assert_int_eq(mkfifo(path, 0600), 0);
	expect_refused(key, SVSHM_KEY_ERROR, SVSHM_KEY_ERROR,
		       "not a regular file");
	ck_assert_int_eq(unlink(path), 0);
	expect_usable(key);
	free(path);
}
END_TEST

START_TEST(p6_key_file_may_be_empty_or_of_an_earlier_object)
{
	static const char *const texts[] = {
		"", "svshm 1\nproject 118\nkey x\n",
		"svshm 1\nproject 120\nkey a much longer key\n",
	};
	const char *key = test_key("earlier");

	free(make_key_file(key, texts[_i], geteuid()));
	expect_usable(key);
	free(make_key_file(key, texts[_i], geteuid()));

	struct svshm *handle = svshm_new(key);

	expect_code(handle, act_attach(handle), SVSHM_NOT_FOUND);
	svshm_free(handle);
	ck_assert(test_nothing_left(key));
}
END_TEST

/* SVSHM_KEYDIR=$HOME is not wise, but must not cost a file. */
START_TEST(p6_file_that_is_no_key_file_is_left_alone)
{
	static const char *const texts[] = { "precious", "svshm", "svshmx 1\n",
					     "\n" };
	const char *key = test_key("precious");
	char *path = make_key_file(key, texts[_i], geteuid());
	struct svshm *handle = svshm_new(key);

	expect_code(handle, act_create(handle), SVSHM_KEY_ERROR);
	expect_says(svshm_error_string(handle), path);
	expect_code(handle, act_attach(handle), SVSHM_KEY_ERROR);
	svshm_free(handle);
	ck_assert(file_has(path, texts[_i]));
	unlink(path);
	free(path);
}
END_TEST

/* ---- Paths in headers ------------------------------------------------------------------ */

/* Whoever may write to an object may write its header. */
static void forge(int segment_id, const char *path)
{
	struct svshm__header *header = map_header(segment_id);

	forge_path(header, path);
	header->flags = SVSHM__FLAG_KEY_FILE;
	unmap_header(header);
}

static int recover_named(const struct svshm_object *object, void *path)
{
	if (!object->native_key || strcmp(object->native_key, path) != 0)
		return 0;
	ck_assert_int_eq(svshm_recover(object, NULL), SVSHM_OK);
	return 1;
}

static const struct {
	uid_t file, directory;
} owners[] = { { 0, 0 }, { BOB, BOB }, { ALICE, 0 }, { ALICE, ALICE } };

START_TEST(p6_recover_by_root_unlinks_nothing_that_a_header_names)
{
	const char *key = test_key("forged");
	struct test_object object;
	struct actor alice;
	char *path, *victim;

	if (test_skip_without_root())
		return;
	use_key_directory("victims", owners[_i].directory, 0755);
	victim = make_file("victims/victim", "precious", owners[_i].file,
			   0600);
	use_key_directory("keys-of-all", 0, 01777);
	path = svshm__key_path(key, NULL);
	actor_enter_as(&alice, ALICE, key);
	expect_act(&alice, act_create, SVSHM_OK);
	ck_assert(test_inspect(key, &object));
	forge(object.segment_id, victim);
	actor_kill(&alice);
	ck_assert_int_eq(svshm_scan(0, recover_named, victim), 1);
	ck_assert(file_has(victim, "precious"));
	unlink(path);
	free(path);
	free(victim);
}
END_TEST

static int create_and_die(void *context)
{
	struct svshm *handle = svshm_new(NULL);

	svshm_set_native_key(handle, context);
	child_assert(act_create(handle) == SVSHM_OK);
	forge(handle->attachment->segment_id, context);
	return 0;
}

START_TEST(p6_recover_never_unlinks_a_native_key)
{
	char *path = make_file("daemon.conf", "precious", geteuid(), 0600);

	ck_assert_int_eq(test_wait(test_fork(create_and_die, path)), 0);
	ck_assert_int_eq(svshm_scan(0, recover_named, path), 1);
	ck_assert(file_has(path, "precious"));
	free(path);
}
END_TEST

START_TEST(p6_detach_unlinks_nothing_that_a_header_names)
{
	const char *key = test_key("detach");
	char *victim = make_file("kept", "precious", geteuid(), 0600);
	struct svshm *handle = make_object(key, SIZE);

	forge(handle->attachment->segment_id, victim);
	expect_code(handle, svshm_detach(handle), SVSHM_OK);
	svshm_free(handle);
	ck_assert(file_has(victim, "precious"));
	ck_assert(test_nothing_left(key));
	free(victim);
}
END_TEST

static Suite *make_suite(void)
{
	Suite *suite = suite_create("p6 files");
	TCase *directory = tcase_create("p6_key_directory");
	TCase *file = tcase_create("p6_key_file");
	TCase *path = tcase_create("p6_path_in_header");

	tcase_add_test(directory, p6_key_directory_may_not_be_a_link);
	tcase_add_test(directory, p6_key_directory_may_not_be_another_users);
	tcase_add_test(directory, p6_key_directory_may_be_a_common_one_of_root);
	tcase_add_test(directory, p6_key_directory_may_be_out_of_reach);
	tcase_add_test(directory, p6_key_directory_may_be_no_directory);
	tcase_add_test(directory, p6_key_directory_is_made_if_it_is_missing);
	tcase_add_test(directory, p6_default_directory_must_be_shut);
	tcase_set_timeout(directory, 60);
	suite_add_tcase(suite, directory);
	tcase_add_test(file, p6_key_file_may_not_be_a_link);
	tcase_add_test(file, p6_key_file_may_not_be_something_else);
	tcase_add_loop_test(file,
		p6_key_file_may_be_empty_or_of_an_earlier_object, 0, 3);
	tcase_add_loop_test(file, p6_file_that_is_no_key_file_is_left_alone, 0,
			    4);
	tcase_set_timeout(file, 60);
	suite_add_tcase(suite, file);
	tcase_add_loop_test(path,
		p6_recover_by_root_unlinks_nothing_that_a_header_names, 0, 4);
	tcase_add_test(path, p6_recover_never_unlinks_a_native_key);
	tcase_add_test(path, p6_detach_unlinks_nothing_that_a_header_names);
	tcase_set_timeout(path, 60);
	suite_add_tcase(suite, path);
	return suite;
}

int main(void)
{
	return test_main(make_suite);
}
