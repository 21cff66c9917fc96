/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Any bytes as a segment: svshm__header_read() reads nothing outside of them,
 * and what it calls valid is inside them. The input is laid over a valid header
 * by exclusive or, so that the fuzzer starts where most checks are passed.
 */
#include <config.h>

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "object/judge.h"

#define SIZE (3 * 4096)

static void fill_in(unsigned char *segment)
{
	struct svshm__header header;
	static const char path[] = "/tmp/a", key[] = "a";

	memset(&header, 0, sizeof(header));
	header.magic = SVSHM__MAGIC;
	header.byte_order = SVSHM__BYTE_ORDER;
	header.format = SVSHM__FORMAT;
	header.header_size = sizeof(header);
	header.segment_size = SIZE;
	header.data_offset = 2 * 4096;
	header.data_size = 4096;
	header.path_offset = sizeof(header);
	header.path_length = sizeof(path) - 1;
	header.key_offset = sizeof(header) + 8;
	header.key_length = sizeof(key) - 1;
	header.slots_offset = sizeof(header) + 64;
	header.slot_count = 14;
	header.lock_engine = SVSHM__LOCK_PORTABLE;
	memcpy(segment, &header, sizeof(header));
	memcpy(segment + header.path_offset, path, sizeof(path));
	memcpy(segment + header.key_offset, key, sizeof(key));
}

static unsigned touch(const unsigned char *bytes, uint64_t length)
{
	unsigned sum = 0;

	for (uint64_t i = 0; i < length; i++)
		sum += bytes[i];
	return sum;
}

/* AddressSanitizer watches the borders of the segment. */
static void use(const unsigned char *segment, const struct svshm__view *view)
{
	volatile unsigned sum = 0;

	sum += touch(segment + view->key_offset, view->key_length + 1u);
	sum += touch(segment + view->slots_offset,
		     view->slot_count * sizeof(struct svshm__slot));
	sum += touch(segment + view->data_offset, view->data_size);
	check(segment[view->key_offset + view->key_length] == '\0');
	check(view->path[0] == '/' && strlen(view->path) < sizeof(view->path));
	check(view->data_size > 0);
	check(view->slots_offset >= sizeof(struct svshm__header));
	check(view->slots_offset +
		      view->slot_count * sizeof(struct svshm__slot) <=
	      view->data_offset);
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size)
{
	static struct svshm__view view;
	size_t length = SIZE;
	unsigned char *whole, *segment;

	/* The kernel's size may be any; the first two bytes say what is cut. */
	if (size >= 2) {
		length -= ((size_t)input[0] << 8 | input[1]) % SIZE;
		input += 2;
		size -= 2;
	}
	whole = calloc(1, SIZE);
	check(whole != NULL);
	fill_in(whole);
	for (size_t i = 0; i < size && i < SIZE; i++)
		whole[i] ^= input[i];
	segment = malloc(length);
	check(segment != NULL);
	memcpy(segment, whole, length);
	free(whole);
	if (svshm__header_read(segment, length, &view) == SVSHM__HEADER_VALID)
		use(segment, &view);
	free(segment);
	return 0;
}
