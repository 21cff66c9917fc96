/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * P3 and P5: the Qt layout, after a death at any point: the next one works,
 * orphans can be saved and removed, and nothing is left in the end.
 */
#include <config.h>

#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "outside.h"
#include "puppet.h"
#include "qtwire.h"

/* ---- Recovery ---------------------------------------------------------- */

static int save(const struct svshm_object *object, const void *data,
		size_t size, void *context)
{
	(void)object;
	ck_assert_uint_eq(size, 300);
	*(char *)context = *(const char *)data;
	return 0;
}

/* kernel.shm_rmid_forced, which is of an IPC namespace: of the test's own. */
static bool let_segments_go(void)
{
	FILE *file = NULL;
	bool done;

#ifdef CLONE_NEWIPC
	if (geteuid() == 0 && unshare(CLONE_NEWIPC) == 0)
		file = fopen("/proc/sys/kernel/shm_rmid_forced", "w");
#endif
	done = file && fputs("1", file) >= 0;
	return (file && fclose(file) == 0 && done) ||
	       !test_skip("segments do not go with their users here");
}

/* The kernel removes the segment when the last one unmaps it: file and lock are
   still his to remove. */
START_TEST(qt_nothing_is_left_where_segments_go_by_themselves)
{
	const char *key = test_key("forced");
	struct svshm *handle;
	struct actor actors[3];

	if (!let_segments_go())
		return;
	handle = qt_make(key, 100);
	expect_code(handle, svshm_detach(handle), SVSHM_OK);
	ck_assert(qt_nothing_left(key));
	expect_code(handle, act_create(handle), SVSHM_OK);
	expect_code(handle, svshm_lock(handle), SVSHM_OK);
	expect_code(handle, svshm_detach(handle), SVSHM_OK);
	ck_assert(qt_nothing_left(key));
	expect_code(handle, act_create(handle), SVSHM_OK);
	for (int i = 0; i < 3; i++)
		actor_attach(&actors[i], key);
	/* All at once, by both ways. */
	for (int i = 0; i < 2; i++)
		actor_begin(&actors[i], svshm_detach);
	expect_code(handle, svshm_detach(handle), SVSHM_OK);
	actor_exit(&actors[2]);
	for (int i = 0; i < 2; i++) {
		expect_end(&actors[i], SVSHM_OK);
		actor_exit(&actors[i]);
	}
	ck_assert(qt_nothing_left(key));
	svshm_free(handle);
}
END_TEST

START_TEST(qt_recovery_takes_orphans_only)
{
	const char *key = test_key("recover");
	char first = 0;
	struct svshm_recovery recovery = { .flags = SVSHM_RECOVER_DRY_RUN };
	struct svshm *handle = qt_make(key, 10);
	struct wire wire;

	ck_assert_int_eq(recover_object(key, 0, NULL), SVSHM_BUSY);
	svshm_free(handle);
	ck_assert_int_eq(recover_object(key, 0, NULL), SVSHM_NOT_FOUND);
	make_orphan(key, 300, 'o');
	ck_assert_int_eq(recover_object(key, 0, &recovery), 0);
	ck_assert(!qt_nothing_left(key));
	recovery = (struct svshm_recovery){ .save = save, .context = &first };
	ck_assert_int_eq(recover_object(key, 0, &recovery), 0);
	ck_assert_int_eq(first, 'o');
	ck_assert_int_eq(recovery.verdict, SVSHM_VERDICT_ORPHAN);
	ck_assert(qt_nothing_left(key));

	/* A lock alone may be a QSystemSemaphore. */
	wire_begin(&wire, key);
	wire_open_lock(&wire, false);
	ck_assert_int_eq(recover_object(key, 0, NULL), SVSHM_BUSY);
	ck_assert_int_eq(wire_value(key), 1);
	ck_assert_int_eq(recover_object(key, SVSHM_RECOVER_FORCE, NULL), 0);
	ck_assert(qt_nothing_left(key));
}
END_TEST

static int find_native_key(const struct svshm_object *object, void *context)
{
	return object->layout == SVSHM_LAYOUT_QT && object->native_key &&
	       strcmp(object->native_key, context) == 0 ?
		       100 + (int)object->verdict : 0;
}

START_TEST(qt_scans_show_each_object_once)
{
	const char *key = test_key("scan");
	struct svshm *handle = qt_make(key, 10);
	char *path = qt_segment_path(key);

	ck_assert_int_eq(svshm_scan(0, find_native_key, path),
			 100 + SVSHM_VERDICT_IN_USE);
	ck_assert_int_eq(svshm_scan(SVSHM_SCAN_FOREIGN, find_native_key, path),
			 100 + SVSHM_VERDICT_IN_USE);
	svshm_free(handle);
	ck_assert_int_eq(svshm_scan(0, find_native_key, path), 0);
	free(path);
}
END_TEST

/* ---- Deaths ------------------------------------------------------------ */

static const char *const points[] = {
	"qt:set made", "qt:locked", "qt:file made", "qt:orphan gone",
	"qt:segment made", "qt:mapped", "qt:unmapped", "qt:segment gone",
	"qt:file gone", "qt:lock file gone"
};

#define POINTS (int)(sizeof(points) / sizeof(*points))

struct death {
	const char *key, *point;
	actor_act *acts[3];
};

static int do_acts(void *context)
{
	const struct death *death = context;
	struct svshm *handle = qt_handle(death->key);

	test_crash_at(death->point, SIGKILL, 1);
	for (int i = 0; i < 3 && death->acts[i]; i++)
		child_assert(death->acts[i](handle) >= 0);
	return 0;
}

/* Whether somebody dies at the point while doing these; then all works. */
static bool die_at(const char *point, bool orphan, actor_act *first,
		   actor_act *second, actor_act *next)
{
	struct death death = { test_key("die"), point, { first, second,
							 NULL } };
	struct svshm *handle = qt_handle(death.key);
	int status, code;

	if (orphan)
		make_orphan(death.key, 50, 'o');
	status = test_wait(test_fork(do_acts, &death));
	ck_assert_msg(status == 0 || status == 256 + SIGKILL, "status %d",
		      status);
	code = next(handle);
	ck_assert_msg(code >= 0 || (next == act_attach &&
				    code == SVSHM_NOT_FOUND),
		      "after \"%s\": %s", point, svshm_error_string(handle));
	if (code == SVSHM_NOT_FOUND)
		expect_code(handle, act_create(handle), SVSHM_OK);
	ck_assert_int_eq(wire_value(death.key), 1);
	expect_usable_lock(handle);
	expect_code(handle, svshm_detach(handle), SVSHM_OK);
	ck_assert_msg(qt_nothing_left(death.key), "after \"%s\"", point);
	svshm_free(handle);
	return status != 0;
}

START_TEST(qt_after_death_at_any_point_the_next_one_works)
{
	const char *point = points[_i];
	actor_act *next[] = { act_create, act_attach };
	int deaths = 0;

	for (int i = 0; i < 2; i++) {
		deaths += die_at(point, false, act_create, svshm_detach,
				 next[i]);
		deaths += die_at(point, true, act_create, svshm_detach,
				 next[i]);
		deaths += die_at(point, true, act_attach, svshm_detach,
				 next[i]);
	}
	ck_assert_int_gt(deaths, 0);
}
END_TEST

static Suite *make_suite(void)
{
	Suite *suite = suite_create("The Qt layout: deaths and leftovers");
	TCase *tcase = tcase_create("leftovers");

	tcase_set_timeout(tcase, 90);
	tcase_add_test(tcase,
		       qt_nothing_is_left_where_segments_go_by_themselves);
	tcase_add_test(tcase, qt_recovery_takes_orphans_only);
	tcase_add_test(tcase, qt_scans_show_each_object_once);
	tcase_add_loop_test(tcase,
			    qt_after_death_at_any_point_the_next_one_works, 0,
			    POINTS);
	suite_add_tcase(suite, tcase);
	return suite;
}

int main(void)
{
	return qt_main(make_suite);
}
