/* SPDX-License-Identifier: BSD-2-Clause */
#include <config.h>

#include "scene.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/sem.h>
#include <unistd.h>

#include "lock/lock.h"
#include "kernel/process.h"
#include "qt/key.h"
#include "qtwire.h"

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

static bool enter_qt(void)
{
	test_layout = SVSHM_LAYOUT_QT;
	return true;
}

const struct world worlds[] = {
	{ "portable lock, native layout", enter_portable_native },
	{ "fast lock, native layout", enter_fast_native },
	{ "Qt layout", enter_qt },
};

const int world_count = (int)(sizeof(worlds) / sizeof(*worlds));

bool in_qt_world(void)
{
	return test_layout == SVSHM_LAYOUT_QT;
}

int owner_died(void)
{
	return in_qt_world() ? SVSHM_OK : SVSHM_OWNER_DIED;
}

/* ---- Grounds and roles --------------------------------------------------- */

bool ground_possible(enum ground ground)
{
	/* Without its key file a Qt object can't be found: the kernel's objects
	   carry no name. */
	return !in_qt_world() || ground != LOST_FILE;
}

static int act_create_small(struct svshm *handle)
{
	svshm_set_max_processes(handle, 14);
	return svshm_create(handle, 50, SVSHM_READ_WRITE);
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
		die_creating(key, in_qt_world() ? "qt:file made" :
						  "create:file made");
		break;
	case HALF_MADE:
		die_creating(key, in_qt_world() ? "qt:mapped" :
						  "create:before magic");
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

void role_come(struct puppet *puppet, const char *key, enum role role,
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
}

void role_lock(struct puppet *puppet, enum role role)
{
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

/* ---- What is left -------------------------------------------------------- */

bool nothing_left(const char *key)
{
	/* The native layout knows nothing of the lock's file. */
	return test_nothing_left(key) &&
	       (!in_qt_world() || qt_nothing_left(key));
}

void use_up(const char *key)
{
	struct puppet user;

	if (!in_qt_world())
		return;
	puppet_start(&user, key);
	puppet_expect(&user, act_create, SVSHM_OK);
	puppet_leave(&user);
}

static struct {
	char *lock_path;
	key_t lock_key; /* -1: not seen yet */
	bool waiting, lost;
} hole;

void holes_open(const char *key)
{
	free(hole.lock_path);
	memset(&hole, 0, sizeof(hole));
	hole.lock_key = (key_t)-1;
	if (in_qt_world())
		hole.lock_path = qt_lock_path(key);
}

void holes_note(const struct tracer *tracer)
{
	const char *call = tracer_call_name(tracer->number);
	key_t key;

	if (!hole.lock_path)
		return;
	if (strcmp(call, "semget") == 0 || strcmp(call, "shmget") == 0)
		hole.waiting = hole.waiting || tracer->stop == TRACER_EXIT;
	else if (strcmp(call, "semtimedop") == 0 || strcmp(call, "shmat") == 0)
		hole.waiting = tracer->stop == TRACER_ENTRY && hole.waiting;
	key = ftok(hole.lock_path, SVSHM__QT_PROJECT);
	if (key != (key_t)-1)
		hole.lock_key = key;
	hole.lost = key == (key_t)-1 && hole.lock_key != (key_t)-1;
}

bool in_waiting_hole(void)
{
	return hole.waiting;
}

bool set_is_gone(bool died)
{
	int id = hole.lock_key == (key_t)-1 ? -1 : semget(hole.lock_key, 0, 0);

	if (id < 0)
		return true;
	semctl(id, 0, IPC_RMID);
	return died && hole.lost;
}

/* ---- Cases --------------------------------------------------------------- */

/* Shared with all children, since Check forks for each test. */
static struct cases {
	const char *what;
	unsigned stride, row_stride;
	unsigned run, passed;
	int64_t slowest_ms; /* of all next steps */
	int64_t bound_ms;   /* in this case */
	bool slow;          /* since that was asked for last */
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

bool case_was_slow(void)
{
	bool slow = cases->slow;

	cases->slow = false;
	return slow;
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
	if (took > cases->bound_ms)
		cases->slow = true;
	return code;
}
