/* SPDX-License-Identifier: BSD-2-Clause */
#include <config.h>

#include <stdlib.h>
#include <time.h>

#include "commands/recover_batch.h"
#include "commands/recover_object.h"
#include "commands/recover_visit.h"
#include "common/signals.h"
#include "common/text.h"
#include "objects/object.h"
#include "objects/scan.h"

/*
 * Too young for --older-than? Its age counts from the last detach, which for
 * a process that dies is its death, or from the creation. What is of unknown
 * age is too young: who gives the option wants to be careful.
 */
static bool too_young(const struct recover_run *run,
		      const struct svshm_object *object)
{
	int64_t since = object_left_time(object);

	if (run->older_than < 0)
		return false;
	return since <= 0 ||
	       (int64_t)time(NULL) - since <= run->older_than / 1000;
}

/*
 * Other programs': those that are left over, and those that nobody has mapped,
 * with the reason why they are kept; with --unmapped also sets for which nobody
 * waits. The rest is in use: no word of it.
 */
static bool is_concerned(const struct recover_run *run,
			 const struct svshm_object *object)
{
	if (object_is_leftover(object))
		return true;
	if (!(run->foreign || run->named) ||
	    object->verdict != SVSHM_VERDICT_FOREIGN)
		return false;
	if (object->certainty)
		return true;
	return object->segment_id >= 0 ? object->mappings == 0 :
	       run->unmapped && object->waiters == 0;
}

static void report_in_use(struct recover_run *run,
			  const struct svshm_object *object)
{
	char *users = object_users(object);
	char *why = users ? text_print("in use by %s", users) :
		    text_print("in use: %s", object->reason);

	report_object(&run->report, object, KEPT, why, NULL);
	free(why);
	free(users);
}

int recover_visit(const struct svshm_object *object, void *context)
{
	struct recover_run *run = context;

	scan_keep_fast();
	/* Stop between two objects, not inside one. */
	if (signals_caught())
		return 1;
	if (object->verdict == SVSHM_VERDICT_IN_USE && run->named) {
		report_in_use(run, object);
		return 0;
	}
	if (!run->named && (!is_concerned(run, object) ||
			    (object->layout == SVSHM_LAYOUT_QT) != run->qt))
		return 0;
	if (is_concerned(run, object) && too_young(run, object))
		report_object(&run->report, object, KEPT,
			      "not as old as --older-than asks for", NULL);
	else if (batch_takes(run, object))
		batch_add(run, object);
	else
		recover_object(run, object);
	return signals_caught() ? 1 : 0;
}
