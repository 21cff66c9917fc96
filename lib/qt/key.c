/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * For a key, Qt makes two names: a prefix, the ASCII letters of the key, and
 * the SHA-1 of its UTF-8 form. Both files lie in the directory for temporary
 * files, or, if that does not exist, in "/" (not so for Qt 6.11, which fails
 * there). Since both names have the same end, each tells the other: a path alone
 * of a user's key leads to the lock that everybody uses who has the key.
 *
 * Any other path is a native key. Qt 6.6 and later take the one file for both
 * the segment and the set (their keys are not in each other's way); Qt 5 to 6.5
 * have no lock with a native key.
 */
#include <config.h>

#include "qt/key.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/debug.h"
#include "base/sha1.h"

#ifndef PATH_MAX
#define PATH_MAX 4096
#endif

#define DIGITS (SVSHM__SHA1_HEX_SIZE - 1)

/* ---- The directory ----------------------------------------------------- */

/* Take the last component from CLEAN, which ends at *USED, if ".." may. */
static bool go_up(const char *clean, size_t *used)
{
	size_t start = *used;

	if (start == 0)
		return false;
	while (start > 0 && clean[start - 1] != '/')
		start--;
	if (*used - start == 2 && memcmp(clean + start, "..", 2) == 0)
		return false;
	*used = start > 0 ? start - 1 : 0;
	return true;
}

/*
 * As QDir::cleanPath(): ".", ".." and double slashes are resolved by their
 * spelling, before any link is. CLEAN has room for PATH.
 */
static void clean_path(const char *path, char *clean)
{
	bool absolute = path[0] == '/';
	char *relative = clean + absolute;
	size_t used = 0;

	while (*path) {
		size_t length = strcspn(path, "/");
		bool up = length == 2 && memcmp(path, "..", 2) == 0;
		bool skip = length == 0 || (length == 1 && *path == '.');

		if (up)
			skip = go_up(relative, &used) || absolute;
		if (!skip) {
			if (used > 0)
				relative[used++] = '/';
			memcpy(relative + used, path, length);
			used += length;
		}
		path += length + (path[length] == '/');
	}
	if (absolute)
		clean[0] = '/';
	else if (used == 0)
		relative[used++] = '.';
	relative[used] = '\0';
}

void svshm__qt_directory(char *buffer, size_t size)
{
	const char *named = svshm__environment("TMPDIR");
	char clean[PATH_MAX], resolved[PATH_MAX];

	if (!named || !*named)
		named = "/tmp";
	buffer[0] = '\0';
	if (strlen(named) + 2 > sizeof(clean))
		return;
	clean_path(named, clean);
	if (!realpath(clean, resolved) || strcmp(resolved, "/") == 0)
		return;
	snprintf(buffer, size, "%s", resolved);
}

/* ---- Keys -------------------------------------------------------------- */

/* How many bytes the character at TEXT has; 0: that is not UTF-8. */
static size_t character(const unsigned char *text)
{
	size_t length = text[0] < 0x80 ? 1 : text[0] < 0xc2 ? 0 :
			text[0] < 0xe0 ? 2 : text[0] < 0xf0 ? 3 :
			text[0] < 0xf5 ? 4 : 0;

	for (size_t i = 1; i < length; i++)
		if ((text[i] & 0xc0) != 0x80)
			return 0;
	/* Longer than need be, half of a pair of UTF-16, past the last one. */
	if ((text[0] == 0xe0 && text[1] < 0xa0) ||
	    (text[0] == 0xed && text[1] >= 0xa0) ||
	    (text[0] == 0xf0 && text[1] < 0x90) ||
	    (text[0] == 0xf4 && text[1] >= 0x90))
		return 0;
	return length;
}

static bool is_utf8(const char *text)
{
	while (*text) {
		size_t length = character((const unsigned char *)text);

		if (length == 0)
			return false;
		text += length;
	}
	return true;
}

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* Letters and digest of KEY, to be freed; NULL: no memory. */
static char *make_suffix(const char *key)
{
	size_t used = 0;
	char *suffix = malloc(strlen(key) + SVSHM__SHA1_HEX_SIZE);

	if (!suffix)
		return NULL;
	for (const char *c = key; *c; c++)
		if (is_letter(*c))
			suffix[used++] = *c;
	svshm__sha1_hex(key, strlen(key), suffix + used);
	return suffix;
}

const char *svshm__qt_suffix(const char *name, const char *prefix)
{
	size_t skip = strlen(prefix), length = strlen(name);
	const char *suffix = name + skip;

	if (strncmp(name, prefix, skip) != 0 || length - skip < DIGITS)
		return NULL;
	const char *digest = name + length - DIGITS;

	if (strspn(digest, "0123456789abcdef") != DIGITS)
		return NULL;
	for (const char *c = suffix; c < digest; c++)
		if (!is_letter(*c))
			return NULL;
	return suffix;
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

bool svshm__qt_key_of_path(const char *path, char *buffer, size_t size)
{
	const char *suffix = svshm__qt_suffix(base_name(path),
					      SVSHM__QT_SEGMENT_PREFIX);
	char hex[SVSHM__SHA1_HEX_SIZE];
	size_t letters = suffix ? strlen(suffix) - DIGITS : 0;

	if (letters == 0 || letters >= size)
		return false;
	svshm__sha1_hex(suffix, letters, hex);
	if (strcmp(hex, suffix + letters) != 0)
		return false;
	memcpy(buffer, suffix, letters);
	buffer[letters] = '\0';
	return true;
}

/* ---- Names ------------------------------------------------------------- */

/* DIRECTORY (of LENGTH), a slash, PREFIX, SUFFIX: to be freed. */
static char *join(const char *directory, size_t length, const char *prefix,
		  const char *suffix)
{
	size_t start = length + 1, middle = start + strlen(prefix);
	size_t size = strlen(suffix) + 1;
	char *path = malloc(middle + size);

	if (!path)
		return NULL;
	memcpy(path, directory, length);
	path[length] = '/';
	memcpy(path + start, prefix, middle - start);
	memcpy(path + middle, suffix, size);
	return path;
}

static int finish(struct svshm__qt_names *names, struct svshm__error *error)
{
	if (names->segment && names->lock)
		return SVSHM_OK;
	svshm__qt_names_free(names);
	return svshm__error_set(error, SVSHM_OUT_OF_RESOURCES, "no memory");
}

int svshm__qt_names_of_key(struct svshm__qt_names *names, const char *key,
			   struct svshm__error *error)
{
	char directory[PATH_MAX];
	char *suffix;

	memset(names, 0, sizeof(*names));
	if (!key || !*key)
		return svshm__error_set(error, SVSHM_KEY_ERROR,
					"no key is set, or an empty one");
	if (!is_utf8(key))
		return svshm__error_set(error, SVSHM_KEY_ERROR,
					"a key of Qt's is text, and this one "
					"is not UTF-8");
	svshm__qt_directory(directory, sizeof(directory));
	suffix = make_suffix(key);
	if (suffix) {
		size_t length = strlen(directory);

		names->segment = join(directory, length,
				      SVSHM__QT_SEGMENT_PREFIX, suffix);
		names->lock = join(directory, length, SVSHM__QT_LOCK_PREFIX,
				   suffix);
		free(suffix);
	}
	names->project = SVSHM__QT_PROJECT;
	names->legacy = true;
	return finish(names, error);
}

int svshm__qt_names_of_path(struct svshm__qt_names *names, const char *path,
			    int project, struct svshm__error *error)
{
	const char *base = base_name(path);
	const char *suffix = svshm__qt_suffix(base, SVSHM__QT_SEGMENT_PREFIX);

	memset(names, 0, sizeof(*names));
	/* A relative path's directory is "", and the slash must not be. */
	if (suffix && base == path) {
		names->lock = join("", 0, SVSHM__QT_LOCK_PREFIX, suffix);
		if (names->lock)
			memmove(names->lock, names->lock + 1,
				strlen(names->lock));
	} else if (suffix) {
		names->lock = join(path, (size_t)(base - path) - 1,
				   SVSHM__QT_LOCK_PREFIX, suffix);
	} else {
		names->lock = strdup(path);
	}
	names->segment = strdup(path);
	names->project = project;
	names->legacy = suffix != NULL;
	return finish(names, error);
}

void svshm__qt_names_free(struct svshm__qt_names *names)
{
	free(names->segment);
	free(names->lock);
	memset(names, 0, sizeof(*names));
}

static bool same_text(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

bool svshm__qt_names_same(const struct svshm__qt_names *a,
			  const struct svshm__qt_names *b)
{
	return same_text(a->segment, b->segment) &&
	       same_text(a->lock, b->lock) && a->project == b->project;
}
