/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A server that was killed can leave children behind that keep its segment in
 * use, and then the next one refuses to start. They are found here: processes
 * that have the segment mapped, and are children of the process that made it.
 */
#include <config.h>

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/memory.h"
#include "common/text.h"
#include "objects/who.h"
#include "output/json.h"
#include "output/table.h"
#include "output/values.h"

/* Seconds. Each of the times compared has lost what is less than a second. */
#define ROUNDING 2

/* What the other columns leave of a line. */
#define COMMAND_WIDTH 20

/* ---- What is found ------------------------------------------------------- */

/*
 * A process that has the maker's pid, but was started later, is another one.
 * The kernel gives a pid to no new process while a group or a session has that
 * number: if no process has the maker's pid (*PID_FREE), a group or a session
 * of that number is the maker's.
 */
static enum maker find_maker(const struct svshm_object *object, bool *pid_free)
{
	struct mapper maker;

	*pid_free = false;
	if (object->segment_id < 0 || object->creator_pid <= 0)
		return MAKER_UNKNOWN;
	bool there = mapper_look(&maker, object->creator_pid);
	bool other = maker.start_time && object->create_time &&
		     maker.start_time > object->create_time + ROUNDING;

	/* Perhaps /proc only hides it. */
	if (!there && !maker.start_time) {
		if (kill(object->creator_pid, 0) == 0 || errno != ESRCH)
			return MAKER_UNKNOWN;
	}
	*pid_free = !there && !other;
	return there && !other ? MAKER_ALIVE : MAKER_DEAD;
}

static bool has_mapped(const struct mappers *mappers, pid_t pid)
{
	for (size_t i = 0; i < mappers->count; i++)
		if (mappers->list[i].pid == pid)
			return true;
	return false;
}

/*
 * Its first parent has died: the parent is init now, or a process of another
 * session, although this one did not begin a session itself.
 */
static bool is_adopted(const struct mapper *mapper)
{
	return mapper->parent == 1 ||
	       (mapper->parent_session && mapper->session != mapper->pid &&
		mapper->parent_session != mapper->session);
}

static enum relation relation_of_orphan(const struct who *who,
					const struct svshm_object *object,
					const struct mapper *mapper,
					bool pid_free)
{
	bool younger = mapper->start_time + ROUNDING >= object->create_time;
	bool began_session = mapper->session == mapper->pid &&
			     mapper->parent_session != mapper->session;

	if (pid_free && is_adopted(mapper) &&
	    (mapper->group == who->maker_pid ||
	     mapper->session == who->maker_pid))
		return RELATION_ORPHAN;
	/* Some servers let each child begin a session: then its age tells. */
	if (younger && !has_mapped(&who->mappers, mapper->parent) &&
	    (is_adopted(mapper) || began_session))
		return RELATION_ADOPTED;
	return RELATION_NONE;
}

static enum relation relation_of(const struct who *who,
				 const struct svshm_object *object,
				 const struct mapper *mapper, bool pid_free)
{
	if (who->maker == MAKER_DEAD)
		return relation_of_orphan(who, object, mapper, pid_free);
	if (who->maker == MAKER_UNKNOWN)
		return RELATION_NONE;
	if (mapper->pid == who->maker_pid)
		return RELATION_MAKER;
	return mapper->parent == who->maker_pid ? RELATION_CHILD :
						  RELATION_NONE;
}

void who_find(struct who *who, const struct svshm_object *object)
{
	bool pid_free;

	*who = (struct who){ .maker_pid = object->creator_pid };
	who->maker = find_maker(object, &pid_free);
	if (object->segment_id < 0)
		return;
	mappers_find(&who->mappers, object->segment_id);
	/* Without /proc, nobody can be found there. */
	if (!who->mappers.known)
		who->maker = MAKER_UNKNOWN;
	who->relations = must_allocate((who->mappers.count + 1) *
				       sizeof(*who->relations));
	for (size_t i = 0; i < who->mappers.count; i++)
		who->relations[i] = relation_of(
			who, object, &who->mappers.list[i], pid_free);
}

void who_free(struct who *who)
{
	mappers_free(&who->mappers);
	free(who->relations);
}

/* ---- For people ---------------------------------------------------------- */

/* Without the directory of the program, which would take all the room. */
static char *command_cell(const struct mapper *mapper)
{
	const char *line = mapper->command_line ? mapper->command_line :
						  mapper->command;
	size_t end = *line == '/' ? strcspn(line, " ") : 0;
	char *cell;

	while (end > 0 && line[end - 1] != '/')
		end--;
	cell = text_escape(line + end);
	text_cut(cell, COMMAND_WIDTH);
	return cell;
}

static void print_table(const struct mappers *mappers)
{
	static const char *const titles[] = {
		"  PID", "USER", "SINCE", "AGE", "ACCESS", "COMMAND"
	};
	struct table table = { .titles = titles, .alignment = "lllrll" };

	for (size_t i = 0; i < mappers->count; i++) {
		const struct mapper *mapper = &mappers->list[i];
		char *const cells[] = {
			text_print("  %ld", (long)mapper->pid),
			text_print("%s", text_user(mapper->uid).bytes),
			text_print("%s", mapper->start_time ?
				   text_date(mapper->start_time).bytes : "-"),
			text_print("%s", text_since(mapper->start_time).bytes),
			text_print("%s", mapper->writable ? "read-write" :
				   "read-only"),
			command_cell(mapper),
		};

		table_add(&table, cells, NULL);
	}
	if (table.rows > 0)
		table_print(&table);
	table_free(&table);
}

/* "12, 13": those of a kind, NULL if there are none; the caller frees it. */
static char *list_pids(const struct who *who, enum relation relation)
{
	char *pids = NULL;

	for (size_t i = 0; i < who->mappers.count; i++)
		if (who->relations[i] == relation)
			pids = text_join(pids, ", ", text_print(
				"%ld", (long)who->mappers.list[i].pid));
	return pids;
}

static void print_relation(const struct who *who, enum relation relation,
			   const char *label, const char *what)
{
	char *pids = list_pids(who, relation);

	if (pids)
		printf("%-15s %s: %s\n", label, pids, what);
	free(pids);
}

void who_print(const struct who *who)
{
	const struct mappers *mappers = &who->mappers;

	if (!mappers->known) {
		printf("%-15s not known on this system\n", "mapped by");
		return;
	}
	printf("%-15s %zu process%s", "mapped by", mappers->count,
	       mappers->count == 1 ? "" : "es");
	if (mappers->unreadable)
		printf("; %zu more cannot be looked into", mappers->unreadable);
	putchar('\n');
	print_table(mappers);
	print_relation(who, RELATION_MAKER, "maker", "made it, and is alive");
	print_relation(who, RELATION_CHILD, "children", "children of its "
		       "maker, which is alive");
	print_relation(who, RELATION_ORPHAN, "orphans", "children of its "
		       "maker, which is dead");
	print_relation(who, RELATION_ADOPTED, "orphans?", "perhaps children "
		       "of its maker, which is dead");
}

/* ---- JSON ---------------------------------------------------------------- */

static const char *relation_word(enum relation relation)
{
	switch (relation) {
	case RELATION_MAKER:
		return "maker";
	case RELATION_CHILD:
		return "child";
	case RELATION_ORPHAN:
		return "orphan";
	case RELATION_ADOPTED:
		return "perhaps-orphan";
	case RELATION_NONE:
		break;
	}
	return NULL;
}

static void mapper_json(const struct mapper *mapper, enum relation relation)
{
	json_open(NULL, '{');
	json_number("pid", mapper->pid);
	json_unsigned("uid", mapper->uid);
	json_known("start_time", mapper->start_time);
	json_text("access", mapper->writable ? "read-write" : "read-only");
	json_text("command", mapper->command);
	json_text("command_line", mapper->command_line);
	json_known("parent_pid", mapper->parent);
	json_text("relation", relation_word(relation));
	json_close('}');
}

void who_json(const struct who *who)
{
	const struct mappers *mappers = &who->mappers;

	if (who->maker == MAKER_UNKNOWN)
		json_null("creator_alive");
	else
		json_boolean("creator_alive", who->maker == MAKER_ALIVE);
	if (!mappers->known) {
		json_null("mapped_by");
		json_null("mapped_by_complete");
		return;
	}
	json_open("mapped_by", '[');
	for (size_t i = 0; i < mappers->count; i++)
		mapper_json(&mappers->list[i], who->relations[i]);
	json_close(']');
	json_boolean("mapped_by_complete", mappers->unreadable == 0);
}
