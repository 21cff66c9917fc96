/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * soak MINUTES [SEED]: 16 processes do random operations on 5 keys, the last of
 * which has the Qt layout. They are killed and stopped meanwhile, their objects'
 * parts are removed as by ipcrm, and their key files deleted (of the Qt layout
 * only segments are: its protocol knows no help against the rest, see qt.c).
 * What must hold all the time:
 *   - the lock excludes, and an owner's death is told (not in the Qt layout: who
 *     was killed inside is known here);
 *   - whoever is attached to a name is attached to the same segment, as long as
 *     nobody removes it by force;
 *   - nothing that was written is undone;
 *   - every operation ends, with a code that fits.
 * In the end, when all are gone and leftovers recovered, nothing is left.
 *
 * All decisions come from SEED, so they are the same ones in the same order
 * each time; how far a process is when it gets killed is the machine's choice.
 */
#include <config.h>

#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "handle.h"
#include "kernel/process.h"
#include "qt/qt.h"

#define WORKERS 16
#define KEYS 5
#define QT_KEY 4
#define PATIENCE_MS 60000
#define ROUND 400 /* decisions between two looks at everybody */

enum order {
	CREATE, ATTACH, DETACH, WORK, INSPECT, SCAN, RECOVER, LEAVE, ORDERS
};
static const char *const order_names[] = {
	"create", "attach", "detach", "work", "inspect", "scan", "recover",
	"exit"
};

struct request {
	enum order order;
	int key;
	unsigned pause_us; /* WORK: with the lock held */
};

struct answer {
	int code;
	int segment_id[KEYS]; /* -1: not attached */
	char message[300];
};

/* What the users keep in an object. [lock] */
struct data {
	uint32_t owner; /* the name of who is inside; 0: nobody */
	uint64_t before, after;
};

/* Shared by all. */
static struct board {
	/* Removed by force: who has it mapped may find anything. */
	volatile int tainted[KEYS];
	/* The last one that was killed, or is just being, in each place. */
	volatile uint32_t doomed[WORKERS];
	volatile unsigned failures;
	volatile unsigned long works, owners_died;
} *board;

static char keys[KEYS][64];
static char directory[64]; /* of Qt's key files */

static void fail(const char *format, ...) SVSHM__PRINTF(1, 2);

static void fail(const char *format, ...)
{
	va_list arguments;

	board->failures++;
	va_start(arguments, format);
	printf("FAIL: process %ld: ", (long)getpid());
	vprintf(format, arguments);
	printf("\n");
	va_end(arguments);
}

/* ---- A worker ------------------------------------------------------------ */

static struct svshm *handles[KEYS];
static uint64_t last_seen[KEYS];
static uint32_t own_name; /* pids come again */

static int segment_of(int key)
{
	struct svshm *handle = handles[key];

	if (!svshm_is_attached(handle))
		return -1;
	return handle->qt ? handle->qt->segment_id :
			    handle->attachment->segment_id;
}

/* Names are given in ascending order; each says in which place its bearer is. */
static bool was_killed(uint32_t name)
{
	return name != 0 && name <= board->doomed[name % WORKERS];
}

static struct svshm *handle_for(int key)
{
	struct svshm *handle = svshm_new(keys[key]);

	if (!handle || (key == QT_KEY &&
			svshm_set_layout(handle, SVSHM_LAYOUT_QT) < 0)) {
		fail("no handle");
		exit(99);
	}
	return handle;
}

static bool is_tainted(int key)
{
	return segment_of(key) == board->tainted[key];
}

/* Inside: nobody else is, and nothing was undone. */
static void look_inside(int key, struct data *data, bool told)
{
	if (is_tainted(key))
		return;
	if (!told && (data->owner || data->before != data->after))
		fail("key %d, segment %d: locked, but %u is inside, %llu != "
		     "%llu", key, segment_of(key), (unsigned)data->owner,
		     (unsigned long long)data->before,
		     (unsigned long long)data->after);
	if (data->before < last_seen[key])
		fail("key %d, segment %d: %llu was seen, now it is %llu", key,
		     segment_of(key), (unsigned long long)last_seen[key],
		     (unsigned long long)data->before);
}

/* Whoever has nothing to work on attaches first, or creates. */
static int join(int key)
{
	struct svshm *handle = handles[key];
	int code;

	if (svshm_is_attached(handle))
		return SVSHM_OK;
	last_seen[key] = 0;
	code = svshm_attach(handle, SVSHM_READ_WRITE);
	if (code == SVSHM_NOT_FOUND)
		code = svshm_create(handle, sizeof(struct data),
				    SVSHM_READ_WRITE);
	return code;
}

static int work(int key, unsigned pause_us)
{
	struct svshm *handle = handles[key];
	int code = join(key);

	if (code < 0)
		return code;
	code = svshm_timedlock(handle, 300);
	if (code < 0)
		return code;

	struct data *data = svshm_data(handle);
	bool died = code == SVSHM_OWNER_DIED ||
		(key == QT_KEY && was_killed(data->owner));

	look_inside(key, data, died);
	if (died) {
		__atomic_fetch_add(&board->owners_died, 1, __ATOMIC_RELAXED);
		data->after = data->before;
	}
	if (code == SVSHM_OWNER_DIED)
		svshm_make_consistent(handle);
	data->owner = own_name;
	data->before++;
	if (pause_us)
		usleep(pause_us);
	if (data->owner != own_name && !is_tainted(key))
		fail("key %d: %u came inside", key, (unsigned)data->owner);
	data->after = data->before;
	last_seen[key] = data->before;
	data->owner = 0;
	__atomic_fetch_add(&board->works, 1, __ATOMIC_RELAXED);
	return svshm_unlock(handle);
}

static int visit(const struct svshm_object *object, void *context)
{
	(void)object;
	(void)context;
	return 0;
}

static int recover(const struct svshm_object *object, void *context)
{
	(void)context;
	svshm_recover(object, NULL);
	return 0;
}

static int obey(const struct request *request)
{
	struct svshm *handle = handles[request->key];
	int code = 0;

	switch (request->order) {
	case CREATE:
		code = svshm_create(handle, sizeof(struct data),
				    SVSHM_READ_WRITE);
		break;
	case ATTACH:
		code = svshm_attach(handle, SVSHM_READ_WRITE);
		break;
	case DETACH:
		code = svshm_detach(handle);
		break;
	case WORK:
		return work(request->key, request->pause_us);
	case INSPECT:
		return svshm_inspect(handle, visit, NULL);
	case SCAN:
		return svshm_scan(0, visit, NULL);
	case RECOVER:
		return svshm_scan(0, recover, NULL);
	case LEAVE:
	case ORDERS:
		exit(0);
	}
	if (code != SVSHM_ALREADY_ATTACHED)
		last_seen[request->key] = 0;
	return code;
}

static void serve(int requests, int answers)
{
	struct request request;
	struct answer answer;

	for (int i = 0; i < KEYS; i++)
		handles[i] = handle_for(i);
	while (read(requests, &request, sizeof(request)) ==
	       (ssize_t)sizeof(request)) {
		memset(&answer, 0, sizeof(answer));
		answer.code = obey(&request);
		snprintf(answer.message, sizeof(answer.message), "%.290s",
			 svshm_error_string(handles[request.key]));
		for (int i = 0; i < KEYS; i++)
			answer.segment_id[i] = segment_of(i);
		if (write(answers, &answer, sizeof(answer)) !=
		    (ssize_t)sizeof(answer))
			break;
	}
	_exit(0);
}

/* ---- Their master -------------------------------------------------------- */

static struct worker {
	pid_t pid;
	uint32_t name;
	int requests, answers;
	bool busy, stopped;
	struct request request; /* the last one */
	struct answer answer;
} workers[WORKERS];

static uint64_t seed, state;
static unsigned long decision, kills, stops, removals;

/* splitmix64 */
static unsigned decide(unsigned below)
{
	uint64_t z = (state += 0x9e3779b97f4a7c15u);

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return (unsigned)((z ^ (z >> 31)) % below);
}

static void hire(struct worker *worker)
{
	static uint32_t generation;
	int requests[2], answers[2];

	if (pipe(requests) < 0 || pipe(answers) < 0) {
		perror("pipe");
		exit(99);
	}
	fflush(NULL);
	memset(worker, 0, sizeof(*worker));
	worker->name = ++generation * WORKERS + (uint32_t)(worker - workers);
	worker->pid = fork();
	if (worker->pid < 0) {
		perror("fork");
		exit(99);
	}
	if (worker->pid == 0) {
		/* Else a worker would outlive its master. */
		for (int i = 0; i < WORKERS; i++)
			if (workers[i].pid > 0)
				close(workers[i].requests);
		close(requests[1]);
		own_name = worker->name;
		serve(requests[0], answers[1]);
	}
	close(requests[0]);
	close(answers[1]);
	worker->requests = requests[1];
	worker->answers = answers[0];
	for (int i = 0; i < KEYS; i++)
		worker->answer.segment_id[i] = -1;
}

static void bury(struct worker *worker)
{
	int status;

	waitpid(worker->pid, &status, 0);
	if (WIFSIGNALED(status) ? WTERMSIG(status) != SIGKILL :
				  WEXITSTATUS(status) != 0)
		fail("worker %ld died by itself, status 0x%x, in %s of key %d",
		     (long)worker->pid, (unsigned)status,
		     order_names[worker->request.order], worker->request.key);
	close(worker->requests);
	close(worker->answers);
	worker->pid = 0;
}

static bool fits(enum order order, int code)
{
	switch (code) {
	case SVSHM_OK:
		return true;
	case SVSHM_ORPHANED:
		return order == CREATE || order == ATTACH;
	case SVSHM_ALREADY_ATTACHED:
		return order == CREATE || order == ATTACH;
	case SVSHM_ALREADY_EXISTS:
		return order == CREATE || order == WORK;
	case SVSHM_NOT_FOUND:
		return order == ATTACH || order == INSPECT;
	case SVSHM_NOT_ATTACHED:
		return order == DETACH;
	case SVSHM_TIMED_OUT:
		return order == WORK;
	case SVSHM_REMOVED:
		return order == DETACH || order == WORK;
	/* The set was removed under somebody who lives. */
	case SVSHM_BUSY:
		return order == ATTACH || order == WORK;
	default:
		return false;
	}
}

/* False: no answer yet. */
static bool take_answer(struct worker *worker, int timeout_ms)
{
	struct pollfd wanted = { worker->answers, POLLIN, 0 };

	if (!worker->busy)
		return true;
	if (poll(&wanted, 1, timeout_ms) <= 0)
		return false;
	if (read(worker->answers, &worker->answer, sizeof(worker->answer)) !=
	    (ssize_t)sizeof(worker->answer)) {
		bury(worker);
		hire(worker);
		return true;
	}
	worker->busy = false;
	if (!fits(worker->request.order, worker->answer.code))
		fail("%s of key %d: %d: %s",
		     order_names[worker->request.order], worker->request.key,
		     worker->answer.code, worker->answer.message);
	return true;
}

static void order(struct worker *worker, const struct request *request)
{
	if (!take_answer(worker, 0))
		return;
	worker->request = *request;
	worker->busy = true;
	if (write(worker->requests, request, sizeof(*request)) < 0)
		fail("worker %ld is gone", (long)worker->pid);
}

static void stop(struct worker *worker, bool stopped)
{
	worker->stopped = stopped;
	kill(worker->pid, stopped ? SIGSTOP : SIGCONT);
}

static void kill_one(struct worker *worker)
{
	kills++;
	board->doomed[worker->name % WORKERS] = worker->name;
	kill(worker->pid, SIGKILL);
	bury(worker);
	hire(worker);
}

/* ---- Force --------------------------------------------------------------- */

struct found {
	int key, segment_id, set_id;
};

static int note_ids(const struct svshm_object *object, void *context)
{
	struct found *found = context;

	found->segment_id = object->segment_id;
	found->set_id = object->semaphore_id;
	return 0;
}

/* As by ipcrm: the segment, or the set. */
static void remove_part(int key, bool set)
{
	struct svshm *handle = handle_for(key);
	struct found found = { key, -1, -1 };

	removals++;
	if (svshm_inspect(handle, note_ids, &found) == SVSHM_OK) {
		if (found.segment_id >= 0)
			board->tainted[key] = found.segment_id;
		if (set && key != QT_KEY && found.set_id >= 0)
			semctl(found.set_id, 0, IPC_RMID);
		else if (found.segment_id >= 0)
			shmctl(found.segment_id, IPC_RMID, NULL);
	}
	svshm_free(handle);
}

static void delete_key_file(int key)
{
	struct svshm *handle;

	if (key == QT_KEY)
		return;
	handle = handle_for(key);
	removals++;
	unlink(svshm_native_key(handle));
	svshm_free(handle);
}

/* ---- Decisions ----------------------------------------------------------- */

static void act(struct worker *worker)
{
	static const enum order often[] = {
		CREATE, CREATE, ATTACH, ATTACH, ATTACH, DETACH, WORK, WORK,
		WORK, WORK, WORK, WORK, INSPECT, SCAN, RECOVER, LEAVE
	};
	struct request request = {
		often[decide(sizeof(often) / sizeof(*often))],
		(int)decide(KEYS), decide(4) ? 0 : decide(2000)
	};

	if (!worker->stopped)
		order(worker, &request);
}

/* What the master does himself must not wait for somebody he has stopped. */
static void let_all_go_on(void)
{
	for (int i = 0; i < WORKERS; i++)
		if (workers[i].stopped)
			stop(&workers[i], false);
}

static void decide_one(void)
{
	struct worker *worker = &workers[decide(WORKERS)];
	unsigned what = decide(1000);
	int key = (int)decide(KEYS);

	decision++;
	if (what < 20) {
		kill_one(worker);
	} else if (what < 40) {
		stops++;
		stop(worker, true);
	} else if (what < 70) {
		stop(worker, false);
	} else if (what < 74) {
		let_all_go_on();
		remove_part(key, what & 1);
	} else if (what < 77) {
		delete_key_file(key);
	} else {
		act(worker);
	}
}

static void await_all(void)
{
	let_all_go_on();
	for (int i = 0; i < WORKERS; i++) {
		struct worker *worker = &workers[i];

		if (take_answer(worker, PATIENCE_MS))
			continue;
		fail("worker %ld hangs in %s of key %d", (long)worker->pid,
		     order_names[worker->request.order], worker->request.key);
		kill_one(worker);
	}
}

/* Nobody is at anything: they all have the same object, by name. */
static void look_at_all(void)
{
	for (int key = 0; key < KEYS; key++) {
		int common = -1;

		for (int i = 0; i < WORKERS; i++) {
			int id = workers[i].answer.segment_id[key];
			struct shmid_ds status;

			/* The untainted ones only; and whose last answer was
			   about a segment that has gone since has no part. */
			if (id < 0 || id == board->tainted[key] ||
			    shmctl(id, IPC_STAT, &status) < 0 ||
			    (status.shm_perm.mode & SHM_DEST))
				continue;
			if (common >= 0 && id != common)
				fail("key %d: segments %d and %d are both used",
				     key, common, id);
			common = id;
		}
	}
}

static void dismiss_all(void)
{
	struct request leave = { LEAVE, 0, 0 };

	await_all();
	for (int i = 0; i < WORKERS; i++) {
		if (write(workers[i].requests, &leave, sizeof(leave)) < 0)
			fail("worker %ld is gone", (long)workers[i].pid);
		workers[i].request = leave;
		bury(&workers[i]);
	}
}

static int count_left(const struct svshm_object *object, void *context)
{
	for (int i = 0; i < KEYS; i++)
		if (object->key && strcmp(object->key, keys[i]) == 0) {
			++*(unsigned *)context;
			printf("left: %s: %s\n", object->key, object->reason);
		}
	return 0;
}

/* Whatever was left of it, the next one who uses it leaves nothing. */
static void expect_nothing_left_of_qt(void)
{
	struct svshm *handle = handle_for(QT_KEY);
	int code = svshm_create(handle, sizeof(struct data), SVSHM_READ_WRITE);

	if (code < 0 || svshm_detach(handle) < 0)
		fail("the Qt layout, in the end: %s",
		     svshm_error_string(handle));
	svshm_free(handle);
	if (rmdir(directory) < 0)
		fail("%s: %s", directory, strerror(errno));
}

static void expect_nothing_left(void)
{
	unsigned left = 0;

	expect_nothing_left_of_qt();
	svshm_scan(0, recover, NULL);
	svshm_scan(0, count_left, &left);
	if (left)
		fail("%u objects are left", left);
}

static void run_for(int64_t milliseconds)
{
	int64_t end = svshm__process_clock() + milliseconds;

	while (svshm__process_clock() < end && !board->failures) {
		for (int i = 0; i < ROUND && !board->failures; i++) {
			decide_one();
			take_answer(&workers[i % WORKERS], 1);
		}
		await_all();
		look_at_all();
	}
}

static void set_up(void)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	signal(SIGPIPE, SIG_IGN);
#ifdef CLONE_NEWIPC
	if (geteuid() == 0 && unshare(CLONE_NEWIPC) < 0)
		perror("unshare: goes on in the common IPC namespace");
#endif
	board = mmap(NULL, sizeof(*board), PROT_READ | PROT_WRITE,
		     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (board == MAP_FAILED) {
		perror("mmap");
		exit(99);
	}
	snprintf(directory, sizeof(directory), "/tmp/svshm-test.XXXXXX");
	if (!mkdtemp(directory) || setenv("TMPDIR", directory, 1) < 0) {
		perror(directory);
		exit(99);
	}
	for (int i = 0; i < KEYS; i++) {
		board->tainted[i] = -1;
		snprintf(keys[i], sizeof(keys[i]), "svshm-test-%ld-soak-%d",
			 (long)getpid(), i);
	}
}

int main(int argc, char **argv)
{
	double minutes = argc > 1 ? atof(argv[1]) : 1;

	seed = argc > 2 && *argv[2] ? strtoull(argv[2], NULL, 0) :
				      (uint64_t)time(NULL);
	state = seed;
	set_up();
	printf("soak: %g minutes, seed %llu\n", minutes,
	       (unsigned long long)seed);
	for (int i = 0; i < WORKERS; i++)
		hire(&workers[i]);
	run_for((int64_t)(minutes * 60000));
	dismiss_all();
	expect_nothing_left();
	printf("soak: seed %llu: %lu decisions, %lu kills, %lu stops, %lu "
	       "forced removals, %lu times in the lock, %lu owners died: %u "
	       "failures\n", (unsigned long long)seed, decision, kills, stops,
	       removals, board->works, board->owners_died, board->failures);
	return board->failures ? 1 : 0;
}
