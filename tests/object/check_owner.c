/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * P1, P3 and P6 with svshm_set_owner(): a daemon that starts as root and gives up
 * its rights meets all processes of its user, before and after, and that user
 * leads root nowhere. With programs that were exec'ed.
 */
#include <config.h>

#include <glob.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sem.h>
#include <sys/stat.h>
#include <unistd.h>

#include "handle.h"
#include "puppet.h"
#include "stranger.h"

#define MADE 5000 /* tests/support/user.c */

/* Users of this test alone: it removes their key directories. */
#define CARLA 64901
#define DAVE 64902

static const char *key;
static char *directory;

static void remove_directory(uid_t user)
{
	char path[200];
	glob_t unfinished;

	snprintf(path, sizeof(path), "%s/svshm-%d", SVSHM_KEYDIR_BASE,
		 (int)user);
	rmdir(path);
	/* Of a root that died before it had that name: empty. */
	snprintf(path, sizeof(path), "%s/svshm-%d.*", SVSHM_KEYDIR_BASE,
		 (int)user);
	if (glob(path, 0, NULL, &unfinished) == 0) {
		for (size_t i = 0; i < unfinished.gl_pathc; i++)
			rmdir(unfinished.gl_pathv[i]);
		globfree(&unfinished);
	}
}

/* Of the default kind, so that each user has one: of CARLA, not there yet. */
static bool set_scene(const char *name)
{
	char path[200];

	remove_directory(CARLA);
	if (test_skip_without_root())
		return false;
	unsetenv("SVSHM_KEYDIR");
	key = test_key(name);
	snprintf(path, sizeof(path), "%s/svshm-%d", SVSHM_KEYDIR_BASE, CARLA);
	free(directory);
	directory = strdup(path);
	return true;
}

static void enter_for_carla(struct stranger *stranger)
{
	stranger_enter(stranger, key);
	ck_assert_int_eq(stranger_do(stranger, "owner %d", CARLA), SVSHM_OK);
}

static void give_up_rights(struct stranger *stranger)
{
	ck_assert_int_eq(stranger_do(stranger, "become %d %d", CARLA, CARLA),
			 SVSHM_OK);
}

static int look_for_carla(svshm_visit *visit, void *context)
{
	struct svshm *handle = svshm_new(key);
	int code = svshm_set_owner(handle, CARLA);

	if (!code)
		code = svshm_inspect(handle, visit, context);
	svshm_free(handle);
	return code;
}

static bool nothing_left_of_carla(void)
{
	return look_for_carla(visit_nothing, NULL) == SVSHM_NOT_FOUND;
}

static int note_owner(const struct svshm_object *object, void *context)
{
	struct svshm_object *copy = context;

	*copy = *object;
	return 0;
}

START_TEST(owner_has_what_root_makes)
{
	struct svshm_object object;
	struct stat status;
	struct stranger root;
	struct svshm *handle;

	if (!set_scene("given"))
		return;
	enter_for_carla(&root);
	expect_order(&root, "create 100", SVSHM_OK);
	ck_assert_int_eq(look_for_carla(note_owner, &object), 0);
	ck_assert_uint_eq(object.uid, CARLA);
	ck_assert_uint_eq(object.creator_uid, 0);
	ck_assert_int_eq(stat(directory, &status), 0);
	ck_assert_uint_eq(status.st_uid, CARLA);
	ck_assert_uint_eq(status.st_mode & 07777, 0700);
	handle = svshm_new(key);
	svshm_set_owner(handle, CARLA);
	ck_assert_int_eq(stat(svshm_native_key(handle), &status), 0);
	ck_assert_uint_eq(status.st_uid, CARLA);
	svshm_free(handle);
	/* Root's own object of the name is another one. */
	ck_assert(test_nothing_left(key));
	expect_order(&root, "detach", SVSHM_OK);
	stranger_exit(&root);
	ck_assert(nothing_left_of_carla());
}
END_TEST

/* As the classic daemon: attached as root, used and left without its rights. */
START_TEST(owner_goes_on_without_rights)
{
	struct stranger daemon_, other;

	if (!set_scene("daemon"))
		return;
	enter_for_carla(&daemon_);
	stranger_enter_as(&other, CARLA, key);
	expect_order(&daemon_, "open 100", MADE);
	expect_order(&daemon_, "fill 5", SVSHM_OK);
	expect_order(&daemon_, "unlock", SVSHM_OK);
	give_up_rights(&daemon_);
	/* They meet, and wait for each other. */
	expect_order(&other, "open 100", SVSHM_OK);
	expect_order(&other, "holds 5", SVSHM_OK);
	expect_order(&other, "lock", SVSHM_OK);
	expect_order(&daemon_, "trylock", SVSHM_BUSY);
	stranger_begin(&daemon_, "lock");
	expect_order(&other, "unlock", SVSHM_OK);
	ck_assert_int_eq(stranger_end(&daemon_), SVSHM_OK);
	expect_order(&other, "timedlock 1", SVSHM_TIMED_OUT);
	expect_order(&daemon_, "unlock", SVSHM_OK);
	stranger_exit(&other);
	/* The last to leave, and it has not the right to anything of root's. */
	if (_i == 0)
		expect_order(&daemon_, "detach", SVSHM_OK);
	stranger_exit(&daemon_);
	ck_assert(nothing_left_of_carla());
	ck_assert_int_eq(rmdir(directory), 0);
}
END_TEST

/* Before and after: whoever of them makes it, in whichever order they come. */
START_TEST(owner_meets_before_and_after)
{
	struct stranger root, dropped, carla, *makers[] = { &root, &dropped,
							      &carla };
	struct stranger *maker;

	if (!set_scene("meet"))
		return;
	maker = makers[_i];
	enter_for_carla(&root);
	enter_for_carla(&dropped);
	give_up_rights(&dropped);
	stranger_enter_as(&carla, CARLA, key);
	expect_order(maker, "create 100", SVSHM_OK);
	expect_order(maker, "fill 6", SVSHM_OK);
	for (int i = 0; i < 3; i++) {
		if (makers[i] == maker)
			continue;
		expect_order(makers[i], "create 100", SVSHM_ALREADY_EXISTS);
		expect_order(makers[i], "attach", SVSHM_OK);
		expect_order(makers[i], "holds 6", SVSHM_OK);
		expect_order(makers[i], "lock", SVSHM_OK);
		expect_order(makers[i], "unlock", SVSHM_OK);
	}
	expect_order(maker, "detach", SVSHM_OK);
	for (int i = 0; i < 3; i++)
		stranger_exit(makers[i]);
	ck_assert(nothing_left_of_carla());
}
END_TEST

/* What is left by the one, the other takes over. */
START_TEST(owner_takes_over)
{
	struct stranger root, carla, *dead, *next;

	if (!set_scene("over"))
		return;
	enter_for_carla(&root);
	stranger_enter_as(&carla, CARLA, key);
	dead = _i % 2 ? &root : &carla;
	next = _i % 2 ? &carla : &root;
	expect_order(dead, "open 100", MADE);
	expect_order(dead, "fill 8", SVSHM_OK);
	stranger_kill(dead);
	if (_i / 2) {
		expect_order(next, "create 5000", SVSHM_ORPHANED);
		expect_order(next, "holds 0", SVSHM_OK);
	} else {
		expect_order(next, "attach", SVSHM_ORPHANED);
		expect_order(next, "holds 8", SVSHM_OK);
	}
	expect_order(next, "detach", SVSHM_OK);
	stranger_exit(next);
	ck_assert(nothing_left_of_carla());
}
END_TEST

START_TEST(owner_is_the_callers_or_roots_to_choose)
{
	struct stranger dave;

	if (!set_scene("denied"))
		return;
	stranger_enter_as(&dave, DAVE, key);
	ck_assert_int_eq(stranger_do(&dave, "owner %d", CARLA),
			 SVSHM_PERMISSION_DENIED);
	expect_says(dave.message, "only root");
	ck_assert_int_eq(stranger_do(&dave, "owner %d", DAVE), SVSHM_OK);
	expect_order(&dave, "create 10", SVSHM_OK);
	ck_assert_int_eq(stranger_do(&dave, "owner %d", DAVE),
			 SVSHM_ALREADY_ATTACHED);
	expect_order(&dave, "detach", SVSHM_OK);
	expect_order(&dave, "owner -1", SVSHM_OK);
	stranger_exit(&dave);
	remove_directory(DAVE);
}
END_TEST

/* Its set is removed under it: the new gate is CARLA's as well. */
START_TEST(owner_keeps_it_when_the_set_goes)
{
	struct svshm_object object;
	struct stranger root, carla;

	if (!set_scene("set"))
		return;
	enter_for_carla(&root);
	stranger_enter_as(&carla, CARLA, key);
	expect_order(&root, "create 100", SVSHM_OK);
	expect_order(&root, "fill 2", SVSHM_OK);
	expect_order(&carla, "attach", SVSHM_OK);
	ck_assert_int_eq(look_for_carla(note_owner, &object), 0);
	ck_assert_int_eq(semctl(object.semaphore_id, 0, IPC_RMID), 0);
	expect_order(&root, "detach", SVSHM_REMOVED);
	expect_order(&carla, "detach", SVSHM_REMOVED);
	ck_assert(nothing_left_of_carla());
	expect_order(&carla, "create 100", SVSHM_OK);
	stranger_exit(&carla);
	stranger_exit(&root);
	ck_assert(nothing_left_of_carla());
}
END_TEST

/* In a directory that root has made for all, the same. */
START_TEST(owner_in_a_shared_directory)
{
	struct stranger root, carla, dave;

	if (test_skip_without_root())
		return;
	use_key_directory("shared", 0, 01777);
	key = test_key("shared");
	enter_for_carla(&root);
	stranger_enter_as(&carla, CARLA, key);
	stranger_enter_as(&dave, DAVE, key);
	expect_order(&root, "create 100", SVSHM_OK);
	give_up_rights(&root);
	expect_order(&dave, "attach", SVSHM_PERMISSION_DENIED);
	expect_order(&carla, "attach", SVSHM_OK);
	expect_order(&root, "lock", SVSHM_OK);
	stranger_exit(&carla);
	expect_order(&root, "detach", SVSHM_OK);
	stranger_exit(&root);
	stranger_exit(&dave);
	ck_assert(test_nothing_left(key));
}
END_TEST

/* CARLA puts a link in the place of her directory: root follows it nowhere. */
START_TEST(owner_is_not_trusted_with_links)
{
	struct stranger root;
	struct stat status;
	char *path, *victims;

	if (!set_scene("link"))
		return;
	victims = strdup(use_key_directory("victims", 0, 0700));
	unsetenv("SVSHM_KEYDIR");
	ck_assert_int_eq(symlink(victims, directory), 0);
	ck_assert_int_eq(lchown(directory, CARLA, CARLA), 0);
	enter_for_carla(&root);
	expect_order(&root, "create 100", SVSHM_PERMISSION_DENIED);
	expect_says(root.message, "symbolic link");
	ck_assert_int_eq(unlink(directory), 0);
	path = malloc(strlen(victims) + strlen(key) + 2);
	sprintf(path, "%s/%s", victims, key);
	ck_assert_int_lt(stat(path, &status), 0);
	/* Nor does it write into what is not hers. */
	expect_order(&root, "create 100", SVSHM_OK);
	expect_order(&root, "detach", SVSHM_OK);
	stranger_exit(&root);
	free(path);
	free(victims);
}
END_TEST

/* ---- Death ------------------------------------------------------------------------ */

/* On root's way through create. */
static const char *const points[] = {
	"directory:made",     "directory:given",     "create:file made",
	"enter:set made",     "enter:before gate",   "enter:in gate",
	"enter:set not given", "create:stamped",     "create:segment made",
	"create:given",       "turn:taken",	     "turn:said",
	"create:before magic", "create:published",   "register:noted",
	"register:claimed",
};

#define POINTS (int)(sizeof(points) / sizeof(*points))

static int act_create_for_carla(struct svshm *handle)
{
	int code = svshm_set_owner(handle, CARLA);

	return code ? code : svshm_create(handle, 100, SVSHM_READ_WRITE);
}

static int recover_it(const struct svshm_object *object, void *context)
{
	(void)context;
	/* Other tests' key files are of another IPC namespace. */
	if (object->verdict != SVSHM_VERDICT_FOREIGN &&
	    (object->segment_id >= 0 || object->semaphore_id >= 0))
		svshm_recover(object, NULL);
	return 0;
}

static unsigned is_untagged(const char *point)
{
	return strcmp(point, "enter:set made") == 0 ||
	       strcmp(point, "enter:before gate") == 0;
}

/*
 * Wherever root dies while it makes the object, CARLA goes on, and root's recover
 * finds the rest; but for a set that has been made, and has no tag yet.
 */
START_TEST(owner_goes_on_after_root_has_died)
{
	unsigned segments, sets;
	struct puppet root;
	struct stranger carla;

	if (!set_scene("death") || !own_ipc_namespace())
		return;
	segments = segments_in_use();
	sets = sets_in_use();
	puppet_start(&root, key);
	puppet_arm(&root, points[_i], SIGKILL);
	puppet_expect(&root, act_create_for_carla, PUPPET_DIED);
	stranger_enter_as(&carla, CARLA, key);
	ck_assert_int_ge(stranger_do(&carla, "create 100"), 0);
	expect_order(&carla, "lock", SVSHM_OK);
	expect_order(&carla, "detach", SVSHM_OK);
	stranger_exit(&carla);
	svshm_scan(0, recover_it, NULL);
	ck_assert_uint_eq(segments_in_use(), segments);
	ck_assert_uint_eq(sets_in_use(), sets + is_untagged(points[_i]));
	remove_directory(CARLA);
}
END_TEST

static Suite *make_suite(void)
{
	Suite *suite = suite_create("owner");
	TCase *tcase = tcase_create("owner");

	tcase_set_timeout(tcase, 120);
	tcase_add_test(tcase, owner_has_what_root_makes);
	tcase_add_loop_test(tcase, owner_goes_on_without_rights, 0, 2);
	tcase_add_loop_test(tcase, owner_meets_before_and_after, 0, 3);
	tcase_add_loop_test(tcase, owner_takes_over, 0, 4);
	tcase_add_test(tcase, owner_is_the_callers_or_roots_to_choose);
	tcase_add_test(tcase, owner_keeps_it_when_the_set_goes);
	tcase_add_test(tcase, owner_in_a_shared_directory);
	tcase_add_test(tcase, owner_is_not_trusted_with_links);
	tcase_add_loop_test(tcase, owner_goes_on_after_root_has_died, 0,
			    POINTS);
	suite_add_tcase(suite, tcase);
	return suite;
}

int main(void)
{
	return test_main(make_suite);
}
