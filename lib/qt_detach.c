/* SPDX-License-Identifier: BSD-2-Clause */
/* How a process leaves a Qt object: see qt.c. */
#include <config.h>

#include "qt.h"

#include <stdlib.h>
#include <unistd.h>

#include "crashpoint.h"
#include "segment.h"

/* 0: nobody has it mapped. SVSHM_BUSY; SVSHM_REMOVED: it is gone. */
static int look_for_users(const struct svshm__qt *qt,
			  struct svshm__error *error)
{
	struct svshm__segment_status status;
	int code = svshm__segment_stat(qt->segment_id, &status, error);

	if (code)
		return code;
	return status.mappings ? SVSHM_BUSY : SVSHM_OK;
}

/* Inside the lock: segment, key file, lock. The lock goes with it, unless
   another object has been made under the name meanwhile: then it is that
   one's too. */
static int remove_object(struct svshm__qt *qt, bool borrowed,
			 struct svshm__error *error)
{
	bool same = svshm__qt_file_same(&qt->file, qt->names.segment);
	int code = svshm__segment_remove(qt->segment_id, error);

	CRASHPOINT("qt:segment gone");
	if (code || !same) {
		svshm__qt_leave(qt, borrowed);
		return code ? code :
			svshm__error_set(error, SVSHM_REMOVED,
					 "its key file %.300s was removed or "
					 "replaced meanwhile (does something "
					 "clean up its directory?): who came "
					 "after that has got another object of "
					 "this name", qt->names.segment);
	}
	svshm__qt_file_unlink(&qt->file, qt->names.segment);
	CRASHPOINT("qt:file gone");
	svshm__qt_lock_remove(&qt->lock, &qt->names);
	return SVSHM_OK;
}

/* Our mapping is gone. OWNER: we are inside the lock as it is, and it is ours
   to give. */
static int leave_object(struct svshm__qt *qt, bool owner, int timeout_ms,
			struct svshm__error *error)
{
	bool borrowed = false;
	int code = look_for_users(qt, error);

	if (!code && !owner) {
		code = svshm__qt_enter(qt, timeout_ms, &borrowed, error);
		if (code)
			return code;
		code = look_for_users(qt, error);
		owner = true;
	}
	if (!code)
		return remove_object(qt, borrowed, error);
	/* One that we have made for nothing, as another last one has removed
	   all; or that would shut the object's owner out, as it is root's. */
	if (owner && qt->lock.made &&
	    (code == SVSHM_REMOVED || qt->file.owner != geteuid()))
		svshm__qt_lock_remove(&qt->lock, &qt->names);
	else if (owner)
		svshm__qt_leave(qt, borrowed);
	/* Others are there, or another one was the last as well. */
	return code == SVSHM_BUSY || code == SVSHM_REMOVED ? SVSHM_OK : code;
}

static int is_removed(const struct svshm__qt *qt, struct svshm__error *error)
{
	struct svshm__segment_status status;
	int code = svshm__segment_stat(qt->segment_id, &status, error);

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
	bool owner = svshm__qt_owns(qt);

	/* After exit(3) has detached: the process's end does the rest. */
	if (qt->left) {
		svshm__qt_list_detach(qt);
		return SVSHM_OK;
	}

	int removed = is_removed(qt, &handle->error);

	svshm__qt_list_detach(qt);
	svshm__qt_set_owner(qt, false);
	CRASHPOINT("qt:unmapped");
	if (removed) {
		if (owner)
			svshm__qt_leave(qt, false);
		return removed;
	}
	qt->lock.make = true;
	qt->lock.made = false;
	return leave_object(qt, owner, SVSHM__QT_TIMEOUT_MS, &handle->error);
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
		bool owner = svshm__qt_is_inside(&copy, true);
		int code = path ? svshm__qt_names_of_path(&copy.names, path,
					copy.names.project, NULL) :
				  SVSHM_OUT_OF_RESOURCES;

		free(path);
		svshm__segment_vacate(copy.address, copy.size);
		if (code)
			continue;
		/* The lock that is held goes with the object, or is given back
		   by the kernel. */
		if (!owner || look_for_users(&copy, NULL) == SVSHM_OK)
			leave_object(&copy, owner,
				     SVSHM__QT_TIMEOUT_AT_EXIT_MS, NULL);
		svshm__qt_names_free(&copy.names);
	}
}
