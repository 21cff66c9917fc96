/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Pages that are huge, or there. pages_lock.c has those that stay.
 *
 * On Linux a page of a segment is made at its first access, also by one that
 * only reads: there is no page of zeros that would stand for it, as there is for
 * private memory. So a loop that reads a byte of each page brings them in. What
 * it cannot do is fail: where no memory is left, the process gets a signal, or
 * the system ends some process. MADV_POPULATE_READ and _WRITE fail.
 */
#include <config.h>

#include "kernel/pages.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "kernel/segment.h"

/* ---- Huge pages ---------------------------------------------------------- */

#ifdef HAVE_LINUX_PROC

/* The number of a line of /proc/meminfo; -1: there is none. */
static long meminfo(const char *name)
{
	FILE *file = fopen("/proc/meminfo", "r");
	size_t length = strlen(name);
	char line[200];
	long number = -1;

	if (!file)
		return -1;
	while (number < 0 && fgets(line, sizeof(line), file))
		if (strncmp(line, name, length) == 0 &&
		    sscanf(line + length, ":%ld", &number) != 1)
			number = -1;
	fclose(file);
	return number;
}

#if HAVE_DECL_MADV_HUGEPAGE

/* Whether the file PATH, "a [b] c", has WORD in its brackets. */
static bool is_chosen(const char *path, const char *word)
{
	FILE *file = fopen(path, "r");
	char line[200], bracketed[40];
	bool chosen;

	if (!file)
		return false;
	snprintf(bracketed, sizeof(bracketed), "[%s]", word);
	chosen = fgets(line, sizeof(line), file) && strstr(line, bracketed);
	fclose(file);
	return chosen;
}

/* Newer kernels have a file for each size, which mostly says "inherit". */
static bool gives_transparent(void)
{
	static const char *const words[] = { "always", "within_size", "advise",
					     "force" };
	const char *all = "/sys/kernel/mm/transparent_hugepage/shmem_enabled";
	char one[100];

	snprintf(one, sizeof(one), "/sys/kernel/mm/transparent_hugepage/"
		 "hugepages-%zukB/shmem_enabled",
		 svshm__pages_huge_size() / 1024);
	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (is_chosen(one, words[i]) || (is_chosen(all, words[i]) &&
		    !is_chosen(one, "never")))
			return true;
	return false;
}

#endif

size_t svshm__pages_huge_size(void)
{
	long kilobytes = meminfo("Hugepagesize");
	size_t size = kilobytes > 0 ? (size_t)kilobytes * 1024 : 0;

	/* A power of two, or we do not know what it is. */
	return size > svshm__page_size() && (size & (size - 1)) == 0 ? size : 0;
}

long svshm__pages_huge_free(void)
{
	return meminfo("HugePages_Free");
}

#else

size_t svshm__pages_huge_size(void)
{
	return 0;
}

long svshm__pages_huge_free(void)
{
	return -1;
}

#endif

bool svshm__pages_advise_huge(void *address, size_t size)
{
#if defined(HAVE_LINUX_PROC) && HAVE_DECL_MADV_HUGEPAGE
	size_t page = svshm__page_size();

	return gives_transparent() &&
	       madvise(address, (size + page - 1) / page * page,
		       MADV_HUGEPAGE) == 0;
#else
	(void)address, (void)size;
	return false;
#endif
}

/* ---- Pages that are there ------------------------------------------------ */

/*
 * What goes into one call: while it runs, no other thread of this process can
 * map anything.
 */
#define PIECE ((size_t)64 << 20)

#if HAVE_DECL_MADV_POPULATE_READ && HAVE_DECL_MADV_POPULATE_WRITE

/* 0, or the errno: EINVAL from kernels before 5.14, which do not know it. */
static int populate(char *address, size_t size, bool writable)
{
	int advice = writable ? MADV_POPULATE_WRITE : MADV_POPULATE_READ;
	size_t done = 0, piece;

	while (done < size) {
		piece = size - done < PIECE ? size - done : PIECE;
		if (madvise(address + done, piece, advice) == 0)
			done += piece;
		else if (errno != EINTR && errno != EAGAIN)
			return errno;
	}
	return 0;
}

#else

static int populate(char *address, size_t size, bool writable)
{
	(void)address, (void)size, (void)writable;
	return EINVAL;
}

#endif

/*
 * Read only: then the page is there, and its first write is a short visit to the
 * kernel at the most. To add 0 in one step would write, but a compiler may leave
 * that out.
 */
static void touch(const char *address, size_t size)
{
	size_t page = svshm__page_size();

	for (size_t i = 0; i < size; i += page)
		(void)*(const volatile char *)(address + i);
}

int svshm__pages_touch(void *address, size_t size, bool writable,
		       struct svshm__error *error)
{
	size_t page = svshm__page_size();
	size_t rounded = (size + page - 1) / page * page;
	int errnum = populate(address, rounded, writable);

	/* Too old for it, or a filter of system calls knows nothing of it. */
	if (errnum == EINVAL || errnum == ENOSYS || errnum == EPERM) {
		touch(address, size);
		return SVSHM_OK;
	}
	if (!errnum)
		return SVSHM_OK;
	return svshm__error_set(error, SVSHM_OUT_OF_RESOURCES,
				"madvise(%zu bytes, %s) failed: %s (there is no "
				"memory for all the pages of the data now, or "
				"the control group of this process may not have "
				"so much)", rounded,
				writable ? "MADV_POPULATE_WRITE" :
					   "MADV_POPULATE_READ",
				strerror(errnum));
}
