/* SPDX-License-Identifier: BSD-2-Clause */
#include <config.h>

#include "actor.h"

#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PATIENCE_MS 60000

struct result {
	int code;
	char message[256];
};

struct role {
	struct svshm *handle;
	int orders[2], results[2]; /* pipes */
};

static int act_vanish(struct svshm *handle)
{
	(void)handle;
	_exit(0);
}

static bool next_order(int from, actor_act **act)
{
	ssize_t size;

	do {
		size = read(from, act, sizeof(*act));
	} while (size < 0 && errno == EINTR);
	return size == (ssize_t)sizeof(*act);
}

static int play(void *context)
{
	const struct role *role = context;
	actor_act *act;

	close(role->orders[1]);
	close(role->results[0]);
	while (next_order(role->orders[0], &act)) {
		struct result result = { .code = act(role->handle) };

		snprintf(result.message, sizeof(result.message), "%.250s",
			 svshm_error_string(role->handle));
		child_assert(write(role->results[1], &result, sizeof(result)) ==
			     (ssize_t)sizeof(result));
	}
	return 0;
}

void actor_start(struct actor *actor, struct svshm *handle)
{
	struct role role = { .handle = handle };

	ck_assert_int_eq(pipe(role.orders), 0);
	ck_assert_int_eq(pipe(role.results), 0);
	actor->pid = test_fork(play, &role);
	close(role.orders[0]);
	close(role.results[1]);
	actor->orders = role.orders[1];
	actor->results = role.results[0];
	actor->message[0] = '\0';
}

void actor_enter(struct actor *actor, const char *key)
{
	struct svshm *handle = test_new(key);

	actor_start(actor, handle);
	svshm_free(handle);
}

void actor_attach(struct actor *actor, const char *key)
{
	actor_enter(actor, key);
	expect_act(actor, act_attach, SVSHM_OK);
}

void actor_own(struct actor *actor, const char *key)
{
	actor_attach(actor, key);
	expect_act(actor, svshm_lock, SVSHM_OK);
}

void actor_begin(struct actor *actor, actor_act *act)
{
	ck_assert(write(actor->orders, &act, sizeof(act)) ==
		  (ssize_t)sizeof(act));
}

int actor_end(struct actor *actor)
{
	struct pollfd wanted = { actor->results, POLLIN, 0 };
	struct result result;
	int ready;

	do {
		ready = poll(&wanted, 1, PATIENCE_MS);
	} while (ready < 0 && errno == EINTR);
	ck_assert_msg(ready == 1, "actor %ld does not come to an end",
		      (long)actor->pid);
	ck_assert_msg(read(actor->results, &result, sizeof(result)) ==
			      (ssize_t)sizeof(result),
		      "actor %ld has died", (long)actor->pid);
	memcpy(actor->message, result.message, sizeof(actor->message));
	return result.code;
}

int actor_do(struct actor *actor, actor_act *act)
{
	actor_begin(actor, act);
	return actor_end(actor);
}

void actor_block(struct actor *actor, actor_act *act)
{
	actor_begin(actor, act);
	test_await_blocked(actor->pid);
}

static int bury(struct actor *actor)
{
	int status = test_wait(actor->pid);

	close(actor->orders);
	close(actor->results);
	return status;
}

void actor_kill(struct actor *actor)
{
	kill(actor->pid, SIGKILL);
	ck_assert_int_eq(bury(actor), 256 + SIGKILL);
}

void actor_vanish(struct actor *actor)
{
	actor_begin(actor, act_vanish);
	ck_assert_int_eq(bury(actor), 0);
}

void actor_exit(struct actor *actor)
{
	actor_begin(actor, act_exit);
	ck_assert_int_eq(bury(actor), 0);
}

void actor_expect(struct actor *actor, int expected, const char *act, int line)
{
	int code = actor_end(actor);

	ck_assert_msg(code == expected,
		      "line %d: actor, %s: %d (%s), expected %d (%s): %s", line,
		      act, code, svshm_strerror(code), expected,
		      svshm_strerror(expected), actor->message);
}

void expect_handover(struct actor *actor, struct svshm *handle)
{
	expect_code(handle, svshm_trylock(handle), SVSHM_BUSY);
	expect_act(actor, svshm_unlock, SVSHM_OK);
	expect_code(handle, svshm_lock(handle), SVSHM_OK);
	expect_code(handle, svshm_unlock(handle), SVSHM_OK);
}

/* ---- Acts --------------------------------------------------------------- */

int act_create(struct svshm *handle)
{
	return svshm_create(handle, 100, SVSHM_READ_WRITE);
}

int act_attach(struct svshm *handle)
{
	return svshm_attach(handle, SVSHM_READ_WRITE);
}

int act_attach_read_only(struct svshm *handle)
{
	return svshm_attach(handle, SVSHM_READ_ONLY);
}

int act_exit(struct svshm *handle)
{
	(void)handle;
	exit(0);
}

int act_timedlock_long(struct svshm *handle)
{
	return svshm_timedlock(handle, 1000000);
}

/* ---- Objects ------------------------------------------------------------ */

struct svshm *make_object(const char *key, size_t size)
{
	struct svshm *handle = test_new(key);

	expect_code(handle, svshm_create(handle, size, SVSHM_READ_WRITE),
		    SVSHM_OK);
	return handle;
}

struct orphan {
	const char *key;
	size_t size;
	int fill;
};

static int die_attached(void *context)
{
	const struct orphan *orphan = context;
	struct svshm *handle = test_new(orphan->key);

	child_assert(svshm_create(handle, orphan->size, SVSHM_READ_WRITE) ==
		     SVSHM_OK);
	memset(svshm_data(handle), orphan->fill, orphan->size);
	return 0;
}

void make_orphan(const char *key, size_t size, int fill)
{
	struct orphan orphan = { key, size, fill };

	ck_assert_int_eq(test_wait(test_fork(die_attached, &orphan)), 0);
}

bool has_bytes(const struct svshm *handle, size_t size, int fill)
{
	const unsigned char *data = svshm_const_data(handle);

	if (!data || svshm_size(handle) != size)
		return false;
	for (size_t i = 0; i < size; i++)
		if (data[i] != fill)
			return false;
	return true;
}

void expect_orphan(const char *key, size_t size, int fill)
{
	struct svshm *handle = test_new(key);
	struct test_object object;

	ck_assert(test_inspect(key, &object));
	ck_assert_int_eq(object.verdict, SVSHM_VERDICT_ORPHAN);
	ck_assert_uint_eq(object.alive, 0);
	ck_assert_uint_gt(object.died, 0);
	expect_code(handle, act_attach(handle), SVSHM_ORPHANED);
	ck_assert(has_bytes(handle, size, fill));
	svshm_free(handle);
	ck_assert(test_nothing_left(key));
}

static int recover_shown(const struct svshm_object *object, void *context)
{
	return svshm_recover(object, context);
}

int recover_object(const char *key, unsigned flags,
		   struct svshm_recovery *recovery)
{
	struct svshm_recovery plain = { .flags = flags };
	struct svshm *handle = test_new(key);
	int code = svshm_inspect(handle, recover_shown,
				 recovery ? recovery : &plain);

	svshm_free(handle);
	return code;
}

/* ---- Counting under the lock --------------------------------------------- */

void count_slowly(volatile long *counter, long turn)
{
	long value = *counter;

	for (volatile int pause = 0; pause < 100; pause = pause + 1)
		;
	if (turn % 16 == 0)
		sched_yield();
	*counter = value + 1;
}

void count_under_lock(struct svshm *handle, long turns, volatile long *beside)
{
	volatile long *counter = svshm_data(handle);

	for (long turn = 0; turn < turns; turn++) {
		child_assert(svshm_lock(handle) == SVSHM_OK);
		count_slowly(counter, turn);
		if (beside)
			count_slowly(beside, turn);
		child_assert(svshm_unlock(handle) == SVSHM_OK);
	}
}
