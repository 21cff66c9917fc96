/* SPDX-License-Identifier: BSD-2-Clause */
/* Headers that lie. */
#ifndef SVSHM_TEST_FORGE_H
#define SVSHM_TEST_FORGE_H

#include <stddef.h>
#include <stdint.h>

#include "memory/layout.h"
#include "svshm.h"

/* The header as HANDLE has it mapped. */
struct svshm__header *header_of(struct svshm *handle);

/* The same of any segment, mapped for this; give it back. */
struct svshm__header *map_header(int segment_id);
void unmap_header(struct svshm__header *header);


/*
 * Fill MEMORY, of at least FORGED_SIZE bytes, with a header that is perfect but
 * for who made it: of an orphan whose key file is PATH.
 */
#define FORGED_SIZE (65536 + 100)
void forge_header(void *memory, size_t size, const char *path);

/* Let HEADER name PATH, the file as it is. */
void forge_path(struct svshm__header *header, const char *path);

/* Random bytes; the same for the same SEED. */
void scribble(void *memory, size_t size, unsigned seed);

struct field {
	const char *name;
	size_t offset, size;
};

/* All fields. The first GEOMETRY ones say where things are. */
#define GEOMETRY 9
extern const struct field fields[];
extern const size_t field_count;

/* Values where sums overflow, and around every border in a small object. */
extern const uint64_t bad_values[];
extern const size_t bad_value_count;

void put_field(void *header, const struct field *field, uint64_t value);

#endif
