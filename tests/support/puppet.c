/* SPDX-License-Identifier: BSD-2-Clause */
#include <config.h>

#include "puppet.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "handle.h"
#include "key/key.h"
#include "memory/layout.h"
#include "kernel/process.h"
#include "qt/qt.h"
#include "kernel/semset.h"

#define PATIENCE_MS 60000

struct script {
	/* From the test. */
	const char *point; /* the puppet is a fork: it has the same pointers */
	int signal;
	actor_act *act;
	char key[128]; /* of a puppet that is used again */
	/* From the puppet. */
	bool attached;
	int segment_id;
	int mark;
};

/* In a puppet: its own. */
static struct script *script;

void *test_shared(size_t size)
{
	void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE,
			    MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	ck_assert_ptr_ne(memory, MAP_FAILED);
	return memory;
}

/* ---- The puppet's side --------------------------------------------------- */

static int segment_of(const struct svshm *handle)
{
	return handle->qt ? handle->qt->segment_id :
			    handle->attachment->segment_id;
}

static int act_script(struct svshm *handle)
{
	test_crash_at(script->point, script->signal, 1);
	int code = script->act(handle);
	test_crash_at(NULL, 0, 0);

	const int *data = svshm_const_data(handle);

	script->attached = data != NULL;
	script->segment_id = data ? segment_of(handle) : -1;
	script->mark = data ? *data : 0;
	return code;
}

int act_look(struct svshm *handle)
{
	return svshm_is_attached(handle) ? SVSHM_OK : SVSHM_NOT_ATTACHED;
}

int act_mark(struct svshm *handle)
{
	*(int *)svshm_data(handle) = PUPPET_MARK;
	return SVSHM_OK;
}

int act_recover(struct svshm *handle)
{
	return recover_leftovers(svshm_key(handle));
}

static int act_take_key(struct svshm *handle)
{
	return svshm_set_key(handle, script->key);
}

/* ---- The test's side ----------------------------------------------------- */

#define IDLE 4

static bool reuse;
static struct puppet idle[IDLE];
static int idle_count;

void puppet_reuse(void)
{
	reuse = true;
}

static bool take_idle(struct puppet *puppet, const char *key)
{
	if (!idle_count)
		return false;
	*puppet = idle[--idle_count];
	puppet->segment_id = -1;
	snprintf(puppet->script->key, sizeof(puppet->script->key), "%s", key);
	puppet_expect(puppet, act_take_key, SVSHM_OK);
	return true;
}

void puppet_start(struct puppet *puppet, const char *key)
{
	if (take_idle(puppet, key))
		return;
	memset(puppet, 0, sizeof(*puppet));
	puppet->segment_id = -1;
	script = test_shared(sizeof(*script));
	puppet->script = script;
	actor_enter(&puppet->actor, key);
	puppet->alive = true;
}

void puppet_arm(struct puppet *puppet, const char *point, int signal)
{
	puppet->script->point = point;
	puppet->script->signal = signal;
}

void puppet_begin(struct puppet *puppet, actor_act *act)
{
	puppet->script->act = act;
	actor_begin(&puppet->actor, act_script);
}

static int take_answer(struct puppet *puppet)
{
	const struct script *from = puppet->script;
	int code = actor_end(&puppet->actor);

	puppet_arm(puppet, NULL, 0);
	puppet->attached = from->attached;
	puppet->mark = from->mark;
	if (from->attached)
		puppet->segment_id = from->segment_id;
	return code;
}

static void bury(struct puppet *puppet)
{
	puppet->alive = false;
	puppet->attached = false;
	close(puppet->actor.orders);
	close(puppet->actor.results);
	munmap(puppet->script, sizeof(*puppet->script));
}

/* Whether it has stopped or ended, and how. */
static bool has_changed(struct puppet *puppet, int *code)
{
	int status;

	if (waitpid(puppet->actor.pid, &status, WNOHANG | WUNTRACED) <= 0)
		return false;
	if (WIFSTOPPED(status)) {
		*code = PUPPET_STOPPED;
		return true;
	}
	*code = WIFEXITED(status) && WEXITSTATUS(status) == 0 ? PUPPET_ENDED :
								PUPPET_DIED;
	bury(puppet);
	return true;
}

/*
 * Where that can't be seen, 200 ms without an answer must do; and who waits for
 * another's turn, outside any gate, looks again and again.
 */
static bool is_blocked(const struct puppet *puppet, int64_t since)
{
	int64_t waited = svshm__process_clock() - since;

	return test_is_blocked(puppet->actor.pid) || waited > 3000 ||
	       (access("/proc/self/wchan", R_OK) < 0 && waited > 200);
}

static int await(struct puppet *puppet, bool or_block)
{
	struct pollfd wanted = { puppet->actor.results, POLLIN, 0 };
	int64_t since = svshm__process_clock();
	int code;

	while (svshm__process_clock() < since + PATIENCE_MS) {
		if (poll(&wanted, 1, 1) > 0 && (wanted.revents & POLLIN))
			return take_answer(puppet);
		if (has_changed(puppet, &code))
			return code;
		if (or_block && is_blocked(puppet, since))
			return PUPPET_BLOCKED;
	}
	puppet_kill(puppet);
	ck_abort_msg("gave up waiting for a puppet's act to end");
}

int puppet_end(struct puppet *puppet)
{
	return await(puppet, false);
}

int puppet_end_or_block(struct puppet *puppet)
{
	return await(puppet, true);
}

int puppet_do(struct puppet *puppet, actor_act *act)
{
	puppet_begin(puppet, act);
	return puppet_end(puppet);
}

const char *puppet_answer_string(int answer)
{
	switch (answer) {
	case PUPPET_STOPPED:
		return "stopped";
	case PUPPET_BLOCKED:
		return "blocked";
	case PUPPET_ENDED:
		return "ended";
	case PUPPET_DIED:
		return "died";
	}
	return svshm_strerror(answer);
}

void puppet_check(const struct puppet *puppet, int got, int expected,
		  const char *act, int line)
{
	ck_assert_msg(got == expected,
		      "line %d: %s: %d (%s), expected %d (%s): %s", line, act,
		      got, puppet_answer_string(got), expected,
		      puppet_answer_string(expected), puppet->actor.message);
}

void puppet_continue(struct puppet *puppet)
{
	kill(puppet->actor.pid, SIGCONT);
}

void puppet_kill(struct puppet *puppet)
{
	test_kill(puppet->actor.pid);
	bury(puppet);
}

void puppet_leave(struct puppet *puppet)
{
	if (!puppet->alive)
		return;
	if (puppet->attached)
		puppet_expect(puppet, svshm_detach, SVSHM_OK);
	if (reuse && idle_count < IDLE)
		idle[idle_count++] = *puppet;
	else
		actor_vanish(&puppet->actor);
	puppet->alive = false;
}

/* ---- What is left -------------------------------------------------------- */

static bool has_name(int set_id, unsigned name_hash)
{
	unsigned tag;

	return svshm__semset_value(set_id, SVSHM__SEM_TAG, &tag, NULL) == 0 &&
	       tag == svshm__tag(name_hash);
}

struct leftovers {
	const char *native_key;
	unsigned name_hash;
	unsigned sets;
	int code;
};

/* Where no header and no key file tell the name, the set's mark must do. */
static bool is_of(const struct svshm_object *object,
		  const struct leftovers *leftovers)
{
	if (object->native_key)
		return strcmp(object->native_key, leftovers->native_key) == 0;
	return has_name(object->semaphore_id, leftovers->name_hash);
}

static int recover_ours(const struct svshm_object *object, void *context)
{
	struct leftovers *leftovers = context;

	if (is_of(object, leftovers))
		leftovers->code = svshm_recover(object, NULL);
	return 0;
}

static int count_ours(const struct svshm_object *object, void *context)
{
	struct leftovers *leftovers = context;

	leftovers->sets += object->semaphore_id >= 0 &&
			   is_of(object, leftovers);
	return 0;
}

static struct leftovers scan_for(const char *key, svshm_visit *visit)
{
	struct svshm *handle = test_new(key);
	const char *path = svshm_native_key(handle);
	struct leftovers leftovers = { path, svshm__key_name_hash(path), 0,
				       SVSHM_NOT_FOUND };

	int code = svshm_scan(0, visit, &leftovers);

	if (code)
		leftovers.code = code;
	leftovers.native_key = NULL;
	svshm_free(handle);
	return leftovers;
}

int recover_leftovers(const char *key)
{
	return scan_for(key, recover_ours).code;
}

unsigned count_sets(const char *key)
{
	struct leftovers leftovers = scan_for(key, count_ours);

	ck_assert_int_eq(leftovers.code, SVSHM_NOT_FOUND);
	return leftovers.sets;
}
