/* SPDX-License-Identifier: BSD-2-Clause */
/* From a key to a path, and from a path to an IPC key. */
#include <config.h>

#include "key/key.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/debug.h"
#include "base/sha1.h"

#ifndef PATH_MAX
#define PATH_MAX 4096
#endif

/* ---- From a key to a path ----------------------------------------------- */

/*
 * $SVSHM_KEYDIR with its parents' links resolved, so that two spellings of one
 * directory give one path. Its last component is kept: it may be no link.
 */
static int named_directory(const char *named, char *buffer, size_t size,
			   struct svshm__error *error)
{
	char parent[PATH_MAX], resolved[PATH_MAX];
	size_t length = strlen(named);

	while (length > 1 && named[length - 1] == '/')
		length--;
	if (named[0] != '/' || length >= sizeof(parent))
		return svshm__error_set(error, SVSHM_KEY_ERROR,
					"SVSHM_KEYDIR=\"%.200s\" is not an "
					"absolute path", named);
	memcpy(parent, named, length);
	parent[length] = '\0';

	char *base = strrchr(parent, '/');

	*base++ = '\0';
	if (!realpath(parent[0] ? parent : "/", resolved))
		snprintf(resolved, sizeof(resolved), "%s", parent);

	int used = snprintf(buffer, size, "%s/%s",
			    strcmp(resolved, "/") == 0 ? "" : resolved, base);

	if (used < 0 || (size_t)used >= size)
		return svshm__error_set(error, SVSHM_KEY_ERROR,
					"SVSHM_KEYDIR is too long");
	return SVSHM_OK;
}

int svshm__key_directory(char *buffer, size_t size, uid_t user,
			 struct svshm__error *error)
{
	const char *named = svshm__environment("SVSHM_KEYDIR");

	if (named && *named)
		return named_directory(named, buffer, size, error);
	snprintf(buffer, size, "%s/svshm-%lu", SVSHM_KEYDIR_BASE,
		 (unsigned long)user);
	return SVSHM_OK;
}

static bool is_plain(char c, bool first)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c >= '0' && c <= '9') || c == '-' || c == '_' ||
	       (c == '.' && !first);
}

#define NAME_LENGTH_MAX 200 /* NAME_MAX is 255 wherever we go */
#define NAME_LENGTH_HASHED 120

/*
 * One to one: plain bytes as they are, others as %XX. A name that would be too
 * long is cut, and ends in "%-" (which no whole name contains) and the SHA-1 of
 * the key.
 */
static void encode(const char *key, char name[NAME_LENGTH_MAX + 1])
{
	size_t used = 0, cut = 0;

	for (size_t i = 0; key[i]; i++) {
		if (used <= NAME_LENGTH_HASHED)
			cut = used;
		if (used + 3 > NAME_LENGTH_MAX) {
			memcpy(name + cut, "%-", 2);
			svshm__sha1_hex(key, strlen(key), name + cut + 2);
			return;
		}
		if (is_plain(key[i], i == 0))
			name[used++] = key[i];
		else
			used += (size_t)snprintf(name + used, 4, "%%%02X",
						 (unsigned char)key[i]);
	}
	name[used] = '\0';
}

char *svshm__key_path(const char *key, uid_t user, struct svshm__error *error)
{
	char directory[PATH_MAX], name[NAME_LENGTH_MAX + 1];

	if (!key || !*key) {
		svshm__error_set(error, SVSHM_KEY_ERROR,
				 "no key is set, or an empty one");
		return NULL;
	}
	if (svshm__key_directory(directory, sizeof(directory), user, error))
		return NULL;
	encode(key, name);

	size_t size = strlen(directory) + 1 + strlen(name) + 1;
	char *path = malloc(size);

	if (path)
		snprintf(path, size, "%s/%s", directory, name);
	else
		svshm__error_set(error, SVSHM_OUT_OF_RESOURCES, "no memory");
	return path;
}

static int hex_value(char c)
{
	const char *digits = "0123456789ABCDEF";
	const char *at = c ? strchr(digits, c) : NULL;

	return at ? (int)(at - digits) : -1;
}

bool svshm__key_decode(const char *name, char *buffer, size_t size)
{
	size_t used = 0;

	for (; *name && used + 1 < size; name++) {
		if (*name != '%') {
			buffer[used++] = *name;
			continue;
		}
		int high = hex_value(name[1]);
		int low = high < 0 ? -1 : hex_value(name[2]);

		if (low < 0)
			return false;
		buffer[used++] = (char)(high * 16 + low);
		name += 2;
	}
	buffer[used] = '\0';
	return !*name && used > 0;
}

/* ---- From a path to an IPC key ------------------------------------------- */

int svshm__key_of(const char *path, int project, key_t *key,
		  struct svshm__error *error)
{
	*key = ftok(path, project);
	/* Other negative values are keys like any other. */
	if (*key != (key_t)-1)
		return SVSHM_OK;
	return svshm__error_system(error, SVSHM__CALL_FTOK, errno,
				   "ftok(\"%.200s\", 0x%x)", path,
				   (unsigned)project);
}

/* FNV-1a */
static uint32_t hash_name(const char *path)
{
	uint32_t hash = 2166136261u;

	for (const char *c = svshm__key_base_name(path); *c; c++)
		hash = (hash ^ (unsigned char)*c) * 16777619u;
	return hash;
}

int svshm__key_first(const char *path, key_t *first, struct svshm__error *error)
{
	char directory[PATH_MAX];
	key_t of_directory;

	svshm__key_directory_of(path, directory, sizeof(directory));
	of_directory = ftok(directory, SVSHM__PROJECT_FIRST);
	if (of_directory == (key_t)-1)
		return svshm__error_system(error, SVSHM__CALL_FTOK, errno,
					   "ftok(\"%.200s\", 0x%x) for %.200s",
					   directory, SVSHM__PROJECT_FIRST,
					   svshm__key_base_name(path));
	/* Other bits of the hash than the tag's. */
	*first = (key_t)((uint32_t)of_directory ^
			 (hash_name(path) * 2654435769u) >> 8);
	return SVSHM_OK;
}

/*
 * As ftok() has it for the next projects: it puts them into the topmost of 32
 * bits. One that does otherwise is no harm: all who use the name come to the
 * same.
 */
key_t svshm__key_nth(key_t first, int n)
{
	uint32_t key = (uint32_t)first + ((uint32_t)n << 24);

	return key == (uint32_t)IPC_PRIVATE ? 1 : (key_t)key;
}

const char *svshm__key_base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* Folded to 1..16384. */
unsigned svshm__key_name_hash(const char *path)
{
	uint32_t hash = hash_name(path);

	return ((hash ^ (hash >> 16)) & 0x3fff) + 1;
}

/* All ftoks that we know put the project into the topmost of 32 bits. */
bool svshm__key_plausible(int64_t key)
{
	uint32_t project = ((uint32_t)key >> 24) & 0xff;

	return project >= SVSHM__PROJECT_FIRST &&
	       project < SVSHM__PROJECT_FIRST + SVSHM__PROJECTS;
}
