/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The IPC key of a file that has been looked at. It has a source file of its own,
 * for tests that let files collide.
 */
#include <config.h>

#include "key/key.h"

#include <sys/stat.h>

/* What ftok() makes of a file on all systems that we know. */
static key_t usual_key(const struct stat *status, int project)
{
	uint32_t bits = ((uint32_t)project & 0xff) << 24 |
			((uint32_t)status->st_dev & 0xff) << 16 |
			((uint32_t)status->st_ino & 0xffff);

	return (key_t)bits;
}

/*
 * ftok() looks again, by the name, and may find another file there. Mostly its
 * answer is one that only this file, or one that has the same key, can give.
 */
int svshm__key_of_status(const char *path, const struct stat *status,
			 int project, key_t *key, struct svshm__error *error)
{
	struct stat now;
	int code = svshm__key_of(path, project, key, error);

	if (code || *key == usual_key(status, project))
		return code;
	return lstat(path, &now) == 0 && now.st_dev == status->st_dev &&
			       now.st_ino == status->st_ino ?
		       SVSHM_OK :
		       SVSHM_NOT_FOUND;
}
