/* SPDX-License-Identifier: BSD-2-Clause */
/* A header, which can be any bytes: checked against what the kernel says. */
#include <config.h>

#include "object/judge.h"

#include <string.h>

#include "base/atomic.h"

/* LENGTH bytes and a NUL at OFFSET, between the header and the data. */
static bool string_fits(const char *segment, uint32_t offset, uint32_t length,
			uint64_t data_offset)
{
	return offset >= sizeof(struct svshm__header) &&
	       (uint64_t)offset + length + 1 <= data_offset &&
	       segment[offset + length] == '\0';
}

/* HEADER is a copy, SEGMENT what may change at any moment. */
static bool copy_checked(const struct svshm__header *header,
			 const char *segment, uint64_t segment_size,
			 struct svshm__view *view)
{
	uint32_t path_offset = header->path_offset;
	uint32_t path_length = header->path_length;
	size_t page = svshm__page_size();

	view->segment_size = header->segment_size;
	view->data_offset = header->data_offset;
	view->data_size = header->data_size;
	view->key_file.device = header->device;
	view->key_file.inode = header->inode;
	view->key_file.directory_device = header->directory_device;
	view->key_file.directory_inode = header->directory_inode;
	view->project = header->project;
	view->flags = header->flags;
	view->slots_offset = header->slots_offset;
	view->slot_count = header->slot_count;
	view->key_offset = header->key_offset;
	view->key_length = header->key_length;
	view->lock_engine = header->lock_engine;
	view->create_time = header->create_time;
	view->registrations = header->registrations;
	view->departures = header->departures;
	view->set_id = header->set_id;
	view->set_change_time = header->set_change_time;
	view->bequeathed = svshm__load(&header->bequeathed) != 0;
	view->retired = svshm__load(&header->retired) != SVSHM__LIVE;
	view->slots_used = view->registrations < view->slot_count ?
		(uint32_t)view->registrations : view->slot_count;
	view->lock_word = svshm__load(&header->lock_word);
	view->inconsistent = svshm__load(&header->inconsistent) != 0;

	if (view->segment_size > segment_size ||
	    view->data_offset > view->segment_size ||
	    view->data_offset < sizeof(*header) ||
	    view->data_offset % page != 0 || view->data_size == 0 ||
	    view->data_size > view->segment_size - view->data_offset)
		return false;
	if (view->slots_offset < sizeof(*header) ||
	    view->slots_offset % 8 != 0 || view->slot_count == 0 ||
	    view->slot_count > SVSHM__SLOT_SEMAPHORES_MAX *
				       SVSHM__SLOTS_PER_SEMAPHORE ||
	    view->slots_offset + (uint64_t)view->slot_count *
				       sizeof(struct svshm__slot) >
		    view->data_offset)
		return false;
	if (path_length >= sizeof(view->path) ||
	    !string_fits(segment, path_offset, path_length,
			 view->data_offset) ||
	    !string_fits(segment, view->key_offset, view->key_length,
			 view->data_offset))
		return false;
	memcpy(view->path, segment + path_offset, path_length);
	view->path[path_length] = '\0';
	return view->path[0] == '/';
}

enum svshm__header_state svshm__header_read(const void *segment,
					    uint64_t segment_size,
					    struct svshm__view *view)
{
	struct svshm__header header;

	if (segment_size < sizeof(header))
		return SVSHM__HEADER_FOREIGN;

	uint32_t magic = svshm__load(
		&((const struct svshm__header *)segment)->magic);

	if (magic == 0)
		return SVSHM__HEADER_UNPUBLISHED;
	if (magic != SVSHM__MAGIC)
		return SVSHM__HEADER_FOREIGN;

	/* Copied once, then checked: it may change between a check and a use. */
	svshm__copy_words(&header, segment, sizeof(header));
	if (header.byte_order == SVSHM__BYTE_ORDER_SWAPPED)
		return SVSHM__HEADER_INCOMPATIBLE;
	if (header.byte_order != SVSHM__BYTE_ORDER)
		return SVSHM__HEADER_CORRUPT;
	/* A version of ours that is to come, or any bytes. */
	if (header.format != SVSHM__FORMAT)
		return header.format <= SVSHM__FORMAT_PLAUSIBLE ?
			SVSHM__HEADER_INCOMPATIBLE : SVSHM__HEADER_CORRUPT;
	if (header.header_size != sizeof(header))
		return SVSHM__HEADER_CORRUPT;
	if (!copy_checked(&header, segment, segment_size, view))
		return SVSHM__HEADER_CORRUPT;
	return SVSHM__HEADER_VALID;
}
