/* SPDX-License-Identifier: BSD-2-Clause */
/* P7: key files get lost; native keys are edited. */
#include <config.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/sem.h>
#include <sys/stat.h>
#include <unistd.h>

#include "actor.h"
#include "key/key.h"
#include "outside.h"

#define SIZE 100

/* ---- Key files ----------------------------------------------------------- */

enum loss { DELETED, REPLACED, LOSSES };

static void replace(const char *path)
{
	char other[600];
	int descriptor;

	/* As editors do, and so with another inode. */
	snprintf(other, sizeof(other), "%s.new", path);
	descriptor = open(other, O_CREAT | O_EXCL | O_WRONLY, 0600);
	ck_assert_int_ge(descriptor, 0);
	close(descriptor);
	ck_assert_int_eq(rename(other, path), 0);
}

static void lose(const char *key, enum loss loss)
{
	char *path = svshm__key_path(key, geteuid(), NULL);

	ck_assert_int_eq(access(path, F_OK), 0);
	if (loss == DELETED)
		ck_assert_int_eq(unlink(path), 0);
	else
		replace(path);
	free(path);
}

START_TEST(live_object_is_found_without_its_key_file)
{
	const char *key = test_key("live");
	struct test_object object;
	struct svshm *handle;
	struct actor early, late;

	if (test_skip_without_lists())
		return;
	actor_enter(&early, key);
	actor_enter(&late, key);
	handle = make_object(key, SIZE);
	act_fill(handle);
	expect_act(&early, act_attach, SVSHM_OK);
	lose(key, (enum loss)_i);
	for (int round = 0; round < 3; round++) {
		expect_act(&late, act_attach, SVSHM_OK);
		expect_act(&late, act_is_filled, SVSHM_OK);
		/* The same lock. */
		expect_code(handle, svshm_lock(handle), SVSHM_OK);
		expect_act(&late, svshm_trylock, SVSHM_BUSY);
		expect_act(&early, svshm_trylock, SVSHM_BUSY);
		expect_code(handle, svshm_unlock(handle), SVSHM_OK);
		expect_act(&late, svshm_detach, SVSHM_OK);
		/* And no second object. */
		expect_act(&late, act_create, SVSHM_ALREADY_EXISTS);
		ck_assert_uint_eq(test_count_segments(key), 1);
		ck_assert(test_inspect(key, &object));
		ck_assert_int_eq(object.verdict, SVSHM_VERDICT_IN_USE);
		ck_assert_uint_eq(object.alive, 2);
	}
	expect_code(handle, svshm_detach(handle), SVSHM_OK);
	svshm_free(handle);
	expect_act(&late, act_attach, SVSHM_OK);
	expect_act(&early, svshm_detach, SVSHM_OK);
	expect_act(&late, act_is_filled, SVSHM_OK);
	expect_act(&late, svshm_detach, SVSHM_OK);
	ck_assert(test_nothing_left(key));
	/* The name is as good as new. */
	expect_act(&late, act_create, SVSHM_OK);
	expect_act(&early, act_attach, SVSHM_OK);
	expect_act(&early, svshm_detach, SVSHM_OK);
	expect_act(&late, svshm_detach, SVSHM_OK);
	actor_exit(&late);
	actor_exit(&early);
	ck_assert(test_nothing_left(key));
}
END_TEST

/* Whatever else goes with it: the IPC keys are the name's. */
START_TEST(no_second_object_without_key_file_and_set)
{
	const char *key = test_key("bare");
	struct test_object object;
	struct svshm *handle;
	struct actor late;

	actor_enter(&late, key);
	handle = make_object(key, SIZE);
	act_fill(handle);
	ck_assert(test_inspect(key, &object));
	lose(key, (enum loss)_i);
	ck_assert_int_eq(semctl(object.semaphore_id, 0, IPC_RMID), 0);
	expect_act(&late, act_create, SVSHM_ALREADY_EXISTS);
	expect_act(&late, act_attach, SVSHM_BUSY);
	ck_assert_int_eq(act_is_filled(handle), SVSHM_OK);
	expect_code(handle, svshm_detach(handle), SVSHM_REMOVED);
	svshm_free(handle);
	expect_act(&late, act_create, SVSHM_OK);
	expect_act(&late, svshm_detach, SVSHM_OK);
	actor_exit(&late);
	ck_assert(test_nothing_left(key));
}
END_TEST

START_TEST(orphan_is_found_without_its_key_file)
{
	const char *key = test_key("orphan");
	struct svshm *handle = svshm_new(key);
	struct test_object object;

	if (test_skip_without_lists())
		return;
	make_orphan(key, SIZE, 'o');
	lose(key, (enum loss)_i);
	ck_assert(test_inspect(key, &object));
	ck_assert_int_eq(object.verdict, SVSHM_VERDICT_ORPHAN);
	expect_code(handle, act_attach(handle), SVSHM_ORPHANED);
	ck_assert(has_bytes(handle, SIZE, 'o'));
	expect_code(handle, svshm_detach(handle), SVSHM_OK);
	svshm_free(handle);
	ck_assert(test_nothing_left(key));
}
END_TEST

START_TEST(create_takes_over_an_orphan_without_its_key_file)
{
	const char *key = test_key("takeover");
	struct svshm *handle = svshm_new(key);
	struct actor actor;

	if (test_skip_without_lists())
		return;
	make_orphan(key, SIZE, 'o');
	lose(key, (enum loss)_i);
	expect_code(handle, act_create(handle), SVSHM_ORPHANED);
	ck_assert(has_bytes(handle, SIZE, 0));
	ck_assert_uint_eq(test_count_segments(key), 1);
	act_fill(handle);
	actor_attach(&actor, key);
	expect_act(&actor, act_is_filled, SVSHM_OK);
	actor_exit(&actor);
	svshm_free(handle);
	ck_assert(test_nothing_left(key));
}
END_TEST

START_TEST(recover_removes_an_orphan_without_its_key_file)
{
	const char *key = test_key("recover");

	if (test_skip_without_lists())
		return;
	make_orphan(key, SIZE, 'o');
	lose(key, (enum loss)_i);
	ck_assert_int_eq(recover_object(key, 0, NULL), SVSHM_OK);
	ck_assert(test_nothing_left(key));
}
END_TEST

/* ---- Native keys --------------------------------------------------------- */

static struct svshm *native_handle(const char *path)
{
	struct svshm *handle = svshm_new(NULL);

	svshm_set_native_key(handle, path);
	return handle;
}

static int create_native_and_die(void *context)
{
	struct svshm *handle = native_handle(context);

	child_assert(act_create(handle) == SVSHM_OK);
	return act_fill(handle);
}

START_TEST(native_key_may_be_replaced_in_use)
{
	char *path = make_file("edited.conf", "text", geteuid(), 0600);
	struct svshm *handle = native_handle(path);
	struct svshm *same = native_handle(path);
	struct actor late;

	actor_enter_native_as(&late, geteuid(), path);
	expect_code(handle, act_create(handle), SVSHM_OK);
	act_fill(handle);
	replace(path);
	expect_act(&late, act_attach, SVSHM_OK);
	expect_act(&late, act_is_filled, SVSHM_OK);
	expect_act(&late, svshm_detach, SVSHM_OK);
	expect_act(&late, act_create, SVSHM_ALREADY_EXISTS);
	expect_code(same, act_attach(same), SVSHM_OK);
	svshm_free(same);
	svshm_free(handle);
	expect_act(&late, act_attach, SVSHM_NOT_FOUND);
	ck_assert(file_has(path, ""));

	ck_assert_int_eq(test_wait(test_fork(create_native_and_die, path)), 0);
	replace(path);
	expect_act(&late, act_attach, SVSHM_ORPHANED);
	expect_act(&late, act_is_filled, SVSHM_OK);
	expect_act(&late, svshm_detach, SVSHM_OK);
	ck_assert_int_eq(test_wait(test_fork(create_native_and_die, path)), 0);
	replace(path);
	expect_act(&late, act_create, SVSHM_ORPHANED);
	expect_act(&late, svshm_detach, SVSHM_OK);
	actor_exit(&late);
	ck_assert(file_has(path, ""));
	free(path);
}
END_TEST

START_TEST(native_key_may_be_reached_in_several_ways)
{
	char *path = make_file("one.conf", "text", geteuid(), 0600);
	char *symbolic = strdup(test_scratch("link.conf"));
	char *hard = strdup(test_scratch("hard.conf"));
	struct svshm *handle = native_handle(path), *other;

	ck_assert_int_eq(symlink(path, symbolic), 0);
	ck_assert_int_eq(chdir(test_scratch("")), 0);
	expect_code(handle, act_create(handle), SVSHM_OK);
	act_fill(handle);
	other = native_handle(symbolic);
	expect_code(other, act_attach(other), SVSHM_OK);
	ck_assert_int_eq(act_is_filled(other), SVSHM_OK);
	svshm_free(other);
	other = native_handle("./keys/../one.conf");
	expect_code(other, act_attach(other), SVSHM_OK);
	svshm_free(other);
	/* Another name of the same file is another name. */
	ck_assert_int_eq(link(path, hard), 0);
	other = native_handle(hard);
	expect_code(other, act_attach(other), SVSHM_NOT_FOUND);
	expect_code(other, act_create(other), SVSHM_OK);
	ck_assert(has_bytes(other, SIZE, 0));
	ck_assert_int_eq(act_is_filled(handle), SVSHM_OK);
	svshm_free(other);
	svshm_free(handle);
	ck_assert(file_has(path, "text"));
	ck_assert_int_eq(access(symbolic, F_OK), 0);
	free(hard);
	free(symbolic);
	free(path);
}
END_TEST

START_TEST(native_key_may_be_a_directory)
{
	struct svshm *handle = native_handle(test_scratch(""));
	struct svshm *other = native_handle(test_directory());

	expect_code(handle, act_create(handle), SVSHM_OK);
	expect_code(other, act_create(other), SVSHM_OK);
	ck_assert_ptr_ne(svshm_data(handle), svshm_data(other));
	svshm_free(handle);
	svshm_free(other);
	ck_assert_int_eq(access(test_directory(), F_OK), 0);
}
END_TEST

static Suite *make_suite(void)
{
	Suite *suite = suite_create("lost key files");
	TCase *file = tcase_create("key file");
	TCase *native = tcase_create("native key");

	tcase_add_loop_test(file, live_object_is_found_without_its_key_file,
			    0, LOSSES);
	tcase_add_loop_test(file, no_second_object_without_key_file_and_set,
			    0, LOSSES);
	tcase_add_loop_test(file, orphan_is_found_without_its_key_file, 0,
			    LOSSES);
	tcase_add_loop_test(file,
		create_takes_over_an_orphan_without_its_key_file, 0, LOSSES);
	tcase_add_loop_test(file,
		recover_removes_an_orphan_without_its_key_file, 0, LOSSES);
	tcase_set_timeout(file, 120);
	suite_add_tcase(suite, file);
	tcase_add_test(native, native_key_may_be_replaced_in_use);
	tcase_add_test(native, native_key_may_be_reached_in_several_ways);
	tcase_add_test(native, native_key_may_be_a_directory);
	tcase_set_timeout(native, 120);
	suite_add_tcase(suite, native);
	return suite;
}

int main(void)
{
	return test_main(make_suite);
}
