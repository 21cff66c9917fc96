/* SPDX-License-Identifier: BSD-2-Clause */
#include <config.h>

#include "key/files.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "key/key.h"

#ifndef O_CLOEXEC
#define O_CLOEXEC 0 /* closed within the call that opened it */
#endif
#ifndef O_DIRECTORY
#define O_DIRECTORY 0 /* fdopendir() refuses what is none */
#endif
#ifndef O_NOFOLLOW
#define O_NOFOLLOW 0
#endif

static int add(struct svshm__key_files *list, size_t *room,
	       const char *directory, const char *name)
{
	size_t size = strlen(directory) + 1 + strlen(name) + 1;
	char *path;

	if (list->count == *room) {
		size_t more = *room ? 2 * *room : 64;
		char **paths = realloc(list->paths, more * sizeof(*paths));

		if (!paths)
			return SVSHM_OUT_OF_RESOURCES;
		list->paths = paths;
		*room = more;
	}
	path = malloc(size);
	if (!path)
		return SVSHM_OUT_OF_RESOURCES;
	snprintf(path, size, "%s/%s", directory, name);
	list->paths[list->count++] = path;
	return SVSHM_OK;
}

/* Another user's may be a link, which leads to wherever he likes. */
static DIR *open_directory(const char *path, uid_t user)
{
	struct stat status;
	DIR *stream = NULL;
	int descriptor = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW |
				    O_NONBLOCK | O_CLOEXEC);

	if (descriptor < 0)
		return NULL;
	if (fstat(descriptor, &status) == 0 && S_ISDIR(status.st_mode) &&
	    (status.st_uid == user || status.st_uid == 0))
		stream = fdopendir(descriptor);
	if (!stream)
		close(descriptor);
	return stream;
}

int svshm__key_files_read(struct svshm__key_files *list, uid_t user,
			  struct svshm__error *error)
{
	char directory[4096];
	size_t room = 0;
	struct dirent *entry;
	int code = svshm__key_directory(directory, sizeof(directory), user,
					error);

	memset(list, 0, sizeof(*list));
	if (code)
		return code;

	DIR *stream = open_directory(directory, user);

	while (!code && stream && (entry = readdir(stream)))
		/* No key file's name begins with a dot. */
		if (entry->d_name[0] != '.')
			code = add(list, &room, directory, entry->d_name);
	if (stream)
		closedir(stream);
	if (!code)
		return SVSHM_OK;
	svshm__key_files_free(list);
	return svshm__error_set(error, code, "no memory");
}

void svshm__key_files_free(struct svshm__key_files *list)
{
	for (size_t i = 0; i < list->count; i++)
		free(list->paths[i]);
	free(list->paths);
	list->paths = NULL;
	list->count = 0;
}
