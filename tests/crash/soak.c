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
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <time.h>
#include <unistd.h>

#include "kernel/process.h"
#include "soak.h"

#define ROUND 400 /* decisions between two looks at everybody */

struct board *board;
char keys[KEYS][64];
static char directory[64]; /* of Qt's key files */

static uint64_t seed, state;
static unsigned long decision, stops, removals;

void fail(const char *format, ...)
{
	va_list arguments;

	board->failures++;
	va_start(arguments, format);
	printf("FAIL: process %ld: ", (long)getpid());
	vprintf(format, arguments);
	printf("\n");
	va_end(arguments);
}

struct svshm *handle_for(int key)
{
	struct svshm *handle = svshm_new(keys[key]);

	if (!handle || (key == QT_KEY &&
			svshm_set_layout(handle, SVSHM_LAYOUT_QT) < 0)) {
		fail("no handle");
		exit(99);
	}
	return handle;
}

int recover(const struct svshm_object *object, void *context)
{
	(void)context;
	svshm_recover(object, NULL);
	return 0;
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

/* splitmix64 */
static unsigned decide(unsigned below)
{
	uint64_t z = (state += 0x9e3779b97f4a7c15u);

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return (unsigned)((z ^ (z >> 31)) % below);
}

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
		/* What is done here must not wait for somebody stopped. */
		let_all_go_on();
		remove_part(key, what & 1);
	} else if (what < 77) {
		delete_key_file(key);
	} else {
		act(worker);
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
