/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * P1 to P5 under an administrator: each part of an object is removed, replaced,
 * or changed from outside, before and after each system call of an operation that
 * others may notice. Then others come. Whoever was in the middle goes on, or dies.
 *
 * In the Qt layout less can be told: there is no header, and a set of one
 * semaphore. What holds there all the same: nobody is told that all had died whose
 * memory he shares, nobody fails without a reason or waits for ever, and in the
 * end the name can be used. See also check_qt_bad.c.
 */
#include <config.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/stat.h>
#include <unistd.h>

#include "foreign.h"
#include "key/key.h"
#include "memory/layout.h"
#include "qt/key.h"
#include "qtwire.h"
#include "scene.h"
#include "kernel/semun.h"
#include "tracer.h"

/* ---- What he does ------------------------------------------------------------- */

/* The object as he finds it. */
static struct {
	char *path, *lock_path; /* lock_path: Qt's */
	key_t key, lock_key;
	int set_id, segment_id; /* -1: there is none now */
} there;

/* What he, or another program, has made in their place; -1: nothing. */
static struct made {
	int set, segment;
} *made;

static void look_there(const char *key)
{
	struct svshm *handle = svshm_new(key);
	bool qt = in_qt_world();
	int project = qt ? SVSHM__QT_PROJECT : SVSHM__PROJECT_FIRST;

	free(there.path);
	free(there.lock_path);
	there.path = qt ? qt_segment_path(key) :
			  strdup(svshm_native_key(handle));
	there.lock_path = qt ? qt_lock_path(key) : strdup(there.path);
	svshm_free(handle);
	there.key = ftok(there.path, project);
	there.lock_key = ftok(there.lock_path, project);
	made->set = made->segment = -1;
	there.set_id = there.lock_key == (key_t)-1 ? -1 :
		semget(there.lock_key, 0, 0);
	there.segment_id = there.key == (key_t)-1 ? -1 :
		shmget(there.key, 0, 0);
}

static void remove_set(int unused)
{
	(void)unused;
	semctl(there.set_id, 0, IPC_RMID);
}

static void replace_set(int unused)
{
	remove_set(unused);
	if (there.set_id >= 0)
		made->set = semget(there.lock_key, 7,
					IPC_CREAT | IPC_EXCL | 0666);
}

static void touch_set(int unused)
{
	struct semid_ds status;
	union semun argument = { .buf = &status };

	(void)unused;
	if (semctl(there.set_id, 0, IPC_STAT, argument) == 0)
		semctl(there.set_id, 0, IPC_SET, argument);
}

/* As Qt's create() does, whoever owns the lock. */
static void free_lock(int value)
{
	union semun argument = { .val = value };

	semctl(there.set_id, 0, SETVAL, argument);
}

static void reset_one(int semaphore)
{
	union semun argument = { .val = 0 };

	semctl(there.set_id, semaphore, SETVAL, argument);
}

static void reset_all(int zeros)
{
	static unsigned short values[SVSHM__SEMAPHORES_MAX];
	union semun argument = { .array = values };

	memset(values, 0, sizeof(values));
	if (!zeros)
		semctl(there.set_id, 0, GETALL, argument);
	semctl(there.set_id, 0, SETALL, argument);
}

static void remove_segment(int unused)
{
	(void)unused;
	shmctl(there.segment_id, IPC_RMID, NULL);
}

static void replace_segment(int unused)
{
	remove_segment(unused);
	if (there.segment_id >= 0)
		made->segment = shmget(there.key, 5000,
				       IPC_CREAT | IPC_EXCL | 0600);
}

static void touch_segment(int unused)
{
	struct shmid_ds status;

	(void)unused;
	if (shmctl(there.segment_id, IPC_STAT, &status) == 0)
		shmctl(there.segment_id, IPC_SET, &status);
}

static void remove_file(int unused)
{
	(void)unused;
	unlink(there.path);
}

static void replace_file(int unused)
{
	FILE *file;

	remove_file(unused);
	file = fopen(there.path, "w");
	if (file)
		fclose(file);
}

static void remove_lock_file(int unused)
{
	(void)unused;
	unlink(there.lock_path);
}

static void replace_lock_file(int unused)
{
	FILE *file;

	remove_lock_file(unused);
	file = fopen(there.lock_path, "w");
	if (file)
		fclose(file);
}

/* Moved away, so that the test can put it back. */
static const char *moved_directory(void)
{
	static char moved[4096];

	snprintf(moved, sizeof(moved), "%s.moved", test_directory());
	return moved;
}

static void replace_directory(int unused)
{
	const char *directory = test_directory();
	const char *moved = moved_directory();

	(void)unused;
	child_assert(rename(directory, moved) == 0);
	child_assert(mkdir(directory, 0700) == 0);
}

static const struct deed {
	const char *name;
	void (*act)(int argument);
	int argument;
} deeds[] = {
	{ "set removed", remove_set, 0 },
	{ "set replaced", replace_set, 0 },
	{ "set touched", touch_set, 0 },
	{ "tag to 0", reset_one, SVSHM__SEM_TAG },
	{ "children to 0", reset_one, SVSHM__SEM_CHILDREN },
	{ "gate to 0", reset_one, SVSHM__SEM_GATE },
	{ "lock to 0", reset_one, SVSHM__SEM_LOCK },
	{ "slots to 0", reset_one, SVSHM__SEM_SLOTS },
	{ "all to 0", reset_all, 1 },
	{ "all to the same", reset_all, 0 },
	{ "segment removed", remove_segment, 0 },
	{ "segment replaced", replace_segment, 0 },
	{ "segment touched", touch_segment, 0 },
	{ "key file removed", remove_file, 0 },
	{ "key file replaced", replace_file, 0 },
	{ "key directory replaced", replace_directory, 0 },
};

#define DEEDS (int)(sizeof(deeds) / sizeof(*deeds))

/* A value of 0 is not among them: it means that somebody owns the lock. */
static const struct deed qt_deeds[] = {
	{ "set removed", remove_set, 0 },
	{ "set replaced", replace_set, 0 },
	{ "set touched", touch_set, 0 },
	{ "lock freed", free_lock, 1 },
	{ "segment removed", remove_segment, 0 },
	{ "segment replaced", replace_segment, 0 },
	{ "segment touched", touch_segment, 0 },
	{ "key file removed", remove_file, 0 },
	{ "key file replaced", replace_file, 0 },
	{ "lock's key file removed", remove_lock_file, 0 },
	{ "lock's key file replaced", replace_lock_file, 0 },
};

#define QT_DEEDS (int)(sizeof(qt_deeds) / sizeof(*qt_deeds))

/* ---- In the middle of what ------------------------------------------------------- */

static const struct scene {
	enum ground ground;
	enum role victim, company;
	actor_act *act;
} scenes[] = {
	{ NOTHING, OUTSIDE, ABSENT, act_create },
	{ ORPHAN, OUTSIDE, ABSENT, act_create },
	{ ORPHAN, OUTSIDE, ABSENT, act_attach },
	{ LIVE, OUTSIDE, ATTACHED, act_attach },
	{ LIVE, OUTSIDE, OWNER, act_attach },
	{ LIVE, ATTACHED, ABSENT, svshm_detach },
	{ LIVE, ATTACHED, OWNER, svshm_detach },
	{ LIVE, ATTACHED, ABSENT, act_exit },
	{ LIVE, ATTACHED, ATTACHED, svshm_lock },
	{ LIVE, OWNER, WAITER, svshm_unlock },
};

#define SCENES (int)(sizeof(scenes) / sizeof(*scenes))

/* In the Qt layout, who attaches waits for the lock: if nobody keeps it. */
static bool is_possible(const struct scene *scene)
{
	return !in_qt_world() || (scene->victim != OWNER &&
				  scene->company != OWNER &&
				  scene->act != svshm_lock);
}

enum fate { GOES_ON, DIES, FATES };

static struct {
	const struct world *world;
	const struct scene *scene;
	const struct deed *deed;
	enum fate fate;
	const char *key;
	struct tracer tracer;
	struct puppet victim, company, comer, maker;
	bool victim_told, company_owns;
	int came, locked, made; /* codes */
} now;

#define CASE "%s; ground %d; %s at %s (company %d): %s; then it %s; attach " \
	     "%d, lock %d, create %d: "
#define CASE_VALUES \
	now.world->name, (int)now.scene->ground, act_name(now.scene->act), \
	now.tracer.where, (int)now.scene->company, now.deed->name, \
	now.fate == DIES ? "dies" : "goes on", now.came, now.locked, now.made

#define expect(condition) \
	ck_assert_msg((condition), CASE "not so: %s", CASE_VALUES, #condition)

static void set_scene(void)
{
	const struct scene *scene = now.scene;
	bool first = scene->ground == LIVE;

	memset(&now.victim, 0, sizeof(now.victim));
	now.key = test_key("admin");
	now.came = now.locked = now.made = 0;
	ground_make(now.key, scene->ground);
	role_come(&now.company, now.key, scene->company, first);
	role_come(&now.victim, now.key, scene->victim,
		  first && scene->company == ABSENT);
	role_come(&now.comer, now.key, OUTSIDE, false);
	role_come(&now.maker, now.key, OUTSIDE, false);
	role_lock(&now.victim, scene->victim);
	role_lock(&now.company, scene->company);
	now.company_owns = scene->company == OWNER;
	now.tracer.shared_only = true;
	now.tracer.may_sleep = scene->act == svshm_lock;
	now.tracer.stop = TRACER_ENTRY;
	holes_open(now.key);
	tracer_begin(&now.tracer, &now.victim, scene->act);
}

/* On to the Nth stop; false: it ends before. */
static bool go_to_stop(unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		enum tracer_stop stop = tracer_next(&now.tracer);

		if (stop == TRACER_ENDED)
			return false;
		if (stop == TRACER_ASLEEP)
			return i + 1 == n;
	}
	return true;
}

static bool lives_with(const struct puppet *puppet, int segment_id)
{
	return puppet->alive && puppet->attached &&
	       puppet->segment_id == segment_id;
}

/*
 * Somebody comes; he may have to wait for the one who stands there. He is not to
 * be told that all had died whose memory he shares, nor get their lock.
 */
static void expect_newcomer_honest(void)
{
	bool victim_in = now.scene->victim != OUTSIDE &&
			 lives_with(&now.victim, now.comer.segment_id);

	expect(now.came == SVSHM_OK || now.came == SVSHM_ORPHANED ||
	       now.came < 0);
	expect(now.came != SVSHM_UNKNOWN_ERROR);
	/* Who stands there, about to change it, is waited for. */
	expect(now.came != SVSHM_TIMED_OUT ||
	       strstr(now.comer.actor.message, "is changing the object"));
	if (now.came == SVSHM_ORPHANED) {
		expect(!lives_with(&now.company, now.comer.segment_id));
		expect(!victim_in || now.scene->act == act_exit ||
		       now.scene->act == svshm_detach || now.fate == DIES);
	}
	/* In the Qt layout who comes next would have to wait for it. */
	if (now.came < 0 || in_qt_world())
		return;
	now.locked = puppet_do(&now.comer, svshm_trylock);
	if (now.company_owns &&
	    lives_with(&now.company, now.comer.segment_id))
		expect(now.locked < 0);
}

static void let_victim_end(void)
{
	if (now.fate == DIES) {
		tracer_kill(&now.tracer);
	} else {
		tracer_release(&now.tracer);
		/* It may wait for a lock whose owner is the company. */
		if (puppet_end_or_block(&now.victim) == PUPPET_BLOCKED)
			puppet_kill(&now.victim);
	}
}

/* By a program that ends, as ipcrm(1) does. */
static int do_the_deed(void *unused)
{
	(void)unused;
	now.deed->act(now.deed->argument);
	return 0;
}

static void play_on(void)
{
	int code;

	look_there(now.key);
	ck_assert_int_eq(test_wait(test_fork(do_the_deed, NULL)), 0);
	puppet_begin(&now.comer, act_attach);
	code = puppet_end_or_block(&now.comer);
	if (code != PUPPET_BLOCKED) {
		now.came = code;
		expect_newcomer_honest();
	}
	let_victim_end();
	if (code == PUPPET_BLOCKED) {
		now.came = puppet_end(&now.comer);
		expect_newcomer_honest();
	}
	now.made = puppet_do(&now.maker, act_create);
	if (in_qt_world())
		expect(now.made != SVSHM_UNKNOWN_ERROR &&
		       now.made != SVSHM_TIMED_OUT);
	else
		expect(now.made >= 0 || now.made == SVSHM_ALREADY_EXISTS ||
		       now.made == SVSHM_KEY_ERROR);
}

/* ---- The end ---------------------------------------------------------------------- */

static void let_go(struct puppet *puppet)
{
	if (puppet->alive)
		puppet_kill(puppet);
}

static void put_back(void)
{
	if (made->set >= 0)
		semctl(made->set, 0, IPC_RMID);
	if (made->segment >= 0)
		shmctl(made->segment, IPC_RMID, NULL);
}

/* In the Qt layout nothing but the key files leads to the rest. */
static void remove_unreachable(void)
{
	void (*act)(int) = now.deed->act;

	if (act == remove_file || act == replace_file)
		remove_segment(0);
	if (act == remove_lock_file || act == replace_lock_file)
		remove_set(0);
}

/*
 * All have gone. The name can be used, and then nothing is left, but for a set
 * alone that somebody has reset: without a tag it could be anybody's.
 */
static void check_the_end(void)
{
	struct puppet last;
	bool reset = now.deed->act == reset_one || now.deed->act == reset_all;

	let_go(&now.company);
	let_go(&now.comer);
	let_go(&now.victim);
	let_go(&now.maker);
	put_back();
	memset(&last, 0, sizeof(last));
	puppet_start(&last, now.key);
	now.made = puppet_do(&last, act_create);
	expect(now.made >= 0);
	puppet_leave(&last);
	recover_leftovers(now.key);
	if (in_qt_world()) {
		remove_unreachable();
		expect(qt_nothing_left(now.key));
		return;
	}
	if (reset && there.set_id >= 0)
		semctl(there.set_id, 0, IPC_RMID);
	if (now.deed->act == replace_directory) {
		rmdir(test_directory());
		rename(moved_directory(), test_directory());
		recover_leftovers(now.key);
		unlink(there.path);
	}
	expect(test_nothing_left(now.key));
}

static bool play(unsigned stop)
{
	set_scene();
	if (!go_to_stop(stop)) {
		now.victim.alive = now.scene->act != act_exit;
		if (now.victim.alive)
			tracer_kill(&now.tracer);
		let_go(&now.company);
		let_go(&now.comer);
		let_go(&now.maker);
		recover_leftovers(now.key);
		return false;
	}
	play_on();
	check_the_end();
	return true;
}

START_TEST(admin_at_each_system_call)
{
	unsigned number = 0;

	now.scene = &scenes[_i / DEEDS % SCENES];
	now.world = &worlds[_i / DEEDS / SCENES];
	if (!row_wanted(_i) || !tracer_permitted() || !now.world->enter() ||
	    !is_possible(now.scene) ||
	    (in_qt_world() && _i % DEEDS >= QT_DEEDS))
		return;
	now.deed = in_qt_world() ? &qt_deeds[_i % DEEDS] : &deeds[_i % DEEDS];
	made = test_shared(sizeof(*made));
	for (unsigned stop = 1;; stop++) {
		bool there_is = true;

		for (int fate = GOES_ON; fate < FATES && there_is; fate++) {
			now.fate = (enum fate)fate;
			if (!case_wanted(number++))
				continue;
			case_begin();
			there_is = play(stop);
			case_end(there_is);
		}
		if (!there_is || stop > 200)
			break;
	}
}
END_TEST

static Suite *make_suite(void)
{
	Suite *suite = suite_create("administrator");
	TCase *tests = tcase_create("admin");

	suite_add_tcase(suite, tests);
	tcase_set_timeout(tests, 600);
	qt_use_directory();
	tcase_add_loop_test(tests, admin_at_each_system_call, 0,
			    world_count * SCENES * DEEDS);
	return suite;
}

int main(void)
{
	int result;

	cases_open("an administrator at system calls", 7, 9);
	result = test_main(make_suite);
	cases_print();
	return result;
}
