/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * P1 to P5 in a storm: processes come and go, fork, and are killed, while an
 * administrator removes and resets what they use, at random. Checked all the
 * time: one at a time in a lock, as the data show; nobody is told that all had
 * died while one lives. And in the end nothing is left.
 *
 * $SVSHM_TEST_LONG: so many seconds. The seed is printed, and $SVSHM_TEST_SEED
 * sets it: every process's decisions are the same then, if not their order.
 */
#include <config.h>

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/atomic.h"
#include "kernel/semun.h"
#include "key/key.h"
#include "lock/lock.h"
#include "memory/layout.h"
#include "outside.h"
#include "storm.h"

#define OBSERVERS 3 /* of the workers, if there are other users */
#define SECONDS 20

struct board *board;
const char *keys[NAMES];
unsigned seed;

/* ---- The administrator --------------------------------------------------- */

static int set_at(key_t key)
{
	return semget(key, 0, 0);
}

static void set_value(key_t key)
{
	union semun argument = { .val = (int)draw(3) };
	int id = set_at(key);

	semctl(id, (int)draw(SVSHM__SEM_SLOTS + 2), SETVAL, argument);
}

static void set_all(key_t key)
{
	static unsigned short values[SVSHM__SEMAPHORES_MAX];
	union semun argument = { .array = values };
	struct semid_ds status;
	union semun look = { .buf = &status };
	int id = set_at(key);

	if (semctl(id, 0, IPC_STAT, look) < 0 ||
	    status.sem_nsems > SVSHM__SEMAPHORES_MAX)
		return;
	if (draw(2))
		semctl(id, 0, GETALL, argument);
	else
		memset(values, 0, sizeof(values));
	semctl(id, 0, SETALL, argument);
}

static void change_mode(key_t key)
{
	struct semid_ds status;
	union semun argument = { .buf = &status };
	int id = set_at(key);

	if (semctl(id, 0, IPC_STAT, argument) == 0)
		semctl(id, 0, IPC_SET, argument);
}

static void do_a_deed(void)
{
	struct svshm *handle = svshm_new(keys[draw(NAMES)]);
	const char *path = svshm_native_key(handle);
	key_t key;

	if (!svshm__key_first(path, &key, NULL)) {
		key = svshm__key_nth(key, draw(8) == 0);
		count(&board->deeds);
		switch (draw(7)) {
		case 0: case 1: semctl(set_at(key), 0, IPC_RMID); break;
		case 2: shmctl(shmget(key, 0, 0), IPC_RMID, NULL); break;
		case 3: unlink(path); break;
		case 4: set_value(key); break;
		case 5: set_all(key); break;
		default: change_mode(key); break;
		}
	}
	svshm_free(handle);
}

static void administer(void)
{
	draw_from(seed * 7u + 1);
	while (!svshm__load(&board->stop)) {
		struct timespec pause = { 0, 1000000 * (long)draw(30) };

		do_a_deed();
		nanosleep(&pause, NULL);
	}
	_exit(0);
}

/* ---- The storm ----------------------------------------------------------- */

static bool other_users;

static void start_worker(int me, unsigned generation)
{
	pid_t pid = fork();

	ck_assert_int_ge(pid, 0);
	if (pid == 0)
		work(me, other_users && me < OBSERVERS, generation);
	svshm__store(&board->workers[me].pid, (uint32_t)pid);
}

/* It has ended, by itself or by us: another one takes its place. */
static void replace_worker(int me, unsigned *generation)
{
	svshm__store(&board->workers[me].segment, 0);
	start_worker(me, ++*generation);
}

static int find_worker(pid_t pid)
{
	for (int i = 0; i < WORKERS; i++)
		if (board->workers[i].pid == (uint32_t)pid)
			return i;
	return -1;
}

static void rage(int seconds)
{
	time_t end = time(NULL) + seconds;
	unsigned generation = WORKERS;
	int status;

	draw_from(seed + 99);
	while (time(NULL) < end && !svshm__load(&board->stop)) {
		struct timespec pause = { 0, 1000000 * (long)draw(20) };
		pid_t ended;

		nanosleep(&pause, NULL);
		kill((pid_t)board->workers[draw(WORKERS)].pid, SIGKILL);
		board->kills++;
		while ((ended = waitpid(-1, &status, WNOHANG)) > 0) {
			int me = find_worker(ended);

			if (me >= 0)
				replace_worker(me, &generation);
		}
	}
}

/* The workers end by themselves; nobody waits for a lock for ever. */
static void calm_down(void)
{
	int status;

	svshm__store(&board->stop, 1);
	for (int i = 0; i < 6000; i++) {
		struct timespec pause = { 0, 10000000 };
		pid_t ended = waitpid(-1, &status, WNOHANG);

		if (ended < 0 && errno == ECHILD)
			return;
		if (ended == 0)
			nanosleep(&pause, NULL);
	}
	ck_abort_msg("somebody does not end within a minute");
}

static int recover_any(const struct svshm_object *object, void *context)
{
	(void)context;
	if (object->verdict != SVSHM_VERDICT_FOREIGN)
		svshm_recover(object, NULL);
	return 0;
}

static int show_any(const struct svshm_object *object, void *context)
{
	(void)context;
	printf("%s: segment %d, set %d, key 0x%llx, %s: %s\n",
	       object->key ? object->key : "-", object->segment_id,
	       object->semaphore_id, (unsigned long long)object->ipc_key,
	       svshm_verdict_string(object->verdict), object->reason);
	fflush(stdout);
	return 0;
}

/* The last silent children are not ours to wait for; they end soon. */
static int create_in_the_end(struct svshm *handle)
{
	struct timespec pause = { 0, 1000000 };
	int code = SVSHM_ALREADY_EXISTS;

	for (int i = 0; i < 5000 && code == SVSHM_ALREADY_EXISTS; i++) {
		code = svshm_create(handle, 100, SVSHM_READ_WRITE);
		nanosleep(&pause, NULL);
	}
	return code;
}

/*
 * The names can be used, and what no name leads to, the tool finds: but for a
 * set alone of which somebody has wiped the tag, for that could be anybody's.
 */
static void check_end(void)
{
	for (int i = 0; i < NAMES; i++) {
		struct svshm *handle = svshm_new(keys[i]);
		int code = create_in_the_end(handle);

		ck_assert_msg(code >= 0, "create in the end: %d: %s", code,
			      svshm_error_string(handle));
		expect_code(handle, svshm_detach(handle), SVSHM_OK);
		svshm_free(handle);
	}
	ck_assert_int_eq(svshm_scan(0, recover_any, NULL), 0);
	for (int i = 0; i < NAMES; i++)
		if (!test_nothing_left(keys[i])) {
			svshm_scan(SVSHM_SCAN_FOREIGN, show_any, NULL);
			ck_abort_msg("seed %u: something is left", seed);
		}
}

static void storm(enum svshm__lock_engine engine)
{
	const char *wanted = getenv("SVSHM_TEST_LONG");
	const char *given = getenv("SVSHM_TEST_SEED");
	int seconds = wanted ? atoi(wanted) : SECONDS;
	pid_t administrator;

	seed = given ? (unsigned)atoi(given) :
		       (unsigned)time(NULL) * 31u + (unsigned)getpid();
	svshm__lock_engine_of_new = engine;
	other_users = geteuid() == 0;
	if (other_users)
		use_key_directory("storm", 0, 0755);
	for (int i = 0; i < NAMES; i++)
		keys[i] = test_key(i ? "one" : "two");
	board = mmap(NULL, sizeof(*board), PROT_READ | PROT_WRITE,
		     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ck_assert_ptr_ne(board, MAP_FAILED);
	for (int i = 0; i < WORKERS; i++)
		start_worker(i, (unsigned)i);
	administrator = fork();
	if (administrator == 0)
		administer();
	rage(seconds / 2 ? seconds / 2 : 1);
	calm_down();
	printf("seed %u: %u turns, %u kills, %u deeds, %u forks; told: "
	       "%u orphaned, %u owner died, %u removed, %u refused\n", seed,
	       board->turns, board->kills, board->deeds, board->forks,
	       board->orphaned, board->owner_died, board->removed,
	       board->refused);
	ck_assert_msg(!board->failed, "seed %u: %s", seed, board->failure);
	ck_assert_uint_gt(board->turns, 100);
	ck_assert_uint_gt(board->deeds, 10);
	check_end();
	munmap(board, sizeof(*board));
}

START_TEST(storm_with_an_administrator)
{
	enum svshm__lock_engine engine = _i ? SVSHM__LOCK_PORTABLE :
					      SVSHM__LOCK_FAST;

	if (svshm__lock_engine(engine))
		storm(engine);
}
END_TEST

static Suite *make_suite(void)
{
	Suite *suite = suite_create("storm with an administrator");
	TCase *tests = tcase_create("storm");
	const char *wanted = getenv("SVSHM_TEST_LONG");

	suite_add_tcase(suite, tests);
	tcase_set_timeout(tests, 150 + (wanted ? atoi(wanted) : SECONDS));
	tcase_add_loop_test(tests, storm_with_an_administrator, 0, 2);
	return suite;
}

int main(void)
{
	return test_main(make_suite);
}
