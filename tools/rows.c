/* SPDX-License-Identifier: BSD-2-Clause */
/* Objects as rows of a table, for list and top. */
#include <config.h>

#include <stdlib.h>

#include "tool.h"

const char *const row_titles[] = {
	"KEY", "LAYOUT", "VERDICT", "SIZE", "PROCS", "MAPS", "MODE", "OWNER", "AGE"
};

#define TITLE_COUNT (sizeof(row_titles) / sizeof(*row_titles))

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

/* Of so many in the table so many are alive; there may be none to read. */
static char *processes_cell(const struct svshm_object *object)
{
	if (object->max_processes == 0)
		return text_print("-");
	return text_print("%zu/%zu", object->process_count,
			  object_alive(object));
}

/* A program's segment is all data: it has no size of svshm's. */
static char *size_cell(const struct svshm_object *object)
{
	uint64_t size = object->size ? object->size : object->segment_size;

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

void row_add(struct table *table, const struct svshm_object *object,
	     size_t name_width, bool colour)
{
	char *name = object_name(object);
	char *const cells[TITLE_COUNT] = {
		text_escape(name),
		text_print("%s", object_layout(object)),
		verdict_cell(object),
		size_cell(object),
		processes_cell(object),
		maps_cell(object),
		text_print("%s", text_mode(object->mode).bytes),
		text_print("%s", text_user(object->uid).bytes),
		text_print("%s", text_since(object->create_time).bytes),
	};

	free(name);
	if (name_width)
		text_cut(cells[0], name_width);
	table_add(table, cells, colour ? verdict_colour(object) : NULL);
}
