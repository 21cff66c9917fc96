/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * P7: IPC keys of two names are the same, or some other program's. See
 * check_key_file_lost.c for key files that get lost.
 */
#include <config.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/shm.h>
#include <unistd.h>

#include "actor.h"
#include "foreign.h"
#include "key/key.h"
#include "outside.h"

#define SIZE 100

/* Two names that collide. */
struct pair {
	bool native;
	const char *keys[2];
	char *paths[2];
};

static char *path_of(const char *key, bool native)
{
	char *path = native ? strdup(test_scratch(key)) :
			      svshm__key_path(key, geteuid(), NULL);

	ck_assert_ptr_nonnull(path);
	return path;
}

static const char *numbered(const char *key, int number)
{
	static char names[2][200]; /* of one pair at a time */
	static int next;
	char *name = names[next++ % 2];

	snprintf(name, sizeof(names[0]), "%s%d", key, number);
	return name;
}

static void make_pair(struct pair *pair, bool native)
{
	int numbers[2] = { -1, -1 };

	pair->native = native;
	while (numbers[0] < 0) {
		for (int i = 0; i < 2; i++) {
			pair->keys[i] = test_key(i ? "b" : "a");
			pair->paths[i] = path_of(pair->keys[i], native);
		}
		find_colliding_names(pair->paths[0], pair->paths[1], numbers);
		free(pair->paths[0]);
		free(pair->paths[1]);
	}
	for (int i = 0; i < 2; i++) {
		pair->keys[i] = numbered(pair->keys[i], numbers[i]);
		pair->paths[i] = path_of(pair->keys[i], native);
		if (native)
			free(make_file(pair->keys[i], "", geteuid(), 0600));
	}
	ck_assert_int_eq(nth_key(pair->paths[0], 0),
			 nth_key(pair->paths[1], 0));
}

static void free_pair(struct pair *pair)
{
	for (int i = 0; i < 2; i++) {
		/* The library leaves a native key alone, and only that. */
		ck_assert_int_eq(access(pair->paths[i], F_OK) == 0,
				 pair->native);
		unlink(pair->paths[i]);
		free(pair->paths[i]);
	}
}

static struct svshm *handle_of(const struct pair *pair, int i)
{
	struct svshm *handle =
		svshm_new(pair->native ? NULL : pair->keys[i]);

	if (pair->native)
		svshm_set_native_key(handle, pair->paths[i]);
	return handle;
}

static struct svshm *create_filled(const struct pair *pair, int i, int fill)
{
	struct svshm *handle = handle_of(pair, i);

	expect_code(handle, act_create(handle), SVSHM_OK);
	memset(svshm_data(handle), fill, SIZE);
	return handle;
}

struct find {
	const struct pair *pair;
	int i, fill, code;
};

/* In a process of its own: nothing is known. */
static int find(void *context)
{
	const struct find *wanted = context;
	struct svshm *handle = handle_of(wanted->pair, wanted->i);

	child_assert(act_attach(handle) == wanted->code);
	child_assert(has_bytes(handle, SIZE, wanted->fill));
	child_assert(svshm_detach(handle) == SVSHM_OK);
	child_assert(act_create(handle) == (wanted->code == SVSHM_ORPHANED ?
				SVSHM_OK : SVSHM_ALREADY_EXISTS));
	svshm_free(handle);
	return 0;
}

static void expect_found(const struct pair *pair, int i, int fill, int code)
{
	struct find wanted = { pair, i, fill, code };

	ck_assert_int_eq(test_wait(test_fork(find, &wanted)), 0);
}

struct count {
	const char *path;
	unsigned segments;
};

static int count_named(const struct svshm_object *object, void *context)
{
	struct count *count = context;

	if (object->native_key && object->segment_id >= 0 &&
	    strcmp(object->native_key, count->path) == 0)
		count->segments++;
	return 0;
}

static unsigned segments_of(const struct pair *pair, int i)
{
	struct count count = { pair->paths[i], 0 };

	svshm_scan(0, count_named, &count);
	return count.segments;
}

/* ---- Two of ours --------------------------------------------------------- */

START_TEST(colliding_keys_are_two_objects)
{
	struct svshm *handles[2], *third;
	struct pair pair;

	make_pair(&pair, _i);
	handles[0] = create_filled(&pair, 0, 'a');
	handles[1] = handle_of(&pair, 1);
	expect_code(handles[1], act_attach(handles[1]), SVSHM_NOT_FOUND);
	svshm_free(handles[1]);
	handles[1] = create_filled(&pair, 1, 'b');
	for (int i = 0; i < 2; i++) {
		expect_found(&pair, i, i ? 'b' : 'a', SVSHM_OK);
		expect_code(handles[i], svshm_lock(handles[i]), SVSHM_OK);
	}
	for (int i = 0; i < 2; i++) {
		ck_assert_uint_eq(segments_of(&pair, i), 1);
		expect_code(handles[i], svshm_unlock(handles[i]), SVSHM_OK);
	}

	/* The first goes, and its IPC key is free: no second second. */
	svshm_free(handles[0]);
	ck_assert_uint_eq(segments_of(&pair, 0), 0);
	expect_found(&pair, 1, 'b', SVSHM_OK);
	ck_assert_uint_eq(segments_of(&pair, 1), 1);
	third = create_filled(&pair, 0, 'c');
	expect_found(&pair, 0, 'c', SVSHM_OK);
	expect_found(&pair, 1, 'b', SVSHM_OK);
	svshm_free(handles[1]);
	expect_found(&pair, 0, 'c', SVSHM_OK);
	svshm_free(third);
	for (int i = 0; i < 2; i++)
		ck_assert_uint_eq(segments_of(&pair, i), 0);
	free_pair(&pair);
}
END_TEST

static int create_and_die(void *context)
{
	const struct find *wanted = context;

	/* SVSHM_OK, or an assertion in the child. */
	create_filled(wanted->pair, wanted->i, wanted->fill);
	return 0;
}

static void orphan(const struct pair *pair, int i, int fill)
{
	struct find wanted = { pair, i, fill, SVSHM_OK };

	ck_assert_int_eq(test_wait(test_fork(create_and_die, &wanted)), 0);
}

START_TEST(colliding_keys_are_two_orphans)
{
	struct pair pair;

	make_pair(&pair, _i);
	orphan(&pair, 0, 'a');
	orphan(&pair, 1, 'b');
	for (int i = 1; i >= 0; i--)
		expect_found(&pair, i, i ? 'b' : 'a', SVSHM_ORPHANED);
	for (int i = 0; i < 2; i++)
		ck_assert_uint_eq(segments_of(&pair, i), 0);
	free_pair(&pair);
}
END_TEST

START_TEST(create_replaces_its_own_orphan_only)
{
	struct svshm *handle;
	struct pair pair;

	make_pair(&pair, _i);
	orphan(&pair, 0, 'a');
	handle = create_filled(&pair, 1, 'b');
	expect_code(handle, svshm_detach(handle), SVSHM_OK);
	orphan(&pair, 1, 'b');
	expect_code(handle, act_create(handle), SVSHM_ORPHANED);
	ck_assert(has_bytes(handle, SIZE, 0));
	svshm_free(handle);
	handle = handle_of(&pair, 0);
	expect_code(handle, act_attach(handle), SVSHM_ORPHANED);
	ck_assert(has_bytes(handle, SIZE, 'a'));
	svshm_free(handle);
	free_pair(&pair);
}
END_TEST

/* ---- Another program's --------------------------------------------------- */

static const struct {
	size_t segment; /* or: */
	int count;
	unsigned short value;
	mode_t mode;
	bool mapped;
} others[] = {
	{ 1, 0, 0, 0600, true },
	{ 1, 0, 0, 0600, false },
	{ 5000, 0, 0, 0666, true },
	{ 100000, 0, 0, 0600, false },
	{ 0, 1, 1, 0600, false },
	{ 0, 1, 0, 0600, false },
	{ 0, 4, 0, 0600, false },
	{ 0, 5, 1, 0666, false },
	{ 0, 20, 1, 0600, false },
	{ 0, 20, 0, 0600, false }, /* not used by its maker, yet */
	{ 0, 5, 0, 0666, false },
	{ 0, 20, 21078, 0600, false }, /* our tag everywhere */
	{ 0, 254, 3, 0600, false },
	{ 0, 255, 0, 0600, false },
};

static struct foreign make_other(key_t key, int i)
{
	struct foreign other;

	if (!others[i].segment)
		return foreign_set(key, others[i].count, others[i].value,
				   others[i].mode);
	other = foreign_segment(key, others[i].segment, others[i].mode);
	if (!others[i].mapped) {
		shmdt(other.bytes);
		other.bytes = NULL;
	}
	return other;
}

START_TEST(object_of_another_program_is_not_touched)
{
	struct pair pair = { .native = true };
	struct foreign other;
	struct svshm *handle;

	if (others[_i].count > 0 && !system_makes_set(others[_i].count) &&
	    test_skip("no set may have so many semaphores"))
		return;
	pair.paths[0] = make_file(test_key("key"), "", geteuid(), 0600);
	other = make_other(nth_key(pair.paths[0], 0), _i);
	handle = handle_of(&pair, 0);
	expect_code(handle, act_attach(handle), SVSHM_NOT_FOUND);
	expect_code(handle, svshm_inspect(handle, visit_nothing, NULL),
		    SVSHM_NOT_FOUND);
	expect_untouched(&other);
	expect_code(handle, act_create(handle), SVSHM_OK);
	act_fill(handle);
	expect_found(&pair, 0, 'f', SVSHM_OK);
	expect_untouched(&other);
	/* It goes, and leaves a better key free. */
	if (_i % 2)
		foreign_remove(&other);
	expect_found(&pair, 0, 'f', SVSHM_OK);
	ck_assert_uint_eq(segments_of(&pair, 0), 1);
	svshm_free(handle);
	ck_assert_uint_eq(segments_of(&pair, 0), 0);
	if (!(_i % 2)) {
		orphan(&pair, 0, 'o');
		expect_found(&pair, 0, 'o', SVSHM_ORPHANED);
		expect_untouched(&other);
		foreign_remove(&other);
	}
	free(pair.paths[0]);
}
END_TEST

START_TEST(all_keys_may_be_others)
{
	const char *key = test_key("full");
	char *path = make_key_file(key, "", geteuid());
	struct foreign taken[SVSHM__PROJECTS];
	struct svshm *handle = svshm_new(key);

	for (int i = 0; i < SVSHM__PROJECTS; i++)
		taken[i] = i % 2 ? foreign_set(nth_key(path, i), 3, 1, 0600) :
				   foreign_segment(nth_key(path, i), 10, 0600);
	expect_code(handle, act_attach(handle), SVSHM_NOT_FOUND);
	free(make_key_file(key, "", geteuid()));
	expect_code(handle, act_create(handle), SVSHM_KEY_ERROR);
	expect_says(svshm_error_string(handle), path);
	expect_says(svshm_error_string(handle), "8 IPC keys");
	for (int i = 0; i < SVSHM__PROJECTS; i++) {
		expect_untouched(&taken[i]);
		if (i)
			foreign_remove(&taken[i]);
	}
	/* One is enough. */
	expect_code(handle, act_create(handle), SVSHM_OK);
	svshm_free(handle);
	expect_untouched(&taken[0]);
	foreign_remove(&taken[0]);
	ck_assert(test_nothing_left(key));
	free(path);
}
END_TEST

static Suite *make_suite(void)
{
	Suite *suite = suite_create("keys that collide");
	TCase *ours = tcase_create("collisions");
	TCase *foreign = tcase_create("foreign");

	tcase_add_loop_test(ours, colliding_keys_are_two_objects, 0, 2);
	tcase_add_loop_test(ours, colliding_keys_are_two_orphans, 0, 2);
	tcase_add_loop_test(ours, create_replaces_its_own_orphan_only, 0,
			    2);
	tcase_set_timeout(ours, 240);
	suite_add_tcase(suite, ours);
	foreign_fixture(foreign);
	tcase_add_loop_test(foreign,
		object_of_another_program_is_not_touched, 0,
		(int)(sizeof(others) / sizeof(*others)));
	tcase_add_test(foreign, all_keys_may_be_others);
	tcase_set_timeout(foreign, 120);
	suite_add_tcase(suite, foreign);
	return suite;
}

int main(void)
{
	return test_main(make_suite);
}
