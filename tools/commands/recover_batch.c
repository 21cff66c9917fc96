/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A file's name is durable only after its directory is, and to make that so
 * takes as long as to make the file's data durable. So small objects are saved
 * by dozens: first each one's data, in a file without its name; then all names
 * are given, and made durable at once; then the objects are removed.
 *
 * Nothing that holds for one that is saved alone is given up. Each object is
 * judged again, in its gate, right before its removal; it goes only if its file
 * still holds what it holds itself, byte by byte. Whose data have changed
 * meanwhile is saved anew, alone. What is kept after all has no file.
 *
 * Not for another program's segment: to look at it makes this process its last
 * user, who lives.
 */
#include <config.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "commands/recover_batch.h"
#include "common/signals.h"
#include "common/text.h"

/* Of one's data: it is read twice. */
#define SIZE_MOST ((uint64_t)1 << 20)

/* What stops a removal: no code has it. */
#define NOT_YET 1000

bool batch_takes(const struct recover_run *run,
		 const struct svshm_object *object)
{
	return run->directory && !run->named && !run->report.dry_run &&
	       object->layout == SVSHM_LAYOUT_NATIVE &&
	       object->verdict == SVSHM_VERDICT_ORPHAN &&
	       object->size <= SIZE_MOST;
}

/* ---- Saving -------------------------------------------------------------- */

struct saving {
	struct rescue rescue;
	struct new_file draft;
};

static int save(const struct svshm_object *object, const void *data,
		size_t size, void *context)
{
	struct saving *saving = context;
	int code = rescue_draft(&saving->rescue, object, data, size,
				&saving->draft);

	return code ? code : NOT_YET;
}

void batch_add(struct recover_run *run, const struct svshm_object *object)
{
	struct batch *batch = &run->batch;
	struct saving saving = { .rescue = { .directory = run->directory } };
	struct svshm_recovery recovery = { .save = save, .context = &saving };
	int code = svshm_recover(object, &recovery);

	if (code != NOT_YET) {
		recover_tell(run, object, &recovery, code, &saving.rescue);
		return;
	}
	batch->drafts[batch->objects.count] = saving.draft;
	snapshot_add(&batch->objects, object);
	if (batch->objects.count == DRAFTS_MAX)
		batch_end(run);
}

/* ---- Removing ------------------------------------------------------------ */

struct removing {
	const struct new_file *file;
	bool changed; /* it does not hold what the object holds */
};

static int compare(const struct svshm_object *object, const void *data,
		   size_t size, void *context)
{
	struct removing *removing = context;

	(void)object;
	removing->changed = !new_file_holds(removing->file, data, size);
	return removing->changed ? NOT_YET : 0;
}

static void discard(struct new_file *file)
{
	/* With its name, it was made by us, and replaced none. */
	if (!file->temporary)
		unlink(file->path);
	new_file_end(file);
}

static void remove_object(struct recover_run *run,
			  const struct svshm_object *object,
			  struct new_file *file)
{
	struct rescue rescue = { .directory = run->directory };
	struct removing removing = { .file = file };
	struct svshm_recovery recovery = { .save = compare,
					   .context = &removing };
	int code = svshm_recover(object, &recovery);

	if (removing.changed) {
		discard(file);
		recover_object(run, object);
		return;
	}
	if (code < 0) {
		discard(file);
	} else {
		rescue.path = text_print("%s", file->path);
		new_file_end(file);
	}
	recover_tell(run, object, &recovery, code, &rescue);
}

static void keep_object(struct recover_run *run,
			const struct svshm_object *object,
			struct new_file *file, int errnum)
{
	char *why = text_print("cannot save the data in %s: %s", file->path,
			       strerror(errnum));

	discard(file);
	report_object(&run->report, object, FAILED, why, NULL);
	free(why);
}

/* An errno for each, or 0. */
static void name_all(struct recover_run *run, int *errors)
{
	struct batch *batch = &run->batch;
	size_t count = batch->objects.count;
	int error = 0;

	for (size_t i = 0; i < count; i++)
		errors[i] = new_file_name(&batch->drafts[i], false) == 0 ?
			0 : errno;
	if (directory_secure(run->directory) != 0)
		error = errno;
	for (size_t i = 0; i < count; i++)
		if (!errors[i])
			errors[i] = error;
}

void batch_end(struct recover_run *run)
{
	struct batch *batch = &run->batch;
	int errors[DRAFTS_MAX];

	if (batch->objects.count == 0)
		return;
	if (!signals_caught())
		name_all(run, errors);
	for (size_t i = 0; i < batch->objects.count; i++) {
		struct svshm_object *object = &batch->objects.list[i].object;
		struct new_file *file = &batch->drafts[i];

		if (signals_caught())
			discard(file);
		else if (errors[i])
			keep_object(run, object, file, errors[i]);
		else
			remove_object(run, object, file);
	}
	snapshot_free(&batch->objects);
}
