/* SPDX-License-Identifier: BSD-2-Clause */
#include <config.h>

#include "scene.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/sem.h>
#include <unistd.h>

#include "handle.h"
#include "kernel/futex.h"
#include "lock/lock.h"
#include "outside.h"
#include "qt/key.h"
#include "qtwire.h"
#include "remains.h"

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

void ground_make(const char *key, enum ground ground)
{
	switch (ground) {
	case KEY_FILE:
		leave_unfinished(key, in_qt_world() ? "qt:file made" :
						      "create:file made");
		break;
	case HALF_MADE:
		leave_unfinished(key, in_qt_world() ? "qt:mapped" :
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

void scene_set(const struct scene *scene, const char *key,
	       struct puppet *victim, struct puppet *company)
{
	ground_make(key, scene->ground);
	if (scene->company == WAITER) {
		role_come(victim, key, scene->victim, true);
		role_come(company, key, scene->company, false);
	} else {
		role_come(company, key, scene->company, true);
		role_come(victim, key, scene->victim,
			  scene->company == ABSENT);
	}
	role_lock(victim, scene->victim);
	role_lock(company, scene->company);
	if (scene->ground == LOST_FILE)
		lose_key_file(key);
	holes_open(key);
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

int act_wait_shortly(struct svshm *handle)
{
	uint32_t seen = svshm_changes(handle);

#ifdef HAVE_FUTEX
	/* An earlier case may have taken it away. */
	svshm__futex_usable = 1;
#endif
	return svshm_wait(handle, &seen, 5);
}

int act_ring(struct svshm *handle)
{
	struct svshm__header *header;
	uint32_t before = svshm_changes(handle);
	int code;

	/* Not in the Qt layout. */
	if (!handle->attachment)
		return svshm_notify(handle);
	header = handle->attachment->base[handle->access];
#ifdef HAVE_FUTEX
	svshm__futex_usable = 1;
#endif
	svshm__store(&header->changes,
		     before * SVSHM__CHANGE | SVSHM__CHANGE_SLEEPERS);
	code = svshm_notify(handle);
	/* Counted once, and only if it says so. */
	return svshm_changes(handle) - before == (code == SVSHM_OK) ? code : 1000;
}

static int prepared(struct svshm *handle, actor_act *act)
{
	int code = svshm_set_memory(handle, SVSHM_MEMORY_HUGE |
				    SVSHM_MEMORY_TOUCHED | SVSHM_MEMORY_LOCKED);

	return code ? code : act(handle);
}

int act_create_prepared(struct svshm *handle)
{
	return prepared(handle, act_create);
}

int act_attach_prepared(struct svshm *handle)
{
	return prepared(handle, act_attach);
}

int act_look_at_it(struct svshm *handle)
{
	return svshm_inspect(handle, visit_nothing, NULL);
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

bool act_creates(actor_act *act)
{
	return act == act_create || act == act_create_locked ||
	       act == act_create_prepared;
}

bool same_object(struct puppet *one, struct puppet *other)
{
	if (one->segment_id != other->segment_id)
		return false;
	puppet_expect(one, act_bump, SVSHM_OK);
	return puppet_do(one, act_count) == puppet_do(other, act_count);
}

const char *act_name(actor_act *act)
{
	static const struct {
		actor_act *act;
		const char *name;
	} names[] = {
		{ act_create, "create" },
		{ act_create_locked, "create locked" },
		{ act_create_prepared, "create prepared" },
		{ act_attach, "attach" },
		{ act_attach_prepared, "attach prepared" },
		{ act_attach_read_only, "attach read-only" },
		{ svshm_lock, "lock" },
		{ svshm_trylock, "trylock" },
		{ act_timedlock, "timedlock" },
		{ act_wait_shortly, "wait" },
		{ act_ring, "notify" },
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

const char *what_is_left(const char *key, enum ground ground, bool played,
			 bool died)
{
	if (!played || (ground == LOST_FILE && in_qt_world()))
		recover_leftovers(key);
	if (!played)
		use_up(key);
	if (!nothing_left(key))
		return "an object, or a key file";
	if (!set_is_gone(died))
		return "the set of Qt's lock";
	/* A set without its key file is the tool's to find. */
	if (died || ground == LOST_FILE)
		recover_leftovers(key);
	return count_sets(key) ? "a set" : NULL;
}
