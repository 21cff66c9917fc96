/* SPDX-License-Identifier: BSD-2-Clause */
/* No promise: keys alone, what file a key has, and where. */
#include <config.h>

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "key/key.h"
#include "base/sha1.h"
#include "support.h"

#define NAME_SIZE_MAX 256 /* what a file system takes, with NUL */

/* The file name of KEY, checked to be one; valid until the next call. */
static const char *name_of(const char *key)
{
	static char name[NAME_SIZE_MAX];
	char *path = svshm__key_path(key, geteuid(), NULL);
	const char *directory = test_directory();
	size_t length = strlen(directory);

	ck_assert_ptr_nonnull(path);
	ck_assert_int_eq(strncmp(path, directory, length), 0);
	ck_assert_int_eq(path[length], '/');
	ck_assert_uint_lt(strlen(path + length + 1), sizeof(name));
	strcpy(name, path + length + 1);
	free(path);
	ck_assert_ptr_null(strchr(name, '/'));
	ck_assert_int_ne(name[0], '.');
	return name;
}

/* ---- File names --------------------------------------------------------- */

static const struct {
	const char *key, *name;
} names[] = {
	{ "plain", "plain" },
	{ "Some-key_9", "Some-key_9" },
	{ "a.b", "a.b" },
	{ "a..", "a.." },
	{ "-x", "-x" },
	{ ".", "%2E" },
	{ "..", "%2E." },
	{ ".hidden", "%2Ehidden" },
	{ "/", "%2F" },
	{ "a/b", "a%2Fb" },
	{ "/absolute/path/", "%2Fabsolute%2Fpath%2F" },
	{ "../../etc/passwd", "%2E.%2F..%2Fetc%2Fpasswd" },
	{ " ", "%20" },
	{ "two words ", "two%20words%20" },
	{ "line\nbreak", "line%0Abreak" },
	{ "tab\t\x01\x7f\x1b[2J", "tab%09%01%7F%1B%5B2J" },
	{ "100%", "100%25" },
	{ "%2F", "%252F" },
	{ "%", "%25" },
	{ "M\xc3\xbcll", "M%C3%BCll" },
	{ "\xff\x80", "%FF%80" },
	{ "~:*?\"'`$\\", "%7E%3A%2A%3F%22%27%60%24%5C" },
};

START_TEST(key_becomes_a_readable_name)
{
	ck_assert_str_eq(name_of(names[_i].key), names[_i].name);
}
END_TEST

static void expect_decoded(const char *key)
{
	char decoded[NAME_SIZE_MAX];

	ck_assert_msg(svshm__key_decode(name_of(key), decoded,
					sizeof(decoded)), "%s", name_of(key));
	ck_assert_str_eq(decoded, key);
}

START_TEST(key_comes_back_from_its_name)
{
	char key[67];

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		expect_decoded(names[i].key);
	for (int byte = 1; byte < 256; byte++) {
		snprintf(key, sizeof(key), "%c", byte);
		expect_decoded(key);
		snprintf(key, sizeof(key), "x%cx%c", byte, byte);
		expect_decoded(key);
	}
	srandom(1);
	for (int i = 0; i < 2000; i++) {
		size_t length = 1 + (size_t)random() % (sizeof(key) - 1);

		for (size_t j = 0; j < length; j++)
			key[j] = (char)(1 + random() % 255);
		key[length] = '\0';
		expect_decoded(key);
	}
}
END_TEST

static const char *const no_names[] = {
	"", "%", "%2", "%2f", "%ZZ", "a%-", "a%", "x%2", "%\x01\x01",
	"key%-a9993e364706816aba3e25717850c26c9cd0d89d",
};

START_TEST(key_has_no_name_that_is_not_its_own)
{
	char decoded[NAME_SIZE_MAX];

	ck_assert(!svshm__key_decode(no_names[_i], decoded, sizeof(decoded)));
}
END_TEST

START_TEST(key_that_does_not_fit_is_not_cut)
{
	char decoded[4];

	ck_assert(svshm__key_decode("abc", decoded, sizeof(decoded)));
	ck_assert_str_eq(decoded, "abc");
	ck_assert(!svshm__key_decode("abcd", decoded, sizeof(decoded)));
}
END_TEST

/* A key that is too long for a name: a readable beginning, "%-", its SHA-1. */
static void expect_hashed(const char *key, const char *name)
{
	char digest[SVSHM__SHA1_HEX_SIZE], beginning[NAME_SIZE_MAX];
	char decoded[NAME_SIZE_MAX];
	const char *mark = strstr(name, "%-");

	ck_assert_ptr_nonnull(mark);
	svshm__sha1_hex(key, strlen(key), digest);
	ck_assert_str_eq(mark + 2, digest);

	size_t length = (size_t)(mark - name);

	ck_assert_uint_ge(length, 100);
	memcpy(beginning, name, length);
	beginning[length] = '\0';
	/* No byte is cut in the middle. */
	ck_assert(svshm__key_decode(beginning, decoded, sizeof(decoded)));
	ck_assert_int_eq(strncmp(decoded, key, strlen(decoded)), 0);
	ck_assert(!svshm__key_decode(name, decoded, sizeof(decoded)));
}

START_TEST(key_of_any_length_has_a_name)
{
	static const char patterns[][4] = { "k", "\n", "a\n", "\n\na" };
	static const size_t long_ones[] = { 1000, 4095, 4096, 5000 };
	const char *pattern = patterns[_i];
	char key[5001], decoded[NAME_SIZE_MAX];

	for (size_t n = 1; n <= 300 + sizeof(long_ones) / sizeof(*long_ones);
	     n++) {
		size_t length = n <= 300 ? n : long_ones[n - 301];

		for (size_t i = 0; i < length; i++)
			key[i] = pattern[i % strlen(pattern)];
		key[length] = '\0';

		const char *name = name_of(key);

		if (strstr(name, "%-")) {
			/* Only where it must be. */
			ck_assert_uint_ge(3 * length, 190);
			expect_hashed(key, name);
		} else {
			ck_assert(svshm__key_decode(name, decoded,
						    sizeof(decoded)));
			ck_assert_str_eq(decoded, key);
		}
	}
	ck_assert_ptr_nonnull(strstr(name_of(key), "%-"));
}
END_TEST

START_TEST(key_of_5000_bytes_differs_from_its_like)
{
	char key[5001], first[NAME_SIZE_MAX];

	memset(key, 'k', 5000);
	key[5000] = '\0';
	strcpy(first, name_of(key));
	key[4999] = 'K';
	ck_assert_str_ne(name_of(key), first);
	key[4999] = '\0';
	ck_assert_str_ne(name_of(key), first);
}
END_TEST

START_TEST(key_that_is_empty_has_no_name)
{
	struct svshm__error error = { .code = 0 };

	ck_assert_ptr_null(svshm__key_path("", geteuid(), &error));
	ck_assert_int_eq(error.code, SVSHM_KEY_ERROR);
	ck_assert_ptr_null(svshm__key_path(NULL, geteuid(), NULL));
}
END_TEST

/* The hash of a name stands in semaphores: both ends must agree for good. */
START_TEST(key_name_hash_is_fixed)
{
	ck_assert_uint_eq(svshm__key_name_hash("/any/where/name"),
			  svshm__key_name_hash("/else/where/name"));
	ck_assert_uint_eq(svshm__key_name_hash("name"),
			  svshm__key_name_hash("/name"));
	ck_assert_uint_eq(svshm__key_name_hash("/x/name"), 12512);
	ck_assert_uint_eq(svshm__key_name_hash("/x/%C3%BC"), 14697);
	ck_assert_uint_eq(svshm__key_name_hash(""), 7386);
}
END_TEST

/* ---- Directories -------------------------------------------------------- */

static const char *directory_for(const char *named)
{
	static char directory[PATH_MAX];

	ck_assert_int_eq(setenv("SVSHM_KEYDIR", named, 1), 0);
	if (svshm__key_directory(directory, sizeof(directory), geteuid(), NULL))
		return "none";
	return directory;
}

START_TEST(key_directory_is_as_named)
{
	char link[600], named[700], wanted[600];

	snprintf(wanted, sizeof(wanted), "%s", test_directory());
	ck_assert_str_eq(directory_for(wanted), wanted);
	snprintf(named, sizeof(named), "%s/", wanted);
	ck_assert_str_eq(directory_for(named), wanted);
	snprintf(named, sizeof(named), "%s///", wanted);
	ck_assert_str_eq(directory_for(named), wanted);

	/* By a link in the parents, and by dots. */
	strcpy(link, test_scratch("link"));
	ck_assert_int_eq(symlink(test_scratch(""), link), 0);
	snprintf(named, sizeof(named), "%s/keys", link);
	ck_assert_str_eq(directory_for(named), wanted);
	snprintf(named, sizeof(named), "%s/../keys", wanted);
	ck_assert_str_eq(directory_for(named), wanted);

	/* The last component stays as it is: it may not be a link. */
	snprintf(wanted, sizeof(wanted), "%s", link);
	ck_assert_str_eq(directory_for(link), wanted);
	unlink(link);

	ck_assert_str_eq(directory_for("/nowhere"), "/nowhere");
	ck_assert_str_eq(directory_for("/no/where"), "/no/where");
}
END_TEST

START_TEST(key_directory_must_be_absolute)
{
	static const char *const relative[] = { "keys", "./keys", "../keys",
						"." };
	struct svshm *handle;

	for (size_t i = 0; i < sizeof(relative) / sizeof(*relative); i++) {
		ck_assert_str_eq(directory_for(relative[i]), "none");
		handle = svshm_new("key");
		ck_assert_ptr_null(svshm_native_key(handle));
		expect_code(handle, svshm_create(handle, 1, SVSHM_READ_WRITE),
			    SVSHM_KEY_ERROR);
		ck_assert_ptr_nonnull(strstr(svshm_error_string(handle),
					     "absolute"));
		svshm_free(handle);
	}
}
END_TEST

START_TEST(key_directory_may_be_too_long)
{
	char *named = malloc(PATH_MAX + 1);

	memset(named, 'd', PATH_MAX);
	named[0] = '/';
	named[PATH_MAX] = '\0';
	ck_assert_str_eq(directory_for(named), "none");
	free(named);
}
END_TEST

START_TEST(key_directory_has_a_default)
{
	char wanted[PATH_MAX];
	struct svshm *handle;

	snprintf(wanted, sizeof(wanted), "%s/svshm-%lu", SVSHM_KEYDIR_BASE,
		 (unsigned long)geteuid());
	ck_assert_str_eq(directory_for(""), wanted);
	unsetenv("SVSHM_KEYDIR");
	/* Whatever else differs between a login and a daemon. */
	setenv("TMPDIR", "/elsewhere", 1);
	setenv("XDG_RUNTIME_DIR", "/elsewhere", 1);
	setenv("HOME", "/elsewhere", 1);
	strcat(wanted, "/a%2Fb");
	handle = svshm_new("a/b");
	ck_assert_str_eq(svshm_native_key(handle), wanted);
	svshm_free(handle);
}
END_TEST

/* ---- SHA-1 -------------------------------------------------------------- */

/* The first four are FIPS 180's examples; then the lengths around a block. */
static const struct {
	const char *text;
	size_t times;
	const char *digest;
} digests[] = {
	{ "abc", 1, "a9993e364706816aba3e25717850c26c9cd0d89d" },
	{ "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 1,
	  "84983e441c3bd26ebaae4aa1f95129e5e54670f1" },
	{ "abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmn"
	  "hijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu", 1,
	  "a49b2446a02c645bf419f995b67091253a04a259" },
	{ "a", 1000000, "34aa973cd4c4daa4f61eeb2bdbad27316534016f" },
	{ "", 1, "da39a3ee5e6b4b0d3255bfef95601890afd80709" },
	{ "a", 55, "c1c8bbdc22796e28c0e15163d20899b65621d65a" },
	{ "a", 56, "c2db330f6083854c99d4b5bfb6e8f29f201be699" },
	{ "a", 63, "03f09f5b158a7a8cdad920bddc29b81c18a551f5" },
	{ "a", 64, "0098ba824b5c16427bd7a1122a5a442a25ec644d" },
	{ "a", 65, "11655326c708d70319be2610e8a57d9a5b959d3b" },
	{ "a", 119, "ee971065aaa017e0632a8ca6c77bb3bf8b1dfc56" },
	{ "a", 120, "f34c1488385346a55709ba056ddd08280dd4c6d6" },
	{ "a", 1000, "291e9a6c66994949b57ba5e650361e98fc36b1ba" },
};

START_TEST(key_sha1_is_that_of_fips_180)
{
	size_t length = strlen(digests[_i].text);
	char *data = malloc(length * digests[_i].times + 1);
	char hex[SVSHM__SHA1_HEX_SIZE];

	for (size_t i = 0; i < digests[_i].times; i++)
		memcpy(data + i * length, digests[_i].text, length);
	svshm__sha1_hex(data, length * digests[_i].times, hex);
	ck_assert_str_eq(hex, digests[_i].digest);
	free(data);
}
END_TEST

#define COUNT(array) ((int)(sizeof(array) / sizeof(*(array))))

static Suite *make_suite(void)
{
	Suite *suite = suite_create("Keys");
	TCase *name = tcase_create("key_name");
	TCase *directory = tcase_create("key_directory");
	TCase *sha1 = tcase_create("key_sha1");

	tcase_add_loop_test(name, key_becomes_a_readable_name, 0,
			    COUNT(names));
	tcase_add_test(name, key_comes_back_from_its_name);
	tcase_add_loop_test(name, key_has_no_name_that_is_not_its_own, 0,
			    COUNT(no_names));
	tcase_add_test(name, key_that_does_not_fit_is_not_cut);
	tcase_add_loop_test(name, key_of_any_length_has_a_name, 0, 4);
	tcase_add_test(name, key_of_5000_bytes_differs_from_its_like);
	tcase_add_test(name, key_that_is_empty_has_no_name);
	tcase_add_test(name, key_name_hash_is_fixed);
	tcase_set_timeout(name, 120);
	suite_add_tcase(suite, name);
	tcase_add_test(directory, key_directory_is_as_named);
	tcase_add_test(directory, key_directory_must_be_absolute);
	tcase_add_test(directory, key_directory_may_be_too_long);
	tcase_add_test(directory, key_directory_has_a_default);
	tcase_set_timeout(directory, 60);
	suite_add_tcase(suite, directory);
	tcase_add_loop_test(sha1, key_sha1_is_that_of_fips_180, 0,
			    COUNT(digests));
	tcase_set_timeout(sha1, 60);
	suite_add_tcase(suite, sha1);
	return suite;
}

int main(void)
{
	return test_main(make_suite);
}
