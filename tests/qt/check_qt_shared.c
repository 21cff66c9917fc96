/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The Qt layout: two keys whose lock files collide in ftok have one lock. This
 * program has a ftok() of its own, which the library finds before that of libc:
 * for it all lock files collide. With files that do so by their inodes, and with
 * the real QSharedMemory: check_qt_peer.c.
 */
#include <config.h>

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/sem.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "foreign.h"
#include "outside.h"
#include "kernel/process.h"
#include "puppet.h"
#include "qtwire.h"

#define ONE 0
#define TWO 1

static const char *keys[2];
static char *paths[2]; /* of their lock files */

/* What all lock files have for an inode: not what others on this machine have. As
   seen by this program, since a child may be in another PID namespace. */
static pid_t low_bits;

key_t ftok(const char *path, int project)
{
	bool lock = strstr(path, "/qipc_systemsem_") != NULL;
	struct stat status;

	if (stat(path, &status) < 0)
		return -1;
	return (key_t)(((unsigned)project & 0xff) << 24 |
		       ((unsigned)status.st_dev & 0xff) << 16 |
		       ((unsigned)(lock ? (ino_t)low_bits : status.st_ino) &
			0xffff));
}

static void make_keys(void)
{
	for (int i = 0; i < 2; i++) {
		keys[i] = test_key(i == ONE ? "one" : "two");
		paths[i] = qt_lock_path(keys[i]);
	}
}

/* As a program that was killed early leaves it. */
static void make_lock_file(int which)
{
	int file = open(paths[which], O_CREAT | O_EXCL | O_RDWR, 0640);

	ck_assert_int_ge(file, 0);
	close(file);
}

static int set_of(int which)
{
	key_t key = ftok(paths[which], 'Q');

	return key == (key_t)-1 ? -1 : semget(key, 0, 0);
}

static void expect_nothing(void)
{
	ck_assert(qt_nothing_left(keys[ONE]));
	ck_assert(qt_nothing_left(keys[TWO]));
}

/* A file without anything behind it, which the next user of the key takes. */
static void expect_file_only(int which)
{
	struct stat status;

	ck_assert_int_eq(stat(paths[which], &status), 0);
	ck_assert_int_eq(status.st_size, 0);
	ck_assert_int_lt(set_of(which), 0);
	svshm_free(qt_make(keys[which], 10));
	ck_assert(qt_nothing_left(keys[which]));
}

/* ---- Who is inside ----------------------------------------------------- */

START_TEST(qt_shared_lock_excludes_both_keys)
{
	make_keys();

	struct svshm *handle = qt_handle(keys[ONE]);
	struct actor actor;

	/* Forked first, it has no mapping of ours. */
	qt_actor_enter(&actor, keys[TWO]);
	expect_code(handle, svshm_create(handle, 8, SVSHM_READ_WRITE), 0);
	expect_act(&actor, act_create, SVSHM_OK);
	ck_assert_int_ge(set_of(ONE), 0);
	ck_assert_int_eq(set_of(ONE), set_of(TWO));
	expect_act(&actor, act_fill, SVSHM_OK);
	ck_assert(has_bytes(handle, 8, 0));

	expect_act(&actor, svshm_lock, SVSHM_OK);
	expect_code(handle, svshm_trylock(handle), SVSHM_BUSY);
	expect_code(handle, svshm_timedlock(handle, 1), SVSHM_TIMED_OUT);
	expect_act(&actor, svshm_unlock, SVSHM_OK);
	expect_code(handle, svshm_lock(handle), 0);
	expect_act(&actor, svshm_trylock, SVSHM_BUSY);
	actor_block(&actor, svshm_lock);
	expect_code(handle, svshm_unlock(handle), 0);
	expect_end(&actor, SVSHM_OK);
	expect_act(&actor, svshm_unlock, SVSHM_OK);
	ck_assert_int_eq(wire_value(keys[ONE]), 1);

	svshm_free(handle);
	ck_assert(qt_nothing_left(keys[ONE]));
	expect_act(&actor, act_is_filled, SVSHM_OK);
	expect_act(&actor, svshm_lock, SVSHM_OK);
	expect_act(&actor, svshm_unlock, SVSHM_OK);
	expect_act(&actor, svshm_detach, SVSHM_OK);
	actor_exit(&actor);
	expect_nothing();
}
END_TEST

/* Create, attach and the last detach go by the lock, too. */
START_TEST(qt_shared_lock_keeps_changes_apart)
{
	make_keys();

	struct svshm *handle = qt_make(keys[ONE], 8);
	struct actor actor;

	qt_actor_enter(&actor, keys[TWO]);
	expect_code(handle, svshm_lock(handle), 0);
	actor_block(&actor, act_create);
	expect_code(handle, svshm_unlock(handle), 0);
	expect_end(&actor, SVSHM_OK);
	expect_code(handle, svshm_lock(handle), 0);
	actor_block(&actor, svshm_detach);
	expect_code(handle, svshm_unlock(handle), 0);
	expect_end(&actor, SVSHM_OK);
	ck_assert(qt_nothing_left(keys[TWO]));
	/* He has taken the set along: it is made anew. */
	expect_code(handle, svshm_lock(handle), 0);
	expect_code(handle, svshm_unlock(handle), 0);
	svshm_free(handle);
	actor_exit(&actor);
	expect_nothing();
}
END_TEST

START_TEST(qt_shared_lock_of_a_dead_owner)
{
	make_keys();

	struct svshm *handle = qt_make(keys[TWO], 8);
	struct actor owner, waiter;

	qt_actor_enter(&owner, keys[ONE]);
	expect_act(&owner, act_create, SVSHM_OK);
	qt_actor_attach(&waiter, keys[TWO]);
	expect_act(&owner, svshm_lock, SVSHM_OK);
	actor_block(&waiter, svshm_lock);
	actor_kill(&owner);
	expect_end(&waiter, SVSHM_OK);
	expect_code(handle, svshm_trylock(handle), SVSHM_BUSY);
	actor_kill(&waiter);
	expect_code(handle, svshm_lock(handle), 0);
	expect_code(handle, svshm_unlock(handle), 0);
	ck_assert_int_eq(wire_value(keys[TWO]), 1);
	/* What the dead one left is removed, and the lock lives on. */
	ck_assert_int_eq(qt_recover(keys[ONE], 0, NULL), SVSHM_OK);
	ck_assert(qt_nothing_left(keys[ONE]));
	expect_code(handle, svshm_lock(handle), 0);
	expect_code(handle, svshm_unlock(handle), 0);
	svshm_free(handle);
	expect_nothing();
}
END_TEST

/* ---- Threads ----------------------------------------------------------- */

START_TEST(qt_shared_lock_is_no_deadlock)
{
	make_keys();

	struct svshm *one = qt_make(keys[ONE], 8), *two = qt_make(keys[TWO], 8);
	int set = set_of(ONE);

	expect_code(one, svshm_lock(one), 0);
	expect_failure(two, svshm_trylock(two), SVSHM_DEADLOCK, "another key");
	expect_failure(two, svshm_timedlock(two, 5000), SVSHM_DEADLOCK,
		       "same semaphore");
	expect_code(two, svshm_lock(two), SVSHM_DEADLOCK);
	expect_code(two, svshm_unlock(two), SVSHM_NOT_OWNER);
	/* Inside it is already. */
	expect_code(two, svshm_detach(two), 0);
	ck_assert_int_eq(set_of(ONE), set);
	ck_assert_int_eq(wire_value(keys[ONE]), 0);
	expect_code(two, svshm_create_locked(two, 8, SVSHM_READ_WRITE),
		    SVSHM_DEADLOCK);
	ck_assert(!svshm_is_attached(two));
	expect_code(two, svshm_attach(two, SVSHM_READ_WRITE), SVSHM_NOT_FOUND);
	expect_code(two, svshm_create(two, 9, SVSHM_READ_WRITE), 0);
	ck_assert_int_eq(wire_value(keys[ONE]), 0);
	expect_code(one, svshm_unlock(one), 0);
	ck_assert_int_eq(wire_value(keys[ONE]), 1);
	expect_code(two, svshm_lock(two), 0);
	expect_code(one, svshm_lock(one), SVSHM_DEADLOCK);
	expect_code(two, svshm_unlock(two), 0);
	svshm_free(one);
	svshm_free(two);
	expect_nothing();
}
END_TEST

/* Who leaves with the other key's lock leaves that, and a file. */
START_TEST(qt_shared_lock_stays_with_its_owner)
{
	make_keys();

	struct svshm *one = qt_make(keys[ONE], 8), *two = qt_handle(keys[TWO]);
	struct actor waiter;

	qt_actor_attach(&waiter, keys[ONE]);
	expect_code(two, svshm_create(two, 8, SVSHM_READ_WRITE), 0);
	expect_code(one, svshm_lock(one), 0);
	actor_block(&waiter, svshm_lock);
	svshm_free(two);
	ck_assert(test_is_blocked(waiter.pid) ||
		  !svshm__process_sees_all());
	expect_code(one, svshm_unlock(one), 0);
	expect_end(&waiter, SVSHM_OK);
	expect_act(&waiter, svshm_unlock, SVSHM_OK);
	svshm_free(one);
	actor_exit(&waiter);
	ck_assert(qt_nothing_left(keys[ONE]));
	expect_file_only(TWO);
}
END_TEST

struct other_thread {
	struct svshm *handle;
	int code;
	struct test_event done;
};

static void *lock_in_thread(void *context)
{
	struct other_thread *other = context;

	other->code = svshm_lock(other->handle);
	test_event_post(&other->done);
	if (!other->code)
		other->code = svshm_unlock(other->handle);
	return NULL;
}

static void await_waiter(int set_id)
{
	for (int i = 0; i < 30000 && semctl(set_id, 0, GETNCNT) < 1; i++)
		svshm__process_pause(1);
	ck_assert_int_eq(semctl(set_id, 0, GETNCNT), 1);
}

START_TEST(qt_shared_lock_lets_another_thread_wait)
{
	make_keys();

	struct svshm *one = qt_make(keys[ONE], 8);
	struct other_thread other = { .handle = qt_make(keys[TWO], 8) };
	pthread_t thread;

	test_event_open(&other.done);
	expect_code(one, svshm_lock(one), 0);
	ck_assert_int_eq(pthread_create(&thread, NULL, lock_in_thread, &other),
			 0);
	await_waiter(set_of(ONE));
	expect_code(one, svshm_unlock(one), 0);
	test_event_await(&other.done);
	ck_assert_int_eq(pthread_join(thread, NULL), 0);
	ck_assert_int_eq(other.code, 0);
	expect_code(one, svshm_lock(one), 0);
	expect_code(one, svshm_unlock(one), 0);
	test_event_close(&other.done);
	svshm_free(other.handle);
	svshm_free(one);
	expect_nothing();
}
END_TEST

/* Another handle's set may have been made anew since this one has looked. */
START_TEST(qt_a_set_made_anew_is_no_deadlock)
{
	const char *key = test_key("anew");
	struct svshm *first = qt_make(key, 8), *second = qt_handle(key);
	char *path = qt_lock_path(key);

	expect_code(second, svshm_attach(second, SVSHM_READ_WRITE), 0);
	ck_assert_int_eq(semctl(semget(ftok(path, 'Q'), 0, 0), 0, IPC_RMID), 0);
	expect_code(first, svshm_lock(first), 0);
	expect_code(second, svshm_timedlock(second, 2000), SVSHM_DEADLOCK);
	expect_code(first, svshm_unlock(first), 0);
	expect_code(second, svshm_timedlock(second, 2000), 0);
	expect_code(second, svshm_unlock(second), 0);
	svshm_free(second);
	svshm_free(first);
	ck_assert(qt_nothing_left(key));
	free(path);
}
END_TEST

/* exit(3) with a lock: the other object's end does not open it. */
static int exit_with_a_lock(void *context)
{
	struct test_event *event = context;
	struct svshm *one = qt_handle(keys[ONE]), *two = qt_handle(keys[TWO]);

	child_assert(svshm_attach(one, SVSHM_READ_WRITE) == 0);
	child_assert(svshm_create(two, 8, SVSHM_READ_WRITE) == 0);
	child_assert(svshm_lock(one) == 0);
	test_event_post(event);
	/* In the exit handler, when the other segment has gone. */
	test_crash_at("qt:file gone", SIGSTOP, 1);
	exit(0);
}

START_TEST(qt_shared_lock_is_held_to_the_end)
{
	make_keys();

	struct svshm *handle = qt_make(keys[ONE], 8);
	struct test_event event;
	struct actor waiter;
	int set, status;
	pid_t child;

	qt_actor_attach(&waiter, keys[ONE]);
	test_event_open(&event);
	child = test_fork(exit_with_a_lock, &event);
	test_event_await(&event);
	set = set_of(ONE);
	actor_block(&waiter, svshm_lock);
	ck_assert_int_eq(waitpid(child, &status, WUNTRACED), child);
	ck_assert(WIFSTOPPED(status));
	ck_assert_int_eq(set_of(ONE), set);
	ck_assert_int_eq(wire_value(keys[ONE]), 0);
	kill(child, SIGCONT);
	ck_assert_int_eq(test_wait(child), 0);
	expect_end(&waiter, SVSHM_OK);
	expect_act(&waiter, svshm_unlock, SVSHM_OK);
	actor_exit(&waiter);
	svshm_free(handle);
	test_event_close(&event);
	ck_assert(qt_nothing_left(keys[ONE]));
	expect_file_only(TWO);
}
END_TEST

/* ---- Makers and removers ----------------------------------------------- */

/* A QSharedMemory of the one key resets and removes the lock of both. */
START_TEST(qt_shared_lock_and_qts_faults)
{
	make_keys();

	struct svshm *handle = qt_make(keys[TWO], 8);
	struct actor waiter;
	struct wire wire;

	qt_actor_attach(&waiter, keys[TWO]);
	wire_begin(&wire, keys[ONE]);
	expect_code(handle, svshm_lock(handle), 0);
	ck_assert(wire_create(&wire, 10));
	expect_failure(handle, svshm_unlock(handle), SVSHM_LOCK_ERROR, "reset");
	/* It has called create(), so it removes the set when it goes, also while
	   somebody owns it. */
	wire_detach(&wire);
	expect_act(&waiter, svshm_lock, SVSHM_OK);
	wire_end(&wire);
	expect_act(&waiter, svshm_unlock, SVSHM_LOCK_ERROR);
	ck_assert(qt_nothing_left(keys[ONE]));
	/* Alone from now on. */
	expect_act(&waiter, svshm_lock, SVSHM_OK);
	expect_code(handle, svshm_trylock(handle), SVSHM_BUSY);
	expect_act(&waiter, svshm_unlock, SVSHM_OK);
	ck_assert_int_eq(wire_value(keys[TWO]), 1);
	svshm_free(handle);
	actor_exit(&waiter);
	expect_nothing();
}
END_TEST

/* Which of three actors has come to an end with what it was told. */
static int await_one(const struct actor *actors)
{
	struct pollfd wanted[3];

	for (int i = 0; i < 3; i++)
		wanted[i] = (struct pollfd){ actors[i].results, POLLIN, 0 };
	ck_assert_int_ge(poll(wanted, 3, 60000), 1);
	for (int i = 0; i < 3; i++)
		if (wanted[i].revents)
			return i;
	return -1;
}

/* The set of one key goes while many wait for the other's: none gets lost. */
START_TEST(qt_shared_lock_goes_under_waiters)
{
	make_keys();

	struct svshm *one = qt_handle(keys[ONE]), *two = qt_make(keys[TWO], 8);
	struct actor waiters[3];

	for (int i = 0; i < 3; i++)
		qt_actor_attach(&waiters[i], keys[TWO]);
	expect_code(one, svshm_create(one, 8, SVSHM_READ_WRITE), 0);
	expect_code(one, svshm_lock(one), 0);
	for (int i = 0; i < 3; i++)
		actor_block(&waiters[i], svshm_lock);
	expect_code(one, svshm_detach(one), 0);
	ck_assert(qt_nothing_left(keys[ONE]));
	for (int left = 3; left > 0; left--) {
		/* One of them; the rest waits for it. */
		int owner = await_one(waiters);

		expect_end(&waiters[owner], SVSHM_OK);
		expect_code(two, svshm_trylock(two), SVSHM_BUSY);
		expect_act(&waiters[owner], svshm_unlock, SVSHM_OK);
		actor_exit(&waiters[owner]);
		waiters[owner].results = -1;
	}
	ck_assert_int_eq(wire_value(keys[TWO]), 1);
	svshm_free(two);
	svshm_free(one);
	expect_nothing();
}
END_TEST

/* What fails leaves the other key's set, and no file of its own. */
START_TEST(qt_shared_lock_survives_failures)
{
	make_keys();

	struct svshm *one = qt_make(keys[ONE], 8);
	struct svshm *two = qt_handle(keys[TWO]);
	int set = set_of(ONE);

	ck_assert_int_ne(svshm_create(two, SIZE_MAX - 100000,
				      SVSHM_READ_WRITE),
			 0);
	expect_code(two, svshm_attach(two, SVSHM_READ_WRITE), SVSHM_NOT_FOUND);
	ck_assert_int_eq(set_of(ONE), set);
	ck_assert_int_eq(wire_value(keys[ONE]), 1);
	svshm_free(two);
	svshm_free(one);
	expect_nothing();
}
END_TEST

static int die_at(const char *point, const char *key)
{
	pid_t pid = fork();

	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		struct svshm *handle = qt_handle(key);

		test_crash_at(point, SIGKILL, 1);
		svshm_create(handle, 100, SVSHM_READ_WRITE);
		svshm_detach(handle);
		_exit(1);
	}
	return test_wait(pid);
}

static const char *const deaths[] = {
	"qt:set made", "qt:locked", "qt:file made", "qt:segment made",
	"qt:mapped", "qt:leaving", "qt:unmapped", "qt:segment gone",
	"qt:file gone", "qt:lock file gone",
};

START_TEST(qt_shared_lock_survives_deaths)
{
	const bool first = strcmp(deaths[_i], "qt:set made") == 0;
	struct svshm *handle = NULL;

	make_keys();
	/* There must be none, for one to be made. */
	if (!first)
		handle = qt_make(keys[TWO], 8);
	ck_assert_int_eq(die_at(deaths[_i], keys[ONE]), 256 + SIGKILL);
	if (first)
		handle = qt_make(keys[TWO], 8);
	expect_code(handle, svshm_timedlock(handle, 10000), 0);
	expect_code(handle, svshm_unlock(handle), 0);
	ck_assert_int_eq(wire_value(keys[TWO]), 1);
	svshm_free(handle);
	ck_assert(qt_nothing_left(keys[TWO]));
	qt_clean(keys[ONE]);
	expect_nothing();
}
END_TEST

/* ---- Looking and recovering -------------------------------------------- */

static int visit_shared(const struct svshm_object *object, void *context)
{
	child_assert(strstr(object->reason, strrchr(context, '/') + 1));
	return object->notes & SVSHM_NOTE_LOCK_SHARED ? 7 : 8;
}

static int visit_alone(const struct svshm_object *object, void *context)
{
	(void)context;
	return object->notes & SVSHM_NOTE_LOCK_SHARED ? 8 : 7;
}

START_TEST(qt_shared_lock_is_shown)
{
	make_keys();

	struct svshm *one = qt_make(keys[ONE], 8), *two = qt_make(keys[TWO], 8);

	ck_assert_int_eq(svshm_inspect(one, visit_shared, paths[TWO]), 7);
	ck_assert_int_eq(svshm_inspect(two, visit_shared, paths[ONE]), 7);
	expect_code(one, svshm_detach(one), 0);
	ck_assert_int_eq(svshm_inspect(two, visit_alone, NULL), 7);
	/* A lock without memory, too. The set has gone with ONE's object. */
	expect_code(two, svshm_lock(two), 0);
	expect_code(two, svshm_unlock(two), 0);
	make_lock_file(ONE);
	ck_assert_int_eq(svshm_inspect(one, visit_shared, paths[TWO]), 7);
	svshm_free(one);
	svshm_free(two);
	unlink(paths[ONE]);
	expect_nothing();
}
END_TEST

/* By force also while somebody has the lock: but he may have it by the other
   key, who lives. */
START_TEST(qt_shared_lock_is_not_forced)
{
	make_keys();
	make_lock_file(ONE);

	struct svshm *two = qt_make(keys[TWO], 8);
	struct actor owner;
	int set = set_of(TWO);

	qt_actor_own(&owner, keys[TWO]);
	ck_assert_int_eq(qt_recover(keys[ONE], SVSHM_RECOVER_FORCE, NULL),
			 SVSHM_BUSY);
	ck_assert_int_eq(set_of(TWO), set);

	char *segment = qt_segment_path(keys[ONE]);

	close(open(segment, O_CREAT | O_EXCL, 0600));
	struct foreign memory = foreign_segment(ftok(segment, 'Q'), 10, 0600);

	ck_assert_int_eq(qt_recover(keys[ONE], SVSHM_RECOVER_FORCE, NULL), 0);
	ck_assert_int_lt(access(segment, F_OK), 0);
	foreign_remove(&memory);
	free(segment);
	ck_assert_int_eq(set_of(TWO), set);
	ck_assert_int_eq(wire_value(keys[TWO]), 0);
	expect_code(two, svshm_trylock(two), SVSHM_BUSY);
	expect_act(&owner, svshm_unlock, SVSHM_OK);
	actor_exit(&owner);
	svshm_free(two);
	ck_assert(qt_nothing_left(keys[TWO]));
	expect_file_only(ONE);
}
END_TEST

static int remove_others(struct svshm *handle)
{
	(void)handle;
	return qt_recover(keys[ONE], 0, NULL);
}

/* A thread that has the lock can recover what another key has left. */
START_TEST(qt_shared_lock_is_borrowed_to_recover)
{
	make_keys();

	struct svshm *two = qt_make(keys[TWO], 8);

	qt_make_orphan(keys[ONE], 10, 'o');
	expect_code(two, svshm_lock(two), 0);
	ck_assert_int_eq(remove_others(two), 0);
	ck_assert_int_eq(wire_value(keys[TWO]), 0);
	expect_code(two, svshm_unlock(two), 0);
	ck_assert_int_eq(wire_value(keys[TWO]), 1);
	svshm_free(two);
	ck_assert(qt_nothing_left(keys[TWO]));
	expect_file_only(ONE);
}
END_TEST

static int refused_to_bob(void *context)
{
	struct svshm *handle;

	(void)context;
	become(BOB);
	handle = qt_handle(keys[TWO]);
	child_assert(svshm_create(handle, 10, SVSHM_READ_WRITE) ==
		     SVSHM_PERMISSION_DENIED);
	child_assert(strstr(svshm_error_string(handle),
			    strrchr(paths[ONE], '/') + 1));
	return 0;
}

static int alice_makes(void *context)
{
	struct svshm *handle;
	struct test_event *events = context;

	become(ALICE);
	handle = qt_handle(keys[ONE]);
	child_assert(svshm_create(handle, 10, SVSHM_READ_WRITE) == 0);
	test_event_post(&events[0]);
	test_event_await(&events[1]);
	child_assert(svshm_trylock(handle) == 0);
	child_assert(svshm_detach(handle) == 0);
	return 0;
}

/* Between two users there is nothing to share, for Qt neither; it is told why. */
START_TEST(qt_shared_lock_is_one_users)
{
	struct test_event events[2];
	pid_t alice;

	if (test_skip_without_root())
		return;
	make_keys();
	make_lock_file(ONE);
	make_lock_file(TWO);
	open_scratch();
	ck_assert_int_eq(chmod(test_scratch("qt"), 01777), 0);
	ck_assert_int_eq(chown(paths[ONE], ALICE, (gid_t)-1), 0);
	ck_assert_int_eq(chown(paths[TWO], BOB, (gid_t)-1), 0);
	test_event_open(&events[0]);
	test_event_open(&events[1]);
	alice = test_fork(alice_makes, events);
	test_event_await(&events[0]);
	ck_assert_int_eq(test_wait(test_fork(refused_to_bob, NULL)), 0);
	test_event_post(&events[1]);
	ck_assert_int_eq(test_wait(alice), 0);
	ck_assert(qt_nothing_left(keys[ONE]));
	unlink(paths[TWO]);
	expect_nothing();
}
END_TEST

/* ---- Storm ------------------------------------------------------------- */

#define ROUNDS 2000

/* Counts in its own memory, and, as all have one lock, in one that is shared. */
static volatile long *common;

static int count(const char *key)
{
	struct svshm *handle = qt_handle(key);

	child_assert(svshm_attach(handle, SVSHM_READ_WRITE) == 0);
	for (int i = 0; i < ROUNDS; i++) {
		child_assert(svshm_lock(handle) == 0);
		*(volatile long *)svshm_data(handle) += 1;
		*common = *common + 1;
		child_assert(svshm_unlock(handle) == 0);
	}
	return 0;
}

static int count_by_wire(const char *key)
{
	struct wire wire;

	wire_begin(&wire, key);
	child_assert(wire_attach(&wire));
	for (int i = 0; i < ROUNDS; i++) {
		wire_lock(&wire);
		*(volatile long *)wire.data += 1;
		*common = *common + 1;
		wire_unlock(&wire);
	}
	wire_end(&wire);
	return 0;
}

static int work(void *context)
{
	int number = *(int *)context;

	return number / 2 && !system_attaches_once() ?
		count_by_wire(keys[number % 2]) : count(keys[number % 2]);
}

START_TEST(qt_shared_lock_loses_no_update)
{
	struct svshm *handles[2];
	pid_t workers[4];

	make_keys();
	common = test_shared(sizeof(long));
	for (int i = 0; i < 2; i++)
		handles[i] = qt_make(keys[i], sizeof(long));
	for (int i = 0; i < 4; i++)
		workers[i] = test_fork(work, &i);
	for (int i = 0; i < 4; i++)
		ck_assert_int_eq(test_wait(workers[i]), 0);
	for (int i = 0; i < 2; i++)
		ck_assert_int_eq(*(long *)svshm_data(handles[i]), 2 * ROUNDS);
	ck_assert_int_eq(*common, 4 * ROUNDS);
	ck_assert_int_eq(wire_value(keys[ONE]), 1);
	for (int i = 0; i < 2; i++)
		svshm_free(handles[i]);
	expect_nothing();
}
END_TEST

static Suite *make_suite(void)
{
	Suite *suite = suite_create("Locks that two keys of Qt's share");
	TCase *tcase = tcase_create("shared");

	qt_use_directory();
	tcase_set_timeout(tcase, 120);
	tcase_add_test(tcase, qt_shared_lock_excludes_both_keys);
	tcase_add_test(tcase, qt_shared_lock_keeps_changes_apart);
	tcase_add_test(tcase, qt_shared_lock_of_a_dead_owner);
	tcase_add_test(tcase, qt_shared_lock_is_no_deadlock);
	tcase_add_test(tcase, qt_shared_lock_stays_with_its_owner);
	tcase_add_test(tcase, qt_shared_lock_lets_another_thread_wait);
	tcase_add_test(tcase, qt_a_set_made_anew_is_no_deadlock);
	tcase_add_test(tcase, qt_shared_lock_is_held_to_the_end);
	tcase_add_test(tcase, qt_shared_lock_and_qts_faults);
	tcase_add_test(tcase, qt_shared_lock_goes_under_waiters);
	tcase_add_test(tcase, qt_shared_lock_survives_failures);
	tcase_add_loop_test(tcase, qt_shared_lock_survives_deaths, 0,
			    (int)(sizeof(deaths) / sizeof(*deaths)));
	tcase_add_test(tcase, qt_shared_lock_is_shown);
	tcase_add_test(tcase, qt_shared_lock_is_not_forced);
	tcase_add_test(tcase, qt_shared_lock_is_borrowed_to_recover);
	tcase_add_test(tcase, qt_shared_lock_is_one_users);
	tcase_add_test(tcase, qt_shared_lock_loses_no_update);
	suite_add_tcase(suite, tcase);
	return suite;
}

int main(void)
{
	low_bits = getpid();
	return test_main(make_suite);
}
