/* SPDX-License-Identifier: BSD-2-Clause */
#include "picture.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

struct reader {
	const unsigned char *at;
	const unsigned char *end;
};

struct picture {
	size_t width;
	size_t height;
	unsigned maximum;
	bool colour;
	bool text;
	unsigned char *rgb; /* three bytes a pixel, 0 to 255 */
};

struct colour {
	unsigned red;
	unsigned green;
	unsigned blue;
};

/* ---- Reading ------------------------------------------------------------ */

static bool is_space(unsigned char byte)
{
	return byte == ' ' || (byte >= '\t' && byte <= '\r');
}

/* To the next byte that is neither white space nor in a comment. */
static void skip_space(struct reader *reader)
{
	bool comment = false;

	for (; reader->at < reader->end; reader->at++) {
		if (*reader->at == '#')
			comment = true;
		else if (*reader->at == '\n')
			comment = false;
		else if (!comment && !is_space(*reader->at))
			return;
	}
}

/* A decimal number up to LIMIT, which is 65535 at most. */
static bool read_number(struct reader *reader, unsigned limit, unsigned *value)
{
	skip_space(reader);
	if (reader->at == reader->end || *reader->at < '0' ||
	    *reader->at > '9')
		return false;
	*value = 0;
	while (reader->at < reader->end && *reader->at >= '0' &&
	       *reader->at <= '9' && *value <= limit)
		*value = *value * 10 + (*reader->at++ - (unsigned)'0');
	return *value <= limit;
}

static bool read_sample(struct reader *reader, const struct picture *picture,
			unsigned char *byte)
{
	size_t left = (size_t)(reader->end - reader->at);
	unsigned value;

	if (picture->text) {
		if (!read_number(reader, picture->maximum, &value))
			return false;
	} else if (picture->maximum < 256) {
		if (left < 1)
			return false;
		value = *reader->at++;
	} else {
		if (left < 2)
			return false;
		value = reader->at[0] * 256u + reader->at[1];
		reader->at += 2;
	}
	if (value > picture->maximum)
		return false;
	*byte = (unsigned char)(value * 255u / picture->maximum);
	return true;
}

/* "P6 96 64 255" and one white space. */
static bool read_head(struct reader *reader, struct picture *picture)
{
	unsigned width;
	unsigned height;

	if (reader->end - reader->at < 3 || reader->at[0] != 'P' ||
	    memchr("2356", reader->at[1], 4) == NULL)
		return false;
	picture->text = reader->at[1] < '5';
	picture->colour = reader->at[1] == '3' || reader->at[1] == '6';
	reader->at += 2;
	if (!read_number(reader, 65535, &width) || width == 0 ||
	    !read_number(reader, 65535, &height) || height == 0 ||
	    !read_number(reader, 65535, &picture->maximum) ||
	    picture->maximum == 0)
		return false;
	if (reader->at == reader->end || !is_space(*reader->at++))
		return false;
	picture->width = width;
	picture->height = height;
	return true;
}

static bool read_pixels(struct reader *reader, struct picture *picture)
{
	size_t samples = picture->colour ? 3 : 1;
	size_t left = (size_t)(reader->end - reader->at);

	/* Every sample takes a byte: no promise of the head costs memory. */
	if (left / samples / picture->width < picture->height)
		return false;
	picture->rgb = calloc(picture->width * picture->height, 3);
	if (picture->rgb == NULL)
		return false;
	unsigned char *next = picture->rgb;
	for (size_t i = picture->width * picture->height; i > 0; i--) {
		for (size_t j = 0; j < samples; j++)
			if (!read_sample(reader, picture, next + j))
				return false;
		if (samples == 1)
			next[1] = next[2] = next[0];
		next += 3;
	}
	return true;
}

/* ---- Drawing ------------------------------------------------------------ */

/* The mean of cell COLUMN, ROW, if the picture is cut in COLUMNS times ROWS. */
static struct colour mean(const struct picture *picture, size_t column,
			  size_t row, size_t columns, size_t rows)
{
	size_t left = column * picture->width / columns;
	size_t right = (column + 1) * picture->width / columns;
	size_t top = row * picture->height / rows;
	size_t bottom = (row + 1) * picture->height / rows;
	uint64_t sums[3] = { 0, 0, 0 };

	if (bottom == top)
		bottom = top + 1;
	for (size_t y = top; y < bottom; y++)
		for (size_t x = left; x < right; x++)
			for (size_t i = 0; i < 3; i++)
				sums[i] += picture->rgb[
					(y * picture->width + x) * 3 + i];
	uint64_t count = (uint64_t)(bottom - top) * (right - left);
	return (struct colour){ (unsigned)(sums[0] / count),
				(unsigned)(sums[1] / count),
				(unsigned)(sums[2] / count) };
}

/* Two pixels, one over the other: the upper half of a cell, and the rest. */
static void put_blocks(struct colour upper, struct colour lower)
{
	printf("\033[38;2;%u;%u;%um\033[48;2;%u;%u;%um\342\226\200",
	       upper.red, upper.green, upper.blue,
	       lower.red, lower.green, lower.blue);
}

static void put_letter(struct colour upper, struct colour lower)
{
	static const char letters[] = " .:-=+*#%@";
	unsigned light = 2 * (upper.red + lower.red) +
			 5 * (upper.green + lower.green) +
			 upper.blue + lower.blue; /* up to 4080 */

	putchar(letters[light * 10 / 4081]);
}

static size_t terminal_width(void)
{
	struct winsize size;

	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
		return size.ws_col;
	return 80;
}

static bool with_colours(void)
{
	const char *no_colour = getenv("NO_COLOR");
	const char *terminal = getenv("TERM");

	return isatty(STDOUT_FILENO) &&
	       (no_colour == NULL || *no_colour == '\0') &&
	       terminal != NULL && strcmp(terminal, "dumb") != 0;
}

static void draw(const struct picture *picture)
{
	bool colours = with_colours();
	size_t columns = terminal_width();

	if (columns > picture->width)
		columns = picture->width;
	/* A character is about twice as high as it is wide. */
	size_t rows = (picture->height * columns / picture->width + 1) / 2;
	if (rows == 0)
		rows = 1;
	for (size_t row = 0; row < rows; row++) {
		for (size_t column = 0; column < columns; column++) {
			struct colour upper = mean(picture, column, row * 2,
						   columns, rows * 2);
			struct colour lower = mean(picture, column, row * 2 + 1,
						   columns, rows * 2);
			if (colours)
				put_blocks(upper, lower);
			else
				put_letter(upper, lower);
		}
		puts(colours ? "\033[0m" : "");
	}
}

bool picture_draw(const unsigned char *start, size_t length)
{
	struct reader reader = { start, start + length };
	struct picture picture = { .rgb = NULL };
	bool ok = read_head(&reader, &picture) &&
		  read_pixels(&reader, &picture);

	if (ok)
		draw(&picture);
	free(picture.rgb);
	return ok;
}
