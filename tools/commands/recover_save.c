/* SPDX-License-Identifier: BSD-2-Clause */
#include <config.h>

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "commands/recover_save.h"
#include "common/message.h"
#include "common/text.h"
#include "output/file.h"
#include "output/progress.h"

/* A file name has 255 bytes; the id, a dot and a margin have to fit too. */
#define ENCODED_KEY_MAX 200

/* No link: somebody else could have made it. */
int rescue_check(const char *path)
{
	size_t length = strlen(path);
	struct stat status;

	/* Of "link/", lstat() would look at what the link leads to. */
	while (length > 1 && path[length - 1] == '/')
		length--;
	char *name = text_print("%.*s", (int)length, path);
	const char *problem = NULL;

	if (lstat(name, &status) != 0)
		problem = strerror(errno);
	else if (S_ISLNK(status.st_mode))
		problem = "it is a symbolic link; name the directory itself";
	else if (!S_ISDIR(status.st_mode))
		problem = "it is no directory";
	else if (access(name, W_OK | X_OK) != 0)
		problem = strerror(errno);
	if (problem)
		message("cannot save in %s: %s; nothing was removed", name,
			problem);
	free(name);
	return problem ? -1 : 0;
}

/* DIR/KEY.ID, where the key has only characters that all file systems take. */
static char *save_path(const char *directory, const struct svshm_object *object)
{
	char encoded[ENCODED_KEY_MAX + 4];
	size_t length = 0;
	const char *name = object->key ? object->key : object->native_key;

	for (; name && *name && length < ENCODED_KEY_MAX; name++) {
		unsigned char byte = (unsigned char)*name;
		bool plain = (byte >= 'a' && byte <= 'z') ||
			     (byte >= 'A' && byte <= 'Z') ||
			     (byte >= '0' && byte <= '9') || byte == '_' ||
			     byte == '-' || (byte == '.' && length > 0);

		if (plain)
			encoded[length++] = (char)byte;
		else
			length += (size_t)sprintf(encoded + length, "%%%02X",
						  byte);
	}
	if (length == 0)
		length = (size_t)sprintf(encoded, "segment");
	encoded[length] = '\0';
	return text_print("%s/%s.%d", directory, encoded, object->segment_id);
}

int rescue_save(const struct svshm_object *object, const void *data,
		size_t size, void *context)
{
	struct rescue *rescue = context;
	struct new_file file;
	char *path = save_path(rescue->directory, object);

	if (new_file_begin(&file, path) != 0) {
		rescue->problem = text_print("cannot make a file in %s: %s",
					     rescue->directory,
					     strerror(errno));
		free(path);
		return SVSHM_UNKNOWN_ERROR;
	}
	struct progress progress;

	progress_begin(&progress, "saved");
	int written = write_all(file.fd, data, size, &progress);

	progress_end(&progress);
	if (written != 0 || new_file_commit(&file, false) != 0) {
		rescue->problem = text_print("cannot save the data in %s: %s",
					     path, strerror(errno));
		new_file_end(&file);
		free(path);
		return SVSHM_UNKNOWN_ERROR;
	}
	new_file_end(&file);
	rescue->path = path;
	return 0;
}
