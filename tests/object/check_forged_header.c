/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * P6: an object whose header is any bytes. See check_header.c for the look
 * at a header, check_modes.c for objects of other users.
 */
#include <config.h>

#include <sched.h>
#include <string.h>
#include <sys/shm.h>

#include "actor.h"
#include "forge.h"

#define SIZE 100
#define SEEDS 60

/* ---- Objects with such a header ------------------------------------------ */

static int look_through(const struct svshm_object *object, void *context)
{
	size_t *bytes = context;

	*bytes += object->key ? strlen(object->key) : 0;
	*bytes += object->native_key ? strlen(object->native_key) : 0;
	*bytes += strlen(object->reason);
	for (size_t i = 0; i < object->process_count; i++)
		*bytes += strlen(object->processes[i].name);
	return 0;
}

/* A code that says something about the object, not about us. */
static bool is_answer(int code)
{
	switch (code) {
	case SVSHM_OK:
	case SVSHM_ORPHANED:
	case SVSHM_OWNER_DIED:
	case SVSHM_ALREADY_EXISTS:
	case SVSHM_NOT_FOUND:
	case SVSHM_OUT_OF_RESOURCES:
	case SVSHM_BUSY:
	case SVSHM_CORRUPT:
	case SVSHM_INCOMPATIBLE:
		return true;
	default:
		return false;
	}
}

/*
 * The word may name anybody, also one who lives and never gives, and the header
 * may say that the object was removed.
 */
static bool lock_answers(struct svshm *handle)
{
	int code = svshm_timedlock(handle, 1000);

	if (code >= 0) {
		code = svshm_unlock(handle);
		return code == SVSHM_OK || code == SVSHM_LOCK_ERROR;
	}
	return code == SVSHM_CORRUPT || code == SVSHM_TIMED_OUT ||
	       code == SVSHM_REMOVED;
}

static void use(struct svshm *handle)
{
	volatile unsigned char sum = 0;
	const unsigned char *data = svshm_const_data(handle);

	for (size_t i = 0; i < svshm_size(handle); i++)
		sum = (unsigned char)(sum ^ data[i]);
	child_assert(lock_answers(handle));
	child_assert(svshm_detach(handle) == SVSHM_OK);
}

/* Whoever else is looking is inside the gate for a moment: "in use". */
static void await_verdict(const char *key, enum svshm_verdict verdict)
{
	struct test_object object;

	for (int i = 0; i < 1000; i++) {
		ck_assert(test_inspect(key, &object));
		if (object.verdict == verdict)
			return;
		ck_assert_int_eq(object.verdict, SVSHM_VERDICT_IN_USE);
		sched_yield();
	}
	ck_abort_msg("still in use, not %s", svshm_verdict_string(verdict));
}

/* All that reads a header, in a process of its own. */
static int probe(void *context)
{
	const char *key = context;
	struct svshm *handle = svshm_new(key);
	size_t bytes = 0;
	int code = svshm_inspect(handle, look_through, &bytes);

	child_assert(is_answer(code));
	child_assert(svshm_scan(SVSHM_SCAN_FOREIGN, look_through, &bytes) ==
		     SVSHM_OK);
	child_assert(is_answer(recover_object(key, SVSHM_RECOVER_DRY_RUN,
					      NULL)));
	for (int access = SVSHM_READ_ONLY; access <= SVSHM_READ_WRITE;
	     access++) {
		code = svshm_attach(handle, (enum svshm_access)access);
		child_assert(is_answer(code));
		if (code >= 0)
			use(handle);
	}
	code = svshm_create(handle, SIZE, SVSHM_READ_WRITE);
	child_assert(is_answer(code));
	if (code >= 0)
		use(handle);
	svshm_free(handle);
	return 0;
}

static void expect_probe_survives(const char *key, const char *what,
				  uint64_t value)
{
	int status = test_wait(test_fork(probe, (void *)(uintptr_t)key));

	ck_assert_msg(status == 0, "%s, %llx: status %d", what,
		      (unsigned long long)value, status);
}

START_TEST(random_header_with_a_live_user_is_corrupt)
{
	const char *key = test_key("live");
	struct svshm *handle = make_object(key, SIZE), *other = svshm_new(key);
	struct svshm__header good = *header_of(handle);

	memset(svshm_data(handle), 'd', SIZE);
	for (unsigned seed = 0; seed < SEEDS; seed++) {
		scribble(header_of(handle), sizeof(good), seed);
		expect_code(other, act_attach(other), SVSHM_CORRUPT);
		expect_code(other, act_create(other), SVSHM_CORRUPT);
		await_verdict(key, SVSHM_VERDICT_CORRUPT);
		ck_assert_int_eq(recover_object(key, 0, NULL), SVSHM_CORRUPT);
		expect_probe_survives(key, "live", seed);
		/* Nothing was changed, and the user goes on. */
		ck_assert(has_bytes(handle, SIZE, 'd'));
		ck_assert(lock_answers(handle));
	}
	expect_code(handle, svshm_detach(handle), SVSHM_OK);
	svshm_free(handle);
	svshm_free(other);
	ck_assert(test_nothing_left(key));
}
END_TEST

/* Also the names and the slot table behind the header. */
START_TEST(random_first_page_with_a_live_user)
{
	const char *key = test_key("page");
	struct svshm *handle = make_object(key, SIZE);
	struct svshm__header *header = header_of(handle), good = *header;
	size_t rest = (size_t)header->data_offset - sizeof(good);

	memset(svshm_data(handle), 'd', SIZE);
	for (unsigned seed = 0; seed < SEEDS; seed++) {
		/* A good header before nonsense in every other round. */
		scribble(header, sizeof(good) + rest, seed);
		if (seed % 2)
			memcpy(header, &good, sizeof(good));
		expect_probe_survives(key, "first page", seed);
		ck_assert(has_bytes(handle, SIZE, 'd'));
	}
	expect_code(handle, svshm_detach(handle), SVSHM_OK);
	svshm_free(handle);
	ck_assert(test_nothing_left(key));
}
END_TEST

/* A leftover whose header is of random bytes. */
static void make_random_leftover(const char *key, unsigned seed)
{
	struct test_object object;
	struct svshm__header *header;

	make_orphan(key, SIZE, 'd');
	ck_assert(test_inspect(key, &object));
	header = map_header(object.segment_id);
	scribble(header, sizeof(*header), seed);
	unmap_header(header);
}

START_TEST(random_header_of_a_leftover_is_corrupt_and_goes_by_force)
{
	for (unsigned seed = 0; seed < SEEDS; seed++) {
		const char *key = test_key("leftover");
		struct svshm *handle = svshm_new(key);

		make_random_leftover(key, seed);
		expect_code(handle, act_attach(handle), SVSHM_CORRUPT);
		ck_assert_ptr_nonnull(strstr(svshm_error_string(handle),
					     "--force"));
		expect_code(handle, act_create(handle), SVSHM_CORRUPT);
		await_verdict(key, SVSHM_VERDICT_CORRUPT);
		expect_probe_survives(key, "leftover", seed);
		ck_assert_int_eq(recover_object(key, 0, NULL), SVSHM_CORRUPT);
		ck_assert_int_eq(recover_object(key, SVSHM_RECOVER_FORCE,
						NULL), SVSHM_OK);
		ck_assert(test_nothing_left(key));
		expect_code(handle, act_create(handle), SVSHM_OK);
		svshm_free(handle);
	}
}
END_TEST

START_TEST(each_field_of_a_header_may_lie_with_a_live_user)
{
	const struct field *field = &fields[_i];
	const char *key = test_key(field->name);
	struct svshm *handle = make_object(key, SIZE);
	struct svshm__header *header = header_of(handle), good = *header;

	memset(svshm_data(handle), 'd', SIZE);
	for (size_t i = 0; i < bad_value_count; i++) {
		put_field(header, field, bad_values[i]);
		expect_probe_survives(key, field->name, bad_values[i]);
		ck_assert(has_bytes(handle, SIZE, 'd'));
		memcpy(header, &good, sizeof(good));
	}
	expect_code(handle, svshm_detach(handle), SVSHM_OK);
	svshm_free(handle);
	ck_assert(test_nothing_left(key));
}
END_TEST

/* Whatever is left of it goes by force once its header is good again. */
static void put_right(const char *key, int id,
		      const struct svshm__header *good)
{
	void *memory = shmat(id, NULL, 0);

	if (memory != (void *)-1) {
		memcpy(memory, good, sizeof(*good));
		shmdt(memory);
	}
	recover_object(key, SVSHM_RECOVER_FORCE, NULL);
	ck_assert(test_nothing_left(key));
}

START_TEST(each_field_of_a_leftovers_header_may_lie)
{
	const struct field *field = &fields[_i];

	for (size_t i = 0; i < bad_value_count; i += 3) {
		const char *key = test_key(field->name);
		struct test_object object;
		struct svshm__header *header, good;

		make_orphan(key, SIZE, 'd');
		ck_assert(test_inspect(key, &object));
		header = map_header(object.segment_id);
		good = *header;
		put_field(header, field, bad_values[i]);
		unmap_header(header);
		expect_probe_survives(key, field->name, bad_values[i]);
		ck_assert(is_answer(recover_object(key, SVSHM_RECOVER_FORCE,
						   NULL)));
		put_right(key, object.segment_id, &good);
	}
}
END_TEST

/* ---- A header that changes under the reader ------------------------------ */

static int flicker(struct svshm *handle)
{
	struct svshm__header *header = header_of(handle), good = *header;
	volatile char *stop = svshm_data(handle);

	for (size_t i = 0; !*stop; i++) {
		put_field(header, &fields[i % GEOMETRY],
			  bad_values[i / GEOMETRY % bad_value_count]);
		__asm__ volatile("" ::: "memory");
		memcpy(header, &good, sizeof(good));
		__asm__ volatile("" ::: "memory");
	}
	return svshm_detach(handle);
}

START_TEST(header_may_change_while_it_is_read)
{
	const char *key = test_key("flicker");
	struct svshm *handle = svshm_new(key);
	struct actor actor;

	actor_enter(&actor, key);
	expect_act(&actor, act_create, SVSHM_OK);
	expect_code(handle, act_attach(handle), SVSHM_OK);
	actor_begin(&actor, flicker);
	for (unsigned i = 0; i < 100; i++)
		expect_probe_survives(key, "flicker", i);
	*(volatile char *)svshm_data(handle) = 1;
	expect_end(&actor, SVSHM_OK);
	expect_code(handle, svshm_detach(handle), SVSHM_OK);
	svshm_free(handle);
	ck_assert(test_nothing_left(key));
}
END_TEST

static Suite *make_suite(void)
{
	Suite *suite = suite_create("headers that lie");
	TCase *object = tcase_create("object");

	tcase_add_test(object, random_header_with_a_live_user_is_corrupt);
	tcase_add_test(object, random_first_page_with_a_live_user);
	tcase_add_test(object,
		random_header_of_a_leftover_is_corrupt_and_goes_by_force);
	tcase_add_loop_test(object,
		each_field_of_a_header_may_lie_with_a_live_user, 0,
		(int)field_count);
	tcase_add_loop_test(object,
		each_field_of_a_leftovers_header_may_lie, 0,
		(int)field_count);
	tcase_add_test(object, header_may_change_while_it_is_read);
	tcase_set_timeout(object, 120);
	suite_add_tcase(suite, object);
	return suite;
}

int main(void)
{
	return test_main(make_suite);
}
