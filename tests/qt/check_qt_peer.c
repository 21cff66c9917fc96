/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The Qt layout with the real QSharedMemory: all tests run with each of the
 * programs that $SVSHM_QT_PEERS names, one for Qt 5 and one for Qt 6.
 */
#include <config.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/stat.h>
#include <unistd.h>

#include "outside.h"
#include "qtpeer.h"
#include "qtwire.h"

/* ---- Names ------------------------------------------------------------- */

static const char *const keys[] = {
	"QSharedMemoryExample", "a", "42", "No\xc3\xabl-42 Key_z",
	"two  words", " ", "Gr\xc3\xbc\xc3\x9f" "e",
	"\xd0\xba\xd0\xbb\xd1\x8e\xd1\x87", "\xe9\x8d\xb5",
	"\xd9\x85\xd9\x81\xd8\xaa\xd8\xa7\xd8\xad", "\xf0\x9f\x94\x91 key",
	"UPPER lower", "a/b/../c", ".", "\xc3\xa9", "e\xcc\x81", "tab\there",
	"a\nb", "%41", "systemv:/x", "\xc2\xa0", "\xe2\x80\xae" "abc",
	"\xef\xbf\xbd", "\xf4\x8f\xbf\xbf"
};

START_TEST(peer_keys_have_the_same_paths)
{
	struct qt_peer peer;

	qt_peer_start(&peer, _i, NULL);
	for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++) {
		char *path = qt_segment_path(keys[i]);

		qt_expect(&peer, qt_order("key", keys[i]), "ok");
		qt_expect(&peer, "path", path);
		free(path);
	}
	qt_peer_leave(&peer);
}
END_TEST

/* In different words, perhaps: Qt 6.11 resolves no links, and older ones do. */
static bool same_file(const char *a, const char *b)
{
	const char *a_name = strrchr(a, '/'), *b_name = strrchr(b, '/');
	char a_directory[1024], b_directory[1024];
	struct stat a_status, b_status;

	snprintf(a_directory, sizeof(a_directory), "%.*s/", (int)(a_name - a),
		 a);
	snprintf(b_directory, sizeof(b_directory), "%.*s/", (int)(b_name - b),
		 b);
	return strcmp(a_name, b_name) == 0 &&
	       stat(a_directory, &a_status) == 0 &&
	       stat(b_directory, &b_status) == 0 &&
	       a_status.st_dev == b_status.st_dev &&
	       a_status.st_ino == b_status.st_ino;
}

/*
 * The peer finds $TMPDIR as svshm does; but for a directory that does not exist:
 * Qt 5 to 6.8 take "/" for it, as svshm does, and Qt 6.11 can make no file.
 */
static void expect_directory(struct qt_peer *peer, bool exists)
{
	char *path = qt_segment_path("a");
	const char *theirs = qt_peer_do(peer, "path");

	if (exists)
		ck_assert_msg(same_file(theirs, path), "%s, and %s", theirs,
			      path);
	else if (strcmp(theirs, path) != 0)
		qt_expect(peer, "create 10", QT_KEY_ERROR);
	free(path);
}

START_TEST(peer_directories_are_the_same)
{
	const char *names[] = {
		"", "/tmp", "/tmp/", "//tmp/../tmp/.", ".",
		strdup(test_scratch("link")), strdup(test_scratch("link/..")),
		/* Not there: */
		"/no/such/place", "relative"
	};
	const size_t count = sizeof(names) / sizeof(*names);

	ck_assert_int_eq(symlink(getenv("TMPDIR"), names[5]), 0);
	for (size_t i = 0; i < count; i++) {
		struct qt_peer peer;

		setenv("TMPDIR", names[i], 1);
		qt_peer_start(&peer, _i, "a");
		expect_directory(&peer, i < count - 2);
		qt_peer_leave(&peer);
	}
	unlink(names[5]);
}
END_TEST

/* ---- Sharing ----------------------------------------------------------- */

START_TEST(peer_creates_and_we_attach)
{
	const char *key = test_key("theirs");
	struct svshm *handle = qt_handle(key);
	struct qt_peer peer;

	qt_peer_start(&peer, _i, key);
	qt_expect(&peer, "create 5000", "ok");
	qt_expect(&peer, "fill 113", "ok");
	expect_code(handle, svshm_create(handle, 10, SVSHM_READ_WRITE),
		    SVSHM_ALREADY_EXISTS);
	expect_code(handle, svshm_attach(handle, SVSHM_READ_WRITE), 0);
	ck_assert(has_bytes(handle, 5000, 113));
	memset(svshm_data(handle), 7, 5000);
	qt_expect(&peer, "filled 7", "yes");
	/* Its end first: destructor and all. */
	qt_expect(&peer, "renew", "ok");
	ck_assert(has_bytes(handle, 5000, 7));
	expect_code(handle, svshm_lock(handle), 0);
	expect_code(handle, svshm_unlock(handle), 0);
	expect_code(handle, svshm_detach(handle), 0);
	ck_assert(qt_nothing_left(key));
	qt_peer_leave(&peer);
	svshm_free(handle);
}
END_TEST

START_TEST(peer_attaches_to_what_we_create)
{
	const char *key = test_key("ours");
	struct svshm *handle = qt_make(key, 1);
	struct qt_peer peer;

	memset(svshm_data(handle), 113, 1);
	qt_peer_start(&peer, _i, key);
	qt_expect(&peer, "create 10", QT_ALREADY_EXISTS);
	qt_expect(&peer, "attach rw", "ok");
	qt_expect(&peer, "size", "1");
	qt_expect(&peer, "filled 113", "yes");
	qt_expect(&peer, "fill 9", "ok");
	ck_assert(has_bytes(handle, 1, 9));
	qt_expect(&peer, "detach", "ok");
	qt_expect(&peer, "attach ro", "ok");
	qt_expect(&peer, "filled 9", "yes");
	svshm_free(handle);
	qt_expect(&peer, "filled 9", "yes");
	qt_expect(&peer, "renew", "ok");
	ck_assert(qt_nothing_left(key));
	qt_peer_leave(&peer);
}
END_TEST

/* It goes as last, without having made the set: that stays, empty, and the next
   one uses and removes it. */
START_TEST(peer_is_the_last)
{
	const char *key = test_key("last");
	struct svshm *handle = qt_make(key, 64);
	char *segment = qt_segment_path(key);
	struct test_object object;
	struct qt_peer peer;

	qt_peer_start(&peer, _i, key);
	qt_expect(&peer, "attach rw", "ok");
	svshm_free(handle);
	qt_expect(&peer, "renew", "ok");
	ck_assert_int_lt(access(segment, F_OK), 0);
	ck_assert(qt_inspect(key, &object));
	ck_assert_int_eq(object.segment_id, -1);
	qt_expect(&peer, qt_order("key", key), "ok");
	qt_expect(&peer, "create 64", "ok");
	qt_peer_leave(&peer);
	ck_assert(qt_nothing_left(key));
	free(segment);
}
END_TEST

START_TEST(peer_keeps_us_out_of_its_changes)
{
	const char *key = test_key("changes");
	struct svshm *handle = qt_make(key, 64);
	struct qt_peer peer;

	qt_peer_start(&peer, _i, key);
	expect_code(handle, svshm_lock(handle), 0);
	qt_peer_block(&peer, "attach rw");
	expect_code(handle, svshm_unlock(handle), 0);
	qt_expect_end(&peer, "ok");
	expect_code(handle, svshm_lock(handle), 0);
	qt_peer_block(&peer, "detach");
	expect_code(handle, svshm_unlock(handle), 0);
	qt_expect_end(&peer, "ok");
	svshm_free(handle);
	qt_peer_leave(&peer);
	ck_assert(qt_nothing_left(key));
}
END_TEST

/* ---- The lock ---------------------------------------------------------- */

START_TEST(peer_and_we_wait_for_each_other)
{
	const char *key = test_key("wait");
	struct svshm *handle = qt_make(key, 64);
	struct qt_peer peer;
	struct actor actor;

	qt_peer_start(&peer, _i, key);
	qt_actor_enter(&actor, key);
	expect_act(&actor, act_attach, SVSHM_OK);
	qt_expect(&peer, "attach rw", "ok");

	qt_expect(&peer, "lock", "ok");
	expect_act(&actor, svshm_trylock, SVSHM_BUSY);
	actor_block(&actor, svshm_lock);
	qt_expect(&peer, "unlock", "ok");
	expect_end(&actor, SVSHM_OK);

	qt_peer_block(&peer, "lock");
	expect_act(&actor, svshm_unlock, SVSHM_OK);
	qt_expect_end(&peer, "ok");
	expect_code(handle, svshm_timedlock(handle, 20), SVSHM_TIMED_OUT);
	qt_expect(&peer, "unlock", "ok");
	expect_code(handle, svshm_lock(handle), 0);
	expect_code(handle, svshm_unlock(handle), 0);

	qt_peer_leave(&peer);
	svshm_free(handle);
	actor_exit(&actor);
	ck_assert(qt_nothing_left(key));
}
END_TEST

#define PAIRS 4000 /* of each of two Qt programs and of two of ours */

static int add(void *context)
{
	struct svshm *handle = context;
	volatile long *number = svshm_data(handle);

	for (long i = 0; i < PAIRS; i++) {
		child_assert(svshm_lock(handle) == 0);
		long value = *number;

		for (volatile int pause = 0; pause < 100; pause = pause + 1)
			;
		*number = value + 1;
		child_assert(svshm_unlock(handle) == 0);
	}
	return 0;
}

START_TEST(peer_no_update_is_lost)
{
	const char *key = test_key("count");
	struct svshm *handle = qt_make(key, sizeof(long));
	struct qt_peer peers[2];
	pid_t ours[2];
	char order[32];

	snprintf(order, sizeof(order), "add %d", PAIRS);
	for (int i = 0; i < 2; i++) {
		qt_peer_start(&peers[i], (_i + i) % qt_program_count, key);
		qt_expect(&peers[i], "attach rw", "ok");
	}
	for (int i = 0; i < 2; i++) {
		qt_peer_begin(&peers[i], order);
		ours[i] = test_fork(add, handle);
	}
	for (int i = 0; i < 2; i++) {
		qt_expect_end(&peers[i], "ok");
		ck_assert_int_eq(test_wait(ours[i]), 0);
		qt_peer_leave(&peers[i]);
	}
	ck_assert_int_eq(*(long *)svshm_data(handle), 4 * PAIRS);
	ck_assert_int_eq(wire_value(key), 1);
	svshm_free(handle);
	ck_assert(qt_nothing_left(key));
}
END_TEST

/* ---- Deaths ------------------------------------------------------------ */

START_TEST(peer_is_killed_with_the_lock)
{
	const char *key = test_key("killed");
	struct svshm *handle = qt_handle(key);
	struct actor actor;
	struct qt_peer peer;

	qt_peer_start(&peer, _i, key);
	qt_expect(&peer, "create 100", "ok");
	qt_expect(&peer, "fill 5", "ok");
	qt_expect(&peer, "lock", "ok");
	qt_actor_enter(&actor, key);
	actor_block(&actor, act_attach);
	qt_peer_kill(&peer);
	expect_end(&actor, SVSHM_ORPHANED);
	expect_code(handle, svshm_attach(handle, SVSHM_READ_WRITE), 0);
	ck_assert(has_bytes(handle, 100, 5));
	svshm_free(handle);
	actor_exit(&actor);
	ck_assert(qt_nothing_left(key));
}
END_TEST

/* A crash of a Qt program: create() of the next Qt program would fail. */
START_TEST(peer_left_an_orphan)
{
	const char *key = test_key("crash");
	struct svshm *handle = qt_handle(key);
	struct test_object object;
	struct qt_peer peer;

	qt_peer_start(&peer, _i, key);
	qt_expect(&peer, "create 100", "ok");
	qt_peer_kill(&peer);
	ck_assert(qt_inspect(key, &object));
	ck_assert_int_eq(object.verdict, SVSHM_VERDICT_ORPHAN);
	expect_code(handle, svshm_create(handle, 50, SVSHM_READ_WRITE),
		    SVSHM_ORPHANED);
	qt_peer_start(&peer, _i, key);
	qt_expect(&peer, "attach rw", "ok");
	qt_expect(&peer, "size", "50");
	qt_peer_kill(&peer);
	svshm_free(handle);
	ck_assert(qt_nothing_left(key));

	qt_peer_start(&peer, _i, key);
	qt_expect(&peer, "create 100", "ok");
	qt_peer_kill(&peer);
	ck_assert_int_eq(qt_recover(key, 0, NULL), 0);
	ck_assert(qt_nothing_left(key));
	qt_peer_start(&peer, _i, key);
	qt_expect(&peer, "create 100", "ok");
	ck_assert_int_eq(qt_recover(key, 0, NULL), SVSHM_BUSY);
	qt_expect(&peer, "fill 1", "ok");
	qt_peer_leave(&peer);
	ck_assert(qt_nothing_left(key));
}
END_TEST

static int own_and_die(void *context)
{
	struct svshm *handle = qt_make(context, 100);

	memset(svshm_data(handle), 3, 100);
	child_assert(svshm_lock(handle) == 0);
	return 0;
}

START_TEST(peer_takes_over_from_our_dead)
{
	const char *key = test_key("dead");
	struct qt_peer peer;

	ck_assert_int_eq(test_wait(test_fork(own_and_die, (void *)key)), 0);
	qt_peer_start(&peer, _i, key);
	/* Qt 6.6 and later remove an orphan here; older ones join it. */
	if (strcmp(qt_peer_do(&peer, "attach rw"), "ok") == 0) {
		qt_expect(&peer, "filled 3", "yes");
		qt_expect(&peer, "lock", "ok");
		qt_expect(&peer, "unlock", "ok");
		qt_expect(&peer, "detach", "ok");
	}
	qt_expect(&peer, "create 10", "ok");
	qt_peer_leave(&peer);
	ck_assert(qt_nothing_left(key));
}
END_TEST

/* What its create() does to a lock that we own: no hang, and told. */
START_TEST(peer_resets_our_lock)
{
	const char *key = test_key("reset");
	struct svshm *handle = qt_make(key, 64);
	struct qt_peer peer;

	qt_peer_start(&peer, _i, key);
	expect_code(handle, svshm_lock(handle), 0);
	qt_expect(&peer, "create 10", QT_ALREADY_EXISTS);
	expect_code(handle, svshm_unlock(handle), SVSHM_LOCK_ERROR);
	/* Its object owns the set now, and takes it along. */
	expect_code(handle, svshm_lock(handle), 0);
	qt_expect(&peer, "renew", "ok");
	expect_code(handle, svshm_unlock(handle), SVSHM_LOCK_ERROR);
	expect_code(handle, svshm_lock(handle), 0);
	expect_code(handle, svshm_unlock(handle), 0);
	qt_peer_leave(&peer);
	svshm_free(handle);
	ck_assert(qt_nothing_left(key));
}
END_TEST

static Suite *make_suite(void)
{
	Suite *suite = suite_create("The real QSharedMemory");
	TCase *tcase = tcase_create("peer");

	qt_use_directory();
	tcase_set_timeout(tcase, 120);
	tcase_add_loop_test(tcase, peer_keys_have_the_same_paths, 0,
			    qt_program_count);
	tcase_add_loop_test(tcase, peer_directories_are_the_same, 0,
			    qt_program_count);
	tcase_add_loop_test(tcase, peer_creates_and_we_attach, 0,
			    qt_program_count);
	tcase_add_loop_test(tcase, peer_attaches_to_what_we_create, 0,
			    qt_program_count);
	tcase_add_loop_test(tcase, peer_is_the_last, 0,
			    qt_program_count);
	tcase_add_loop_test(tcase, peer_keeps_us_out_of_its_changes, 0,
			    qt_program_count);
	tcase_add_loop_test(tcase, peer_and_we_wait_for_each_other, 0,
			    qt_program_count);
	tcase_add_loop_test(tcase, peer_no_update_is_lost, 0,
			    qt_program_count);
	tcase_add_loop_test(tcase, peer_is_killed_with_the_lock, 0,
			    qt_program_count);
	tcase_add_loop_test(tcase, peer_left_an_orphan, 0,
			    qt_program_count);
	tcase_add_loop_test(tcase, peer_takes_over_from_our_dead, 0,
			    qt_program_count);
	tcase_add_loop_test(tcase, peer_resets_our_lock, 0,
			    qt_program_count);
	suite_add_tcase(suite, tcase);
	return suite;
}

int main(void)
{
	qt_find_programs();
	if (qt_program_count == 0) {
		printf("SKIP: there is no Qt here\n");
		return 77;
	}
	return test_main(make_suite);
}
