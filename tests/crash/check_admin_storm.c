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
#include <sched.h>
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
#include "handle.h"
#include "key/key.h"
#include "memory/layout.h"
#include "lock/lock.h"
#include "outside.h"
#include "kernel/semun.h"

#define WORKERS 16
#define OBSERVERS 3 /* of these, if there are other users */
#define NAMES 2
#define SECONDS 20

/* In anonymous memory, which nobody but us has. */
static struct board {
	uint32_t stop;
	uint32_t orphaned, removed, refused, owner_died, turns, forks;
	uint32_t deeds, kills;
	uint32_t failed;
	char failure[400];
	struct {
		uint32_t pid, segment; /* segment: id + 1; 0: none */
		uint32_t visits;
	} workers[WORKERS];
} *board;

static const char *keys[NAMES];
static unsigned seed;

/* A generator for each process. */
static uint32_t state;

static uint32_t draw(uint32_t limit)
{
	state ^= state << 13;
	state ^= state >> 17;
	state ^= state << 5;
	return state % limit;
}

static void report(const char *what, long a, long b)
{
	if (svshm__exchange_if(&board->failed, 0, 1))
		snprintf(board->failure, sizeof(board->failure),
			 "%s: %ld, %ld", what, a, b);
	svshm__store(&board->stop, 1);
}

static void count(uint32_t *counter)
{
	svshm__add(counter, 1);
}

/* ---- A worker ------------------------------------------------------------------- */

/* What an object of the storm has in it. */
struct data {
	uint32_t owner, sum, copy;
};

/* A process that ends loses its mappings before all that others wait for. */
static bool has_mapped(pid_t pid, long segment_id)
{
	char path[64], line[512];
	bool found = false;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%ld/maps", (long)pid);
	file = fopen(path, "r");
	while (file && !found && fgets(line, sizeof(line), file)) {
		long inode;

		found = strstr(line, "/SYSV") &&
			sscanf(line, "%*s %*s %*s %*s %ld", &inode) == 1 &&
			inode == segment_id;
	}
	if (file)
		fclose(file);
	return found;
}

/*
 * Whoever was on the board with a segment BEFORE we came, and is there yet for
 * the same visit, has it attached all the time. If he has it mapped still, he lived as we were told.
 */
static void check_orphan(int me, uint32_t segment, const struct board *before)
{
	count(&board->orphaned);
	for (int i = 0; i < WORKERS; i++) {
		uint32_t pid = svshm__load(&board->workers[i].pid);

		if (i != me && before->workers[i].pid == pid &&
		    before->workers[i].segment == segment &&
		    svshm__load(&board->workers[i].segment) == segment &&
		    svshm__load(&board->workers[i].pid) == pid && pid &&
		    has_mapped((pid_t)pid, (long)segment - 1) &&
		    svshm__load(&board->workers[i].segment) == segment &&
		    before->workers[i].visits ==
			    svshm__load(&board->workers[i].visits))
			report("ORPHANED while one lives: segment, pid",
			     (long)segment - 1, (long)pid);
	}
}

static void work_inside(int me, struct data *data, int code)
{
	if (code == SVSHM_OWNER_DIED) {
		data->sum = data->copy = 0;
	} else if (data->sum != data->copy) {
		report("torn, and nobody was told", (long)data->sum,
		     (long)data->copy);
	}
	svshm__store(&data->owner, (uint32_t)me + 1);
	data->sum++;
	if (draw(4) == 0)
		sched_yield();
	data->copy++;
	if (svshm__load(&data->owner) != (uint32_t)me + 1)
		report("two owners", me + 1, (long)svshm__load(&data->owner));
}

static int take_turn(int me, struct svshm *handle)
{
	struct data *data = svshm_data(handle);
	int code = svshm_timedlock(handle, 1 + (int)draw(20));

	if (code == SVSHM_TIMED_OUT)
		return SVSHM_OK;
	if (code < 0)
		return code;
	count(&board->turns);
	if (code == SVSHM_OWNER_DIED)
		count(&board->owner_died);
	work_inside(me, data, code);
	if (code == SVSHM_OWNER_DIED)
		svshm_make_consistent(handle);
	return svshm_unlock(handle);
}

/* Has the memory for a while, and never calls. */
static void fork_silent(void)
{
	struct timespec pause = { 0, 1000000 * (long)draw(15) };

	count(&board->forks);
	if (fork() != 0)
		return;
	nanosleep(&pause, NULL);
	_exit(0);
}

static void note_segment(int me, const struct svshm *handle)
{
	svshm__add(&board->workers[me].visits, 1);
	svshm__store(&board->workers[me].segment, !handle ? 0 :
		     (uint32_t)handle->attachment->segment_id + 1);
}

static void use(int me, struct svshm *handle)
{
	for (unsigned turns = draw(30); turns > 0; turns--) {
		int code = take_turn(me, handle);

		if (code == SVSHM_REMOVED || code == SVSHM_LOCK_ERROR)
			count(&board->removed);
		if (code < 0)
			break;
		if (draw(40) == 0)
			fork_silent();
	}
}

static void visit_once(int me, struct svshm *handle)
{
	static struct board before;
	bool create = draw(2) == 0;
	int code;

	memcpy(&before, board, sizeof(before));

	svshm_set_mode(handle, 0644);
	code = create ? svshm_create(handle, sizeof(struct data) +
						     draw(3) * 5000,
				     SVSHM_READ_WRITE) :
			svshm_attach(handle, SVSHM_READ_WRITE);
	if (code < 0) {
		count(&board->refused);
		return;
	}
	if (code == SVSHM_ORPHANED && !create)
		check_orphan(me,
			     (uint32_t)handle->attachment->segment_id + 1,
			     &before);
	note_segment(me, handle);
	use(me, handle);
	note_segment(me, NULL);
	if (draw(20) == 0)
		exit(0);
	if (draw(20) == 0)
		_exit(0);
	svshm_detach(handle);
}

static void observe_once(struct svshm *handle)
{
	volatile uint32_t last;

	if (svshm_attach(handle, SVSHM_READ_ONLY) < 0)
		return;
	for (int i = 0; i < 20; i++) {
		const uint32_t *words = svshm_const_data(handle);

		for (size_t j = 0; j < svshm_size(handle) / 4; j++)
			last = words[j];
		sched_yield();
	}
	(void)last;
	svshm_detach(handle);
}

static void work(int me, bool observer, unsigned generation)
{
	struct svshm *handles[NAMES];

	state = seed * 2654435761u + (uint32_t)me * 40503u + generation + 1;
	for (int i = 0; i < NAMES; i++)
		handles[i] = svshm_new(keys[i]);
	if (observer)
		become(BOB);
	while (!svshm__load(&board->stop)) {
		struct svshm *handle = handles[draw(NAMES)];

		if (observer)
			observe_once(handle);
		else
			visit_once(me, handle);
	}
	exit(0);
}

/* ---- The administrator ----------------------------------------------------------- */

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
	key_t key = ftok(path, SVSHM__PROJECT_FIRST + (int)(draw(8) == 0));

	if (key != (key_t)-1) {
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
	state = seed * 7u + 1;
	while (!svshm__load(&board->stop)) {
		struct timespec pause = { 0, 1000000 * (long)draw(30) };

		do_a_deed();
		nanosleep(&pause, NULL);
	}
	_exit(0);
}

/* ---- The storm -------------------------------------------------------------------- */

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

	state = seed + 99;
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
