/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Linux's futex, on a word of shared memory: who sleeps there, and who changes the
 * word and wakes them in one system call. No policy. Where there is none, or a
 * sandbox refuses it, every function says so, and its caller looks again and again
 * instead.
 */
#ifndef SVSHM_KERNEL_FUTEX_H
#define SVSHM_KERNEL_FUTEX_H

#include <stdbool.h>
#include <stdint.h>

/*
 * False: not on this system, or refused when it was tried. Tests turn it off, and
 * have the world without it.
 */
extern uint32_t svshm__futex_usable;

/*
 * Sleep while *WORD is VALUE, until END at the latest, by svshm__process_now(). May
 * come back before, for no reason. WORD may be mapped read-only. False: there is no
 * futex.
 */
bool svshm__futex_wait(const uint32_t *word, uint32_t value, int64_t end);

/*
 * Change *WORD, and wake all who sleep on it: one system call, so whoever is killed
 * has done both or nothing. *WOKEN: how many. False: there is no futex, and nothing
 * was changed.
 */
bool svshm__futex_add(uint32_t *word, unsigned summand, int *woken);
bool svshm__futex_clear(uint32_t *word, unsigned bits, int *woken);

#endif
