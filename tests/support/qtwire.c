/* SPDX-License-Identifier: BSD-2-Clause */
#include <config.h>

#include "qtwire.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kernel/semun.h"
#include "outside.h"

#define QT_PROJECT 'Q'

/* ---- The program ------------------------------------------------------- */

void qt_use_directory(void)
{
	setenv("TMPDIR", test_scratch("qt"), 1);
	mkdir(test_scratch("qt"), 0700);
}

static Suite *(*make_suite)(void);

static Suite *make_in_directory(void)
{
	qt_use_directory();
	return make_suite();
}

int qt_main(Suite *(*make)(void))
{
	make_suite = make;
	test_layout = SVSHM_LAYOUT_QT;
	return test_main(make_in_directory);
}

/* ---- Handles ----------------------------------------------------------- */

struct svshm *qt_handle(const char *key)
{
	struct svshm *handle = svshm_new(key);

	child_assert(handle != NULL);
	child_assert(svshm_set_layout(handle, SVSHM_LAYOUT_QT) == 0);
	return handle;
}

struct svshm *qt_native_handle(const char *text)
{
	struct svshm *handle = qt_handle(NULL);

	child_assert(svshm_set_native_key(handle, text) == 0);
	return handle;
}

struct svshm *qt_make(const char *key, size_t size)
{
	struct svshm *handle = qt_handle(key);

	child_assert(svshm_create(handle, size, SVSHM_READ_WRITE) == 0);
	return handle;
}

char *qt_segment_path(const char *key)
{
	struct svshm *handle = qt_handle(key);
	char *path = strdup(svshm_native_key(handle));

	svshm_free(handle);
	return path;
}

char *qt_lock_path(const char *key)
{
	char *segment = qt_segment_path(key);
	char *base = strstr(segment, "qipc_sharedmemory_");
	size_t size = strlen(segment) + 1;
	char *path = malloc(size);

	child_assert(base && path);
	snprintf(path, size, "%.*sqipc_systemsem_%s", (int)(base - segment),
		 segment, base + strlen("qipc_sharedmemory_"));
	free(segment);
	return path;
}

/* ---- What is there ----------------------------------------------------- */

static int set_at(const char *path)
{
	key_t key = ftok(path, QT_PROJECT);

	return key == (key_t)-1 ? -1 : semget(key, 0, 0);
}

int qt_set_of(const char *key)
{
	char *path = qt_lock_path(key);
	int id = set_at(path);

	free(path);
	return id;
}

int qt_segment_of(const char *key)
{
	char *path = qt_segment_path(key);
	key_t ipc_key = ftok(path, QT_PROJECT);

	free(path);
	return ipc_key == (key_t)-1 ? -1 : shmget(ipc_key, 0, 0);
}

bool qt_nothing_left(const char *key)
{
	char *segment = qt_segment_path(key), *lock = qt_lock_path(key);
	bool nothing = access(segment, F_OK) < 0 && access(lock, F_OK) < 0;
	struct svshm *handle = qt_handle(key);

	nothing = svshm_inspect(handle, visit_nothing, NULL) != SVSHM_OK &&
		  nothing;
	svshm_free(handle);
	free(segment);
	free(lock);
	return nothing;
}

static int recover_by_force(const struct svshm_object *object, void *context)
{
	struct svshm_recovery force = { .flags = SVSHM_RECOVER_FORCE };

	(void)context;
	return svshm_recover(object, &force);
}

void qt_clean(const char *key)
{
	char *segment = qt_segment_path(key), *lock = qt_lock_path(key);
	struct svshm *handle = qt_handle(key);

	svshm_inspect(handle, recover_by_force, NULL);
	svshm_free(handle);
	unlink(segment);
	unlink(lock);
	free(segment);
	free(lock);
}

/* ---- What programs that were killed leave ------------------------------ */

void qt_make_lock_file(const char *key)
{
	char *path = qt_lock_path(key);
	int file = open(path, O_CREAT | O_EXCL | O_RDWR, 0640);

	ck_assert_int_ge(file, 0);
	close(file);
	free(path);
}

int qt_die_at(const char *point, const char *key)
{
	/* In the test's PID namespace, so that all can tell that it died. */
	pid_t pid = fork();

	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		struct svshm *handle = qt_handle(key);

		test_crash_at(point, SIGKILL, 1);
		svshm_create(handle, 100, SVSHM_READ_WRITE);
		svshm_detach(handle);
		_exit(1);
	}
	return test_wait(pid);
}

/* ---- The stand-in ------------------------------------------------------ */

bool wire_skip(void)
{
	return system_attaches_once() &&
	       test_skip("a second program's part cannot be played here");
}

void wire_begin(struct wire *wire, const char *key)
{
	memset(wire, 0, sizeof(*wire));
	wire->segment_path = qt_segment_path(key);
	wire->lock_path = qt_lock_path(key);
	wire->set_id = wire->segment_id = -1;
}

static key_t make_key(const char *path, bool make)
{
	if (make) {
		int descriptor = open(path, O_RDWR | O_CREAT | O_EXCL, 0640);

		child_assert(descriptor >= 0 || errno == EEXIST);
		if (descriptor >= 0)
			close(descriptor);
	}
	return ftok(path, QT_PROJECT);
}

void wire_open_lock(struct wire *wire, bool create)
{
	union semun one = { .val = 1 };
	key_t key = make_key(wire->lock_path, true);

	wire->set_id = semget(key, 1, 0600 | IPC_CREAT | IPC_EXCL);
	if (wire->set_id >= 0)
		wire->owner = true;
	else
		wire->set_id = semget(key, 1, 0600 | IPC_CREAT);
	child_assert(wire->set_id >= 0);
	wire->owner = wire->owner || create;
	if (wire->owner)
		child_assert(semctl(wire->set_id, 0, SETVAL, one) == 0);
}

static void operate(struct wire *wire, short amount)
{
	struct sembuf operation = { 0, amount, SEM_UNDO };

	while (semop(wire->set_id, &operation, 1) < 0) {
		if (errno == EINTR)
			continue;
		child_assert(errno == EINVAL || errno == EIDRM);
		wire->owner = false;
		wire_open_lock(wire, false);
	}
}

void wire_lock(struct wire *wire)
{
	operate(wire, -1);
}

void wire_unlock(struct wire *wire)
{
	operate(wire, +1);
}

bool wire_create(struct wire *wire, size_t size)
{
	wire_open_lock(wire, true);
	wire_lock(wire);

	key_t key = make_key(wire->segment_path, true);
	int id = shmget(key, size, IPC_CREAT | IPC_EXCL | 0600);

	if (id >= 0) {
		wire->segment_id = id;
		wire->data = shmat(id, NULL, 0);
		child_assert(wire->data != (void *)-1);
	}
	wire_unlock(wire);
	return id >= 0;
}

bool wire_attach(struct wire *wire)
{
	wire_open_lock(wire, false);
	wire_lock(wire);

	key_t key = make_key(wire->segment_path, false);
	int id = key == (key_t)-1 ? -1 : shmget(key, 0, 0600);

	if (id >= 0) {
		wire->segment_id = id;
		wire->data = shmat(id, NULL, 0);
		child_assert(wire->data != (void *)-1);
	}
	wire_unlock(wire);
	return id >= 0;
}

void wire_detach(struct wire *wire)
{
	struct shmid_ds status;

	wire_lock(wire);
	child_assert(shmdt(wire->data) == 0);
	wire->data = NULL;
	child_assert(shmctl(wire->segment_id, IPC_STAT, &status) == 0);
	if (status.shm_nattch == 0) {
		shmctl(wire->segment_id, IPC_RMID, NULL);
		unlink(wire->segment_path);
	}
	wire_unlock(wire);
}

void wire_end(struct wire *wire)
{
	if (wire->data)
		wire_detach(wire);
	if (wire->owner) {
		unlink(wire->lock_path);
		semctl(wire->set_id, 0, IPC_RMID);
	}
	free(wire->segment_path);
	free(wire->lock_path);
}

void wire_count(const char *key, long turns, volatile long *beside)
{
	struct wire wire;

	wire_begin(&wire, key);
	child_assert(wire_attach(&wire));
	for (long turn = 0; turn < turns; turn++) {
		wire_lock(&wire);
		count_slowly(wire.data, turn);
		if (beside)
			count_slowly(beside, turn);
		wire_unlock(&wire);
	}
	wire_end(&wire);
}

int wire_value(const char *key)
{
	int id = qt_set_of(key);

	return id < 0 ? -1 : semctl(id, 0, GETVAL);
}
