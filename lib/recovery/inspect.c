/* SPDX-License-Identifier: BSD-2-Clause */
/* svshm_inspect() in the native layout: the object of one name. */
#include <config.h>

#include "recovery/inspect.h"

#include <unistd.h>

#include "object/find.h"
#include "recovery/show.h"

int svshm__inspect(const char *path, bool native, uid_t user,
		   svshm_visit *visit, void *context,
		   struct svshm__error *error)
{
	struct svshm__candidate candidate = { .segment_id = -1, .set_id = -1,
					      .error = error };
	struct svshm__key_file file;
	struct svshm__found found;
	bool shown = false;
	int code = svshm__key_file_look(&file, path, native, user, error);

	if (code && (code != SVSHM_NOT_FOUND || !file.path))
		goto out;
	code = SVSHM_NOT_FOUND;
	/* For root in another user's directory: he may have made a file there
	   whose keys collide with somebody else's. */
	if (user != geteuid())
		candidate.file = &file;
	if (file.exists && svshm__find_by_keys(&file, &found)) {
		candidate.path = native ? NULL : file.path;
		candidate.key = (int64_t)found.key;
		candidate.segment_id = found.segment_id;
		candidate.set_id = found.set_id;
	} else if (svshm__find(&file, -1, &found) == SVSHM_OK) {
		candidate.key = (int64_t)found.key;
		candidate.segment_id = found.segment_id;
		if (svshm__semset_find(found.key, &candidate.set_id, NULL))
			candidate.set_id = -1;
	} else if (file.exists && !native &&
		   !svshm__key_file_check(file.path, NULL)) {
		key_t key;

		candidate.path = file.path;
		if (!svshm__key_of(path, SVSHM__PROJECT_FIRST, &key, NULL))
			candidate.key = (int64_t)key;
	} else {
		goto out;
	}
	code = svshm__show(&candidate, false, visit, context, &shown);
	if (!code && !shown)
		code = SVSHM_NOT_FOUND;
out:
	if (code == SVSHM_NOT_FOUND)
		svshm__error_set(error, SVSHM_NOT_FOUND,
				 "there is no object with the key file %.300s",
				 file.path ? file.path : path);
	svshm__key_file_free(&file);
	return code;
}
