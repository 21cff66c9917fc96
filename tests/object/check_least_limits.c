/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * P9: what every system's limits allow, and what all processes agree on. This
 * program has a semop() and shmat() of its own, which count, and which the
 * library finds before those of libc.
 */
#include <config.h>

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <unistd.h>

#ifdef __linux__
#include <sys/syscall.h>
#endif

#include "actor.h"
#include "key/key.h"
#include "outside.h"
#include "memory/slots.h"
#include "kernel/semun.h"

#define SIZE 100

/* ---- Counting system calls ----------------------------------------------- */

/* Of this program and all its children; the greatest of each. */
static struct counts {
	unsigned calls;
	unsigned operations;  /* in one semop */
	unsigned entries;     /* undo entries of a process for a set */
	unsigned adjustment;  /* of one such entry */
	unsigned value;       /* of a semaphore */
	unsigned attachments; /* of one segment to a process */
} *counts;

#if defined(__linux__) && defined(SYS_semtimedop) && defined(SYS_shmat)
#define COUNTING true

static void at_least(unsigned *count, unsigned value)
{
	if (value > *count)
		*count = value;
}

/* Undo entries and attachments of this process; a child has no entries. */
static struct entry {
	int id, semaphore, adjustment;
} entries[256];
static struct mapping {
	int id;
	const void *address;
} mappings[256];
static pid_t entries_of;

static struct entry *find_entry(int id, int semaphore)
{
	struct entry *unused = NULL;

	if (entries_of != getpid())
		memset(entries, 0, sizeof(entries));
	entries_of = getpid();
	for (size_t i = 0; i < 256; i++) {
		if (entries[i].adjustment && entries[i].id == id &&
		    entries[i].semaphore == semaphore)
			return &entries[i];
		if (!entries[i].adjustment)
			unused = &entries[i];
	}
	if (!unused)
		abort();
	unused->id = id;
	unused->semaphore = semaphore;
	return unused;
}

/* One after the other, as the BSDs do, though all happen at once. */
static void note_operation(int id, const struct sembuf *operation)
{
	union semun unused = { .val = 0 };
	int value = semctl(id, operation->sem_num, GETVAL, unused);
	unsigned used = 0;

	at_least(&counts->value, value > 0 ? (unsigned)value : 0);
	if (!(operation->sem_flg & SEM_UNDO))
		return;

	struct entry *entry = find_entry(id, operation->sem_num);

	entry->adjustment -= operation->sem_op;
	at_least(&counts->adjustment, (unsigned)abs(entry->adjustment));
	for (size_t i = 0; i < 256; i++)
		used += entries[i].adjustment && entries[i].id == id;
	at_least(&counts->entries, used);
}

int semtimedop(int id, struct sembuf *operations, size_t count,
	       const struct timespec *timeout)
{
	long result = syscall(SYS_semtimedop, id, operations, count, timeout);

	counts->calls++;
	at_least(&counts->operations, (unsigned)count);
	for (size_t i = 0; result == 0 && i < count; i++)
		note_operation(id, &operations[i]);
	return (int)result;
}

int semop(int id, struct sembuf *operations, size_t count)
{
	return semtimedop(id, operations, count, NULL);
}

void *shmat(int id, const void *address, int flags)
{
	void *result = (void *)syscall(SYS_shmat, id, address, flags);
	unsigned attached = 0;

	for (size_t i = 0; i < 256; i++) {
		if (result != (void *)-1 && !mappings[i].address) {
			mappings[i].id = id;
			mappings[i].address = result;
			break;
		}
	}
	for (size_t i = 0; i < 256; i++)
		attached += mappings[i].address && mappings[i].id == id;
	at_least(&counts->attachments, attached);
	return result;
}

int shmdt(const void *address)
{
	for (size_t i = 0; i < 256; i++)
		if (mappings[i].address == address)
			mappings[i].address = NULL;
	return (int)syscall(SYS_shmdt, address);
}

#else
#define COUNTING false
#endif

static bool start_counting(void)
{
	if (!COUNTING)
		return !test_skip("system calls cannot be counted here");
	memset(counts, 0, sizeof(*counts));
	return true;
}

/* ---- Semaphores ---------------------------------------------------------- */

static int use_all(struct svshm *handle)
{
	int code = svshm_lock(handle);

	if (!code)
		code = svshm_unlock(handle);
	if (!code)
		code = svshm_timedlock(handle, 1);
	if (!code)
		code = svshm_unlock(handle);
	return code;
}

static int act_timedlock(struct svshm *handle)
{
	return svshm_timedlock(handle, 1);
}

static int create_and_die_early(void *context)
{
	test_crash_at("create:segment made", SIGKILL, 1);
	act_create(svshm_new(context));
	return 0;
}

/* All that works semaphores, in several processes. */
static void live(const char *key)
{
	struct svshm *handle = svshm_new(key), *second = svshm_new(key);
	struct actor actors[3], child;

	for (int i = 0; i < 3; i++)
		actor_enter(&actors[i], key);
	expect_code(handle, act_create(handle), SVSHM_OK);
	expect_code(second, act_attach_read_only(second), SVSHM_OK);
	ck_assert_int_eq(use_all(handle), SVSHM_OK);
	for (int i = 0; i < 3; i++) {
		expect_act(&actors[i], act_attach, SVSHM_OK);
		expect_act(&actors[i], use_all, SVSHM_OK);
	}
	/* Waiting, in vain and not; an owner's death. */
	expect_act(&actors[0], svshm_lock, SVSHM_OK);
	expect_code(handle, svshm_trylock(handle), SVSHM_BUSY);
	expect_act(&actors[1], act_timedlock, SVSHM_TIMED_OUT);
	actor_block(&actors[2], svshm_lock);
	actor_kill(&actors[0]);
	expect_end(&actors[2], SVSHM_OWNER_DIED);
	expect_act(&actors[2], svshm_make_consistent, SVSHM_OK);
	expect_act(&actors[2], svshm_unlock, SVSHM_OK);
	/* A forked child with its parent's handle. */
	actor_start(&child, handle);
	expect_act(&child, use_all, SVSHM_OK);
	actor_exit(&child);
	actor_exit(&actors[1]);
	ck_assert_uint_eq(test_count_segments(key), 1);
	expect_act(&actors[2], svshm_detach, SVSHM_OK);
	actor_exit(&actors[2]);
	svshm_free(second);
	svshm_free(handle);
}

START_TEST(semaphores_keep_to_the_smallest_limits)
{
	const char *key = test_key("limits");
	struct svshm *handle = svshm_new(key);

	if (!start_counting())
		return;
	live(key);
	make_orphan(key, SIZE, 'o');
	expect_code(handle, act_attach(handle), SVSHM_ORPHANED);
	svshm_free(handle);
	make_orphan(key, SIZE, 'o');
	live(test_key("other"));
	ck_assert_int_eq(recover_object(key, 0, NULL), SVSHM_OK);
	ck_assert_int_eq(test_wait(test_fork(create_and_die_early,
					     (void *)(uintptr_t)key)),
			 256 + SIGKILL);
	live(key);
	ck_assert(test_nothing_left(key));

	ck_assert_uint_gt(counts->calls, 100);
	ck_assert_uint_gt(counts->entries, 0);
	ck_assert_uint_le(counts->operations, 5); /* OpenBSD */
	ck_assert_uint_le(counts->entries, 4);    /* NetBSD, macOS: 10 in all */
	ck_assert_uint_le(counts->adjustment, 16384); /* SEMAEM */
	ck_assert_uint_le(counts->value, 32767);      /* SEMVMX */
}
END_TEST

/* The last slot of each semaphore has the greatest value. */
START_TEST(full_slots_keep_to_the_smallest_limits)
{
	const char *key = test_key("slots");
	struct svshm *handle = svshm_new(key);
	struct actor actors[15];

	if (!start_counting())
		return;
	svshm_set_max_processes(handle, 28);
	for (int i = 0; i < 15; i++)
		actor_enter(&actors[i], key);
	expect_code(handle, act_create(handle), SVSHM_OK);
	for (int i = 0; i < 15; i++)
		expect_act(&actors[i], act_attach, SVSHM_OK);
	for (int i = 0; i < 15; i++)
		actor_exit(&actors[i]);
	svshm_free(handle);
	/* Bit 13, and the sum of all bits; the greatest value is the tag. */
	ck_assert_uint_eq(counts->adjustment, 8192);
	ck_assert_uint_eq(counts->value,
			  svshm__tag(svshm__key_name_hash(key)));
}
END_TEST

START_TEST(one_set_an_object)
{
	const char *key = test_key("set");
	struct svshm *handle = svshm_new(key), *second = svshm_new(key);
	struct test_object object;
	struct semid_ds status;
	union semun argument = { .buf = &status };
	struct actor actor;

	if (!own_ipc_namespace())
		return;
	actor_enter(&actor, key);
	expect_code(handle, act_create(handle), SVSHM_OK);
	expect_code(second, act_attach(second), SVSHM_OK);
	expect_act(&actor, act_attach, SVSHM_OK);
	ck_assert_uint_eq(segments_in_use(), 1);
	ck_assert_uint_eq(sets_in_use(), 1);
	ck_assert(test_inspect(key, &object));
	ck_assert_int_eq(semctl(object.semaphore_id, 0, IPC_STAT, argument),
			 0);
	ck_assert_uint_eq(status.sem_nsems,
			  (unsigned)svshm__slot_semaphores(DEFAULT_MAX_PROCESSES));
	actor_exit(&actor);
	svshm_free(second);
	svshm_free(handle);
	ck_assert_uint_eq(segments_in_use(), 0);
	ck_assert_uint_eq(sets_in_use(), 0);
}
END_TEST

START_TEST(slots_fill_semaphores)
{
	ck_assert_int_eq(svshm__slot_semaphores(224), 20); /* Linux */
	ck_assert_int_eq(svshm__slot_semaphores(56), 8);   /* elsewhere */
	ck_assert_int_eq(svshm__slot_semaphores(3500), SVSHM__SEMAPHORES_MAX);
	ck_assert_int_eq(svshm__slot_semaphores(1), 5);
	ck_assert_uint_eq(svshm__slot_capacity(8), 56);
	ck_assert_uint_eq(svshm__slot_capacity(20), 224);
}
END_TEST
/* ---- Mappings ------------------------------------------------------------ */

/* HP-UX allows no second shmat, however short. */
START_TEST(segment_is_attached_once_at_a_time)
{
	const char *key = test_key("once");
	struct svshm *handle = svshm_new(key), *second = svshm_new(key);
	struct test_object object;

	if (!start_counting())
		return;
	expect_code(handle, act_create(handle), SVSHM_OK);
	expect_code(second, act_create(second), SVSHM_ALREADY_EXISTS);
	expect_code(second, act_attach(second), SVSHM_OK);
	ck_assert(test_inspect(key, &object));
	ck_assert_uint_eq(test_count_segments(key), 1);
	ck_assert_int_eq(recover_object(key, SVSHM_RECOVER_DRY_RUN, NULL),
			 SVSHM_BUSY);
	expect_code(handle, svshm_detach(handle), SVSHM_OK);
	expect_code(second, svshm_detach(second), SVSHM_OK);
	make_orphan(key, SIZE, 'o');
	expect_code(handle, act_attach(handle), SVSHM_ORPHANED);
	expect_code(handle, svshm_detach(handle), SVSHM_OK);
	make_orphan(key, SIZE, 'o');
	expect_code(handle, act_create(handle), SVSHM_ORPHANED);
	svshm_free(second);
	svshm_free(handle);
	ck_assert_uint_eq(counts->attachments, 1);
}
END_TEST

static Suite *make_suite(void)
{
	Suite *suite = suite_create("the least limits");
	TCase *semaphores = tcase_create("semaphores");
	TCase *mapping = tcase_create("mappings");

	tcase_add_test(semaphores, semaphores_keep_to_the_smallest_limits);
	tcase_add_test(semaphores, full_slots_keep_to_the_smallest_limits);
	tcase_add_test(semaphores, one_set_an_object);
	tcase_add_test(semaphores, slots_fill_semaphores);
	tcase_set_timeout(semaphores, 120);
	suite_add_tcase(suite, semaphores);
	tcase_add_test(mapping, segment_is_attached_once_at_a_time);
	tcase_set_timeout(mapping, 60);
	suite_add_tcase(suite, mapping);
	return suite;
}

int main(void)
{
	void *memory = mmap(NULL, sizeof(*counts), PROT_READ | PROT_WRITE,
			    MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (memory == MAP_FAILED)
		return 99;
	counts = memory;
	return test_main(make_suite);
}
