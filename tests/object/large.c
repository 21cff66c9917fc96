/* SPDX-License-Identifier: BSD-2-Clause */
#include <config.h>

#include "large.h"

#include <string.h>
#include <unistd.h>

#include "outside.h"

size_t large_page, large_size;

void large_choose(int layout)
{
	test_layout = layout ? SVSHM_LAYOUT_QT : SVSHM_LAYOUT_NATIVE;
	large_page = (size_t)sysconf(_SC_PAGESIZE);
	large_size = PAGES * large_page - 100;
}

struct svshm *large_new(const char *key, unsigned flags)
{
	struct svshm *handle = test_new(key);

	expect_code(handle, svshm_set_memory(handle, flags), SVSHM_OK);
	return handle;
}

int act_create_big(struct svshm *handle)
{
	return svshm_create(handle, large_size, SVSHM_READ_WRITE);
}

int act_open_big(struct svshm *handle)
{
	bool made;
	int code = svshm_open(handle, large_size, SVSHM_READ_WRITE, &made);

	child_assert(code >= 0 || !made);
	return code;
}

/* And nobody's death is told twice. */
static void expect_orphan_still(const char *key)
{
	struct svshm *handle = test_new(key);
	struct test_object object;

	ck_assert(test_inspect(key, &object));
	ck_assert_int_eq(object.verdict, SVSHM_VERDICT_ORPHAN);
	expect_code(handle, act_attach_read_only(handle), SVSHM_ORPHANED);
	ck_assert(has_bytes(handle, large_size, 7));
	svshm_free(handle);
	ck_assert(test_nothing_left(key));
}

void expect_taken_back(const char *key, struct actor *actor, int code,
			      const char *says)
{
	struct svshm *handle;

	expect_act(actor, act_create_big, code);
	expect_says(actor->message, says);
	expect_act(actor, act_open_big, code);
	ck_assert(test_nothing_left(key));
	handle = make_object(key, large_size);
	memset(svshm_data(handle), 6, large_size);
	expect_act(actor, act_attach, code);
	expect_says(actor->message, says);
	expect_act(actor, act_open_big, code);
	ck_assert(has_bytes(handle, large_size, 6));
	if (test_layout == SVSHM_LAYOUT_NATIVE)
		expect_usable_lock(handle);
	svshm_free(handle);
	ck_assert(test_nothing_left(key));
	/* An orphan stays one, with its data. */
	make_orphan(key, large_size, 7);
	expect_act(actor, act_attach, code);
	expect_act(actor, act_open_big, code);
	expect_orphan_still(key);
	make_orphan(key, large_size, 7);
	expect_act(actor, act_create_big, code);
	ck_assert(test_nothing_left(key));
}
