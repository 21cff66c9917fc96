/* SPDX-License-Identifier: BSD-2-Clause */
#include <config.h>

#include <stdlib.h>

#include "common/text.h"
#include "objects/object.h"
#include "objects/rows.h"
#include "output/values.h"

static const char *verdict_colour(const struct svshm_object *object)
{
	if (object->verdict == SVSHM_VERDICT_CORRUPT)
		return "\033[31m";
	if (object_is_leftover(object))
		return "\033[33m";
	if (object->verdict == SVSHM_VERDICT_IN_USE)
		return "\033[32m";
	return NULL;
}

/* A question mark: it looks left over, but that can't be proved. */
static char *verdict_cell(const struct svshm_object *object)
{
	return text_print("%s%s", svshm_verdict_string(object->verdict),
			  object->certainty ? "?" : "");
}

/* How many are registered, and how many of these alive. */
static char *processes_cell(const struct svshm_object *object)
{
	if (object->max_processes == 0)
		return text_print("-");
	return text_print("%zu/%zu", object->process_count,
			  object_alive(object));
}

static char *size_cell(const struct svshm_object *object)
{
	uint64_t size = object_size(object);

	if (size == 0)
		return text_print("-");
	return text_print("%s", text_size(size).bytes);
}

static char *maps_cell(const struct svshm_object *object)
{
	if (object->segment_id < 0 || object->mappings == UINT64_MAX)
		return text_print("-");
	return text_print("%llu", (unsigned long long)object->mappings);
}

static char *key_cell(const struct svshm_object *object)
{
	char *name = object_name(object);
	char *cell = text_escape(name);

	free(name);
	return cell;
}

static char *layout_cell(const struct svshm_object *object)
{
	if (object->layout == SVSHM_LAYOUT_QT)
		return text_print("qt");
	return text_print(object->verdict == SVSHM_VERDICT_FOREIGN ? "-" :
			  "native");
}

static char *mode_cell(const struct svshm_object *object)
{
	return text_print("%s", text_mode(object->mode).bytes);
}

static char *owner_cell(const struct svshm_object *object)
{
	return text_print("%s", text_user(object->uid).bytes);
}

static char *age_cell(const struct svshm_object *object)
{
	return text_print("%s", text_since(object->create_time).bytes);
}

static char *number_cell(bool known, long long number)
{
	return known ? text_print("%lld", number) : text_print("-");
}

static char *id_cell(const struct svshm_object *object)
{
	return number_cell(object->segment_id >= 0, object->segment_id);
}

static char *set_cell(const struct svshm_object *object)
{
	return number_cell(object->semaphore_id >= 0, object->semaphore_id);
}

/* Its owner, or only that there is one. */
static char *lock_cell(const struct svshm_object *object)
{
	if (!object->lock_known)
		return text_print("-");
	if (!object->locked)
		return text_print("free");
	return object->lock_pid ? number_cell(true, object->lock_pid) :
				  text_print("held");
}

static char *creator_cell(const struct svshm_object *object)
{
	return text_print("%s", text_user(object->creator_uid).bytes);
}

static char *creator_pid_cell(const struct svshm_object *object)
{
	return number_cell(object->creator_pid > 0, object->creator_pid);
}

static char *last_pid_cell(const struct svshm_object *object)
{
	return number_cell(object->last_pid > 0, object->last_pid);
}

static char *file_cell(const struct svshm_object *object)
{
	return text_escape(object->native_key ? object->native_key : "-");
}

#define KEY_COLUMN 0
#define VERDICT_COLUMN 2
#define USUAL_COLUMNS 9

static const struct {
	const char *title;
	char alignment;
	char *(*cell)(const struct svshm_object *object);
} all_columns[COLUMNS_MAX] = {
	[KEY_COLUMN] = { "KEY", 'l', key_cell },
	{ "LAYOUT", 'l', layout_cell },
	[VERDICT_COLUMN] = { "VERDICT", 'l', verdict_cell },
	{ "SIZE", 'r', size_cell },
	{ "PROCS", 'r', processes_cell },
	{ "MAPS", 'r', maps_cell },
	{ "MODE", 'l', mode_cell },
	{ "OWNER", 'l', owner_cell },
	{ "AGE", 'r', age_cell },
	{ "ID", 'r', id_cell },
	{ "SET", 'r', set_cell },
	{ "LOCK", 'r', lock_cell },
	{ "CREATOR", 'l', creator_cell },
	{ "CPID", 'r', creator_pid_cell },
	{ "LPID", 'r', last_pid_cell },
	{ "KEYFILE", 'l', file_cell },
};

size_t columns_names(const char *names[COLUMNS_MAX])
{
	for (size_t i = 0; i < COLUMNS_MAX; i++)
		names[i] = all_columns[i].title;
	return COLUMNS_MAX;
}

bool columns_add(struct columns *columns, size_t index)
{
	if (columns->count == 0)
		columns->verdict = COLUMNS_MAX;
	for (size_t i = 0; i < columns->count; i++)
		if (columns->which[i] == index)
			return false;
	if (index == VERDICT_COLUMN)
		columns->verdict = columns->count;
	columns->which[columns->count] = index;
	columns->titles[columns->count] = all_columns[index].title;
	columns->alignment[columns->count++] = all_columns[index].alignment;
	return true;
}

void columns_usual(struct columns *columns)
{
	for (size_t i = 0; i < USUAL_COLUMNS; i++)
		columns_add(columns, i);
}

void row_add(struct table *table, const struct columns *columns,
	     const struct svshm_object *object, size_t name_width, bool colour)
{
	char *cells[COLUMNS_MAX];

	for (size_t i = 0; i < columns->count; i++) {
		size_t which = columns->which[i];

		cells[i] = all_columns[which].cell(object);
		if (which == KEY_COLUMN && name_width)
			text_cut(cells[i], name_width);
	}
	table_add(table, cells, colour ? verdict_colour(object) : NULL);
}
