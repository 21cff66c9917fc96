/* SPDX-License-Identifier: BSD-2-Clause */
#include <config.h>

#include "stepper.h"

#include "support.h"

#ifdef CAN_STEP

#include <elf.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/auxv.h>
#include <sys/ptrace.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#define STRIDE 101 /* every so many instructions of libc's */
#define STEPS_MAX 200000

/* The linker's: the program's own code, the library's with it. */
extern const char __executable_start, etext;

bool victims_can_be_traced(void)
{
	int status;
	pid_t child = fork();

	if (child == 0)
		_exit(ptrace(PTRACE_TRACEME, 0, NULL, NULL) == 0 ? 0 : 1);
	return child > 0 && waitpid(child, &status, 0) == child && status == 0;
}

void one_processor(void)
{
	cpu_set_t set;
	int processor = sched_getcpu();

	CPU_ZERO(&set);
	CPU_SET(processor < 0 ? 0 : (size_t)processor, &set);
	ck_assert_int_eq(sched_setaffinity(0, sizeof(set), &set), 0);
}

void victim_stand_still(void)
{
	child_assert(ptrace(PTRACE_TRACEME, 0, NULL, NULL) == 0);
	raise(SIGSTOP);
}

void victim_await(const struct victim *victim)
{
	int status;

	ck_assert_int_eq(waitpid(victim->pid, &status, 0), victim->pid);
	ck_assert(WIFSTOPPED(status) && WSTOPSIG(status) == SIGSTOP);
}

/* ---- Steps ------------------------------------------------------------- */

static struct user_regs_struct registers_of(const struct victim *victim)
{
	struct user_regs_struct registers;

	ck_assert_int_eq(ptrace(PTRACE_GETREGS, victim->pid, NULL, &registers),
			 0);
	return registers;
}

static uintptr_t instruction(const struct victim *victim)
{
	return (uintptr_t)registers_of(victim).rip;
}

static bool at_system_call(const struct victim *victim)
{
	long code = ptrace(PTRACE_PEEKTEXT, victim->pid,
			   (void *)instruction(victim), NULL);

	return (code & 0xffff) == 0x050f;
}

/* Wait until the victim has stopped; false: it has come to the end before. */
static bool await_stop(const struct victim *victim)
{
	int status;
	pid_t got;

	while ((got = waitpid(victim->pid, &status, WNOHANG)) == 0) {
		if (*victim->done)
			return false;
		victim->meanwhile(victim->pid);
		sched_yield();
	}
	ck_assert_int_eq(got, victim->pid);
	ck_assert(WIFSTOPPED(status));
	ck_assert_int_eq(WSTOPSIG(status), SIGTRAP);
	return true;
}

/* To where the path goes only once, without looking at each step. */
static bool run_to(const struct victim *victim, uintptr_t address)
{
	void *where = (void *)address;
	long code = ptrace(PTRACE_PEEKTEXT, victim->pid, where, NULL);
	struct user_regs_struct registers;

	/* int3 */
	ck_assert_int_eq(ptrace(PTRACE_POKETEXT, victim->pid, where,
				(void *)((code & ~0xffL) | 0xcc)), 0);
	ck_assert_int_eq(ptrace(PTRACE_CONT, victim->pid, NULL, NULL), 0);
	if (!await_stop(victim))
		return false;
	ck_assert_int_eq(ptrace(PTRACE_POKETEXT, victim->pid, where,
				(void *)code), 0);
	registers = registers_of(victim);
	ck_assert_uint_eq(registers.rip, address + 1);
	registers.rip = address;
	ck_assert_int_eq(ptrace(PTRACE_SETREGS, victim->pid, NULL, &registers),
			 0);
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

static void step(const struct victim *victim)
{
	struct user_regs_struct registers = registers_of(victim);

	if (in_kernel_page(registers.rip)) {
		long back = ptrace(PTRACE_PEEKDATA, victim->pid,
				   (void *)(uintptr_t)registers.rsp, NULL);

		ck_assert(run_to(victim, (uintptr_t)back));
		return;
	}
	ck_assert_int_eq(ptrace(PTRACE_SINGLESTEP, victim->pid, NULL, NULL), 0);
	await_stop(victim);
}

bool victim_go(const struct victim *victim, const struct path *path,
	       long wanted)
{
	long from = wanted;

	while (from > 0 && !path->steps[from].once)
		from--;
	if (from > 0 && !run_to(victim, path->steps[from].address))
		return false;
	for (; from < wanted && !*victim->done; from++)
		step(victim);
	return true;
}

/* ---- The path ---------------------------------------------------------- */

static int by_address(const void *a, const void *b)
{
	uintptr_t left = *(const uintptr_t *)a, right = *(const uintptr_t *)b;

	return (left > right) - (left < right);
}

/* Which steps are at an address of their own. */
static void find_once(struct path *path)
{
	struct step *steps = path->steps;
	size_t count = (size_t)path->count;
	uintptr_t *sorted = malloc(count * sizeof(*sorted));

	ck_assert_ptr_nonnull(sorted);
	for (size_t i = 0; i < count; i++)
		sorted[i] = steps[i].address;
	qsort(sorted, count, sizeof(*sorted), by_address);
	for (size_t i = 0; i < count; i++) {
		uintptr_t *found = bsearch(&steps[i].address, sorted, count,
					   sizeof(*sorted), by_address);

		steps[i].once = (found == sorted || found[-1] != *found) &&
			       (found == sorted + count - 1 ||
				found[1] != *found);
	}
	free(sorted);
}

static bool in_our_code(uintptr_t address)
{
	return address >= (uintptr_t)&__executable_start &&
	       address < (uintptr_t)&etext;
}

void path_find(struct path *path, const struct victim *victim, long sample)
{
	bool after_call = false;
	long count;

	path->steps = malloc(STEPS_MAX * sizeof(*path->steps));
	ck_assert_ptr_nonnull(path->steps);
	for (count = 0; !*victim->done && count < STEPS_MAX; count++) {
		uintptr_t address = instruction(victim);
		bool call = at_system_call(victim);

		path->steps[count].address = address;
		path->steps[count].worth =
			call || after_call || count % STRIDE == 0 ||
			(count % sample == 0 && in_our_code(address));
		after_call = call;
		step(victim);
	}
	ck_assert_int_lt(count, STEPS_MAX);
	path->count = count;
	find_once(path);
}

void path_free(struct path *path)
{
	free(path->steps);
	path->steps = NULL;
}

#endif
