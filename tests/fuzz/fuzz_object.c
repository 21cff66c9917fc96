/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Any bytes as an object in the kernel: attach, lock, snapshot, wait, notify,
 * inspect, scan and recover crash on none, hang on none, and answer with a code of
 * the closed list. The input is laid by exclusive or over header and slot table of an
 * object whose
 * maker is attached, or has died, or over its semaphores.
 */
#include <config.h>

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fuzz.h"
#include "handle.h"
#include "key/key.h"
#include "memory/layout.h"
#include "kernel/semun.h"

#define KEY "svshm-fuzz"
#define DATA_SIZE 100

static unsigned char *template;
static size_t template_size;
static unsigned short values[SVSHM__SEMAPHORES_MAX];
static int value_count;
static char *path;

/* What a real one looks like, with room for few. */
int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	struct svshm *handle;
	struct svshm__header *header;
	union semun argument;

	(void)argc;
	(void)argv;
	handle = svshm_new(KEY);
	check(handle != NULL);
	svshm_set_max_processes(handle, 14);
	check(svshm_create(handle, DATA_SIZE, SVSHM_READ_WRITE) == SVSHM_OK);
	header = (void *)handle->attachment->base[SVSHM_READ_WRITE];
	template_size = (size_t)header->segment_size;
	template = malloc(template_size);
	path = strdup(svshm_native_key(handle));
	check(template != NULL && path != NULL);
	memcpy(template, header, template_size);
	argument.array = values;
	check(semctl(handle->attachment->set_id, 0, GETALL, argument) == 0);
	value_count = SVSHM__SEM_SLOTS + 1;
	svshm_free(handle);
	return 0;
}

struct object {
	int segment_id, set_id;
};

static void make_key_file(struct svshm__header *header)
{
	struct stat status;
	FILE *file = fopen(path, "w");

	check(file != NULL);
	fputs("svshm 1\n", file);
	check(fclose(file) == 0 && stat(path, &status) == 0);
	header->device = (uint64_t)status.st_dev;
	header->inode = (uint64_t)status.st_ino;
}

/* As if its maker had died; the gate is free as after every death. */
static struct object make_object(const uint8_t *input, size_t size, bool semaphores)
{
	struct object object;
	struct svshm__header header;
	unsigned short wanted[SVSHM__SEMAPHORES_MAX];
	unsigned char *segment;
	union semun argument;
	key_t key;

	memcpy(&header, template, sizeof(header));
	make_key_file(&header);
	memcpy(template, &header, sizeof(header));
	check(svshm__key_first(path, &key, NULL) == 0);
	object.segment_id = shmget(key, template_size, IPC_CREAT | 0600);
	object.set_id = semget(key, value_count, IPC_CREAT | 0600);
	check(object.segment_id >= 0 && object.set_id >= 0);
	memcpy(wanted, values, sizeof(wanted));
	wanted[SVSHM__SEM_GATE] = 0;
	wanted[SVSHM__SEM_SLOTS] = 0;
	segment = shmat(object.segment_id, NULL, 0);
	check(segment != (void *)-1);
	memcpy(segment, template, template_size);
	if (semaphores) {
		/* Not the gate: all would wait for half a minute, as told. */
		for (int i = 0; i < value_count && (size_t)i < size; i++)
			if (i != SVSHM__SEM_GATE)
				wanted[i] = (unsigned short)((wanted[i] ^
					(input[i] << 7)) & 32767);
	} else {
		for (size_t i = 0; i < size && i < template_size; i++)
			segment[i] ^= input[i];
	}
	check(shmdt(segment) == 0);
	argument.array = wanted;
	check(semctl(object.set_id, 0, SETALL, argument) == 0);
	return object;
}

static int visit(const struct svshm_object *object, void *context)
{
	unsigned *sum = context;

	*sum += (unsigned)strlen(object->reason);
	if (object->key)
		*sum += (unsigned)strlen(object->key);
	if (object->native_key)
		*sum += (unsigned)strlen(object->native_key);
	for (size_t i = 0; i < object->process_count; i++)
		*sum += (unsigned)strnlen(object->processes[i].name,
					  SVSHM_PROCESS_NAME_SIZE);
	return 0;
}

static int recover(const struct svshm_object *object, void *context)
{
	struct svshm_recovery recovery;

	memset(&recovery, 0, sizeof(recovery));
	recovery.flags = *(unsigned *)context;
	checked(svshm_recover(object, &recovery));
	return 0;
}

/* Whatever the lock word and the count of rounds say. */
static void read_without_lock(struct svshm *handle)
{
	unsigned char copy[64];
	size_t size = svshm_size(handle);

	if (size > sizeof(copy))
		size = sizeof(copy);
	checked(svshm_snapshot(handle, 0, copy, size, 0));
	checked(svshm_snapshot(handle, 0, copy, size, 1));
}

static void use(struct svshm *handle)
{
	unsigned char *data = svshm_data(handle);
	size_t size = svshm_size(handle);
	uint32_t seen = svshm_changes(handle);

	data[0]++;
	data[size - 1]++;
	checked(svshm_wait(handle, &seen, 1));
	checked(svshm_notify(handle));
	if (checked(svshm_timedlock(handle, 1)) >= 0) {
		checked(svshm_make_consistent(handle));
		checked(svshm_unlock(handle));
	}
	checked(svshm_detach(handle));
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size)
{
	static unsigned sum;
	unsigned flags = SVSHM_RECOVER_DRY_RUN;
	struct object object;
	struct svshm *handle;

	if (size < 1)
		return 0;
	object = make_object(input + 1, size - 1, (input[0] & 8) != 0);
	handle = svshm_new(KEY);
	check(handle != NULL);
	checked(svshm_inspect(handle, visit, &sum));
	if (input[0] & 1)
		checked(svshm_scan(0, visit, &sum));
	if (input[0] & 2)
		checked(svshm_scan(0, recover, &flags));
	if (checked(svshm_attach(handle, input[0] & 4 ? SVSHM_READ_ONLY :
							 SVSHM_READ_WRITE)) >= 0) {
		read_without_lock(handle);
		if (input[0] & 4)
			checked(svshm_detach(handle));
		else
			use(handle);
	}
	flags = 0;
	checked(svshm_inspect(handle, recover, &flags));
	svshm_free(handle);
	shmctl(object.segment_id, IPC_RMID, NULL);
	semctl(object.set_id, 0, IPC_RMID);
	unlink(path);
	return 0;
}
