/* SPDX-License-Identifier: BSD-2-Clause */
#include <config.h>

#include "storm.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

#include "base/atomic.h"
#include "handle.h"
#include "outside.h"

static uint32_t state;

void draw_from(uint32_t from)
{
	state = from;
}

uint32_t draw(uint32_t limit)
{
	state ^= state << 13;
	state ^= state >> 17;
	state ^= state << 5;
	return state % limit;
}

void count(uint32_t *counter)
{
	svshm__add(counter, 1);
}

static void report(const char *what, long a, long b)
{
	if (svshm__exchange_if(&board->failed, 0, 1))
		snprintf(board->failure, sizeof(board->failure),
			 "%s: %ld, %ld", what, a, b);
	svshm__store(&board->stop, 1);
}

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
 * the same visit, has it attached all the time. If he has it mapped still, he
 * lived as we were told.
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

void work(int me, bool observer, unsigned generation)
{
	struct svshm *handles[NAMES];

	draw_from(seed * 2654435761u + (uint32_t)me * 40503u + generation +
		  1);
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
