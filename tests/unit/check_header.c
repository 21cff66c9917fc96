/* SPDX-License-Identifier: BSD-2-Clause */
/* P6: the look at a header never goes astray. */
#include <config.h>

#include <stdlib.h>
#include <string.h>

#include "actor.h"
#include "forge.h"
#include "object/judge.h"

#define SIZE 100

/* ---- Reading a header --------------------------------------------------- */

/* A good segment, in as many bytes as it has: a step outside is a fault that
   the address sanitizer and valgrind see. */
static void *copy_segment(const char *key, size_t *size)
{
	struct svshm *handle = make_object(key, SIZE);
	void *copy;

	*size = (size_t)header_of(handle)->segment_size;
	copy = malloc(*size);
	ck_assert_ptr_nonnull(copy);
	memcpy(copy, header_of(handle), *size);
	svshm_free(handle);
	return copy;
}

static bool inside(uint64_t offset, uint64_t length, uint64_t end)
{
	return offset <= end && length <= end - offset;
}

/* What has been found valid can be walked through. */
static void check_view(const char *segment, size_t size,
		       const struct svshm__view *view)
{
	volatile unsigned char sum = 0;

	ck_assert(inside(view->data_offset, view->data_size, size));
	ck_assert_uint_eq(view->data_offset % svshm__page_size(), 0);
	ck_assert(inside(view->slots_offset,
			 (uint64_t)view->slot_count *
				 sizeof(struct svshm__slot),
			 view->data_offset));
	ck_assert(inside(view->key_offset, view->key_length,
			 view->data_offset));
	ck_assert_uint_ge(view->slots_offset, sizeof(struct svshm__header));
	ck_assert_uint_ge(view->key_offset, sizeof(struct svshm__header));
	ck_assert_uint_lt(strlen(view->path), sizeof(view->path));
	ck_assert_int_eq(view->path[0], '/');
	for (uint64_t i = 0; i < view->data_size; i++)
		sum = (unsigned char)(sum ^ (unsigned char)
				      segment[view->data_offset + i]);
	ck_assert_int_eq(segment[view->key_offset + view->key_length], '\0');
}

static enum svshm__header_state read_header(const char *segment, size_t size)
{
	static struct svshm__view view;
	enum svshm__header_state state;

	memset(&view, 0xff, sizeof(view));
	state = svshm__header_read(segment, size, &view);
	if (state == SVSHM__HEADER_VALID)
		check_view(segment, size, &view);
	return state;
}

/* Each value in A with each value in B; how often that was valid. */
static size_t lie_twice(char *segment, size_t size, const struct field *a,
			const struct field *b)
{
	size_t valid = 0;

	for (size_t i = 0; i < bad_value_count; i++)
		for (size_t j = 0; j < bad_value_count; j++) {
			put_field(segment, a, bad_values[i]);
			put_field(segment, b, bad_values[j]);
			valid += read_header(segment, size) ==
				 SVSHM__HEADER_VALID;
		}
	return valid;
}

START_TEST(header_may_lie_in_any_two_fields)
{
	size_t size, valid = 0;
	char *segment = copy_segment(test_key("pairs"), &size);
	struct svshm__header good;

	memcpy(&good, segment, sizeof(good));
	ck_assert_int_eq(read_header(segment, size), SVSHM__HEADER_VALID);
	for (size_t a = 0; a < GEOMETRY; a++)
		for (size_t b = a + 1; b < GEOMETRY; b++) {
			valid += lie_twice(segment, size, &fields[a],
					   &fields[b]);
			memcpy(segment, &good, sizeof(good));
		}
	/* Some lies are harmless; if none were, nothing was tested. */
	ck_assert_uint_gt(valid, 0);
	free(segment);
}
END_TEST

START_TEST(header_may_lie_in_all_fields)
{
	size_t size;
	char *segment = copy_segment(test_key("fields"), &size);
	struct svshm__header good;

	memcpy(&good, segment, sizeof(good));
	srandom(6);
	for (int round = 0; round < 30000; round++) {
		for (size_t i = 0; i < GEOMETRY; i++) {
			size_t any = (size_t)random() % bad_value_count;

			if (random() % 3)
				put_field(segment, &fields[i],
					  random() % 4 ? bad_values[any] :
							 (uint64_t)random());
		}
		read_header(segment, size);
		memcpy(segment, &good, sizeof(good));
	}
	free(segment);
}
END_TEST

START_TEST(header_may_say_more_than_the_segment_has)
{
	size_t size;
	char *segment = copy_segment(test_key("small"), &size);

	for (size_t left = size - 1; left > 0; left -= left > 600 ? 97 : 1) {
		char *part = malloc(left);

		memcpy(part, segment, left);
		ck_assert_int_ne(read_header(part, left),
				 SVSHM__HEADER_VALID);
		free(part);
	}
	free(segment);
}
END_TEST

START_TEST(header_may_have_names_that_do_not_end)
{
	size_t size;
	char *segment = copy_segment(test_key("names"), &size);
	struct svshm__header *header = (void *)segment;
	size_t path_end = header->path_offset + header->path_length;
	size_t key_end = header->key_offset + header->key_length;

	segment[path_end] = 'x';
	ck_assert_int_eq(read_header(segment, size), SVSHM__HEADER_CORRUPT);
	segment[path_end] = '\0';
	segment[key_end] = 'x';
	ck_assert_int_eq(read_header(segment, size), SVSHM__HEADER_CORRUPT);
	segment[key_end] = '\0';
	segment[header->path_offset] = 'x';
	ck_assert_int_eq(read_header(segment, size), SVSHM__HEADER_CORRUPT);
	free(segment);
}
END_TEST

static Suite *make_suite(void)
{
	Suite *suite = suite_create("A header that lies");
	TCase *header = tcase_create("header");

	tcase_add_test(header, header_may_lie_in_any_two_fields);
	tcase_add_test(header, header_may_lie_in_all_fields);
	tcase_add_test(header, header_may_say_more_than_the_segment_has);
	tcase_add_test(header, header_may_have_names_that_do_not_end);
	tcase_set_timeout(header, 120);
	suite_add_tcase(suite, header);
	return suite;
}

int main(void)
{
	return test_main(make_suite);
}
