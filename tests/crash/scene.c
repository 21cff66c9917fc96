/* SPDX-License-Identifier: BSD-2-Clause */
#include <config.h>

#include "scene.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lock.h"
#include "process.h"

#define BOUND_MS 1000

/* ---- Worlds -------------------------------------------------------------- */

static bool enter_portable_native(void)
{
	svshm__lock_engine_of_new = SVSHM__LOCK_PORTABLE;
	return true;
}

static bool enter_fast_native(void)
{
	svshm__lock_engine_of_new = SVSHM__LOCK_FAST;
	return svshm__lock_engine(SVSHM__LOCK_FAST) != NULL;
}

const struct world worlds[] = {
	{ "portable lock, native layout", enter_portable_native },
	{ "fast lock, native layout", enter_fast_native },
};

const int world_count = (int)(sizeof(worlds) / sizeof(*worlds));

/* ---- Grounds and roles --------------------------------------------------- */

static int act_create_small(struct svshm *handle)
{
	svshm_set_max_processes(handle, 14);
	return act_create(handle);
}

static void leave_orphan(const char *key, actor_act *create)
{
	struct puppet maker;

	puppet_start(&maker, key);
	puppet_expect(&maker, create, SVSHM_OK);
	puppet_expect(&maker, act_mark, SVSHM_OK);
	puppet_kill(&maker);
}

static void die_creating(const char *key, const char *point)
{
	struct puppet maker;

	puppet_start(&maker, key);
	puppet_arm(&maker, point, SIGKILL);
	puppet_expect(&maker, act_create, PUPPET_DIED);
}

void ground_make(const char *key, enum ground ground)
{
	switch (ground) {
	case KEY_FILE:
		die_creating(key, "create:file made");
		break;
	case HALF_MADE:
		die_creating(key, "create:before magic");
		break;
	case ORPHAN:
		leave_orphan(key, act_create);
		break;
	case ORPHAN_SMALL:
		leave_orphan(key, act_create_small);
		break;
	case NOTHING:
	case LIVE:
	case LOST_FILE:
		break;
	}
}

void role_take(struct puppet *puppet, const char *key, enum role role,
	       bool first)
{
	memset(puppet, 0, sizeof(*puppet));
	if (role == ABSENT)
		return;
	puppet_start(puppet, key);
	if (role == OUTSIDE)
		return;
	puppet_expect(puppet, first ? act_create : act_attach, SVSHM_OK);
	if (first)
		puppet_expect(puppet, act_mark, SVSHM_OK);
	if (role == OWNER)
		puppet_expect(puppet, svshm_lock, SVSHM_OK);
	if (role == WAITER) {
		puppet_begin(puppet, svshm_lock);
		test_await_blocked(puppet->actor.pid);
	}
}

void lose_key_file(const char *key)
{
	struct svshm *handle = svshm_new(key);

	ck_assert_int_eq(unlink(svshm_native_key(handle)), 0);
	svshm_free(handle);
}

/* ---- Acts ---------------------------------------------------------------- */

int act_timedlock(struct svshm *handle)
{
	return svshm_timedlock(handle, 20000);
}

static int visit(const struct svshm_object *object, void *context)
{
	(void)object;
	(void)context;
	return 0;
}

int act_look_at_it(struct svshm *handle)
{
	return svshm_inspect(handle, visit, NULL);
}

int act_remove_force(struct svshm *handle)
{
	return recover_object(svshm_key(handle), SVSHM_RECOVER_FORCE, NULL);
}

int act_bump(struct svshm *handle)
{
	((int *)svshm_data(handle))[1]++;
	return SVSHM_OK;
}

int act_count(struct svshm *handle)
{
	return COUNTED + ((const int *)svshm_const_data(handle))[1];
}

const char *act_name(actor_act *act)
{
	static const struct {
		actor_act *act;
		const char *name;
	} names[] = {
		{ act_create, "create" },
		{ act_create_locked, "create locked" },
		{ act_attach, "attach" },
		{ act_attach_read_only, "attach read-only" },
		{ svshm_lock, "lock" },
		{ svshm_trylock, "trylock" },
		{ act_timedlock, "timedlock" },
		{ svshm_unlock, "unlock" },
		{ svshm_detach, "detach" },
		{ act_exit, "exit" },
		{ act_recover, "recover" },
		{ act_remove_force, "remove" },
		{ act_look_at_it, "inspect" },
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (names[i].act == act)
			return names[i].name;
	return "?";
}

/* ---- Cases --------------------------------------------------------------- */

/* Shared with all children, since Check forks for each test. */
static struct cases {
	const char *what;
	unsigned stride, row_stride;
	unsigned run, passed;
	int64_t slowest_ms; /* of all next steps */
	bool slow;          /* in this case */
} *cases;

void cases_open(const char *what, unsigned stride, unsigned row_stride)
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
}

void case_end(bool counts)
{
	if (counts)
		cases->passed++;
	else
		cases->run--;
}

bool case_was_slow(void)
{
	return cases->slow;
}

void cases_print(void)
{
	printf("%s: %u cases run, %u passed, %u failed; slowest next step %ld "
	       "ms\n", cases->what, cases->run, cases->passed,
	       cases->run - cases->passed, (long)cases->slowest_ms);
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
	if (took > BOUND_MS)
		cases->slow = true;
	return code;
}
