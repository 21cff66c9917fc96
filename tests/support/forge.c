/* SPDX-License-Identifier: BSD-2-Clause */
#include <config.h>

#include "forge.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/shm.h>
#include <sys/stat.h>

#include "handle.h"
#include "key/key.h"
#include "memory/mapping.h"

struct svshm__header *header_of(struct svshm *handle)
{
	return handle->attachment->base[handle->access];
}

/* A handle's mapping, if there is one: a second is not possible everywhere. */
static struct svshm__header *borrowed;

struct svshm__header *map_header(int segment_id)
{
	void *address;
	struct svshm__attachment *attachment =
		svshm__attachment_borrow(segment_id, &address);

	if (attachment) {
		svshm__mapping_release(attachment, SVSHM_READ_ONLY);
		borrowed = address;
		return borrowed;
	}
	address = shmat(segment_id, NULL, 0);
	ck_assert(address != (void *)-1);
	return address;
}

void unmap_header(struct svshm__header *header)
{
	if (header != borrowed)
		ck_assert_int_eq(shmdt(header), 0);
	borrowed = NULL;
}

void forge_path(struct svshm__header *header, const char *path)
{
	size_t length = strlen(path);
	char directory[4096];
	struct stat status;

	ck_assert_int_eq(stat(path, &status), 0);
	header->device = (uint64_t)status.st_dev;
	header->inode = (uint64_t)status.st_ino;
	snprintf(directory, sizeof(directory), "%.*s",
		 (int)(strrchr(path, '/') - path), path);
	ck_assert_int_eq(stat(directory, &status), 0);
	header->directory_device = (uint64_t)status.st_dev;
	header->directory_inode = (uint64_t)status.st_ino;
	header->path_length = (uint32_t)length;
	/* Where there is room: behind the slot table, or in its end. */
	if (header->slots_offset + header->slot_count *
				sizeof(struct svshm__slot) + length >=
	    header->data_offset)
		header->slot_count -= 8;
	header->path_offset = header->slots_offset +
			      header->slot_count *
				      (uint32_t)sizeof(struct svshm__slot);
	ck_assert_uint_lt(header->path_offset + length, header->data_offset);
	memcpy((char *)header + header->path_offset, path, length + 1);
}

void forge_header(void *memory, size_t size, const char *path)
{
	struct svshm__header *header = memory;
	struct svshm__slot *slots = (void *)(header + 1);

	memset(header, 0, FORGED_SIZE);
	header->byte_order = SVSHM__BYTE_ORDER;
	header->format = SVSHM__FORMAT;
	header->header_size = sizeof(*header);
	header->segment_size = size;
	header->data_offset = 65536; /* whatever the page size */
	header->data_size = size - header->data_offset;
	header->project = SVSHM__PROJECT_FIRST;
	header->flags = SVSHM__FLAG_KEY_FILE;
	header->slots_offset = sizeof(*header);
	header->slot_count = 14;
	header->key_offset = 8192;
	header->lock_engine = SVSHM__LOCK_PORTABLE;
	header->registrations = 1;
	slots[0].used = SVSHM__SLOT_USED;
	forge_path(header, path);
	header->magic = SVSHM__MAGIC;
}

void scribble(void *memory, size_t size, unsigned seed)
{
	unsigned char *bytes = memory;

	srandom(seed);
	for (size_t i = 0; i < size; i++)
		bytes[i] = (unsigned char)random();
}

#define FIELD(name) \
	{ #name, offsetof(struct svshm__header, name), \
	  sizeof(((struct svshm__header *)0)->name) }

const struct field fields[] = {
	FIELD(segment_size), FIELD(data_offset), FIELD(data_size),
	FIELD(slots_offset), FIELD(slot_count), FIELD(path_offset),
	FIELD(path_length), FIELD(key_offset), FIELD(key_length),

	FIELD(magic), FIELD(byte_order), FIELD(format), FIELD(header_size),
	FIELD(device), FIELD(inode), FIELD(project), FIELD(flags),
	FIELD(create_time), FIELD(maker_pid), FIELD(lock_engine),
	FIELD(registrations), FIELD(directory_device),
	FIELD(directory_inode), FIELD(set_change_time), FIELD(set_id),
	FIELD(forks), FIELD(births), FIELD(bequeathed), FIELD(retired),
	FIELD(departures), FIELD(lock_word), FIELD(inconsistent),
	FIELD(removed), FIELD(rounds), FIELD(changes),
};

const size_t field_count = sizeof(fields) / sizeof(*fields);

const uint64_t bad_values[] = {
	0, 1, 2, 7, 8, 14, 15, 28, 56, 57, 383, 384, 385, 392, 448, 3500, 3501,
	4095, 4096, 4097, 4195, 4196, 4197, 8191, 8192, 65536, 0x7fffffff,
	0x80000000, 0xfffff000, 0xffffff80, 0xfffffffe, 0xffffffff,
	0x100000000, 0x7fffffffffffffff, 0x8000000000000000,
	0xfffffffffffff000, 0xfffffffffffffffe, 0xffffffffffffffff,
};

const size_t bad_value_count = sizeof(bad_values) / sizeof(*bad_values);

void put_field(void *header, const struct field *field, uint64_t value)
{
	uint32_t narrow = (uint32_t)value;

	if (field->size == sizeof(narrow))
		memcpy((char *)header + field->offset, &narrow, sizeof(narrow));
	else
		memcpy((char *)header + field->offset, &value, sizeof(value));
}
