/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * P2, P3 and P5 among users of one group, of whom only some may remove the
 * object: whoever is the last, and however he ends, the name can be used.
 */
#include <config.h>

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ids.h"
#include "puppet.h"
#include "stranger.h"

#define DORA 65530

/* A loop's number: who made it, the directory, how B's use of it ended. */
struct team {
	const char *key;
	struct stranger maker, b, dora;
	bool by_root, dies;
	int segment_id;
};

static void gather(struct team *team, int loop)
{
	memset(team, 0, sizeof(*team));
	team->by_root = loop & 1;
	team->dies = loop & 2;
	if (loop & 4) {
		const char *path = use_key_directory("team", 0, 0700);

		ck_assert_int_eq(chown(path, 0, FRIENDS), 0);
		ck_assert_int_eq(chmod(path, 02770), 0);
	} else {
		use_key_directory("common", 0, 01777);
	}
	team->key = test_key("team");
	stranger_enter_as(&team->maker, team->by_root ? 0 : ALICE, team->key);
	stranger_enter_as(&team->b, BOB, team->key);
	stranger_enter_as(&team->dora, DORA, team->key);
	for (int i = 0; i < 3; i++) {
		struct stranger *one = i == 0 ? &team->maker :
				       i == 1 ? &team->b : &team->dora;

		ck_assert_int_eq(stranger_do(one, "group %d", FRIENDS), 0);
		expect_order(one, "mode 660", SVSHM_OK);
	}
	expect_order(&team->maker, "create 300000", SVSHM_OK);
	expect_order(&team->maker, "fill 1", SVSHM_OK);
	expect_order(&team->b, "attach", SVSHM_OK);
	team->segment_id = segment_of(team->key);
	expect_order(&team->maker, "detach", SVSHM_OK);
}

static void disperse(struct team *team)
{
	/* Where only owners may unlink, the key file goes with its owner. */
	expect_order(&team->maker, "attach", SVSHM_NOT_FOUND);
	stranger_exit(&team->maker);
	stranger_exit(&team->b);
	stranger_exit(&team->dora);
	ck_assert(test_nothing_left(team->key));
}

/* B, who may not remove it, is the last one. */
static void b_is_last(struct team *team)
{
	if (!team->dies) {
		expect_order(&team->b, "detach", SVSHM_OK);
		return;
	}
	stranger_kill(&team->b);
	stranger_enter_as(&team->b, BOB, team->key);
	ck_assert_int_eq(stranger_do(&team->b, "group %d", FRIENDS), 0);
	expect_order(&team->b, "mode 660", SVSHM_OK);
}

/* The memory has been given back: a page or two of the header remain. */
static bool is_empty(int segment_id)
{
	char line[512];
	unsigned long resident = 0;
	FILE *file = fopen("/proc/sysvipc/shm", "r");

	while (file && fgets(line, sizeof(line), file)) {
		int id;

		/* key shmid perms size cpid lpid nattch uid gid cuid cgid atime
		   dtime ctime rss swap */
		if (sscanf(line, "%*d %d %*o %*u %*d %*d %*u %*u %*u %*u %*u "
			   "%*u %*u %*u %lu", &id, &resident) == 2 &&
		    id == segment_id)
			break;
		resident = 0;
	}
	if (file)
		fclose(file);
	return resident <= 4ul * (unsigned long)getpagesize();
}

START_TEST(team_goes_on)
{
	struct team team;

	if (test_skip_without_root())
		return;
	gather(&team, _i);
	b_is_last(&team);
	expect_order(&team.b, "create 700", team.dies ? SVSHM_ORPHANED :
							SVSHM_OK);
	expect_order(&team.b, "fill 2", SVSHM_OK);
	ck_assert(is_empty(team.segment_id));
	ck_assert_int_ne(segment_of(team.key), team.segment_id);
	/* Everybody meets B's, whoever they are, and the old one goes. */
	expect_order(&team.dora, "attach", SVSHM_OK);
	expect_order(&team.dora, "holds 2", SVSHM_OK);
	expect_order(&team.maker, _i & 8 ? "attach" : "create 100",
		     _i & 8 ? SVSHM_OK : SVSHM_ALREADY_EXISTS);
	ck_assert(!segment_is_there(team.segment_id));
	if (!(_i & 8))
		expect_order(&team.maker, "attach", SVSHM_OK);
	expect_order(&team.maker, "holds 2", SVSHM_OK);
	expect_order(&team.maker, "lock", SVSHM_OK);
	expect_order(&team.b, "trylock", SVSHM_BUSY);
	/* B goes; the others stay. The last one, who may not remove it, goes. */
	expect_order(&team.b, "detach", SVSHM_OK);
	expect_order(&team.maker, "detach", SVSHM_OK);
	expect_order(&team.dora, "detach", SVSHM_OK);
	expect_order(&team.maker, "attach", SVSHM_NOT_FOUND);
	expect_order(&team.dora, "create 50", SVSHM_OK);
	expect_order(&team.b, "attach", SVSHM_OK);
	expect_order(&team.b, "detach", SVSHM_OK);
	expect_order(&team.dora, "detach", SVSHM_OK);
	disperse(&team);
}
END_TEST

/* What is left is nobody's, until the maker, or root, comes. */
START_TEST(team_leftover_is_recovered)
{
	struct test_object object;
	struct team team;

	if (test_skip_without_root())
		return;
	gather(&team, _i & 7);
	if (team.dies)
		expect_order(&team.b, "lock", SVSHM_OK);
	b_is_last(&team);
	if (team.dies)
		expect_order(&team.b, "create 10", SVSHM_ORPHANED);
	else
		expect_order(&team.b, "attach", SVSHM_NOT_FOUND);
	if (team.dies)
		expect_order(&team.b, "detach", SVSHM_OK);
	ck_assert(test_inspect(team.key, &object));
	ck_assert_int_eq(object.verdict, SVSHM_VERDICT_HALF_REMOVED);
	ck_assert_int_eq(object.segment_id, team.segment_id);
	if (_i & 8)
		ck_assert_int_eq(recover_object(team.key, 0, NULL), SVSHM_OK);
	else
		expect_order(&team.maker, "recover", SVSHM_OK);
	ck_assert(!segment_is_there(team.segment_id));
	disperse(&team);
}
END_TEST

/* The maker was killed in the middle of create, or with the lock. */
START_TEST(team_goes_on_after_a_death)
{
	struct team team;

	if (test_skip_without_root())
		return;
	gather(&team, 0);
	expect_order(&team.maker, "attach", SVSHM_OK);
	expect_order(&team.maker, "lock", SVSHM_OK);
	stranger_kill(&team.maker);
	expect_order(&team.b, "lock", SVSHM_OWNER_DIED);
	stranger_kill(&team.b);
	/* The data are still to be had, by somebody who may not remove them. */
	expect_order(&team.dora, "attach", SVSHM_ORPHANED);
	expect_order(&team.dora, "holds 1", SVSHM_OK);
	expect_order(&team.dora, "lock", SVSHM_OWNER_DIED);
	expect_order(&team.dora, "detach", SVSHM_OK);
	expect_order(&team.dora, "create 20", SVSHM_OK);
	expect_order(&team.dora, "detach", SVSHM_OK);
	stranger_exit(&team.dora);
	ck_assert_int_eq(recover_object(team.key, 0, NULL), SVSHM_OK);
	ck_assert(test_nothing_left(team.key));
}
END_TEST

static int act_create_as_bob(struct svshm *handle)
{
	become(BOB);
	svshm_set_group(handle, FRIENDS);
	svshm_set_mode(handle, 0660);
	return svshm_create(handle, 10, SVSHM_READ_WRITE);
}

/* B dies in the moment in which he has retired what the dead have left, before he
   has given its memory back. */
START_TEST(team_goes_on_after_a_death_at_retiring)
{
	struct puppet retiring;
	struct team team;

	if (test_skip_without_root())
		return;
	gather(&team, 0);
	stranger_kill(&team.b);
	puppet_start(&retiring, team.key);
	puppet_arm(&retiring, "retire:marked", SIGKILL);
	puppet_expect(&retiring, act_create_as_bob, PUPPET_DIED);
	expect_order(&team.dora, "create 20", SVSHM_OK);
	ck_assert(is_empty(team.segment_id));
	expect_order(&team.maker, "attach", SVSHM_OK);
	ck_assert(!segment_is_there(team.segment_id));
	expect_order(&team.maker, "detach", SVSHM_OK);
	expect_order(&team.dora, "detach", SVSHM_OK);
	stranger_exit(&team.dora);
	expect_order(&team.maker, "attach", SVSHM_NOT_FOUND);
	stranger_exit(&team.maker);
	ck_assert(test_nothing_left(team.key));
}
END_TEST

static Suite *make_suite(void)
{
	Suite *suite = suite_create("team");
	TCase *tests = tcase_create("team");

	suite_add_tcase(suite, tests);
	tcase_set_timeout(tests, 120);
	tcase_add_loop_test(tests, team_goes_on, 0, 16);
	tcase_add_loop_test(tests, team_leftover_is_recovered, 0, 16);
	tcase_add_test(tests, team_goes_on_after_a_death);
	tcase_add_test(tests, team_goes_on_after_a_death_at_retiring);
	return suite;
}

int main(void)
{
	return test_main(make_suite);
}
