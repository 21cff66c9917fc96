/* SPDX-License-Identifier: BSD-2-Clause */
/* P5: no data lost in silence: by svshm_recover(). */
#include <config.h>

#include <string.h>

#include "actor.h"

/* ---- Recovery ------------------------------------------------------------ */

START_TEST(dry_run_removes_nothing)
{
	const char *key = test_key("dry-run");
	struct svshm_recovery recovery = { .flags = SVSHM_RECOVER_DRY_RUN };

	make_orphan(key, 100, 'x');
	ck_assert_int_eq(recover_object(key, 0, &recovery), SVSHM_OK);
	ck_assert_int_eq(recovery.verdict, SVSHM_VERDICT_ORPHAN);
	recovery.flags |= SVSHM_RECOVER_FORCE;
	ck_assert_int_eq(recover_object(key, 0, &recovery), SVSHM_OK);
	expect_orphan(key, 100, 'x');
}
END_TEST

START_TEST(recover_removes_orphans_only)
{
	const char *key = test_key("recover");
	struct svshm_recovery plain = { .flags = 0 };
	struct svshm *user;

	make_orphan(key, 100, 'x');
	ck_assert_int_eq(recover_object(key, 0, &plain), SVSHM_OK);
	ck_assert_int_eq(plain.verdict, SVSHM_VERDICT_ORPHAN);
	ck_assert(test_nothing_left(key));

	user = make_object(key, 100);
	memset(svshm_data(user), 'y', 100);
	ck_assert_int_eq(recover_object(key, 0, &plain), SVSHM_BUSY);
	ck_assert_int_eq(plain.verdict, SVSHM_VERDICT_IN_USE);
	ck_assert_str_ne(plain.message, "");
	expect_code(user, svshm_lock(user), SVSHM_OK);

	ck_assert_int_eq(recover_object(key, SVSHM_RECOVER_FORCE, NULL),
			 SVSHM_OK);
	expect_code(user, svshm_unlock(user), SVSHM_REMOVED);
	ck_assert(has_bytes(user, 100, 'y')); /* to the end */
	expect_code(user, svshm_detach(user), SVSHM_REMOVED);
	ck_assert(!svshm_is_attached(user));
	expect_code(user, act_attach(user), SVSHM_NOT_FOUND);
	svshm_free(user);
	ck_assert(test_nothing_left(key));
}
END_TEST

static int recover_after_change(const struct svshm_object *object,
				void *context)
{
	struct actor *actor = context;

	expect_act(actor, act_attach, SVSHM_ORPHANED);
	return svshm_recover(object, NULL);
}

START_TEST(recover_judges_again)
{
	const char *key = test_key("judged-again");
	struct svshm *handle = svshm_new(key);
	struct actor actor;

	make_orphan(key, 100, 'x');
	actor_enter(&actor, key);
	expect_code(handle, svshm_inspect(handle, recover_after_change, &actor),
		    SVSHM_BUSY);
	expect_code(handle, act_attach(handle), SVSHM_OK);
	ck_assert(has_bytes(handle, 100, 'x'));
	actor_kill(&actor);
	svshm_free(handle);
}
END_TEST

static int recover_after_a_death(const struct svshm_object *object,
				 void *context)
{
	struct actor *actor = context;

	expect_act(actor, act_attach, SVSHM_ORPHANED);
	actor_kill(actor);
	return svshm_recover(object, NULL);
}

/* Something happens to an orphan of 100 bytes while it is visited. */
static void expect_recovery(const char *key, svshm_visit *visit, int expected)
{
	struct svshm *handle = svshm_new(key);
	struct actor actor;

	make_orphan(key, 100, 'x');
	actor_enter(&actor, key);
	expect_code(handle, svshm_inspect(handle, visit, &actor), expected);
	svshm_free(handle);
}

START_TEST(recover_finishes_after_one_more_death)
{
	const char *key = test_key("one-more");

	expect_recovery(key, recover_after_a_death, SVSHM_OK);
	ck_assert(test_nothing_left(key));
}
END_TEST

/* The one that was shown has gone, and another one has its name. */
static int recover_after_another(const struct svshm_object *object,
				 void *context)
{
	struct actor *actor = context;

	expect_act(actor, act_attach, SVSHM_ORPHANED);
	expect_act(actor, svshm_detach, SVSHM_OK);
	actor_kill(actor);
	make_orphan(object->key, 200, 'y');
	return svshm_recover(object, NULL);
}

START_TEST(recover_leaves_another_of_the_name)
{
	const char *key = test_key("another");

	expect_recovery(key, recover_after_another, SVSHM_NOT_FOUND);
	expect_orphan(key, 200, 'y');
}
END_TEST

/* ---- Saving -------------------------------------------------------------- */

struct saving {
	const char *key;
	struct actor *newcomer; /* NULL: none */
	int answer, calls;
};

/* Right before the removal: all is there, and nobody can come in. */
static int check_and_answer(const struct svshm_object *object,
			    const void *data, size_t size, void *context)
{
	struct saving *saving = context;
	const char *bytes = data;
	struct test_object seen;

	saving->calls++;
	ck_assert_uint_eq(size, 5000);
	for (size_t i = 0; i < size; i++)
		ck_assert_int_eq(bytes[i], 'x');
	ck_assert(test_inspect(saving->key, &seen));
	ck_assert_int_eq(seen.segment_id, object->segment_id);
	ck_assert_int_eq(seen.semaphore_id, object->semaphore_id);
	if (saving->newcomer)
		actor_block(saving->newcomer, act_attach);
	return saving->answer;
}

START_TEST(data_are_saved_before_the_removal)
{
	const char *key = test_key("save");
	struct actor newcomer;
	struct saving saving = { key, &newcomer, 0, 0 };
	struct svshm_recovery recovery = { .save = check_and_answer,
					   .context = &saving };

	make_orphan(key, 5000, 'x');
	actor_enter(&newcomer, key);
	ck_assert_int_eq(recover_object(key, 0, &recovery), SVSHM_OK);
	ck_assert_int_eq(saving.calls, 1);
	expect_end(&newcomer, SVSHM_NOT_FOUND);
	actor_kill(&newcomer);
	ck_assert(test_nothing_left(key));
}
END_TEST

START_TEST(what_cannot_be_saved_stays)
{
	const char *key = test_key("not-saved");
	struct actor newcomer;
	struct saving saving = { key, &newcomer, SVSHM_OUT_OF_RESOURCES, 0 };
	struct svshm_recovery recovery = { .flags = SVSHM_RECOVER_FORCE,
					   .save = check_and_answer,
					   .context = &saving };

	make_orphan(key, 5000, 'x');
	actor_enter(&newcomer, key);
	ck_assert_int_eq(recover_object(key, 0, &recovery),
			 SVSHM_OUT_OF_RESOURCES);
	ck_assert_int_eq(saving.calls, 1);
	expect_end(&newcomer, SVSHM_ORPHANED);
	actor_kill(&newcomer);
	expect_orphan(key, 5000, 'x');
}
END_TEST

START_TEST(saves_only_what_it_removes)
{
	const char *key = test_key("save-in-use");
	struct svshm *user = make_object(key, 5000);
	struct saving saving = { key, NULL, 0, 0 };
	struct svshm_recovery recovery = { .save = check_and_answer,
					   .context = &saving };

	memset(svshm_data(user), 'x', 5000);
	ck_assert_int_eq(recover_object(key, 0, &recovery), SVSHM_BUSY);
	recovery.flags = SVSHM_RECOVER_FORCE | SVSHM_RECOVER_DRY_RUN;
	ck_assert_int_eq(recover_object(key, 0, &recovery), SVSHM_OK);
	ck_assert_int_eq(saving.calls, 0);
	recovery.flags = SVSHM_RECOVER_FORCE;
	ck_assert_int_eq(recover_object(key, 0, &recovery), SVSHM_OK);
	ck_assert_int_eq(saving.calls, 1);
	expect_code(user, svshm_lock(user), SVSHM_REMOVED);
	svshm_free(user);
	ck_assert(test_nothing_left(key));
}
END_TEST

static Suite *make_suite(void)
{
	Suite *suite = suite_create("recovery loses no data in silence");
	TCase *tests = tcase_create("recover");

	suite_add_tcase(suite, tests);
	tcase_set_timeout(tests, 120);
	tcase_add_test(tests, dry_run_removes_nothing);
	tcase_add_test(tests, recover_removes_orphans_only);
	tcase_add_test(tests, recover_judges_again);
	tcase_add_test(tests, recover_finishes_after_one_more_death);
	tcase_add_test(tests, recover_leaves_another_of_the_name);
	tcase_add_test(tests, data_are_saved_before_the_removal);
	tcase_add_test(tests, what_cannot_be_saved_stays);
	tcase_add_test(tests, saves_only_what_it_removes);
	return suite;
}

int main(void)
{
	return test_main(make_suite);
}
