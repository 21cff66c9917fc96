/* SPDX-License-Identifier: BSD-2-Clause */
#include <config.h>

#include "one_lock.h"

#include <string.h>
#include <sys/ipc.h>
#include <sys/stat.h>
#include <unistd.h>

#include "key/key.h"

const char *keys[2];
char *paths[2];

/* What all lock files have for an inode: not what others on this machine have. As
   seen by this program, since a child may be in another PID namespace. */
static pid_t low_bits;

static key_t key_of(const char *path, const struct stat *status, int project)
{
	bool lock = strstr(path, "/qipc_systemsem_") != NULL;

	return (key_t)(((unsigned)project & 0xff) << 24 |
		       ((unsigned)status->st_dev & 0xff) << 16 |
		       ((unsigned)(lock ? (ino_t)low_bits : status->st_ino) &
			0xffff));
}

key_t ftok(const char *path, int project)
{
	struct stat status;

	return stat(path, &status) < 0 ? -1 : key_of(path, &status, project);
}

/* The library's own, which has a file of its own there for this. */
int svshm__key_of_status(const char *path, const struct stat *status,
			 int project, key_t *key, struct svshm__error *error)
{
	(void)error;
	*key = key_of(path, status, project);
	return SVSHM_OK;
}

void make_keys(void)
{
	for (int i = 0; i < 2; i++) {
		keys[i] = test_key(i == ONE ? "one" : "two");
		paths[i] = qt_lock_path(keys[i]);
	}
}

void expect_nothing(void)
{
	ck_assert(qt_nothing_left(keys[ONE]));
	ck_assert(qt_nothing_left(keys[TWO]));
}

void expect_file_only(int which)
{
	struct stat status;

	ck_assert_int_eq(stat(paths[which], &status), 0);
	ck_assert_int_eq(status.st_size, 0);
	ck_assert_int_lt(qt_set_of(keys[which]), 0);
	svshm_free(qt_make(keys[which], 10));
	ck_assert(qt_nothing_left(keys[which]));
}

int one_lock_main(Suite *(*make)(void))
{
	low_bits = getpid();
	return qt_main(make);
}
