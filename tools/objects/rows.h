/* SPDX-License-Identifier: BSD-2-Clause */
/* Objects as rows of a table. */
#ifndef SVSHM_TOOL_OBJECTS_ROWS_H
#define SVSHM_TOOL_OBJECTS_ROWS_H

#include <stdbool.h>
#include <stddef.h>

#include "output/table.h"

#include "svshm.h"

/* As many columns as there are: any of them can be shown. */
#define COLUMNS_MAX TABLE_COLUMNS_MAX

/* Which columns are shown; begins as zeros. */
struct columns {
	size_t count;
	size_t which[COLUMNS_MAX];
	const char *titles[COLUMNS_MAX];
	char alignment[COLUMNS_MAX + 1];
	size_t verdict; /* the column that is coloured; none: COLUMNS_MAX */
};

/* The titles of all columns that there are; the result is their number. */
size_t columns_names(const char *names[COLUMNS_MAX]);

/* Add the column with that index; false: it is there already. */
bool columns_add(struct columns *columns, size_t index);

/* What is shown unless something else is asked for. */
void columns_usual(struct columns *columns);

/* NAME_WIDTH: cut the key to so many columns; 0: don't. */
void row_add(struct table *table, const struct columns *columns,
	     const struct svshm_object *object, size_t name_width,
	     bool colour);

#endif
