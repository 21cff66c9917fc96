/* SPDX-License-Identifier: BSD-2-Clause */
#include <config.h>

#include "outside.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "key/key.h"

bool test_skip(const char *why)
{
	printf("SKIP: %s\n", why);
	fflush(stdout);
	return true;
}

void expect_says(const char *message, const char *part)
{
	ck_assert_msg(strstr(message, part) != NULL,
		      "\"%s\" does not say \"%s\"", message, part);
}

void expect_failure(struct svshm *handle, int code, int expected,
			   const char *says)
{
	const char *message = svshm_error_string(handle);

	ck_assert_msg(code == expected, "%s, expected %s: %s",
		      svshm_strerror(code), svshm_strerror(expected), message);
	ck_assert_int_eq(svshm_error(handle), expected);
	ck_assert_ptr_null(strchr(message, '\n'));
	expect_says(message, says);
}

int visit_nothing(const struct svshm_object *object, void *context)
{
	(void)object;
	(void)context;
	return 0;
}

void expect_refused(const char *key, int create, int attach,
			   const char *why)
{
	struct svshm *handle = svshm_new(key);

	expect_code(handle, act_create(handle), create);
	expect_says(svshm_error_string(handle), why);
	expect_code(handle, act_attach(handle), attach);
	expect_code(handle, svshm_inspect(handle, visit_nothing, NULL), attach);
	svshm_free(handle);
}

int act_fill(struct svshm *handle)
{
	memset(svshm_data(handle), 'f', svshm_size(handle));
	return SVSHM_OK;
}

int act_is_filled(struct svshm *handle)
{
	return has_bytes(handle, svshm_size(handle), 'f') ? SVSHM_OK :
							    SVSHM_CORRUPT;
}

/* ---- Other users -------------------------------------------------------- */

bool test_skip_without_root(void)
{
	return geteuid() != 0 && test_skip("only root can be other users");
}

void become(uid_t user)
{
	gid_t groups[] = { FRIENDS };

	child_assert(setgroups(1, groups) == 0);
	child_assert(setresgid(user, user, user) == 0);
	child_assert(setresuid(user, user, user) == 0);
	umask(022);
}

static int act_become_alice(struct svshm *handle)
{
	(void)handle;
	become(ALICE);
	return SVSHM_OK;
}

static int act_become_bob(struct svshm *handle)
{
	(void)handle;
	become(BOB);
	return SVSHM_OK;
}

static void start_as(struct actor *actor, uid_t user, struct svshm *handle)
{
	actor_start(actor, handle);
	svshm_free(handle);
	if (user != geteuid())
		expect_act(actor, user == ALICE ? act_become_alice :
						  act_become_bob, SVSHM_OK);
}

void actor_enter_as(struct actor *actor, uid_t user, const char *key)
{
	start_as(actor, user, svshm_new(key));
}

void actor_enter_native_as(struct actor *actor, uid_t user, const char *path)
{
	struct svshm *handle = svshm_new(NULL);

	svshm_set_native_key(handle, path);
	start_as(actor, user, handle);
}

void pass_for(uid_t user)
{
	ck_assert_int_eq(seteuid(user), 0);
}

void open_scratch(void)
{
	ck_assert_int_eq(chmod(test_scratch(""), 0711), 0);
}

const char *use_key_directory(const char *name, uid_t owner, mode_t mode)
{
	const char *path;

	open_scratch();
	path = test_scratch(name);
	ck_assert(mkdir(path, 0700) == 0 || errno == EEXIST);
	if (geteuid() == 0)
		ck_assert_int_eq(chown(path, owner, (gid_t)owner), 0);
	ck_assert_int_eq(chmod(path, mode), 0);
	ck_assert_int_eq(setenv("SVSHM_KEYDIR", path, 1), 0);
	return path;
}

const char *default_key_directory(uid_t user)
{
	static char path[200];

	snprintf(path, sizeof(path), "%s/svshm-%d", SVSHM_KEYDIR_BASE,
		 (int)user);
	return path;
}

static void write_file(const char *path, const char *text, uid_t owner,
		       mode_t mode)
{
	FILE *file = fopen(path, "w");

	ck_assert_ptr_nonnull(file);
	fputs(text, file);
	ck_assert_int_eq(fclose(file), 0);
	ck_assert_int_eq(chmod(path, mode), 0);
	if (owner != geteuid())
		ck_assert_int_eq(chown(path, owner, (gid_t)owner), 0);
}

char *make_file(const char *name, const char *text, uid_t owner, mode_t mode)
{
	char *path = strdup(test_scratch(name));

	ck_assert_ptr_nonnull(path);
	write_file(path, text, owner, mode);
	return path;
}

char *make_key_file(const char *key, const char *text, uid_t owner)
{
	char *path = svshm__key_path(key, geteuid(), NULL);

	ck_assert_ptr_nonnull(path);
	write_file(path, text, owner, 0600);
	return path;
}

bool file_has(const char *path, const char *text)
{
	char found[1024];
	FILE *file = fopen(path, "r");

	if (!file)
		return false;

	size_t size = fread(found, 1, sizeof(found), file);

	fclose(file);
	return size == strlen(text) && memcmp(found, text, size) == 0;
}
