/* SPDX-License-Identifier: BSD-2-Clause */
/* The memory that svshm_set_memory() asks for. */
#ifndef SVSHM_MEMORY_PAGES_H
#define SVSHM_MEMORY_PAGES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"

struct svshm__pages {
	unsigned wish;  /* SVSHM_MEMORY_... */
	char note[512]; /* why the last create has no huge pages; "": it has, or
			   was not asked for any */
};

/*
 * The pages that a segment for SIZE bytes of data shall have: huge ones, if that
 * is the wish and there are any, of that size; else 0, and a note.
 */
size_t svshm__pages_wanted(struct svshm__pages *pages, size_t size);

/* The same where there are none, and WHY. */
void svshm__pages_unwanted(struct svshm__pages *pages, const char *why);

/*
 * A segment of SIZE bytes in huge pages of that size: 0, SVSHM_ALREADY_EXISTS, or
 * another code, and a note: try it with ordinary ones.
 */
int svshm__pages_make(struct svshm__pages *pages, size_t page, key_t key,
		      size_t size, mode_t mode, int *id);

/*
 * A segment of ordinary pages is mapped at ADDRESS, of which huge ones were
 * wished for: ask for transparent ones; the note says what has come of it.
 * True: the system may give some.
 */
bool svshm__pages_advise(struct svshm__pages *pages, void *address,
			 size_t size);

/* A size of pages as it stands in a header's flags, and back; 0: nonsense, with
   data that begin there. */
uint32_t svshm__pages_flags(size_t page);
uint64_t svshm__pages_of(uint32_t flags, uint64_t data_offset);

/* What the wish is, but for huge pages: for SIZE bytes of segment ID at DATA. */
int svshm__pages_prepare(const struct svshm__pages *pages, int id, void *data,
			 size_t size, bool writable,
			 struct svshm__error *error);

#endif
