/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The text form of Qt 6.6's QNativeIpcKey, a URL:
 *
 *	systemv:/path            ftok id 0x51, 'Q'
 *	systemv-N:/path          ftok id N, 1 to 255
 *	systemv:/path?legacyKey=KEY
 *
 * with %XX for bytes that would mean something else; what follows a '#' is
 * ignored. A text without one of Qt's schemes is a path as it stands.
 */
#include <config.h>

#include "qt/key.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

static int hex_value(char c)
{
	const char *digits = "0123456789abcdef0123456789ABCDEF";
	const char *at = c ? strchr(digits, c) : NULL;

	return at ? (int)(at - digits) % 16 : -1;
}

/* A copy of TEXT (of LENGTH) with %XX decoded, to be freed; false: no memory,
   *COPY is NULL, or a NUL, which is in no name. */
static bool decode(const char *text, size_t length, char **copy)
{
	size_t used = 0;
	bool clean = true;
	char *result = malloc(length + 1);

	*copy = result;
	if (!result)
		return false;
	for (size_t i = 0; i < length; i++) {
		int high = text[i] == '%' && i + 2 < length ?
			hex_value(text[i + 1]) : -1;
		int low = high >= 0 ? hex_value(text[i + 2]) : -1;

		result[used] = text[i];
		if (low >= 0) {
			result[used] = (char)(high * 16 + low);
			i += 2;
		}
		clean = clean && result[used] != '\0';
		used++;
	}
	result[used] = '\0';
	return clean;
}

/* The ftok id that the scheme TEXT (of LENGTH) stands for; 0: none. */
static int project_of(const char *text, size_t length)
{
	static const char systemv[] = "systemv";
	const size_t skip = sizeof(systemv) - 1;
	int project = 0;

	if (length < skip || strncasecmp(text, systemv, skip) != 0)
		return 0;
	if (length == skip)
		return SVSHM__QT_PROJECT;
	if (text[skip] != '-' || length == skip + 1)
		return 0;
	for (size_t i = skip + 1; i < length; i++) {
		if (text[i] < '0' || text[i] > '9')
			return 0;
		project = project * 10 + (text[i] - '0');
		if (project > 255)
			return 0;
	}
	return project;
}

static bool is_scheme(const char *text, size_t length, const char *scheme)
{
	return length == strlen(scheme) &&
	       strncasecmp(text, scheme, length) == 0;
}

/* What the scheme says: an ftok id, 0 for none of Qt's, or a code. */
static int scheme_of(const char *text, size_t length,
		     struct svshm__error *error)
{
	int project = project_of(text, length);

	if (project)
		return project;
	if (is_scheme(text, length, "posix") ||
	    is_scheme(text, length, "windows"))
		return svshm__error_set(
			error, SVSHM_NOT_SUPPORTED,
			"%.*s: keys are not of System V IPC. Let the Qt "
			"program use setKey(name), or "
			"setNativeKey(QSharedMemory::legacyNativeKey(name, "
			"QNativeIpcKey::Type::SystemV)): QNativeIpcKey(name) "
			"and platformSafeKey(name) alone choose POSIX",
			(int)length, text);
	if (length >= 7 && strncasecmp(text, "systemv", 7) == 0)
		return svshm__error_set(error, SVSHM_KEY_ERROR,
					"\"%.*s\": only systemv and systemv-1 "
					"to systemv-255 are possible",
					(int)(length < 40 ? length : 40), text);
	return 0;
}

/* The query: nothing, or legacyKey=KEY. */
static int check_query(const struct svshm__qt_names *names, const char *query,
		       size_t length, struct svshm__error *error)
{
	static const char item[] = "legacyKey=";
	const size_t skip = sizeof(item) - 1;
	struct svshm__qt_names legacy = { NULL, NULL, 0, false };
	char *key = NULL;
	int code;

	if (length == 0)
		return SVSHM_OK;
	if (length < skip || memcmp(query, item, skip) != 0 ||
	    memchr(query, '&', length))
		return svshm__error_set(error, SVSHM_KEY_ERROR,
					"after the \"?\" only legacyKey=KEY "
					"has a meaning");
	if (!decode(query + skip, length - skip, &key))
		code = svshm__error_set(error, key ? SVSHM_KEY_ERROR :
					SVSHM_OUT_OF_RESOURCES, "the legacyKey "
					"has a NUL in it, or no memory");
	else
		code = svshm__qt_names_of_key(&legacy, key, error);
	free(key);
	if (code)
		return code;
	/* Then the lock is that of the path, wherever $TMPDIR leads us. */
	if (!names->legacy ||
	    strcmp(strrchr(legacy.segment, '/') + 1,
		   strrchr(names->segment, '/') ?
			   strrchr(names->segment, '/') + 1 :
			   names->segment) != 0)
		code = svshm__error_set(error, SVSHM_KEY_ERROR,
					"the path is not the one of its "
					"legacyKey, so it is not known which "
					"lock its users have");
	svshm__qt_names_free(&legacy);
	return code;
}

static int parse_path(struct svshm__qt_names *names, const char *text,
		      size_t length, int project, struct svshm__error *error)
{
	char *path;
	int code;

	if (length >= 2 && memcmp(text, "//", 2) == 0) {
		if (length == 2 || text[2] != '/')
			return svshm__error_set(error, SVSHM_KEY_ERROR,
						"a key names no host: after "
						"the colon there is one slash");
		text += 2;
		length -= 2;
	}
	if (!decode(text, length, &path))
		code = svshm__error_set(error, path ? SVSHM_KEY_ERROR :
					SVSHM_OUT_OF_RESOURCES, "the path has "
					"a NUL in it, or no memory");
	else if (!*path)
		code = svshm__error_set(error, SVSHM_KEY_ERROR,
					"there is no path after the colon");
	else
		code = svshm__qt_names_of_path(names, path, project, error);
	free(path);
	return code;
}

int svshm__qt_names_of_native(struct svshm__qt_names *names, const char *text,
			      struct svshm__error *error)
{
	size_t scheme = strcspn(text, ":/?#");
	int project = 0;

	memset(names, 0, sizeof(*names));
	if (text[scheme] == ':')
		project = scheme_of(text, scheme, error);
	if (project < 0)
		return project;
	if (project == 0)
		return svshm__qt_names_of_path(names, text, SVSHM__QT_PROJECT,
					       error);

	const char *path = text + scheme + 1;
	size_t length = strcspn(path, "?#");
	const char *query = path + length + (path[length] == '?');
	int code = parse_path(names, path, length, project, error);

	if (!code)
		code = check_query(names, query,
				   path[length] == '?' ? strcspn(query, "#") :
							 0, error);
	if (code)
		svshm__qt_names_free(names);
	return code;
}
