/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * P4, P11: death at every instruction of the lock. A child, the victim, is stepped N
 * instructions into an operation and killed there, for each N until it comes to
 * the end. Then the next one gets the lock at once, and is told of the owner's
 * death if, and only if, the lock word was the victim's.
 *
 * Every instruction of the library is a case, and some of libc's: see stepper.h.
 * That takes minutes, so it is done if SVSHM_TEST_LONG is set; else only every
 * SAMPLEth case is, and each one next to a system call.
 *
 * And where nobody else wants the lock, few instructions are taken.
 */
#include <config.h>

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "actor.h"
#include "forge.h"
#include "handle.h"
#include "lock/lock.h"
#include "puppet.h"
#include "stepper.h"

#ifdef CAN_STEP

#define SAMPLE 16

enum scene {
	ALONE,
	OWNED,         /* by the test, which gives it once the victim sleeps */
	OWNED_BEFORE,  /* the same, and another one goes to sleep behind it */
	OWNER_IS_DEAD,
	MINE,          /* the victim owns it */
	MINE_WANTED    /* the same, and another one sleeps */
};

static int act_timedlock(struct svshm *handle)
{
	return svshm_timedlock(handle, 20000);
}

static const struct operation {
	const char *name;
	enum scene scene;
	actor_act *act;
} operations[] = {
	{ "lock", ALONE, svshm_lock },
	{ "trylock", ALONE, svshm_trylock },
	{ "timedlock", ALONE, act_timedlock },
	{ "unlock", MINE, svshm_unlock },
	{ "unlock, wanted", MINE_WANTED, svshm_unlock },
	{ "trylock, owned", OWNED, svshm_trylock },
	{ "lock, owned", OWNED, svshm_lock },
	{ "timedlock, owned", OWNED, act_timedlock },
	{ "lock, owned, another one behind", OWNED_BEFORE, svshm_lock },
	{ "lock from the dead", OWNER_IS_DEAD, svshm_lock },
	{ "trylock from the dead", OWNER_IS_DEAD, svshm_trylock },
};

#define OPERATIONS (int)(sizeof(operations) / sizeof(*operations))

/* Of the case under way. */
static const struct operation *operation;
static const char *key;
static struct svshm *mine;
static struct actor other;
static bool owned, other_waits;
static struct victim victim;

/* ---- The victim --------------------------------------------------------- */

static int suffer(void *context)
{
	struct svshm *handle = context;

	svshm_data(handle); /* registers the child */
	/* That the object is still there is looked up now and then: now. */
	handle->locker.looked = 0;
	handle->locker.unlooked = 0;
	if (operation->scene == MINE || operation->scene == MINE_WANTED)
		child_assert(svshm_lock(handle) == SVSHM_OK);
	victim_stand_still();
	operation->act(handle);
	*victim.done = true;
	for (;;)
		pause();
	return 0;
}

/* It sleeps: now is the time to give it the lock. */
static void let_go_on(pid_t pid)
{
	if (!owned || !test_is_blocked(pid))
		return;
	if (operation->scene == OWNED_BEFORE) {
		actor_block(&other, svshm_lock);
		other_waits = true;
	}
	expect_code(mine, svshm_unlock(mine), SVSHM_OK);
	owned = false;
}

static void begin(void)
{
	*victim.done = false;
	owned = other_waits = false;
	if (operation->scene == OWNER_IS_DEAD) {
		struct actor dead;

		actor_own(&dead, key);
		actor_kill(&dead);
	}
	if (operation->scene == OWNED || operation->scene == OWNED_BEFORE) {
		expect_code(mine, svshm_lock(mine), SVSHM_OK);
		owned = true;
	}
	victim.pid = test_fork(suffer, mine);
	victim_await(&victim);
	if (operation->scene == MINE_WANTED) {
		actor_block(&other, svshm_lock);
		other_waits = true;
	}
}

/* ---- What it leaves ----------------------------------------------------- */

/* All is as before the case. */
static void settle(struct actor *owner)
{
	if (owner) {
		expect_act(owner, svshm_make_consistent, SVSHM_OK);
		expect_act(owner, svshm_unlock, SVSHM_OK);
		return;
	}
	expect_code(mine, svshm_make_consistent(mine), SVSHM_OK);
	expect_code(mine, svshm_unlock(mine), SVSHM_OK);
}

static void die_and_check(long after)
{
	const struct svshm__header *header = header_of(mine);
	int expected, got;

	test_kill(victim.pid);
	if (owned)
		expect_code(mine, svshm_unlock(mine), SVSHM_OK);
	/* The last owner may have died before this case began. */
	expected = svshm__lock_owner(header->lock_word) != 0 ||
		   header->inconsistent ? SVSHM_OWNER_DIED : SVSHM_OK;
	if (!other_waits) {
		got = svshm_timedlock(mine, 20000);
		ck_assert_msg(got == expected,
			      "%s, death after %ld steps: %d, expected %d: %s",
			      operation->name, after, got, expected,
			      svshm_error_string(mine));
		settle(NULL);
		return;
	}
	/* It may have got the lock from the victim, alive, or dead. */
	got = actor_end(&other);
	ck_assert_msg(got == SVSHM_OK || got == SVSHM_OWNER_DIED,
		      "%s, death after %ld steps: the other one: %d",
		      operation->name, after, got);
	settle(&other);
}

/* ---- All cases ---------------------------------------------------------- */

static unsigned run_operation(struct path *path)
{
	long sample = getenv("SVSHM_TEST_LONG") ? 1 : SAMPLE;
	unsigned cases = 0;

	begin();
	path_find(path, &victim, sample);
	die_and_check(path->count);
	for (long after = 0; after < path->count; after++) {
		if (!path->steps[after].worth)
			continue;
		begin();
		cases += victim_go(&victim, path, after);
		die_and_check(after);
	}
	return cases;
}

static const unsigned engines[] = {
	SVSHM__LOCK_PORTABLE,
#ifdef FAST_LOCK
	SVSHM__LOCK_FAST,
#endif
};

#define ENGINES (int)(sizeof(engines) / sizeof(*engines))

START_TEST(lock_survives_death_at_any_instruction)
{
	struct path path;
	unsigned cases;

	one_processor();
	operation = &operations[_i % OPERATIONS];
	svshm__lock_engine_of_new = engines[_i / OPERATIONS];
	key = test_key("instruction");
	mine = make_object(key, 100);
	victim.done = test_shared(sizeof(*victim.done));
	victim.meanwhile = let_go_on;
	actor_attach(&other, key);
	cases = run_operation(&path);
	ck_assert_uint_gt(cases, 0);
	printf("%s lock: %s: %u deaths in %ld instructions\n",
	       engines[_i / OPERATIONS] == SVSHM__LOCK_PORTABLE ? "portable" :
								   "fast",
	       operation->name, cases, path.count);
	fflush(stdout);
	actor_kill(&other);
	path_free(&path);
	svshm_free(mine);
	ck_assert(test_nothing_left(key));
}
END_TEST

/* ---- How many there are --------------------------------------------------- */

#ifdef FAST_LOCK

/* Of lock and unlock, with their calls; what instruments the code adds its own. */
#if defined(__OPTIMIZE__) && !defined(__SANITIZE_ADDRESS__) && \
	!defined(__SANITIZE_THREAD__)
#define INSTRUCTIONS_MAX 70
#endif

static volatile int pairs; /* that the next victim does */

static int act_pairs(struct svshm *handle)
{
	/* The kernel isn't asked this time whether the object is there. */
	handle->locker.unlooked = 100;
	for (int i = 0; i < pairs; i++) {
		svshm_lock(handle);
		svshm_unlock(handle);
	}
	return SVSHM_OK;
}

static const struct operation count_pairs = { "pairs", ALONE, act_pairs };

static long count_instructions(int of_pairs)
{
	struct path path;
	long count;

	pairs = of_pairs;
	begin();
	path_find(&path, &victim, SAMPLE);
	test_kill(victim.pid);
	count = path.count;
	path_free(&path);
	return count;
}

START_TEST(lock_takes_few_instructions)
{
	long instructions;

	one_processor();
	operation = &count_pairs;
	svshm__lock_engine_of_new = SVSHM__LOCK_FAST;
	key = test_key("few");
	mine = make_object(key, 100);
	victim.done = test_shared(sizeof(*victim.done));
	victim.meanwhile = let_go_on;
	/* The first ones note what the others need. */
	instructions = (count_instructions(12) - count_instructions(2)) / 10;
	printf("fast lock: lock and unlock: %ld instructions\n", instructions);
	fflush(stdout);
#ifdef INSTRUCTIONS_MAX
	ck_assert_int_le(instructions, INSTRUCTIONS_MAX);
#endif
	svshm_free(mine);
	ck_assert(test_nothing_left(key));
}
END_TEST

#endif

static Suite *make_suite(void)
{
	Suite *suite = suite_create("The lock: death at each instruction");
	TCase *tcase = tcase_create("instructions");

	tcase_add_loop_test(tcase, lock_survives_death_at_any_instruction, 0,
			    OPERATIONS * ENGINES);
#ifdef FAST_LOCK
	tcase_add_test(tcase, lock_takes_few_instructions);
#endif
	tcase_set_timeout(tcase, 600);
	suite_add_tcase(suite, tcase);
	return suite;
}

int main(void)
{
	if (!victims_can_be_traced()) {
		puts("SKIP: ptrace() is not permitted here");
		return 77;
	}
	return test_main(make_suite);
}

#else

int main(void)
{
	puts("SKIP: steps instructions on Linux on x86-64 only");
	return 77;
}

#endif
