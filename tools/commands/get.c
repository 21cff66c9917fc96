/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * svshm get: copy an object's data out.
 *
 * The last one to detach removes the object, so get detaches only when the data
 * are where they should be. If that fails, the process ends without detaching:
 * the object stays as it was, with its data.
 */
#include <config.h>

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "arguments/options.h"
#include "arguments/search.h"
#include "arguments/target.h"
#include "commands/commands.h"
#include "commands/get_destination.h"
#include "commands/get_snapshot.h"
#include "common/clock.h"
#include "common/message.h"
#include "common/signals.h"
#include "common/status.h"
#include "objects/waiting.h"
#include "svshm.h"

struct get_run {
	struct svshm *handle;
	bool wait;
	struct target target;
	const char *key; /* NULL: a native key */
	int64_t deadline;
	bool orphaned;
	bool locked;
	bool snapshot;  /* without the lock */
	void *copy;     /* NULL: the data are to be copied from the object */
	struct destination destination;
};

/* There is no such key: perhaps it is a native key, which the list prints. */
static int attach_listed(struct get_run *run)
{
	if (!run->key || run->key[0] != '/')
		return SVSHM_NOT_FOUND;
	int code = svshm_set_native_key(run->handle, run->key);

	if (code >= 0)
		code = svshm_attach(run->handle, SVSHM_READ_ONLY);
	/* It is a key again when this is tried again. */
	if (code == SVSHM_NOT_FOUND)
		svshm_set_key(run->handle, run->key);
	return code;
}

static int tell_what_it_is(const struct svshm_object *object, void *name)
{
	message("%s is %s, and get copies only what is whole and svshm's or "
		"Qt's; \"svshm info\" tells more", (const char *)name,
		object->verdict == SVSHM_VERDICT_FOREIGN ?
			"another program's" :
			svshm_verdict_string(object->verdict));
	return 0;
}

/* Perhaps the list prints that name, or another user has such a key. */
static int explain_not_found(struct get_run *run)
{
	char *problem = NULL;

	if (!run->key)
		return fail(run->handle);
	if (target_find(&run->target, run->key, tell_what_it_is,
			(void *)(uintptr_t)run->key, &problem) < 0)
		message("%s", problem);
	free(problem);
	return TOOL_FAILED;
}

static int attach(struct get_run *run)
{
	for (;;) {
		int code = svshm_attach(run->handle, SVSHM_READ_ONLY);

		if (code == SVSHM_NOT_FOUND)
			code = attach_listed(run);
		if (code >= 0) {
			run->orphaned = code == SVSHM_ORPHANED;
			return TOOL_DONE;
		}
		if (code == SVSHM_NOT_FOUND && !run->wait)
			return explain_not_found(run);
		if (code != SVSHM_NOT_FOUND)
			return fail(run->handle);
		if (now_ms() >= run->deadline) {
			message("no object has come in the time given");
			return TOOL_FAILED;
		}
		if (signals_caught())
			return TOOL_FAILED;
		pause_ms(LOOK_EVERY_MS);
	}
}

static void tell_of_death(void)
{
	message("an owner of the lock died holding it: the data may be torn");
}

static int take_snapshot(struct get_run *run)
{
	int code = get_snapshot(run->handle, run->deadline, &run->copy);

	if (code == LOCK_INTERRUPTED)
		return TOOL_FAILED;
	if (code == SNAPSHOT_TOO_LARGE) {
		message("no memory for a snapshot of %lu bytes",
			(unsigned long)svshm_size(run->handle));
		return TOOL_FAILED;
	}
	if (code == SVSHM_NOT_SUPPORTED && !run->snapshot) {
		message("copied without the lock, which you may not take: if "
			"somebody writes meanwhile, the copy is torn");
		return TOOL_DONE;
	}
	if (code < 0)
		return fail(run->handle);
	if (code == SVSHM_OWNER_DIED)
		tell_of_death();
	return TOOL_DONE;
}

/* Who may only read can't take it. */
static int take_lock(struct get_run *run)
{
	int code = lock_until(run->handle, run->deadline);

	if (code == SVSHM_PERMISSION_DENIED)
		return take_snapshot(run);
	if (code == LOCK_INTERRUPTED)
		return TOOL_FAILED;
	if (code < 0)
		return fail(run->handle);
	run->locked = true;
	if (code == SVSHM_OWNER_DIED)
		tell_of_death();
	return TOOL_DONE;
}

static int unlock(struct get_run *run)
{
	if (!run->locked)
		return TOOL_DONE;
	run->locked = false;
	return svshm_unlock(run->handle) < 0 ? fail(run->handle) : TOOL_DONE;
}

/*
 * The lock is held meanwhile. But who reads from a pipe may take any time, so
 * for a slow destination the data are copied to memory first, if there is
 * enough of it, and the lock is released.
 */
static int copy_out(struct get_run *run)
{
	const void *data = svshm_const_data(run->handle);
	size_t size = svshm_size(run->handle);
	int status = TOOL_DONE;

	if (!run->copy && run->destination.slow) {
		run->copy = malloc(size);
		if (run->copy)
			memcpy(run->copy, data, size);
	}
	if (run->copy) {
		data = run->copy;
		status = unlock(run);
	}
	if (status == TOOL_DONE)
		status = destination_write(&run->destination, data, size);
	free(run->copy);
	if (unlock(run) != TOOL_DONE)
		status = TOOL_FAILED;
	if (status == TOOL_DONE)
		status = destination_commit(&run->destination);
	return status;
}

static int get(struct get_run *run)
{
	int status = attach(run);

	if (status != TOOL_DONE)
		return status;
	if (run->orphaned)
		message("its users died without detaching: the data are what "
			"they left");
	status = run->snapshot ? take_snapshot(run) : take_lock(run);
	if (status == TOOL_DONE)
		status = copy_out(run);
	/* The copy is complete, so this is only a warning. */
	if (status == TOOL_DONE && svshm_detach(run->handle) < 0)
		fail(run->handle);
	return status;
}

static int finish(struct get_run *run, int status)
{
	destination_close(&run->destination);
	if (status == TOOL_DONE) {
		svshm_free(run->handle);
		return status;
	}
	unlock(run);
	if (signals_caught())
		signals_die();
	/* Not exit(3), which would detach. */
	if (svshm_is_attached(run->handle))
		_exit(status);
	svshm_free(run->handle);
	return status;
}

static int get_run(int argc, char **argv)
{
	int64_t timeout = -1;
	struct get_run run = { .target = TARGET_INIT };
	const struct tool_option options[] = {
		{ "layout", OPTION_LAYOUT, &run.target.layout },
		{ "native-key", OPTION_TEXT, &run.target.native_key },
		{ "snapshot", OPTION_FLAG, &run.snapshot },
		{ "timeout", OPTION_DURATION, &timeout },
		{ "user", OPTION_USER, &run.target.user },
		{ "wait", OPTION_FLAG, &run.wait },
		{ NULL, OPTION_FLAG, NULL },
	};
	struct operands operands;
	int status = options_parse(&command_get, argc, argv, options,
				   &operands);

	if (status != OPTIONS_READ)
		return status;
	run.key = run.target.native_key ? NULL : operands.values[0];
	run.handle = target_handle(&command_get, &run.target, &operands,
				   &status);
	if (!run.handle)
		return status;
	status = operands_at_most(&command_get, &operands, 1);
	if (status != OPTIONS_READ) {
		svshm_free(run.handle);
		return status;
	}
	signals_catch();
	run.deadline = deadline_after(timeout);
	status = destination_open(&run.destination, operands.values[0]);
	if (status == TOOL_DONE)
		status = get(&run);
	return finish(&run, status);
}

const struct command command_get = {
	.name = "get",
	.run = get_run,
	.help = "copy the data of an object to a file",
	.usage =
	"usage: svshm get KEY [FILE] [--wait] [--timeout T] [--snapshot]\n"
	"                 [--user USER]\n"
	"       svshm get --native-key PATH [FILE] [--wait] [--timeout T]\n"
	"                 [--snapshot]\n"
	"\n"
	"Copy the data of an object to FILE, or to standard output, under the "
	"lock.\nFILE is complete or as it was before. Who may only read copies "
	"a snapshot.\n"
	"\n"
	"  --layout LAYOUT    native, or qt: the object of a Qt program\n"
	"  --native-key PATH  the object of the key file PATH\n"
	"  --snapshot         do not take the lock: copy the data of a moment "
	"at which\n"
	"                     nobody owns it\n"
	"  --timeout T        wait so long at most, for object and lock: 30s, "
	"10m\n"
	"  --user USER        the key of that user: a name, or a uid\n"
	"  --wait             wait until there is such an object\n",
};
