/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Works on every system: tries the keys that ftok gives for the key files in
 * the caller's key directory, or for the one in question. Objects whose key
 * file is lost, and other programs' segments, are not seen.
 */
#include <config.h>

#include "scan.h"

#include <stdlib.h>
#include <string.h>

#include "keylist.h"

typedef int find_function(key_t key, int *id, struct svshm__error *error);

static int add_path(struct svshm__scan_list *list, const char *path,
		    find_function *find)
{
	for (int i = 0; i < SVSHM__PROJECTS; i++) {
		key_t key;
		int id;

		if (svshm__key_of(path, SVSHM__PROJECT_FIRST + i, &key, NULL) ||
		    find(key, &id, NULL))
			continue;
		int code = svshm__scan_add(list, id, (int64_t)key,
					   NULL);

		if (code)
			return code;
	}
	return SVSHM_OK;
}

static int add_all(struct svshm__scan_list *list, find_function *find,
		   struct svshm__error *error)
{
	struct svshm__key_list files;
	int code = svshm__key_list_read(&files, error);

	for (size_t i = 0; !code && i < files.count; i++)
		code = add_path(list, files.paths[i], find);
	svshm__key_list_free(&files);
	return code;
}

int svshm__scan_segments(const struct svshm__key_file *file,
			 struct svshm__scan_list *list,
			 struct svshm__error *error)
{
	memset(list, 0, sizeof(*list));
	if (file)
		return add_path(list, file->path, svshm__segment_find);
	return add_all(list, svshm__segment_find, error);
}

int svshm__scan_sets(struct svshm__scan_list *list, struct svshm__error *error)
{
	memset(list, 0, sizeof(*list));
	return add_all(list, svshm__semset_find, error);
}
