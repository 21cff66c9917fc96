/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Loads, stores and exchanges of words that several processes or threads use, and
 * the order between them.
 *
 * A compiler without the builtins falls back on volatile access. There is no fast
 * lock then (configure decides), and nobody joins or leaves outside the gate; all
 * other protocols have a system call between two steps, which is the barrier, and
 * their exchanges are made inside the gate: without it (an administrator has
 * removed the set meanwhile) they are not safe.
 */
#ifndef SVSHM_BASE_ATOMIC_H
#define SVSHM_BASE_ATOMIC_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#if defined(__SANITIZE_THREAD__)
#define SVSHM__THREAD_SANITIZER 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define SVSHM__THREAD_SANITIZER 1
#endif
#endif

#ifdef HAVE_ATOMIC_BUILTINS
#define SVSHM__EXCHANGES_ATOMICALLY true

static inline uint32_t svshm__load(const uint32_t *word)
{
	return __atomic_load_n(word, __ATOMIC_ACQUIRE);
}

static inline void svshm__store(uint32_t *word, uint32_t value)
{
	__atomic_store_n(word, value, __ATOMIC_RELEASE);
}

/*
 * A store that is made before all that follows it, too: a release store orders
 * what is before it, and lets later stores move up past it. An exchange with
 * acquire and release lets nothing pass, in the compiler's eyes; whoever is
 * killed behind it has made it.
 */
static inline void svshm__announce(uint32_t *word, uint32_t value)
{
	__atomic_exchange_n(word, value, __ATOMIC_ACQ_REL);
}

/* True if WORD was EXPECTED; it is DESIRED then. */
static inline bool svshm__exchange_if(uint32_t *word, uint32_t expected,
				      uint32_t desired)
{
	return __atomic_compare_exchange_n(word, &expected, desired, 0,
					   __ATOMIC_ACQ_REL, __ATOMIC_RELAXED);
}

static inline void svshm__add(uint32_t *word, uint32_t summand)
{
	__atomic_fetch_add(word, summand, __ATOMIC_SEQ_CST);
}

/*
 * Whoever sees any store that comes behind this, and calls svshm__order_loads()
 * then, sees what was stored before this. An exchange alone does not give that:
 * later stores may pass its own. (ThreadSanitizer knows no fences, and looks at
 * programs of processors on which this one is no instruction.)
 */
static inline void svshm__order_stores(void)
{
#ifndef SVSHM__THREAD_SANITIZER
	__atomic_thread_fence(__ATOMIC_RELEASE);
#else
	__atomic_signal_fence(__ATOMIC_RELEASE);
#endif
}

static inline void svshm__order_loads(void)
{
#ifndef SVSHM__THREAD_SANITIZER
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
#else
	__atomic_signal_fence(__ATOMIC_ACQUIRE);
#endif
}

/* Tell the processor that this is a loop that waits. */
static inline void svshm__relax(void)
{
#if defined(__x86_64__) || defined(__i386__)
	__asm__ __volatile__("pause" ::: "memory");
#elif defined(__aarch64__)
	__asm__ __volatile__("isb" ::: "memory");
#elif defined(__arm__) && __ARM_ARCH >= 7
	__asm__ __volatile__("yield" ::: "memory");
#else
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
#endif
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
#define SVSHM__EXCHANGES_ATOMICALLY false

static inline void svshm__relax(void)
{
}

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

/* Between volatile accesses the compiler keeps the order. */
static inline void svshm__announce(uint32_t *word, uint32_t value)
{
	svshm__store(word, value);
}

/* Not in one step, nor is the next: another's change between is overwritten. */
static inline bool svshm__exchange_if(uint32_t *word, uint32_t expected,
				      uint32_t desired)
{
	if (svshm__load(word) != expected)
		return false;
	svshm__store(word, desired);
	return true;
}

/* No order but the compiler's, and that of the system calls beside it. */
static inline void svshm__order_stores(void)
{
}

static inline void svshm__order_loads(void)
{
}

/* Not in one step: who adds at the same time may be overlooked. */
static inline void svshm__add(uint32_t *word, uint32_t summand)
{
	*(volatile uint32_t *)word += summand;
}

#endif

/*
 * Copy SIZE bytes, a multiple of 4, of what others may change: word by word, each
 * read once. What stands in two words may be of two moments.
 */
static inline void svshm__copy_words(void *to, const void *from, size_t size)
{
	const uint32_t *words = (const uint32_t *)from;
	uint32_t word;

	for (size_t i = 0; i < size / sizeof(word); i++) {
		word = svshm__load(&words[i]);
		memcpy((char *)to + i * sizeof(word), &word, sizeof(word));
	}
}

#endif
