/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * P2 and P3: two keys of Qt's with one lock. Who of the one key comes, leaves,
 * fails, dies or is recovered does not take the lock from the other one. See
 * one_lock.h.
 */
#include <config.h>

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <unistd.h>

#include "foreign.h"
#include "one_lock.h"
#include "outside.h"

/* ---- Makers and removers ----------------------------------------------- */

/* A QSharedMemory of the one key resets and removes the lock of both. */
START_TEST(qt_shared_lock_and_qts_faults)
{
	make_keys();

	struct svshm *handle = qt_make(keys[TWO], 8);
	struct actor waiter;
	struct wire wire;

	actor_attach(&waiter, keys[TWO]);
	wire_begin(&wire, keys[ONE]);
	expect_code(handle, svshm_lock(handle), 0);
	ck_assert(wire_create(&wire, 10));
	expect_failure(handle, svshm_unlock(handle), SVSHM_LOCK_ERROR, "reset");
	/* It has called create(), so it removes the set when it goes, even while
	   somebody owns it. */
	wire_detach(&wire);
	expect_act(&waiter, svshm_lock, SVSHM_OK);
	wire_end(&wire);
	expect_act(&waiter, svshm_unlock, SVSHM_LOCK_ERROR);
	ck_assert(qt_nothing_left(keys[ONE]));
	/* Alone from now on. */
	expect_act(&waiter, svshm_lock, SVSHM_OK);
	expect_code(handle, svshm_trylock(handle), SVSHM_BUSY);
	expect_act(&waiter, svshm_unlock, SVSHM_OK);
	ck_assert_int_eq(wire_value(keys[TWO]), 1);
	svshm_free(handle);
	actor_exit(&waiter);
	expect_nothing();
}
END_TEST

/* Which of three actors has come to an end with what it was told. */
static int await_one(const struct actor *actors)
{
	struct pollfd wanted[3];

	for (int i = 0; i < 3; i++)
		wanted[i] = (struct pollfd){ actors[i].results, POLLIN, 0 };
	ck_assert_int_ge(poll(wanted, 3, 60000), 1);
	for (int i = 0; i < 3; i++)
		if (wanted[i].revents)
			return i;
	return -1;
}

/* The set of one key goes while many wait for the other's: none gets lost. */
START_TEST(qt_shared_lock_goes_under_waiters)
{
	make_keys();

	struct svshm *one = qt_handle(keys[ONE]), *two = qt_make(keys[TWO], 8);
	struct actor waiters[3];

	for (int i = 0; i < 3; i++)
		actor_attach(&waiters[i], keys[TWO]);
	expect_code(one, svshm_create(one, 8, SVSHM_READ_WRITE), 0);
	expect_code(one, svshm_lock(one), 0);
	for (int i = 0; i < 3; i++)
		actor_block(&waiters[i], svshm_lock);
	expect_code(one, svshm_detach(one), 0);
	ck_assert(qt_nothing_left(keys[ONE]));
	for (int left = 3; left > 0; left--) {
		/* One of them; the rest waits for it. */
		int owner = await_one(waiters);

		expect_end(&waiters[owner], SVSHM_OK);
		expect_code(two, svshm_trylock(two), SVSHM_BUSY);
		expect_act(&waiters[owner], svshm_unlock, SVSHM_OK);
		actor_exit(&waiters[owner]);
		waiters[owner].results = -1;
	}
	ck_assert_int_eq(wire_value(keys[TWO]), 1);
	svshm_free(two);
	svshm_free(one);
	expect_nothing();
}
END_TEST

/* What fails leaves the other key's set, and no file of its own. */
START_TEST(qt_shared_lock_survives_failures)
{
	make_keys();

	struct svshm *one = qt_make(keys[ONE], 8);
	struct svshm *two = qt_handle(keys[TWO]);
	int set = qt_set_of(keys[ONE]);

	ck_assert_int_ne(svshm_create(two, SIZE_MAX - 100000,
				      SVSHM_READ_WRITE),
			 0);
	expect_code(two, svshm_attach(two, SVSHM_READ_WRITE), SVSHM_NOT_FOUND);
	ck_assert_int_eq(qt_set_of(keys[ONE]), set);
	ck_assert_int_eq(wire_value(keys[ONE]), 1);
	svshm_free(two);
	svshm_free(one);
	expect_nothing();
}
END_TEST

static const char *const deaths[] = {
	"qt:set made", "qt:locked", "qt:file made", "qt:segment made",
	"qt:mapped", "qt:leaving", "qt:unmapped", "qt:segment gone",
	"qt:file gone", "qt:lock file gone",
};

START_TEST(qt_shared_lock_survives_deaths)
{
	const bool first = strcmp(deaths[_i], "qt:set made") == 0;
	struct svshm *handle = NULL;

	make_keys();
	/* There must be none, for one to be made. */
	if (!first)
		handle = qt_make(keys[TWO], 8);
	ck_assert_int_eq(qt_die_at(deaths[_i], keys[ONE]), 256 + SIGKILL);
	if (first)
		handle = qt_make(keys[TWO], 8);
	expect_code(handle, svshm_timedlock(handle, 10000), 0);
	expect_code(handle, svshm_unlock(handle), 0);
	ck_assert_int_eq(wire_value(keys[TWO]), 1);
	svshm_free(handle);
	ck_assert(qt_nothing_left(keys[TWO]));
	qt_clean(keys[ONE]);
	expect_nothing();
}
END_TEST

/* ---- Looking and recovering -------------------------------------------- */

static int visit_shared(const struct svshm_object *object, void *context)
{
	child_assert(strstr(object->reason, strrchr(context, '/') + 1));
	return object->notes & SVSHM_NOTE_LOCK_SHARED ? 7 : 8;
}

static int visit_alone(const struct svshm_object *object, void *context)
{
	(void)context;
	return object->notes & SVSHM_NOTE_LOCK_SHARED ? 8 : 7;
}

START_TEST(qt_shared_lock_is_shown)
{
	make_keys();

	struct svshm *one = qt_make(keys[ONE], 8), *two = qt_make(keys[TWO], 8);

	ck_assert_int_eq(svshm_inspect(one, visit_shared, paths[TWO]), 7);
	ck_assert_int_eq(svshm_inspect(two, visit_shared, paths[ONE]), 7);
	expect_code(one, svshm_detach(one), 0);
	ck_assert_int_eq(svshm_inspect(two, visit_alone, NULL), 7);
	/* A lock without memory, too. The set has gone with ONE's object. */
	expect_usable_lock(two);
	qt_make_lock_file(keys[ONE]);
	ck_assert_int_eq(svshm_inspect(one, visit_shared, paths[TWO]), 7);
	svshm_free(one);
	svshm_free(two);
	unlink(paths[ONE]);
	expect_nothing();
}
END_TEST

/* By force also while somebody has the lock: but he may have it by the other
   key, who lives. */
START_TEST(qt_shared_lock_is_not_forced)
{
	make_keys();
	qt_make_lock_file(keys[ONE]);

	struct svshm *two = qt_make(keys[TWO], 8);
	struct actor owner;
	int set = qt_set_of(keys[TWO]);

	actor_own(&owner, keys[TWO]);
	ck_assert_int_eq(recover_object(keys[ONE], SVSHM_RECOVER_FORCE, NULL),
			 SVSHM_BUSY);
	ck_assert_int_eq(qt_set_of(keys[TWO]), set);

	char *segment = qt_segment_path(keys[ONE]);

	close(open(segment, O_CREAT | O_EXCL, 0600));
	struct foreign memory = foreign_segment(ftok(segment, 'Q'), 10, 0600);

	ck_assert_int_eq(recover_object(keys[ONE], SVSHM_RECOVER_FORCE, NULL),
			 0);
	ck_assert_int_lt(access(segment, F_OK), 0);
	foreign_remove(&memory);
	free(segment);
	ck_assert_int_eq(qt_set_of(keys[TWO]), set);
	ck_assert_int_eq(wire_value(keys[TWO]), 0);
	expect_code(two, svshm_trylock(two), SVSHM_BUSY);
	expect_act(&owner, svshm_unlock, SVSHM_OK);
	actor_exit(&owner);
	svshm_free(two);
	ck_assert(qt_nothing_left(keys[TWO]));
	expect_file_only(ONE);
}
END_TEST

static int remove_others(struct svshm *handle)
{
	(void)handle;
	return recover_object(keys[ONE], 0, NULL);
}

/* A thread that has the lock can recover what another key has left. */
START_TEST(qt_shared_lock_is_borrowed_to_recover)
{
	make_keys();

	struct svshm *two = qt_make(keys[TWO], 8);

	make_orphan(keys[ONE], 10, 'o');
	expect_code(two, svshm_lock(two), 0);
	ck_assert_int_eq(remove_others(two), 0);
	ck_assert_int_eq(wire_value(keys[TWO]), 0);
	expect_code(two, svshm_unlock(two), 0);
	ck_assert_int_eq(wire_value(keys[TWO]), 1);
	svshm_free(two);
	ck_assert(qt_nothing_left(keys[TWO]));
	expect_file_only(ONE);
}
END_TEST

static Suite *make_suite(void)
{
	Suite *suite = suite_create("One lock of two keys, when one of them goes");
	TCase *tcase = tcase_create("shared_removed");

	tcase_set_timeout(tcase, 120);
	tcase_add_test(tcase, qt_shared_lock_and_qts_faults);
	tcase_add_test(tcase, qt_shared_lock_goes_under_waiters);
	tcase_add_test(tcase, qt_shared_lock_survives_failures);
	tcase_add_loop_test(tcase, qt_shared_lock_survives_deaths, 0,
			    (int)(sizeof(deaths) / sizeof(*deaths)));
	tcase_add_test(tcase, qt_shared_lock_is_shown);
	tcase_add_test(tcase, qt_shared_lock_is_not_forced);
	tcase_add_test(tcase, qt_shared_lock_is_borrowed_to_recover);
	suite_add_tcase(suite, tcase);
	return suite;
}

int main(void)
{
	return one_lock_main(make_suite);
}
