/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * P5: other programs' segments and sets that nobody has used for long, whoever
 * made them: SVSHM_RECOVER_UNMAPPED takes no others. check_idle_rule.c has the
 * rule.
 */
#include <config.h>

#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <time.h>
#include <unistd.h>

#include "recovery/idle.h"
#include "kernel/semun.h"
#include "support.h"

#define HOUR 3600

static int64_t ago(int64_t seconds)
{
	return seconds < 0 ? 0 : (int64_t)time(NULL) - seconds;
}

/* ---- The rule, with times of our own --------------------------------------- */

START_TEST(segments_are_judged)
{
	/* -1: never. */
	const struct {
		uint64_t mappings;
		int64_t key, changed, attached, detached;
		bool idle;
	} rows[] = {
		{ 0, 0, 9000, 8000, 7000, true },
		{ 0, 0x1234, 9000, 8000, 7000, true },
		{ 0, 0, 9000, -1, -1, true },
		{ 0, 0, 5, -1, -1, false },
		{ 0, 0, 9000, 8000, 5, false },
		{ 0, 0, 9000, 5, 5, false },
		{ 0, 0, 9000, 5, -1, false },
		/* Given to somebody just now. */
		{ 0, 0, 5, 8000, 7000, false },
		{ 1, 0, 9000, 8000, 7000, false },
		/* A key that may be ours: a scan has mapped it. */
		{ 0, 0x76001234, 9000, 8000, 7000, false },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct svshm__segment_status segment = {
			.key = rows[i].key,
			.size = 4096,
			.mappings = rows[i].mappings,
			.creator_pid = getpid(),
			.last_pid = getpid(),
			.change_time = ago(rows[i].changed),
			.attach_time = ago(rows[i].attached),
			.detach_time = ago(rows[i].detached),
		};
		char reason[512] = "";

		ck_assert_msg(svshm__idle_segment(&segment, HOUR, reason,
						  sizeof(reason)) ==
			      rows[i].idle, "row %zu: %s", i, reason);
		ck_assert_str_ne(reason, "");
	}
}
END_TEST

START_TEST(times_to_come_are_not_long_ago)
{
	struct svshm__segment_status segment = {
		.size = 4096,
		.change_time = ago(0) + 2 * HOUR,
	};
	struct svshm__set_status set = {
		.count = 1,
		.change_time = ago(0) + 2 * HOUR,
	};
	struct svshm__lives lives = { .listed = false };
	struct svshm__set_use use = { .waiters = 0 };
	char reason[512];

	ck_assert(!svshm__idle_segment(&segment, 0, reason, sizeof(reason)));
	ck_assert(!svshm__idle_set(&lives, &set, &use, 0, reason,
				   sizeof(reason)));
	/* As large as it gets. */
	segment.change_time = set.change_time = 1;
	ck_assert(!svshm__idle_segment(&segment, INT64_MAX, reason,
				       sizeof(reason)));
	ck_assert(!svshm__idle_set(&lives, &set, &use, INT64_MAX, reason,
				   sizeof(reason)));
	svshm__lives_free(&lives);
}
END_TEST

static int end_at_once(void *context)
{
	(void)context;
	return 0;
}

START_TEST(sets_are_judged)
{
	struct svshm__lives lives = { .listed = false };
	pid_t dead = test_fork(end_at_once, NULL), living = getpid();

	ck_assert_int_eq(test_wait(dead), 0);

	const struct {
		unsigned waiters;
		pid_t pid; /* 0: nobody, or of another pid namespace */
		int64_t changed, operated, seconds;
		bool idle;
	} rows[] = {
		{ 0, 0, 9000, -1, HOUR, true },
		{ 0, 0, 9000, 8000, HOUR, true },
		{ 0, dead, 9000, 8000, HOUR, true },
		{ 0, 0, 5, -1, HOUR, false },
		{ 0, 0, 9000, 5, HOUR, false },
		{ 0, 0, 5, 8000, HOUR, false },
		{ 1, 0, 9000, 8000, HOUR, false },
		{ 7, dead, 9000, 8000, HOUR, false },
		{ 0, living, 9000, 1, 0, false },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		pid_t pid = rows[i].pid;
		struct svshm__set_use use = {
			.waiters = rows[i].waiters,
			.pids = &pid,
			.pid_count = pid ? 1 : 0,
		};
		struct svshm__set_status set = {
			.count = 1,
			.change_time = ago(rows[i].changed),
			.operation_time = ago(rows[i].operated),
		};
		char reason[512] = "";

		ck_assert_msg(svshm__idle_set(&lives, &set, &use,
					      rows[i].seconds, reason,
					      sizeof(reason)) == rows[i].idle,
			      "row %zu: %s", i, reason);
		ck_assert_str_ne(reason, "");
	}
	svshm__lives_free(&lives);
}
END_TEST

/* ---- Real ones --------------------------------------------------------------- */

struct aim {
	int segment_id, set_id; /* -1: not that */
	struct svshm_recovery recovery;
	bool seen;
	int code;
};

static int aim_at(const struct svshm_object *object, void *context)
{
	struct aim *aim = context;

	if (aim->segment_id >= 0 ? object->segment_id != aim->segment_id :
				   object->semaphore_id != aim->set_id)
		return 0;
	aim->seen = true;
	ck_assert_int_eq(object->verdict, SVSHM_VERDICT_FOREIGN);
	aim->code = svshm_recover(object, &aim->recovery);
	return 1;
}

#define FOREIGN SVSHM_RECOVER_FOREIGN
#define UNMAPPED (SVSHM_RECOVER_FOREIGN | SVSHM_RECOVER_UNMAPPED)

static struct aim recover(int segment_id, int set_id, unsigned flags,
			  int64_t seconds)
{
	struct aim aim = {
		.segment_id = segment_id,
		.set_id = set_id,
		.recovery = { .flags = flags, .unmapped_for = seconds },
	};

	ck_assert_int_ge(svshm_scan(SVSHM_SCAN_FOREIGN, aim_at, &aim), 0);
	ck_assert(aim.seen);
	return aim;
}

#define expect_recovery(aim, expected, words) \
	ck_assert_msg((aim).code == (expected) && \
		      strstr((aim).recovery.message, words), "%d: %s", \
		      (aim).code, (aim).recovery.message)

static bool segment_there(int id)
{
	struct shmid_ds status;

	return shmctl(id, IPC_STAT, &status) == 0;
}

static bool set_there(int id)
{
	struct semid_ds status;
	union semun argument = { .buf = &status };

	return semctl(id, 0, IPC_STAT, argument) == 0;
}

/* Times are in seconds: until what was done now was done more than none ago. */
static void await_age(void)
{
	struct timespec pause = { 0, 20000000 };
	time_t start = time(NULL);

	while (time(NULL) <= start + 1)
		nanosleep(&pause, NULL);
}

START_TEST(a_segment_goes_whoever_made_it)
{
	int id = shmget(IPC_PRIVATE, 4096, IPC_CREAT | 0600);

	await_age();
	/* Its maker lives: this test. */
	struct aim aim = recover(id, -1, FOREIGN, 0);

	expect_recovery(aim, SVSHM_BUSY, "is alive");
	aim = recover(id, -1, UNMAPPED, HOUR);
	expect_recovery(aim, SVSHM_BUSY, "not for more than 3600 seconds");
	aim = recover(id, -1, UNMAPPED | SVSHM_RECOVER_DRY_RUN, 0);
	expect_recovery(aim, SVSHM_OK, "nobody has had it mapped for more than "
			"0 seconds, whoever made it");
	ck_assert(segment_there(id));
	aim = recover(id, -1, UNMAPPED, 0);
	expect_recovery(aim, SVSHM_OK, "removed: foreign (");
	ck_assert(!segment_there(id));
}
END_TEST

START_TEST(a_mapped_segment_stays)
{
	int id = shmget(IPC_PRIVATE, 4096, IPC_CREAT | 0600);
	void *memory = shmat(id, NULL, SHM_RDONLY);
	struct aim aim;

	await_age();
	aim = recover(id, -1, UNMAPPED, 0);
	expect_recovery(aim, SVSHM_BUSY, "mapped 1 time");
	aim = recover(id, -1, UNMAPPED | SVSHM_RECOVER_FORCE, 0);
	expect_recovery(aim, SVSHM_BUSY, "mapped 1 time");
	ck_assert(segment_there(id));
	shmdt(memory);
	shmctl(id, IPC_RMID, NULL);
}
END_TEST

/* To save it is to use it, as far as the kernel's times tell. */
static int fail_to_save(const struct svshm_object *object, const void *data,
			size_t size, void *context)
{
	(void)object, (void)data, (void)size, (void)context;
	return SVSHM_UNKNOWN_ERROR;
}

START_TEST(data_that_cannot_be_saved_stay)
{
	int id = shmget(IPC_PRIVATE, 4096, IPC_CREAT | 0600);
	struct aim aim = { .segment_id = id, .set_id = -1,
			   .recovery = { .flags = UNMAPPED,
					 .save = fail_to_save } };

	await_age();
	ck_assert_int_ge(svshm_scan(SVSHM_SCAN_FOREIGN, aim_at, &aim), 0);
	expect_recovery(aim, SVSHM_UNKNOWN_ERROR, "could not be saved");
	ck_assert(segment_there(id));
	aim = recover(id, -1, UNMAPPED, HOUR);
	expect_recovery(aim, SVSHM_BUSY, "not for more than");
	shmctl(id, IPC_RMID, NULL);
}
END_TEST

START_TEST(a_set_goes_whoever_made_it)
{
	int id = semget(IPC_PRIVATE, 2, IPC_CREAT | 0600);
	struct aim aim;

	await_age();
	/* This test is as old as it, and can have made it. */
	aim = recover(-1, id, FOREIGN, 0);
	expect_recovery(aim, SVSHM_BUSY, "");
	aim = recover(-1, id, UNMAPPED, HOUR);
	expect_recovery(aim, SVSHM_BUSY, "not more than 3600 seconds");
	ck_assert(set_there(id));
	aim = recover(-1, id, UNMAPPED, 0);
	expect_recovery(aim, SVSHM_OK, "whoever made it");
	ck_assert(!set_there(id));
}
END_TEST

static int wait_for_one(void *context)
{
	struct sembuf down = { .sem_num = 0, .sem_op = -1 };

	/* Ends with its set. */
	semop(*(int *)context, &down, 1);
	return 0;
}

START_TEST(a_set_that_is_used_stays)
{
	int id = semget(IPC_PRIVATE, 2, IPC_CREAT | 0600);
	struct sembuf up = { .sem_num = 1, .sem_op = 1 };
	struct timespec pause = { 0, 1000000 };
	pid_t child = test_fork(wait_for_one, &id);
	struct aim aim;

	while (semctl(id, 0, GETNCNT) == 0)
		nanosleep(&pause, NULL);
	await_age();
	aim = recover(-1, id, UNMAPPED, 0);
	expect_recovery(aim, SVSHM_BUSY, "1 process waits");
	ck_assert(set_there(id));
	semctl(id, 0, IPC_RMID);
	ck_assert_int_eq(test_wait(child), 0);

	/* Who changed it last lives. */
	id = semget(IPC_PRIVATE, 2, IPC_CREAT | 0600);
	ck_assert_int_eq(semop(id, &up, 1), 0);
	await_age();
	aim = recover(-1, id, UNMAPPED, 0);
	expect_recovery(aim, SVSHM_BUSY, "is alive");
	ck_assert(set_there(id));
	semctl(id, 0, IPC_RMID);
}
END_TEST

#ifdef __linux__

/* ---- Containers of one pod: namespaces of pids that share objects ------------ */

struct pod {
	int mapped, unmapped, set; /* ids */
	struct test_event ready;
	struct aim aims[3];
};

static int be_a_container(int (*run)(void *context), void *context)
{
	pid_t child;

	child_assert(unshare(CLONE_NEWPID) == 0);
	child = fork();
	if (child == 0)
		_exit(run(context));
	return test_wait(child);
}

static int make_and_stay(void *context)
{
	struct pod *pod = context;
	struct sembuf up = { .sem_num = 0, .sem_op = 1 };

	pod->mapped = shmget(IPC_PRIVATE, 4096, IPC_CREAT | 0600);
	pod->unmapped = shmget(IPC_PRIVATE, 4096, IPC_CREAT | 0600);
	pod->set = semget(IPC_PRIVATE, 1, IPC_CREAT | 0600);
	child_assert(semop(pod->set, &up, 1) == 0);
	child_assert(shmat(pod->mapped, NULL, 0) != (void *)-1);
	test_event_post(&pod->ready);
	for (;;)
		pause();
	return 0;
}

static int one_container(void *context)
{
	return be_a_container(make_and_stay, context);
}

static int scan_for(struct aim *aim, unsigned flags)
{
	aim->recovery = (struct svshm_recovery){ .flags = flags };
	return svshm_scan(SVSHM_SCAN_FOREIGN, aim_at, aim);
}

/* Nobody here can know who made any of these. */
static int clean_up(void *context)
{
	struct pod *pod = context;
	const int ids[] = { pod->mapped, pod->unmapped, -1 };

	for (int i = 0; i < 3; i++) {
		struct aim *aim = &pod->aims[i];

		aim->segment_id = ids[i];
		aim->set_id = pod->set;
		child_assert(scan_for(aim, FOREIGN) >= 0);
		child_assert(aim->code == SVSHM_BUSY);
		child_assert(scan_for(aim, UNMAPPED) >= 0);
	}
	return 0;
}

static int other_container(void *context)
{
	return be_a_container(clean_up, context);
}

START_TEST(containers_of_a_pod)
{
	struct pod *pod = mmap(NULL, sizeof(*pod), PROT_READ | PROT_WRITE,
			       MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (geteuid() != 0)
		return;
	ck_assert(pod != MAP_FAILED);
	memset(pod, 0, sizeof(*pod));
	test_event_open(&pod->ready);

	pid_t one = test_fork(one_container, pod);

	test_event_await(&pod->ready);
	await_age();
	ck_assert_int_eq(test_wait(test_fork(other_container, pod)), 0);
	expect_recovery(pod->aims[0], SVSHM_BUSY, "mapped 1 time");
	expect_recovery(pod->aims[1], SVSHM_OK, "whoever made it");
	expect_recovery(pod->aims[2], SVSHM_OK, "whoever made it");
	ck_assert(segment_there(pod->mapped));
	ck_assert(!segment_there(pod->unmapped));
	ck_assert(!set_there(pod->set));
	shmctl(pod->mapped, IPC_RMID, NULL);
	test_kill(one);
	test_event_close(&pod->ready);
	munmap(pod, sizeof(*pod));
}
END_TEST

#endif

/* ---- Arguments ----------------------------------------------------------------- */

START_TEST(wrong_arguments)
{
	struct svshm_object object = { .verdict = SVSHM_VERDICT_FOREIGN,
				       .segment_id = -1,
				       .semaphore_id = -1 };
	struct svshm_recovery recovery = { .flags = SVSHM_RECOVER_UNMAPPED };

	ck_assert_int_eq(svshm_recover(&object, &recovery),
			 SVSHM_INVALID_ARGUMENT);
	recovery.flags = UNMAPPED;
	recovery.unmapped_for = -1;
	ck_assert_int_eq(svshm_recover(&object, &recovery),
			 SVSHM_INVALID_ARGUMENT);
	/* Without the flag, the member may be missing: it isn't read. */
	recovery.flags = FOREIGN;
	ck_assert_int_ne(svshm_recover(&object, &recovery),
			 SVSHM_INVALID_ARGUMENT);
}
END_TEST

static Suite *make_suite(void)
{
	Suite *suite = suite_create("What nobody has used for long");
	TCase *tests = tcase_create("idle");

	suite_add_tcase(suite, tests);
	tcase_set_timeout(tests, 60);
	tcase_add_test(tests, segments_are_judged);
	tcase_add_test(tests, times_to_come_are_not_long_ago);
	tcase_add_test(tests, sets_are_judged);
	tcase_add_test(tests, a_segment_goes_whoever_made_it);
	tcase_add_test(tests, a_mapped_segment_stays);
	tcase_add_test(tests, data_that_cannot_be_saved_stay);
	tcase_add_test(tests, a_set_goes_whoever_made_it);
	tcase_add_test(tests, a_set_that_is_used_stays);
#ifdef __linux__
	tcase_add_test(tests, containers_of_a_pod);
#endif
	tcase_add_test(tests, wrong_arguments);
	return suite;
}

int main(void)
{
	return test_main(make_suite);
}
