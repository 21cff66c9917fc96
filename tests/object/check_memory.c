/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * P2, P5 and P8 with svshm_set_memory(): pages that are there, in both layouts;
 * what fails takes all back, and nobody is held up. check_memory_locked.c has pages
 * that stay, check_huge.c those that are huge.
 */
#include <config.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "large.h"
#include "outside.h"

/* ---- What the library's madvise() answers -------------------------------- */

static int touch_errnum;             /* 0: what the kernel says */
static void (*while_touching)(void); /* once */

#ifdef SYS_madvise
/* In the place of libc's. */
int madvise(void *address, size_t length, int advice)
{
	bool touches = false;

#if HAVE_DECL_MADV_POPULATE_READ && HAVE_DECL_MADV_POPULATE_WRITE
	touches = advice == MADV_POPULATE_READ ||
		  advice == MADV_POPULATE_WRITE;
#endif
	if (touches && while_touching) {
		void (*act)(void) = while_touching;

		while_touching = NULL;
		act();
	}
	if (touches && touch_errnum) {
		errno = touch_errnum;
		return -1;
	}
	return (int)syscall(SYS_madvise, address, length, advice);
}
#endif

/* The kernel does it, so that it can be let fail. */
static bool test_skip_without_populate(void)
{
#if HAVE_DECL_MADV_POPULATE_READ && HAVE_DECL_MADV_POPULATE_WRITE
	void *memory = mmap(NULL, large_page, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	bool can = (int)syscall(SYS_madvise, memory, large_page,
				MADV_POPULATE_WRITE) == 0;

	munmap(memory, large_page);
	if (can)
		return false;
#endif
	return test_skip("this system does not touch pages for a process");
}

/* ---- Acts ---------------------------------------------------------------- */

static int want_touched(struct svshm *handle)
{
	return svshm_set_memory(handle, SVSHM_MEMORY_TOUCHED);
}

static int fail_touching(struct svshm *handle)
{
	(void)handle;
	touch_errnum = ENOMEM;
	return 0;
}

/* A sanitizer has pages of its own for these. */
#ifdef __GNUC__
#define PLAINLY __attribute__((no_sanitize_address))
#else
#define PLAINLY
#endif

/* Page faults of a pass over the memory: the kernel may map 16 at each. */
PLAINLY static int count_faults(struct svshm *handle)
{
	volatile const char *data = svshm_const_data(handle);
	struct rusage before, after;

	getrusage(RUSAGE_SELF, &before);
	for (size_t i = 0; i < PAGES; i++)
		(void)data[i * large_page];
	getrusage(RUSAGE_SELF, &after);
	return (int)(after.ru_minflt - before.ru_minflt);
}

/* How many pages of the data are in memory, whoever has brought them in. */
static size_t pages_there(struct svshm *handle)
{
	unsigned char there[PAGES];
	size_t count = 0;

	if (mincore(svshm_data(handle), large_size, (void *)there) != 0)
		return 0;
	for (size_t i = 0; i < PAGES; i++)
		count += there[i] & 1;
	return count;
}

/* Not everywhere mincore() knows. The memory of HANDLE is new. */
static bool test_skip_without_mincore(struct svshm *handle)
{
	bool tells = pages_there(handle) < PAGES / 2;

	memset(svshm_data(handle), 0, large_size);
	if (tells && pages_there(handle) == PAGES)
		return false;
	return test_skip("pages that are there cannot be told from others");
}

static void choose(int layout)
{
	large_choose(layout);
	touch_errnum = 0;
	while_touching = NULL;
}

/* ---- The setter ---------------------------------------------------------- */

START_TEST(flags_are_checked)
{
	struct svshm *handle;

	choose(_i);
	ck_assert_int_eq(svshm_set_memory(NULL, 0), SVSHM_INVALID_ARGUMENT);
	handle = test_new(test_key("flags"));
	expect_failure(handle, svshm_set_memory(handle, 8),
		       SVSHM_INVALID_ARGUMENT, "no such flag");
	expect_code(handle, svshm_set_memory(handle, 7), SVSHM_OK);
	expect_code(handle, svshm_set_memory(handle, 0), SVSHM_OK);
	expect_code(handle, act_create_big(handle), SVSHM_OK);
	ck_assert_str_eq(svshm_error_string(handle), "");
	expect_failure(handle, svshm_set_memory(handle, 0),
		       SVSHM_ALREADY_ATTACHED, "detach first");
	svshm_free(handle);
}
END_TEST

/* ---- Touched ------------------------------------------------------------- */

static void expect_touched(int errnum)
{
	const char *key = test_key("touched");
	struct svshm *handle = test_new(key);
	struct actor actor;
	bool skip;

	expect_code(handle, act_create_big(handle), SVSHM_OK);
	skip = test_skip_without_mincore(handle);
	svshm_free(handle);
	if (skip)
		return;
	handle = large_new(key, SVSHM_MEMORY_TOUCHED);
	touch_errnum = errnum;
	expect_code(handle, act_create_big(handle), SVSHM_OK);
	ck_assert_uint_eq(pages_there(handle), PAGES);
	ck_assert_int_lt(count_faults(handle), (int)PAGES / 32);
	ck_assert(has_bytes(handle, large_size, 0));
	memset(svshm_data(handle), 5, large_size);
	/* Each for its own page table; nobody's bytes are changed. */
	for (int i = 0; i < 2; i++) {
		actor_enter(&actor, key);
		expect_act(&actor, want_touched, SVSHM_OK);
		expect_act(&actor, i ? act_attach : act_attach_read_only,
			   SVSHM_OK);
		ck_assert_int_lt(actor_do(&actor, count_faults),
				 (int)PAGES / 32);
		actor_exit(&actor);
	}
	ck_assert(has_bytes(handle, large_size, 5));
	svshm_free(handle);
	ck_assert(test_nothing_left(key));
}

START_TEST(pages_are_there)
{
	choose(_i);
	expect_touched(0);
}
END_TEST

/* A kernel that does not know how: the library touches them itself. */
START_TEST(pages_are_there_on_old_kernels)
{
	choose(_i);
	expect_touched(EINVAL);
}
END_TEST

/* For others, it is as if it were over. */
static struct actor passer_by;

static void pass_by(void)
{
	expect_act(&passer_by, act_attach, SVSHM_OK);
	expect_act(&passer_by, svshm_lock, SVSHM_OK);
	expect_act(&passer_by, svshm_unlock, SVSHM_OK);
	expect_act(&passer_by, svshm_detach, SVSHM_OK);
}

START_TEST(nobody_waits_while_pages_are_touched)
{
	const char *key = test_key("beside");
	struct svshm *handle, *other;

	choose(_i);
	if (test_skip_without_populate())
		return;
	actor_enter(&passer_by, key);
	handle = large_new(key, SVSHM_MEMORY_TOUCHED);
	other = large_new(key, SVSHM_MEMORY_TOUCHED);
	while_touching = pass_by;
	expect_code(handle, act_create_big(handle), SVSHM_OK);
	ck_assert_ptr_null((void *)(uintptr_t)while_touching);
	while_touching = pass_by;
	expect_code(other, act_attach(other), SVSHM_OK);
	ck_assert_ptr_null((void *)(uintptr_t)while_touching);
	svshm_free(other);
	actor_exit(&passer_by);
	svshm_free(handle);
	ck_assert(test_nothing_left(key));
}
END_TEST

/* ---- What fails ---------------------------------------------------------- */

START_TEST(missing_memory_is_no_signal)
{
	const char *key = test_key("missing");
	struct svshm *handle;
	struct actor actor;

	choose(_i);
	if (test_skip_without_populate())
		return;
	actor_enter(&actor, key);
	expect_act(&actor, want_touched, SVSHM_OK);
	expect_act(&actor, fail_touching, SVSHM_OK);
	expect_taken_back(key, &actor, SVSHM_OUT_OF_RESOURCES, "MADV_POPULATE");
	actor_exit(&actor);
	make_orphan(key, large_size, 7);
	handle = large_new(key, SVSHM_MEMORY_TOUCHED);
	touch_errnum = ENOMEM;
	expect_failure(handle, act_create_big(handle), SVSHM_OUT_OF_RESOURCES,
		       "its data are gone");
	touch_errnum = 0;
	expect_code(handle, act_create_big(handle), SVSHM_OK);
	svshm_free(handle);
}
END_TEST

static Suite *make_suite(void)
{
	Suite *suite = suite_create("memory");
	TCase *tests = tcase_create("memory");

	suite_add_tcase(suite, tests);
	tcase_set_timeout(tests, 120);
	tcase_add_loop_test(tests, flags_are_checked, 0, 2);
	tcase_add_loop_test(tests, pages_are_there, 0, 2);
	tcase_add_loop_test(tests, pages_are_there_on_old_kernels, 0, 2);
	tcase_add_loop_test(tests, nobody_waits_while_pages_are_touched, 0, 2);
	tcase_add_loop_test(tests, missing_memory_is_no_signal, 0, 2);
	return suite;
}

int main(void)
{
	return test_main(make_suite);
}
