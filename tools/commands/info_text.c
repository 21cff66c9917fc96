/* SPDX-License-Identifier: BSD-2-Clause */
#include <config.h>

#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "commands/info_text.h"
#include "common/message.h"
#include "common/text.h"
#include "objects/mappers.h"
#include "objects/object.h"
#include "output/table.h"
#include "output/values.h"

static void line(const char *label, const char *value)
{
	print_line("%-15s %s", label, value);
}

/* The same, with a value as printf() has it. */
#define LINE(label, format, ...) \
	print_line("%-15s " format, label, __VA_ARGS__)

static void print_names(const struct svshm_object *object)
{
	line("key", object->key ? object->key : "-");
	line("native key", object->native_key ? object->native_key : "-");
	line("layout", object->layout == SVSHM_LAYOUT_QT ? "qt" : "native");
	line("verdict", svshm_verdict_string(object->verdict));
	line("reason", object->reason ? object->reason : "-");
	if (object->verdict == SVSHM_VERDICT_FOREIGN)
		LINE("left over", "%s", object->certainty ?
		     object_certainty(object) : "no, or it can't be told");
	LINE("IPC key", "0x%08llx",
	     (unsigned long long)object->ipc_key & 0xffffffffULL);
}

static void print_size(const char *label, uint64_t size)
{
	if (size == 0)
		line(label, "-");
	else if (size < 1024)
		LINE(label, "%u byte%s", (unsigned)size, size == 1 ? "" : "s");
	else
		LINE(label, "%llu bytes (%s)", (unsigned long long)size,
		     text_size(size).bytes);
}

static void print_time(const char *label, int64_t time, bool may_be_never)
{
	line(label, time || may_be_never ? text_time(time).bytes : "-");
}

/* 0 is none, or one of another pid namespace. */
static void print_pid(const char *label, pid_t pid)
{
	if (pid)
		LINE(label, "%ld", (long)pid);
	else
		line(label, "-");
}

/* Huge pages, if they are, and whether it stays in memory. */
static void print_memory(const struct svshm_object *object)
{
	if (object->page_size)
		LINE("pages", "of %s%s%s",
		     text_size(object->page_size).bytes,
		     object->transparent ? ", or transparent huge ones" : "",
		     object->memory_locked ? ", never swapped" : "");
	else
		line("pages", object->memory_locked ? "never swapped" : "-");
}

static void print_segment(const struct svshm_object *object,
			  const struct who *who)
{
	if (object->segment_id < 0) {
		line("segment", "none");
		return;
	}
	LINE("segment", "id %d", object->segment_id);
	print_size("data", object->size);
	print_size("segment size", object->segment_size);
	print_memory(object);
	if (object->mappings == UINT64_MAX)
		line("mappings", "-");
	else
		LINE("mappings", "%llu", (unsigned long long)object->mappings);
	print_time("created", object->create_time, false);
	/* Without a size, nothing could be seen: then 0 is not "never". */
	print_time("last attach", object->attach_time, object->segment_size);
	print_time("last detach", object->detach_time, object->segment_size);
	if (who->maker == MAKER_UNKNOWN)
		print_pid("creator pid", object->creator_pid);
	else
		LINE("creator pid", "%ld (%s)", (long)object->creator_pid,
		     who->maker == MAKER_DEAD ? "dead" : "alive");
	print_pid("last pid", object->last_pid);
}

/* A row each for the processes that changed its semaphores last. */
static void print_set_processes(const struct svshm_object *object)
{
	static const char *const titles[] = {
		"  PID", "USER", "STARTED", "COMMAND"
	};
	struct table table = { .titles = titles, .alignment = "llrl" };

	for (size_t i = 0; i < object->semaphore_pid_count; i++) {
		struct mapper process;
		bool there = mapper_look(&process, object->semaphore_pids[i]);
		char *const cells[] = {
			text_print("  %ld", (long)object->semaphore_pids[i]),
			text_print("%s", there ?
				   text_user(process.uid).bytes : "-"),
			text_print("%s", there ?
				   text_since(process.start_time).bytes : "-"),
			there ? text_escape(process.command) :
				text_print("gone"),
		};

		table_add(&table, cells, NULL);
	}
	if (table.rows > 0)
		table_print(&table);
	table_free(&table);
}

/* A set without a segment: nobody has it mapped, but it may be used. */
static void print_set(const struct svshm_object *object)
{
	if (object->semaphore_count == 0) {
		line("semaphores", "-");
		return;
	}
	LINE("semaphores", "%u", object->semaphore_count);
	LINE("created", "%s or later", text_time(object->create_time).bytes);
	LINE("last semop", "%s", text_time(object->operation_time).bytes);
	if (object->waiters == UINT_MAX) {
		line("waiting", "-");
		return;
	}
	LINE("waiting", "%u process%s", object->waiters,
	     object->waiters == 1 ? "" : "es");
	LINE("last changed by", "%zu process%s; who has undo entries, or only "
	     "knows its id, the kernel does not tell",
	     object->semaphore_pid_count,
	     object->semaphore_pid_count == 1 ? "" : "es");
	print_set_processes(object);
}

static void print_rights(const struct svshm_object *object)
{
	if (object->semaphore_id < 0)
		line("semaphore set", "none");
	else
		LINE("semaphore set", "id %d", object->semaphore_id);
	line("mode", text_mode(object->mode).bytes);
	LINE("owner", "%s", text_user(object->uid).bytes);
	LINE("group", "%s", text_group(object->gid).bytes);
	LINE("creator", "%s", text_user(object->creator_uid).bytes);
}

static char *lock_owner(const struct svshm_object *object)
{
	if (!object->lock_known)
		return text_print("-");
	if (!object->locked)
		return text_print("free");
	for (size_t i = 0; i < object->process_count; i++) {
		const struct svshm_process *process = &object->processes[i];

		if (process->pid == object->lock_pid && process->alive)
			return text_print("held by pid %ld (%.*s)",
					  (long)process->pid,
					  SVSHM_PROCESS_NAME_SIZE,
					  process->name);
	}
	if (object->lock_pid)
		return text_print("held by pid %ld", (long)object->lock_pid);
	return text_print("held");
}

static void print_processes(const struct svshm_object *object)
{
	static const char *const titles[] = {
		"  PID", "ALIVE", "ACCESS", "STARTED", "ATTACHED", "NAME"
	};
	struct table table = { .titles = titles, .alignment = "llllll" };

	LINE("registered", "%zu, of these alive %zu; %llu so far, room for %u",
	     object->process_count, object_alive(object),
	     (unsigned long long)object->registrations, object->max_processes);
	for (size_t i = 0; i < object->process_count; i++) {
		const struct svshm_process *process = &object->processes[i];
		char *name = text_print("%.*s", SVSHM_PROCESS_NAME_SIZE,
					process->name);
		char *const cells[] = {
			text_print("  %ld", (long)process->pid),
			text_print("%s", process->alive ? "yes" : "no"),
			text_print("%s", process->access == SVSHM_READ_ONLY ?
				   "read-only" : "read-write"),
			text_print("%s", text_since(process->start_time).bytes),
			text_print("%s",
				   text_since(process->attach_time).bytes),
			text_escape(name),
		};

		free(name);
		table_add(&table, cells, NULL);
	}
	if (table.rows > 0)
		table_print(&table);
	table_free(&table);
}

/* Qt's objects have no place where that could be noted. */
static void print_users(const struct svshm_object *object)
{
	if (object->max_processes == 0) {
		line("data whole", "-");
		line("undo entries", "-");
		line("registered", "-");
		return;
	}
	line("data whole", object->owner_died ? "not known: an owner of the "
	     "lock died holding it" : "yes");
	LINE("undo entries", "%zu process%s: who is registered and alive",
	     object_alive(object), object_alive(object) == 1 ? "" : "es");
	print_processes(object);
}

void info_print_text(const struct svshm_object *object, const struct who *who)
{
	print_names(object);
	print_rights(object);
	print_segment(object, who);
	if (object->verdict != SVSHM_VERDICT_FOREIGN) {
		char *owner = lock_owner(object);

		line("lock", owner);
		free(owner);
		if (object->layout == SVSHM_LAYOUT_NATIVE)
			print_users(object);
	}
	if (object->segment_id >= 0)
		who_print(who);
	else if (object->verdict == SVSHM_VERDICT_FOREIGN)
		print_set(object);
}
