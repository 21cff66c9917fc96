/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * For calls.sh: does with one object what a program does, each step after a
 * mark that shows in a trace of system calls: access() to a file that is not
 * there, with the step's name.
 *
 *   calls native|qt
 *
 * Exit status 77: the calls of this build mean nothing.
 *
 * What is done once a process only (its own entry in /proc is read, say) is done
 * before the first mark. From "first-attach" on another process has the object,
 * which has made it.
 */
#include <config.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "svshm.h"

#define SIZE 65536

/* A build for another system, of which this one is asked to play the part. */
#if defined(HAVE_SEMTIMEDOP) && HAVE_DECL_SEMTIMEDOP
#define OTHER_CALLS 0
#else
#define OTHER_CALLS 1
#endif

static char key[64];
static enum svshm_layout layout;

static void need(struct svshm *handle, int code)
{
	if (code >= 0)
		return;
	fprintf(stderr, "calls: %s\n", svshm_error_string(handle));
	exit(1);
}

static void mark(const char *step)
{
	char path[80];

	snprintf(path, sizeof(path), "/svshm-calls/%s", step);
	if (access(path, F_OK) == 0)
		exit(1);
}

static struct svshm *new_handle(void)
{
	struct svshm *handle = svshm_new(key);

	if (!handle)
		exit(1);
	need(handle, svshm_set_layout(handle, layout));
	return handle;
}

static void create(struct svshm *handle)
{
	need(handle, svshm_create(handle, SIZE, SVSHM_READ_WRITE));
}

static void attach(struct svshm *handle)
{
	need(handle, svshm_attach(handle, SVSHM_READ_WRITE));
}

static void detach(struct svshm *handle)
{
	need(handle, svshm_detach(handle));
}

static void as_the_only_user(struct svshm *handle)
{
	mark("create");
	create(handle);
	mark("last-detach");
	detach(handle);
	mark("end");
}

static void as_another_user(struct svshm *handle)
{
	mark("first-attach");
	attach(handle);
	mark("end");
	detach(handle);
	mark("attach");
	attach(handle);
	mark("detach");
	detach(handle);
	mark("end");
}

/* Make the object, say so, and leave it when nobody reads any more. */
static void hold(const int made[2], const int done[2])
{
	struct svshm *handle = new_handle();
	char byte;

	close(done[1]);
	create(handle);
	if (write(made[1], "", 1) != 1 || read(done[0], &byte, 1) != 0)
		exit(1);
	detach(handle);
	svshm_free(handle);
	exit(0);
}

static int with_a_holder(struct svshm *handle)
{
	int made[2], done[2], status = 1;
	char byte;

	if (pipe(made) < 0 || pipe(done) < 0)
		return 1;

	pid_t child = fork();

	if (child < 0)
		return 1;
	if (child == 0)
		hold(made, done);
	close(made[1]);
	if (read(made[0], &byte, 1) == 1)
		as_another_user(handle);
	close(done[1]);
	waitpid(child, &status, 0);
	return status ? 1 : 0;
}

int main(int count, char **arguments)
{
	const char *prefix = getenv("SVSHM_TEST_PREFIX");
	struct svshm *handle;
	int result;

	if (count != 2)
		return 2;
	if (OTHER_CALLS)
		return 77;
	layout = strcmp(arguments[1], "qt") == 0 ? SVSHM_LAYOUT_QT :
						  SVSHM_LAYOUT_NATIVE;
	snprintf(key, sizeof(key), "%s-%ld-calls",
		 prefix ? prefix : "svshm-test", (long)getpid());
	handle = new_handle();
	create(handle);
	detach(handle);
	as_the_only_user(handle);
	result = with_a_holder(handle);
	svshm_free(handle);
	return result;
}
