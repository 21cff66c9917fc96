/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The Qt layout. Any bytes as a key and as a native key: keys map to paths, and
 * paths that tell their key tell it rightly. Any bytes, of any size, as the
 * memory of a Qt program, with a set of any value and size: attach, lock,
 * inspect, recover, create and the reader of Qt's stream in qtimage.c crash on
 * none, and answer with a code of the closed list.
 */
#include <config.h>

/* Its main() has another name here: see run.sh. */
#include "../../doc/examples/qtimage.c"

#include <fcntl.h>
#include <stdbool.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <unistd.h>

#include "fuzz.h"
#include "qt/key.h"
#include "kernel/semun.h"

#define FUZZ_KEY "svshm fuzz 1"

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	return setenv("TMPDIR", getenv("SVSHM_KEYDIR"), 1);
}

/* ---- Names --------------------------------------------------------------- */

static void check_names(const struct svshm__qt_names *names)
{
	char key[300];
	struct svshm__qt_names again;

	check(names->segment != NULL && names->lock != NULL);
	if (!svshm__qt_key_of_path(names->segment, key, sizeof(key)))
		return;
	check(svshm__qt_names_of_key(&again, key, NULL) == SVSHM_OK);
	check(strcmp(strrchr(names->segment, '/') + 1,
		     strrchr(again.segment, '/') + 1) == 0);
	svshm__qt_names_free(&again);
}

static void check_text(const char *text)
{
	struct svshm__qt_names names;

	if (checked(svshm__qt_names_of_key(&names, text, NULL)) == SVSHM_OK) {
		check(strchr(strrchr(names.segment, '/'), '_') != NULL);
		check_names(&names);
	}
	svshm__qt_names_free(&names);
	if (checked(svshm__qt_names_of_native(&names, text, NULL)) == SVSHM_OK)
		check(names.segment != NULL && names.lock != NULL);
	svshm__qt_names_free(&names);
}

/* ---- Memory and lock ----------------------------------------------------- */

static int make_file(const char *path, bool empty)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	check(fd >= 0 && (empty || write(fd, "x", 1) == 1));
	close(fd);
	return (int)ftok(path, SVSHM__QT_PROJECT);
}

static void make_set(const char *path, uint8_t kind)
{
	int count = kind & 16 ? 2 : 1;
	int id = semget(make_file(path, !(kind & 32)), count,
			IPC_CREAT | IPC_EXCL | 0600);
	/* Not 0: it is somebody's, and all would wait. */
	union semun argument = { .val = 1 + (kind >> 6) };

	check(id >= 0 && semctl(id, 0, SETVAL, argument) == 0);
}

static void make_segment(const char *path, const uint8_t *input, size_t size)
{
	int id = shmget(make_file(path, true), size ? size : 1,
			IPC_CREAT | IPC_EXCL | 0600);
	void *memory = shmat(id, NULL, 0);

	check(memory != (void *)-1);
	memcpy(memory, input, size);
	check(shmdt(memory) == 0);
}

static void remove_all(const struct svshm__qt_names *names)
{
	int segment = shmget(ftok(names->segment, SVSHM__QT_PROJECT), 0, 0);
	int set = semget(ftok(names->lock, SVSHM__QT_PROJECT), 0, 0);

	if (access(names->segment, F_OK) == 0 && segment >= 0)
		shmctl(segment, IPC_RMID, NULL);
	if (access(names->lock, F_OK) == 0 && set >= 0)
		semctl(set, 0, IPC_RMID);
	unlink(names->segment);
	unlink(names->lock);
}

static int look(const struct svshm_object *object, void *context)
{
	unsigned *flags = context;
	struct svshm_recovery recovery;

	check(strlen(object->reason) < 1000);
	memset(&recovery, 0, sizeof(recovery));
	recovery.flags = *flags;
	checked(svshm_recover(object, &recovery));
	return 0;
}

static void use(struct svshm *handle)
{
	size_t length;

	if (svshm_size(handle) > MARK_SIZE)
		free(take_copy(handle, &length));
	if (checked(svshm_timedlock(handle, 1)) >= 0)
		checked(svshm_unlock(handle));
	checked(svshm_detach(handle));
}

static void check_object(const uint8_t *input, size_t size)
{
	unsigned flags = input[0] & 1 ? SVSHM_RECOVER_DRY_RUN :
			 input[0] & 2 ? SVSHM_RECOVER_FORCE : 0;
	struct svshm__qt_names names;
	struct svshm *handle = svshm_new(NULL);

	check(svshm__qt_names_of_key(&names, FUZZ_KEY, NULL) == SVSHM_OK);
	check(handle && svshm_set_layout(handle, SVSHM_LAYOUT_QT) == 0 &&
	      svshm_set_key(handle, FUZZ_KEY) == 0);
	if (!(input[0] & 4))
		make_segment(names.segment, input + 1, size - 1);
	if (!(input[0] & 8))
		make_set(names.lock, input[0]);
	checked(svshm_inspect(handle, look, &flags));
	if (checked(svshm_attach(handle, SVSHM_READ_WRITE)) >= 0 ||
	    checked(svshm_create(handle, size, SVSHM_READ_WRITE)) >= 0)
		use(handle);
	svshm_free(handle);
	remove_all(&names);
	svshm__qt_names_free(&names);
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size)
{
	char *text;

	if (size < 1)
		return 0;
	text = malloc(size);
	check(text != NULL);
	memcpy(text, input + 1, size - 1);
	text[size - 1] = '\0';
	check_text(text);
	free(text);
	check_object(input, size);
	return 0;
}
