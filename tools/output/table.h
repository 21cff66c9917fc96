/* SPDX-License-Identifier: BSD-2-Clause */
/* Aligned columns. */
#ifndef SVSHM_TOOL_OUTPUT_TABLE_H
#define SVSHM_TOOL_OUTPUT_TABLE_H

#include <stdbool.h>
#include <stddef.h>

#define TABLE_COLUMNS_MAX 16

struct table {
	const char *const *titles;
	const char *alignment;   /* a letter per column: l or r */
	size_t coloured;         /* the column that rows may colour */
	bool untitled;           /* rows only */
	bool wide;               /* a line each, however long it gets */
	size_t rows;
	char **cells;            /* owned */
	const char **colours;    /* per row: escape sequence or NULL; static */
};

/* Add a row; the cells, one per column, belong to the table afterwards. */
void table_add(struct table *table, char *const *cells, const char *colour);

/*
 * Print titles and rows within 80 columns: a first cell that is too long gets
 * a line of its own, unless the table is wide. table_print_some(): COUNT rows
 * from FIRST on, each line ended by END.
 */
void table_print(const struct table *table);
void table_print_some(const struct table *table, size_t first, size_t count,
		      const char *end);
void table_free(struct table *table);

/* Standard output is a terminal on which colour is welcome. */
bool output_in_colour(void);

#endif
