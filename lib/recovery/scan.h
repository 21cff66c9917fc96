/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Finding objects without knowing their keys. kernel/list_linux.c, kernel/list_bsd.c and
 * kernel/list_hpux.c ask the kernel for all segments and sets. Where there is none of
 * them, or the kernel does not answer, recovery/list.c goes by the key files that
 * it can see.
 */
#ifndef SVSHM_RECOVERY_SCAN_H
#define SVSHM_RECOVERY_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/error.h"
#include "object/judge.h"
#include "recovery/lives.h"

/* ---- All that there are (recovery/list.c) ----------------------------------- */

struct svshm__scan_item {
	int id;
	int64_t key;
	struct svshm__segment_status status; /* of a segment; size 0: not known */
	struct svshm__set_status set_status; /* of a set; count 0: not known */
};

struct svshm__scan_list {
	struct svshm__scan_item *items; /* to be freed */
	size_t count;
};

/*
 * All segments, or sets, that the caller may know of; where the kernel does not
 * tell, those of USER's key files. FILE, if not NULL: those that could be that
 * name's are enough.
 */
int svshm__scan_segments(const struct svshm__key_file *file, uid_t user,
			 struct svshm__scan_list *list,
			 struct svshm__error *error);
int svshm__scan_sets(uid_t user, struct svshm__scan_list *list,
		     struct svshm__error *error);

/*
 * The same, by one of the systems' files (if SCAN_KERNEL is defined).
 * SVSHM_NOT_SUPPORTED: this kernel does not tell; LIST may be half full.
 */
int svshm__scan_kernel_segments(const struct svshm__key_file *file,
				struct svshm__scan_list *list,
				struct svshm__error *error);
int svshm__scan_kernel_sets(struct svshm__scan_list *list,
			    struct svshm__error *error);

/*
 * What the kernel's answer ERRNUM to the request for a list means: it may know
 * no such request, or keep it from us (SVSHM_NOT_SUPPORTED).
 */
int svshm__scan_refused(int errnum, struct svshm__error *error,
			const char *call);

/* Whether a segment can be that of FILE's name; always if FILE is NULL. */
bool svshm__scan_wanted(const struct svshm__key_file *file,
			const struct svshm__segment_status *status);

/* Append; STATUS may be NULL. SVSHM_OUT_OF_RESOURCES. */
int svshm__scan_add(struct svshm__scan_list *list, int id, int64_t key,
		    const struct svshm__segment_status *status);

/* The same for a set. */
int svshm__scan_add_set(struct svshm__scan_list *list, int id, int64_t key,
			const struct svshm__set_status *status);

/*
 * What the kernel's list tells of one, who may not ask for it by id (and if
 * nobody has removed it meanwhile). Size, or count, 0: nothing.
 */
void svshm__scan_listed_segment(int id, struct svshm__segment_status *status);
void svshm__scan_listed_set(int id, struct svshm__set_status *status);

/* ---- What scan.c makes of it --------------------------------------------- */

struct svshm__found {
	int segment_id;
	key_t key;
};

/*
 * A segment whose published header names FILE's object, or may do so (somebody
 * is inside its gate just now), whatever its IPC key: the key file was lost, or
 * the key collided. NOT_FOUND. Not EXCEPT, if that is not -1: a segment that the
 * caller has mapped, so that it is there.
 */
int svshm__scan_find(const struct svshm__key_file *file, int except,
		     struct svshm__found *found);

/* What is to be shown: -1 for ids that are not there, NULL for no key file. */
struct svshm__candidate {
	int64_t key;
	int segment_id, set_id;
	const char *path;
	const struct svshm__segment_status *status; /* NULL: ask the kernel */
	const struct svshm__set_status *set_status; /* of a lone set; or NULL */
	const struct svshm__key_file *file; /* only what is of its name, or
					       NULL: whatever is there */
	struct svshm__lives *lives; /* NULL: not those of a scan */
	struct svshm__error *error; /* of the look at it; or NULL */
};

/* What FILE leads to under one of its keys; false: nothing. */
bool svshm__scan_by_keys(const struct svshm__key_file *file,
			 struct svshm__candidate *candidate);

/*
 * Ids, rights, times into OBJECT. What may not be looked at is as it is listed,
 * in EVIDENCE too.
 */
void svshm__scan_describe(struct svshm_object *object,
			  struct svshm__evidence *evidence,
			  const struct svshm__candidate *candidate);

/* A visit that completes a Qt object likewise, and hands it on to TO. */
struct svshm__completion {
	svshm_visit *to;
	void *context;
};

int svshm__scan_complete(const struct svshm_object *object, void *completion);

/*
 * Judge, inside the gate if it is free, and show it to VISIT. Returns what
 * VISIT returned; 0 also if there was nothing, or FOREIGN_TOO is false and it
 * is not ours. SHOWN, if not NULL: whether it was shown.
 */
int svshm__scan_show(const struct svshm__candidate *candidate,
		     bool foreign_too, svshm_visit *visit, void *context,
		     bool *shown);

/*
 * Call VISIT. EVIDENCE: of an object that has a valid header, and was judged
 * inside its gate; else NULL. LIVES: of the scan, if it is one.
 */
int svshm__scan_visit(const struct svshm_object *object,
		      const struct svshm__evidence *evidence,
		      struct svshm__lives *lives, svshm_visit *visit,
		      void *context);

/* That evidence, if OBJECT is being visited; else NULL. */
const struct svshm__evidence *
svshm__scan_evidence(const struct svshm_object *object);

/* Those lives, if OBJECT is being visited by this thread; else NULL. */
struct svshm__lives *svshm__scan_lives(const struct svshm_object *object);

/* svshm_inspect(), for api/object.c: of USER's key file PATH. */
int svshm__scan_inspect(const char *path, bool native, uid_t user,
			svshm_visit *visit, void *context,
			struct svshm__error *error);

#endif
