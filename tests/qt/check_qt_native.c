/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * P1: native keys of System V, as Qt 6.6 and later have them (QNativeIpcKey),
 * with the real QSharedMemory: one file of the program's choice is the key file
 * of segment and lock, and "systemv-N:" chooses ftok's second argument.
 */
#include <config.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <unistd.h>

#include "outside.h"
#include "qtpeer.h"
#include "qtwire.h"

/* The projects that are tried, and what a text for them begins with. */
static const struct {
	int project;
	const char *scheme;
} kinds[] = {
	{ 'Q', "systemv" }, { 'Q', "systemv-81" }, { 1, "systemv-1" },
	{ 84, "systemv-084" }, { 127, "systemv-127" }
};
#define KINDS ((int)(sizeof(kinds) / sizeof(*kinds)))

static char path[512], text[1024];

/* False: this Qt has no such keys; the last test says so. */
static bool start(struct qt_peer *peer, int number)
{
	static int count;
	int kind = number % KINDS;

	qt_peer_start(peer, number / KINDS, NULL);
	snprintf(path, sizeof(path), "%s-%d-%d", test_scratch("native"),
		 (int)getpid(), ++count);
	snprintf(text, sizeof(text), "%s:%s", kinds[kind].scheme, path);
	if (strcmp(qt_peer_do(peer, qt_order("ipckey", text)), "ok") == 0)
		return true;
	qt_peer_leave(peer);
	return false;
}

static bool there(int number, bool set)
{
	key_t key = ftok(path, kinds[number % KINDS].project);

	return key != (key_t)-1 &&
	       (set ? semget(key, 0, 0) : shmget(key, 0, 0)) >= 0;
}

START_TEST(native_peer_creates_and_we_attach)
{
	struct svshm *handle;
	struct qt_peer peer;

	if (!start(&peer, _i))
		return;
	handle = qt_native_handle(text);
	expect_code(handle, svshm_attach(handle, SVSHM_READ_WRITE),
		    SVSHM_NOT_FOUND);
	qt_expect(&peer, "create 5000", "ok");
	qt_expect(&peer, "fill 113", "ok");
	ck_assert(there(_i, false) && there(_i, true));
	expect_code(handle, svshm_create(handle, 10, SVSHM_READ_WRITE),
		    SVSHM_ALREADY_EXISTS);
	expect_code(handle, svshm_attach(handle, SVSHM_READ_WRITE), 0);
	ck_assert(has_bytes(handle, 5000, 113));
	memset(svshm_data(handle), 7, 5000);
	qt_expect(&peer, "filled 7", "yes");
	expect_code(handle, svshm_detach(handle), 0);
	qt_expect(&peer, "filled 7", "yes");
	qt_peer_leave(&peer);
	ck_assert_int_lt(access(path, F_OK), 0);
	svshm_free(handle);
}
END_TEST

START_TEST(native_peer_attaches_to_what_we_create)
{
	struct svshm *handle;
	struct qt_peer peer;

	if (!start(&peer, _i))
		return;
	handle = qt_native_handle(text);
	expect_code(handle, svshm_create(handle, 100, SVSHM_READ_WRITE), 0);
	memset(svshm_data(handle), 113, 100);
	qt_expect(&peer, "create 10", QT_ALREADY_EXISTS);
	qt_expect(&peer, "attach rw", "ok");
	qt_expect(&peer, "filled 113", "yes");
	qt_expect(&peer, "fill 9", "ok");
	ck_assert(has_bytes(handle, 100, 9));
	qt_expect(&peer, "detach", "ok");
	qt_expect(&peer, "attach ro", "ok");
	qt_expect(&peer, "filled 9", "yes");
	qt_expect(&peer, "detach", "ok");
	expect_code(handle, svshm_detach(handle), 0);
	ck_assert(!there(_i, false));
	ck_assert(!there(_i, true));
	qt_peer_leave(&peer);
	svshm_free(handle);
	ck_assert_int_lt(access(path, F_OK), 0);
}
END_TEST

START_TEST(native_peer_and_we_wait_for_each_other)
{
	struct svshm *handle;
	struct qt_peer peer;

	if (!start(&peer, _i))
		return;
	handle = qt_native_handle(text);
	qt_expect(&peer, "create 64", "ok");
	expect_code(handle, svshm_attach(handle, SVSHM_READ_WRITE), 0);
	qt_expect(&peer, "lock", "ok");
	expect_code(handle, svshm_trylock(handle), SVSHM_BUSY);
	qt_expect(&peer, "unlock", "ok");
	expect_code(handle, svshm_lock(handle), 0);
	qt_peer_block(&peer, "lock");
	expect_code(handle, svshm_unlock(handle), 0);
	qt_expect_end(&peer, "ok");
	expect_code(handle, svshm_timedlock(handle, 1), SVSHM_TIMED_OUT);
	qt_expect(&peer, "unlock", "ok");
	expect_code(handle, svshm_detach(handle), 0);
	qt_peer_leave(&peer);
	svshm_free(handle);
	ck_assert_int_lt(access(path, F_OK), 0);
}
END_TEST

START_TEST(native_peer_is_killed_with_the_lock)
{
	struct svshm *handle;
	struct qt_peer peer;

	if (!start(&peer, _i))
		return;
	handle = qt_native_handle(text);
	qt_expect(&peer, "create 100", "ok");
	qt_expect(&peer, "fill 5", "ok");
	qt_expect(&peer, "lock", "ok");
	qt_peer_kill(&peer);
	expect_code(handle, svshm_attach(handle, SVSHM_READ_WRITE),
		    SVSHM_ORPHANED);
	ck_assert(has_bytes(handle, 100, 5));
	expect_usable_lock(handle);
	svshm_free(handle);
	ck_assert(!there(_i, false));
	ck_assert(!there(_i, true));
	ck_assert_int_lt(access(path, F_OK), 0);
}
END_TEST

/* The text that its key has is one that we take. */
START_TEST(native_keys_have_the_same_text)
{
	const char *key = test_key("legacy");
	struct svshm *handle, *second;
	struct qt_peer peer;
	char *segment;

	qt_peer_start(&peer, _i, key);
	if (strcmp(qt_peer_do(&peer, "text"), "no") == 0) {
		qt_peer_leave(&peer);
		test_skip("this Qt is older than 6.6, and has no such keys");
		return;
	}
	handle = qt_make(key, 64);
	segment = qt_segment_path(key);
	second = qt_native_handle(peer.answer);
	ck_assert_str_eq(svshm_native_key(second), segment);
	expect_code(second, svshm_attach(second, SVSHM_READ_WRITE), 0);
	/* With the legacyKey in the text all have the key's lock. */
	snprintf(text, sizeof(text), "%.1023s", peer.answer);
	qt_expect(&peer, qt_order("ipckey", text), "ok");
	qt_expect(&peer, "attach rw", "ok");
	qt_expect(&peer, "lock", "ok");
	expect_code(handle, svshm_trylock(handle), SVSHM_BUSY);
	expect_code(second, svshm_trylock(second), SVSHM_BUSY);
	qt_expect(&peer, "unlock", "ok");
	expect_code(second, svshm_lock(second), 0);
	qt_peer_block(&peer, "lock");
	expect_code(second, svshm_unlock(second), 0);
	qt_expect_end(&peer, "ok");
	qt_expect(&peer, "unlock", "ok");
	qt_peer_leave(&peer);
	svshm_free(second);
	svshm_free(handle);
	ck_assert(qt_nothing_left(key));
	free(segment);
}
END_TEST

static Suite *make_suite(void)
{
	Suite *suite = suite_create("Native keys of the real QSharedMemory");
	TCase *tcase = tcase_create("native");
	const int all = qt_program_count * KINDS;

	tcase_set_timeout(tcase, 120);
	tcase_add_loop_test(tcase, native_peer_creates_and_we_attach, 0, all);
	tcase_add_loop_test(tcase, native_peer_attaches_to_what_we_create, 0,
			    all);
	tcase_add_loop_test(tcase, native_peer_and_we_wait_for_each_other, 0,
			    all);
	tcase_add_loop_test(tcase, native_peer_is_killed_with_the_lock, 0, all);
	qt_peer_add(tcase, native_keys_have_the_same_text);
	suite_add_tcase(suite, tcase);
	return suite;
}

int main(void)
{
	return qt_peer_main(make_suite);
}
