/* SPDX-License-Identifier: BSD-2-Clause */
/* svshm info: all that is known about one object. */
#include <config.h>

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tool.h"

struct info_run {
	struct target target;
	bool json;
	size_t shown;
};

static void line(const char *label, const char *value)
{
	char *escaped = text_escape(value);

	printf("%-15s %s\n", label, escaped);
	free(escaped);
}

#define LINE(label, ...) print_line(label, text_print(__VA_ARGS__))

/* Takes the text. */
static void print_line(const char *label, char *value)
{
	line(label, value);
	free(value);
}

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
	if (object->mappings == UINT64_MAX)
		line("mappings", "-");
	else
		LINE("mappings", "%llu", (unsigned long long)object->mappings);
	print_time("created", object->create_time, false);
	/* 0 is "never", if there was anything to be seen. */
	print_time("last attach", object->attach_time, object->segment_size);
	print_time("last detach", object->detach_time, object->segment_size);
	if (who->maker == MAKER_UNKNOWN)
		print_pid("creator pid", object->creator_pid);
	else
		LINE("creator pid", "%ld (%s)", (long)object->creator_pid,
		     who->maker == MAKER_DEAD ? "dead" : "alive");
	print_pid("last pid", object->last_pid);
}

/* Who changed a set's semaphores last, as far as each of them is there. */
static void print_set(const struct svshm_object *object)
{
	static const char *const titles[] = {
		"  PID", "USER", "STARTED", "COMMAND"
	};
	struct table table = { .titles = titles, .alignment = "llrl" };

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
	for (size_t i = 0; i < object->semaphore_pid_count; i++) {
		struct mapper who;
		bool there = mapper_look(&who, object->semaphore_pids[i]);
		char *const cells[] = {
			text_print("  %ld", (long)object->semaphore_pids[i]),
			text_print("%s", there ? text_user(who.uid).bytes :
				   "-"),
			text_print("%s", there ?
				   text_since(who.start_time).bytes : "-"),
			there ? text_escape(who.command) : text_print("gone"),
		};

		table_add(&table, cells, NULL);
	}
	if (table.rows > 0)
		table_print(&table);
	table_free(&table);
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

/* By an IPC key, a set can come after a segment: then there is an array. */
static void print_json(const struct info_run *run,
		       const struct svshm_object *object,
		       const struct who *who)
{
	if (run->shown == 0) {
		json_open(NULL, '{');
		json_number("schema", 1);
	} else if (run->shown == 1) {
		json_open("same_ipc_key", '[');
	}
	json_open(run->shown ? NULL : "object", '{');
	object_json(object);
	who_json(who);
	json_close('}');
}

static void end_json(const struct info_run *run)
{
	if (run->shown > 1)
		json_close(']');
	if (run->shown > 0)
		json_close('}');
}

/* What Qt's objects have no place to note. */
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

static void print_text(const struct info_run *run,
		       const struct svshm_object *object,
		       const struct who *who)
{
	if (run->shown > 0)
		putchar('\n');
	print_names(object);
	print_rights(object);
	print_segment(object, who);
	if (object->verdict != SVSHM_VERDICT_FOREIGN) {
		print_line("lock", lock_owner(object));
		if (object->layout == SVSHM_LAYOUT_NATIVE)
			print_users(object);
	}
	if (object->segment_id >= 0)
		who_print(who);
	else if (object->verdict == SVSHM_VERDICT_FOREIGN)
		print_set(object);
}

static int visit(const struct svshm_object *object, void *context)
{
	struct info_run *run = context;
	struct who who;

	who_find(&who, object);
	if (run->json)
		print_json(run, object, &who);
	else
		print_text(run, object, &who);
	who_free(&who);
	run->shown++;
	return 0;
}

static int info(struct info_run *run, const char *key)
{
	char *problem;
	int code = target_find(&run->target, key, visit, run, &problem);

	if (run->json)
		end_json(run);
	if (code < 0)
		message("%s", problem);
	free(problem);
	return code < 0 ? TOOL_FAILED : TOOL_DONE;
}

static int info_run(int argc, char **argv)
{
	struct info_run run = { .target = { .user = (uid_t)-1 } };
	const struct tool_option options[] = {
		{ "id", OPTION_TEXT, &run.target.id_text },
		{ "json", OPTION_FLAG, &run.json },
		{ "key", OPTION_TEXT, &run.target.ipc_key_text },
		{ "layout", OPTION_LAYOUT, &run.target.layout },
		{ "native-key", OPTION_TEXT, &run.target.native_key },
		{ "set", OPTION_TEXT, &run.target.set_text },
		{ "user", OPTION_USER, &run.target.user },
		{ NULL, OPTION_FLAG, NULL },
	};
	struct operands operands;
	int status = options_parse(&command_info, argc, argv, options,
				   &operands);

	if (status != OPTIONS_READ)
		return status;
	signals_spare_output();
	if (operands.count > 1)
		return usage_error(&command_info, "\"%.60s\" is one argument "
				   "too many", operands.values[1]);
	status = target_parse(&command_info, &run.target, operands.count);
	if (status != OPTIONS_READ)
		return status;
	if (operands.count == 0 && !run.target.native_key &&
	    !target_is_number(&run.target))
		return usage_error(&command_info, "no KEY given");
	return info(&run, operands.values[0]);
}

const struct command command_info = {
	.name = "info",
	.run = info_run,
	.help = "show all about one object, and who uses it",
	.usage =
	"usage: svshm info KEY [--user USER] [--json]\n"
	"       svshm info --native-key PATH [--json]\n"
	"       svshm info --id N | --set N | --key IPC-KEY [--json]\n"
	"\n"
	"Show all that is known about an object: ids, rights, sizes, times, "
	"the owner of\nthe lock, the registered processes, and on Linux who "
	"has it mapped, and which of them are a dead maker's children.\n"
	"\n"
	"  --id N             the segment with the id N, of any program\n"
	"  --json             print JSON\n"
	"  --key IPC-KEY      the segment and the set with that IPC key, as "
	"ipcs prints\n"
	"                     it: 0x0052e2c1\n"
	"  --layout LAYOUT    native, or qt: the object of a Qt program\n"
	"  --native-key PATH  the object of the key file PATH\n"
	"  --set N            the semaphore set with the id N, of any "
	"program\n"
	"  --user USER        the key of that user: a name, or a uid\n",
};
