/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * P1 and P7 where the same path is not the same name: in other roots, and where
 * a key directory was removed. The directory itself, and the name in it, are the
 * identity.
 */
#include <config.h>

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "stranger.h"

static void make_directory(const char *format, const char *root, mode_t mode)
{
	char path[4096];

	snprintf(path, sizeof(path), format, root);
	ck_assert_msg(mkdir(path, mode) == 0 || errno == EEXIST, "%s: %s", path,
		      strerror(errno));
	ck_assert_int_eq(chmod(path, mode), 0);
}

/* A root with what svshm wants of one. Returns it, to be freed. */
static char *make_root(const char *name)
{
	char *root = strdup(test_scratch(name));

	make_directory("%s", root, 0755);
	make_directory("%s/dev", root, 0755);
	make_directory("%s/dev/shm", root, 01777);
	make_directory("%s/tmp", root, 01777);
	make_directory("%s/etc", root, 0755);
	return root;
}

static void touch(const char *root, const char *name)
{
	char path[4096];
	FILE *file;

	snprintf(path, sizeof(path), "%s%s", root, name);
	file = fopen(path, "w");
	ck_assert_ptr_nonnull(file);
	fclose(file);
}

/* Where a stranger looks for its key: a loop's number. */
enum place { STANDARD, NAMED, NATIVE, PLACES };

static void enter_root(struct stranger *stranger, enum place place,
		       const char *key, const char *root)
{
	if (place == STANDARD)
		unsetenv("SVSHM_KEYDIR");
	else
		setenv("SVSHM_KEYDIR", "/tmp/keys", 1);
	if (place == NATIVE)
		stranger_enter_native(stranger, "/etc/daemon.conf");
	else
		stranger_enter(stranger, key);
	ck_assert_int_eq(stranger_do(stranger, "chroot %s", root), 0);
}

START_TEST(two_roots_have_two_objects)
{
	enum place place = (enum place)_i;
	char *roots[2] = { make_root("one"), make_root("two") };
	const char *key = test_key("cache");
	struct stranger one, two, again;

	if (test_skip_without_root())
		return;
	for (int i = 0; i < 2; i++)
		touch(roots[i], "/etc/daemon.conf");
	enter_root(&one, place, key, roots[0]);
	enter_root(&two, place, key, roots[1]);
	enter_root(&again, place, key, roots[0]);
	expect_order(&one, "create 3000", SVSHM_OK);
	expect_order(&one, "fill 1", SVSHM_OK);
	expect_order(&two, "attach", SVSHM_NOT_FOUND);
	expect_order(&two, "create 3000", SVSHM_OK);
	expect_order(&two, "fill 2", SVSHM_OK);
	expect_order(&one, "lock", SVSHM_OK);
	expect_order(&two, "trylock", SVSHM_OK);
	expect_order(&again, "create 10", SVSHM_ALREADY_EXISTS);
	expect_order(&again, "attach", SVSHM_OK);
	expect_order(&again, "holds 1", SVSHM_OK);
	/* One dies; the other does not notice. */
	stranger_kill(&one);
	expect_order(&again, "lock", SVSHM_OWNER_DIED);
	expect_order(&two, "holds 2", SVSHM_OK);
	stranger_kill(&again);
	expect_order(&two, "unlock", SVSHM_OK);
	enter_root(&one, place, key, roots[0]);
	expect_order(&one, "attach", SVSHM_ORPHANED);
	expect_order(&one, "holds 1", SVSHM_OK);
	stranger_exit(&one);
	expect_order(&two, "holds 2", SVSHM_OK);
	stranger_exit(&two);
	enter_root(&one, place, key, roots[0]);
	expect_order(&one, "attach", SVSHM_NOT_FOUND);
	stranger_exit(&one);
	free(roots[0]);
	free(roots[1]);
}
END_TEST

/* The same directory in both: one name, whatever it is called there. */
START_TEST(two_roots_share_a_directory)
{
	char *roots[2] = { make_root("three"), make_root("four") };
	char shared[2][4096];
	const char *key = test_key("shared");
	struct stranger one, two;

	if (test_skip_without_root())
		return;
	if (unshare(CLONE_NEWNS) != 0 ||
	    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0) {
		test_skip("no mount namespace of its own permitted here");
		return;
	}
	for (int i = 0; i < 2; i++) {
		snprintf(shared[i], sizeof(shared[i]), "%s/dev/shm", roots[i]);
		ck_assert_int_eq(mount("/dev/shm", shared[i], NULL, MS_BIND,
				       NULL), 0);
	}
	enter_root(&one, STANDARD, key, roots[0]);
	enter_root(&two, STANDARD, key, roots[1]);
	expect_order(&one, "create 3000", SVSHM_OK);
	expect_order(&one, "fill 3", SVSHM_OK);
	expect_order(&two, "create 3000", SVSHM_ALREADY_EXISTS);
	expect_order(&two, "attach", SVSHM_OK);
	expect_order(&two, "holds 3", SVSHM_OK);
	stranger_exit(&one);
	expect_order(&two, "holds 3", SVSHM_OK);
	stranger_exit(&two);
	unsetenv("SVSHM_KEYDIR");
	ck_assert(test_nothing_left(key));
	for (int i = 0; i < 2; i++) {
		umount(shared[i]);
		free(roots[i]);
	}
}
END_TEST

/* The file may go and come again; the object is found. */
START_TEST(key_file_made_anew_in_its_directory)
{
	const char *key = test_key("anew");
	struct stranger one, two;
	struct svshm *handle = svshm_new(key);

	stranger_enter(&one, key);
	stranger_enter(&two, key);
	expect_order(&one, "create 3000", SVSHM_OK);
	expect_order(&one, "fill 4", SVSHM_OK);
	ck_assert_int_eq(unlink(svshm_native_key(handle)), 0);
	if (_i)
		touch("", svshm_native_key(handle));
	expect_order(&two, "create 10", SVSHM_ALREADY_EXISTS);
	expect_order(&two, "attach", SVSHM_OK);
	expect_order(&two, "holds 4", SVSHM_OK);
	stranger_exit(&one);
	stranger_exit(&two);
	svshm_free(handle);
	/* The file that was made anew is nobody's. */
	stranger_enter(&one, key);
	expect_order(&one, "attach", SVSHM_NOT_FOUND);
	stranger_exit(&one);
	ck_assert(test_nothing_left(key));
}
END_TEST

/*
 * A directory that was removed and made anew is another one, as in another root,
 * and so its names are others. Those who are attached go on; the tool shows what
 * is left of them.
 */
START_TEST(key_directory_made_anew_is_another)
{
	char *directory = strdup(use_key_directory("gone", geteuid(), 0700));
	char *old = strdup(test_scratch("gone-before"));
	const char *key = test_key("gone");
	struct stranger one, two;

	stranger_enter(&one, key);
	stranger_enter(&two, key);
	expect_order(&one, "create 3000", SVSHM_OK);
	expect_order(&one, "fill 5", SVSHM_OK);
	ck_assert_int_eq(rename(directory, old), 0);
	ck_assert_int_eq(mkdir(directory, 0700), 0);
	expect_order(&two, "attach", SVSHM_NOT_FOUND);
	expect_order(&two, "create 100", SVSHM_OK);
	expect_order(&one, "holds 5", SVSHM_OK);
	expect_order(&one, "lock", SVSHM_OK);
	expect_order(&two, "trylock", SVSHM_OK);
	expect_order(&one, "detach", SVSHM_OK);
	expect_order(&two, "unlock", SVSHM_OK);
	expect_order(&two, "detach", SVSHM_OK);
	stranger_exit(&one);
	stranger_exit(&two);
	ck_assert(test_nothing_left(key));
	free(directory);
	free(old);
}
END_TEST

static Suite *make_suite(void)
{
	Suite *suite = suite_create("other roots");
	TCase *tests = tcase_create("roots");

	suite_add_tcase(suite, tests);
	tcase_set_timeout(tests, 60);
	tcase_add_loop_test(tests, two_roots_have_two_objects, 0, PLACES);
	tcase_add_test(tests, two_roots_share_a_directory);
	tcase_add_loop_test(tests, key_file_made_anew_in_its_directory, 0,
			    2);
	tcase_add_test(tests, key_directory_made_anew_is_another);
	return suite;
}

int main(void)
{
	return test_main(make_suite);
}
