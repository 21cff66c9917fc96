/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A program of a user of svshm 0.9: compiled with that release's declarations
 * (tests/abi/0.9/svshm.h), and run with the library that is built now. It calls
 * every function, and looks at the first and the last member of each structure,
 * so that it notices if one has moved. What it allocates for the library has
 * the size that it had then, and ends where memory ends: a library that reads or
 * writes more kills it.
 *
 *   old_program KEY
 */
#include <config.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <svshm.h>

static const char *key;

static void expect(bool holds, const char *what, int line)
{
	if (holds)
		return;
	fprintf(stderr, "old_program.c:%d: %s\n", line, what);
	exit(1);
}
#define EXPECT(condition) expect(condition, #condition, __LINE__)

/* SIZE bytes of zeros right before memory that nobody may touch. */
static void *at_the_edge(size_t size)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	size_t pages = (size + page - 1) / page;
	char *memory = mmap(NULL, (pages + 1) * page, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANON, -1, 0);

	EXPECT(memory != MAP_FAILED);
	EXPECT(mprotect(memory + pages * page, page, PROT_NONE) == 0);
	return memory + pages * page - size;
}

static struct svshm *new_handle(void)
{
	struct svshm *handle = svshm_new(NULL);

	EXPECT(handle != NULL);
	EXPECT(svshm_set_key(handle, key) == SVSHM_OK);
	return handle;
}

/* ---- Handles, data, lock ------------------------------------------------- */

static void names(void)
{
	struct svshm *handle = new_handle();

	EXPECT(strcmp(svshm_key(handle), key) == 0);
	EXPECT(svshm_native_key(handle) != NULL);
	EXPECT(svshm_set_native_key(handle, "/") == SVSHM_OK);
	EXPECT(!svshm_key(handle));
	EXPECT(svshm_set_layout(handle, (enum svshm_layout)99) ==
	       SVSHM_INVALID_ARGUMENT);
	EXPECT(svshm_error(handle) == SVSHM_INVALID_ARGUMENT);
	EXPECT(*svshm_error_string(handle) != '\0');
	EXPECT(*svshm_strerror(SVSHM_NOT_SUPPORTED) != '\0');
	EXPECT(*svshm_verdict_string(SVSHM_VERDICT_UNKNOWN) != '\0');
	EXPECT(strchr(svshm_version(), '.') != NULL);
	svshm_free(handle);
}

static struct svshm *make(void)
{
	struct svshm *handle = new_handle();

	EXPECT(svshm_set_layout(handle, SVSHM_LAYOUT_NATIVE) == SVSHM_OK);
	EXPECT(svshm_set_mode(handle, 0600) == SVSHM_OK);
	EXPECT(svshm_set_group(handle, getegid()) == SVSHM_OK);
	EXPECT(svshm_set_owner(handle, geteuid()) == SVSHM_OK);
	EXPECT(svshm_set_max_processes(handle, 14) == SVSHM_OK);
	EXPECT(svshm_set_memory(handle, SVSHM_MEMORY_TOUCHED) == SVSHM_OK);
	EXPECT(svshm_create(handle, 1000, SVSHM_READ_WRITE) == SVSHM_OK);
	EXPECT(svshm_is_attached(handle) && svshm_size(handle) == 1000);
	return handle;
}

static void lock(struct svshm *handle)
{
	char copy[4] = "";
	uint32_t seen = svshm_changes(handle);

	EXPECT(svshm_lock(handle) == SVSHM_OK);
	memcpy(svshm_data(handle), "abc", 4);
	EXPECT(svshm_make_consistent(handle) == SVSHM_OK);
	EXPECT(svshm_unlock(handle) == SVSHM_OK);
	EXPECT(svshm_trylock(handle) == SVSHM_OK);
	EXPECT(svshm_unlock(handle) == SVSHM_OK);
	EXPECT(svshm_timedlock(handle, 1000) == SVSHM_OK);
	EXPECT(svshm_unlock(handle) == SVSHM_OK);
	EXPECT(strcmp(svshm_const_data(handle), "abc") == 0);
	EXPECT(svshm_snapshot(handle, 0, copy, 4, SVSHM_FOREVER) == SVSHM_OK);
	EXPECT(strcmp(copy, "abc") == 0);
	EXPECT(svshm_notify(handle) == SVSHM_OK);
	EXPECT(svshm_wait(handle, &seen, 0) == SVSHM_OK);
	EXPECT(seen == svshm_changes(handle));
}

static void made_and_locked(void)
{
	struct svshm *handle = new_handle();
	bool made = false;

	EXPECT(svshm_create_locked(handle, 1, SVSHM_READ_WRITE) == SVSHM_OK);
	EXPECT(svshm_detach(handle) == SVSHM_OK);
	EXPECT(svshm_open(handle, 1, SVSHM_READ_WRITE, &made) == SVSHM_OK);
	EXPECT(made);
	svshm_free(handle);
}

/* ---- What the library fills in ------------------------------------------- */

/* Another user of the object, who waits until standard input is closed. */
static pid_t second_user(int *line)
{
	int tell[2], wait_for[2];
	char byte;

	EXPECT(pipe(tell) == 0 && pipe(wait_for) == 0);
	pid_t child = fork();
	if (child == 0) {
		struct svshm *handle = new_handle();

		EXPECT(svshm_attach(handle, SVSHM_READ_WRITE) == SVSHM_OK);
		close(wait_for[1]);
		EXPECT(write(tell[1], "", 1) == 1);
		_exit(read(wait_for[0], &byte, 1) != 0);
	}
	EXPECT(child > 0);
	close(tell[1]);
	EXPECT(read(tell[0], &byte, 1) == 1);
	close(tell[0]);
	close(wait_for[0]);
	*line = wait_for[1];
	return child;
}

/* Counts its visits in what CONTEXT is. */
static int visit_used(const struct svshm_object *object, void *context)
{
	int *visits = context;

	if (!object->key || strcmp(object->key, key) != 0)
		return 0;
	EXPECT(object->verdict == SVSHM_VERDICT_IN_USE);
	EXPECT(object->size == 1000 && object->process_count == 2);
	EXPECT(object->uid == geteuid() && object->max_processes == 14);
	EXPECT(object->page_size != 0 && object->lock_known);
	EXPECT(!object->memory_locked && !object->transparent);
	for (size_t i = 0; i < object->process_count; i++) {
		const struct svshm_process *process = &object->processes[i];

		EXPECT(process->pid > 0 && process->alive);
		EXPECT(process->attach_time > 0 && *process->name);
	}
	++*visits;
	return 0;
}

static void look(struct svshm *handle)
{
	int visits = 0, line;
	pid_t child = second_user(&line);

	EXPECT(svshm_inspect(handle, visit_used, &visits) == SVSHM_OK);
	EXPECT(svshm_scan(0, visit_used, &visits) == SVSHM_OK);
	EXPECT(svshm_scan_user(geteuid(), 0, visit_used, &visits) == SVSHM_OK);
	EXPECT(visits == 3);
	close(line);
	EXPECT(waitpid(child, NULL, 0) == child);
}

static int visit_limit(const struct svshm_limit *limit, void *context)
{
	EXPECT(*limit->name && *limit->unit && *limit->parameter);
	EXPECT(!limit->raise || *limit->raise);
	++*(int *)context;
	return 0;
}

static void limits(void)
{
	int visits = 0;
	int code = svshm_limits(visit_limit, &visits);

	EXPECT(code == SVSHM_NOT_SUPPORTED || (code == SVSHM_OK && visits));
}

/* ---- What the program gives the library ----------------------------------- */

static int save(const struct svshm_object *object, const void *data,
		size_t size, void *context)
{
	EXPECT(object->verdict == SVSHM_VERDICT_ORPHAN);
	EXPECT(size == 10 && strcmp(data, "left") == 0);
	++*(int *)context;
	return 0;
}

/* With a copy of the object, as a program may keep it. */
static int visit_orphan(const struct svshm_object *object, void *context)
{
	struct svshm_object *kept = at_the_edge(sizeof(*kept));
	struct svshm_recovery *recovery = at_the_edge(sizeof(*recovery));

	*kept = *object;
	EXPECT(object->verdict == SVSHM_VERDICT_ORPHAN);
	recovery->flags = SVSHM_RECOVER_DRY_RUN | SVSHM_RECOVER_FOREIGN |
			  SVSHM_RECOVER_UNMAPPED;
	recovery->unmapped_for = -1;
	EXPECT(svshm_recover(kept, recovery) == SVSHM_INVALID_ARGUMENT);
	recovery->unmapped_for = 1;
	EXPECT(svshm_recover(kept, recovery) == SVSHM_OK);
	recovery->flags = 0;
	recovery->unmapped_for = -1;
	recovery->save = save;
	recovery->context = context;
	EXPECT(svshm_recover(kept, recovery) == SVSHM_OK);
	EXPECT(recovery->verdict == SVSHM_VERDICT_ORPHAN);
	EXPECT(*recovery->message && recovery->unmapped_for == -1);
	return 0;
}

static void leave_orphan(void)
{
	pid_t child = fork();

	if (child == 0) {
		struct svshm *handle = new_handle();

		EXPECT(svshm_create(handle, 10, SVSHM_READ_WRITE) == SVSHM_OK);
		strcpy(svshm_data(handle), "left");
		_exit(0);
	}
	EXPECT(child > 0 && waitpid(child, NULL, 0) == child);
}

static void recover(void)
{
	struct svshm *handle = new_handle();
	int saved = 0;

	leave_orphan();
	EXPECT(svshm_inspect(handle, visit_orphan, &saved) == SVSHM_OK);
	EXPECT(saved == 1);
	EXPECT(svshm_attach(handle, SVSHM_READ_WRITE) == SVSHM_NOT_FOUND);
	svshm_free(handle);
}

int main(int argc, char **argv)
{
	EXPECT(argc == 2);
	key = argv[1];
	names();
	made_and_locked();

	struct svshm *handle = make();

	lock(handle);
	look(handle);
	limits();
	EXPECT(svshm_detach(handle) == SVSHM_OK);
	svshm_free(handle);
	recover();
	puts("a program of svshm 0.9 goes on working");
	return 0;
}
