/* SPDX-License-Identifier: BSD-2-Clause */
#include <config.h>

#include "key/list.h"

#include "key/files.h"

typedef int find_function(key_t key, int *id, struct svshm__error *error);

/* What the key file PATH leads to. */
static int add_path(struct svshm__list *list, const char *path,
		    find_function *find)
{
	key_t first;

	if (svshm__key_first(path, &first, NULL))
		return SVSHM_OK;
	for (int i = 0; i < SVSHM__PROJECTS; i++) {
		key_t key = svshm__key_nth(first, i);
		int id;

		if (find(key, &id, NULL))
			continue;

		int code = svshm__list_add(list, id, (int64_t)key, NULL, NULL);

		if (code)
			return code;
	}
	return SVSHM_OK;
}

static int add_all(struct svshm__list *list, uid_t user, find_function *find,
		   struct svshm__error *error)
{
	struct svshm__key_files files;
	int code = svshm__key_files_read(&files, user, error);

	for (size_t i = 0; !code && i < files.count; i++)
		code = add_path(list, files.paths[i], find);
	svshm__key_files_free(&files);
	return code;
}

int svshm__list_all_segments(struct svshm__list *list, uid_t user,
			     struct svshm__error *error)
{
	int code = svshm__list_segments(list, error);

	return code != SVSHM_NOT_SUPPORTED ?
		       code :
		       add_all(list, user, svshm__segment_find, error);
}

int svshm__list_all_sets(struct svshm__list *list, uid_t user,
			 struct svshm__error *error)
{
	int code = svshm__list_sets(list, error);

	return code != SVSHM_NOT_SUPPORTED ?
		       code :
		       add_all(list, user, svshm__semset_find, error);
}
