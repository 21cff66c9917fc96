/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * svshm get: copy an object's data out.
 *
 * Detaching as the last one removes the object, so it is done only after the
 * data are where they were to go. If that fails, the process ends undetached:
 * the object stays what it was, data and all.
 */
#include <config.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tool.h"

#ifndef PATH_MAX
#define PATH_MAX 4096
#endif

/* The kernel tells nobody that an object has been created: look this often. */
#define LOOK_EVERY_MS 25

struct get_run {
	struct svshm *handle;
	bool wait;
	struct target target;
	const char *key; /* NULL: a native key */
	int64_t deadline;
	bool orphaned;
	bool locked;

	const char *name;     /* of the destination, for messages */
	int fd;
	bool new;             /* a new file takes the place of the old one */
	bool slow;            /* a pipe or a terminal may take its time */
	struct new_file file;
};

/* A new file gets the rights of the one it replaces, or any new file's. */
static mode_t file_mode(const struct stat *old)
{
	mode_t mask = umask(0);

	umask(mask);
	return old ? old->st_mode & 0777 : 0666 & ~mask;
}

static int write_failed(const struct get_run *run)
{
	/* An interruption needs no explanation. */
	if (!signals_caught())
		message("cannot write %s: %s", run->name, strerror(errno));
	return TOOL_FAILED;
}

/*
 * A regular file is replaced when all is written. Anything else with a name (a
 * device, a FIFO) is written to: replacing /dev/null would be a disaster.
 */
static int open_named(struct get_run *run)
{
	char resolved[PATH_MAX];
	const char *path = run->name;
	struct stat old;
	bool exists = stat(path, &old) == 0;

	if (exists && !S_ISREG(old.st_mode)) {
		run->slow = true;
		run->fd = open(path, O_WRONLY);
		return run->fd < 0 ? write_failed(run) : TOOL_DONE;
	}
	/* A link stays: the file it leads to is replaced. */
	if (exists && realpath(path, resolved))
		path = resolved;
	if (new_file_begin(&run->file, path) != 0)
		return write_failed(run);
	run->new = true;
	run->fd = run->file.fd;
	if (fchmod(run->fd, file_mode(exists ? &old : NULL)) != 0)
		return write_failed(run);
	return TOOL_DONE;
}

static int open_destination(struct get_run *run, const char *path)
{
	struct stat status;

	if (path && strcmp(path, "-") != 0) {
		run->name = path;
		return open_named(run);
	}
	run->name = "standard output";
	run->fd = STDOUT_FILENO;
	run->slow = fstat(run->fd, &status) != 0 || !S_ISREG(status.st_mode);
	return TOOL_DONE;
}

/*
 * The list prints the native key of what has no key. Only a name for people is
 * left then, if it prints that.
 */
static int attach_listed(struct get_run *run)
{
	if (run->key && run->key[0] == '/') {
		int code = svshm_set_native_key(run->handle, run->key);

		if (code >= 0)
			code = svshm_attach(run->handle, SVSHM_READ_ONLY);
		if (code != SVSHM_NOT_FOUND)
			return code;
		svshm_set_key(run->handle, run->key);
	}
	return svshm_attach(run->handle, SVSHM_READ_ONLY);
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

/* Perhaps the list prints that name, or another user has an object of it. */
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

static int take_lock(struct get_run *run)
{
	int code = lock_until(run->handle, run->deadline);

	if (code == SVSHM_PERMISSION_DENIED) {
		message("copied without the lock, which you may not take: if "
			"somebody writes meanwhile, the copy is torn");
		return TOOL_DONE;
	}
	if (code == LOCK_INTERRUPTED)
		return TOOL_FAILED;
	if (code < 0)
		return fail(run->handle);
	run->locked = true;
	if (code == SVSHM_OWNER_DIED)
		message("an owner of the lock died holding it: the data may "
			"be torn");
	return TOOL_DONE;
}

static int unlock(struct get_run *run)
{
	if (!run->locked)
		return TOOL_DONE;
	run->locked = false;
	return svshm_unlock(run->handle) < 0 ? fail(run->handle) : TOOL_DONE;
}

static int write_out(struct get_run *run, const void *data, size_t size)
{
	if (write_all(run->fd, data, size, NULL) == 0)
		return TOOL_DONE;
	return write_failed(run);
}

/*
 * Under the lock; but who reads from a pipe may take for ever, so for a slow
 * destination the data are copied to memory first, if there is enough.
 */
static int copy_out(struct get_run *run)
{
	const void *data = svshm_const_data(run->handle);
	size_t size = svshm_size(run->handle);
	void *copy = run->slow ? malloc(size) : NULL;
	int status = TOOL_DONE;

	if (copy) {
		memcpy(copy, data, size);
		data = copy;
		status = unlock(run);
	}
	if (status == TOOL_DONE)
		status = write_out(run, data, size);
	free(copy);
	if (unlock(run) != TOOL_DONE)
		status = TOOL_FAILED;
	if (status == TOOL_DONE && run->new &&
	    new_file_commit(&run->file, true) != 0)
		status = write_failed(run);
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
	status = take_lock(run);
	if (status == TOOL_DONE)
		status = copy_out(run);
	/* The copy is complete: what detach says is only worth a warning. */
	if (status == TOOL_DONE && svshm_detach(run->handle) < 0)
		fail(run->handle);
	return status;
}

static int finish(struct get_run *run, int status)
{
	if (run->new)
		new_file_end(&run->file);
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
	struct get_run run = { .fd = -1, .target = { .user = (uid_t)-1 } };
	const struct tool_option options[] = {
		{ "layout", OPTION_LAYOUT, &run.target.layout },
		{ "native-key", OPTION_TEXT, &run.target.native_key },
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
	run.handle = options_handle(&command_get, &operands,
				    run.target.native_key, run.target.layout,
				    &status);
	if (!run.handle)
		return status;
	if (target_set_user(&run.target, run.handle) < 0) {
		status = fail(run.handle);
		svshm_free(run.handle);
		return status;
	}
	if (operands.count > 1) {
		svshm_free(run.handle);
		return usage_error(&command_get, "\"%.60s\" is one argument "
				   "too many", operands.values[1]);
	}
	signals_catch();
	run.deadline = deadline_after(timeout);
	status = open_destination(&run, operands.values[0]);
	if (status == TOOL_DONE)
		status = get(&run);
	return finish(&run, status);
}

const struct command command_get = {
	.name = "get",
	.run = get_run,
	.help = "copy the data of an object to a file",
	.usage =
	"usage: svshm get KEY [FILE] [--wait] [--timeout T] [--user USER]\n"
	"       svshm get --native-key PATH [FILE] [--wait] [--timeout T]\n"
	"\n"
	"Copy the data of an object to FILE, or to standard output, under the "
	"lock.\nFILE is complete or as it was before.\n"
	"\n"
	"  --layout LAYOUT    native, or qt: the object of a Qt program\n"
	"  --native-key PATH  the object of the key file PATH\n"
	"  --timeout T        wait so long at most, for object and lock: 30s, "
	"10m\n"
	"  --user USER        the key of that user: a name, or a uid\n"
	"  --wait             wait until there is such an object\n",
};
