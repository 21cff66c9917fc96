/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Qt's key files: empty, of one user, in a directory that others can write to.
 * What is checked, and why:
 *   - the file is reached by no link, or somebody else would choose which;
 *   - it belongs to the caller, or to root: nobody else can take it away or put
 *     another in its place (directories for temporary files are sticky). Root
 *     may look at everybody's.
 */
#ifndef SVSHM_QT_FILE_H
#define SVSHM_QT_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/ipc.h>
#include <sys/types.h>

#include "base/error.h"

struct svshm__qt_file {
	key_t key; /* ftok's */
	uint64_t device, inode;
	uid_t owner;
	bool ours; /* the owner was the caller */
	bool made; /* by this call */
};

/* What is missing is made, or not. What hardly can be there is made first, and
   looked at only if that fails. */
enum svshm__qt_making {
	SVSHM__QT_LOOK,
	SVSHM__QT_LOOK_OR_MAKE,
	SVSHM__QT_MAKE_OR_LOOK
};

/*
 * Look at the key file PATH, or make it as Qt makes it, as MAKING says. LEGACY: a
 * file of a user's key, not one that a program has chosen. NOT_FOUND,
 * PERMISSION_DENIED, KEY_ERROR...
 */
int svshm__qt_file_look(struct svshm__qt_file *file, const char *path,
			int project, bool legacy, enum svshm__qt_making making,
			struct svshm__error *error);

/* P6: what belongs to these two may be FILE's: its owner's, ours or root's. */
bool svshm__qt_file_trusts(const struct svshm__qt_file *file, uid_t uid,
			   uid_t creator_uid);

/* Whether PATH still leads to FILE. */
bool svshm__qt_file_same(const struct svshm__qt_file *file, const char *path);

/*
 * Unlink PATH if it still is FILE and is empty: one that Qt or svshm has made.
 * What a program keeps something in is its own. False: PATH leads elsewhere.
 */
bool svshm__qt_file_unlink(const struct svshm__qt_file *file,
			   const char *path);

/*
 * For who unlinks both files of an object: their directory, opened once.
 * svshm__qt_place_open(), then any number of svshm__qt_place_unlink(), as above;
 * a file of another directory is unlinked as well. NULL for PLACE: the same.
 */
struct svshm__qt_place {
	int descriptor; /* -1: it may not be opened, or is not trusted */
	const char *path; /* of the first file; it must stay */
	uid_t owner; /* of the directory */
};

void svshm__qt_place_open(struct svshm__qt_place *place, const char *path);
bool svshm__qt_place_unlink(const struct svshm__qt_place *place,
			    const struct svshm__qt_file *file,
			    const char *path);
void svshm__qt_place_close(struct svshm__qt_place *place);

/*
 * ftok keeps 16 bits of an inode's number, so another key file may have the same
 * IPC key. KEY_ERROR if there is such a one of a segment of a user's key in the
 * directory of FILE, which is PATH: what is there could be either's.
 */
int svshm__qt_file_check_collision(const struct svshm__qt_file *file,
				   const char *path, int project,
				   struct svshm__error *error);

/*
 * Whether there is such a one of a lock. Its name (without the directory) goes
 * into OTHER, which may be NULL.
 */
#define SVSHM__QT_NAME_SIZE 256
bool svshm__qt_file_shares_lock(const struct svshm__qt_file *file,
				const char *path, char *other, size_t size);

#endif
