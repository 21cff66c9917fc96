/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Huge pages, and memory that is there.
 *
 * A segment of huge pages has nothing in it that is smaller: its data begin and
 * end at huge pages, as no part of one can be protected (for read-only handles)
 * or given back (when it is retired). So the header has one of its own, and what
 * is smaller than one is not worth it. The kernel's size of the segment is a
 * multiple of them, too: it is by that size, which nobody can forge, that the
 * end of the data is found. Its count of free pages goes down when the segment
 * is made, not at the first access: later, none is missing.
 */
#include <config.h>

#include "memory/pages.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "kernel/pages.h"
#include "kernel/segment.h"
#include "memory/layout.h"

static void SVSHM__PRINTF(2, 3)
	add_note(struct svshm__pages *pages, const char *format, ...)
{
	size_t used = strlen(pages->note);
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(pages->note + used, sizeof(pages->note) - used, format,
		  arguments);
	va_end(arguments);
}

size_t svshm__pages_wanted(struct svshm__pages *pages, size_t size)
{
	size_t page;

	pages->note[0] = '\0';
	if (!(pages->wish & SVSHM_MEMORY_HUGE))
		return 0;
	page = svshm__pages_huge_size();
	if (page && size >= page)
		return page;
	if (page)
		add_note(pages, "no huge pages: %zu bytes are less than one, of "
			 "%zu bytes", size, page);
	else
		add_note(pages, "no huge pages: this system has none for System "
			 "V segments, or gives them by itself");
	return 0;
}

void svshm__pages_unwanted(struct svshm__pages *pages, const char *why)
{
	pages->note[0] = '\0';
	if (pages->wish & SVSHM_MEMORY_HUGE)
		add_note(pages, "no reserved huge pages: %s", why);
}

static void explain_refusal(struct svshm__pages *pages, size_t page,
			    size_t size, int errnum)
{
	size_t count = size / page;
	long unused = svshm__pages_huge_free();

	add_note(pages, "no reserved huge pages: ");
	if (errnum == EPERM)
		add_note(pages, "they are for CAP_IPC_LOCK and for the group in "
			 "/proc/sys/vm/hugetlb_shm_group");
	else if (errnum == ENOMEM && unused >= 0)
		add_note(pages, "%zu of %zu kB are needed, and HugePages_Free is "
			 "%ld; \"sysctl -w vm.nr_hugepages=NUMBER\" reserves "
			 "them", count, page / 1024, unused);
	else
		add_note(pages, "%s", strerror(errnum));
}

int svshm__pages_make(struct svshm__pages *pages, size_t page, key_t key,
		      size_t size, mode_t mode, int *id)
{
	int errnum = svshm__segment_make_huge(key, size, mode, id);

	if (!errnum)
		return SVSHM_OK;
	if (errnum == EEXIST)
		return SVSHM_ALREADY_EXISTS;
	explain_refusal(pages, page, size, errnum);
	return SVSHM_OUT_OF_RESOURCES;
}

bool svshm__pages_advise(struct svshm__pages *pages, void *address, size_t size)
{
	if (!(pages->wish & SVSHM_MEMORY_HUGE))
		return false;
	if (svshm__pages_advise_huge(address, size)) {
		add_note(pages, "; the system was asked for transparent ones, "
			 "which it gives where it can");
		return true;
	}
	add_note(pages, "; the pages are ordinary ones");
	return false;
}

uint32_t svshm__pages_flags(size_t page)
{
	uint32_t shift = 0;

	if (page <= svshm__page_size())
		return 0;
	while (page >> shift > 1)
		shift++;
	return shift << SVSHM__FLAGS_PAGE_SHIFT;
}

uint64_t svshm__pages_of(uint32_t flags, uint64_t data_offset)
{
	uint32_t shift = flags >> SVSHM__FLAGS_PAGE_SHIFT &
			 SVSHM__FLAGS_PAGE_MASK;
	uint64_t page = shift ? (uint64_t)1 << shift : svshm__page_size();

	return data_offset % page == 0 ? page : 0;
}

/*
 * Touched before it is locked: then there is nothing to unlock, under others who
 * want it locked, if memory is missing. What was swapped in between comes back
 * by touching it again, which takes little time.
 */
int svshm__pages_prepare(const struct svshm__pages *pages, int id, void *data,
			 size_t size, bool writable, struct svshm__error *error)
{
	bool touched = (pages->wish & SVSHM_MEMORY_TOUCHED) != 0;
	int code = SVSHM_OK;

	if (touched)
		code = svshm__pages_touch(data, size, writable, error);
	if (code || !(pages->wish & SVSHM_MEMORY_LOCKED))
		return code;
	code = svshm__pages_lock(id, data, size, error);
	if (code || !touched)
		return code;
	return svshm__pages_touch(data, size, writable, error);
}
