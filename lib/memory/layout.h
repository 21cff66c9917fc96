/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A native object's bytes in shared memory and its semaphores.
 *
 * Every member has a fixed width and stands at a multiple of its width, so that
 * 32-bit and 64-bit processes see the same. Nothing here may be trusted: who
 * can attach can write any bytes. svshm__header_read() (judge.c) checks a
 * header against what the kernel says of the segment and copies what is used.
 *
 * Who may write a member, and when:
 *   [const]  the maker, before it stores the magic; never again
 *   [gate]   whoever holds the gate semaphore
 *   [turn]   whoever has the object's turn as well: lib/memory/turn.h
 *   [lock]   whoever owns the lock
 *   [atomic] anybody, in one step
 */
#ifndef SVSHM_MEMORY_LAYOUT_H
#define SVSHM_MEMORY_LAYOUT_H

#include <stddef.h>
#include <stdint.h>

/* ---- Semaphores -------------------------------------------------------- */

/*
 * Zero is free everywhere, so that a fresh set needs no initialisation, and no
 * moment exists at which a dead maker could block others. Values are never set
 * by SETVAL or SETALL: those wipe the undo entries of all processes.
 */
enum svshm__semaphore {
	SVSHM__SEM_TAG,   /* svshm__tag(): this is svshm's, and of that name. 0:
			     nobody came yet. Its GETPID is the maker of the
			     segment. */
	SVSHM__SEM_CHILDREN, /* forked children of users that have the memory
				and have not registered */
	SVSHM__SEM_GATE,  /* 1 while somebody creates, attaches, detaches... */
	SVSHM__SEM_LOCK,  /* the portable lock: 1 while owned; of the fast lock,
			     where waiters sleep: tokens that wake them */
	SVSHM__SEM_SLOTS  /* the first of the slot semaphores */
};

#define SVSHM__NAME_HASHES 16384

/* Of a name with that hash, 1 to SVSHM__NAME_HASHES: hardly any program counts
   that far. */
static inline unsigned svshm__tag(unsigned name_hash)
{
	return SVSHM__NAME_HASHES - 1 + name_hash;
}

/*
 * In the mode of a set, where the system gives it no meaning: tells a set of
 * ours, fresh or not, from another program's.
 */
#define SVSHM__SET_MARK 0100

/* 14 bits a semaphore: the sum stays under the BSDs' SEMAEM of 16384. */
#define SVSHM__SLOTS_PER_SEMAPHORE 14
#define SVSHM__SLOT_SEMAPHORES_MAX 250
#define SVSHM__SEMAPHORES_MAX (SVSHM__SEM_SLOTS + SVSHM__SLOT_SEMAPHORES_MAX)

/* ---- Segment ----------------------------------------------------------- */

#define SVSHM__MAGIC 0x6d687376u /* "vshm" in little-endian memory */
#define SVSHM__FORMAT 3u
#define SVSHM__FORMAT_PLAUSIBLE 255u /* later versions will stay below */
#define SVSHM__BYTE_ORDER 0x01020304u
#define SVSHM__BYTE_ORDER_SWAPPED 0x04030201u

enum svshm__lock_engine {
	SVSHM__LOCK_PORTABLE = 1,
	SVSHM__LOCK_FAST = 2
};

/*
 * The lock word: 0, or its owner's slot + 1 and which of all registrations the
 * owner's is, so that a new holder of a dead owner's slot is not taken for the
 * owner; and, the fast lock's alone, that somebody may be asleep, or spins.
 */
#define SVSHM__LOCK_SLOT_MASK 0xfffu
#define SVSHM__LOCK_REGISTRATION_SHIFT 12
#define SVSHM__LOCK_REGISTRATION_MASK 0x3ffffu
#define SVSHM__LOCK_SPINNER 0x40000000u
#define SVSHM__LOCK_SLEEPERS 0x80000000u

static inline uint32_t svshm__lock_owner(uint32_t word)
{
	return word & ~(SVSHM__LOCK_SPINNER | SVSHM__LOCK_SLEEPERS);
}

/*
 * The word of changes: how often svshm_notify() was called, modulo 2^31, in steps
 * of SVSHM__CHANGE; and that somebody may be asleep who waits for the next.
 */
#define SVSHM__CHANGE_SLEEPERS 1u
#define SVSHM__CHANGE 2u

static inline uint32_t svshm__change_count(uint32_t word)
{
	return word / SVSHM__CHANGE;
}

#define SVSHM__FLAG_KEY_FILE 1u /* the library made the key file: unlink it */
#define SVSHM__FLAG_TRANSPARENT 2u /* its maker asked for transparent huge pages */

#define SVSHM__FLAG_OBSERVERS 4u /* its mode lets somebody read who may not write */

/* Of what pages it was made: the kernel does not tell. 0: ordinary ones; else
   huge ones, of 2 to the power of that. */
#define SVSHM__FLAGS_PAGE_SHIFT 8
#define SVSHM__FLAGS_PAGE_MASK 0x3fu

#define SVSHM__NAME_SIZE 16

enum svshm__slot_use {
	SVSHM__SLOT_FREE = 0, /* also: detached */
	SVSHM__SLOT_USED = 1,
	/*
	 * In exit(3): detached, but still mapped, as other threads and exit
	 * handlers may yet touch the memory. The slot is held to the end.
	 */
	SVSHM__SLOT_LEAVING = 2
};

/*
 * Whether a slot is held, the kernel knows; the slot table says by whom. It is
 * for people, and for the case that somebody has removed or reset the set.
 */
struct svshm__slot {
	uint32_t used;   /* [turn] enum svshm__slot_use */
	uint32_t access; /* [turn] enum svshm_access of the first handle */
	int64_t pid;     /* [turn] */
	int64_t start_time;  /* [turn] seconds since the Epoch */
	int64_t attach_time; /* [turn] */
	char name[SVSHM__NAME_SIZE]; /* [turn] NUL padded */
	uint64_t start_ticks; /* [turn] the same as the kernel counts, which no
				 change of the clock changes; 0: not known */
	/*
	 * [turn] Of the process that claimed the slot last: header->registrations
	 * then. Stored with release before the slot is claimed; the fast lock's
	 * waiters read it.
	 */
	uint32_t registration;
	uint32_t pid_space; /* [turn] the pid namespace of .pid; 0: not known */
};

/*
 * Retired: removed as far as one may who may write to it, but not remove it.
 */
enum svshm__retired {
	SVSHM__LIVE = 0,
	SVSHM__RETIRED = 1,      /* its pages are still there */
	SVSHM__RETIRED_EMPTY = 2 /* they have been given back */
};

struct svshm__header {
	uint32_t magic;      /* [const] stored last, with release */
	uint32_t byte_order; /* [const] SVSHM__BYTE_ORDER */
	uint32_t format;     /* [const] SVSHM__FORMAT */
	uint32_t header_size; /* [const] sizeof(struct svshm__header) */
	uint64_t segment_size; /* [const] what shmget was asked for */
	uint64_t data_offset;  /* [const] a multiple of the page size */
	uint64_t data_size;    /* [const] what the user asked for */

	/* The key file as it was when the object was made: what detach unlinks. */
	uint64_t device; /* [const] */
	uint64_t inode;  /* [const] */
	uint32_t project;     /* [const] which of the name's IPC keys */
	uint32_t flags;       /* [const] */
	uint32_t path_offset; /* [const] absolute, with NUL */
	uint32_t path_length; /* [const] without NUL */
	uint32_t key_offset;  /* [const] the user's key; length 0: none */
	uint32_t key_length;  /* [const] */

	uint32_t slots_offset; /* [const] */
	uint32_t slot_count;   /* [const] */
	int64_t create_time;   /* [const] */
	int64_t maker_pid;     /* [const] */
	uint32_t lock_engine;  /* [const] enum svshm__lock_engine */
	uint32_t turn; /* [atomic] odd: somebody's; then see turn_of */
	uint64_t registrations; /* [turn] how often a slot was claimed */
	/*
	 * [turn] When the last user left, noted by the first who looks at the
	 * leftover: looking changes the kernel's time. 0: not noted.
	 */
	int64_t left_time;

	/*
	 * Identity: the directory of the key file, and the name in it, which
	 * ends the path. The path itself is for people: in another root it leads
	 * elsewhere.
	 */
	uint64_t directory_device; /* [const] */
	uint64_t directory_inode;  /* [const] */
	/*
	 * The set in which the slots are claimed, and when it was changed other
	 * than by semop: what another set says of the slots, or this one
	 * once it was changed, proves nothing.
	 */
	int64_t set_change_time; /* [turn] */
	int32_t set_id;          /* [turn] */
	/*
	 * Who forks with the memory mapped adds to forks before, and the child,
	 * once it is counted by the kernel, to births. Where they differ, a
	 * child may be there that is not counted yet.
	 */
	uint32_t forks;  /* [atomic] */
	uint32_t births; /* [atomic] */
	uint32_t bequeathed; /* [turn] the last registered process has left the
				object to its children */
	uint32_t retired;    /* [turn] enum svshm__retired */
	uint32_t fork_time;  /* [atomic] of the last fork, in milliseconds */
	uint64_t departures; /* [turn] how often a process has left in order */
	/*
	 * Whose turn it is, once turn_of is the same as turn; and in the gate of
	 * which set (its id + 1).
	 */
	int64_t turn_pid;
	uint64_t turn_ticks;
	uint32_t turn_space;
	uint32_t turn_set;
	uint32_t turn_of; /* [atomic] stored last */

	/* The lock, on a cache line of its own. */
	char padding[256 - 212];
	uint32_t lock_word;    /* [lock] see SVSHM__LOCK_SLOT_MASK; 0: free, or
				  owned and nothing changed yet. Atomic */
	uint32_t inconsistent; /* [lock] an owner died; cleared by the user */
	uint32_t removed; /* [atomic] never 0 again: svshm itself has removed
			     it under its users, or has found its set removed or
			     reset under them */
	uint32_t rounds; /* [lock] another number whenever an owner's time ends:
			    lock/snapshot.c */
	char lock_padding[64 - 16];

	/* The changes, on a cache line of their own. */
	uint32_t changes; /* [atomic] see SVSHM__CHANGE */
	char changes_padding[64 - 4];
};

static inline uint32_t svshm__lock_mark(unsigned slot, uint32_t registration)
{
	return ((registration & SVSHM__LOCK_REGISTRATION_MASK)
		<< SVSHM__LOCK_REGISTRATION_SHIFT) |
	       (slot + 1);
}

/* C99 has no _Static_assert: an array of -1 bytes stops the compiler too. */
#define SVSHM__ASSERT_LAYOUT(name, condition) \
	typedef char svshm__assert_##name[(condition) ? 1 : -1]

SVSHM__ASSERT_LAYOUT(slot, sizeof(struct svshm__slot) == 64);
SVSHM__ASSERT_LAYOUT(device, offsetof(struct svshm__header, device) == 40);
SVSHM__ASSERT_LAYOUT(registrations,
		     offsetof(struct svshm__header, registrations) == 112);
SVSHM__ASSERT_LAYOUT(directory_device,
		     offsetof(struct svshm__header, directory_device) == 128);
SVSHM__ASSERT_LAYOUT(departures,
		     offsetof(struct svshm__header, departures) == 176);
SVSHM__ASSERT_LAYOUT(lock_word,
		     offsetof(struct svshm__header, lock_word) == 256);
SVSHM__ASSERT_LAYOUT(changes, offsetof(struct svshm__header, changes) == 320);
SVSHM__ASSERT_LAYOUT(header, sizeof(struct svshm__header) == 384);

#endif
