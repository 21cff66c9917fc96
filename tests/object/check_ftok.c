/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * P7: whatever ftok answers. This program has a ftok() of its own, which the
 * library finds before that of libc.
 */
#include <config.h>

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/stat.h>
#include <unistd.h>

#include "actor.h"
#include "key/key.h"
#include "outside.h"

#define SIZE 100

/* ---- ftok ---------------------------------------------------------------- */

static key_t (*answer)(const struct stat *status, int project);
static int failure; /* errno, if not 0 */

key_t ftok(const char *path, int project)
{
	struct stat status;

	if (stat(path, &status) < 0)
		return -1;
	if (failure) {
		errno = failure;
		return -1;
	}
	return answer(&status, project);
}

/* The high bit is set where a project has it, or on other systems. */
static key_t answer_negative(const struct stat *status, int project)
{
	return (key_t)(0x80000000u | ((unsigned)project & 0x7f) << 24 |
		       ((unsigned)status->st_ino & 0xffffff));
}

static key_t answer_minus_two(const struct stat *status, int project)
{
	(void)status;
	return -2 - (project - SVSHM__PROJECT_FIRST);
}

static key_t answer_smallest(const struct stat *status, int project)
{
	(void)status;
	/* Qt's project is a lower one: a file of Qt's may be about. */
	return INT_MIN + ((project - SVSHM__PROJECT_FIRST) & 0xff);
}

/* Not what others on this machine have; the same in all pid namespaces. */
static unsigned our_own;

static key_t answer_same(const struct stat *status, int project)
{
	return (key_t)(((unsigned)project & 0xff) << 24 |
		       ((unsigned)status->st_dev & 0xff) << 16 |
		       (our_own & 0xffff));
}

/* ---- Negative keys ------------------------------------------------------- */

START_TEST(negative_keys_are_keys)
{
	static key_t (*const answers[])(const struct stat *, int) = {
		answer_negative, answer_minus_two, answer_smallest,
	};
	const char *key = test_key("negative");
	struct svshm *handle = svshm_new(key);
	struct test_object object;
	struct actor actor;

	answer = answers[_i];
	expect_code(handle, act_create(handle), SVSHM_OK);
	act_fill(handle);
	actor_attach(&actor, key);
	expect_act(&actor, act_is_filled, SVSHM_OK);
	expect_act(&actor, svshm_detach, SVSHM_OK);
	expect_act(&actor, act_create, SVSHM_ALREADY_EXISTS);
	actor_exit(&actor);
	ck_assert(test_inspect(key, &object));
	ck_assert_int_eq(object.verdict, SVSHM_VERDICT_IN_USE);
	expect_code(handle, svshm_detach(handle), SVSHM_OK);

	make_orphan(key, SIZE, 'o');
	expect_code(handle, act_attach(handle), SVSHM_ORPHANED);
	ck_assert(has_bytes(handle, SIZE, 'o'));
	svshm_free(handle);
	ck_assert(test_nothing_left(key));
}
END_TEST

/* Minus one is the only failure. */
START_TEST(ftok_may_fail_and_is_told)
{
	static const struct {
		int errnum, code;
	} failures[] = { { EACCES, SVSHM_PERMISSION_DENIED },
			 { EOVERFLOW, SVSHM_UNKNOWN_ERROR } };
	const char *key = test_key("fails");
	struct svshm *handle = svshm_new(key);

	failure = failures[_i].errnum;
	expect_code(handle, act_create(handle), failures[_i].code);
	expect_says(svshm_error_string(handle), "ftok(\"");
	expect_says(svshm_error_string(handle), key);
	expect_says(svshm_error_string(handle), strerror(failure));
	ck_assert_int_lt(access(svshm_native_key(handle), F_OK), 0);
	failure = 0;
	answer = answer_negative;
	expect_code(handle, act_create(handle), SVSHM_OK);
	svshm_free(handle);
	ck_assert(test_nothing_left(key));
}
END_TEST

/* ---- All keys are the same ----------------------------------------------- */

#define BLOCK 8 /* letters and digits */
#define BLOCKS (1 << 18)
#define LEVELS 4 /* twice as many names each */
#define ALIKE_MAX (1 << LEVELS)

struct block {
	uint32_t hash;
	char text[BLOCK];
};

/* FNV-1a, as the library has it. */
static uint32_t hash_on(uint32_t hash, const char *text, size_t size)
{
	for (size_t i = 0; i < size; i++)
		hash = (hash ^ (unsigned char)text[i]) * 16777619u;
	return hash;
}

static int compare_blocks(const void *a, const void *b)
{
	const struct block *x = a, *y = b;

	return (x->hash > y->hash) - (x->hash < y->hash);
}

/* Two blocks that lead from *HASH to the same one, which it is then. */
static void find_pair(uint32_t *hash, char pair[2][BLOCK])
{
	static const char digits[] = "abcdefghijklmnopqrstuvwxyz012345";
	struct block *blocks = malloc(BLOCKS * sizeof(*blocks));
	unsigned found = 0;

	ck_assert_ptr_nonnull(blocks);
	for (unsigned i = 0; i < BLOCKS; i++) {
		/* Some 40 bits of which all change from one to the next. */
		uint64_t bits = i * UINT64_C(0x9e3779b97f4a7c15) >> 24;

		for (int j = 0; j < BLOCK; j++)
			blocks[i].text[j] = digits[bits >> (5 * j) & 31];
		blocks[i].hash = hash_on(*hash, blocks[i].text, BLOCK);
	}
	qsort(blocks, BLOCKS, sizeof(*blocks), compare_blocks);
	for (unsigned i = 1; i < BLOCKS && !found; i++)
		if (blocks[i].hash == blocks[i - 1].hash)
			found = i;
	ck_assert_uint_gt(found, 0);
	memcpy(pair[0], blocks[found - 1].text, BLOCK);
	memcpy(pair[1], blocks[found].text, BLOCK);
	*hash = blocks[found].hash;
	free(blocks);
}

/*
 * Names that are the same to every hash of the library's: not only their keys, the
 * tags of their sets are so, too.
 */
static void make_alike(char names[ALIKE_MAX][200])
{
	const char *key = test_key("alike-");
	uint32_t hash = hash_on(2166136261u, key, strlen(key));
	char pairs[LEVELS][2][BLOCK];

	for (int i = 0; i < LEVELS; i++)
		find_pair(&hash, pairs[i]);
	for (int n = 0; n < ALIKE_MAX; n++) {
		size_t used = strlen(key);

		memcpy(names[n], key, used);
		for (int i = 0; i < LEVELS; i++, used += BLOCK)
			memcpy(names[n] + used, pairs[i][n >> i & 1], BLOCK);
		names[n][used] = '\0';
		ck_assert_uint_eq(svshm__key_name_hash(names[n]),
				  svshm__key_name_hash(names[0]));
	}
}

START_TEST(as_many_keys_may_collide_as_there_are_projects)
{
	struct svshm *handles[SVSHM__PROJECTS + 1];
	static char keys[ALIKE_MAX][200];
	const int last = SVSHM__PROJECTS;
	struct actor actor;

	if (system_undo_entries(2 * last) < 2 * last &&
	    test_skip("a process has too few undo entries for so many objects"))
		return;
	answer = answer_same;
	make_alike(keys);
	for (int i = 0; i <= last; i++) {
		handles[i] = svshm_new(keys[i]);
		expect_code(handles[i], act_create(handles[i]),
			    i < last ? SVSHM_OK : SVSHM_KEY_ERROR);
		if (i < last)
			memset(svshm_data(handles[i]), 'a' + i, SIZE);
	}
	expect_says(svshm_error_string(handles[last]), "8 IPC keys");
	/* The sets might be this name's, and so its empty key file stays: by
	   chance, that takes two names of which 38 bits are the same. */
	ck_assert_int_eq(unlink(svshm_native_key(handles[last])), 0);
	ck_assert(test_nothing_left(keys[last]));
	/* From both ends, so that there are gaps. */
	for (int i = 0; i < last; i++) {
		int next = i % 2 ? last - 1 - i / 2 : i / 2;

		actor_attach(&actor, keys[next]);
		actor_exit(&actor);
		actor_enter(&actor, keys[next]);
		expect_act(&actor, act_create, SVSHM_ALREADY_EXISTS);
		actor_exit(&actor);
		ck_assert(has_bytes(handles[next], SIZE, 'a' + next));
		ck_assert_uint_eq(test_count_segments(keys[next]), 1);
		svshm_free(handles[next]);
		ck_assert(test_nothing_left(keys[next]));
	}
	expect_code(handles[last], act_create(handles[last]), SVSHM_OK);
	svshm_free(handles[last]);
}
END_TEST

static const char *const deaths[] = {
	"create:file made", "enter:set made", "enter:in gate",
	"create:marked", "create:segment made", "create:before magic",
	"create:published", "register:noted", "register:claimed",
};

struct death {
	const char *key, *point;
};

static int die_creating(void *context)
{
	const struct death *death = context;

	test_crash_at(death->point, SIGKILL, 1);
	act_create(svshm_new(death->key));
	return 0;
}

START_TEST(death_of_a_maker_is_no_matter_for_the_other_key)
{
	static char keys[ALIKE_MAX][200];
	struct death death = { keys[0], deaths[_i] };
	const char *key = keys[1];
	struct svshm *handle, *dead;
	struct actor actor;
	int code;

	answer = answer_same;
	make_alike(keys);
	dead = svshm_new(death.key);
	ck_assert_int_eq(test_wait(test_fork(die_creating, &death)),
			 256 + SIGKILL);
	handle = make_object(key, SIZE);
	act_fill(handle);
	actor_attach(&actor, key);
	expect_act(&actor, act_is_filled, SVSHM_OK);

	code = act_create(dead);
	ck_assert_msg(code == SVSHM_OK || code == SVSHM_ORPHANED, "%s",
		      svshm_error_string(dead));
	ck_assert(has_bytes(dead, SIZE, 0));
	expect_act(&actor, svshm_detach, SVSHM_OK);
	expect_act(&actor, act_attach, SVSHM_OK);
	expect_act(&actor, act_is_filled, SVSHM_OK);
	svshm_free(dead);
	ck_assert(test_nothing_left(death.key));
	expect_act(&actor, svshm_detach, SVSHM_OK);
	expect_act(&actor, act_attach, SVSHM_OK);
	expect_act(&actor, act_is_filled, SVSHM_OK);
	actor_exit(&actor);
	svshm_free(handle);
	ck_assert(test_nothing_left(key));
}
END_TEST

static Suite *make_suite(void)
{
	Suite *suite = suite_create("whatever ftok answers");
	TCase *negative = tcase_create("negative");
	TCase *same = tcase_create("same");

	tcase_add_loop_test(negative, negative_keys_are_keys, 0, 3);
	tcase_add_loop_test(negative, ftok_may_fail_and_is_told, 0, 2);
	tcase_set_timeout(negative, 60);
	suite_add_tcase(suite, negative);
	tcase_add_test(same, as_many_keys_may_collide_as_there_are_projects);
	tcase_add_loop_test(same,
		death_of_a_maker_is_no_matter_for_the_other_key, 0,
		(int)(sizeof(deaths) / sizeof(*deaths)));
	tcase_set_timeout(same, 120);
	suite_add_tcase(suite, same);
	return suite;
}

int main(void)
{
	our_own = (unsigned)getpid();
	answer = answer_negative;
	return test_main(make_suite);
}
