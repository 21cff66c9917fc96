/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * P2: the last detach removes segment, set and key file, once, and never under
 * somebody. check_exit.c has the ends of processes.
 */
#include <config.h>

#include <fcntl.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/shm.h>
#include <sys/stat.h>
#include <unistd.h>

#include "handle.h"
#include "outside.h"
#include "puppet.h"

static bool all_gone(const char *key)
{
	return test_nothing_left(key) && count_sets(key) == 0;
}

static bool is_removed(int segment_id)
{
	struct shmid_ds status;

	return shmctl(segment_id, IPC_STAT, &status) < 0 ||
	       (status.shm_perm.mode & SHM_DEST);
}

static bool is_whole(const char *key, int segment_id)
{
	struct test_object object;

	return test_inspect(key, &object) && object.segment_id == segment_id &&
	       object.verdict == SVSHM_VERDICT_IN_USE &&
	       count_sets(key) == 1 && test_count_segments(key) == 1;
}

/* ---- The last one -------------------------------------------------------- */

static int by_free(struct svshm *handle)
{
	svshm_free(handle);
	return SVSHM_OK;
}

static int by_other_key(struct svshm *handle)
{
	return svshm_set_key(handle, test_key("other"));
}

static actor_act *const ways_to_leave[] = { svshm_detach, by_free,
					    by_other_key };

START_TEST(last_detach_removes_all)
{
	const char *key = test_key("last");
	struct svshm *handle = make_object(key, 100);

	ck_assert(is_whole(key, handle->attachment->segment_id));
	ck_assert_int_eq(ways_to_leave[_i](handle), SVSHM_OK);
	ck_assert(all_gone(key));
	if (ways_to_leave[_i] != by_free)
		svshm_free(handle);
}
END_TEST

START_TEST(last_detach_of_a_read_only_creator_removes_all)
{
	const char *key = test_key("read-only");
	struct svshm *handle = svshm_new(key);

	expect_code(handle, svshm_create(handle, 100, SVSHM_READ_ONLY),
		    SVSHM_OK);
	expect_code(handle, svshm_detach(handle), SVSHM_OK);
	ck_assert(all_gone(key));
	svshm_free(handle);
}
END_TEST

START_TEST(any_but_the_last_detach_removes_nothing)
{
	const char *key = test_key("others");
	struct puppet users[3];

	for (int i = 0; i < 3; i++)
		puppet_start(&users[i], key);
	puppet_expect(&users[0], act_create, SVSHM_OK);
	puppet_expect(&users[0], act_mark, SVSHM_OK);
	puppet_expect(&users[1], act_attach_read_only, SVSHM_OK);
	puppet_expect(&users[2], act_attach, SVSHM_OK);
	/* The first, the last or the middle one first, and so on. */
	for (int i = 0; i < 3; i++) {
		struct puppet *user = &users[(i + _i) % 3];

		ck_assert(is_whole(key, user->segment_id));
		puppet_expect(user, act_look, SVSHM_OK);
		ck_assert_int_eq(user->mark, PUPPET_MARK);
		puppet_leave(user);
	}
	ck_assert(all_gone(key));
}
END_TEST

/* Bit 0: access of the first handle, bit 1: of the second one; bit 2: who goes
   first. */
START_TEST(last_handle_of_a_process_counts)
{
	const char *key = test_key("handles");
	struct svshm *handles[2] = { svshm_new(key), svshm_new(key) };
	int early = _i >> 2, late = !early;

	expect_code(handles[0], svshm_create(handles[0], 100, _i & 1),
		    SVSHM_OK);
	expect_code(handles[1], svshm_attach(handles[1], (_i >> 1) & 1),
		    SVSHM_OK);

	int segment_id = handles[0]->attachment->segment_id;

	expect_code(handles[early], svshm_detach(handles[early]), SVSHM_OK);
	ck_assert(is_whole(key, segment_id));
	ck_assert(has_bytes(handles[late], 100, 0));
	expect_code(handles[late], svshm_detach(handles[late]), SVSHM_OK);
	ck_assert(all_gone(key));
	svshm_free(handles[0]);
	svshm_free(handles[1]);
}
END_TEST

/* ---- Once ---------------------------------------------------------------- */

START_TEST(a_late_detach_spares_the_next_object)
{
	const char *key = test_key("once");
	struct puppet old, new;

	puppet_start(&old, key);
	puppet_start(&new, key);
	puppet_expect(&old, act_create, SVSHM_OK);
	ck_assert_int_eq(recover_object(key, SVSHM_RECOVER_FORCE, NULL),
			 SVSHM_OK);
	puppet_expect(&new, act_create, SVSHM_OK);
	puppet_expect(&old, svshm_detach, SVSHM_REMOVED);
	ck_assert(is_whole(key, new.segment_id));
	puppet_leave(&old);
	puppet_leave(&new);
	ck_assert(all_gone(key));
}
END_TEST

static int detach_meanwhile(const struct svshm_object *object, void *context)
{
	struct puppet *user = context;

	if (object->segment_id == user->segment_id)
		puppet_expect(user, svshm_detach, SVSHM_OK);
	return 0;
}

START_TEST(who_looks_at_an_object_is_no_user)
{
	const char *key = test_key("looked-at");
	struct puppet user;

	puppet_start(&user, key);
	puppet_expect(&user, act_create, SVSHM_OK);
	ck_assert_int_eq(svshm_scan(0, detach_meanwhile, &user), SVSHM_OK);
	ck_assert(!user.attached);
	ck_assert(all_gone(key));
	puppet_leave(&user);
}
END_TEST

/* ---- Who is no registered user ------------------------------------------- */

struct child {
	const struct svshm *handle;
	struct test_event go;
	bool by_exit;
};

/* Uses the memory it has inherited, and nothing else. */
static int only_map(void *context)
{
	struct child *child = context;
	const char *data = svshm_const_data(child->handle);

	test_event_await(&child->go);
	child_assert(data[0] == 'x' && data[99] == 'x');
	if (child->by_exit)
		exit(0);
	return 0;
}

START_TEST(not_under_a_child_that_only_maps)
{
	const char *key = test_key("mapped");
	struct svshm *handle = make_object(key, 100);
	struct child child = { .handle = handle, .by_exit = _i };
	int segment_id = handle->attachment->segment_id;

	memset(svshm_data(handle), 'x', 100);
	test_event_open(&child.go);

	pid_t pid = test_fork(only_map, &child);

	expect_code(handle, svshm_detach(handle), SVSHM_OK);
	ck_assert(!is_removed(segment_id));
	test_event_post(&child.go);
	ck_assert_int_eq(test_wait(pid), 0);
	/* exit() counts as detach; without it the data are there still. */
	if (!child.by_exit) {
		expect_code(handle, svshm_attach(handle, SVSHM_READ_WRITE),
			    SVSHM_ORPHANED);
		ck_assert(has_bytes(handle, 100, 'x'));
		expect_code(handle, svshm_detach(handle), SVSHM_OK);
	}
	ck_assert(all_gone(key));
	svshm_free(handle);
}
END_TEST

#define READER_UID 65533

struct reader {
	const char *path;
	struct test_event made, attached, go;
};

static int read_as_another(void *context)
{
	struct reader *reader = context;
	struct svshm *handle = svshm_new(NULL);

	child_assert(setgroups(0, NULL) == 0);
	child_assert(setresgid(READER_UID, READER_UID, READER_UID) == 0);
	child_assert(setresuid(READER_UID, READER_UID, READER_UID) == 0);
	svshm_set_native_key(handle, reader->path);
	test_event_await(&reader->made);
	if (svshm_attach(handle, SVSHM_READ_ONLY))
		fprintf(stderr, "%s\n", svshm_error_string(handle));
	child_assert(svshm_is_attached(handle));
	test_event_post(&reader->attached);
	test_event_await(&reader->go);
	child_assert(has_bytes(handle, 100, 'x'));
	child_assert(svshm_detach(handle) == SVSHM_REMOVED);
	return 0;
}

static struct svshm *share_with_all(const char *path)
{
	struct svshm *handle = svshm_new(NULL);

	ck_assert_int_eq(chmod(test_scratch(""), 0711), 0);
	close(open(path, O_CREAT | O_WRONLY, 0644));
	svshm_set_native_key(handle, path);
	svshm_set_mode(handle, 0644);
	expect_code(handle, svshm_create(handle, 100, SVSHM_READ_WRITE),
		    SVSHM_OK);
	memset(svshm_data(handle), 'x', 100);
	return handle;
}

START_TEST(a_reader_holds_nobody_back)
{
	char path[400];
	struct reader reader = { .path = path };

	if (test_skip_without_root() || test_skip_without_counted_children())
		return;
	snprintf(path, sizeof(path), "%s", test_scratch("readers"));
	test_event_open(&reader.made);
	test_event_open(&reader.attached);
	test_event_open(&reader.go);

	/* Before there is anything to inherit. */
	pid_t pid = test_fork(read_as_another, &reader);
	struct svshm *handle = share_with_all(reader.path);
	int segment_id = handle->attachment->segment_id;

	test_event_post(&reader.made);
	test_event_await(&reader.attached);
	expect_code(handle, svshm_detach(handle), SVSHM_OK);
	/* Who may only read owns nothing: the name is free, and the memory is
	   the reader's until it detaches. */
	expect_code(handle, svshm_attach(handle, SVSHM_READ_WRITE),
		    SVSHM_NOT_FOUND);
	expect_code(handle, svshm_create(handle, 200, SVSHM_READ_WRITE),
		    SVSHM_OK);
	ck_assert_int_ne(handle->attachment->segment_id, segment_id);
	test_event_post(&reader.go);
	ck_assert_int_eq(test_wait(pid), 0);
	ck_assert(is_removed(segment_id));
	expect_code(handle, svshm_detach(handle), SVSHM_OK);
	svshm_free(handle);
}
END_TEST

/* ---- Native keys --------------------------------------------------------- */

static int die_with_it(void *context)
{
	struct svshm *handle = context;

	return svshm_create(handle, 100, SVSHM_READ_WRITE);
}

static int exit_with_it(void *context)
{
	child_assert(svshm_create(context, 100, SVSHM_READ_WRITE) == SVSHM_OK);
	exit(0);
}

static int recover_it(const struct svshm_object *object, void *context)
{
	(void)context;
	return svshm_recover(object, NULL);
}

/* Create and detach; exit; die and be replaced; die and be recovered. */
static void use_up(struct svshm *handle)
{
	expect_code(handle, svshm_create(handle, 100, SVSHM_READ_WRITE),
		    SVSHM_OK);
	expect_code(handle, svshm_detach(handle), SVSHM_OK);
	ck_assert_int_eq(test_wait(test_fork(exit_with_it, handle)), 0);
	ck_assert_int_eq(test_wait(test_fork(die_with_it, handle)), 0);
	expect_code(handle, svshm_create(handle, 100, SVSHM_READ_WRITE),
		    SVSHM_ORPHANED);
	expect_code(handle, svshm_detach(handle), SVSHM_OK);
	ck_assert_int_eq(test_wait(test_fork(die_with_it, handle)), 0);
	expect_code(handle, svshm_inspect(handle, recover_it, NULL), SVSHM_OK);
	expect_code(handle, svshm_attach(handle, SVSHM_READ_WRITE),
		    SVSHM_NOT_FOUND);
}

START_TEST(a_native_key_file_is_never_touched)
{
	const char *path = test_scratch("my.conf");
	struct svshm *handle = svshm_new(NULL);
	struct stat before, after;

	if (_i == 0) {
		FILE *file = fopen(path, "w");

		ck_assert_int_gt(fprintf(file, "mine\n"), 0);
		fclose(file);
	} else {
		ck_assert_int_eq(mkdir(path, 0700), 0);
	}
	ck_assert_int_eq(stat(path, &before), 0);
	svshm_set_native_key(handle, path);
	use_up(handle);
	ck_assert_int_eq(stat(path, &after), 0);
	ck_assert(after.st_ino == before.st_ino);
	ck_assert(after.st_size == before.st_size);
	ck_assert(after.st_mode == before.st_mode);
	ck_assert(after.st_mtim.tv_sec == before.st_mtim.tv_sec &&
		  after.st_mtim.tv_nsec == before.st_mtim.tv_nsec);
	svshm_free(handle);
	ck_assert_int_eq(remove(path), 0);
}
END_TEST

static Suite *make_suite(void)
{
	Suite *suite = suite_create("the last detach removes");
	TCase *tcase = tcase_create("detach");

	tcase_set_timeout(tcase, 90);
	tcase_add_loop_test(tcase, last_detach_removes_all, 0, 3);
	tcase_add_test(tcase,
		       last_detach_of_a_read_only_creator_removes_all);
	tcase_add_loop_test(tcase, any_but_the_last_detach_removes_nothing,
			    0, 3);
	tcase_add_loop_test(tcase, last_handle_of_a_process_counts, 0, 8);
	tcase_add_test(tcase, a_late_detach_spares_the_next_object);
	tcase_add_test(tcase, who_looks_at_an_object_is_no_user);
	tcase_add_loop_test(tcase, not_under_a_child_that_only_maps, 0, 2);
	tcase_add_test(tcase, a_reader_holds_nobody_back);
	tcase_add_loop_test(tcase, a_native_key_file_is_never_touched, 0, 2);
	suite_add_tcase(suite, tcase);
	return suite;
}

int main(void)
{
	return test_main(make_suite);
}
