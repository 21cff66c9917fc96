/* SPDX-License-Identifier: BSD-2-Clause */
/* They can be listed on systems where they are files in a directory. */
#include <config.h>

#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "commands/recover_posix.h"
#include "output/json.h"
#include "output/values.h"

#define DIRECTORY "/dev/shm"

/* The name of a semaphore's file begins with "sem.". */
static bool is_of_qt(const char *name)
{
	if (strncmp(name, "sem.", 4) == 0)
		name += 4;
	return strncmp(name, "qipc_", 5) == 0;
}

void qt_posix_find(struct qt_posix *found)
{
	DIR *directory = opendir(DIRECTORY);
	struct dirent *entry;
	struct stat status;
	char path[sizeof(DIRECTORY) + 256];

	memset(found, 0, sizeof(*found));
	found->directory = DIRECTORY;
	found->known = directory != NULL;
	while (directory && (entry = readdir(directory))) {
		snprintf(path, sizeof(path), DIRECTORY "/%.255s",
			 entry->d_name);
		if (!is_of_qt(entry->d_name) || lstat(path, &status) < 0 ||
		    !S_ISREG(status.st_mode))
			continue;
		found->count++;
		found->bytes += (uint64_t)status.st_size;
	}
	if (directory)
		closedir(directory);
}

void qt_posix_tell(const struct qt_posix *found)
{
	bool one = found->count == 1;

	if (found->count == 0)
		return;
	printf("%zu POSIX object%s of Qt programs in %s (qipc_*, %s) %s not "
	       "touched:\nsee \"POSIX objects\" in svshm(7), THE QT LAYOUT\n",
	       found->count, one ? "" : "s", found->directory,
	       text_size(found->bytes).bytes, one ? "is" : "are");
}

void qt_posix_json(const struct qt_posix *found)
{
	if (found->known)
		json_unsigned("posix_objects", found->count);
	else
		json_null("posix_objects");
}
