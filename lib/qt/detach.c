/* SPDX-License-Identifier: BSD-2-Clause */
/* How a process leaves a Qt object: see qt.c. */
#include <config.h>

#include "qt/qt.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/crashpoint.h"
#include "kernel/segment.h"

/* One who leaves. */
struct leaver {
	struct svshm__qt *qt;
	int timeout_ms;
	struct svshm__error *error;
	bool inside;   /* the lock */
	bool borrowed; /* it is another handle's, and stays */
};

/* 0: there are no more than OURS mappings. SVSHM_BUSY; SVSHM_REMOVED. */
static int look_for_users(const struct svshm__qt *qt, unsigned ours,
			  struct svshm__error *error)
{
	struct svshm__segment_status status;
	int code = svshm__segment_stat(qt->segment_id, &status, error);

	if (code)
		return code;
	return status.mappings > ours ? SVSHM_BUSY : SVSHM_OK;
}

static int enter(struct leaver *leaver)
{
	int code = svshm__qt_enter(leaver->qt, leaver->timeout_ms,
				   &leaver->borrowed, leaver->error);

	leaver->inside = !code;
	return code;
}

/* Before our mapping goes, if it is the only one: USERS, with us. */
static int enter_if_last(struct leaver *leaver, uint64_t users)
{
	leaver->qt->lock.make = true;
	leaver->qt->lock.made = leaver->qt->lock.file.made = false;
	if (leaver->inside || users > 1)
		return SVSHM_OK;
	return enter(leaver);
}

static int say_replaced(const struct leaver *leaver)
{
	return svshm__error_set(leaver->error, SVSHM_REMOVED,
				"its key file %.300s was removed or replaced "
				"meanwhile (does something clean up its "
				"directory?): who came after that has got "
				"another object of this name",
				leaver->qt->names.segment);
}

/* Inside the lock: segment, key file, lock. The lock goes with it, unless
   another object has been made under the name meanwhile: then it is that
   one's too. */
static int remove_object(const struct leaver *leaver)
{
	struct svshm__qt *qt = leaver->qt;
	int code = svshm__segment_remove(qt->segment_id, leaver->error);
	struct svshm__qt_place place;

	CRASHPOINT("qt:segment gone");
	if (code) {
		svshm__qt_leave(qt, leaver->borrowed);
		return code;
	}
	svshm__qt_place_open(&place, qt->names.segment);
	if (!svshm__qt_place_unlink(&place, &qt->file, qt->names.segment)) {
		svshm__qt_place_close(&place);
		svshm__qt_leave(qt, leaver->borrowed);
		return say_replaced(leaver);
	}
	CRASHPOINT("qt:file gone");
	/* Owned by the key that shares it: not even the file can go, as who waits
	   for the lock would get it, and newcomers another one. */
	if (!leaver->borrowed)
		svshm__qt_lock_remove(&qt->lock, &qt->names, &place);
	svshm__qt_place_close(&place);
	return SVSHM_OK;
}

/*
 * The segment is gone, and its key file still there: somebody has removed it, or
 * it went with its last mapping, as Linux does it with kernel.shm_rmid_forced.
 */
static bool is_bare(const struct svshm__qt *qt)
{
	int id;

	return svshm__qt_file_same(&qt->file, qt->names.segment) &&
	       svshm__segment_find(qt->file.key, &id, NULL) == SVSHM_NOT_FOUND;
}

/* Our mapping is gone. */
static int leave_object(struct leaver *leaver)
{
	struct svshm__qt *qt = leaver->qt;
	int code = look_for_users(qt, 0, leaver->error);

	if (!leaver->inside &&
	    (!code || (code == SVSHM_REMOVED && is_bare(qt)))) {
		code = enter(leaver);
		if (code)
			return code;
		code = look_for_users(qt, 0, leaver->error);
	}
	if (!code || (code == SVSHM_REMOVED && leaver->inside && is_bare(qt)))
		return remove_object(leaver);
	/* One that we have made for nothing, as another last one has removed
	   all; or that would shut the object's owner out, as it is root's. */
	if (leaver->inside &&
	    (code == SVSHM_REMOVED || qt->file.owner != geteuid()))
		svshm__qt_lock_withdraw(&qt->lock, &qt->names,
					leaver->borrowed);
	else if (leaver->inside)
		svshm__qt_leave(qt, leaver->borrowed);
	/* Others are there, or another one was the last as well. */
	return code == SVSHM_BUSY || code == SVSHM_REMOVED ? SVSHM_OK : code;
}

/* *USERS: how many mappings there are, with ours. */
static int look_at_segment(const struct svshm__qt *qt, uint64_t *users,
			   struct svshm__error *error)
{
	struct svshm__segment_status status;
	int code = svshm__segment_stat(qt->segment_id, &status, error);

	/* What may not be looked at is another's to remove. */
	*users = code ? UINT64_MAX : status.mappings;
	if (code == SVSHM_REMOVED || (!code && status.removed))
		return svshm__error_set(error, SVSHM_REMOVED,
					"somebody has removed segment %d under "
					"its users; this handle is detached",
					qt->segment_id);
	return SVSHM_OK;
}

int svshm__qt_detach(struct svshm *handle)
{
	struct svshm__qt *qt = handle->qt;
	struct leaver leaver = { .qt = qt, .timeout_ms = SVSHM__QT_TIMEOUT_MS,
				 .error = &handle->error,
				 .inside = svshm__qt_owner_is(&qt->owner) };

	/* After exit(3) has detached: the process's end does the rest. */
	if (qt->left) {
		svshm__qt_list_detach(qt);
		svshm__qt_set_owner(qt, false);
		return SVSHM_OK;
	}

	uint64_t users;
	int code = look_at_segment(qt, &users, &handle->error);

	if (handle->leaves_orphan) {
		svshm__qt_list_detach(qt);
		return code;
	}
	if (!code)
		code = enter_if_last(&leaver, users);
	CRASHPOINT("qt:leaving");
	svshm__qt_list_detach(qt);
	svshm__qt_set_owner(qt, false);
	CRASHPOINT("qt:unmapped");
	if (!code)
		return leave_object(&leaver);
	if (leaver.inside)
		svshm__qt_leave(qt, false);
	return code;
}

/* What may not be looked at, or is removed, is no last one's. */
static uint64_t count_users(const struct svshm__qt *qt)
{
	struct svshm__segment_status status;

	return svshm__segment_stat(qt->segment_id, &status, NULL) ?
		UINT64_MAX : status.mappings;
}

/*
 * A process that does not detach is detached at exit(3), after its own exit
 * handlers that were registered later. Its mapping must be gone to tell whether
 * it is the last one, so private memory takes its place: other threads, and
 * exit handlers that run later, find zeros there.
 */
void svshm__qt_exit(void)
{
	struct svshm__qt copy;
	char *path;

	while (svshm__qt_list_leave_next(&copy, &path)) {
		struct leaver leaver = {
			.qt = &copy,
			.timeout_ms = SVSHM__QT_TIMEOUT_AT_EXIT_MS
		};
		enum svshm__qt_inside inside = svshm__qt_owner_look(
			copy.lock.set_id, &copy.lock.file, true);
		/* The lock that is held goes with the object, or is given back
		   by the kernel. */
		bool held = inside == SVSHM__QT_INSIDE;

		leaver.inside = inside != SVSHM__QT_OUTSIDE;
		leaver.borrowed = inside == SVSHM__QT_INSIDE_OTHER;

		int code = path ? svshm__qt_names_of_path(&copy.names, path,
					copy.names.project, NULL) :
				  SVSHM_OUT_OF_RESOURCES;

		free(path);
		if (!code)
			code = enter_if_last(&leaver, count_users(&copy));
		svshm__segment_vacate(copy.address, copy.size);
		if (!code && (!held || look_for_users(&copy, 0, NULL) !=
				       SVSHM_BUSY))
			leave_object(&leaver);
		svshm__qt_names_free(&copy.names);
	}
}
