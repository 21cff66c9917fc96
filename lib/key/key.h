/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Names: from a key to the path of its key file, from there to IPC keys.
 *
 * A name's IPC keys are those that ftok() gives for the directory of its key file,
 * with the name in it mixed into the lower 24 bits. Not those of the key file
 * itself: they come of the number of its inode, and would be lost with it. So
 * whatever becomes of the key file, whoever uses the name comes to the same
 * keys, and asks the kernel for one key, however many objects there are.
 * Where two names come to one key (of 16 million), or another program has it,
 * the name has seven more.
 *
 * A key file lives in a directory that only its owner (or root) can change, or
 * that an administrator has made for sharing. What is checked, and why:
 *   - the directory is no symbolic link and belongs to the caller or root, else
 *     its owner could swap key files under us;
 *   - the default directory is shut to everybody else;
 *   - the key file itself is a regular file, reached by no link.
 */
#ifndef SVSHM_KEY_KEY_H
#define SVSHM_KEY_KEY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/ipc.h>
#include <sys/types.h>

#include "base/error.h"

/* ftok's second argument; the next ones are for where keys collide. */
#define SVSHM__PROJECT_FIRST 0x76 /* 'v' */
#define SVSHM__PROJECTS 8

/*
 * Which file it is, and in which directory: that one, with the name there, is what
 * it is called. A file that is lost is made anew by the next one who creates:
 * another file in the same directory. In another root, both are others.
 */
struct svshm__key_identity {
	uint64_t device, inode;
	uint64_t directory_device, directory_inode; /* 0, 0: not known */
};

static inline bool
svshm__key_same_directory(const struct svshm__key_identity *one,
			  const struct svshm__key_identity *other)
{
	return one->directory_device == other->directory_device &&
	       one->directory_inode == other->directory_inode;
}

struct svshm__key_file {
	char *path;   /* owned */
	bool native;  /* the user's own file: never written, never unlinked */
	uid_t us;     /* geteuid(), as it was looked at */
	uid_t user;   /* whose processes share it: mostly ours */
	bool private; /* in a directory that is that user's alone */
	bool exists;
	bool made;    /* by this call */
	int descriptor; /* of a file just made, to write to; else -1 */
	struct svshm__key_identity identity;
	uid_t owner;
	key_t first_key; /* see svshm__key_nth(); 0: there is no directory */
};

/* USER's key directory's path into BUFFER: a name only, nothing is looked at. */
int svshm__key_directory(char *buffer, size_t size, uid_t user,
			 struct svshm__error *error);

/*
 * Check the directory of a key file. NOT_FOUND, if there is none; with MAKE it is
 * made, and by root for another user given to him, in one step for all who look.
 */
int svshm__key_directory_check(struct svshm__key_file *file, bool make,
			       struct svshm__error *error);

/* Which directory FILE is in. */
struct stat;
void svshm__key_directory_note(struct svshm__key_file *file,
			       const struct stat *status);

/* Who can't have his key file in a directory is told what to do about it. */
int svshm__key_directory_refuse(struct svshm__error *error, int code);

/* The directory of PATH into BUFFER. */
void svshm__key_directory_of(const char *path, char *buffer, size_t size);

/*
 * The key file's path of USER's KEY, to be freed; NULL without memory or where there
 * is none (an empty key, an unusable SVSHM_KEYDIR: ERROR says so).
 */
char *svshm__key_path(const char *key, uid_t user, struct svshm__error *error);

/* The key that a key file's name stands for, into BUFFER; false: hashed. */
bool svshm__key_decode(const char *name, char *buffer, size_t size);

/*
 * Look at USER's key file PATH ((uid_t)-1: the caller's). If it is missing: NOT_FOUND. _make(): then it is
 * made, unless it is NATIVE, with MODE and GROUP ((gid_t)-1: the default); by
 * root it is given to USER. Close with svshm__key_file_free() after success and
 * failure.
 * _name(): only at its directory (a NATIVE one must be there), by which its keys
 * are known; _find(): then at the file itself.
 */
int svshm__key_file_look(struct svshm__key_file *file, const char *path,
			 bool native, uid_t user, struct svshm__error *error);
int svshm__key_file_name(struct svshm__key_file *file, const char *path,
			 bool native, uid_t user, struct svshm__error *error);
int svshm__key_file_find(struct svshm__key_file *file,
			 struct svshm__error *error);
int svshm__key_file_make(struct svshm__key_file *file, const char *path,
			 bool native, uid_t user, mode_t mode, gid_t group,
			 struct svshm__error *error);
void svshm__key_file_free(struct svshm__key_file *file);

/*
 * KEY_ERROR if PATH is a file that the library has not made: one of somebody's
 * that has a key's name by chance. It is never overwritten or unlinked. Ours
 * begin with a mark, or are empty: their maker has died at once.
 */
int svshm__key_file_check(const char *path, struct svshm__error *error);

/*
 * Whose object it is that a key file is for: its owner's, or that of one whom
 * it names. Who may write to the key file may write to the object, but he can't
 * give his own to the key file's owner, nor, where only owners may unlink,
 * make the key file anew. So he writes in it who he is, before he makes an
 * object, and that he could is what makes him trustworthy.
 */
bool svshm__key_file_names_maker(const struct svshm__key_file *file, uid_t uid);
int svshm__key_file_name_maker(const struct svshm__key_file *file,
			       struct svshm__error *error);

/* Where PATH leads to now, for who knows which file it was. */
enum svshm__key_file_state {
	SVSHM__KEY_FILE_SAME,
	SVSHM__KEY_FILE_GONE,
	SVSHM__KEY_FILE_REPLACED,
	SVSHM__KEY_FILE_UNKNOWN
};

enum svshm__key_file_state svshm__key_file_state(const char *path,
						 uint64_t device,
						 uint64_t inode);

/* Whether PATH's directory is that one. */
bool svshm__key_directory_is(const char *path, uint64_t device, uint64_t inode);

/* Whether the path still leads to the file that was looked at. */
bool svshm__key_file_same(const struct svshm__key_file *file);

/* Write down for people what the file is for. Failing does no harm. */
void svshm__key_file_write(const struct svshm__key_file *file, const char *key,
			   int project);

/*
 * Unlink the key file PATH if it, or its directory, still is that one, and it
 * belongs to OWNER, as does its directory (or root). PATH may come from shared
 * memory. _own(): the same in a directory that nobody else can change.
 */
void svshm__key_file_unlink(const char *path,
			    const struct svshm__key_identity *identity,
			    uid_t owner);
void svshm__key_file_unlink_own(const char *path,
				const struct svshm__key_identity *identity);

/* Whether FILE is in a directory that nobody but us can change. */
static inline bool svshm__key_file_is_own(const struct svshm__key_file *file)
{
	return file->private && file->user == file->us;
}

/* ftok(). */
int svshm__key_of(const char *path, int project, key_t *key,
		  struct svshm__error *error);

/*
 * The same for who has looked at PATH: by lstat(), and it is no link. NOT_FOUND: it
 * leads to another file by now.
 */
int svshm__key_of_status(const char *path, const struct stat *status,
			 int project, key_t *key, struct svshm__error *error);

/* The first IPC key of the name that is PATH's. */
int svshm__key_first(const char *path, key_t *first,
		     struct svshm__error *error);

/* Its key of project SVSHM__PROJECT_FIRST + N. */
key_t svshm__key_nth(key_t first, int n);

/* Whether ftok may have given KEY for a native object of ours. */
bool svshm__key_plausible(int64_t key);

/* A hash of the last component of PATH, for the tag of a set. */
unsigned svshm__key_name_hash(const char *path);

/* The last component of PATH. */
const char *svshm__key_base_name(const char *path);

#endif
