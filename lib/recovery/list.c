/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * All segments and sets: by the kernel's list, if this build knows how to ask
 * for it and the kernel answers. Whether it does is decided at run time: the
 * BSDs have macros of Linux that their kernels refuse, jails and filters of
 * system calls hide what the kernel would tell, and emulations lack it.
 *
 * Else by what works on every system: trying the keys that ftok gives for the
 * key files in a user's key directory, or for the one in question. Objects
 * whose key file is lost, and other programs' segments, are not seen then.
 */
#include <config.h>

#include "recovery/scan.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "key/files.h"

#ifndef SCAN_KERNEL

/* This build has nothing to ask the kernel with. */

int svshm__scan_kernel_segments(const struct svshm__key_file *file,
				struct svshm__scan_list *list,
				struct svshm__error *error)
{
	(void)file, (void)error;
	memset(list, 0, sizeof(*list));
	return SVSHM_NOT_SUPPORTED;
}

int svshm__scan_kernel_sets(struct svshm__scan_list *list,
			    struct svshm__error *error)
{
	(void)error;
	memset(list, 0, sizeof(*list));
	return SVSHM_NOT_SUPPORTED;
}

#endif

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

static int add_all(struct svshm__scan_list *list, uid_t user,
		   find_function *find, struct svshm__error *error)
{
	struct svshm__key_list files;
	int code = svshm__key_list_read(&files, user, error);

	for (size_t i = 0; !code && i < files.count; i++)
		code = add_path(list, files.paths[i], find);
	svshm__key_list_free(&files);
	return code;
}

int svshm__scan_refused(int errnum, struct svshm__error *error,
			const char *call)
{
	/* EINVAL is what a BSD answers to a command that it does not know;
	   EPERM and EACCES are those of jails and filters of system calls. */
	if (errnum == EINVAL || errnum == ENOSYS || errnum == ENOENT ||
	    errnum == EPERM || errnum == EACCES || errnum == EOPNOTSUPP)
		return svshm__error_set(error, SVSHM_NOT_SUPPORTED, "%s: %s",
					call, strerror(errnum));
	return svshm__error_system(error, SVSHM__CALL_SHMCTL, errnum, "%s",
				   call);
}

bool svshm__scan_wanted(const struct svshm__key_file *file,
			const struct svshm__segment_status *status)
{
	return !file || (svshm__key_plausible(status->key) &&
			 status->size >= sizeof(struct svshm__header));
}

/* Whether the kernel has answered; if it has not, LIST is empty again. */
static bool is_answer(int code, struct svshm__scan_list *list)
{
	if (code != SVSHM_NOT_SUPPORTED)
		return true;
	free(list->items);
	memset(list, 0, sizeof(*list));
	return false;
}

int svshm__scan_segments(const struct svshm__key_file *file, uid_t user,
			 struct svshm__scan_list *list,
			 struct svshm__error *error)
{
	int code = svshm__scan_kernel_segments(file, list, error);

	if (is_answer(code, list))
		return code;
	if (file)
		return add_path(list, file->path, svshm__segment_find);
	return add_all(list, user, svshm__segment_find, error);
}

int svshm__scan_sets(uid_t user, struct svshm__scan_list *list,
		     struct svshm__error *error)
{
	int code = svshm__scan_kernel_sets(list, error);

	if (is_answer(code, list))
		return code;
	return add_all(list, user, svshm__semset_find, error);
}
