/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * P8: what was denied, and what to do: whose it is that is in the way, the
 * command that removes it and who may run it; a key directory that is of no use;
 * a process that has given up its rights. By programs of other users.
 */
#include <config.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "qtwire.h"
#include "stranger.h"

#define QT_ORDER "layout 1"

static struct stranger owner, other;

/* ORDER is denied, and the message has all of SAYS. */
static void expect_denied(struct stranger *stranger, const char *order,
			  const char *const *says)
{
	expect_order(stranger, order, SVSHM_PERMISSION_DENIED);
	for (; *says; says++)
		expect_says(stranger->message, *says);
}

/* What the system does not list has an owner all the same: the key file's. */
static const char *whose(const char *listed, const char *file)
{
	return system_lists() ? listed : file;
}

/* ---- Somebody else's object ---------------------------------------------- */

/* "I ran it once with sudo": live, and left over. */
START_TEST(denied_object_of_roots_in_the_qt_layout)
{
	const char *says[] = {
		"Permission denied",
		whose("the object belongs to root (mode 0600)",
		      "its key file belongs to root"),
		"root removes it with \"svshm remove --layout qt --native-key ",
		"/qipc_sharedmemory_", "take another key", NULL
	};

	if (test_skip_without_root())
		return;
	open_scratch();
	ck_assert_int_eq(chmod(getenv("TMPDIR"), 01777), 0);
	stranger_enter(&owner, "sudo");
	expect_order(&owner, QT_ORDER, SVSHM_OK);
	expect_order(&owner, "create 100", SVSHM_OK);
	stranger_enter_as(&other, ALICE, "sudo");
	if (_i)
		stranger_kill(&owner);
	expect_order(&other, QT_ORDER, SVSHM_OK);
	expect_denied(&other, "create 100", says);
	expect_denied(&other, "attach", says);
	stranger_exit(&other);
	if (!_i)
		stranger_exit(&owner);
	else
		qt_clean("sudo");
	ck_assert(qt_nothing_left("sudo"));
}
END_TEST

static const struct name {
	const char *name;    /* what follows the rest of a key */
	const char *command; /* with that in it */
} names[] = {
	{ "plain", "plain\"" },
	{ "it's two", "it'\\''s two'\"" },
	{ "a\tb", "with \"svshm remove\"" },
};

START_TEST(denied_object_of_another_users)
{
	const struct name *name = &names[_i];
	const char *key, *says[] = {
		"Permission denied",
		whose("the object belongs to uid 65533 (mode 0600)",
		      "its key file belongs to uid 65533"),
		"that user or root removes it with \"", name->command,
		"svshm_set_mode()", NULL
	};

	if (test_skip_without_root())
		return;
	use_key_directory("shared", 0, 01777);
	key = test_key(name->name);
	stranger_enter_as(&owner, ALICE, key);
	expect_order(&owner, "create 100", SVSHM_OK);
	stranger_enter_as(&other, BOB, key);
	expect_denied(&other, "create 100", says);
	expect_denied(&other, "attach", says);
	if (_i < 2) {
		expect_says(other.message, "SVSHM_KEYDIR=");
		expect_says(other.message, "/shared svshm remove ");
	}
	stranger_exit(&owner);
	expect_order(&other, "create 100", SVSHM_OK);
	ck_assert_str_eq(other.message, "");
	stranger_exit(&other);
	ck_assert(test_nothing_left(key));
}
END_TEST

START_TEST(denied_object_of_a_native_key)
{
	const char *says[] = {
		whose("the object belongs to uid 65533",
		      "its key file belongs to uid 65532"),
		"\"svshm remove --native-key /", "/native\"", NULL
	};
	char *path;

	if (test_skip_without_root())
		return;
	open_scratch();
	path = make_file("native", "", BOB, 0644);
	stranger_enter_native(&owner, path);
	expect_order(&owner, "become 65533 65533 0", SVSHM_OK);
	expect_order(&owner, "create 100", SVSHM_OK);
	stranger_enter_native(&other, path);
	expect_order(&other, "become 65530 65530 0", SVSHM_OK);
	expect_denied(&other, "attach", says);
	expect_denied(&other, "create 100", says);
	stranger_exit(&owner);
	stranger_exit(&other);
	unlink(path);
	free(path);
}
END_TEST

/* ---- Key directories ----------------------------------------------------- */

static void expect_no_directory(const char *directory, int code,
				const char *says)
{
	const char *key = test_key("nowhere");
	struct svshm *handle;

	ck_assert_int_eq(setenv("SVSHM_KEYDIR", directory, 1), 0);
	handle = svshm_new(key);
	expect_failure(handle, svshm_create(handle, 100, SVSHM_READ_WRITE),
		       code, says);
	expect_says(svshm_error_string(handle),
		    "SVSHM_KEYDIR names it: make it a directory of yours");
	/* Once is enough. */
	ck_assert_ptr_null(strstr(svshm_error_string(handle), "(there is no"));
	svshm_free(handle);
}

START_TEST(denied_key_directory)
{
	char *file = make_file("file", "", geteuid(), 0644);
	char below[600];

	snprintf(below, sizeof(below), "%s/below", file);
	expect_no_directory("/nowhere/svshm/keys", SVSHM_KEY_ERROR,
			    "cannot be made: mkdir(\"/nowhere/svshm/keys\") "
			    "failed: No such file or directory;");
	expect_no_directory(file, SVSHM_KEY_ERROR, "is not a directory");
	expect_no_directory(below, SVSHM_KEY_ERROR, "Not a directory");
	unlink(file);
	free(file);
}
END_TEST

START_TEST(denied_key_directory_of_another_user)
{
	const char *key, *says[] = { "uid 65533", "SVSHM_KEYDIR names it", NULL };
	const char *shut[] = { "O_CREAT", "SVSHM_KEYDIR names it", NULL };
	const char *made[] = { "mkdir", "SVSHM_KEYDIR names it", NULL };
	char path[600];

	if (test_skip_without_root())
		return;
	use_key_directory("alices", ALICE, 0755);
	key = test_key("denied");
	stranger_enter_as(&other, BOB, key);
	expect_denied(&other, "create 100", says);
	stranger_exit(&other);
	use_key_directory("roots", 0, 0755);
	stranger_enter_as(&other, BOB, key);
	expect_denied(&other, "create 100", shut);
	stranger_exit(&other);
	snprintf(path, sizeof(path), "%s/below", getenv("SVSHM_KEYDIR"));
	ck_assert_int_eq(setenv("SVSHM_KEYDIR", path, 1), 0);
	stranger_enter_as(&other, BOB, key);
	expect_denied(&other, "create 100", made);
	stranger_exit(&other);
}
END_TEST

START_TEST(denied_native_key_that_is_not_there)
{
	struct svshm *handle = svshm_new(NULL);

	svshm_set_native_key(handle, "/nowhere/file");
	expect_failure(handle, svshm_create(handle, 100, SVSHM_READ_WRITE),
		       SVSHM_KEY_ERROR, "make it, or use a key instead");
	ck_assert_ptr_null(strstr(svshm_error_string(handle), "(there is no"));
	svshm_free(handle);
}
END_TEST

START_TEST(denied_qt_directory_of_another_user)
{
	const char *says[] = { "O_CREAT", "in the directory TMPDIR, or /tmp",
			       NULL };

	if (test_skip_without_root())
		return;
	open_scratch();
	ck_assert_int_eq(chmod(getenv("TMPDIR"), 0755), 0);
	stranger_enter_as(&other, ALICE, "shut");
	expect_order(&other, QT_ORDER, SVSHM_OK);
	expect_denied(&other, "create 100", says);
	stranger_exit(&other);
}
END_TEST

/* ---- Rights that were given up ------------------------------------------- */

/* Attached as root, then a plain user, as daemons do; with both layouts. */
START_TEST(denied_lock_after_setuid)
{
	const char *key = _i ? "dropped" : test_key("dropped");
	const char *says[] = {
		"cannot lock", "Permission denied",
		"this process was uid 0, gid 0 when it attached",
		"is uid 65533, gid 65533 now", "before attaching", NULL
	};

	if (test_skip_without_root())
		return;
	stranger_enter(&owner, key);
	stranger_enter(&other, key);
	if (_i) {
		expect_order(&owner, QT_ORDER, SVSHM_OK);
		expect_order(&other, QT_ORDER, SVSHM_OK);
	}
	expect_order(&owner, "create 100", SVSHM_OK);
	expect_order(&other, "attach", SVSHM_OK);
	expect_order(&owner, "lock", SVSHM_OK);
	expect_order(&other, "become 65533 65533 0", SVSHM_OK);
	expect_denied(&other, "lock", says);
	expect_denied(&other, "timedlock 10000", says);
	stranger_kill(&other);
	stranger_exit(&owner);
	if (_i)
		qt_clean(key);
	ck_assert(_i ? qt_nothing_left(key) : test_nothing_left(key));
}
END_TEST

/* A new attach is not one of the old rights. */
START_TEST(denied_attach_after_setuid)
{
	const char *key;

	if (test_skip_without_root())
		return;
	use_key_directory("shared", 0, 01777);
	key = test_key("again");
	stranger_enter(&owner, key);
	expect_order(&owner, "create 100", SVSHM_OK);
	stranger_enter(&other, key);
	expect_order(&other, "attach", SVSHM_OK);
	expect_order(&other, "detach", SVSHM_OK);
	expect_order(&other, "become 65533 65533 0", SVSHM_OK);
	expect_order(&other, "attach", SVSHM_PERMISSION_DENIED);
	ck_assert_ptr_null(strstr(other.message, "when it attached"));
	expect_says(other.message, "belongs to root");
	stranger_exit(&other);
	stranger_exit(&owner);
	ck_assert(test_nothing_left(key));
}
END_TEST

static Suite *make_suite(void)
{
	Suite *suite = suite_create("what was denied");
	TCase *tcase = tcase_create("denied");

	qt_use_directory();
	tcase_add_loop_test(tcase, denied_object_of_roots_in_the_qt_layout, 0,
			    2);
	tcase_add_loop_test(tcase, denied_object_of_another_users, 0, 3);
	tcase_add_test(tcase, denied_object_of_a_native_key);
	tcase_add_test(tcase, denied_key_directory);
	tcase_add_test(tcase, denied_key_directory_of_another_user);
	tcase_add_test(tcase, denied_native_key_that_is_not_there);
	tcase_add_test(tcase, denied_qt_directory_of_another_user);
	tcase_add_loop_test(tcase, denied_lock_after_setuid, 0, 2);
	tcase_add_test(tcase, denied_attach_after_setuid);
	tcase_set_timeout(tcase, 90);
	suite_add_tcase(suite, tcase);
	return suite;
}

int main(void)
{
	return test_main(make_suite);
}
