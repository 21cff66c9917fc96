/* SPDX-License-Identifier: BSD-2-Clause */
#include <config.h>

#include "changes.h"

#include <sched.h>

#include "handle.h"
#include "kernel/futex.h"
#include "lock/notify.h"
#include "memory/layout.h"

#define HOUR (3600 * TEST_SECOND)

bool choose_world(int number)
{
	if (number == WITHOUT_FUTEX)
		svshm__futex_usable = 0;
	else
		svshm__wait_look_interval = HOUR;
	return number == WITHOUT_FUTEX || svshm__futex_usable;
}

int act_wait(struct svshm *handle)
{
	uint32_t seen = svshm_changes(handle);

	return svshm_wait(handle, &seen, SVSHM_FOREVER);
}

/* For the change after the Nth: 0, with what it has seen in the data. */
static int wait_beyond(struct svshm *handle, uint32_t count)
{
	uint32_t seen = count;
	int code = svshm_wait(handle, &seen, SVSHM_FOREVER);

	if (code)
		return code;
	return seen == count ? 1000 : *(const int *)svshm_const_data(handle);
}

int act_wait_beyond_0(struct svshm *handle)
{
	return wait_beyond(handle, 0);
}

int act_wait_beyond_1(struct svshm *handle)
{
	return wait_beyond(handle, 1);
}

int act_write_and_notify(struct svshm *handle)
{
	*(volatile int *)svshm_data(handle) = PUPPET_MARK;
	return svshm_notify(handle);
}

uint32_t *changes_of(struct svshm *handle)
{
	struct svshm__header *header = handle->attachment->base[handle->access];

	return &header->changes;
}

uint32_t word_of(struct svshm *handle)
{
	return svshm__load(changes_of(handle));
}

void await_sleepers(struct svshm *handle)
{
	int64_t end = test_now() + 30 * TEST_SECOND;

	while (svshm__futex_usable &&
	       !(word_of(handle) & SVSHM__CHANGE_SLEEPERS)) {
		ck_assert_int_lt(test_now(), end);
		sched_yield();
	}
}

int act_create_0644(struct svshm *handle)
{
	svshm_set_mode(handle, 0644);
	return act_create(handle);
}
