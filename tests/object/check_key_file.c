/* SPDX-License-Identifier: BSD-2-Clause */
/* P6: key files that somebody may have prepared. */
#include <config.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "forge.h"
#include "handle.h"
#include "key/key.h"
#include "outside.h"

#define SIZE 100

static void expect_usable(const char *key)
{
	struct svshm *handle = make_object(key, SIZE);

	expect_code(handle, svshm_detach(handle), SVSHM_OK);
	svshm_free(handle);
	ck_assert(test_nothing_left(key));
}

/* ---- Key files ----------------------------------------------------------- */

START_TEST(key_file_may_not_be_a_link)
{
	const char *key = test_key("link");
	char *victim = make_file("victim", "precious", geteuid(), 0600);
	char *path = svshm__key_path(key, geteuid(), NULL);

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

START_TEST(key_file_may_not_be_something_else)
{
	const char *key = test_key("special");
	char *path = svshm__key_path(key, geteuid(), NULL);

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

START_TEST(key_file_may_be_empty_or_of_an_earlier_object)
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

/* For a scan: recover the object of PATH. */
static int recover_named(const struct svshm_object *object, void *path)
{
	if (!object->native_key || strcmp(object->native_key, path) != 0)
		return 0;
	ck_assert_int_eq(svshm_recover(object, NULL), SVSHM_OK);
	return 1;
}

/* SVSHM_KEYDIR=$HOME is not wise, but must not cost a file. */
START_TEST(file_that_is_no_key_file_is_left_alone)
{
	static const char *const texts[] = { "precious", "svshm", "svshmx 1\n",
					     "\n" };
	const char *key = test_key("precious");
	char *path = make_key_file(key, texts[_i], geteuid());
	struct svshm *handle = svshm_new(key);

	expect_code(handle, act_create(handle), SVSHM_KEY_ERROR);
	expect_says(svshm_error_string(handle), path);
	expect_code(handle, act_attach(handle), SVSHM_KEY_ERROR);
	expect_code(handle, svshm_inspect(handle, visit_nothing, NULL),
		    SVSHM_NOT_FOUND);
	ck_assert_int_eq(svshm_scan(0, recover_named, path), 0);
	svshm_free(handle);
	ck_assert(file_has(path, texts[_i]));
	unlink(path);
	free(path);
}
END_TEST

/* ---- Paths in headers ---------------------------------------------------- */

/* Whoever may write to an object may write its header. */
static void forge(int segment_id, const char *path)
{
	struct svshm__header *header = map_header(segment_id);

	forge_path(header, path);
	header->flags = SVSHM__FLAG_KEY_FILE;
	unmap_header(header);
}

static const struct {
	uid_t file, directory;
} owners[] = { { 0, 0 }, { BOB, BOB }, { ALICE, 0 }, { ALICE, ALICE } };

START_TEST(recover_by_root_unlinks_nothing_that_a_header_names)
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
	path = svshm__key_path(key, geteuid(), NULL);
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

START_TEST(recover_never_unlinks_a_native_key)
{
	char *path = make_file("daemon.conf", "precious", geteuid(), 0600);

	ck_assert_int_eq(test_wait(test_fork(create_and_die, path)), 0);
	ck_assert_int_eq(svshm_scan(0, recover_named, path), 1);
	ck_assert(file_has(path, "precious"));
	free(path);
}
END_TEST

START_TEST(detach_unlinks_nothing_that_a_header_names)
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
	Suite *suite = suite_create("key files of others");
	TCase *file = tcase_create("key file");
	TCase *path = tcase_create("path in header");

	tcase_add_test(file, key_file_may_not_be_a_link);
	tcase_add_test(file, key_file_may_not_be_something_else);
	tcase_add_loop_test(file,
		key_file_may_be_empty_or_of_an_earlier_object, 0, 3);
	tcase_add_loop_test(file, file_that_is_no_key_file_is_left_alone, 0,
			    4);
	tcase_set_timeout(file, 60);
	suite_add_tcase(suite, file);
	tcase_add_loop_test(path,
		recover_by_root_unlinks_nothing_that_a_header_names, 0, 4);
	tcase_add_test(path, recover_never_unlinks_a_native_key);
	tcase_add_test(path, detach_unlinks_nothing_that_a_header_names);
	tcase_set_timeout(path, 60);
	suite_add_tcase(suite, path);
	return suite;
}

int main(void)
{
	return test_main(make_suite);
}
