/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * P6: root among another user's objects: svshm_scan_user(), and keys by
 * svshm_set_owner(). What that user may have put there leads to nobody else's.
 */
#include <config.h>

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/inotify.h>
#endif

#include "foreign.h"
#include "key/key.h"
#include "puppet.h"
#include "stranger.h"

/* A user of this test alone: others remove the key directories of theirs. */
#define EVE 64903

static const char *key;
static char directory[200], roots_directory[200];

static bool set_scene(const char *name)
{
	if (test_skip_without_root())
		return false;
	unsetenv("SVSHM_KEYDIR");
	key = test_key(name);
	strcpy(directory, default_key_directory(EVE));
	strcpy(roots_directory, default_key_directory(0));
	mkdir(roots_directory, 0700);
	if (mkdir(directory, 0700) == 0)
		ck_assert_int_eq(chown(directory, EVE, EVE), 0);
	return true;
}

static void in_directory(char *path, size_t size, const char *parent)
{
	snprintf(path, size, "%s/%s", parent, key);
}

struct seen {
	int count;
	uid_t user; /* all are this one's */
	enum svshm_verdict verdict;
	int code; /* of recover, if it was called */
	bool recover;
};

/* Of this test's key only: the directories may have others'. */
static int see(const struct svshm_object *object, void *context)
{
	struct seen *seen = context;

	ck_assert_uint_eq(object->uid, seen->user);
	if (!object->key || strcmp(object->key, key) != 0)
		return 0;
	seen->count++;
	seen->verdict = object->verdict;
	if (seen->recover)
		seen->code = svshm_recover(object, NULL);
	return 0;
}

static struct seen scan_user(uid_t user, bool recover)
{
	struct seen seen = { .user = user, .recover = recover };

	ck_assert_int_eq(svshm_scan_user(user, SVSHM_SCAN_FOREIGN, see, &seen),
			 0);
	return seen;
}

static int inspect_for_eve(svshm_visit *visit, void *context)
{
	struct svshm *handle = svshm_new(key);
	int code = svshm_set_owner(handle, EVE);

	if (!code)
		code = svshm_inspect(handle, visit, context);
	svshm_free(handle);
	return code;
}

START_TEST(scan_is_of_one_user)
{
	struct stranger eve;
	struct svshm *mine;
	struct seen seen;

	if (!set_scene("one"))
		return;
	stranger_enter_as(&eve, EVE, key);
	mine = svshm_new(key);
	expect_order(&eve, "create 100", SVSHM_OK);
	ck_assert_int_eq(svshm_create(mine, 200, SVSHM_READ_WRITE), 0);
	seen = scan_user(EVE, false);
	ck_assert_int_eq(seen.count, 1);
	ck_assert_int_eq(seen.verdict, SVSHM_VERDICT_IN_USE);
	ck_assert_int_eq(scan_user(0, false).count, 1);
	ck_assert_int_eq(scan_user(BOB, false).count, 0);
	ck_assert_int_eq(svshm_scan_user(EVE, 8, see, &seen),
			 SVSHM_INVALID_ARGUMENT);
	ck_assert_int_eq(svshm_scan_user(EVE, 0, NULL, NULL),
			 SVSHM_INVALID_ARGUMENT);
	stranger_kill(&eve);
	seen = scan_user(EVE, true);
	ck_assert_int_eq(seen.verdict, SVSHM_VERDICT_ORPHAN);
	ck_assert_int_eq(seen.code, SVSHM_OK);
	ck_assert_int_eq(scan_user(EVE, false).count, 0);
	ck_assert_int_eq(scan_user(0, false).count, 1);
	svshm_free(mine);
}
END_TEST

static void write_key_file(const char *path, uid_t user)
{
	FILE *file = fopen(path, "w");

	ck_assert_ptr_nonnull(file);
	fputs("svshm 1\n", file);
	fclose(file);
	ck_assert_int_eq(chown(path, user, user), 0);
}

static int act_recover_eves(struct svshm *handle)
{
	(void)handle;
	return scan_user(EVE, true).code;
}

/* Root makes a set, as a gate, to remove it: if it dies, that is EVE's. */
START_TEST(gate_of_dead_root_is_hers)
{
	struct stranger eve;
	struct puppet root;
	char path[400];

	if (!set_scene("gate"))
		return;
	in_directory(path, sizeof(path), directory);
	write_key_file(path, EVE);
	puppet_start(&root, key);
	puppet_arm(&root, "remove:segment gone", SIGKILL);
	puppet_expect(&root, act_recover_eves, PUPPET_DIED);
	stranger_enter_as(&eve, EVE, key);
	ck_assert_int_ge(stranger_do(&eve, "create 100"), 0);
	expect_order(&eve, "lock", SVSHM_OK);
	expect_order(&eve, "detach", SVSHM_OK);
	stranger_exit(&eve);
	ck_assert_int_eq(scan_user(EVE, false).count, 0);
	ck_assert_uint_eq(count_sets(key), 0);
}
END_TEST

START_TEST(lone_key_file_is_removed)
{
	struct seen seen;
	char path[400];

	if (!set_scene("lone"))
		return;
	in_directory(path, sizeof(path), directory);
	write_key_file(path, EVE);
	ck_assert_int_eq(scan_user(0, false).count, 0);
	seen = scan_user(EVE, true);
	ck_assert_int_eq(seen.count, 1);
	ck_assert_int_eq(seen.verdict, SVSHM_VERDICT_HALF_MADE);
	ck_assert_int_eq(seen.code, SVSHM_OK);
	ck_assert_int_eq(access(path, F_OK), -1);
}
END_TEST

#define CANDIDATES 200000

/*
 * A directory in the place of hers for which ftok gives what it gives for root's:
 * where inode numbers only go up (tmpfs), one comes soon.
 */
static bool make_colliding_directory(void)
{
	key_t wanted = ftok(roots_directory, 1);
	char candidate[240];
	bool found = false;

	if (rmdir(directory) < 0)
		return !test_skip("somebody else is in EVE's key directory");
	snprintf(candidate, sizeof(candidate), "%s.new", directory);
	for (int i = 0; i < CANDIDATES && !found; i++) {
		ck_assert_int_eq(mkdir(candidate, 0700), 0);
		found = ftok(candidate, 1) == wanted;
		if (!found)
			rmdir(candidate);
	}
	if (!found)
		return !test_skip("no two directories collide on this file "
				  "system");
	ck_assert_int_eq(chown(candidate, EVE, EVE), 0);
	ck_assert_int_eq(rename(candidate, directory), 0);
	return true;
}

/*
 * A directory of hers whose names have the keys of root's: by force, root would
 * have removed its own object, in use.
 */
START_TEST(collision_leads_nowhere)
{
	char hers[400], roots[400];
	struct svshm *mine;
	struct seen seen;

	if (!set_scene("collision") || !make_colliding_directory())
		return;
	in_directory(hers, sizeof(hers), directory);
	in_directory(roots, sizeof(roots), roots_directory);
	write_key_file(hers, EVE);
	ck_assert_int_eq(nth_key(hers, 0), nth_key(roots, 0));
	mine = svshm_new(key);
	ck_assert_int_eq(svshm_create(mine, 100, SVSHM_READ_WRITE), 0);
	seen = (struct seen){ .user = EVE };
	ck_assert_int_eq(inspect_for_eve(see, &seen), SVSHM_NOT_FOUND);
	ck_assert_int_eq(seen.count, 0);
	ck_assert_int_eq(scan_user(EVE, true).count, 0);
	ck_assert_int_eq(scan_user(0, false).count, 1);
	ck_assert_int_eq(svshm_lock(mine), SVSHM_OK);
	svshm_free(mine);
	unlink(hers);
}
END_TEST

/* Not even a list is made of what her link leads to. */
START_TEST(link_leads_nowhere)
{
	struct svshm *mine;
	struct seen seen = { .user = EVE };

	if (!set_scene("link"))
		return;
	if (rmdir(directory) < 0 || symlink(roots_directory, directory) < 0) {
		test_skip("somebody else is in EVE's key directory");
		return;
	}
	mine = svshm_new(key);
	ck_assert_int_eq(svshm_create(mine, 100, SVSHM_READ_WRITE), 0);
	ck_assert_int_eq(inspect_for_eve(see, &seen),
			 SVSHM_PERMISSION_DENIED);
	ck_assert_int_eq(scan_user(EVE, true).count, 0);
	svshm_free(mine);
	unlink(directory);
}
END_TEST

#ifdef __linux__

static bool was_opened(int watcher)
{
	char events[4096];

	return read(watcher, events, sizeof(events)) > 0;
}

/*
 * A path in a header can be of anybody's choice. To open a device does
 * something, as a watchdog shows: what is no file is not opened. A FIFO stands
 * for it.
 */
START_TEST(device_is_not_opened)
{
	struct svshm__error error;
	char path[400];
	int watcher;

	if (!set_scene("device"))
		return;
	in_directory(path, sizeof(path), roots_directory);
	ck_assert_int_eq(mkfifo(path, 0600), 0);
	watcher = inotify_init1(IN_NONBLOCK);
	ck_assert_int_ge(inotify_add_watch(watcher, path, IN_OPEN), 0);
	ck_assert_int_lt(svshm__key_file_check(path, &error), 0);
	ck_assert(!was_opened(watcher));
	unlink(path);
	write_key_file(path, 0);
	ck_assert_int_ge(inotify_add_watch(watcher, path, IN_OPEN), 0);
	while (was_opened(watcher))
		;
	ck_assert_int_eq(svshm__key_file_check(path, &error), SVSHM_OK);
	ck_assert(was_opened(watcher));
	unlink(path);
	close(watcher);
}
END_TEST

#endif

static Suite *make_suite(void)
{
	Suite *suite = suite_create("other user");
	TCase *tcase = tcase_create("other user");

	tcase_set_timeout(tcase, 120);
	tcase_add_test(tcase, scan_is_of_one_user);
	tcase_add_test(tcase, lone_key_file_is_removed);
	tcase_add_test(tcase, gate_of_dead_root_is_hers);
	tcase_add_test(tcase, collision_leads_nowhere);
	tcase_add_test(tcase, link_leads_nowhere);
#ifdef __linux__
	tcase_add_test(tcase, device_is_not_opened);
#endif
	suite_add_tcase(suite, tcase);
	return suite;
}

int main(void)
{
	int status = test_main(make_suite);

	/* Unless somebody else's tests are in it. */
	rmdir(default_key_directory(EVE));
	return status;
}
