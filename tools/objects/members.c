/* SPDX-License-Identifier: BSD-2-Clause */
#include <config.h>

#include <limits.h>
#include <stdio.h>

#include "objects/members.h"
#include "objects/notes.h"
#include "objects/object.h"
#include "output/json.h"
#include "output/values.h"

/* One word, stable: svshm_verdict_string() is for people, and may change. */
static const char *verdict_word(const struct svshm_object *object)
{
	switch (object->verdict) {
	case SVSHM_VERDICT_GONE:
		return "gone";
	case SVSHM_VERDICT_FOREIGN:
		return "foreign";
	case SVSHM_VERDICT_HALF_MADE:
		return "half-made";
	case SVSHM_VERDICT_IN_USE:
		return "in-use";
	case SVSHM_VERDICT_ORPHAN:
		return "orphan";
	case SVSHM_VERDICT_HALF_REMOVED:
		return "half-removed";
	case SVSHM_VERDICT_CORRUPT:
		return "corrupt";
	case SVSHM_VERDICT_UNKNOWN:
		break;
	}
	return "unknown";
}

static void process_json(const struct svshm_process *process)
{
	char name[SVSHM_PROCESS_NAME_SIZE + 1];

	snprintf(name, sizeof(name), "%.*s", SVSHM_PROCESS_NAME_SIZE,
		 process->name);
	json_open(NULL, '{');
	json_number("pid", process->pid);
	json_boolean("alive", process->alive);
	json_text("access", process->access == SVSHM_READ_ONLY ? "read-only" :
		  "read-write");
	json_known("start_time", process->start_time);
	json_known("attach_time", process->attach_time);
	json_text("name", name);
	json_close('}');
}

/* What is told of other programs' segments and sets only. */
static void foreign_json(const struct svshm_object *object)
{
	bool foreign = object->verdict == SVSHM_VERDICT_FOREIGN;

	json_text("certainty", foreign ? object_certainty(object) : NULL);
	json_known("semaphores", (int64_t)object->semaphore_count);
	json_known("operation_time", object->operation_time);
	if (object->waiters != UINT_MAX)
		json_unsigned("waiters", object->waiters);
	else
		json_null("waiters");
	json_open("semaphore_pids", '[');
	for (size_t i = 0; i < object->semaphore_pid_count; i++)
		json_number(NULL, object->semaphore_pids[i]);
	json_close(']');
}

/* Whose it is. A key file alone has no creator. */
static void rights_json(const struct svshm_object *object)
{
	json_id("uid", object->uid == (uid_t)-1 ? -1 : (int64_t)object->uid);
	json_id("gid", object->gid == (gid_t)-1 ? -1 : (int64_t)object->gid);
	json_id("creator_uid", object->creator_uid == (uid_t)-1 ? -1 :
			       (int64_t)object->creator_uid);
	json_text("mode", object->mode == (mode_t)-1 ? NULL :
		  text_mode(object->mode).bytes);
}

/* What the header tells, if there is one. */
static void users_json(const struct svshm_object *object)
{
	bool header = object->max_processes > 0;

	json_id("registrations", header ? (int64_t)object->registrations : -1);
	json_id("departures", header ? (int64_t)object->departures : -1);
	json_known("max_processes", (int64_t)object->max_processes);
	if (object->lock_known)
		json_boolean("locked", object->locked);
	else
		json_null("locked");
	if (header)
		json_boolean("owner_died", object->owner_died);
	else
		json_null("owner_died");
	json_known("lock_pid", object->lock_pid);
	/* An array even if nothing is known: it can be gone through. */
	json_open("processes", '[');
	for (size_t i = 0; i < object->process_count; i++)
		process_json(&object->processes[i]);
	json_close(']');
}

/* Without a segment there is no memory. */
static void memory_json(const struct svshm_object *object)
{
	json_known("page_size", (int64_t)object->page_size);
	if (object->page_size)
		json_boolean("transparent", object->transparent);
	else
		json_null("transparent");
	if (object->segment_size)
		json_boolean("memory_locked", object->memory_locked);
	else
		json_null("memory_locked");
}

void object_json(const struct svshm_object *object)
{
	bool counted = object->segment_id >= 0 &&
		       object->mappings != UINT64_MAX;

	json_text("key", object->key);
	json_text("native_key", object->native_key);
	json_text("layout", object->layout == SVSHM_LAYOUT_QT ? "qt" :
		  "native");
	json_text("verdict", verdict_word(object));
	json_boolean("leftover", object_is_leftover(object));
	json_text("reason", object->reason);
	json_number("ipc_key", object->ipc_key);
	json_id("segment_id", object->segment_id);
	json_id("semaphore_id", object->semaphore_id);
	rights_json(object);
	json_known("size", (int64_t)object->size);
	json_known("segment_size", (int64_t)object->segment_size);
	memory_json(object);
	json_id("mappings", counted ? (int64_t)object->mappings : -1);
	json_known("create_time", object->create_time);
	json_known("attach_time", object->attach_time);
	json_known("detach_time", object->detach_time);
	json_known("creator_pid", object->creator_pid);
	json_known("last_pid", object->last_pid);
	users_json(object);
	notes_json(object);
	foreign_json(object);
}
