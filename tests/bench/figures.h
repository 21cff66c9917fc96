/* SPDX-License-Identifier: BSD-2-Clause */
/* What the benchmarks print: medians, with the least and the most. */
#ifndef SVSHM_BENCH_FIGURES_H
#define SVSHM_BENCH_FIGURES_H

#define ROUNDS_MAX 101

struct figures {
	double value[ROUNDS_MAX];
	int count;
};

void figures_add(struct figures *figures, double value);
double figures_median(struct figures *figures);

/* " median (least .. most)" */
void figures_print(struct figures *figures, int decimals);

/* The monotonic clock, in nanoseconds. */
double bench_now(void);

/* A number of the command line, or the program ends. */
int bench_argument(const char *text, int least, int most);

/* Print what was tried and errno's meaning, and exit. */
void bench_die(const char *tried);

#endif
