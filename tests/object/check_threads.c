/* SPDX-License-Identifier: BSD-2-Clause */
/* P10: threads with a handle each, and fork among them, are defined. */
#include <config.h>

#include <pthread.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "actor.h"
#include "base/atomic.h"
#include "outside.h"

#define THREADS 8
#define ROUNDS 150

struct thread {
	pthread_t id;
	const char *key;
	struct svshm *handle;
	bool alone; /* with its object */
	unsigned long locked; /* how often */
	char failure[400];    /* "" is success */
};

static void note(struct thread *thread, const char *what, int code)
{
	if (!*thread->failure)
		snprintf(thread->failure, sizeof(thread->failure),
			 "%s: %d: %.300s", what, code,
			 svshm_error_string(thread->handle));
}

static void start(struct thread *thread, const char *key,
		  void *(*body)(void *context))
{
	memset(thread, 0, sizeof(*thread));
	thread->key = key;
	ck_assert_int_eq(pthread_create(&thread->id, NULL, body, thread), 0);
}

static void join(struct thread *thread)
{
	pthread_join(thread->id, NULL);
	ck_assert_msg(!*thread->failure, "%s", thread->failure);
}

/* ---- Eight threads ------------------------------------------------------- */

/* Create or attach, whichever it is to be. */
static int enter(struct svshm *handle)
{
	int code;

	do {
		code = svshm_create(handle, 100, SVSHM_READ_WRITE);
		if (code == SVSHM_ALREADY_EXISTS)
			code = svshm_attach(handle, SVSHM_READ_WRITE);
	} while (code == SVSHM_NOT_FOUND);
	return code;
}

/* Of the process, guarded by the object's lock: by those who use one object. */
static volatile unsigned long in_all;

static void count_in_all(void)
{
	unsigned long value = in_all;

	sched_yield();
	in_all = value + 1;
}

static void use_once(struct thread *thread)
{
	struct svshm *handle = thread->handle;
	unsigned char *data = svshm_data(handle);
	int code = svshm_lock(handle);

	if (code)
		note(thread, "lock", code);
	for (size_t i = 1; i < svshm_size(handle); i++)
		if (data[i] != data[0])
			note(thread, "not whole", 0);
	memset(data, data[0] + 1, svshm_size(handle));
	if (!thread->alone)
		count_in_all();
	thread->locked++;
	code = svshm_unlock(handle);
	if (code)
		note(thread, "unlock", code);
}

static void *come_and_go(void *context)
{
	struct thread *thread = context;
	int code;

	thread->handle = svshm_new(thread->key);
	for (int i = 0; i < ROUNDS && !*thread->failure; i++) {
		code = enter(thread->handle);
		if (code)
			note(thread, "enter", code);
		else
			use_once(thread);
		code = svshm_detach(thread->handle);
		if (code)
			note(thread, "detach", code);
	}
	svshm_free(thread->handle);
	return NULL;
}

START_TEST(eight_threads_share_one_object)
{
	const char *key = test_key("one");
	struct thread threads[THREADS];
	unsigned long locked = 0;

	for (int i = 0; i < THREADS; i++)
		start(&threads[i], key, come_and_go);
	for (int i = 0; i < THREADS; i++) {
		join(&threads[i]);
		locked += threads[i].locked;
	}
	ck_assert_uint_eq(locked, THREADS * ROUNDS);
	ck_assert_uint_eq(in_all, locked);
	ck_assert(test_nothing_left(key));
}
END_TEST

static void *come_and_go_alone(void *context)
{
	struct thread *thread = context;
	int code;

	thread->alone = true;
	thread->handle = svshm_new(thread->key);
	for (int i = 0; i < ROUNDS && !*thread->failure; i++) {
		code = svshm_create(thread->handle, 5000, SVSHM_READ_WRITE);
		if (code) {
			note(thread, "create", code);
			break;
		}
		if (!has_bytes(thread->handle, 5000, 0))
			note(thread, "not zero", 0);
		use_once(thread);
		if (!has_bytes(thread->handle, 5000, 1))
			note(thread, "somebody else's", 0);
		code = svshm_detach(thread->handle);
		if (code)
			note(thread, "detach", code);
	}
	svshm_free(thread->handle);
	return NULL;
}

START_TEST(eight_threads_have_eight_objects)
{
	struct thread threads[THREADS];

	/* Each has a slot, and now and then a gate and a lock. */
	if (system_undo_entries(3 * THREADS) < 3 * THREADS &&
	    test_skip("a process has too few undo entries for eight objects"))
		return;
	for (int i = 0; i < THREADS; i++)
		start(&threads[i], test_key("own"), come_and_go_alone);
	for (int i = 0; i < THREADS; i++)
		join(&threads[i]);
	for (int i = 0; i < THREADS; i++)
		ck_assert(test_nothing_left(threads[i].key));
}
END_TEST

static uint32_t stop;

static void *come_and_go_until_stop(void *context)
{
	struct thread *thread = context;

	while (!svshm__load(&stop) && !*thread->failure)
		come_and_go_alone(thread);
	return NULL;
}

static int count_visits(const struct svshm_object *object, void *context)
{
	(void)object;
	++*(unsigned long *)context;
	return 0;
}

/* Who only looks never makes the last to go believe that somebody is left. */
START_TEST(scans_disturb_nobody)
{
	struct thread threads[2];
	unsigned long visits = 0;

	svshm__store(&stop, 0);
	for (int i = 0; i < 2; i++)
		start(&threads[i], test_key("seen"), come_and_go_until_stop);
	for (int i = 0; i < 100000 && visits < 6000; i++)
		ck_assert_int_eq(svshm_scan(0, count_visits, &visits), 0);
	svshm__store(&stop, 1);
	for (int i = 0; i < 2; i++) {
		join(&threads[i]);
		ck_assert(test_nothing_left(threads[i].key));
	}
}
END_TEST

/* ---- Fork among threads -------------------------------------------------- */

static void *create_until_stop(void *context)
{
	struct thread *thread = context;

	thread->handle = svshm_new(thread->key);
	while (!svshm__load(&stop) && !*thread->failure) {
		/* A child that has it mapped makes the last one stay. */
		int code = enter(thread->handle);

		if (code < 0)
			note(thread, "enter", code);
		svshm_detach(thread->handle);
	}
	svshm_free(thread->handle);
	return NULL;
}

static void *attach_until_stop(void *context)
{
	struct thread *thread = context;

	thread->handle = svshm_new(thread->key);
	while (!svshm__load(&stop) && !*thread->failure) {
		int code = act_attach(thread->handle);

		if (code)
			note(thread, "attach", code);
		else
			use_once(thread);
		svshm_detach(thread->handle);
	}
	svshm_free(thread->handle);
	return NULL;
}

/* All of the library must work in a child, whatever other threads of its parent
   were at when it was forked. */
static int use_all(void *context)
{
	struct svshm *handle = context;
	struct svshm *other = svshm_new(svshm_key(handle));
	struct svshm *own = svshm_new(test_key("child's"));

	child_assert(svshm_lock(handle) == SVSHM_OK);
	child_assert(svshm_unlock(handle) == SVSHM_OK);
	child_assert(svshm_attach(other, SVSHM_READ_ONLY) == SVSHM_OK);
	child_assert(svshm_lock(other) == SVSHM_OK);
	child_assert(svshm_detach(other) == SVSHM_OK);
	child_assert(svshm_create(own, 100, SVSHM_READ_WRITE) == SVSHM_OK);
	child_assert(svshm_detach(own) == SVSHM_OK);
	child_assert(svshm_detach(handle) == SVSHM_OK);
	svshm_free(other);
	svshm_free(own);
	return 0;
}

START_TEST(fork_among_threads_is_defined)
{
	const char *made = test_key("made"), *joined = test_key("joined");
	struct svshm *handle = make_object(joined, 100);
	struct thread maker, user;

#ifndef HAVE_PTHREAD_ATFORK
	svshm_free(handle);
	if (test_skip("no pthread_atfork() here"))
		return;
#endif
	svshm__store(&stop, 0);
	start(&maker, made, create_until_stop);
	start(&user, joined, attach_until_stop);
	for (int i = 0; i < 150; i++)
		ck_assert_int_eq(test_wait(test_fork(use_all, handle)), 0);
	svshm__store(&stop, 1);
	join(&maker);
	join(&user);
	ck_assert_uint_gt(user.locked, 0);
	svshm_free(handle);
	ck_assert(test_nothing_left(joined));
	/* The last child may have left the last object half-removed. */
	handle = svshm_new(made);
	ck_assert_int_ge(enter(handle), SVSHM_OK);
	svshm_free(handle);
	ck_assert(test_nothing_left(made));
}
END_TEST

/* ---- Threads of a child -------------------------------------------------- */

static struct svshm *handles[THREADS]; /* made by the parent */
static pthread_barrier_t barrier;

static void *use_inherited(void *context)
{
	struct thread *thread = context;

	pthread_barrier_wait(&barrier);
	use_once(thread);
	return NULL;
}

static int use_in_threads(void *context)
{
	struct thread threads[THREADS];
	struct test_object object;

	pthread_barrier_init(&barrier, NULL, THREADS);
	for (int i = 0; i < THREADS; i++) {
		memset(&threads[i], 0, sizeof(threads[i]));
		threads[i].handle = handles[i];
		child_assert(!pthread_create(&threads[i].id, NULL,
					     use_inherited, &threads[i]));
	}
	for (int i = 0; i < THREADS; i++) {
		pthread_join(threads[i].id, NULL);
		child_assert(!*threads[i].failure);
	}
	child_assert(in_all == THREADS);
	/* The parent, and all threads of this process as one. */
	child_assert(test_inspect(context, &object) && object.alive == 2);
	for (int i = 0; i < THREADS; i++)
		child_assert(svshm_detach(handles[i]) == SVSHM_OK);
	child_assert(test_inspect(context, &object) && object.alive == 1);
	return 0;
}

START_TEST(threads_of_a_child_register_once)
{
	const char *key = test_key("once");

	handles[0] = make_object(key, 100);
	for (int i = 1; i < THREADS; i++) {
		handles[i] = svshm_new(key);
		expect_code(handles[i], act_attach(handles[i]), SVSHM_OK);
	}
	for (int i = 0; i < 30; i++)
		ck_assert_int_eq(test_wait(test_fork(use_in_threads,
						     (void *)(uintptr_t)key)),
				 0);
	for (int i = 0; i < THREADS; i++)
		svshm_free(handles[i]);
	ck_assert(test_nothing_left(key));
}
END_TEST

static Suite *make_suite(void)
{
	Suite *suite = suite_create("threads");
	TCase *tests = tcase_create("threads");

	suite_add_tcase(suite, tests);
	tcase_set_timeout(tests, 120);
	tcase_add_test(tests, eight_threads_share_one_object);
	tcase_add_test(tests, eight_threads_have_eight_objects);
	tcase_add_test(tests, scans_disturb_nobody);
	tcase_add_test(tests, fork_among_threads_is_defined);
	tcase_add_test(tests, threads_of_a_child_register_once);
	return suite;
}

int main(void)
{
	return test_main(make_suite);
}
