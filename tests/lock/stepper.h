/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A child, the victim, that is stepped instruction by instruction by ptrace(2),
 * on Linux on x86-64 only: where CAN_STEP is defined.
 */
#ifndef SVSHM_TEST_STEPPER_H
#define SVSHM_TEST_STEPPER_H

#if defined(__linux__) && defined(__x86_64__)
#define CAN_STEP

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct victim {
	pid_t pid;
	volatile bool *done; /* shared with it: it has come to the end */
	/* Called again and again while the victim runs. */
	void (*meanwhile)(pid_t pid);
};

/* The steps that it takes, as a first run has found them. */
struct path {
	struct step {
		uintptr_t address;
		bool worth; /* to die before it */
		bool once;  /* no other step is at this address */
	} *steps;
	long count;
};

/* Whether this process may trace its children. */
bool victims_can_be_traced(void);

/* On one processor nobody spins, so that each run takes the same steps. */
void one_processor(void);

/* In the child: stand still for the first order. */
void victim_stand_still(void);

/* The victim stands still, as it said. */
void victim_await(const struct victim *victim);

/*
 * Let the victim take all its steps, and note them. It is worth to die next to a
 * system call; before every SAMPLEth instruction of the library; and, of libc's,
 * where messages are formatted, before a few. To be freed by path_free().
 */
void path_find(struct path *path, const struct victim *victim, long sample);
void path_free(struct path *path);

/* Let the victim take its first WANTED steps. False: it has come to the end
   before. */
bool victim_go(const struct victim *victim, const struct path *path,
	       long wanted);

#endif
#endif
