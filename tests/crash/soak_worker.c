/* SPDX-License-Identifier: BSD-2-Clause */
#include <config.h>

#include "soak.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "qt/qt.h"

static struct svshm *handles[KEYS];
static uint64_t last_seen[KEYS];
static uint32_t own_name;

static int segment_of(int key)
{
	struct svshm *handle = handles[key];

	if (!svshm_is_attached(handle))
		return -1;
	return handle->qt ? handle->qt->segment_id :
			    handle->attachment->segment_id;
}

/* Names are given in ascending order; each tells the place of its bearer. */
static bool was_killed(uint32_t name)
{
	return name != 0 && name <= board->doomed[name % WORKERS];
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

void serve(uint32_t name, int requests, int answers)
{
	struct request request;
	struct answer answer;

	own_name = name;
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
