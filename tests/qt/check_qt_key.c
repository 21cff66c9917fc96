/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * P1: Qt's names are those that Qt gives. The names in the table were written
 * down from what Qt 5.15.8 and 6.4.2 said; check_qt_peer.c asks the Qt that is
 * there.
 */
#include <config.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "outside.h"
#include "qt/key.h"
#include "qtwire.h"

static const struct {
	const char *key, *suffix;
} names[] = {
	{ "QSharedMemoryExample",
	  "QSharedMemoryExampleff77196351dd7c1c8f79461ad32f21726fe31f5b" },
	{ "a", "a86f7e437faa5a7fce15d1ddcb9eaeaea377667b8" },
	{ "42", "92cfceb39d57d914ed8b14d0e37643de0797ae56" },
	{ "No\xc3\xabl-42 Key_z",
	  "NolKeyz7e641183f95187c077c6bba9f6d39fab01ea8545" },
	{ "two  words", "twowords0a49465686bef630141f3671b989005fa1a7d6d8" },
	{ "Gr\xc3\xbc\xc3\x9f" "e",
	  "Gref649751d6e1bb46f8c86a8e0300237c33df07074" },
	/* Cyrillic, Han, Arabic, a character outside the first plane */
	{ "\xd0\xba\xd0\xbb\xd1\x8e\xd1\x87",
	  "b36af61a5d76b466e25a17dd979530303417c16f" },
	{ "\xe9\x8d\xb5", "287a06131f4dbe1c9a6ba75c7b8d0e29e48db102" },
	{ "\xd9\x85\xd9\x81\xd8\xaa\xd8\xa7\xd8\xad",
	  "b2e8115b070c5c383cebe09e24e9b3d8498baf60" },
	{ "\xf0\x9f\x94\x91 key",
	  "key0b79110c915b8601de6504ecbd5bbf9884989ebc" },
	{ "UPPER lower", "UPPERlower4524142cb2f5518ebdbf03f6ce1c3b4f02286b23" },
	{ "a/b/../c", "abc4dd74544a9ce45d4d58d257709afa09a3325e686" },
	{ ".", "3a52ce780950d4d969792a2559cd519d7ee8c727" },
	/* The same letter with its accent as one character and as two: Qt does
	   not normalise. */
	{ "\xc3\xa9", "bf15be717ac1b080b4f1c456692825891ff5073d" },
	{ "e\xcc\x81", "e7e3fbcf1b6a69221cd8eef7442ef3b51a253bb49" },
	{ "tab\there", "tabhere6db31cce25cd1c3fc7931bcd23cd486a2d880809" },
	{ "a\nb", "abfcd127ffa1016069006ad91f3f361248f9bdf272" },
	{ "%41", "081bfdbbfac29dac796e98a66999312c8eab132e" },
	{ "systemv:/x", "systemvx9d4800805c99b8d7dfe55de33cfee720239898d0" },
	{ "\xc2\xa0", "ab90d23f7402359d51e25399fe46dac3401a3352" },
};

#define NAMES (int)(sizeof(names) / sizeof(*names))

/* The native key of KEY, without the directory. */
static const char *base_name(const struct svshm *handle)
{
	return strrchr(svshm_native_key(handle), '/') + 1;
}

START_TEST(qt_keys_have_the_names_that_qt_gives_them)
{
	struct svshm *handle = qt_handle(names[_i].key);
	char expected[300];

	snprintf(expected, sizeof(expected), "qipc_sharedmemory_%s",
		 names[_i].suffix);
	ck_assert_str_eq(base_name(handle), expected);
	ck_assert_str_eq(svshm_key(handle), names[_i].key);
	svshm_free(handle);

	struct svshm__qt_names pair;

	ck_assert_int_eq(svshm__qt_names_of_key(&pair, names[_i].key, NULL), 0);
	snprintf(expected, sizeof(expected), "qipc_systemsem_%s",
		 names[_i].suffix);
	ck_assert_str_eq(strrchr(pair.lock, '/') + 1, expected);
	ck_assert_int_eq(pair.project, 'Q');
	svshm__qt_names_free(&pair);
}
END_TEST

START_TEST(qt_letters_are_kept_and_too_many_are_refused)
{
	char key[301];
	struct svshm *handle;

	memset(key, 'x', sizeof(key) - 1);
	key[sizeof(key) - 1] = '\0';
	handle = qt_handle(key);
	ck_assert_str_eq(base_name(handle) + strlen("qipc_sharedmemory_") + 300,
			 "02fd68253071f895718c8d41f7ff665abe1a6290");
	expect_code(handle, svshm_create(handle, 1, SVSHM_READ_WRITE),
		    SVSHM_KEY_ERROR);
	expect_says(svshm_error_string(handle), strerror(ENAMETOOLONG));
	key[197] = '\0';
	svshm_set_key(handle, key);
	expect_code(handle, svshm_create(handle, 1, SVSHM_READ_WRITE), 0);
	expect_code(handle, svshm_detach(handle), 0);
	svshm_free(handle);
}
END_TEST

START_TEST(qt_keys_are_text)
{
	static const char *const broken[] = {
		"\xff", "a\x80", "\xc3", "\xc0\xaf", "\xe0\x80\xaf",
		"\xed\xa0\x80", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80",
		"\xe9\x8d", ""
	};

	for (size_t i = 0; i < sizeof(broken) / sizeof(*broken); i++) {
		struct svshm *handle = qt_handle(broken[i]);

		ck_assert_ptr_null(svshm_native_key(handle));
		expect_code(handle, svshm_create(handle, 1, SVSHM_READ_WRITE),
			    SVSHM_KEY_ERROR);
		expect_code(handle, svshm_attach(handle, SVSHM_READ_WRITE),
			    SVSHM_KEY_ERROR);
		expect_says(svshm_error_string(handle),
			    *broken[i] ? "UTF-8" : "empty");
		svshm_free(handle);
	}
}
END_TEST

/* ---- The directory ----------------------------------------------------- */

/* Where key "a" lies with this TMPDIR; NULL: not set. */
static const char *directory_with(const char *value)
{
	static char path[4096];
	struct svshm *handle;

	if (value)
		setenv("TMPDIR", value, 1);
	else
		unsetenv("TMPDIR");
	handle = qt_handle("a");
	snprintf(path, sizeof(path), "%s", svshm_native_key(handle));
	*strrchr(path, '/') = '\0';
	svshm_free(handle);
	return path;
}

START_TEST(qt_directory_is_cleaned_and_canonical)
{
	char *real = strdup(test_scratch("real"));
	char *linked = strdup(test_scratch("link"));
	char text[1000];

	mkdir(real, 0700);
	ck_assert_int_eq(symlink(real, linked), 0);
	ck_assert_str_eq(directory_with(real), real);
	ck_assert_str_eq(directory_with(linked), real);
	snprintf(text, sizeof(text), "%s//./", real);
	ck_assert_str_eq(directory_with(text), real);
	/* By its spelling: the link's parent, not its target's. */
	snprintf(text, sizeof(text), "%s/../real", linked);
	ck_assert_str_eq(directory_with(text), real);
	snprintf(text, sizeof(text), "%s/no/where/../../.", real);
	ck_assert_str_eq(directory_with(text), real);
	ck_assert_int_eq(chdir(real), 0);
	ck_assert_str_eq(directory_with("."), real);
	ck_assert_str_eq(directory_with("../link"), real);
	ck_assert_int_eq(chdir("/"), 0);
	free(real);
	free(linked);
}
END_TEST

START_TEST(qt_directory_has_defaults)
{
	char *standard = realpath("/tmp", NULL);

	ck_assert_ptr_nonnull(standard);
	ck_assert_str_eq(directory_with(NULL), standard);
	ck_assert_str_eq(directory_with(""), standard);
	/* Qt's path is empty then, and the file name begins at the root. */
	ck_assert_str_eq(directory_with("/no/such/place"), "");
	ck_assert_str_eq(directory_with("/"), "");
	free(standard);
}
END_TEST

/* ---- Native keys ------------------------------------------------------- */

#define SUFFIX "Keyz0123456789012345678901234567890123456789"
#define EXAMPLE "QSharedMemoryExampleff77196351dd7c1c8f79461ad32f21726fe31f5b"

static const struct {
	const char *text, *segment, *lock;
	int project; /* or a code */
} natives[] = {
	{ "/a/b", "/a/b", "/a/b", 'Q' },
	{ "a", "a", "a", 'Q' },
	{ "/t/qipc_sharedmemory_" SUFFIX, "/t/qipc_sharedmemory_" SUFFIX,
	  "/t/qipc_systemsem_" SUFFIX, 'Q' },
	{ "/qipc_sharedmemory_" SUFFIX, "/qipc_sharedmemory_" SUFFIX,
	  "/qipc_systemsem_" SUFFIX, 'Q' },
	{ "qipc_sharedmemory_" SUFFIX, "qipc_sharedmemory_" SUFFIX,
	  "qipc_systemsem_" SUFFIX, 'Q' },
	/* Not what Qt makes of a key: a file like any other. */
	{ "/t/qipc_sharedmemory_4" SUFFIX, "/t/qipc_sharedmemory_4" SUFFIX,
	  "/t/qipc_sharedmemory_4" SUFFIX, 'Q' },
	{ "/t/qipc_sharedmemory_abc", "/t/qipc_sharedmemory_abc",
	  "/t/qipc_sharedmemory_abc", 'Q' },
	{ "systemv:/a/b", "/a/b", "/a/b", 'Q' },
	{ "SystemV:/a/b", "/a/b", "/a/b", 'Q' },
	{ "systemv:a", "a", "a", 'Q' },
	{ "systemv-84:/a", "/a", "/a", 84 },
	{ "systemv-081:/a", "/a", "/a", 'Q' },
	{ "systemv-255:/a", "/a", "/a", 255 },
	{ "systemv:/a%20b%25%3f%23%C3%A9", "/a b%?#\xc3\xa9",
	  "/a b%?#\xc3\xa9", 'Q' },
	{ "systemv:/100%", "/100%", "/100%", 'Q' },
	{ "systemv:/a%4", "/a%4", "/a%4", 'Q' },
	{ "systemv:/%2Fa", "//a", "//a", 'Q' },
	{ "systemv:///a", "/a", "/a", 'Q' },
	{ "systemv:/a#what?ever", "/a", "/a", 'Q' },
	{ "systemv:/a?", "/a", "/a", 'Q' },
	{ "systemv:/t/qipc_sharedmemory_" EXAMPLE
	  "?legacyKey=QSharedMemoryExample",
	  "/t/qipc_sharedmemory_" EXAMPLE, "/t/qipc_systemsem_" EXAMPLE, 'Q' },
	{ "systemv-84:/t/qipc_sharedmemory_" EXAMPLE
	  "?legacyKey=QSharedMemory%45xample#x",
	  "/t/qipc_sharedmemory_" EXAMPLE, "/t/qipc_systemsem_" EXAMPLE, 84 },
	/* Whose lock would that be? */
	{ "systemv:/t/qipc_sharedmemory_" EXAMPLE "?legacyKey=other", NULL,
	  NULL, SVSHM_KEY_ERROR },
	{ "systemv:/a?legacyKey=a", NULL, NULL, SVSHM_KEY_ERROR },
	{ "systemv:/a?legacyKey=", NULL, NULL, SVSHM_KEY_ERROR },
	{ "systemv:/a?legacyKey=a&b=c", NULL, NULL, SVSHM_KEY_ERROR },
	{ "systemv:/a?colour=red", NULL, NULL, SVSHM_KEY_ERROR },
	{ "systemv:/a%00b", NULL, NULL, SVSHM_KEY_ERROR },
	{ "systemv:", NULL, NULL, SVSHM_KEY_ERROR },
	{ "systemv://host/a", NULL, NULL, SVSHM_KEY_ERROR },
	{ "systemv-0:/a", NULL, NULL, SVSHM_KEY_ERROR },
	{ "systemv-256:/a", NULL, NULL, SVSHM_KEY_ERROR },
	{ "systemv-4294967377:/a", NULL, NULL, SVSHM_KEY_ERROR },
	{ "systemv-:/a", NULL, NULL, SVSHM_KEY_ERROR },
	{ "systemv-8x:/a", NULL, NULL, SVSHM_KEY_ERROR },
	{ "systemvx:/a", NULL, NULL, SVSHM_KEY_ERROR },
	{ "posix:/org.example", NULL, NULL, SVSHM_NOT_SUPPORTED },
	{ "windows:Global", NULL, NULL, SVSHM_NOT_SUPPORTED },
};

#define NATIVES (int)(sizeof(natives) / sizeof(*natives))

START_TEST(qt_native_keys_are_read_as_qt_writes_them)
{
	struct svshm__qt_names pair;
	struct svshm__error error;
	int code = svshm__qt_names_of_native(&pair, natives[_i].text, &error);

	if (!natives[_i].segment) {
		ck_assert_int_eq(code, natives[_i].project);
		ck_assert(error.code == code && *error.message);
		ck_assert_ptr_null(pair.segment);
		ck_assert_ptr_null(pair.lock);
		return;
	}
	ck_assert_int_eq(code, 0);
	ck_assert_str_eq(pair.segment, natives[_i].segment);
	ck_assert_str_eq(pair.lock, natives[_i].lock);
	ck_assert_int_eq(pair.project, natives[_i].project);
	svshm__qt_names_free(&pair);
}
END_TEST

START_TEST(qt_posix_keys_are_refused_with_what_to_do)
{
	struct svshm *handle = qt_native_handle("systemv:/a");

	expect_code(handle, svshm_set_native_key(handle, "posix:/org.example"),
		    SVSHM_NOT_SUPPORTED);
	expect_says(svshm_error_string(handle), "QNativeIpcKey::Type::SystemV");
	/* And nothing has changed. */
	ck_assert_str_eq(svshm_native_key(handle), "/a");
	svshm_free(handle);
}
END_TEST

START_TEST(qt_paths_tell_keys_of_letters)
{
	char key[64];

	ck_assert(svshm__qt_key_of_path("/t/qipc_sharedmemory_" EXAMPLE, key,
					sizeof(key)));
	ck_assert_str_eq(key, "QSharedMemoryExample");
	/* Letters that are not all of the key, none at all, no such path. */
	ck_assert(!svshm__qt_key_of_path("/t/qipc_sharedmemory_" SUFFIX, key,
					 sizeof(key)));
	ck_assert(!svshm__qt_key_of_path("/t/qipc_sharedmemory_" EXAMPLE, key,
					 20));
	ck_assert(!svshm__qt_key_of_path("/t/qipc_systemsem_" EXAMPLE, key,
					 sizeof(key)));
	ck_assert(!svshm__qt_key_of_path(
		"/t/qipc_sharedmemory_92cfceb39d57d914ed8b14d0e37643de0797ae56",
		key, sizeof(key)));
}
END_TEST

/* ---- Handles ----------------------------------------------------------- */

START_TEST(qt_layout_and_names_can_be_set_in_any_order)
{
	struct svshm *handle = svshm_new("a");
	char *native = strdup(svshm_native_key(handle));

	expect_code(handle, svshm_set_layout(handle, SVSHM_LAYOUT_QT), 0);
	ck_assert_str_eq(base_name(handle), "qipc_sharedmemory_"
			 "a86f7e437faa5a7fce15d1ddcb9eaeaea377667b8");
	ck_assert_str_eq(svshm_key(handle), "a");
	expect_code(handle, svshm_set_layout(handle, SVSHM_LAYOUT_NATIVE), 0);
	ck_assert_str_eq(svshm_native_key(handle), native);
	expect_code(handle, svshm_set_native_key(handle, "systemv-84:/x"), 0);
	expect_code(handle, svshm_set_layout(handle, SVSHM_LAYOUT_QT), 0);
	ck_assert_str_eq(svshm_native_key(handle), "/x");
	ck_assert_ptr_null(svshm_key(handle));
	expect_code(handle, svshm_set_key(handle, "42"), 0);
	ck_assert_str_eq(base_name(handle), "qipc_sharedmemory_"
			 "92cfceb39d57d914ed8b14d0e37643de0797ae56");
	expect_code(handle, svshm_set_key(handle, NULL), 0);
	ck_assert_ptr_null(svshm_native_key(handle));
	expect_code(handle, svshm_attach(handle, SVSHM_READ_ONLY),
		    SVSHM_KEY_ERROR);
	svshm_free(handle);
	free(native);
}
END_TEST

START_TEST(qt_another_key_detaches_and_the_same_does_not)
{
	const char *key = test_key("again");
	struct svshm *handle = qt_make(key, 10);
	char *text;

	expect_code(handle, svshm_set_key(handle, key), 0);
	ck_assert(svshm_is_attached(handle));
	expect_code(handle, svshm_set_layout(handle, SVSHM_LAYOUT_NATIVE),
		    SVSHM_ALREADY_ATTACHED);
	text = strdup(svshm_native_key(handle));
	expect_code(handle, svshm_set_native_key(handle, text), 0);
	ck_assert(!svshm_is_attached(handle));
	ck_assert(qt_nothing_left(key));
	svshm_free(handle);
	free(text);
}
END_TEST

static Suite *make_suite(void)
{
	Suite *suite = suite_create("Names of Qt's");
	TCase *tcase = tcase_create("keys");

	tcase_add_loop_test(tcase, qt_keys_have_the_names_that_qt_gives_them, 0,
			    NAMES);
	tcase_add_test(tcase, qt_letters_are_kept_and_too_many_are_refused);
	tcase_add_test(tcase, qt_keys_are_text);
	tcase_add_test(tcase, qt_directory_is_cleaned_and_canonical);
	tcase_add_test(tcase, qt_directory_has_defaults);
	tcase_add_loop_test(tcase, qt_native_keys_are_read_as_qt_writes_them, 0,
			    NATIVES);
	tcase_add_test(tcase, qt_posix_keys_are_refused_with_what_to_do);
	tcase_add_test(tcase, qt_paths_tell_keys_of_letters);
	tcase_add_test(tcase, qt_layout_and_names_can_be_set_in_any_order);
	tcase_add_test(tcase, qt_another_key_detaches_and_the_same_does_not);
	suite_add_tcase(suite, tcase);
	return suite;
}

int main(void)
{
	return qt_main(make_suite);
}
