/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * P2, P5 and P8 with svshm_set_memory(): pages that are there, or stay, in both
 * layouts; what fails takes all back, and holds nobody up. check_huge.c has huge
 * pages.
 */
#include <config.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/shm.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "actor.h"
#include "outside.h"

#define PAGES ((size_t)1024)

static size_t page;
static size_t size; /* PAGES, less a few bytes: the last one is not full */

/* ---- What the library's madvise() answers -------------------------------- */

static int touch_errnum;             /* 0: what the kernel says */
static void (*while_touching)(void); /* once */

#ifdef SYS_madvise
/* In the place of libc's. */
int madvise(void *address, size_t length, int advice)
{
	bool touches = false;

#if HAVE_DECL_MADV_POPULATE_READ && HAVE_DECL_MADV_POPULATE_WRITE
	touches = advice == MADV_POPULATE_READ ||
		  advice == MADV_POPULATE_WRITE;
#endif
	if (touches && while_touching) {
		void (*act)(void) = while_touching;

		while_touching = NULL;
		act();
	}
	if (touches && touch_errnum) {
		errno = touch_errnum;
		return -1;
	}
	return (int)syscall(SYS_madvise, address, length, advice);
}
#endif

/* The kernel does it, so that it can be let fail. */
static bool test_skip_without_populate(void)
{
#if HAVE_DECL_MADV_POPULATE_READ && HAVE_DECL_MADV_POPULATE_WRITE
	void *memory = mmap(NULL, page, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	bool can = (int)syscall(SYS_madvise, memory, page,
				MADV_POPULATE_WRITE) == 0;

	munmap(memory, page);
	if (can)
		return false;
#endif
	return test_skip("this system does not touch pages for a process");
}

/* ---- Acts ---------------------------------------------------------------- */

static int create_big(struct svshm *handle)
{
	return svshm_create(handle, size, SVSHM_READ_WRITE);
}

static int open_big(struct svshm *handle)
{
	bool made;
	int code = svshm_open(handle, size, SVSHM_READ_WRITE, &made);

	child_assert(code >= 0 || !made);
	return code;
}

static int want_touched(struct svshm *handle)
{
	return svshm_set_memory(handle, SVSHM_MEMORY_TOUCHED);
}

static int want_locked(struct svshm *handle)
{
	return svshm_set_memory(handle, SVSHM_MEMORY_LOCKED);
}

static int fail_touching(struct svshm *handle)
{
	(void)handle;
	touch_errnum = ENOMEM;
	return 0;
}

static int limit_memlock(rlim_t bytes)
{
	struct rlimit limit = { .rlim_cur = bytes, .rlim_max = bytes };

	return setrlimit(RLIMIT_MEMLOCK, &limit);
}

static int be_alice_without_limit(struct svshm *handle)
{
	(void)handle;
	child_assert(limit_memlock(0) == 0);
	become(ALICE);
	return 0;
}

static int be_alice_with_a_page(struct svshm *handle)
{
	(void)handle;
	child_assert(limit_memlock(page) == 0);
	become(ALICE);
	return 0;
}

/* Page faults of a pass over the memory. */
static int count_faults(struct svshm *handle)
{
	volatile const char *data = svshm_const_data(handle);
	struct rusage before, after;

	getrusage(RUSAGE_SELF, &before);
	for (size_t i = 0; i < PAGES; i++)
		(void)data[i * page];
	getrusage(RUSAGE_SELF, &after);
	return (int)(after.ru_minflt - before.ru_minflt);
}

/* How many pages of the data are in memory, whoever has brought them in. */
static size_t pages_there(struct svshm *handle)
{
	unsigned char there[PAGES];
	size_t count = 0;

	if (mincore(svshm_data(handle), size, (void *)there) != 0)
		return 0;
	for (size_t i = 0; i < PAGES; i++)
		count += there[i] & 1;
	return count;
}

static void prepare(int layout)
{
	test_layout = layout ? SVSHM_LAYOUT_QT : SVSHM_LAYOUT_NATIVE;
	page = (size_t)sysconf(_SC_PAGESIZE);
	size = PAGES * page - 100;
	touch_errnum = 0;
	while_touching = NULL;
}

static struct svshm *new_with(const char *key, unsigned flags)
{
	struct svshm *handle = test_new(key);

	expect_code(handle, svshm_set_memory(handle, flags), SVSHM_OK);
	return handle;
}

/* ---- The setter ---------------------------------------------------------- */

START_TEST(flags_are_checked)
{
	struct svshm *handle;

	prepare(_i);
	ck_assert_int_eq(svshm_set_memory(NULL, 0), SVSHM_INVALID_ARGUMENT);
	handle = test_new(test_key("flags"));
	expect_failure(handle, svshm_set_memory(handle, 8),
		       SVSHM_INVALID_ARGUMENT, "no such flag");
	expect_code(handle, svshm_set_memory(handle, 7), SVSHM_OK);
	expect_code(handle, svshm_set_memory(handle, 0), SVSHM_OK);
	expect_code(handle, create_big(handle), SVSHM_OK);
	ck_assert_str_eq(svshm_error_string(handle), "");
	expect_failure(handle, svshm_set_memory(handle, 0),
		       SVSHM_ALREADY_ATTACHED, "detach first");
	svshm_free(handle);
}
END_TEST

/* ---- Touched ------------------------------------------------------------- */

static void expect_touched(int errnum)
{
	const char *key = test_key("touched");
	struct svshm *handle = test_new(key);
	struct actor actor;

	expect_code(handle, create_big(handle), SVSHM_OK);
	if (pages_there(handle) > PAGES / 2) {
		test_skip("pages cannot be told from those that are not there");
		svshm_free(handle);
		return;
	}
	svshm_free(handle);
	handle = new_with(key, SVSHM_MEMORY_TOUCHED);
	touch_errnum = errnum;
	expect_code(handle, create_big(handle), SVSHM_OK);
	ck_assert_uint_eq(pages_there(handle), PAGES);
	ck_assert_int_lt(count_faults(handle), 20);
	ck_assert(has_bytes(handle, size, 0));
	memset(svshm_data(handle), 5, size);
	/* Each for its own page table; nobody's bytes are changed. */
	for (int i = 0; i < 2; i++) {
		actor_enter(&actor, key);
		expect_act(&actor, want_touched, SVSHM_OK);
		expect_act(&actor, i ? act_attach : act_attach_read_only,
			   SVSHM_OK);
		ck_assert_int_lt(actor_do(&actor, count_faults), 20);
		actor_exit(&actor);
	}
	ck_assert(has_bytes(handle, size, 5));
	svshm_free(handle);
	ck_assert(test_nothing_left(key));
}

START_TEST(pages_are_there)
{
	prepare(_i);
	expect_touched(0);
}
END_TEST

/* A kernel that does not know how: the library touches them itself. */
START_TEST(pages_are_there_on_old_kernels)
{
	prepare(_i);
	expect_touched(EINVAL);
}
END_TEST

/* For others, it is as if it were over. */
static struct actor passer_by;

static void pass_by(void)
{
	expect_act(&passer_by, act_attach, SVSHM_OK);
	expect_act(&passer_by, svshm_lock, SVSHM_OK);
	expect_act(&passer_by, svshm_unlock, SVSHM_OK);
	expect_act(&passer_by, svshm_detach, SVSHM_OK);
}

START_TEST(nobody_waits_while_pages_are_touched)
{
	const char *key = test_key("beside");
	struct svshm *handle, *other;

	prepare(_i);
	if (test_skip_without_populate())
		return;
	actor_enter(&passer_by, key);
	handle = new_with(key, SVSHM_MEMORY_TOUCHED);
	other = new_with(key, SVSHM_MEMORY_TOUCHED);
	while_touching = pass_by;
	expect_code(handle, create_big(handle), SVSHM_OK);
	ck_assert_ptr_null((void *)(uintptr_t)while_touching);
	while_touching = pass_by;
	expect_code(other, act_attach(other), SVSHM_OK);
	ck_assert_ptr_null((void *)(uintptr_t)while_touching);
	svshm_free(other);
	actor_exit(&passer_by);
	svshm_free(handle);
	ck_assert(test_nothing_left(key));
}
END_TEST

/* ---- What fails, is taken back ------------------------------------------- */

/* And nobody's death is told twice. */
static void expect_orphan_still(const char *key)
{
	struct svshm *handle = test_new(key);
	struct test_object object;

	ck_assert(test_inspect(key, &object));
	ck_assert_int_eq(object.verdict, SVSHM_VERDICT_ORPHAN);
	expect_code(handle, act_attach_read_only(handle), SVSHM_ORPHANED);
	ck_assert(has_bytes(handle, size, 7));
	svshm_free(handle);
	ck_assert(test_nothing_left(key));
}

/* ACTOR's attempts fail with CODE, over nothing, over users, over an orphan. */
static void expect_taken_back(const char *key, struct actor *actor, int code,
			      const char *says)
{
	struct svshm *handle;

	expect_act(actor, create_big, code);
	expect_says(actor->message, says);
	expect_act(actor, open_big, code);
	ck_assert(test_nothing_left(key));
	handle = make_object(key, size);
	memset(svshm_data(handle), 6, size);
	expect_act(actor, act_attach, code);
	expect_says(actor->message, says);
	expect_act(actor, open_big, code);
	ck_assert(has_bytes(handle, size, 6));
	if (test_layout == SVSHM_LAYOUT_NATIVE)
		expect_usable_lock(handle);
	svshm_free(handle);
	ck_assert(test_nothing_left(key));
	/* An orphan stays one, with its data. */
	make_orphan(key, size, 7);
	expect_act(actor, act_attach, code);
	expect_act(actor, open_big, code);
	expect_orphan_still(key);
	make_orphan(key, size, 7);
	expect_act(actor, create_big, code);
	ck_assert(test_nothing_left(key));
}

START_TEST(missing_memory_is_no_signal)
{
	const char *key = test_key("missing");
	struct svshm *handle;
	struct actor actor;

	prepare(_i);
	if (test_skip_without_populate())
		return;
	actor_enter(&actor, key);
	expect_act(&actor, want_touched, SVSHM_OK);
	expect_act(&actor, fail_touching, SVSHM_OK);
	expect_taken_back(key, &actor, SVSHM_OUT_OF_RESOURCES, "MADV_POPULATE");
	actor_exit(&actor);
	make_orphan(key, size, 7);
	handle = new_with(key, SVSHM_MEMORY_TOUCHED);
	touch_errnum = ENOMEM;
	expect_failure(handle, create_big(handle), SVSHM_OUT_OF_RESOURCES,
		       "its data are gone");
	touch_errnum = 0;
	expect_code(handle, create_big(handle), SVSHM_OK);
	svshm_free(handle);
}
END_TEST

/* ---- Locked -------------------------------------------------------------- */

static int note_locked(const struct svshm_object *object, void *locked)
{
	*(bool *)locked = object->memory_locked;
	return 0;
}

static bool is_locked(struct svshm *handle)
{
	bool locked = false;

	expect_code(handle, svshm_inspect(handle, note_locked, &locked), 0);
	return locked;
}

/* By the segment, as the kernel does it here; else mlock() shows nowhere. */
static bool system_locks_segments(void)
{
	bool locks = false;
#ifdef SHM_LOCKED
	struct shmid_ds status;
	int id = shmget(IPC_PRIVATE, 100, IPC_CREAT | 0600);

	locks = shmctl(id, SHM_LOCK, NULL) == 0 &&
		shmctl(id, IPC_STAT, &status) == 0 &&
		(status.shm_perm.mode & SHM_LOCKED);
	shmctl(id, IPC_RMID, NULL);
#endif
	return locks;
}

START_TEST(segment_is_locked)
{
	const char *key = test_key("locked");
	struct svshm *handle, *other;

	prepare(_i);
	handle = new_with(key, SVSHM_MEMORY_LOCKED | SVSHM_MEMORY_TOUCHED);
	other = test_new(key);
	expect_code(handle, create_big(handle), SVSHM_OK);
	ck_assert(!system_locks_segments() || is_locked(handle));
	ck_assert_uint_eq(pages_there(handle), PAGES);
	svshm_free(handle);
	ck_assert(test_nothing_left(key));
	/* By one who attaches, and once more. */
	handle = make_object(key, size);
	ck_assert(!is_locked(handle));
	expect_code(other, want_locked(other), SVSHM_OK);
	expect_code(other, act_attach(other), SVSHM_OK);
	ck_assert(!system_locks_segments() || is_locked(handle));
	expect_code(other, svshm_detach(other), SVSHM_OK);
	expect_code(other, act_attach_read_only(other), SVSHM_OK);
	svshm_free(other);
	svshm_free(handle);
	ck_assert(test_nothing_left(key));
}
END_TEST

/* A key directory of ALICE's, whose objects they all are. */
static void be_denied(int layout, actor_act *become_alice, int code)
{
	const char *key = test_key("denied");
	struct actor actor;

	prepare(layout);
	if (test_skip_without_root())
		return;
	use_key_directory("alice", ALICE, 0700);
	actor_enter(&actor, key);
	expect_act(&actor, want_locked, SVSHM_OK);
	expect_act(&actor, become_alice, SVSHM_OK);
	pass_for(ALICE);
	expect_taken_back(key, &actor, code, "RLIMIT_MEMLOCK");
	expect_act(&actor, create_big, code);
	expect_says(actor.message, code == SVSHM_PERMISSION_DENIED ?
				    "is 0 bytes" : "is 4096 bytes");
	actor_exit(&actor);
	pass_for(0);
}

START_TEST(no_right_to_lock_is_told)
{
	be_denied(_i, be_alice_without_limit, SVSHM_PERMISSION_DENIED);
}
END_TEST

START_TEST(limit_of_locked_memory_is_told)
{
	be_denied(_i, be_alice_with_a_page, SVSHM_OUT_OF_RESOURCES);
}
END_TEST

static int create_says_how(void *key)
{
	struct svshm *handle = new_with(key, SVSHM_MEMORY_LOCKED);

	be_alice_without_limit(handle);
	child_assert(create_big(handle) == SVSHM_PERMISSION_DENIED);
	for (const char *const *word = (const char *const[]){ "ulimit -l",
	     "LimitMEMLOCK=", "/etc/security/limits.conf", NULL }; *word; word++)
		child_assert(strstr(svshm_error_string(handle), *word) != NULL);
	svshm_free(handle);
	return 0;
}

START_TEST(message_says_how_to_raise_the_limit)
{
	const char *key = test_key("raise");

	prepare(0);
	if (test_skip_without_root())
		return;
	use_key_directory("alice", ALICE, 0700);
	ck_assert_int_eq(test_wait(test_fork(create_says_how,
					     (void *)(uintptr_t)key)), 0);
}
END_TEST

static Suite *make_suite(void)
{
	Suite *suite = suite_create("memory");
	TCase *tests = tcase_create("memory");

	suite_add_tcase(suite, tests);
	tcase_set_timeout(tests, 120);
	tcase_add_loop_test(tests, flags_are_checked, 0, 2);
	tcase_add_loop_test(tests, pages_are_there, 0, 2);
	tcase_add_loop_test(tests, pages_are_there_on_old_kernels, 0, 2);
	tcase_add_loop_test(tests, nobody_waits_while_pages_are_touched, 0, 2);
	tcase_add_loop_test(tests, missing_memory_is_no_signal, 0, 2);
	tcase_add_loop_test(tests, segment_is_locked, 0, 2);
	tcase_add_loop_test(tests, no_right_to_lock_is_told, 0, 2);
	tcase_add_loop_test(tests, limit_of_locked_memory_is_told, 0, 2);
	tcase_add_test(tests, message_says_how_to_raise_the_limit);
	return suite;
}

int main(void)
{
	return test_main(make_suite);
}
