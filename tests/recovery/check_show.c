/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * P3: what visitors see is true, and no more is said than is known: whose an
 * object is, also if it is a key file only; and what is not known is not shown as
 * 0, which is root, or nobody, or never.
 */
#include <config.h>

#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utime.h>

#include "foreign.h"
#include "key/key.h"
#include "kernel/description.h"
#include "outside.h"
#include "qtwire.h"
#include "recovery/scan.h"

/* The object that is looked for; what it points to is gone. */
struct sight {
	const char *path; /* its key file; NULL: by id */
	int segment_id, set_id; /* -1: not by that */
	unsigned seen;
	struct svshm_object object;
};

static int look(const struct svshm_object *object, void *context)
{
	struct sight *sight = context;
	bool is_it = sight->path ?
		object->native_key &&
			strcmp(object->native_key, sight->path) == 0 :
		sight->segment_id >= 0 ?
		object->segment_id == sight->segment_id :
		object->semaphore_id == sight->set_id;

	if (!is_it)
		return 0;
	sight->seen++;
	sight->object = *object;
	return 0;
}

static struct svshm_object scan_for(const char *path, int segment_id,
				    int set_id)
{
	struct sight sight = { path, segment_id, set_id, 0, { .uid = 0 } };

	ck_assert_int_ge(svshm_scan(SVSHM_SCAN_FOREIGN, look, &sight), 0);
	ck_assert_uint_eq(sight.seen, 1);
	return sight.object;
}

static struct svshm_object inspect(struct svshm *handle)
{
	struct sight sight = { svshm_native_key(handle), -1, -1, 0,
			       { .uid = 0 } };

	expect_code(handle, svshm_inspect(handle, look, &sight), SVSHM_OK);
	ck_assert_uint_eq(sight.seen, 1);
	return sight.object;
}

static struct svshm_object inspect_key(const char *key)
{
	struct svshm *handle = svshm_new(key);
	struct svshm_object object = inspect(handle);

	svshm_free(handle);
	return object;
}

static void expect_no_header(const struct svshm_object *object)
{
	ck_assert_uint_eq(object->max_processes, 0);
	ck_assert(!object->lock_known && !object->locked);
	ck_assert_uint_eq(object->process_count, 0);
}

/* OWNER's, where the system lists whose things are; else nobody's. */
static void expect_listed(const struct svshm_object *object, uid_t owner,
			  mode_t mode)
{
	bool listed = system_lists();

	ck_assert_uint_eq(object->uid, listed ? owner : (uid_t)-1);
	ck_assert_uint_eq(object->gid, listed ? (gid_t)owner : (gid_t)-1);
	ck_assert_uint_eq(object->creator_uid, listed ? owner : (uid_t)-1);
	ck_assert_uint_eq(object->mode, listed ? mode : (mode_t)-1);
	ck_assert_int_eq(object->create_time > 0, listed);
	if (object->segment_id < 0)
		return;
	ck_assert_int_eq(object->segment_size > 0, listed);
	ck_assert_int_eq(object->mappings != UINT64_MAX, listed);
}

/* ---- Key files ------------------------------------------------------------------- */

static void expect_lone(const struct svshm_object *object, uid_t owner)
{
	ck_assert_int_eq(object->verdict, SVSHM_VERDICT_HALF_MADE);
	ck_assert_uint_eq(object->uid, owner);
	ck_assert_uint_eq(object->gid, owner ? (gid_t)owner : getegid());
	ck_assert_uint_eq(object->mode, 0604);
	ck_assert_int_eq(object->create_time, 86400);
	/* Whoever made it, the file's owner may have been given it. */
	ck_assert_uint_eq(object->creator_uid, (uid_t)-1);
	ck_assert_int_eq(object->segment_id, -1);
	ck_assert_int_eq(object->semaphore_id, -1);
	ck_assert_uint_eq(object->size, 0);
	ck_assert_uint_eq(object->segment_size, 0);
	ck_assert_uint_eq(object->mappings, 0);
	expect_no_header(object);
}

static int recover_shown(const struct svshm_object *object, void *context)
{
	(void)context;
	return svshm_recover(object, NULL);
}

static int recover_it(struct svshm *handle)
{
	return svshm_inspect(handle, recover_shown, NULL);
}

/* Without an object it is the file's owner whose leftover it is. */
START_TEST(show_lone_key_file)
{
	uid_t owner = geteuid() == 0 && _i ? ALICE : geteuid();
	struct utimbuf day = { 86400, 86400 };
	struct svshm_object object;
	struct actor bob;
	const char *key;
	char *path;

	if (owner != geteuid())
		use_key_directory("shared", 0, 01777);
	key = test_key("lone");
	path = make_key_file(key, "", owner);
	ck_assert_int_eq(chmod(path, 0604), 0);
	ck_assert_int_eq(utime(path, &day), 0);
	object = inspect_key(key);
	expect_lone(&object, owner);
	object = scan_for(path, -1, -1);
	expect_lone(&object, owner);
	if (owner != geteuid()) {
		actor_enter_as(&bob, BOB, key);
		expect_act(&bob, recover_it, SVSHM_PERMISSION_DENIED);
		actor_exit(&bob);
		ck_assert_int_eq(access(path, F_OK), 0);
	}
	ck_assert_int_eq(recover_object(key, 0, NULL), SVSHM_OK);
	ck_assert_int_lt(access(path, F_OK), 0);
	free(path);
}
END_TEST

/* ---- Objects of svshm's ------------------------------------------------------------ */

START_TEST(show_all_that_is_known)
{
	const char *key = test_key("known");
	struct svshm *handle = svshm_new(key);
	struct svshm_object object;

	svshm_set_mode(handle, 0640);
	expect_code(handle, svshm_create(handle, 100, SVSHM_READ_WRITE), 0);
	object = inspect(handle);
	ck_assert_uint_eq(object.uid, geteuid());
	ck_assert_uint_eq(object.gid, getegid());
	ck_assert_uint_eq(object.creator_uid, geteuid());
	ck_assert_uint_eq(object.mode, 0640);
	ck_assert_uint_eq(object.size, 100);
	ck_assert_uint_eq(object.mappings, 1);
	ck_assert_int_gt(object.create_time, 0);
	ck_assert_int_eq(object.creator_pid, getpid());
	ck_assert_uint_eq(object.registrations, 1);
	ck_assert_uint_gt(object.max_processes, 0);
	ck_assert(object.lock_known && !object.locked);
	ck_assert_uint_eq(object.waiters, UINT_MAX);
	expect_code(handle, svshm_lock(handle), SVSHM_OK);
	object = inspect(handle);
	ck_assert(object.lock_known && object.locked);
	svshm_free(handle);
}
END_TEST

/* Who may not look sees whose it is, where the system tells; never root's. */
START_TEST(show_what_may_not_be_looked_at)
{
	struct actor alice;
	struct svshm_object object;
	struct svshm *handle;
	const char *key;

	if (test_skip_without_root())
		return;
	use_key_directory("shared", 0, 01777);
	key = test_key("shut");
	actor_enter_as(&alice, ALICE, key);
	expect_act(&alice, act_create, SVSHM_OK);
	handle = svshm_new(key);
	pass_for(BOB);
	object = inspect(handle);
	pass_for(0);
	ck_assert_int_eq(object.verdict, SVSHM_VERDICT_UNKNOWN);
	expect_listed(&object, ALICE, 0600);
	expect_no_header(&object);
	svshm_free(handle);
	actor_exit(&alice);
	ck_assert(test_nothing_left(key));
}
END_TEST

/* ---- Other programs' -------------------------------------------------------------- */

START_TEST(show_foreign_set_that_may_not_be_read)
{
	struct svshm__set_status listed;
	struct svshm_object object;
	int id;

	if (test_skip_without_root() || test_skip_without_lists())
		return;
	id = semget(IPC_PRIVATE, 3, IPC_CREAT | 0600);
	ck_assert_int_ge(id, 0);
	object = scan_for(NULL, -1, id);
	ck_assert_uint_eq(object.waiters, 0);
	ck_assert_uint_eq(object.semaphore_count, 3);
	pass_for(BOB);
	object = scan_for(NULL, -1, id);
	pass_for(0);
	svshm__scan_listed_set(id, &listed);
	ck_assert_int_eq(semctl(id, 0, IPC_RMID), 0);
	/* HP-UX lists sets, but not whose they are. */
	ck_assert_uint_eq(object.uid, listed.count ? 0 : (uid_t)-1);
	ck_assert_uint_eq(object.waiters, UINT_MAX);
	ck_assert_int_eq(object.certainty, SVSHM_CERTAINTY_NONE);
	expect_no_header(&object);
}
END_TEST

START_TEST(show_foreign_segment)
{
	struct svshm_object object;
	int id;

	if (test_skip_without_lists())
		return;
	id = shmget(IPC_PRIVATE, 5000, IPC_CREAT | 0600);
	ck_assert_int_ge(id, 0);
	object = scan_for(NULL, id, -1);
	ck_assert_int_eq(shmctl(id, IPC_RMID, NULL), 0);
	ck_assert_uint_eq(object.uid, geteuid());
	ck_assert_uint_eq(object.segment_size, 5000);
	ck_assert_uint_eq(object.mappings, 0);
	ck_assert_uint_eq(object.waiters, UINT_MAX);
	expect_no_header(&object);
}
END_TEST

/* ---- Qt's ------------------------------------------------------------------------- */

static void make_qt_file(const char *path, uid_t owner)
{
	int descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL, 0640);

	ck_assert_int_ge(descriptor, 0);
	ck_assert_int_eq(fchown(descriptor, owner, (gid_t)owner), 0);
	close(descriptor);
}

/* BOB's segment and set under ALICE's key files, as after a use with sudo. */
START_TEST(show_qt_object_that_may_not_be_looked_at)
{
	struct svshm_object object;
	struct svshm *handle;
	int segment_id, set_id;
	char *path, *lock;

	if (test_skip_without_root())
		return;
	open_scratch();
	ck_assert_int_eq(chmod(getenv("TMPDIR"), 01777), 0);
	handle = qt_handle("shown");
	path = qt_segment_path("shown");
	lock = qt_lock_path("shown");
	make_qt_file(path, ALICE);
	make_qt_file(lock, ALICE);
	ck_assert_int_eq(setegid(BOB), 0);
	pass_for(BOB);
	segment_id = shmget(ftok(path, 'Q'), 100, IPC_CREAT | 0600);
	set_id = semget(ftok(lock, 'Q'), 1, IPC_CREAT | 0600);
	pass_for(0);
	ck_assert_int_eq(setegid(0), 0);
	pass_for(ALICE);
	object = inspect(handle);
	pass_for(0);
	ck_assert_int_eq(object.verdict, SVSHM_VERDICT_UNKNOWN);
	ck_assert_int_eq(object.segment_id, segment_id);
	expect_listed(&object, BOB, 0600);
	/* There is a set, but what its value is nobody knows. */
	ck_assert_int_eq(object.semaphore_id, set_id);
	expect_no_header(&object);
	shmctl(segment_id, IPC_RMID, NULL);
	semctl(set_id, 0, IPC_RMID);
	unlink(path);
	unlink(lock);
	svshm_free(handle);
	free(path);
	free(lock);
}
END_TEST

/* ---- Nothing known ------------------------------------------------------------------ */

START_TEST(show_nothing_known)
{
	struct svshm__segment_status segment = { .size = 0 };
	struct svshm__set_status set = { .count = 0 };
	struct svshm_object object;

	svshm__object_init(&object);
	object.segment_id = 5;
	svshm__object_by_segment(&object, &segment);
	svshm__object_by_set(&object, &set);
	svshm__object_by_key_file(&object, "/no/such/file");
	ck_assert_uint_eq(object.uid, (uid_t)-1);
	ck_assert_uint_eq(object.gid, (gid_t)-1);
	ck_assert_uint_eq(object.creator_uid, (uid_t)-1);
	ck_assert_uint_eq(object.mode, (mode_t)-1);
	ck_assert_uint_eq(object.mappings, UINT64_MAX);
	ck_assert_uint_eq(object.waiters, UINT_MAX);
	ck_assert_int_eq(object.semaphore_id, -1);
	expect_no_header(&object);
}
END_TEST

static Suite *make_suite(void)
{
	Suite *suite = suite_create("show");
	TCase *tcase = tcase_create("show");

	qt_use_directory();
	tcase_add_loop_test(tcase, show_lone_key_file, 0, 2);
	tcase_add_test(tcase, show_all_that_is_known);
	tcase_add_test(tcase, show_what_may_not_be_looked_at);
	tcase_add_test(tcase, show_foreign_set_that_may_not_be_read);
	tcase_add_test(tcase, show_foreign_segment);
	tcase_add_test(tcase, show_qt_object_that_may_not_be_looked_at);
	tcase_add_test(tcase, show_nothing_known);
	tcase_set_timeout(tcase, 60);
	suite_add_tcase(suite, tcase);
	return suite;
}

int main(void)
{
	return test_main(make_suite);
}
