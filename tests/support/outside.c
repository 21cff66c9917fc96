/* SPDX-License-Identifier: BSD-2-Clause */
#include <config.h>

#include "outside.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kernel/limits.h"
#include "key/key.h"
#include "recovery/scan.h"
#include "kernel/segment.h"
#include "kernel/semun.h"

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

/* ---- What the system does ----------------------------------------------- */

bool system_lists(void)
{
	struct svshm__scan_list list;
	int code = svshm__scan_kernel_segments(NULL, &list, NULL);

	free(list.items);
	return code == SVSHM_OK;
}

/* What ATTACHED says of a segment that is attached; it may attach it again. */
static bool try_segment(bool (*attached)(int id, void *address, size_t size))
{
	size_t size = 2 * svshm__page_size();
	int id = shmget(IPC_PRIVATE, size, IPC_CREAT | 0600);
	void *address = shmat(id, NULL, 0);

	ck_assert(address != (void *)-1);

	bool result = attached(id, address, size);

	shmdt(address);
	shmctl(id, IPC_RMID, NULL);
	return result;
}

static bool refuses_a_second(int id, void *address, size_t size)
{
	void *second = shmat(id, NULL, 0);

	(void)address, (void)size;
	if (second != (void *)-1)
		shmdt(second);
	return second == (void *)-1;
}

static bool is_protected(int id, void *address, size_t size)
{
	(void)id;
	return mprotect((char *)address + size / 2, size / 2, PROT_READ) == 0;
}

bool system_attaches_once(void)
{
	return try_segment(refuses_a_second);
}

bool system_protects(void)
{
	return try_segment(is_protected);
}

int system_undo_entries(int enough)
{
	int id = semget(IPC_PRIVATE, enough, IPC_CREAT | 0600), entries = 0;
	struct sembuf take = { 0, 1, SEM_UNDO | IPC_NOWAIT };

	ck_assert_int_ge(id, 0);
	while (entries < enough) {
		take.sem_num = (unsigned short)entries;
		if (semop(id, &take, 1) < 0)
			break;
		entries++;
	}
	semctl(id, 0, IPC_RMID);
	return entries;
}

bool system_makes_set(int count)
{
	int id = semget(IPC_PRIVATE, count, IPC_CREAT | 0600);

	return id >= 0 && semctl(id, 0, IPC_RMID) == 0;
}

/* Else an observer can't be told from a child that was forked. */
bool test_skip_without_counted_children(void)
{
#ifdef HAVE_PTHREAD_ATFORK
	return false;
#else
	return test_skip("this system does not tell of forks");
#endif
}

bool test_skip_without_lists(void)
{
	return !system_lists() &&
	       test_skip("the system does not list what there is");
}

bool test_skip_without_protection(void)
{
	return !system_protects() &&
	       test_skip("the system protects no part of a segment");
}

bool test_skip_without_known_limits(void)
{
	return !svshm__limits_are_known(1) &&
	       test_skip("the system does not tell its limits");
}

/* ---- Limits ------------------------------------------------------------- */

#ifdef CLONE_NEWIPC

static bool write_text(const char *path, const char *text)
{
	int descriptor = open(path, O_WRONLY);

	if (descriptor < 0)
		return false;

	bool done = write(descriptor, text, strlen(text)) ==
		    (ssize_t)strlen(text);

	return close(descriptor) == 0 && done;
}

/* A user of a user namespace of his own is root in it. */
static bool own_user_namespace(void)
{
	char uids[64], gids[64];

	snprintf(uids, sizeof(uids), "0 %lu 1", (unsigned long)geteuid());
	snprintf(gids, sizeof(gids), "0 %lu 1", (unsigned long)getegid());
	return unshare(CLONE_NEWUSER | CLONE_NEWIPC) == 0 &&
	       write_text("/proc/self/uid_map", uids) &&
	       write_text("/proc/self/setgroups", "deny") &&
	       write_text("/proc/self/gid_map", gids);
}

bool own_ipc_namespace(void)
{
	if (geteuid() == 0 ? unshare(CLONE_NEWIPC) < 0 : !own_user_namespace())
		return !test_skip("no IPC namespace of its own is permitted");
	return true;
}

void set_limit(const char *name, const char *value)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/sys/kernel/%s", name);
	ck_assert_msg(write_text(path, value), "%s: %s", path,
		      strerror(errno));
}

/* Lines but the heading. */
static unsigned count_lines(const char *path)
{
	FILE *file = fopen(path, "r");
	unsigned lines = 0;
	int c;

	ck_assert_ptr_nonnull(file);
	while ((c = getc(file)) != EOF)
		lines += c == '\n';
	fclose(file);
	return lines - 1;
}

unsigned segments_in_use(void)
{
	return count_lines("/proc/sysvipc/shm");
}

unsigned sets_in_use(void)
{
	return count_lines("/proc/sysvipc/sem");
}

#else

bool own_ipc_namespace(void)
{
	return !test_skip("this system has no IPC namespaces");
}

void set_limit(const char *name, const char *value)
{
	ck_abort_msg("cannot set %s to %s", name, value);
}

unsigned segments_in_use(void)
{
	return 0;
}

unsigned sets_in_use(void)
{
	return 0;
}

#endif
