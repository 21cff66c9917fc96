/* SPDX-License-Identifier: BSD-2-Clause */
/* No promise: the judge alone, and what each combination of evidence proves. */
#include <config.h>

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "object/judge.h"
#include "support.h"

enum set { NO_SET, FRESH, USED };
enum segment { NO_SEGMENT, SEGMENT };

#define UNREAD SVSHM__HEADER_UNREAD
#define UNPUBLISHED SVSHM__HEADER_UNPUBLISHED
#define VALID SVSHM__HEADER_VALID
#define ALIEN SVSHM__HEADER_FOREIGN
#define CORRUPT SVSHM__HEADER_CORRUPT
#define INCOMPATIBLE SVSHM__HEADER_INCOMPATIBLE

#define VERDICT(name) SVSHM_VERDICT_##name

struct row {
	bool gate_held;
	enum set set;
	enum segment segment;
	enum svshm__header_state header;
	bool marked, named;
	unsigned mappings, held, died;
	enum svshm_verdict verdict;
};

static const struct row rows[] = {
	/* Somebody is at work. */
	{ 1, USED, SEGMENT, VALID, 1, 1, 0, 0, 1, VERDICT(IN_USE) },
	{ 1, USED, NO_SEGMENT, UNREAD, 0, 0, 0, 0, 0, VERDICT(IN_USE) },
	{ 1, USED, SEGMENT, UNPUBLISHED, 1, 0, 1, 0, 0, VERDICT(IN_USE) },

	/* No segment. */
	{ 0, NO_SET, NO_SEGMENT, UNREAD, 0, 0, 0, 0, 0, VERDICT(GONE) },
	{ 0, FRESH, NO_SEGMENT, UNREAD, 0, 0, 0, 0, 0, VERDICT(HALF_MADE) },
	{ 0, USED, NO_SEGMENT, UNREAD, 0, 0, 0, 0, 0, VERDICT(HALF_MADE) },
	/* Its users live, but the segment was removed under them. */
	{ 0, USED, NO_SEGMENT, UNREAD, 0, 0, 0, 2, 0, VERDICT(HALF_REMOVED) },

	/* A good header. */
	{ 0, USED, SEGMENT, VALID, 1, 1, 1, 1, 0, VERDICT(IN_USE) },
	{ 0, USED, SEGMENT, VALID, 0, 1, 1, 1, 0, VERDICT(IN_USE) },
	{ 0, USED, SEGMENT, VALID, 1, 1, 3, 1, 2, VERDICT(IN_USE) },
	/* Mapped by observers only. */
	{ 0, USED, SEGMENT, VALID, 1, 1, 1, 0, 0, VERDICT(HALF_REMOVED) },
	{ 0, USED, SEGMENT, VALID, 1, 1, 1, 0, 1, VERDICT(ORPHAN) },
	{ 0, NO_SET, SEGMENT, VALID, 0, 1, 1, 0, 0, VERDICT(HALF_REMOVED) },
	{ 0, FRESH, SEGMENT, VALID, 0, 1, 1, 0, 1, VERDICT(ORPHAN) },
	{ 0, USED, SEGMENT, VALID, 1, 1, 0, 0, 1, VERDICT(ORPHAN) },
	{ 0, NO_SET, SEGMENT, VALID, 0, 1, 0, 0, 1, VERDICT(ORPHAN) },
	{ 0, FRESH, SEGMENT, VALID, 0, 1, 0, 0, 1, VERDICT(ORPHAN) },
	/* Slots of the dying, or kept by exec. */
	{ 0, USED, SEGMENT, VALID, 1, 1, 0, 1, 0, VERDICT(ORPHAN) },
	{ 0, USED, SEGMENT, VALID, 1, 1, 0, 0, 0, VERDICT(HALF_REMOVED) },
	{ 0, NO_SET, SEGMENT, VALID, 0, 1, 0, 0, 0, VERDICT(HALF_REMOVED) },
	/* Another name's. */
	{ 0, USED, SEGMENT, VALID, 1, 0, 0, 0, 1, VERDICT(FOREIGN) },
	{ 0, USED, SEGMENT, VALID, 1, 0, 1, 1, 0, VERDICT(FOREIGN) },
	{ 0, NO_SET, SEGMENT, VALID, 0, 0, 0, 0, 0, VERDICT(FOREIGN) },

	/* No header yet. */
	{ 0, USED, SEGMENT, UNPUBLISHED, 1, 0, 0, 0, 0, VERDICT(HALF_MADE) },
	{ 0, USED, SEGMENT, UNPUBLISHED, 1, 0, 1, 0, 0, VERDICT(UNKNOWN) },
	{ 0, USED, SEGMENT, UNPUBLISHED, 0, 0, 0, 0, 0, VERDICT(FOREIGN) },
	{ 0, FRESH, SEGMENT, UNPUBLISHED, 0, 0, 0, 0, 0, VERDICT(FOREIGN) },
	{ 0, NO_SET, SEGMENT, UNPUBLISHED, 0, 0, 0, 0, 0, VERDICT(FOREIGN) },
	{ 0, NO_SET, SEGMENT, UNPUBLISHED, 0, 0, 1, 0, 0, VERDICT(FOREIGN) },

	/* Another magic: some other program's, unless our maker made it. */
	{ 0, USED, SEGMENT, ALIEN, 0, 0, 0, 0, 0, VERDICT(FOREIGN) },
	{ 0, NO_SET, SEGMENT, ALIEN, 0, 0, 1, 0, 0, VERDICT(FOREIGN) },
	{ 0, USED, SEGMENT, ALIEN, 1, 0, 0, 0, 0, VERDICT(CORRUPT) },
	{ 0, USED, SEGMENT, ALIEN, 1, 0, 1, 1, 0, VERDICT(CORRUPT) },

	/* Our magic, and nonsense. */
	{ 0, USED, SEGMENT, CORRUPT, 1, 0, 0, 0, 0, VERDICT(CORRUPT) },
	{ 0, USED, SEGMENT, CORRUPT, 1, 0, 2, 1, 0, VERDICT(CORRUPT) },
	{ 0, USED, SEGMENT, CORRUPT, 0, 0, 0, 0, 0, VERDICT(CORRUPT) },
	{ 0, NO_SET, SEGMENT, CORRUPT, 0, 0, 0, 0, 0, VERDICT(CORRUPT) },

	/* Another version's: not for us to judge. */
	{ 0, USED, SEGMENT, INCOMPATIBLE, 1, 0, 0, 0, 0, VERDICT(UNKNOWN) },
	{ 0, NO_SET, SEGMENT, INCOMPATIBLE, 0, 0, 1, 0, 0, VERDICT(UNKNOWN) },

	/* May not be read. */
	{ 0, NO_SET, SEGMENT, UNREAD, 0, 0, 0, 0, 0, VERDICT(UNKNOWN) },
	{ 0, USED, SEGMENT, UNREAD, 0, 0, 0, 0, 0, VERDICT(FOREIGN) },
};

static struct svshm__evidence evidence_of(const struct row *row)
{
	struct svshm__evidence evidence;

	memset(&evidence, 0, sizeof(evidence));
	evidence.gate_held = row->gate_held;
	evidence.set.id = row->set == NO_SET ? -1 : 1;
	evidence.set.fresh = row->set == FRESH;
	evidence.segment_id = row->segment == NO_SEGMENT ? -1 : 1;
	evidence.segment.mappings = row->mappings;
	evidence.header = row->header;
	evidence.marked_by_maker = row->marked;
	evidence.named = row->named;
	evidence.held = row->held;
	evidence.died = row->died;
	return evidence;
}

static void describe(const struct row *row, char *text, size_t size)
{
	static const char *const sets[] = { "no", "a fresh", "a used" };

	snprintf(text, size, "gate %d, %s set, %s segment, header %d, "
		 "marked %d, named %d, %u mappings, %u held, %u died",
		 row->gate_held, sets[row->set],
		 row->segment == NO_SEGMENT ? "no" : "a", (int)row->header,
		 row->marked, row->named, row->mappings, row->held, row->died);
}

START_TEST(judge_finds_what_the_evidence_proves)
{
	struct svshm__evidence evidence = evidence_of(&rows[_i]);
	enum svshm_verdict verdict = svshm__judge(&evidence);
	char text[200];

	describe(&rows[_i], text, sizeof(text));
	ck_assert_msg(verdict == rows[_i].verdict, "%s: %s, expected %s", text,
		      svshm_verdict_string(verdict),
		      svshm_verdict_string(rows[_i].verdict));
}
END_TEST

/* ---- Whatever the evidence ---------------------------------------------- */

static bool is_leftover(enum svshm_verdict verdict)
{
	return verdict == SVSHM_VERDICT_ORPHAN ||
	       verdict == SVSHM_VERDICT_HALF_MADE ||
	       verdict == SVSHM_VERDICT_HALF_REMOVED;
}

/* NULL, or what must never be. */
static const char *broken_rule(const struct row *row,
			       enum svshm_verdict verdict)
{
	bool segment = row->segment == SEGMENT;

	if (is_leftover(verdict) && row->gate_held)
		return "a leftover in whose gate somebody is";
	if (is_leftover(verdict) && segment && row->mappings &&
	    (row->held || row->header != VALID))
		return "a leftover that somebody has mapped who may use it";
	if (is_leftover(verdict) && segment && row->header != VALID &&
	    !(row->header == UNPUBLISHED && row->marked))
		return "a leftover that nothing proves to be svshm's";
	if (is_leftover(verdict) && segment && row->header == VALID &&
	    !row->named)
		return "a leftover of another name";
	if (verdict == SVSHM_VERDICT_ORPHAN && !segment)
		return "an orphan without data";
	if (verdict == SVSHM_VERDICT_GONE && (segment || row->set != NO_SET))
		return "gone, but there";
	if (verdict == SVSHM_VERDICT_FOREIGN && row->header == VALID &&
	    row->named)
		return "foreign, but of this name";
	return NULL;
}

static void check_row(const struct row *row)
{
	struct svshm__evidence evidence = evidence_of(row);
	enum svshm_verdict verdict = svshm__judge(&evidence);
	const char *broken = broken_rule(row, verdict);
	char text[200], reason[256] = "";

	describe(row, text, sizeof(text));
	ck_assert_msg(!broken, "%s: %s", text, broken);
	/* No set with this id: who is in its gate can't be told. */
	if (row->gate_held)
		return;
	svshm__judge_reason(&evidence, verdict, reason, sizeof(reason));
	ck_assert_msg(*reason, "%s: no reason", text);
}

START_TEST(judge_never_takes_a_used_object_for_a_leftover)
{
	/* Bits: what is there; the header is the loop's. */
	for (unsigned bits = 0; bits < 3 * 128; bits++) {
		unsigned rest = bits % 128;
		struct row row = {
			.set = (enum set)(bits / 128),
			.header = (enum svshm__header_state)_i,
			.gate_held = rest & 1,
			.segment = rest & 2 ? SEGMENT : NO_SEGMENT,
			.marked = rest & 4,
			.named = rest & 8,
			.mappings = rest & 16 ? 2 : 0,
			.held = rest & 32 ? 1 : 0,
			.died = rest & 64 ? 1 : 0,
		};

		check_row(&row);
	}
}
END_TEST

/* ---- Trust -------------------------------------------------------------- */

START_TEST(judge_trusts_caller_root_and_key_file_owner_only)
{
	struct svshm__key_file file = { .us = geteuid(), .owner = 4711 };
	uid_t us = geteuid();

	ck_assert(svshm__judge_trusted(us, us, &file));
	ck_assert(svshm__judge_trusted(0, 0, &file));
	ck_assert(svshm__judge_trusted(4711, 4711, &file));
	ck_assert(svshm__judge_trusted(4711, us, &file));
	ck_assert(svshm__judge_trusted(us, 0, &file));
	ck_assert(!svshm__judge_trusted(4712, 4712, &file));
	/* Given away by its creator, who can take it back. */
	ck_assert(!svshm__judge_trusted(us, 4712, &file));
	ck_assert(!svshm__judge_trusted(0, 4712, &file));
	ck_assert(!svshm__judge_trusted(4712, us, &file));
}
END_TEST

static Suite *make_suite(void)
{
	Suite *suite = suite_create("The judge");
	TCase *tcase = tcase_create("judge");

	tcase_add_loop_test(tcase, judge_finds_what_the_evidence_proves, 0,
			    (int)(sizeof(rows) / sizeof(*rows)));
	tcase_add_loop_test(tcase,
			    judge_never_takes_a_used_object_for_a_leftover, 0,
			    SVSHM__HEADER_INCOMPATIBLE + 1);
	tcase_add_test(tcase, judge_trusts_caller_root_and_key_file_owner_only);
	tcase_set_timeout(tcase, 60);
	suite_add_tcase(suite, tcase);
	return suite;
}

int main(void)
{
	return test_main(make_suite);
}
