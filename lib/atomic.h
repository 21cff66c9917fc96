/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Loads and stores of shared words, and the order between them.
 *
 * Every protocol step that needs more than this goes through a semaphore, so a
 * compiler without the builtins may fall back on volatile access: the system
 * call between two steps is the barrier then.
 */
#ifndef SVSHM_ATOMIC_H
#define SVSHM_ATOMIC_H

#include <stdint.h>

#ifdef HAVE_ATOMIC_BUILTINS

static inline uint32_t svshm__load(const uint32_t *word)
{
	return __atomic_load_n(word, __ATOMIC_ACQUIRE);
}

static inline void svshm__store(uint32_t *word, uint32_t value)
{
	__atomic_store_n(word, value, __ATOMIC_RELEASE);
}

/* For a word of this process only: no order with anything else. */
static inline uintptr_t svshm__load_relaxed(const uintptr_t *word)
{
	return __atomic_load_n(word, __ATOMIC_RELAXED);
}

static inline void svshm__store_relaxed(uintptr_t *word, uintptr_t value)
{
	__atomic_store_n(word, value, __ATOMIC_RELAXED);
}

#else

static inline uintptr_t svshm__load_relaxed(const uintptr_t *word)
{
	return *(const volatile uintptr_t *)word;
}

static inline void svshm__store_relaxed(uintptr_t *word, uintptr_t value)
{
	*(volatile uintptr_t *)word = value;
}

static inline uint32_t svshm__load(const uint32_t *word)
{
	return *(const volatile uint32_t *)word;
}

static inline void svshm__store(uint32_t *word, uint32_t value)
{
	*(volatile uint32_t *)word = value;
}

#endif

#endif
