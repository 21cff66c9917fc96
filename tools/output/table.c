/* SPDX-License-Identifier: BSD-2-Clause */
#include <config.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/memory.h"
#include "common/text.h"
#include "output/table.h"

#define LINE_WIDTH 80
#define GAP 2

void table_add(struct table *table, char *const *cells, const char *colour)
{
	size_t columns = strlen(table->alignment);

	table->cells = must_grow(table->cells, table->rows,
				 columns * sizeof(*table->cells));
	table->colours = must_grow(table->colours, table->rows,
				   sizeof(*table->colours));
	memcpy(table->cells + table->rows * columns, cells,
	       columns * sizeof(*cells));
	table->colours[table->rows++] = colour;
}

static void find_widths(const struct table *table, size_t *widths)
{
	size_t columns = strlen(table->alignment);
	size_t others = 0;

	for (size_t column = columns; column-- > 0;) {
		size_t limit = LINE_WIDTH - others;

		widths[column] = table->untitled ? 0 :
				 strlen(table->titles[column]);
		for (size_t row = 0; row < table->rows; row++) {
			size_t width = text_width(
				table->cells[row * columns + column]);

			/* Only the first column has texts of any length. */
			if (width > widths[column] &&
			    (column > 0 || table->wide || width <= limit))
				widths[column] = width;
		}
		others += widths[column] + GAP;
	}
}

static void print_blanks(size_t count)
{
	while (count-- > 0)
		putchar(' ');
}

static void print_cell(const struct table *table, size_t column,
		       const char *cell, size_t width, const char *colour,
		       const char *end)
{
	size_t taken = text_width(cell);
	size_t padding = width > taken ? width - taken : 0;
	bool right = table->alignment[column] == 'r';
	bool last = !table->alignment[column + 1];

	print_blanks(right ? padding : 0);
	if (colour)
		fputs(colour, stdout);
	fputs(cell, stdout);
	if (colour)
		fputs("\033[0m", stdout);
	if (last)
		fputs(end, stdout);
	else
		print_blanks(GAP + (right ? 0 : padding));
}

static void print_row(const struct table *table, const char *const *cells,
		      const size_t *widths, const char *colour,
		      const char *end)
{
	for (size_t column = 0; table->alignment[column]; column++) {
		const char *cell = cells[column];

		if (column == 0 && text_width(cell) > widths[0]) {
			printf("%s%s", cell, end);
			cell = "";
		}
		print_cell(table, column, cell, widths[column],
			   column == table->coloured ? colour : NULL, end);
	}
}

void table_print_some(const struct table *table, size_t first, size_t count,
		      const char *end)
{
	size_t widths[TABLE_COLUMNS_MAX];
	size_t columns = strlen(table->alignment);

	find_widths(table, widths);
	if (!table->untitled)
		print_row(table, table->titles, widths, NULL, end);
	for (size_t row = first; row < table->rows && row - first < count;
	     row++)
		print_row(table,
			  (const char *const *)table->cells + row * columns,
			  widths, table->colours[row], end);
}

void table_print(const struct table *table)
{
	table_print_some(table, 0, table->rows, "\n");
}

void table_free(struct table *table)
{
	size_t cells = table->rows * strlen(table->alignment);

	for (size_t i = 0; i < cells; i++)
		free(table->cells[i]);
	free(table->cells);
	free(table->colours);
}

bool output_in_colour(void)
{
	const char *refused = getenv("NO_COLOR");
	const char *terminal = getenv("TERM");

	return isatty(STDOUT_FILENO) && (!refused || !*refused) && terminal &&
	       strcmp(terminal, "dumb") != 0;
}
