/* SPDX-License-Identifier: BSD-2-Clause */
/* Objects in words and in JSON: one place for all commands. */
#include <config.h>

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

#include "tool.h"

bool object_is_leftover(const struct svshm_object *object)
{
	switch (object->verdict) {
	case SVSHM_VERDICT_HALF_MADE:
	case SVSHM_VERDICT_ORPHAN:
	case SVSHM_VERDICT_HALF_REMOVED:
	case SVSHM_VERDICT_CORRUPT:
		return true;
	case SVSHM_VERDICT_GONE:
	case SVSHM_VERDICT_FOREIGN:
	case SVSHM_VERDICT_IN_USE:
	case SVSHM_VERDICT_UNKNOWN:
		break;
	}
	return false;
}

const char *object_verdict(const struct svshm_object *object)
{
	/* Not svshm_verdict_string(): that is for people and may change. */
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

const char *object_certainty(const struct svshm_object *object)
{
	switch (object->certainty) {
	case SVSHM_CERTAINTY_POSSIBLE:
		return "possible";
	case SVSHM_CERTAINTY_LIKELY:
		return "likely";
	case SVSHM_CERTAINTY_ALMOST:
		return "almost-certain";
	case SVSHM_CERTAINTY_NONE:
		break;
	}
	return "none";
}

uint64_t object_size(const struct svshm_object *object)
{
	/* A program's segment is all data: it has no size of svshm's. */
	return object->size ? object->size : object->segment_size;
}

int64_t object_left_time(const struct svshm_object *object)
{
	int64_t left = object->detach_time;

	if (object->verdict == SVSHM_VERDICT_FOREIGN) {
		if (object->attach_time > left)
			left = object->attach_time;
		if (object->operation_time > left)
			left = object->operation_time;
		if (object->create_time > left)
			left = object->create_time;
	}
	return left ? left : object->create_time;
}

const char *object_layout(const struct svshm_object *object)
{
	if (object->layout == SVSHM_LAYOUT_QT)
		return "qt";
	return object->verdict == SVSHM_VERDICT_FOREIGN ? "-" : "native";
}

size_t object_alive(const struct svshm_object *object)
{
	size_t alive = 0;

	for (size_t i = 0; i < object->process_count; i++)
		alive += object->processes[i].alive;
	return alive;
}

char *object_name(const struct svshm_object *object)
{
	if (object->key)
		return text_print("%s", object->key);
	if (object->native_key)
		return text_print("%s", object->native_key);
	if (object->segment_id >= 0)
		return text_print("segment %d", object->segment_id);
	if (object->semaphore_id >= 0)
		return text_print("semaphore set %d", object->semaphore_id);
	return text_print("unnamed");
}

char *object_users(const struct svshm_object *object)
{
	char *users = NULL;

	for (size_t i = 0; i < object->process_count; i++) {
		const struct svshm_process *process = &object->processes[i];

		if (!process->alive)
			continue;
		char *longer = text_print(
			"%s%spid %ld (%.*s)", users ? users : "",
			users ? ", " : "", (long)process->pid,
			SVSHM_PROCESS_NAME_SIZE, process->name);

		free(users);
		users = longer;
	}
	return users;
}

char *object_refusal(const struct svshm_object *object,
		     const struct svshm_recovery *recovery, int code)
{
	const char *why = *recovery->message ? recovery->message :
			  svshm_strerror(code);
	char *users = object_users(object);
	char *refusal;

	if (code == SVSHM_BUSY && users)
		refusal = text_print("in use by %s", users);
	else if (code == SVSHM_PERMISSION_DENIED &&
		 object->uid != (uid_t)-1)
		refusal = text_print("it belongs to %s, who can remove it%s: "
				     "%s", text_user(object->uid).bytes,
				     object->uid == 0 ? "" : ", as root can",
				     why);
	else if (code == SVSHM_CORRUPT && object->segment_id >= 0)
		refusal = text_print("%s; \"svshm remove --force --id %d\" "
				     "removes it", why, object->segment_id);
	else
		refusal = text_print("%s", why);
	free(users);
	return refusal;
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

static const struct {
	unsigned bit;
	const char *word; /* for JSON */
	const char *text; /* for people */
} notes[] = {
	{ SVSHM_NOTE_KEY_FILE_GONE, "key-file-gone", "its key file is gone" },
	{ SVSHM_NOTE_KEY_FILE_REPLACED, "key-file-replaced",
	  "its key file was lost: there is another file now" },
	{ SVSHM_NOTE_COLLISION, "collision",
	  "it has a spare IPC key, as ftok gave one that was taken" },
	{ SVSHM_NOTE_SET_GONE, "set-gone",
	  "somebody has removed its semaphore set" },
	{ SVSHM_NOTE_RETIRED, "retired",
	  "emptied by its last user, who was not permitted to remove it" },
	{ SVSHM_NOTE_LOCK_SHARED, "lock-shared",
	  "another key has the same lock" },
};

#define NOTE_COUNT (sizeof(notes) / sizeof(*notes))

char *object_notes(const struct svshm_object *object)
{
	char *all = NULL;

	for (size_t i = 0; i < NOTE_COUNT; i++) {
		if (!(object->notes & notes[i].bit))
			continue;
		char *longer = text_print("%s%s%s", all ? all : "",
					  all ? "; " : "", notes[i].text);

		free(all);
		all = longer;
	}
	return all;
}

/* Of another program's, and of its set in particular. */
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

/* Whose it is; no key file says who made it. */
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
	/* Empty also if not known, for who goes through all of them. */
	json_open("processes", '[');
	for (size_t i = 0; i < object->process_count; i++)
		process_json(&object->processes[i]);
	json_close(']');
}

void object_json(const struct svshm_object *object)
{
	bool counted = object->segment_id >= 0 &&
		       object->mappings != UINT64_MAX;

	json_text("key", object->key);
	json_text("native_key", object->native_key);
	json_text("layout", object->layout == SVSHM_LAYOUT_QT ? "qt" :
		  "native");
	json_text("verdict", object_verdict(object));
	json_boolean("leftover", object_is_leftover(object));
	json_text("reason", object->reason);
	json_number("ipc_key", object->ipc_key);
	json_id("segment_id", object->segment_id);
	json_id("semaphore_id", object->semaphore_id);
	rights_json(object);
	json_known("size", (int64_t)object->size);
	json_known("segment_size", (int64_t)object->segment_size);
	json_id("mappings", counted ? (int64_t)object->mappings : -1);
	json_known("create_time", object->create_time);
	json_known("attach_time", object->attach_time);
	json_known("detach_time", object->detach_time);
	json_known("creator_pid", object->creator_pid);
	json_known("last_pid", object->last_pid);
	users_json(object);
	json_open("notes", '[');
	for (size_t i = 0; i < NOTE_COUNT; i++)
		if (object->notes & notes[i].bit)
			json_text(NULL, notes[i].word);
	json_close(']');
	foreign_json(object);
}
