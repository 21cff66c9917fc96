/* SPDX-License-Identifier: BSD-2-Clause */
#include <config.h>

#include <string.h>

#include "arguments/suggest.h"

#define WORD_MAX 32

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

/*
 * Letters to insert, to drop, to change, or to exchange with the next one, until
 * A is B. Row I of the matrix counts for the first I letters of A; three rows
 * are enough.
 */
static size_t edit_distance(const char *a, size_t a_length, const char *b,
			    size_t b_length)
{
	size_t rows[3][WORD_MAX + 1];

	for (size_t j = 0; j <= b_length; j++)
		rows[0][j] = j;
	for (size_t i = 1; i <= a_length; i++) {
		size_t *row = rows[i % 3];
		const size_t *above = rows[(i + 2) % 3];
		const size_t *two_above = rows[(i + 1) % 3];

		row[0] = i;
		for (size_t j = 1; j <= b_length; j++) {
			row[j] = least(least(above[j], row[j - 1]) + 1,
				       above[j - 1] + (a[i - 1] != b[j - 1]));
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] &&
			    a[i - 2] == b[j - 1])
				row[j] = least(row[j], two_above[j - 2] + 1);
		}
	}
	return rows[a_length % 3][b_length];
}

void suggest_begin(struct suggestion *suggestion, const char *word)
{
	/* Of an option the name alone: "-al", "--jsn", "--timeot=3". */
	suggestion->word = word + strspn(word, "-");
	suggestion->length = strcspn(suggestion->word, "=");
	suggestion->nearest = NULL;
	/* At most a third of the letters may be wrong. */
	suggestion->distance = suggestion->length / 3 + 1;
	if (suggestion->length < 2 || suggestion->length > WORD_MAX)
		suggestion->distance = 0;
}

void suggest_try(struct suggestion *suggestion, const char *candidate)
{
	size_t length = strlen(candidate);
	size_t distance;

	if (suggestion->distance == 0 || length > WORD_MAX)
		return;
	/* A word that only was cut short is one step away. */
	if (suggestion->length >= 3 && suggestion->length < length &&
	    memcmp(suggestion->word, candidate, suggestion->length) == 0)
		distance = 1;
	else
		distance = edit_distance(suggestion->word, suggestion->length,
					 candidate, length);
	if (distance >= suggestion->distance)
		return;
	suggestion->nearest = candidate;
	suggestion->distance = distance;
}
