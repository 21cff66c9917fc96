/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * P1: one name, one object, in storms of processes that create, attach, lock
 * and detach, some of them killed. check_races.c has races for one object;
 * in check_stops.c processes stop in the middle of what they do.
 */
#include <config.h>

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/shm.h>
#include <unistd.h>

#include "handle.h"
#include "puppet.h"

#define PROCESSES 8

#define KEYS 3
#define KILLS 500
#define STEPS 500
#define WORKERS (PROCESSES + KILLS)

/* In the object. */
struct data {
	unsigned token; /* another one for each object; 0: not yet */
	unsigned count; /* of updates */
};

/* What all workers know of a name's object: written by its lock's owner. */
struct name {
	const char *key;
	atomic_uint owner; /* number of the worker that is inside; 0: none */
	unsigned token, count;
	unsigned long total; /* updates of all objects of this name */
};

struct worker {
	unsigned number; /* from 1 */
	unsigned random;
	/*
	 * While attached: the segment it works on, and under which name. As it
	 * is set after attach and cleared before detach, two workers that have
	 * another segment for the same name prove two live objects.
	 */
	atomic_ullong place;
	atomic_bool doomed; /* it may be dead: what it says doesn't count */
	unsigned long updates;
};

static struct storm {
	unsigned keys;
	bool kills;
	atomic_bool over;
	atomic_uint last_token;
	struct test_event steps;
	struct name names[KEYS];
	struct worker workers[WORKERS];
} *storm; /* shared by all workers */

static unsigned random_below(unsigned *state, unsigned limit)
{
	*state = *state * 1664525u + 1013904223u;
	return (*state >> 16) % limit;
}

static void take_place(struct worker *me, const struct name *name,
		       const struct svshm *handle)
{
	unsigned long long tag = (unsigned long long)(name - storm->names + 1)
				 << 32;
	unsigned long long mine = tag |
		(unsigned)handle->attachment->segment_id;

	atomic_store(&me->place, mine);
	for (int i = 0; i < WORKERS; i++) {
		struct worker *other = &storm->workers[i];
		unsigned long long theirs = atomic_load(&other->place);

		child_assert((theirs & ~0xffffffffull) != tag ||
			     theirs == mine || atomic_load(&other->doomed));
	}
}

/* The owner of the lock is alone, and finds what the last one left. */
static void update(struct worker *me, struct name *name, struct svshm *handle)
{
	struct data *data = svshm_data(handle);
	int code = svshm_lock(handle);
	unsigned last;

	child_assert(code == SVSHM_OK ||
		     (code == SVSHM_OWNER_DIED && storm->kills));
	last = atomic_exchange(&name->owner, me->number);
	child_assert(last == 0 || (storm->kills &&
		     atomic_load(&storm->workers[last - 1].doomed)));
	if (data->token == 0 || code == SVSHM_OWNER_DIED) {
		data->token = atomic_fetch_add(&storm->last_token, 1) + 1;
		data->count = 0;
		name->token = data->token;
		name->count = 0;
		child_assert(svshm_make_consistent(handle) == SVSHM_OK);
	}
	child_assert(data->token == name->token);
	child_assert(data->count == name->count);

	unsigned count = data->count;

	if (random_below(&me->random, 4) == 0)
		sched_yield();
	data->count = count + 1;
	name->count = count + 1;
	name->total++;
	me->updates++;
	child_assert(atomic_exchange(&name->owner, 0) == me->number);
	child_assert(svshm_unlock(handle) == SVSHM_OK);
}

static bool enter(struct worker *me, struct name *name, struct svshm *handle)
{
	int code;

	if (random_below(&me->random, 2)) {
		code = svshm_create(handle, sizeof(struct data),
				    SVSHM_READ_WRITE);
		if (code == SVSHM_ALREADY_EXISTS)
			return false;
	} else {
		code = svshm_attach(handle, SVSHM_READ_WRITE);
		if (code == SVSHM_NOT_FOUND)
			return false;
	}
	if (code < 0)
		fprintf(stderr, "%s\n", svshm_error_string(handle));
	child_assert(code == SVSHM_OK ||
		     (code == SVSHM_ORPHANED && storm->kills));
	take_place(me, name, handle);
	return true;
}

static struct name *any_name(struct worker *me)
{
	return &storm->names[random_below(&me->random, storm->keys)];
}

static void step(struct worker *me)
{
	struct name *name = any_name(me);
	struct svshm *handle = svshm_new(name->key);

	if (enter(me, name, handle)) {
		for (unsigned i = random_below(&me->random, 4); i > 0; i--)
			update(me, name, handle);
		atomic_store(&me->place, 0);
		child_assert(svshm_detach(handle) == SVSHM_OK);
	}
	svshm_free(handle);
}

/* A process of its own, in the name of the worker that waits for it. */
static int visit_and_exit(void *context)
{
	struct worker *me = context;
	struct name *name = any_name(me);
	struct svshm *handle = svshm_new(name->key);

	if (enter(me, name, handle))
		update(me, name, handle);
	atomic_store(&me->place, 0);
	exit(0);
}

static void post_step(void)
{
	child_assert(write(storm->steps.ends[1], "", 1) == 1 ||
		     errno == EAGAIN);
}

static int work(void *context)
{
	struct worker *me = context;

	for (int i = 0; storm->kills ? !atomic_load(&storm->over) : i < STEPS;
	     i++) {
		if (!storm->kills && random_below(&me->random, 8) == 0)
			child_assert(test_wait(test_fork(visit_and_exit, me)) ==
				     0);
		else
			step(me);
		if (storm->kills)
			post_step();
	}
	return visit_and_exit(me);
}

static void brew(unsigned keys, bool kills)
{
	storm = test_shared(sizeof(*storm));
	storm->keys = keys;
	storm->kills = kills;
	test_event_open(&storm->steps);
	/* A full pipe must not stop a worker: one byte is as good as many. */
	ck_assert_int_eq(fcntl(storm->steps.ends[1], F_SETFL, O_NONBLOCK), 0);
	for (unsigned i = 0; i < keys; i++)
		storm->names[i].key = test_key("storm");
	for (unsigned i = 0; i < WORKERS; i++) {
		storm->workers[i].number = i + 1;
		storm->workers[i].random = i * 2654435761u + (unsigned)rand();
	}
}

/* Updates that the workers have counted each for itself, and all together. */
static void check_sums(void)
{
	unsigned long counted = 0, total = 0;

	for (unsigned i = 0; i < WORKERS; i++)
		counted += storm->workers[i].updates;
	for (unsigned i = 0; i < storm->keys; i++)
		total += storm->names[i].total;
	ck_assert_uint_gt(total, 0);
	ck_assert_uint_eq(total, counted);
}

static const unsigned numbers_of_keys[] = { 1, KEYS };

START_TEST(one_object_in_a_storm)
{
	pid_t children[PROCESSES];

	brew(numbers_of_keys[_i], false);
	for (int i = 0; i < PROCESSES; i++)
		children[i] = test_fork(work, &storm->workers[i]);
	for (int i = 0; i < PROCESSES; i++)
		ck_assert_int_eq(test_wait(children[i]), 0);
	check_sums();
	for (unsigned i = 0; i < storm->keys; i++) {
		ck_assert(test_nothing_left(storm->names[i].key));
		ck_assert_uint_eq(count_sets(storm->names[i].key), 0);
	}
}
END_TEST

struct sighting {
	const char *key;
	int ids[16];
	unsigned count;
};

static int note(const struct svshm_object *object, void *context)
{
	struct sighting *sighting = context;

	/* One that its maker has published, and will take back as it finds a
	   duplicate, is nobody's yet: nobody is registered in it. */
	if (object->key && strcmp(object->key, sighting->key) == 0 &&
	    object->segment_id >= 0 && object->process_count > 0 &&
	    sighting->count < 16)
		sighting->ids[sighting->count++] = object->segment_id;
	return 0;
}

/* A scan isn't one moment; but who was seen, and is alive, was so meanwhile. */
static void look_for_twins(const char *key)
{
	struct sighting sighting = { .key = key };
	unsigned alive = 0;
	struct shmid_ds status;

	ck_assert_int_eq(svshm_scan(0, note, &sighting), SVSHM_OK);
	for (unsigned i = 0; i < sighting.count; i++)
		alive += shmctl(sighting.ids[i], IPC_STAT, &status) == 0 &&
			 !(status.shm_perm.mode & SHM_DEST);
	ck_assert_uint_le(alive, 1);
}

static void expect_nothing_after_last_user(const char *key)
{
	struct svshm *handle = svshm_new(key);
	int code = svshm_attach(handle, SVSHM_READ_WRITE);

	if (code != SVSHM_NOT_FOUND) {
		ck_assert_msg(code >= 0, "%s", svshm_error_string(handle));
		expect_code(handle, svshm_detach(handle), SVSHM_OK);
	}
	svshm_free(handle);
	ck_assert(test_nothing_left(key));
	/* Of a process that died between unlink and IPC_RMID. */
	recover_leftovers(key);
	ck_assert_uint_eq(count_sets(key), 0);
}

START_TEST(one_object_in_a_storm_with_kills)
{
	struct worker *workers[PROCESSES], *next;
	pid_t children[PROCESSES];
	unsigned random = (unsigned)getpid();

	brew(numbers_of_keys[_i], true);
	next = storm->workers;
	for (int i = 0; i < PROCESSES; i++) {
		workers[i] = next++;
		children[i] = test_fork(work, workers[i]);
	}
	for (int kills = 0; kills < KILLS; kills++) {
		unsigned victim = random_below(&random, PROCESSES);

		for (unsigned i = random_below(&random, 25) + 1; i > 0; i--)
			test_event_await(&storm->steps);
		atomic_store(&workers[victim]->doomed, true);
		kill(children[victim], SIGKILL);
		look_for_twins(storm->names[kills % (int)storm->keys].key);
		ck_assert_int_eq(test_wait(children[victim]), 256 + SIGKILL);
		workers[victim] = next++;
		children[victim] = test_fork(work, workers[victim]);
	}
	atomic_store(&storm->over, true);
	for (int i = 0; i < PROCESSES; i++)
		ck_assert_int_eq(test_wait(children[i]), 0);
	for (unsigned i = 0; i < storm->keys; i++)
		expect_nothing_after_last_user(storm->names[i].key);
}
END_TEST

static Suite *make_suite(void)
{
	Suite *suite = suite_create("one name, one object: storms");
	TCase *storms = tcase_create("storms");

	tcase_set_timeout(storms, 180);
	tcase_add_loop_test(storms, one_object_in_a_storm, 0, 2);
	tcase_add_loop_test(storms, one_object_in_a_storm_with_kills, 0, 2);
	suite_add_tcase(suite, storms);
	return suite;
}

int main(void)
{
	return test_main(make_suite);
}
