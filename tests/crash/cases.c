/* SPDX-License-Identifier: BSD-2-Clause */
#include <config.h>

#include "cases.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "kernel/process.h"
#include "qtwire.h"

#define BOUND_MS 1000

/* Shared with all children, since Check forks for each test. */
static struct cases {
	const char *what;
	unsigned stride, row_stride;
	unsigned run, passed;
	int64_t slowest_ms; /* of all next steps */
	int64_t bound_ms;   /* in this case */
	bool slow;          /* since that was asked for last */
} *cases;

static void cases_open(const char *what, unsigned stride, unsigned row_stride)
{
	const char *wanted = getenv("SVSHM_LAB_STRIDE");

	/* What a test prints is seen also if it is killed. */
	setvbuf(stdout, NULL, _IOLBF, 0);
	/* Before any test runs, nobody takes Check's assertions. */
	cases = mmap(NULL, sizeof(*cases), PROT_READ | PROT_WRITE,
		     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (cases == MAP_FAILED)
		abort();
	cases->what = what;
	cases->stride = stride;
	cases->row_stride = row_stride;
	if (wanted && atoi(wanted) > 0) {
		cases->stride = (unsigned)atoi(wanted);
		cases->row_stride = 1;
	}
}

void case_begin(void)
{
	cases->run++;
	cases->slow = false;
	cases->bound_ms = BOUND_MS;
}

void case_may_take(int64_t milliseconds)
{
	cases->bound_ms = milliseconds;
}

void case_end(bool counts)
{
	if (counts)
		cases->passed++;
	else
		cases->run--;
}

/* Since that was asked for last. */
static bool case_was_slow(void)
{
	bool slow = cases->slow;

	cases->slow = false;
	return slow;
}

bool case_play(bool (*play)(unsigned stop), unsigned stop, bool *stops)
{
	for (int i = 0; i < 10; i++) {
		*stops = play(stop);
		if (!case_was_slow())
			return true;
	}
	return false;
}

/* The sums, and what was slowest. */
static void cases_print(void)
{
	printf("%s: %u cases run, %u passed, %u failed; slowest next step %ld "
	       "ms\n", cases->what, cases->run, cases->passed,
	       cases->run - cases->passed, (long)cases->slowest_ms);
}

Suite *cases_suite(const char *name, TCase **tests)
{
	Suite *suite = suite_create(name);

	*tests = tcase_create(name);
	suite_add_tcase(suite, *tests);
	tcase_set_timeout(*tests, 600);
	qt_use_directory();
	return suite;
}

int cases_main(Suite *(*make)(void), const char *what, unsigned stride,
	       unsigned row_stride)
{
	int result;

	cases_open(what, stride, row_stride);
	result = test_main(make);
	cases_print();
	return result;
}

bool row_wanted(int row)
{
	const char *wanted = getenv("SVSHM_LAB_ROW");

	return wanted ? atoi(wanted) == row :
			(unsigned)row % cases->row_stride == 0;
}

bool case_wanted(unsigned n)
{
	return n % cases->stride == 0;
}

int next_act(struct puppet *puppet, actor_act *act)
{
	int64_t start = svshm__process_clock();
	int code = puppet_do(puppet, act);
	int64_t took = svshm__process_clock() - start;

	if (took > cases->slowest_ms)
		cases->slowest_ms = took;
	if (took > cases->bound_ms)
		cases->slow = true;
	return code;
}
