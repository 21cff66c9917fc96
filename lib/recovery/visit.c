/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Who is shown to a visitor just now, so that svshm_recover(), called from
 * within the visit, finds on what the object was judged. Callers can only hand
 * it the object, or a copy, of which nothing is known here.
 */
#include <config.h>

#include "recovery/scan.h"

#include <pthread.h>

#include "memory/mapping.h"

/*
 * On the visiting threads' stacks; a forked child has only one of them. [mapping
 * mutex]
 */
static uint32_t generation;
static struct visit {
	const struct svshm_object *object;
	const struct svshm__evidence *evidence;
	struct svshm__lives *lives;
	pthread_t thread;
	struct visit *next;
} *first;

static void forget_parents_visits(void)
{
	if (generation == svshm__fork_generation())
		return;
	generation = svshm__fork_generation();
	first = NULL;
}

int svshm__scan_visit(const struct svshm_object *object,
		      const struct svshm__evidence *evidence,
		      struct svshm__lives *lives, svshm_visit *visit,
		      void *context)
{
	struct visit mine = { object, evidence, lives, pthread_self(), NULL };
	struct visit **link;

	svshm__mapping_mutex_lock();
	forget_parents_visits();
	mine.next = first;
	first = &mine;
	svshm__mapping_mutex_unlock();

	int code = visit(object, context);

	svshm__mapping_mutex_lock();
	forget_parents_visits();
	for (link = &first; *link && *link != &mine; link = &(*link)->next)
		;
	/* Gone, if the visit has forked and this is the child. */
	if (*link)
		*link = mine.next;
	svshm__mapping_mutex_unlock();
	return code;
}

const struct svshm__evidence *
svshm__scan_evidence(const struct svshm_object *object)
{
	const struct svshm__evidence *evidence = NULL;

	svshm__mapping_mutex_lock();
	forget_parents_visits();
	for (const struct visit *visit = first; visit; visit = visit->next)
		if (visit->object == object)
			evidence = visit->evidence;
	svshm__mapping_mutex_unlock();
	return evidence;
}

struct svshm__lives *svshm__scan_lives(const struct svshm_object *object)
{
	struct svshm__lives *lives = NULL;

	svshm__mapping_mutex_lock();
	forget_parents_visits();
	for (const struct visit *visit = first; visit; visit = visit->next)
		if (visit->object == object &&
		    pthread_equal(visit->thread, pthread_self()))
			lives = visit->lives;
	svshm__mapping_mutex_unlock();
	return lives;
}
