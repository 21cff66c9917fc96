/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The cases of the crash lab's harnesses: which of them are run, how many have
 * passed, and how long the next one who comes has to wait in them.
 */
#ifndef SVSHM_CRASH_CASES_H
#define SVSHM_CRASH_CASES_H

#include <stdint.h>

#include "puppet.h"

/*
 * The main() of a harness. WHAT a case is. All of them are run if
 * $SVSHM_LAB_STRIDE is 1, every nth of each row if it is n; else a sample,
 * every STRIDEth of every ROW_STRIDEth row.
 */
int cases_main(Suite *(*make)(void), const char *what, unsigned stride,
	       unsigned row_stride);

/* A suite of one test case, whose tests may take ten minutes. */
Suite *cases_suite(const char *name, TCase **tests);

/*
 * At the start of each, and at its end if it has passed; it COUNTS, if it was
 * one, and not the run that finds that there are no more stops.
 */
void case_begin(void);
void case_end(bool counts);

/*
 * PLAY a case at STOP, which says whether there is such a stop. A machine may be
 * busy: a case that was slow is played again. False: it was slow ten times.
 */
bool case_play(bool (*play)(unsigned stop), unsigned stop, bool *stops);

/*
 * Whether that row, a loop's number as Check shows it, and the case of number N
 * in it are to be run. $SVSHM_LAB_ROW runs one row alone, for a closer look.
 */
bool row_wanted(int row);
bool case_wanted(unsigned n);

/*
 * Let PUPPET do ACT, which must take less than a second, or what
 * case_may_take() has allowed in this case.
 */
int next_act(struct puppet *puppet, actor_act *act);
void case_may_take(int64_t milliseconds);

#endif
