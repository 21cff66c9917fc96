/* SPDX-License-Identifier: BSD-2-Clause */
/* P5: other programs' segments and sets: what is left over goes, and no more. */
#include <config.h>

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <unistd.h>

#include "recovery/estimate.h"
#include "outside.h"
#include "recovery/scan.h"
#include "kernel/semun.h"
#include "support.h"

/* A user that nothing on the machine runs as. */
#define NOBODY_ELSE 54321

static int stand_still(void *context)
{
	(void)context;
	for (;;)
		pause();
	return 0;
}

/* ---- Real ones ----------------------------------------------------------- */

struct aim {
	int segment_id, set_id; /* -1: not that */
	unsigned flags;
	bool seen;
	int code;
	enum svshm_certainty certainty;
	char message[1024];
	int (*save)(const struct svshm_object *object, const void *data,
		    size_t size, void *context);
};

static int aim_at(const struct svshm_object *object, void *context)
{
	struct aim *aim = context;
	struct svshm_recovery recovery = { .flags = aim->flags,
					   .save = aim->save };

	if (aim->segment_id >= 0 ? object->segment_id != aim->segment_id :
				   object->semaphore_id != aim->set_id)
		return 0;
	aim->seen = true;
	ck_assert_int_eq(object->verdict, SVSHM_VERDICT_FOREIGN);
	aim->certainty = object->certainty;
	aim->code = svshm_recover(object, &recovery);
	snprintf(aim->message, sizeof(aim->message), "%s", recovery.message);
	return 1;
}

static struct aim recover_foreign(int segment_id, int set_id, unsigned flags)
{
	struct aim aim = { .segment_id = segment_id, .set_id = set_id,
			   .flags = flags };

	ck_assert_int_ge(svshm_scan(SVSHM_SCAN_FOREIGN, aim_at, &aim), 0);
	ck_assert(aim.seen);
	return aim;
}

#define expect_recovery(aim, expected) \
	ck_assert_msg((aim).code == (expected), "%d: %s", (aim).code, \
		      (aim).message)

static bool segment_there(int id)
{
	struct shmid_ds status;

	return shmctl(id, IPC_STAT, &status) == 0;
}

static bool set_there(int id)
{
	return semctl(id, 0, GETVAL) >= 0;
}

static int *shared; /* for children to tell what they made */

static int make_segment(void *context)
{
	(void)context;
	*shared = shmget(IPC_PRIVATE, 4096, IPC_CREAT | 0600);
	return *shared >= 0 ? 0 : 1;
}

static int make_and_die(int (*make)(void *context))
{
	int id = shmget(IPC_PRIVATE, sizeof(int), IPC_CREAT | 0600);

	shared = shmat(id, NULL, 0);
	shmctl(id, IPC_RMID, NULL);
	ck_assert_int_eq(test_wait(test_fork(make, NULL)), 0);
	id = *shared;
	shmdt(shared);
	return id;
}

START_TEST(a_dead_programs_segment_goes)
{
	int id = make_and_die(make_segment);
	struct aim aim = recover_foreign(id, -1, 0);

	expect_recovery(aim, SVSHM_NOT_SUPPORTED);
	ck_assert_int_eq(aim.certainty, SVSHM_CERTAINTY_ALMOST);
	aim = recover_foreign(id, -1, SVSHM_RECOVER_FOREIGN |
			      SVSHM_RECOVER_DRY_RUN);
	expect_recovery(aim, SVSHM_OK);
	ck_assert(segment_there(id));
	aim = recover_foreign(id, -1, SVSHM_RECOVER_FOREIGN);
	expect_recovery(aim, SVSHM_OK);
	ck_assert(!segment_there(id));
}
END_TEST

START_TEST(a_living_programs_segment_stays)
{
	int id = shmget(IPC_PRIVATE, 4096, IPC_CREAT | 0600);
	struct aim aim = recover_foreign(id, -1, SVSHM_RECOVER_FOREIGN);

	expect_recovery(aim, SVSHM_BUSY);
	ck_assert(segment_there(id));
	shmctl(id, IPC_RMID, NULL);
	id = make_and_die(make_segment);

	void *memory = shmat(id, NULL, SHM_RDONLY);

	aim = recover_foreign(id, -1, SVSHM_RECOVER_FOREIGN);
	expect_recovery(aim, SVSHM_BUSY);
	ck_assert(segment_there(id));
	/* FORCE is for what is ours. */
	aim = recover_foreign(id, -1, SVSHM_RECOVER_FOREIGN |
			      SVSHM_RECOVER_FORCE);
	expect_recovery(aim, SVSHM_BUSY);
	shmdt(memory);
	shmctl(id, IPC_RMID, NULL);
}
END_TEST

/* The save callback takes its time: somebody attaches meanwhile. */
static void *meanwhile;

static int attach_meanwhile(const struct svshm_object *object, const void *data,
			    size_t size, void *context)
{
	(void)data, (void)context;
	ck_assert_uint_eq(size, 4096);
	meanwhile = shmat(object->segment_id, NULL, SHM_RDONLY);
	return 0;
}

static int fail_to_save(const struct svshm_object *object, const void *data,
			size_t size, void *context)
{
	(void)object, (void)data, (void)size, (void)context;
	return SVSHM_UNKNOWN_ERROR;
}

START_TEST(a_segment_is_looked_at_again_after_saving)
{
	int id = make_and_die(make_segment);
	struct aim aim = { .segment_id = id, .set_id = -1,
			   .flags = SVSHM_RECOVER_FOREIGN,
			   .save = fail_to_save };

	svshm_scan(SVSHM_SCAN_FOREIGN, aim_at, &aim);
	expect_recovery(aim, SVSHM_UNKNOWN_ERROR);
	ck_assert(segment_there(id));
	/* The failed one has been its last user, and this test lives. */
	shmctl(id, IPC_RMID, NULL);
	if (system_attaches_once() &&
	    test_skip("nobody can attach what this process shows"))
		return;
	id = make_and_die(make_segment);
	aim.segment_id = id;
	aim.save = attach_meanwhile;
	svshm_scan(SVSHM_SCAN_FOREIGN, aim_at, &aim);
	expect_recovery(aim, SVSHM_BUSY);
	ck_assert(segment_there(id));
	shmdt(meanwhile);
	shmctl(id, IPC_RMID, NULL);
}
END_TEST

/* ---- Sets ---------------------------------------------------------------- */

static int make_set_as_other(void *context)
{
	struct sembuf up = { .sem_num = 1, .sem_op = 1 };

	(void)context;
	child_assert(setuid(NOBODY_ELSE) == 0);
	*shared = semget(IPC_PRIVATE, 2, IPC_CREAT | 0600);
	child_assert(*shared >= 0 && semop(*shared, &up, 1) == 0);
	return 0;
}

/* As a web server does: made by root, given to whom its children run as. */
static int make_set_and_give(void *context)
{
	struct semid_ds status;
	union semun argument = { .buf = &status };

	(void)context;
	*shared = semget(IPC_PRIVATE, 2, IPC_CREAT | 0600);
	child_assert(semctl(*shared, 0, IPC_STAT, argument) == 0);
	status.sem_perm.uid = NOBODY_ELSE;
	child_assert(semctl(*shared, 0, IPC_SET, argument) == 0);
	return 0;
}

static int make_set_of_roots(void *context)
{
	(void)context;
	*shared = semget(IPC_PRIVATE, 2, IPC_CREAT | 0600);
	return *shared >= 0 ? 0 : 1;
}

static int stand_as_other(void *context)
{
	child_assert(setuid(NOBODY_ELSE) == 0);
	test_event_post(context);
	return stand_still(NULL);
}

/* Only there all processes are to be seen that could have made a set. */
static bool first_pid_namespace(void)
{
	static const char first[] = "pid:[4026531836]";
	char link[64] = "";

	return readlink("/proc/self/ns/pid", link, sizeof(link) - 1) > 0 &&
	       strcmp(link, first) == 0;
}

START_TEST(sets_of_the_dead_go)
{
	int (*const makers[])(void *) = { make_set_as_other,
					  make_set_and_give };

	if (geteuid() != 0 || (!first_pid_namespace() &&
			       test_skip("not the first pid namespace")))
		return;
	for (size_t i = 0; i < sizeof(makers) / sizeof(*makers); i++) {
		struct test_event ready;

		test_event_open(&ready);

		pid_t elder = test_fork(stand_as_other, &ready);

		test_event_await(&ready);

		int id = make_and_die(makers[i]);
		struct aim aim = recover_foreign(-1, id, SVSHM_RECOVER_FOREIGN);

		/* The elder could be the maker, or the maker's child. */
		expect_recovery(aim, SVSHM_BUSY);
		ck_assert_int_eq(aim.certainty, SVSHM_CERTAINTY_NONE);
		test_kill(elder);
		aim = recover_foreign(-1, id, SVSHM_RECOVER_FOREIGN);
		expect_recovery(aim, SVSHM_OK);
		ck_assert_int_eq(aim.certainty, SVSHM_CERTAINTY_LIKELY);
		ck_assert(!set_there(id));
		test_event_close(&ready);
	}
}
END_TEST

START_TEST(sets_that_cannot_be_judged_stay)
{
	if (geteuid() != 0)
		return;

	int id = make_and_die(make_set_of_roots);
	struct aim aim = recover_foreign(-1, id, SVSHM_RECOVER_FOREIGN);

	expect_recovery(aim, SVSHM_BUSY);
	ck_assert(set_there(id));
	semctl(id, 0, IPC_RMID);

	/* This test has changed it last. */
	id = make_and_die(make_set_as_other);

	struct sembuf up = { .sem_num = 0, .sem_op = 1 };

	ck_assert_int_eq(semop(id, &up, 1), 0);
	aim = recover_foreign(-1, id, SVSHM_RECOVER_FOREIGN);
	expect_recovery(aim, SVSHM_BUSY);
	ck_assert(set_there(id));
	semctl(id, 0, IPC_RMID);
}
END_TEST

/* Whose it is not, may not: and it is said before anything is saved. */
static int recover_others_segment(void *context)
{
	struct svshm__segment_status status;
	struct svshm_object object = { .verdict = SVSHM_VERDICT_FOREIGN,
				       .segment_id = *(int *)context,
				       .semaphore_id = -1 };
	struct svshm_recovery recovery = { .flags = SVSHM_RECOVER_FOREIGN };

	child_assert(setuid(NOBODY_ELSE) == 0);
	child_assert(svshm__segment_stat(object.segment_id, &status, NULL) ==
		     SVSHM_OK);
	object.ipc_key = status.key;
	object.create_time = status.change_time;
	object.creator_pid = status.creator_pid;
	object.segment_size = status.size;
	child_assert(svshm_recover(&object, &recovery) ==
		     SVSHM_PERMISSION_DENIED);
	/* Not what was shown: an id that is used again. */
	object.creator_pid++;
	child_assert(svshm_recover(&object, &recovery) == SVSHM_NOT_FOUND);
	return 0;
}

static int make_readable_segment(void *context)
{
	(void)context;
	*shared = shmget(IPC_PRIVATE, 4096, IPC_CREAT | 0644);
	return *shared >= 0 ? 0 : 1;
}

START_TEST(other_users_segments_stay)
{
	if (geteuid() != 0)
		return;

	int id = make_and_die(make_readable_segment);

	ck_assert_int_eq(test_wait(test_fork(recover_others_segment, &id)), 0);
	ck_assert(segment_there(id));
	shmctl(id, IPC_RMID, NULL);
}
END_TEST

/* ---- Many ------------------------------------------------------------------ */

struct sharing {
	struct svshm__lives *lives;
	size_t seen;
};

static void *look_from_elsewhere(void *context)
{
	return svshm__scan_lives(context);
}

/* Each is judged anew, but all processes are not listed for each. */
static int compare_lives(const struct svshm_object *object, void *context)
{
	struct svshm_object copy = *object;
	struct sharing *sharing = context;
	struct svshm__lives *lives = svshm__scan_lives(object);
	pthread_t thread;
	void *elsewhere = sharing;

	ck_assert_ptr_nonnull(lives);
	ck_assert(!sharing->lives || sharing->lives == lives);
	sharing->lives = lives;
	sharing->seen++;
	/* They are this thread's, and of no copy. */
	ck_assert_ptr_null(svshm__scan_lives(&copy));
	ck_assert_int_eq(pthread_create(&thread, NULL, look_from_elsewhere,
					(void *)(uintptr_t)object), 0);
	ck_assert_int_eq(pthread_join(thread, &elsewhere), 0);
	ck_assert_ptr_null(elsewhere);
	return 0;
}

START_TEST(a_scans_objects_share_what_is_known)
{
	struct sharing sharing = { NULL, 0 };
	int sets[3];

	for (int i = 0; i < 3; i++)
		sets[i] = semget(IPC_PRIVATE, 1, IPC_CREAT | 0600);
	ck_assert_int_eq(svshm_scan(SVSHM_SCAN_FOREIGN, compare_lives,
				    &sharing), 0);
	ck_assert_uint_ge(sharing.seen, 3);
	for (int i = 0; i < 3; i++)
		semctl(sets[i], 0, IPC_RMID);
}
END_TEST

/* As many as Linux allows. Only where nobody else wants any. */
START_TEST(thousands_of_sets)
{
	enum { MANY = 31000 };
	struct aim aim = { .segment_id = -1 };
	int *ids;
	int made = 0;

	if (geteuid() != 0)
		return;
	ids = calloc(MANY, sizeof(*ids));
	ck_assert_ptr_nonnull(ids);
	while (made < MANY) {
		ids[made] = semget(IPC_PRIVATE, 1, IPC_CREAT | 0600);
		if (ids[made] < 0)
			break;
		made++;
	}
	/* The limit may be lower here. */
	ck_assert_int_gt(made, 0);
	aim.set_id = ids[made - 1];
	svshm_scan(SVSHM_SCAN_FOREIGN, aim_at, &aim);
	for (int i = 0; i < made; i++)
		semctl(ids[i], 0, IPC_RMID);
	free(ids);
	ck_assert(aim.seen);
	expect_recovery(aim, SVSHM_NOT_SUPPORTED);
}
END_TEST

static Suite *make_suite(void)
{
	Suite *suite = suite_create("Other programs' leftovers");
	TCase *tests = tcase_create("foreign");

	suite_add_tcase(suite, tests);
	tcase_set_timeout(tests, 60);
	tcase_add_test(tests, a_dead_programs_segment_goes);
	tcase_add_test(tests, a_living_programs_segment_stays);
	tcase_add_test(tests, a_segment_is_looked_at_again_after_saving);
	tcase_add_test(tests, sets_of_the_dead_go);
	tcase_add_test(tests, sets_that_cannot_be_judged_stay);
	tcase_add_test(tests, other_users_segments_stay);
	tcase_add_test(tests, a_scans_objects_share_what_is_known);
	tcase_add_test(tests, thousands_of_sets);
	return suite;
}

int main(void)
{
	return test_main(make_suite);
}
