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

static int write_data(const struct new_file *file, const void *data,
		      size_t size)
{
	struct progress progress;

	progress_begin(&progress, "saved");
	int written = write_all(file->fd, data, size, &progress);

	progress_end(&progress);
	return written;
}

/* What errno says; the file goes. */
static int give_up(struct rescue *rescue, struct new_file *file)
{
	rescue->problem = text_print("cannot save the data in %s: %s",
				     file->path, strerror(errno));
	new_file_end(file);
	return SVSHM_UNKNOWN_ERROR;
}

static int begin(struct rescue *rescue, const struct svshm_object *object,
		 struct new_file *file)
{
	char *path = save_path(rescue->directory, object);
	int result = new_file_begin(file, path);

	if (result != 0)
		rescue->problem = text_print("cannot make a file in %s: %s",
					     rescue->directory,
					     strerror(errno));
	free(path);
	return result == 0 ? 0 : SVSHM_UNKNOWN_ERROR;
}

int rescue_draft(struct rescue *rescue, const struct svshm_object *object,
		 const void *data, size_t size, struct new_file *file)
{
	int code = begin(rescue, object, file);

	if (code)
		return code;
	if (write_data(file, data, size) != 0 || new_file_secure(file) != 0)
		return give_up(rescue, file);
	return 0;
}

int rescue_save(const struct svshm_object *object, const void *data,
		size_t size, void *context)
{
	struct rescue *rescue = context;
	struct new_file file;
	int code = begin(rescue, object, &file);

	if (code)
		return code;
	if (write_data(&file, data, size) != 0 ||
	    new_file_commit(&file, false) != 0)
		return give_up(rescue, &file);
	rescue->path = text_print("%s", file.path);
	new_file_end(&file);
	return 0;
}
