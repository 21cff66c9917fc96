/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * P4: death at every instruction of the lock. A child, the victim, is stepped N
 * instructions into an operation and killed there, for each N until it comes to
 * the end. Then the next one gets the lock at once, and is told of the owner's
 * death if, and only if, the lock word was the victim's.
 *
 * Every instruction of the library is a case; of libc's, where messages are
 * formatted, every STRIDEth is, and each one next to a system call. That takes
 * minutes, so it is done if SVSHM_TEST_LONG is set; else every SAMPLEth case is,
 * and each one next to a system call.
 */
#include <config.h>

#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "actor.h"
#include "forge.h"
#include "handle.h"
#include "lock/lock.h"
#include "puppet.h"

#if defined(__linux__) && defined(__x86_64__)

#include <elf.h>
#include <sys/auxv.h>
#include <sys/ptrace.h>
#include <sys/user.h>

#define STRIDE 101
#define SAMPLE 16
#define STEPS_MAX 200000

/* The linker's: the program's own code, the library's with it. */
extern const char __executable_start, etext;

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
static volatile bool *done; /* shared: the victim has come to the end */

/* The steps of the operation, as a first run has found them. */
static struct step {
	uintptr_t address;
	bool worth; /* to die before it */
	bool once;  /* no other step is at this address */
} *path;
static long steps;

/* ---- The victim ---------------------------------------------------------------- */

static int suffer(void *context)
{
	struct svshm *handle = context;

	svshm_data(handle); /* registers the child */
	/* That the object is still there is looked up now and then: now. */
	handle->locker.looked = 0;
	handle->locker.unlooked = 0;
	if (operation->scene == MINE || operation->scene == MINE_WANTED)
		child_assert(svshm_lock(handle) == SVSHM_OK);
	child_assert(ptrace(PTRACE_TRACEME, 0, NULL, NULL) == 0);
	raise(SIGSTOP);
	operation->act(handle);
	*done = true;
	for (;;)
		pause();
	return 0;
}

static unsigned long long instruction(pid_t victim)
{
	struct user_regs_struct registers;

	ck_assert_int_eq(ptrace(PTRACE_GETREGS, victim, NULL, &registers), 0);
	return registers.rip;
}

static bool at_system_call(pid_t victim)
{
	long code = ptrace(PTRACE_PEEKTEXT, victim,
			   (void *)(uintptr_t)instruction(victim), NULL);

	return (code & 0xffff) == 0x050f;
}

/* It sleeps: now is the time to give it the lock. */
static void let_go_on(void)
{
	if (operation->scene == OWNED_BEFORE) {
		actor_block(&other, svshm_lock);
		other_waits = true;
	}
	expect_code(mine, svshm_unlock(mine), SVSHM_OK);
	owned = false;
}

/* Wait until the victim has stopped; false: it has come to the end before. */
static bool await_stop(pid_t victim)
{
	int status;
	pid_t got;

	while ((got = waitpid(victim, &status, WNOHANG)) == 0) {
		if (*done)
			return false;
		if (owned && test_is_blocked(victim))
			let_go_on();
		sched_yield();
	}
	ck_assert_int_eq(got, victim);
	ck_assert(WIFSTOPPED(status));
	ck_assert_int_eq(WSTOPSIG(status), SIGTRAP);
	return true;
}

/* To where the path goes only once, without looking at each step. */
static bool run_to(pid_t victim, uintptr_t address)
{
	void *where = (void *)address;
	long code = ptrace(PTRACE_PEEKTEXT, victim, where, NULL);
	struct user_regs_struct registers;

	/* int3 */
	ck_assert_int_eq(ptrace(PTRACE_POKETEXT, victim, where,
				(void *)((code & ~0xffL) | 0xcc)), 0);
	ck_assert_int_eq(ptrace(PTRACE_CONT, victim, NULL, NULL), 0);
	if (!await_stop(victim))
		return false;
	ck_assert_int_eq(ptrace(PTRACE_POKETEXT, victim, where, (void *)code),
			 0);
	ck_assert_int_eq(ptrace(PTRACE_GETREGS, victim, NULL, &registers), 0);
	ck_assert_uint_eq(registers.rip, address + 1);
	registers.rip = address;
	ck_assert_int_eq(ptrace(PTRACE_SETREGS, victim, NULL, &registers), 0);
	return true;
}

/*
 * Where the clock is read, in code of the kernel's: over and over, if it ticks
 * meanwhile, and it always does if each step of the loop takes a while.
 */
static bool in_kernel_page(uintptr_t address)
{
	uintptr_t page = (uintptr_t)getauxval(AT_SYSINFO_EHDR);
	const Elf64_Ehdr *elf = (const void *)page;

	return page && address >= page &&
	       address < page + elf->e_shoff +
				 (uintptr_t)elf->e_shnum * elf->e_shentsize;
}

static void step(pid_t victim)
{
	struct user_regs_struct registers;

	ck_assert_int_eq(ptrace(PTRACE_GETREGS, victim, NULL, &registers), 0);
	if (in_kernel_page(registers.rip)) {
		long back = ptrace(PTRACE_PEEKDATA, victim,
				   (void *)(uintptr_t)registers.rsp, NULL);

		ck_assert(run_to(victim, (uintptr_t)back));
		return;
	}
	ck_assert_int_eq(ptrace(PTRACE_SINGLESTEP, victim, NULL, NULL), 0);
	await_stop(victim);
}

static bool go(pid_t victim, long wanted)
{
	long from = wanted;

	while (from > 0 && !path[from].once)
		from--;
	if (from > 0 && !run_to(victim, path[from].address))
		return false;
	for (; from < wanted && !*done; from++)
		step(victim);
	return true;
}

static pid_t begin(void)
{
	int status;
	pid_t victim;

	*done = false;
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
	victim = test_fork(suffer, mine);
	ck_assert_int_eq(waitpid(victim, &status, 0), victim);
	ck_assert(WIFSTOPPED(status) && WSTOPSIG(status) == SIGSTOP);
	if (operation->scene == MINE_WANTED) {
		actor_block(&other, svshm_lock);
		other_waits = true;
	}
	return victim;
}

/* ---- What it leaves -------------------------------------------------------------- */

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

static void die_and_check(pid_t victim, long after)
{
	const struct svshm__header *header = header_of(mine);
	int expected, got;

	test_kill(victim);
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

/* ---- All cases ------------------------------------------------------------------- */

static int by_address(const void *a, const void *b)
{
	uintptr_t left = *(const uintptr_t *)a, right = *(const uintptr_t *)b;

	return (left > right) - (left < right);
}

/* Which steps are at an address of their own. */
static void find_once(void)
{
	uintptr_t *sorted = malloc((size_t)steps * sizeof(*sorted));

	ck_assert_ptr_nonnull(sorted);
	for (long i = 0; i < steps; i++)
		sorted[i] = path[i].address;
	qsort(sorted, (size_t)steps, sizeof(*sorted), by_address);
	for (long i = 0; i < steps; i++) {
		uintptr_t *found = bsearch(&path[i].address, sorted,
					   (size_t)steps, sizeof(*sorted),
					   by_address);

		path[i].once = (found == sorted || found[-1] != *found) &&
			       (found == sorted + steps - 1 ||
				found[1] != *found);
	}
	free(sorted);
}

static void survey(void)
{
	long sample = getenv("SVSHM_TEST_LONG") ? 1 : SAMPLE;
	pid_t victim = begin();
	bool after_call = false;

	for (steps = 0; !*done && steps < STEPS_MAX; steps++) {
		uintptr_t address = (uintptr_t)instruction(victim);
		bool call = at_system_call(victim);

		path[steps].address = address;
		path[steps].worth = call || after_call ||
				    steps % STRIDE == 0 ||
				    (steps % sample == 0 &&
				     address >= (uintptr_t)&__executable_start &&
				     address < (uintptr_t)&etext);
		after_call = call;
		step(victim);
	}
	ck_assert_int_lt(steps, STEPS_MAX);
	find_once();
	die_and_check(victim, steps);
}

static unsigned run_operation(void)
{
	unsigned cases = 0;

	survey();
	for (long after = 0; after < steps; after++) {
		if (!path[after].worth)
			continue;

		pid_t victim = begin();

		cases += go(victim, after);
		die_and_check(victim, after);
	}
	return cases;
}

/* On one processor nobody spins, so that each run takes the same steps. */
static void one_processor(void)
{
	cpu_set_t set;
	int processor = sched_getcpu();

	CPU_ZERO(&set);
	CPU_SET(processor < 0 ? 0 : (size_t)processor, &set);
	ck_assert_int_eq(sched_setaffinity(0, sizeof(set), &set), 0);
}

static const unsigned engines[] = {
	SVSHM__LOCK_PORTABLE,
#ifdef FAST_LOCK
	SVSHM__LOCK_FAST,
#endif
};

#define ENGINES (int)(sizeof(engines) / sizeof(*engines))

START_TEST(p4_death_at_any_instruction)
{
	unsigned cases;

	one_processor();
	operation = &operations[_i % OPERATIONS];
	svshm__lock_engine_of_new = engines[_i / OPERATIONS];
	key = test_key("instruction");
	mine = make_object(key, 100);
	done = test_shared(sizeof(*done));
	path = malloc(STEPS_MAX * sizeof(*path));
	ck_assert_ptr_nonnull(path);
	actor_attach(&other, key);
	cases = run_operation();
	ck_assert_uint_gt(cases, 0);
	printf("%s lock: %s: %u deaths in %ld instructions\n",
	       engines[_i / OPERATIONS] == SVSHM__LOCK_PORTABLE ? "portable" :
								   "fast",
	       operation->name, cases, steps);
	fflush(stdout);
	actor_kill(&other);
	free(path);
	svshm_free(mine);
	ck_assert(test_nothing_left(key));
}
END_TEST

static Suite *make_suite(void)
{
	Suite *suite = suite_create("P4: death at each instruction");
	TCase *tcase = tcase_create("instructions");

	tcase_add_loop_test(tcase, p4_death_at_any_instruction, 0,
			    OPERATIONS * ENGINES);
	tcase_set_timeout(tcase, 600);
	suite_add_tcase(suite, tcase);
	return suite;
}

static bool can_trace(void)
{
	int status;
	pid_t child = fork();

	if (child == 0)
		_exit(ptrace(PTRACE_TRACEME, 0, NULL, NULL) == 0 ? 0 : 1);
	return child > 0 && waitpid(child, &status, 0) == child && status == 0;
}

int main(void)
{
	if (!can_trace()) {
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
