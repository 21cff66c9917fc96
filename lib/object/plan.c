/* SPDX-License-Identifier: BSD-2-Clause */
/* Steps 9 and 10 of create: what the segment will look like, and its header. */
#include <config.h>

#include "object/plan.h"

#include <string.h>

#include "base/atomic.h"
#include "base/crashpoint.h"
#include "kernel/process.h"
#include "lock/lock.h"

/* In huge pages, all begins and ends with one: see memory/pages.c. */
static bool plan_sizes(struct svshm__plan *plan, size_t used, size_t size, size_t page)
{
	struct svshm__view *view = &plan->view;
	size_t room = (used + page - 1) / page * page;
	size_t rest = page > svshm__page_size() ? (page - size % page) % page :
						  0;

	view->data_offset = room;
	view->data_size = size;
	if (size > SIZE_MAX - room || rest > SIZE_MAX - room - size)
		return false;
	plan->total = room + size + rest;
	view->segment_size = plan->total;
	return true;
}

/* Does MODE let a class read, and not write? */
static uint32_t observers_flag(mode_t mode)
{
	unsigned bits = mode, writers = (bits & 0022) << 1;

	return bits & 0044 & ~writers ? SVSHM__FLAG_OBSERVERS : 0;
}

int svshm__plan_make(const struct svshm__operation *operation,
		     struct svshm__plan *plan, size_t page)
{
	struct svshm__view *view = &plan->view;
	const struct svshm *handle = operation->handle;

	memset(view, 0, offsetof(struct svshm__view, path));
	plan->key = handle->native || !handle->key ? "" : handle->key;
	plan->key_size = strlen(plan->key) + 1;
	plan->path_size = strlen(operation->file.path) + 1;
	if (plan->path_size > sizeof(view->path))
		return svshm__error_set(operation->error, SVSHM_KEY_ERROR,
					"the path of the key file is too long");
	memcpy(view->path, operation->file.path, plan->path_size);

	/* The names before the table: so the first page is often the only
	   one of the header that is ever touched. */
	size_t used = sizeof(struct svshm__header) + plan->path_size +
		      plan->key_size;

	view->slots_offset = (uint32_t)((used + 63) / 64 * 64);
	view->slot_count =
		svshm__slot_capacity(operation->evidence.set.status.count);
	used = view->slots_offset +
	       view->slot_count * sizeof(struct svshm__slot);
	view->flags = svshm__pages_flags(page) |
		      observers_flag(operation->handle->mode);
	view->lock_engine = svshm__lock_engine_of_new;
	view->key_file = operation->file.identity;
	if (!plan_sizes(plan, used, operation->size, page))
		return svshm__error_set(operation->error, SVSHM_INVALID_SIZE,
					"%zu bytes are more than the address "
					"space has",
					operation->size);
	return SVSHM_OK;
}

void svshm__plan_publish(const struct svshm__operation *operation,
			 const struct svshm__plan *plan, char *segment)
{
	struct svshm__header *header = (void *)segment;
	const struct svshm__view *view = &plan->view;

	header->byte_order = SVSHM__BYTE_ORDER;
	header->format = SVSHM__FORMAT;
	header->header_size = sizeof(*header);
	header->segment_size = view->segment_size;
	header->data_offset = view->data_offset;
	header->data_size = view->data_size;
	header->device = view->key_file.device;
	header->inode = view->key_file.inode;
	header->directory_device = view->key_file.directory_device;
	header->directory_inode = view->key_file.directory_inode;
	header->set_id = operation->evidence.set.id;
	header->set_change_time = operation->evidence.set.status.change_time;
	header->project = (uint32_t)operation->project;
	header->flags = view->flags |
			(operation->file.native ? 0 : SVSHM__FLAG_KEY_FILE);
	header->slots_offset = view->slots_offset;
	header->slot_count = view->slot_count;
	header->path_offset = sizeof(*header);
	header->path_length = (uint32_t)plan->path_size - 1;
	header->key_offset = header->path_offset + (uint32_t)plan->path_size;
	header->key_length = (uint32_t)plan->key_size - 1;
	header->create_time = svshm__process_time();
	header->maker_pid = header->turn_pid;
	header->lock_engine = view->lock_engine;
	memcpy(segment + header->path_offset, view->path, plan->path_size);
	memcpy(segment + header->key_offset, plan->key, plan->key_size);
	CRASHPOINT("create:before magic");
	svshm__store(&header->magic, SVSHM__MAGIC);
}
