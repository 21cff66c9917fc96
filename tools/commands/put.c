/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * svshm put: create an object, copy a file into it, stay until it was read.
 *
 * Nobody shall read an object that is half filled, so it is created locked, and
 * the copy is made under the lock.
 *
 * A copy that fails in the middle removes the object by force before the lock
 * is released: who waits for the lock then gets SVSHM_REMOVED, not half a file.
 */
#include <config.h>

#include <ctype.h>
#include <grp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#include "arguments/options.h"
#include "arguments/target.h"
#include "commands/commands.h"
#include "commands/put_source.h"
#include "common/clock.h"
#include "common/message.h"
#include "common/signals.h"
#include "common/status.h"
#include "objects/object.h"
#include "objects/waiting.h"
#include "output/values.h"
#include "svshm.h"

/* After this time, a terminal is told what is waited for. */
#define EXPLAIN_AFTER_MS 1000

struct put_run {
	struct svshm *handle;
	struct source source;
	bool explained; /* why the prompt does not come back */
	uint64_t failed; /* readers that came, and did not end in order */
};

/* What one look at the object has found. */
struct look {
	int segment_id;
	uint64_t registrations;
	uint64_t departures; /* of those who ended in order */
	size_t alive; /* this process included */
};

static int look_visit(const struct svshm_object *object, void *context)
{
	struct look *look = context;

	look->segment_id = object->segment_id;
	if (object->layout == SVSHM_LAYOUT_QT) {
		/*
		 * Nobody is registered. But the kernel notes who attached or
		 * detached last, and the first one was this process.
		 */
		look->registrations = object->last_pid == getpid() ? 1 : 2;
		look->departures = look->registrations - 1;
		look->alive = (size_t)object->mappings;
		return 0;
	}
	look->registrations = object->registrations;
	look->departures = object->departures;
	look->alive = object_alive(object);
	return 0;
}

static int withdraw_visit(const struct svshm_object *object, void *context)
{
	struct svshm_recovery recovery = { .flags = SVSHM_RECOVER_FORCE };

	(void)context;
	return svshm_recover(object, &recovery);
}

/* Fill the object, which is locked; on failure it is removed. */
static int fill(struct put_run *run, struct look *base)
{
	int status = svshm_inspect(run->handle, look_visit, base) < 0 ?
		     fail(run->handle) : TOOL_DONE;

	/* Who has attached already waits for the lock, and is a reader. */
	base->registrations = 1;
	base->departures = 0;
	if (status == TOOL_DONE)
		status = source_copy(&run->source, svshm_data(run->handle));
	if (status != TOOL_DONE) {
		svshm_inspect(run->handle, withdraw_visit, NULL);
		return status;
	}
	return svshm_unlock(run->handle) < 0 ? fail(run->handle) : TOOL_DONE;
}

/* On a terminal, say why the prompt does not come back. */
static void explain_wait(struct put_run *run, int64_t since)
{
	if (run->explained || !isatty(STDERR_FILENO) ||
	    now_ms() - since < EXPLAIN_AFTER_MS)
		return;
	run->explained = true;
	message("in place, %s; waiting for a reader, ^C removes it",
		text_size(run->source.size).bytes);
}

/* Readers that were killed, or failed: then they end without detaching. */
static void explain_failures(struct put_run *run, const struct look *base,
			     const struct look *look)
{
	uint64_t came = look->registrations - base->registrations;
	uint64_t ended = look->departures - base->departures;

	if (look->alive > 1 || came <= ended || came - ended <= run->failed)
		return;
	run->failed = came - ended;
	message("a reader has come and gone without ending in order: it "
		"failed, or was killed; waiting for another");
}

/*
 * Wait until a process has left in order since BASE and no other than this one
 * is registered any more, or for a signal. Processes are counted, not compared
 * by pid: two containers can have the same.
 */
static int wait_for_reader(struct put_run *run, const struct look *base)
{
	int64_t since = now_ms();

	for (;;) {
		struct look look = { .segment_id = -1 };
		int code = svshm_inspect(run->handle, look_visit, &look);

		if (code < 0 && code != SVSHM_NOT_FOUND)
			return fail(run->handle);
		if (look.segment_id != base->segment_id) {
			message("somebody removed the object while it was "
				"waiting for a reader");
			return TOOL_FAILED;
		}
		bool visited = look.departures > base->departures;

		explain_failures(run, base, &look);
		if (visited && look.alive <= 1)
			return TOOL_DONE;
		if (signals_caught() && visited)
			return TOOL_DONE;
		if (signals_caught()) {
			message("interrupted before a reader came; the object "
				"is removed");
			return TOOL_FAILED;
		}
		explain_wait(run, since);
		pause_ms(LOOK_EVERY_MS);
	}
}

static int put(struct put_run *run, const char *path)
{
	struct look base = { .segment_id = -1 };

	/* Until there is an object, a signal may end the process at once. */
	if (source_open(&run->source, path) != TOOL_DONE)
		return TOOL_FAILED;
	signals_catch();
	int code = svshm_create_locked(run->handle, run->source.size,
				       SVSHM_READ_WRITE);

	if (code < 0)
		return fail(run->handle);
	if (code == SVSHM_OK && *svshm_error_string(run->handle))
		message("%s", svshm_error_string(run->handle));
	if (code == SVSHM_ORPHANED)
		message("replaces what crashed processes had left");
	int status = fill(run, &base);

	if (status == TOOL_DONE)
		status = wait_for_reader(run, &base);
	/* If fill() or somebody else has removed it, that has been said. */
	if (svshm_detach(run->handle) < 0 && status == TOOL_DONE)
		status = fail(run->handle);
	return status;
}

static int set_mode(struct svshm *handle, const char *text)
{
	char *end;
	unsigned long mode = strtoul(text, &end, 8);

	if (!isdigit((unsigned char)*text) || *end || mode > 0777)
		return usage_error(&command_put, "--mode: \"%.40s\" is not an "
				   "octal mode like 0640", text);
	if (svshm_set_mode(handle, (mode_t)mode) < 0)
		return fail(handle);
	return TOOL_DONE;
}

static int set_group(struct svshm *handle, const char *text)
{
	const struct group *group = getgrnam(text);
	char *end;
	unsigned long gid = strtoul(text, &end, 10);

	if (!group && (!isdigit((unsigned char)*text) || *end ||
		       (gid_t)gid != gid)) {
		message("there is no group \"%s\"", text);
		return TOOL_FAILED;
	}
	if (svshm_set_group(handle, group ? group->gr_gid : (gid_t)gid) < 0)
		return fail(handle);
	return TOOL_DONE;
}

static int put_run(int argc, char **argv)
{
	struct target target = TARGET_INIT;
	const char *mode = NULL, *group = NULL;
	bool huge = false, locked = false;
	const struct tool_option options[] = {
		{ "group", OPTION_TEXT, &group },
		{ "huge", OPTION_FLAG, &huge },
		{ "layout", OPTION_LAYOUT, &target.layout },
		{ "locked", OPTION_FLAG, &locked },
		{ "mode", OPTION_TEXT, &mode },
		{ "native-key", OPTION_TEXT, &target.native_key },
		{ NULL, OPTION_FLAG, NULL },
	};
	struct operands operands;
	int status = options_parse(&command_put, argc, argv, options,
				   &operands);

	if (status != OPTIONS_READ)
		return status;
	struct put_run run = { .source.fd = -1 };

	run.handle = target_handle(&command_put, &target, &operands, &status);
	if (!run.handle)
		return status;
	status = operands_at_most(&command_put, &operands, 1);
	if (status == OPTIONS_READ)
		status = TOOL_DONE;
	if (status == TOOL_DONE && mode)
		status = set_mode(run.handle, mode);
	if (status == TOOL_DONE && group)
		status = set_group(run.handle, group);
	if (status == TOOL_DONE &&
	    svshm_set_memory(run.handle, (huge ? SVSHM_MEMORY_HUGE : 0) |
			     (locked ? SVSHM_MEMORY_LOCKED : 0)) < 0)
		status = fail(run.handle);
	if (status == TOOL_DONE)
		status = put(&run, operands.values[0]);
	svshm_free(run.handle);
	source_close(&run.source);
	return status;
}

const struct command command_put = {
	.name = "put",
	.run = put_run,
	.help = "create an object from a file; stay until it has been read",
	.usage =
	"usage: svshm put KEY [FILE] [--mode MODE] [--group GROUP] [--huge] "
	"[--locked]\n"
	"       svshm put --native-key PATH [FILE] [--mode MODE] "
	"[--group GROUP]\n"
	"\n"
	"Create an object with the contents of FILE, or of standard input, "
	"and stay\nattached until a reader has come and left in order, or until "
	"a signal (^C).\n"
	"\n"
	"  --group GROUP      the object's group, by name or number\n"
	"  --huge             of huge pages, if there are any\n"
	"  --layout LAYOUT    native, or qt: the object of a Qt program\n"
	"  --locked           never swapped\n"
	"  --mode MODE        the object's rights, octal (0600)\n"
	"  --native-key PATH  the object of the key file PATH\n",
};
