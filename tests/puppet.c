/* SPDX-License-Identifier: BSD-2-Clause */
#include <config.h>

#include "puppet.h"

#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "handle.h"
#include "process.h"

#define PATIENCE_MS 60000

struct script {
	/* From the test. */
	const char *point; /* the puppet is a fork: it has the same pointers */
	int signal;
	actor_act *act;
	int known_set;
	/* From the puppet. */
	bool attached;
	int segment_id, set_id;
	int mark;
};

/* In a puppet: its own. */
static struct script *script;

/* ---- The puppet's side ------------------------------------------------------- */

static int act_script(struct svshm *handle)
{
	test_crash_at(script->point, script->signal, 1);
	int code = script->act(handle);
	test_crash_at(NULL, 0, 0);

	const int *data = svshm_const_data(handle);

	script->attached = data != NULL;
	script->segment_id = data ? handle->attachment->segment_id : -1;
	script->set_id = data ? handle->attachment->set_id : -1;
	script->mark = data ? *data : 0;
	return code;
}

int act_exit(struct svshm *handle)
{
	(void)handle;
	exit(0);
}

int act_mark(struct svshm *handle)
{
	*(int *)svshm_data(handle) = PUPPET_MARK;
	return SVSHM_OK;
}

struct leftovers {
	const char *native_key;
	int code;
};

static int recover_if_known(const struct svshm_object *object, void *context)
{
	struct leftovers *leftovers = context;

	if (object->native_key ?
	    strcmp(object->native_key, leftovers->native_key) == 0 :
	    object->semaphore_id >= 0 &&
	    object->semaphore_id == script->known_set)
		leftovers->code = svshm_recover(object, NULL);
	return 0;
}

int act_recover(struct svshm *handle)
{
	struct leftovers leftovers = { svshm_native_key(handle),
				       SVSHM_NOT_FOUND };
	int code = svshm_scan(0, recover_if_known, &leftovers);

	return code ? code : leftovers.code;
}

/* ---- The test's side --------------------------------------------------------- */

void puppet_start(struct puppet *puppet, const char *key)
{
	memset(puppet, 0, sizeof(*puppet));
	puppet->segment_id = -1;
	puppet->set_id = -1;
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
	puppet->script->known_set = puppet->set_id;
	actor_begin(&puppet->actor, act_script);
}

static int take_answer(struct puppet *puppet)
{
	const struct script *from = puppet->script;
	int code = actor_end(&puppet->actor);

	puppet_arm(puppet, NULL, 0);
	puppet->attached = from->attached;
	puppet->mark = from->mark;
	if (from->attached) {
		puppet->segment_id = from->segment_id;
		puppet->set_id = from->set_id;
	}
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

/* Where that can't be seen, 200 ms without an answer must do. */
static bool is_blocked(const struct puppet *puppet, int64_t since)
{
	return test_is_blocked(puppet->actor.pid) ||
	       (access("/proc/self/wchan", R_OK) < 0 &&
		svshm__process_clock() > since + 200);
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

void puppet_check(const struct puppet *puppet, int got, int expected,
		  const char *act, int line)
{
	ck_assert_msg(got == expected,
		      "line %d: %s: %d (%s), expected %d (%s): %s", line, act,
		      got, svshm_strerror(got), expected,
		      svshm_strerror(expected), puppet->actor.message);
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
	actor_vanish(&puppet->actor);
	puppet->alive = false;
}
