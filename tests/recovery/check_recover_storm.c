/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * P5: recovery in a storm. Workers create, attach, use, detach and die, while a
 * process recovers everything in sight, by the library and by the tool. Nothing
 * may ever be taken from somebody who is attached: his lock never says REMOVED,
 * and his bytes stay. What the dead leave must go in the end.
 */
#include <config.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "actor.h"

#define KEYS 3
#define WORKERS 4
#define ROUNDS 2000

/* Seen by all. */
static struct tally {
	unsigned long used, died, recovered, refused;
	int over;
} *tally;

static const char *keys[KEYS];

static void count(unsigned long *what)
{
	__atomic_add_fetch(what, 1, __ATOMIC_RELAXED);
}

/* Attached: whatever the recoverer does, the object stays whole. */
static void use(struct svshm *handle)
{
	unsigned *counter = svshm_data(handle);
	int code = svshm_lock(handle);

	child_assert(code == SVSHM_OK || code == SVSHM_OWNER_DIED);
	if (code == SVSHM_OWNER_DIED)
		child_assert(svshm_make_consistent(handle) == SVSHM_OK);

	unsigned before = *counter;

	/* The other half of the pair is written a little later. */
	*counter = before + 1;
	child_assert(counter[1] == before || code == SVSHM_OWNER_DIED);
	counter[1] = before + 1;
	child_assert(svshm_unlock(handle) == SVSHM_OK);
	count(&tally->used);
}

static int work(void *context)
{
	unsigned seed = (unsigned)getpid();
	int rounds = *(int *)context;

	for (int i = 0; i < rounds; i++) {
		struct svshm *handle = svshm_new(keys[rand_r(&seed) % KEYS]);
		int code = svshm_create(handle, 4096, SVSHM_READ_WRITE);

		if (code == SVSHM_ALREADY_EXISTS)
			code = svshm_attach(handle, SVSHM_READ_WRITE);
		child_assert(code >= 0 || code == SVSHM_NOT_FOUND);
		if (code >= 0) {
			use(handle);
			use(handle);
		}
		/* One in eight dies with the object in hand. */
		if (code >= 0 && rand_r(&seed) % 8 == 0) {
			count(&tally->died);
			return 1;
		}
		if (code >= 0)
			child_assert(svshm_detach(handle) == SVSHM_OK);
		svshm_free(handle);
	}
	return 0;
}

static bool is_ours(const struct svshm_object *object)
{
	for (int i = 0; i < KEYS; i++)
		if (object->key && strcmp(object->key, keys[i]) == 0)
			return true;
	return false;
}

static int recover_ours(const struct svshm_object *object, void *context)
{
	(void)context;
	if (!is_ours(object))
		return 0;
	/* In use or not: it is recover's to find out. */
	int code = svshm_recover(object, NULL);

	child_assert(code == SVSHM_OK || code == SVSHM_BUSY ||
		     code == SVSHM_NOT_FOUND);
	count(code == SVSHM_OK ? &tally->recovered : &tally->refused);
	return 0;
}

static int run_tool(void *context)
{
	const char *tool = getenv("SVSHM");

	(void)context;
	execl(tool, tool, "recover", "--quiet", keys[0], keys[1], keys[2],
	      (char *)NULL);
	return 99;
}

static int recover_all_the_time(void *context)
{
	(void)context;
	for (unsigned i = 0; !__atomic_load_n(&tally->over, __ATOMIC_ACQUIRE);
	     i++) {
		child_assert(svshm_scan(0, recover_ours, NULL) == SVSHM_OK);
		if (i % 16 == 0 && getenv("SVSHM"))
			child_assert(test_wait(test_fork(run_tool, NULL)) == 0);
	}
	return 0;
}

/* Until all rounds are done: who dies is replaced. */
static void let_work(void)
{
	pid_t workers[WORKERS];
	int rounds = ROUNDS / WORKERS;
	int deaths = 0;

	for (int i = 0; i < WORKERS; i++)
		workers[i] = test_fork(work, &rounds);
	for (int i = 0; i < WORKERS; i++) {
		int status;

		while ((status = test_wait(workers[i])) == 1 &&
		       ++deaths < ROUNDS / 8)
			workers[i] = test_fork(work, &rounds);
		ck_assert_msg(status == 0 || status == 1, "a worker failed: %d",
			      status);
	}
}

START_TEST(recovery_in_a_storm_removes_nothing_used)
{
	tally = mmap(NULL, sizeof(*tally), PROT_READ | PROT_WRITE,
		     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ck_assert_ptr_ne(tally, MAP_FAILED);
	for (int i = 0; i < KEYS; i++)
		keys[i] = test_key("storm");

	pid_t recoverer = test_fork(recover_all_the_time, NULL);

	let_work();
	__atomic_store_n(&tally->over, 1, __ATOMIC_RELEASE);
	ck_assert_int_eq(test_wait(recoverer), 0);
	for (int i = 0; i < KEYS; i++) {
		recover_object(keys[i], 0, NULL);
		ck_assert(test_nothing_left(keys[i]));
	}
	printf("used %lu times, %lu died, %lu recovered, %lu refused\n",
	       tally->used, tally->died, tally->recovered, tally->refused);
	ck_assert_uint_gt(tally->used, 0);
	ck_assert_uint_gt(tally->died, 0);
	ck_assert_uint_gt(tally->recovered + tally->refused, 0);
	munmap(tally, sizeof(*tally));
}
END_TEST

static Suite *make_suite(void)
{
	Suite *suite = suite_create("recovery in a storm");
	TCase *tests = tcase_create("recover storm");

	suite_add_tcase(suite, tests);
	tcase_set_timeout(tests, 300);
	tcase_add_test(tests, recovery_in_a_storm_removes_nothing_used);
	return suite;
}

int main(void)
{
	return test_main(make_suite);
}
