/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * P1: svshm and the real QSharedMemory find the same object by the same key,
 * whoever makes it. All tests run with each of the programs that
 * $SVSHM_QT_PEERS names, one for Qt 5 and one for Qt 6. For the lock and for
 * deaths see check_qt_peer_lock.c.
 */
#include <config.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
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
	expect_usable_lock(handle);
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
	ck_assert(test_inspect(key, &object));
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

static Suite *make_suite(void)
{
	Suite *suite = suite_create("The real QSharedMemory");
	TCase *tcase = tcase_create("peer");

	tcase_set_timeout(tcase, 120);
	qt_peer_add(tcase, peer_keys_have_the_same_paths);
	qt_peer_add(tcase, peer_directories_are_the_same);
	qt_peer_add(tcase, peer_creates_and_we_attach);
	qt_peer_add(tcase, peer_attaches_to_what_we_create);
	qt_peer_add(tcase, peer_is_the_last);
	qt_peer_add(tcase, peer_keeps_us_out_of_its_changes);
	suite_add_tcase(suite, tcase);
	return suite;
}

int main(void)
{
	return qt_peer_main(make_suite);
}
