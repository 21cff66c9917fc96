/* SPDX-License-Identifier: BSD-2-Clause */
#include <config.h>

#include <stdlib.h>

#include "common/text.h"
#include "objects/object.h"
#include "output/values.h"

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
	/* Another program's segment has no header: all of it is data. */
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

		if (process->alive)
			users = text_join(users, ", ", text_print(
				"pid %ld (%.*s)", (long)process->pid,
				SVSHM_PROCESS_NAME_SIZE, process->name));
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
