/* SPDX-License-Identifier: BSD-2-Clause */
/* P10: nothing is held open in a child that execs, unless it has used it. */
#include <config.h>

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "actor.h"

/* ---- Other programs ------------------------------------------------------ */

struct program {
	pid_t pid;
	int in, out; /* pipes */
	struct svshm *handle;
	actor_act *use;
	const char *script;
	int ends[4]; /* of the same pipes */
};

static int become_shell(void *context)
{
	const struct program *program = context;

	if (program->use)
		child_assert(program->use(program->handle) >= 0);
	dup2(program->ends[0], STDIN_FILENO);
	dup2(program->ends[3], STDOUT_FILENO);
	for (int i = 0; i < 4; i++)
		close(program->ends[i]);
	execl("/bin/sh", "sh", "-c", program->script, (char *)NULL);
	return 127;
}

/* Fork a child that uses HANDLE (USE may be NULL) and execs a shell. */
static void start_shell(struct program *program, struct svshm *handle,
			actor_act *use, const char *script)
{
	program->handle = handle;
	program->use = use;
	program->script = script;
	ck_assert_int_eq(pipe(program->ends), 0);
	ck_assert_int_eq(pipe(program->ends + 2), 0);
	program->pid = test_fork(become_shell, program);
	program->in = program->ends[1];
	program->out = program->ends[2];
	close(program->ends[0]);
	close(program->ends[3]);
}

/* When the script has written a byte, exec is over. */
static void await_shell(struct program *program)
{
	char byte;

	ck_assert_int_eq(read(program->out, &byte, 1), 1);
}

static void end_shell(struct program *program)
{
	close(program->in);
	ck_assert_int_eq(test_wait(program->pid), 0);
	close(program->out);
}

/* Run SCRIPT to its end; what it wrote, cut to SIZE. */
static void run_shell(struct svshm *handle, actor_act *use, const char *script,
		      char *output, size_t size)
{
	struct program program;
	size_t used = 0;
	ssize_t got;

	start_shell(&program, handle, use, script);
	while ((got = read(program.out, output + used, size - used - 1)) > 0)
		used += (size_t)got;
	output[used] = '\0';
	end_shell(&program);
}

#define LIST_FILES "ls /proc/$$/fd; exit 0"
#define LIST_FILE_NAMES "ls -l /proc/$$/fd; exit 0"
#define LIST_MAPPINGS \
	"while read -r line; do echo \"$line\"; done </proc/$$/maps; exit 0"
#define WAIT "echo; read line; exit 0"

static bool has_proc(const char *test)
{
	if (access("/proc/self/fd", R_OK) == 0 &&
	    access("/proc/self/maps", R_OK) == 0)
		return true;
	printf("SKIP %s: no /proc/self/fd and maps here\n", test);
	return false;
}

static struct test_object look(const char *key)
{
	struct test_object object;

	ck_assert(test_inspect(key, &object));
	return object;
}

/* ---- Exec ---------------------------------------------------------------- */

START_TEST(exec_leaves_no_file_and_no_mapping)
{
	static char before[4096], after[4096], maps[65536];
	const char *key = test_key("files");
	actor_act *uses[] = { NULL, svshm_trylock };

	if (!has_proc("exec_leaves_no_file_and_no_mapping"))
		return;
	run_shell(NULL, NULL, LIST_FILES, before, sizeof(before));

	struct svshm *handle = make_object(key, 100);

	for (int i = 0; i < 2; i++) {
		run_shell(handle, uses[i], LIST_FILES, after, sizeof(after));
		ck_assert_str_eq(before, after);
		run_shell(handle, uses[i], LIST_MAPPINGS, maps, sizeof(maps));
		ck_assert_ptr_ne(strstr(maps, "[stack]"), NULL);
		ck_assert_ptr_eq(strstr(maps, "SYSV"), NULL);
	}
	svshm_free(handle);
	ck_assert(test_nothing_left(key));
}
END_TEST

START_TEST(exec_without_use_leaves_no_trace)
{
	const char *key = test_key("no-trace");
	struct svshm *handle = make_object(key, 100);
	struct program program;

	expect_code(handle, svshm_lock(handle), SVSHM_OK);
	start_shell(&program, handle, NULL, WAIT);
	await_shell(&program);
	ck_assert_uint_eq(look(key).alive, 1);
	ck_assert_uint_eq(look(key).mappings, 1);
	svshm_free(handle);
	ck_assert(test_nothing_left(key)); /* while the program runs on */
	end_shell(&program);
}
END_TEST

/* Documented: the kernel keeps the registration, and the lock, for the process,
   not for the program. */
START_TEST(exec_after_use_keeps_slot_and_lock)
{
	const char *key = test_key("slot-stays");
	struct svshm *handle = make_object(key, 100);
	struct program program;

	start_shell(&program, handle, svshm_trylock, WAIT);
	await_shell(&program);
	ck_assert_uint_eq(look(key).alive, 2);
	ck_assert_uint_eq(look(key).mappings, 1);
	expect_code(handle, svshm_trylock(handle), SVSHM_BUSY);
	end_shell(&program);
	ck_assert_uint_eq(look(key).alive, 1);
	ck_assert_uint_eq(look(key).died, 1);
	expect_code(handle, svshm_trylock(handle), SVSHM_OWNER_DIED);
	svshm_free(handle);
	ck_assert(test_nothing_left(key));
}
END_TEST

static int use_and_unlock(struct svshm *handle)
{
	child_assert(svshm_lock(handle) == SVSHM_OK);
	return svshm_unlock(handle);
}

START_TEST(exec_after_use_keeps_no_object)
{
	const char *key = test_key("object-goes");
	struct svshm *handle = make_object(key, 100);
	struct program program;

	start_shell(&program, handle, use_and_unlock, WAIT);
	await_shell(&program);
	ck_assert_uint_eq(look(key).alive, 2);
	svshm_free(handle);
	ck_assert(test_nothing_left(key));
	end_shell(&program);
}
END_TEST

static int use_and_detach(struct svshm *handle)
{
	child_assert(svshm_lock(handle) == SVSHM_OK);
	return svshm_detach(handle);
}

START_TEST(exec_after_detach_leaves_no_trace)
{
	const char *key = test_key("detach-first");
	struct svshm *handle = make_object(key, 100);
	struct program program;

	start_shell(&program, handle, use_and_detach, WAIT);
	await_shell(&program);
	ck_assert_uint_eq(look(key).alive, 1);
	ck_assert_uint_eq(look(key).died, 0);
	expect_code(handle, svshm_trylock(handle), SVSHM_OK);
	end_shell(&program);
	svshm_free(handle);
}
END_TEST

/* ---- Exec while other threads are at work -------------------------------- */

static volatile bool stop;

static void *create_and_detach(void *context)
{
	struct svshm *handle = svshm_new(context);

	/* A child may yet have the last object mapped. */
	while (!stop) {
		if (act_create(handle) >= 0 || act_attach(handle) >= 0)
			svshm_detach(handle);
	}
	svshm_free(handle);
	return NULL;
}

START_TEST(exec_among_threads_leaves_no_file)
{
	static char files[65536];
	const char *key = test_key("among-threads");
	struct svshm *handle = svshm_new(key);
	pthread_t thread;

	if (!has_proc("exec_among_threads_leaves_no_file"))
		return;
	stop = false;
	ck_assert_int_eq(pthread_create(&thread, NULL, create_and_detach,
					(void *)(uintptr_t)key), 0);
	for (int i = 0; i < 60; i++) {
		run_shell(NULL, NULL, LIST_FILE_NAMES, files, sizeof(files));
		ck_assert_ptr_ne(strstr(files, "pipe:"), NULL);
		ck_assert_ptr_eq(strstr(files, test_directory()), NULL);
		ck_assert_ptr_eq(strstr(files, "/stat\n"), NULL);
	}
	stop = true;
	pthread_join(thread, NULL);
	/* What the last child has kept from going goes now. */
	ck_assert_int_ge(act_create(handle), SVSHM_OK);
	svshm_free(handle);
	ck_assert(test_nothing_left(key));
}
END_TEST

static Suite *make_suite(void)
{
	Suite *suite = suite_create("exec");
	TCase *tests = tcase_create("exec");

	suite_add_tcase(suite, tests);
	tcase_set_timeout(tests, 120);
	tcase_add_test(tests, exec_leaves_no_file_and_no_mapping);
	tcase_add_test(tests, exec_without_use_leaves_no_trace);
	tcase_add_test(tests, exec_after_use_keeps_slot_and_lock);
	tcase_add_test(tests, exec_after_use_keeps_no_object);
	tcase_add_test(tests, exec_after_detach_leaves_no_trace);
	tcase_add_test(tests, exec_among_threads_leaves_no_file);
	return suite;
}

int main(void)
{
	return test_main(make_suite);
}
