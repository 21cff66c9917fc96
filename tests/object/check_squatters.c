/* SPDX-License-Identifier: BSD-2-Clause */
/* P6: objects that others have put where ours should be. */
#include <config.h>

#include <stdlib.h>
#include <string.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <unistd.h>

#include "foreign.h"
#include "forge.h"
#include "key/key.h"
#include "outside.h"
#include "kernel/semun.h"

#define SIZE 100

static int act_create_0666(struct svshm *handle)
{
	svshm_set_mode(handle, 0666);
	return act_create(handle);
}

START_TEST(squatter_of_a_common_key_file_is_refused)
{
	if (test_skip_without_root())
		return;
	open_scratch();

	char *path = make_file("common", "", 0, 0644);
	struct svshm *root = svshm_new(NULL);
	struct actor alice, bob;

	actor_enter_native_as(&alice, ALICE, path);
	actor_enter_native_as(&bob, BOB, path);
	expect_act(&alice, act_create_0666, SVSHM_OK);
	expect_act(&alice, act_fill, SVSHM_OK);
	expect_act(&bob, act_attach, SVSHM_PERMISSION_DENIED);
	expect_says(bob.message, "65533");
	expect_act(&bob, act_attach_read_only, SVSHM_PERMISSION_DENIED);
	expect_act(&bob, act_create, SVSHM_PERMISSION_DENIED);
	/* The key file is root's, and so trusts root; root trusts nobody. */
	svshm_set_native_key(root, path);
	expect_code(root, act_attach(root), SVSHM_PERMISSION_DENIED);
	expect_code(root, act_create(root), SVSHM_PERMISSION_DENIED);
	svshm_free(root);

	expect_act(&alice, act_is_filled, SVSHM_OK);
	expect_act(&alice, svshm_detach, SVSHM_OK);
	expect_act(&bob, act_create, SVSHM_OK);
	actor_exit(&bob);
	actor_exit(&alice);
	free(path);
}
END_TEST

START_TEST(owner_of_the_key_file_is_trusted)
{
	if (test_skip_without_root())
		return;
	open_scratch();

	char *path = make_file("alices", "", ALICE, 0644);
	struct actor alice, bob;

	actor_enter_native_as(&alice, ALICE, path);
	actor_enter_native_as(&bob, BOB, path);
	expect_act(&alice, act_create_0666, SVSHM_OK);
	expect_act(&alice, act_fill, SVSHM_OK);
	expect_act(&bob, act_attach, SVSHM_OK);
	expect_act(&bob, act_is_filled, SVSHM_OK);
	expect_act(&bob, svshm_detach, SVSHM_OK);
	expect_act(&alice, svshm_detach, SVSHM_OK);
	actor_exit(&bob);
	actor_exit(&alice);
	free(path);
}
END_TEST

/* Looking finds one's own, too. */
static int act_sees_own(struct svshm *handle)
{
	struct test_object object;

	if (!test_inspect(svshm_key(handle), &object))
		return SVSHM_NOT_FOUND;
	return object.uid == geteuid() && object.alive == 2 &&
	       object.segment_id >= 0 ? SVSHM_OK : SVSHM_CORRUPT;
}

/* What Alice may have put under a key that is to be Bob's. */
enum squat {
	SEGMENT_SHUT, SEGMENT_OPEN, SEGMENT_FORGED, SEGMENT_FORGED_SHUT,
	SET_SHUT, SET_OPEN, SET_FRESH, SET_FRESH_SHUT, SET_TAGGED, SET_SMALL,
	ALL_FORGED, SQUATS
};

static struct foreign forged_segment(key_t key, const char *path, mode_t mode)
{
	struct foreign segment = foreign_segment(key, FORGED_SIZE, mode);

	/* As root: Alice may not even look at Bob's key file. */
	pass_for(0);
	void *memory = segment.bytes ? segment.bytes :
				       shmat(segment.segment_id, NULL, 0);

	ck_assert(memory != (void *)-1);
	forge_header(memory, segment.size, path);
	if (!segment.bytes)
		shmdt(memory);
	pass_for(ALICE);
	return segment;
}

static struct foreign tagged_set(key_t key, const char *path)
{
	struct foreign set = foreign_set(key, 20, 0, 0666);
	union semun argument = {
		.val = (int)svshm__tag(svshm__key_name_hash(path))
	};

	ck_assert_int_eq(semctl(set.set_id, SVSHM__SEM_TAG, SETVAL, argument),
			 0);
	return set;
}

/* What is no forgery. */
static const struct squatter {
	size_t size; /* of the segment; 0: a set */
	int count;   /* of its semaphores */
	unsigned short value;
	mode_t mode;
} plain[SQUATS] = {
	[SEGMENT_SHUT] = { 5000, 0, 0, 0600 },
	[SEGMENT_OPEN] = { 5000, 0, 0, 0666 },
	[SET_SHUT] = { 0, 20, 1, 0600 },
	[SET_OPEN] = { 0, 20, 1, 0666 },
	[SET_FRESH] = { 0, 20, 0, 0666 },
	[SET_FRESH_SHUT] = { 0, 20, 0, 0600 },
	[SET_SMALL] = { 0, 1, 1, 0666 },
};

static struct foreign squat_plainly(const struct squatter *how, key_t key)
{
	return how->size ? foreign_segment(key, how->size, how->mode) :
			   foreign_set(key, how->count, how->value, how->mode);
}

/* Two at most. */
static int squat(enum squat how, key_t key, const char *path,
		 struct foreign made[2])
{
	pass_for(ALICE);
	if (how == SEGMENT_FORGED || how == ALL_FORGED)
		made[0] = forged_segment(key, path, 0666);
	else if (how == SEGMENT_FORGED_SHUT)
		made[0] = forged_segment(key, path, 0600);
	else if (how == SET_TAGGED)
		made[0] = tagged_set(key, path);
	else
		made[0] = squat_plainly(&plain[how], key);
	if (how == ALL_FORGED)
		made[1] = tagged_set(key, path);
	pass_for(0);
	return how == ALL_FORGED ? 2 : 1;
}

/* Forgeries have bytes and values of their own: those are to stay. */
struct kept {
	unsigned char bytes[FORGED_SIZE];
	unsigned short values[20];
};

static void keep(const struct foreign *foreign, struct kept *kept)
{
	union semun argument = { .array = kept->values };

	if (foreign->segment_id >= 0) {
		void *memory = foreign->bytes ? foreign->bytes :
			shmat(foreign->segment_id, NULL, SHM_RDONLY);

		ck_assert(memory != (void *)-1);
		memcpy(kept->bytes, memory, foreign->size);
		if (!foreign->bytes)
			shmdt(memory);
	}
	if (foreign->set_id >= 0)
		semctl(foreign->set_id, 0, GETALL, argument);
}

static void expect_kept(const struct foreign *foreign, const struct kept *kept)
{
	static struct kept now;

	keep(foreign, &now);
	if (foreign->segment_id >= 0) {
		ck_assert_int_eq(memcmp(now.bytes, kept->bytes, foreign->size),
				 0);
		ck_assert_int_eq(shmget(foreign->key, 0, 0),
				 foreign->segment_id);
	} else {
		ck_assert_int_eq(memcmp(now.values, kept->values,
					(size_t)foreign->count *
						sizeof(*now.values)), 0);
		ck_assert_int_eq(semget(foreign->key, 0, 0), foreign->set_id);
	}
}

START_TEST(squatter_does_not_stop_the_owner_of_a_private_directory)
{
	if (test_skip_without_root())
		return;
	use_key_directory("bobs", BOB, 0700);

	static struct kept kept[2];
	const char *key = test_key("private");
	char *path = make_key_file(key, "", BOB);
	struct foreign made[2];
	struct actor bob, second;
	int count = squat((enum squat)_i, nth_key(path, 0), path, made);

	for (int i = 0; i < count; i++)
		keep(&made[i], &kept[i]);
	actor_enter_as(&bob, BOB, key);
	actor_enter_as(&second, BOB, key);
	expect_act(&second, act_attach, SVSHM_NOT_FOUND);
	expect_act(&bob, act_create, SVSHM_OK);
	expect_act(&bob, act_fill, SVSHM_OK);
	expect_act(&second, act_attach, SVSHM_OK);
	expect_act(&second, act_is_filled, SVSHM_OK);
	expect_act(&second, act_sees_own, SVSHM_OK);
	expect_act(&bob, svshm_detach, SVSHM_OK);
	expect_act(&second, svshm_detach, SVSHM_OK);
	expect_act(&second, act_attach, SVSHM_NOT_FOUND);
	ck_assert(access(path, F_OK) < 0);
	for (int i = 0; i < count; i++) {
		expect_kept(&made[i], &kept[i]);
		foreign_remove(&made[i]);
	}
	actor_exit(&second);
	actor_exit(&bob);
	free(path);
}
END_TEST

/* In a common directory it is not told from an object meant for all. */
START_TEST(squatter_in_a_common_directory_is_refused)
{
	static const enum squat squats[] = { SET_TAGGED, ALL_FORGED };

	if (test_skip_without_root())
		return;
	use_key_directory("shared", 0, 01777);

	const char *key = test_key("common");
	char *path = make_key_file(key, "", BOB);
	struct foreign made[2];
	struct actor bob;
	int count = squat(squats[_i], nth_key(path, 0), path, made);

	actor_enter_as(&bob, BOB, key);
	expect_act(&bob, act_attach, SVSHM_PERMISSION_DENIED);
	expect_act(&bob, act_create, SVSHM_PERMISSION_DENIED);
	expect_says(bob.message, "65533");
	for (int i = 0; i < count; i++)
		foreign_remove(&made[i]);
	expect_act(&bob, act_create, SVSHM_OK);
	expect_act(&bob, svshm_detach, SVSHM_OK);
	ck_assert(access(path, F_OK) < 0);
	actor_exit(&bob);
	free(path);
}
END_TEST

static Suite *make_suite(void)
{
	Suite *suite = suite_create("squatters");
	TCase *squatters = tcase_create("squatters");

	foreign_fixture(squatters);
	tcase_add_test(squatters, squatter_of_a_common_key_file_is_refused);
	tcase_add_test(squatters, owner_of_the_key_file_is_trusted);
	tcase_add_loop_test(squatters,
		squatter_does_not_stop_the_owner_of_a_private_directory, 0,
		SQUATS);
	tcase_add_loop_test(squatters,
		squatter_in_a_common_directory_is_refused, 0, 2);
	tcase_set_timeout(squatters, 120);
	suite_add_tcase(suite, squatters);
	return suite;
}

int main(void)
{
	return test_main(make_suite);
}
