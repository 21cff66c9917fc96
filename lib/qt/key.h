/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Qt's names: from a key, or a native key, to the paths of the two key files of
 * a QSharedMemory. Names only: no file is looked at.
 */
#ifndef SVSHM_QT_KEY_H
#define SVSHM_QT_KEY_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

#define SVSHM__QT_PROJECT 0x51 /* 'Q' */

/* What the names of the key files of a user's key begin with. */
#define SVSHM__QT_SEGMENT_PREFIX "qipc_sharedmemory_"
#define SVSHM__QT_LOCK_PREFIX "qipc_systemsem_"

struct svshm__qt_names {
	char *segment; /* the segment's key file */
	char *lock;    /* the semaphore set's: another file, or the same */
	int project;   /* ftok's second argument, for both */
	bool legacy;   /* of a user's key: the library may make the files */
};

/*
 * All three return 0, and then svshm__qt_names_free() takes what NAMES has;
 * or KEY_ERROR, OUT_OF_RESOURCES, NOT_SUPPORTED, and NAMES is empty.
 *
 * A key as QSharedMemory(QString) has it, in UTF-8.
 */
int svshm__qt_names_of_key(struct svshm__qt_names *names, const char *key,
			   struct svshm__error *error);

/* A path, or the text that QNativeIpcKey::toString() makes. */
int svshm__qt_names_of_native(struct svshm__qt_names *names, const char *text,
			      struct svshm__error *error);

int svshm__qt_names_of_path(struct svshm__qt_names *names, const char *path,
			    int project, struct svshm__error *error);

void svshm__qt_names_free(struct svshm__qt_names *names);
bool svshm__qt_names_same(const struct svshm__qt_names *a,
			  const struct svshm__qt_names *b);

/* The letters and the digest, if NAME (no directory) is PREFIX and these. */
const char *svshm__qt_suffix(const char *name, const char *prefix);

/*
 * The key that PATH stands for, into BUFFER; false: it does not tell. It does
 * for a key of letters only: then the digest is that of the letters.
 */
bool svshm__qt_key_of_path(const char *path, char *buffer, size_t size);

/* The directory of key files of user keys; "" for what Qt takes for none. */
void svshm__qt_directory(char *buffer, size_t size);

#endif
